"""`mlgate model`: exit code and output together."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cli.main import run
from tests.unit.scanners.pickle_builders import call
from verdicts.digests import digest_file

GOOD = Path(__file__).resolve().parents[2] / "data" / "models" / "pipeline.protocol5.pkl"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copy(GOOD, tmp_path / "good.pkl")
    (tmp_path / "bad.pkl").write_bytes(call("os", "system", "id"))
    (tmp_path / "unlisted.pkl").write_bytes(call("my_module", "load"))
    (tmp_path / "empty.pkl").write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["good.pkl"], 0, "ALLOWED"),
        (["./good.pkl"], 0, "ALLOWED"),
        (["bad.pkl"], 1, "os.system"),
        (["unlisted.pkl"], 1, "my_module.load"),
        (["unlisted.pkl", "--fail-on", "critical"], 0, "my_module.load"),
        (["empty.pkl"], 3, "it is empty"),
        ([".", "--fail-on", "critical"], 1, "os.system"),
        (["good.pkl", "--digest", "sha256:" + "0" * 64], 3, "its digest is"),
    ],
)
def test_the_verdict_is_the_exit_code(
    arguments: list[str], code: int, said: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["model", *arguments]) == code
    assert said in capfd.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["missing.pkl"],
        ["good.pkl", "--flavour", "pytorch"],
        ["good.pkl", "--digest", "sha256:0"],
        ["good.pkl", "--fail-on", "never"],
        [],
    ],
)
def test_a_wrong_request_is_a_usage_error(arguments: list[str], folder: Path) -> None:
    assert run(["model", *arguments]) == 2


def test_the_digest_of_the_evaluated_model_is_accepted(folder: Path) -> None:
    assert run(["model", "good.pkl", "--digest", digest_file(GOOD)]) == 0


def test_a_link_could_not_be_checked(folder: Path) -> None:
    (folder / "link.pkl").symlink_to("good.pkl")
    (folder / "nowhere.pkl").symlink_to("none")
    assert run(["model", "link.pkl"]) == 3
    assert run(["model", "nowhere.pkl"]) == 3


def test_a_model_beside_the_working_directory_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    assert run(["model", "../good.pkl"]) == 0
    assert run(["model", str(folder / "bad.pkl")]) == 1


def test_the_report_as_json_names_what_was_looked_at(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["model", "bad.pkl", "--format", "json"]) == 1
    report = json.loads(capfd.readouterr().out)
    text = json.dumps(report)
    assert "MLG-MODEL-DANGEROUS-IMPORT" in text
    assert digest_file(folder / "bad.pkl") in text
    assert "pickle-imports.yml" in text
