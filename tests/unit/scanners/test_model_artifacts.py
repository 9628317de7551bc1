"""A bad artefact is never allowed, whatever it is called and wherever it lies; a good one is."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from pathlib import Path
from typing import BinaryIO

import pytest

from scanners.interface import ScanContext, Tool
from scanners.model_artifacts import ModelArtifactScanner
from scanners.pickle_results import Walk
from scanners.pickle_walker import walk_pickle
from tests.unit.scanners.pickle_bad_artifacts import BAD_ARTEFACTS
from tests.unit.scanners.pickle_bad_dumps import zip_with_a_pickle
from tests.unit.scanners.pickle_builders import call, stack_import
from verdicts import Completed, Decision, NotCompleted, Outcome, Reason, Severity, Verdict, decide
from verdicts.digests import digest_file, digest_tree

MODELS = Path(__file__).resolve().parents[2] / "data" / "models"
GOOD = sorted(path.name for path in MODELS.iterdir() if path.suffix in (".pkl", ".joblib") and "comp" not in path.name)
NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)


class NoTools:
    """The scanner needs no tool."""

    def tool(self, name: str) -> Tool:
        raise AssertionError(f"asked for {name}")


def scan(root: Path, path: Path, digest: str | None = None, flavour: str = "scikit-learn") -> tuple[Outcome, ...]:
    context = ScanContext(root=root, workspace=root, now=NOW, tools=NoTools())
    return ModelArtifactScanner(path, flavour, digest).scan(context)


def judge(outcomes: tuple[Outcome, ...]) -> Verdict:
    return decide(outcomes, required=frozenset({"model-artifact"}), fail_on=Severity.HIGH, at=NOW)


def rules(verdict: Verdict) -> set[str]:
    return {finding.rule_id for finding in verdict.findings}


def reasons(outcomes: tuple[Outcome, ...]) -> set[Reason]:
    return {outcome.reason for outcome in outcomes if isinstance(outcome, NotCompleted)}


PAYLOAD = call("os", "system", "id")


@pytest.mark.parametrize("name", ["model.pkl", "-model", "config.json", ".hidden"])
@pytest.mark.parametrize("artefact", BAD_ARTEFACTS)
def test_no_bad_artefact_is_allowed_under_any_name(artefact: str, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(BAD_ARTEFACTS[artefact]())
    assert judge(scan(tmp_path, tmp_path / name)).decision is not Decision.ALLOWED


# Texts that unpickling would only stumble over are data beside a model, never a model.
HARMLESS_AS_TEXT = {"python-source"}


@pytest.mark.parametrize("name", ["model.bin", ".cache/requirements.txt", "LICENSE"])
@pytest.mark.parametrize("artefact", sorted(set(BAD_ARTEFACTS) - HARMLESS_AS_TEXT))
def test_no_bad_artefact_is_allowed_beside_a_good_one(artefact: str, name: str, tmp_path: Path) -> None:
    shutil.copy(MODELS / "scaler.protocol5.pkl", tmp_path / "model.pkl")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(BAD_ARTEFACTS[artefact]())
    assert judge(scan(tmp_path, tmp_path)).decision is not Decision.ALLOWED


# Compressed, no pickle at all, or behind a bound: what is called can't be told, so it is only unchecked.
_NOT_READ = ("compressed", "python", "too-many", "joblib-array-that")


def test_what_the_bad_artefacts_call_is_denied_and_not_only_unchecked(tmp_path: Path) -> None:
    for artefact, build in BAD_ARTEFACTS.items():
        data = build()
        if b"system" not in data or data[:2] == b"PK" or artefact.startswith(_NOT_READ):
            continue
        (tmp_path / "model.pkl").write_bytes(data)
        assert judge(scan(tmp_path, tmp_path / "model.pkl")).decision is Decision.DENIED, artefact


@pytest.mark.parametrize("name", GOOD)
def test_a_good_model_is_allowed(name: str) -> None:
    outcomes = scan(MODELS, MODELS / name, digest_file(MODELS / name))
    assert judge(outcomes).decision is Decision.ALLOWED
    assert judge(outcomes).findings == ()
    (completed,) = outcomes
    assert isinstance(completed, Completed)
    assert (completed.examined, completed.unit, completed.notes) == (1, "files", ())
    assert completed.evidence.inputs[0].name == name


def test_the_recorded_models_are_there() -> None:
    assert len(GOOD) == 20


def test_a_finding_says_what_where_and_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(PAYLOAD)
    (finding,) = judge(scan(tmp_path, tmp_path / "model.pkl")).findings
    assert finding.rule_id == "MLG-MODEL-DANGEROUS-IMPORT"
    assert finding.severity is Severity.CRITICAL
    assert (finding.resource, finding.subject) == ("model.pkl", "os.system")
    assert finding.location is not None
    assert finding.location.path == "model.pkl"
    assert "byte 14" in finding.message
    assert "skops" in finding.remediation
    assert PAYLOAD[14:15] == b"\x93"


@pytest.mark.parametrize(
    ("rule", "data"),
    [
        ("MLG-MODEL-DANGEROUS-IMPORT", PAYLOAD),
        ("MLG-MODEL-UNLISTED-IMPORT", call("my_module", "load")),
        ("MLG-MODEL-HIDDEN-IMPORT", BAD_ARTEFACTS["extension-code"]()),
        ("MLG-MODEL-NESTED-PICKLE", BAD_ARTEFACTS["nested-pickle-of-listed-names"]()),
        ("MLG-MODEL-TRAILING-DATA", b"\x80\x04N.\n"),
        ("MLG-MODEL-NAME-CONTENT", zip_with_a_pickle()),
    ],
)
def test_each_rule_denies(rule: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(data)
    verdict = judge(scan(tmp_path, tmp_path / "model.pkl"))
    assert verdict.decision is Decision.DENIED
    assert rules(verdict) == {rule}
    root = Path(__file__).resolve().parents[3]
    assert all((root / finding.documentation).is_file() for finding in verdict.findings)


@pytest.mark.parametrize(
    "data",
    [
        call("collections", "OrderedDict"),
        b"\x80\x04" + stack_import("sklearn.pipeline", "Pipeline") + b")\x81.",
        b"\x80\x04N.",
        b"\x80\x03C\x08\x80\x04\x00\x00\x00\x00\x00\x00.",  # bytes of an array that begin like a pickle
    ],
)
def test_each_rule_allows_what_is_listed_and_whole(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(data)
    assert judge(scan(tmp_path, tmp_path / "model.pkl")).decision is Decision.ALLOWED


def test_another_model_than_the_evaluated_one_could_not_be_checked(tmp_path: Path) -> None:
    path = Path(shutil.copy(MODELS / "scaler.protocol5.pkl", tmp_path / "model.pkl"))
    outcomes = scan(tmp_path, path, digest_file(MODELS / "scaler.protocol2.pkl"))
    assert judge(outcomes).decision is Decision.COULD_NOT_CHECK
    assert reasons(outcomes) == {Reason.DIGEST_MISMATCH}


@pytest.mark.parametrize("digest", ["", "sha256:", "sha256:*", "sha1:" + "0" * 40])
def test_a_digest_that_is_none_matches_nothing(digest: str, tmp_path: Path) -> None:
    path = Path(shutil.copy(MODELS / "scaler.protocol5.pkl", tmp_path / "model.pkl"))
    assert judge(scan(tmp_path, path, digest)).decision is Decision.COULD_NOT_CHECK


def test_a_wrong_digest_does_not_hide_what_is_found(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(PAYLOAD)
    assert judge(scan(tmp_path, tmp_path / "model.pkl", "sha256:" + "0" * 64)).decision is Decision.DENIED


def test_without_a_digest_the_report_says_so(tmp_path: Path) -> None:
    path = Path(shutil.copy(MODELS / "scaler.protocol5.pkl", tmp_path / "model.pkl"))
    (completed,) = scan(tmp_path, path)
    assert isinstance(completed, Completed)
    assert "no digest was given" in completed.notes[0]


def model_folder(root: Path) -> Path:
    folder = root / "model"
    folder.mkdir()
    shutil.copy(MODELS / "pipeline.protocol5.pkl", folder / "model.pkl")
    (folder / "MLmodel").write_text(
        "flavors:\n  sklearn: {pickled_model: model.pkl}\n  python_function: {loader_module: mlflow.sklearn}\n"
    )
    (folder / "conda.yaml").write_text("channels:\n- conda-forge\ndependencies:\n- python=3.11\n")
    (folder / "requirements.txt").write_text("cloudpickle==3.1.2\nscikit-learn==1.9.1\n")
    (folder / "input_example.json").write_text('{"columns": ["age"]}\n')
    return folder


def test_a_folder_with_a_good_model_and_its_texts_is_allowed(tmp_path: Path) -> None:
    folder = model_folder(tmp_path)
    outcomes = scan(tmp_path, folder, digest_tree(folder))
    assert judge(outcomes).decision is Decision.ALLOWED
    (completed,) = outcomes
    assert isinstance(completed, Completed)
    assert completed.examined == 5


def test_a_file_added_to_a_folder_is_another_artefact(tmp_path: Path) -> None:
    folder = model_folder(tmp_path)
    digest = digest_tree(folder)
    (folder / ".git").mkdir()
    (folder / ".git" / "notes.txt").write_text("x\n")
    assert reasons(scan(tmp_path, folder, digest)) == {Reason.DIGEST_MISMATCH}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("score.py", "import os\n"),
        ("run.sh", "id\n"),
        ("run.txt", "#!/bin/sh\nid\n"),
        ("notebook.ipynb", "{}"),
        ("noextension", "hello\n"),
        ("broken.json", "{"),
        ("twice.json", '{"a": 1, "a": 2}'),
        ("object.yml", "!!python/object/apply:os.system ['id']\n"),
        ("control.txt", "a\x1b[2J\n"),
        ("binary.txt", "a\x00b"),
        ("MLmodel", "flavors:\n  python_function: {loader_module: evil}\n"),
        ("MLmodel", "flavors:\n  python_function: {loader_module: mlflow.sklearn, code: code}\n"),
        ("MLmodel", "flavors:\n  pytorch: {}\n"),
        ("MLmodel", "[]\n"),
    ],
)
def test_code_and_broken_data_in_a_folder_could_not_be_checked(name: str, content: str, tmp_path: Path) -> None:
    folder = model_folder(tmp_path)
    (folder / name).write_text(content)
    verdict = judge(scan(tmp_path, folder))
    assert verdict.decision is not Decision.ALLOWED
    assert any(unchecked.location is not None and name in unchecked.location.path for unchecked in verdict.unchecked)


def test_a_folder_of_texts_alone_holds_no_model(tmp_path: Path) -> None:
    folder = model_folder(tmp_path)
    (folder / "model.pkl").unlink()
    outcomes = scan(tmp_path, folder)
    assert judge(outcomes).decision is Decision.COULD_NOT_CHECK
    assert reasons(outcomes) == {Reason.NOTHING_EXAMINED}


def test_an_empty_folder_and_a_missing_file_could_not_be_checked(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("empty", "missing.pkl"):
        assert judge(scan(tmp_path, tmp_path / name)).decision is Decision.COULD_NOT_CHECK


def test_links_are_refused_wherever_they_stand(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    target = tmp_path / "outside"
    target.mkdir()
    shutil.copy(MODELS / "scaler.protocol5.pkl", target / "model.pkl")
    (root / "model.pkl").symlink_to(target / "model.pkl")
    (root / "folder").symlink_to(target)
    inner = model_folder(root)
    (inner / "second.pkl").symlink_to("model.pkl")
    (inner / "linked").symlink_to(target)
    for path in (root / "model.pkl", root / "folder", root / "folder" / "model.pkl", root / "model"):
        outcomes = scan(root, path)
        assert judge(outcomes).decision is Decision.COULD_NOT_CHECK, path
        assert reasons(outcomes) == {Reason.UNREADABLE_INPUT}
    assert len([outcome for outcome in scan(root, root / "model") if isinstance(outcome, NotCompleted)]) == 2


@pytest.mark.parametrize("path", ["../outside.pkl", "model/../../outside.pkl", "/etc/hostname"])
def test_nothing_outside_the_root_is_read(path: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "model").mkdir(parents=True)
    shutil.copy(MODELS / "scaler.protocol5.pkl", tmp_path / "outside.pkl")
    assert judge(scan(root, Path(path))).decision is Decision.COULD_NOT_CHECK


def test_a_pipe_does_not_hang_the_scan(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.pkl")
    assert judge(scan(tmp_path, tmp_path / "model.pkl")).decision is Decision.COULD_NOT_CHECK
    folder = model_folder(tmp_path)
    os.mkfifo(folder / "pipe.json")
    assert judge(scan(tmp_path, folder)).decision is Decision.COULD_NOT_CHECK


def test_an_unknown_flavour_could_not_be_checked(tmp_path: Path) -> None:
    outcomes = scan(MODELS, MODELS / "scaler.protocol5.pkl", flavour="pytorch")
    assert reasons(outcomes) == {Reason.UNSUPPORTED}
    assert judge(outcomes).decision is Decision.COULD_NOT_CHECK


def test_too_many_files_could_not_be_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scanners.model_artifacts.MAXIMUM_FILES", 3)
    assert reasons(scan(tmp_path, model_folder(tmp_path))) == {Reason.TOO_LARGE}


def test_a_file_beyond_the_bound_could_not_be_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scanners.model_artifacts.MAXIMUM_FILE_BYTES", 100)
    path = Path(shutil.copy(MODELS / "scaler.protocol5.pkl", tmp_path / "model.pkl"))
    assert reasons(scan(tmp_path, path)) == {Reason.TOO_LARGE}


def test_a_pickle_with_an_ending_of_texts_contradicts_its_name(tmp_path: Path) -> None:
    path = Path(shutil.copy(MODELS / "scaler.protocol0.pkl", tmp_path / "config.json"))
    assert rules(judge(scan(tmp_path, path))) == {"MLG-MODEL-NAME-CONTENT"}


def test_a_model_that_changes_during_the_scan_could_not_be_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.copy(MODELS / "scaler.protocol5.pkl", tmp_path / "model.pkl"))

    def walk_and_change(stream: BinaryIO, size: int) -> Walk:
        result = walk_pickle(stream, size)
        path.write_bytes(PAYLOAD)
        return result

    monkeypatch.setattr("scanners.model_artifacts.walk_pickle", walk_and_change)
    outcomes = scan(tmp_path, path)
    assert Reason.DIGEST_MISMATCH in reasons(outcomes)


def test_hostile_names_stay_texts(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(call("evil\x1b[2J", "x\u202ey"))
    (finding,) = judge(scan(tmp_path, tmp_path / "model.pkl")).findings
    assert "\x1b" not in finding.message + finding.subject
    assert "\u202e" not in finding.message + finding.subject
