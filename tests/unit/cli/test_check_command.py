"""`mlgate check` as a person calls it: exit codes, mistakes in one line, what is told of what did not run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from cli.main import run
from tests.fakes.checked_project import make_project, put, storage, template
from tests.fakes.git_clone import Clone

CHECK = ("check", "--skip", "checkov")
LENIENT = (*CHECK, "--fail-on", "critical")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small project as working directory, and a home that is empty."""
    for variable in ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "home" / variable))
    project = make_project(tmp_path / "project")
    monkeypatch.chdir(project)
    return project


def report(capsys: pytest.CaptureFixture[str], *arguments: str, code: int) -> dict[str, Any]:
    """The JSON report of a run that ends with a code."""
    assert run([*arguments, "--format", "json"]) == code, capsys.readouterr().err
    document = json.loads(capsys.readouterr().out)
    assert isinstance(document, dict)
    return document


def told(document: dict[str, Any]) -> str:
    return json.dumps(document)


def one_line_of(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    lines = [line for line in captured.err.splitlines() if not line.startswith(("Usage:", "Try ")) and line]
    assert captured.out == ""
    assert len(lines) == 1, captured.err
    assert "Traceback" not in lines[0]
    return lines[0]


def test_findings_deny(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = report(capsys, *CHECK, code=1)
    assert document["verdict"]["decision"] == "denied"
    assert "MLG-STORAGE-TLS" in told(document)


def test_a_project_without_findings_of_that_severity_is_allowed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(capsys, *LENIENT, code=0)["verdict"]["decision"] == "allowed"


def test_what_can_not_be_read_is_could_not_check(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(root, {"infra/broken.bicep": "resource x = {{{\n"})
    assert "infra/broken.bicep" in told(report(capsys, *LENIENT, code=3))


def test_an_empty_folder_is_could_not_check(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert "there is no file of a kind that is read" in told(report(capsys, *CHECK, code=3))


def test_a_missing_checkov_is_could_not_check(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(root))
    monkeypatch.setenv("MLGATE_HOME", str(root / "none"))
    monkeypatch.setattr("scanners.toolbox.program_beside_python", lambda _: None)
    assert "missing-tool" in told(report(capsys, "check", "--fail-on", "critical", code=3))


def test_a_defect_of_ours_is_an_internal_error(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise AssertionError("a defect")

    monkeypatch.setattr("deploy_gate.static_checks.pipeline.check_project", broken)
    assert run([*CHECK]) == 4
    assert "internal error" in one_line_of(capsys)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--profile", "live"), "live"),
        (("--skip", "policy"), "policy"),
        (("--fail-on", "unknown"), "unknown"),
        (("--timeout", "0"), "0"),
        (("none.json",), "none.json"),
        (("infra", "none/none"), "none/none"),
        (("x" * 300,), "can't be checked"),
        (("--changed-since", "--output=x"), "is no revision"),
        (("--changed-since", "none"), "revision"),
        (("--write-baseline", "b.yml"), "--owner and --reason"),
        (("--write-baseline", "b.yml", "--owner", "a", "--reason", "r", "infra"), "whole project"),
        (("--write-baseline", "none/b.yml", "--owner", "a", "--reason", "r"), "none/b.yml"),
        (("--owner", "a"), "go with --write-baseline"),
        (("--parameters", "none.json"), "none.json"),
        (("--parameters", "infra"), "infra"),
        (("--format", "xml"), "xml"),
        (("--output", "x"), "more --output"),
        (("--format", "json", "--output", "none/x.json"), "folder of the report"),
        (("--unknown",), "--unknown"),
    ],
)
def test_a_mistake_in_the_command_is_one_line(
    root: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    Clone.new(root).git("commit", "--quiet", "--allow-empty", "--message", "x")
    assert run([*CHECK, *arguments]) == 2
    assert words in one_line_of(capsys)
    assert not (root / "x").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("check: {profile: live}", "mlgate.yml:2: there is no profile 'live'"),
        ("check: {rules: {MLG-NONE: {enabled: true}}}", "there is no rule 'MLG-NONE'"),
        ("check: {rules: {MLG-STORAGE-TLS: {enabled: false}}}", "without a reason"),
        ("check: {baseline: none.yml}", "none.yml"),
        ("check: {packages: [{requirements: none.txt}]}", "mlgate.yml:2: there is no file 'none.txt'"),
        ("check: {packages: [{conda: a.yml}]}", "'requirements' is missing"),
        ("check: {packages: a.txt}", "must be a list"),
        ("check: {matrix: live}", "must be production or pre-production"),
        ("check: {exclude: [{path: a}]}", "'reason' is missing"),
        ("governance: {allowlist: ../a.yml}", "leads out of the project"),
        ("governance: {allowlists: a.yml}", "did you mean 'allowlist'"),
        ("governance: {waivers: none.yml}", "none.yml"),
        ("databases: {advisories: {path: a, maximum_age_days: 0}}", "whole number"),
        ("databases: {osv: {}}", "unknown key 'osv'"),
        ("checks: {}", "did you mean 'check'"),
        ("check: [", "mlgate.yml"),
        ("check: &a {profile: *a}", "mlgate.yml"),
    ],
)
def test_a_mistake_in_the_configuration_is_one_line_with_its_place(
    root: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    put(root, {"mlgate.yml": f"schema: mlgate/project/v1\n{text}\n"})
    assert run([*CHECK]) == 2
    assert words in one_line_of(capsys)


@pytest.mark.parametrize("kind", ["folder", "link that leads nowhere", "link to itself", "pipe"])
def test_a_configuration_that_is_no_file_is_never_passed_over(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    path = root / "mlgate.yml"
    path.unlink(missing_ok=True)
    match kind:
        case "folder":
            path.mkdir()
        case "link that leads nowhere":
            path.symlink_to("none.yml")
        case "link to itself":
            path.symlink_to("mlgate.yml")
        case _:
            os.mkfifo(path)
    monkeypatch.chdir(root / "infra")
    assert run([*CHECK]) == 2
    assert "mlgate.yml" in one_line_of(capsys)


def test_a_project_with_nothing_but_a_check_section_can_be_checked_and_not_deployed(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(root, {"mlgate.yml": "schema: mlgate/project/v1\ncheck: {fail_on: critical}\n"})
    report(capsys, *CHECK, code=0)
    put(root, {"release.yml": "schema: mlgate/release/v1\n"})
    assert run(["deploy", "release.yml", "--environment", "production"]) == 2
    assert "'backend' is missing" in one_line_of(capsys)


def test_the_configuration_of_a_deployable_project_is_understood(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    example = Path(__file__).parents[3] / "examples" / "credit-risk" / "mlgate.yml"
    text = example.read_text().replace("  waivers: governance/waivers.yml\n", "")
    put(root, {"mlgate.yml": text, "governance/principals.yml": "schema: mlgate/principals/v1\nprincipals: []\n"})
    document = report(capsys, *LENIENT, code=0)
    assert "rbac-matrix" in {one["scanner"] for one in document["scanners"]}


def test_what_does_not_run_is_said(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    everything = told(report(capsys, *LENIENT, code=0))
    assert "checkov did not run: --skip checkov" in everything
    assert "rbac-matrix did not run: mlgate.yml names no governance.principals" in everything
    assert "packages are not checked" in everything
    put(root, {"mlgate.yml": "schema: mlgate/project/v1\ncheck: {checks: [policy]}\n"})
    assert "packages did not run: it is not among check.checks" in told(report(capsys, *LENIENT, code=0))


def test_a_check_without_anything_to_look_at_says_so(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(
        root,
        {
            "mlgate.yml": "schema: mlgate/project/v1\ngovernance: {principals: p.yml, allowlist: a.yml}\n",
            "p.yml": "schema: mlgate/principals/v1\nprincipals: []\n",
            "requirements.txt": "numpy\n",
        },
    )
    document = told(report(capsys, "check", "azureml", "--fail-on", "critical", code=0))
    assert "checkov did not run: there is no ARM or Bicep template" in document
    assert "rbac-matrix did not run: there is no template" in document
    assert "not pinned with hashes, so not checked: requirements.txt" in document
    assert "no package was checked" in document


def test_only_a_check_that_finds_nothing_to_look_at_is_could_not_check(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(root, {"mlgate.yml": "schema: mlgate/project/v1\ncheck: {checks: [checkov]}\n"})
    assert "nothing for checkov to look at" in told(report(capsys, "check", "azureml", code=3))
    assert "every check is skipped" in told(report(capsys, *CHECK, code=3))


def test_packages_are_checked_where_the_project_names_an_allowlist(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pinned = f"numpy==2.4.0 --hash=sha256:{'ab' * 32}\n"
    put(
        root,
        {
            "mlgate.yml": "schema: mlgate/project/v1\ngovernance: {allowlist: a.yml}\ncheck: {fail_on: high}\n",
            "a.yml": 'schema: mlgate/allowlist/v1\npackages: [{name: scipy, versions: ">=1", source: pypi}]\n',
            "env/requirements.txt": pinned,
            "old/requirements-old.txt": "numpy\n",
        },
    )
    document = report(capsys, *CHECK, code=1)
    assert "MLG-ALLOWLIST-UNLISTED" in told(document)
    assert "not compared with advisories" in told(document)
    assert "not pinned with hashes, so not checked: old/requirements-old.txt" in told(document)
    part = told(report(capsys, *CHECK, "azureml", "--fail-on", "critical", code=0))
    assert "1 of 1 closures are not among what is checked this time" in part


def test_only_what_changed_is_judged(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clone = Clone.new(root)
    clone.git("add", "--all")
    clone.git("commit", "--quiet", "--message", "x")
    nothing = report(capsys, *CHECK, "--changed-since", "HEAD", code=0)
    assert "nothing changed since HEAD" in told(nothing)
    put(root, {"infra/other/main.json": template(storage("Enabled"))})
    document = report(capsys, *CHECK, "--changed-since", "HEAD", code=1)
    paths = {one["location"]["path"] for one in document["findings"] if one["location"]}
    assert paths == {"infra/other/main.json"}


def test_without_git_changes_are_could_not_check(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*CHECK, "--changed-since", "main"]) == 3
    assert "not in a git repository" in one_line_of(capsys)


def test_results_are_kept_below_the_users_cache_and_nowhere_else(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = Path(os.environ["XDG_CACHE_HOME"]) / "mlgate" / "check"
    before = sorted(root.rglob("*"))
    report(capsys, *CHECK, "--no-cache", code=1)
    assert not cache.exists()
    first = report(capsys, *CHECK, code=1)
    assert any(cache.rglob("*.json"))
    second = report(capsys, *CHECK, code=1)
    assert second["findings"] == first["findings"]
    assert "unchanged since an earlier run" in told(second)
    assert sorted(root.rglob("*")) == before


def test_a_baseline_is_of_the_whole_project_and_approves_nothing_by_itself(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accepted = ("--write-baseline", "baseline.yml", "--owner", "owner@example.com", "--reason", "before mlgate")
    report(capsys, *CHECK, *accepted, code=1)
    put(root, {"mlgate.yml": "schema: mlgate/project/v1\ncheck: {baseline: baseline.yml}\n"})
    assert run([*CHECK]) == 2
    assert "isn't approved" in one_line_of(capsys)
    text = (root / "baseline.yml").read_text().replace("approver: null", "approver: other@example.com")
    (root / "baseline.yml").write_text(text)
    assert report(capsys, *CHECK, code=0)["verdict"]["decision"] == "allowed"


def test_a_file_with_values_holds_for_all_templates(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(root, {"values.json": '{"parameters": {"access": {"value": "Disabled"}}}'})
    document = report(capsys, *CHECK, "infra/storage/main.json", "--parameters", "values.json", code=1)
    assert "MLG-STORAGE-PUBLIC-ACCESS" not in {one["rule"] for one in document["findings"]}
