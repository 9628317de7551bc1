"""`mlgate trail verify` and `show`."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli.exit_codes import ExitCode
from cli.main import run
from deploy_gate.evidence.head import Head, Position, encode_head
from deploy_gate.evidence.records import decode
from deploy_gate.evidence.trail import Trail, trail_paths

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder whose trail has three records of two runs."""
    state = tmp_path / "state"
    trail = Trail(*trail_paths(state))
    trail.append("run-1", "read", {"result": "passed", "name": "\x1b[2J[red]ü[/red]"})
    trail.append("run-2", "read", {"result": "passed"})
    trail.append("run-1", "record", {"result": "passed"})
    return state


def interrupt(state: Path) -> None:
    """As if the writer had died between the record and the head."""
    records, head = trail_paths(state)
    second, third = (decode(line) for line in records.read_bytes().splitlines(keepends=True)[1:])
    head.write_bytes(encode_head(Head(Position(2, second.digest), Position(3, third.digest))))


def project(folder: Path) -> None:
    """A project whose state is in `state/`."""
    (folder / "mlgate.yml").write_text(
        "schema: mlgate/project/v1\n"
        "backend: {kind: local, state: state, registry: registry}\n"
        "governance: {allowlist: allowlist.yml, principals: principals.yml}\n"
        "databases: {advisories: {path: advisories}, trivy: {path: trivy}}\n"
        "environments: {test: {matrix: production, fail_on: medium, required: [checkov]}}\n"
    )


def test_a_missing_trail_is_could_not_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("verify", "show"):
        assert run(["trail", command, "--state", str(tmp_path)]) == ExitCode.COULD_NOT_CHECK
        output = capsys.readouterr()
        assert "there is no trail" in output.err
        assert output.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_trail_that_was_tampered_with_is_named_and_not_shown(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records, _ = trail_paths(state)
    records.write_bytes(records.read_bytes().replace(b"run-2", b"run-3"))
    for command in ("verify", "show"):
        assert run(["trail", command, "--state", str(state)]) == ExitCode.INTERNAL
        output = capsys.readouterr()
        assert "record 2: the content was changed" in output.err
        assert f"{records}:2" in output.err
        assert output.out == ""


def test_a_forged_continuation_is_not_shown(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, head = trail_paths(state)
    older = head.read_bytes()
    Trail(*trail_paths(state)).append("run-1", "approved", {})
    head.write_bytes(older)
    assert run(["trail", "show", "--json", "--state", str(state)]) == ExitCode.INTERNAL
    assert capsys.readouterr().out == ""


def test_an_interrupted_write_is_could_not_check_with_the_way_out(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupt(state)
    assert run(["trail", "verify", "--state", str(state)]) == ExitCode.COULD_NOT_CHECK
    output = capsys.readouterr()
    assert "3 records" in output.out
    assert "mlgate resume" in output.err
    assert run(["trail", "show", "--state", str(state)]) == ExitCode.ALLOWED
    output = capsys.readouterr()
    assert len(output.out.splitlines()) == 3
    assert "mlgate resume" in output.err


def test_a_sound_trail_is_counted(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trail", "verify", "--state", str(state)]) == ExitCode.ALLOWED
    last = list(Trail(*trail_paths(state)).records())[-1].digest
    assert capsys.readouterr().out == f"3 records, last {last}\n"


def test_json_is_the_trails_own_lines(state: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["trail", "show", "--json", "--state", str(state)]) == ExitCode.ALLOWED
    assert capsysbinary.readouterr().out == trail_paths(state)[0].read_bytes()
    assert run(["trail", "show", "--json", "--run", "run-1", "--state", str(state)]) == ExitCode.ALLOWED
    assert [json.loads(line)["sequence"] for line in capsysbinary.readouterr().out.splitlines()] == [1, 3]


def test_without_a_terminal_a_record_is_a_line_of_fields(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trail", "show", "--state", str(state)]) == ExitCode.ALLOWED
    shown = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [[fields[0], *fields[2:4]] for fields in shown] == [
        ["1", "run-1", "read"],
        ["2", "run-2", "read"],
        ["3", "run-1", "record"],
    ]
    assert shown[0][4] == '{"name":"\\u001b[2J[red]\\u00fc[/red]","result":"passed"}'


def test_a_run_that_is_not_there_is_a_mistake_of_the_request(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for form in ([], ["--json"]):
        assert run(["trail", "show", "--run", "run-9", "--state", str(state), *form]) == ExitCode.USAGE
        assert "run-9" in capsys.readouterr().err


def test_the_projects_own_trail_is_the_default(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project(state.parent)
    assert run(["trail", "verify", "--project", str(state.parent)]) == ExitCode.ALLOWED
    monkeypatch.chdir(state)  # below the project
    assert run(["trail", "verify"]) == ExitCode.ALLOWED
    assert capsys.readouterr().out.count("3 records") == 2


def test_outside_a_project_the_mistake_is_the_requests(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trail", "verify", "--project", str(tmp_path)]) == ExitCode.USAGE
    assert "mlgate.yml" in capsys.readouterr().err


def test_on_a_terminal_it_is_a_table_without_the_records_escapes(state: Path) -> None:
    main, side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "mlgate", "trail", "show", "--state", str(state)],
        cwd=REPOSITORY,
        stdout=side,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "160"},
    )
    os.close(side)
    shown = b""
    while True:
        try:
            chunk = os.read(main, 65536)
        except OSError:  # how Linux tells the end of a terminal
            break
        if not chunk:
            break
        shown += chunk
    os.close(main)
    assert process.wait(60) == 0
    assert process.stderr is not None
    process.stderr.close()
    assert b"Audit trail" in shown
    assert b"[red]" in shown  # text, not markup
    assert b"\x1b[2J" not in shown


def test_the_program_in_the_documentation_verifies_a_trail(state: Path, tmp_path: Path) -> None:
    text = (REPOSITORY / "docs" / "trail.md").read_text()
    (program,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    records, head = trail_paths(state)
    command = [sys.executable, "-c", program, str(records), str(head)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()[0]) == (0, "3"), done.stderr
    records.write_bytes(records.read_bytes().replace(b"run-2", b"run-3"))
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != 0
    assert "record 2: changed" in done.stderr
