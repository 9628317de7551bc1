"""`mlgate tools` and `mlgate doctor`: what a person reads, and that nothing missing or untrusted ends with 0."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import pytest

from cli.exit_codes import ExitCode
from cli.main import run
from scanners import tool_environments
from scanners import toolbox as toolbox_module
from tests.fakes.fake_tools import FakeTool, Reply, calls_of, write_tool
from verdicts.digests import digest_bytes

MANIFEST = """\
schema: mlgate/project/v1
backend: {kind: local}
governance: {allowlist: allowlist.yml, principals: principals.yml}
databases:
  advisories: {path: advisories, maximum_age_days: 7}
  trivy: {path: trivy, maximum_age_days: 7}
environments:
  production: {matrix: production, fail_on: medium, required: [checkov], traffic: [100]}
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with git and nothing else; the folder is the whole PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    git = shutil.which("git")
    assert git is not None
    (folder / "git").symlink_to(git)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("MLGATE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(toolbox_module, "program_beside_python", lambda _: None)
    return folder


def provide(folder: Path, *, trivy: str = "0.76.0") -> Path:
    """Puts checkov and a trivy of that version on PATH; returns the trivy."""
    write_tool(folder, FakeTool(name="checkov", version="3.3.30", replies=(Reply(output="3.3.30\n"),)))
    reply = Reply(when=("--version",), output=f"Version: {trivy}\n")
    program = write_tool(folder, FakeTool(name="trivy", version=trivy, replies=(reply,)))
    with program.open("a") as stream:
        stream.write(f"# -X github.com/aquasecurity/trivy/pkg/version/app.ver={trivy}\n")
    return program


def lines(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """What was printed, by the first word of each line."""
    return {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line}


def write_databases(root: Path, moment: dt.datetime) -> None:
    (root / "mlgate.yml").write_text(MANIFEST)
    advisory = json.dumps({"id": "PYSEC-1", "affected": [{"package": {"name": "x", "ecosystem": "PyPI"}}]}) + "\n"
    (root / "advisories").mkdir()
    (root / "advisories" / "advisories.jsonl").write_text(advisory)
    header = {
        "schema": "mlgate/advisory-snapshot/v1",
        "source": "test",
        "licence": "CC0",
        "retrieved_at": moment.isoformat(),
        "count": 1,
        "digest": digest_bytes(advisory.encode()),
        "canary": {"name": "x", "version": "1", "id": "PYSEC-1"},
    }
    (root / "advisories" / "snapshot.json").write_text(json.dumps(header))
    (root / "trivy" / "db").mkdir(parents=True)
    (root / "trivy" / "db" / "trivy.db").write_bytes(b"data")
    metadata = {"Version": 2, "UpdatedAt": moment.isoformat()}
    (root / "trivy" / "db" / "metadata.json").write_text(json.dumps(metadata))


def test_tools_that_are_there_end_with_0(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    provide(machine)
    assert run(["tools", "list"]) == ExitCode.ALLOWED
    rows = lines(capsys)
    assert "trusted" in rows["checkov"]
    assert "3.3.30" in rows["checkov"]
    assert "sha256:" in rows["trivy"]


def test_missing_tools_end_with_3_and_what_to_type(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tools", "list"]) == ExitCode.COULD_NOT_CHECK
    rows = lines(capsys)
    assert "missing" in rows["trivy"]
    assert "mlgate tools install trivy" in rows["trivy"]


def test_a_refused_release_ends_with_3_and_is_not_started(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = provide(machine, trivy="0.69.4")
    assert run(["tools", "list"]) == ExitCode.COULD_NOT_CHECK
    assert "untrusted" in lines(capsys)["trivy"]
    assert run(["doctor"]) == ExitCode.COULD_NOT_CHECK
    assert "CVE-2026-33634" in lines(capsys)["trivy"]
    assert calls_of(program) == []


def test_an_unknown_tool_is_a_usage_error(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tools", "install", "nmap"]) == ExitCode.USAGE
    assert "known: checkov, trivy" in capsys.readouterr().err


def test_an_installation_without_uv_is_a_configuration_error(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool_environments, "find_uv", lambda _: None)
    assert run(["tools", "install", "trivy"]) == ExitCode.USAGE


def test_an_installation_that_fails_is_a_could_not_check(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_tool(machine, FakeTool(name="uv", version="0", replies=(Reply(exit_code=1),)))
    assert run(["tools", "install", "trivy"]) == ExitCode.COULD_NOT_CHECK
    assert "trivy could not be installed" in capsys.readouterr().err


def test_doctor_without_a_project_looks_at_tools_only(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    provide(machine)
    assert run(["doctor"]) == ExitCode.ALLOWED
    rows = lines(capsys)
    assert {"python", "git", "checkov", "trivy", "pip-audit", "databases"} <= rows.keys()
    assert "not needed" in rows["databases"]


def test_doctor_of_a_folder_that_is_no_project_is_a_usage_error(machine: Path, tmp_path: Path) -> None:
    assert run(["doctor", "--project", str(tmp_path)]) == ExitCode.USAGE


def test_doctor_with_fresh_databases_ends_with_0(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    provide(machine)
    write_databases(Path.cwd(), dt.datetime.now(dt.UTC))
    assert run(["doctor"]) == ExitCode.ALLOWED
    assert "ok" in lines(capsys)["advisories"]


@pytest.mark.parametrize("days", [8, -2])
def test_doctor_with_databases_that_are_old_or_from_the_future_ends_with_3(
    machine: Path, capsys: pytest.CaptureFixture[str], days: int
) -> None:
    provide(machine)
    write_databases(Path.cwd(), dt.datetime.now(dt.UTC) - dt.timedelta(days=days))
    assert run(["doctor"]) == ExitCode.COULD_NOT_CHECK
    assert capsys.readouterr().out.count("stale") == 2


def test_doctor_without_the_project_s_databases_ends_with_3(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    provide(machine)
    (Path.cwd() / "mlgate.yml").write_text(MANIFEST)
    assert run(["doctor"]) == ExitCode.COULD_NOT_CHECK
    assert capsys.readouterr().out.count("missing") == 2


def test_doctor_with_a_changed_snapshot_ends_with_3(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    provide(machine)
    write_databases(Path.cwd(), dt.datetime.now(dt.UTC))
    with (Path.cwd() / "advisories" / "advisories.jsonl").open("a") as stream:
        stream.write("{}\n")
    assert run(["doctor"]) == ExitCode.COULD_NOT_CHECK
    assert "untrusted" in lines(capsys)["advisories"]


def test_doctor_without_git_ends_with_3(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    provide(machine)
    (machine / "git").unlink()
    assert run(["doctor"]) == ExitCode.COULD_NOT_CHECK
    assert "missing" in lines(capsys)["git"]
