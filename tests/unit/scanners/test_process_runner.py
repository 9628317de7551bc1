"""The one place where a program is started: what it may see, and that nothing of it stays behind."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanners.process_runner import (
    Command,
    OutputTooLargeError,
    ProcessKilledError,
    ProcessResult,
    ProcessTimeoutError,
    ProgramMissingError,
    clean_environment,
    run,
)


def python(program: str, *arguments: str, timeout_s: float = 60.0, **options: object) -> ProcessResult:
    """Runs a program text with this interpreter."""
    argv = (sys.executable, "-I", "-c", program, *arguments)
    return run(Command(argv=argv, timeout_s=timeout_s, **options))  # type: ignore[arg-type]


def alive(process: int) -> bool:
    """Whether the process runs; one that only waits to be collected does not."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{process}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] not in "ZX"
    return False


def is_gone(process: int) -> bool:
    """Waits for the kernel to carry out a kill; a process that stays alive fails the test."""
    for _ in range(500):
        if not alive(process):
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def pid_file(tmp_path: Path) -> Iterator[Path]:
    """Where a program under test writes the process ids that must not outlive it."""
    file = tmp_path / "pids"
    yield file
    if file.exists():
        for process in map(int, file.read_text(encoding="ascii").split()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


# Starts a grandchild that holds the pipes open; its id goes to the file of the first argument.
GRANDCHILD = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-I", "-c", "import time; time.sleep(600)"], start_new_session={leaves})
open(sys.argv[1], "w").write(str(child.pid))
"""


@pytest.mark.parametrize("code", [0, 1, 2, 77, 255])
def test_the_exit_code_and_both_streams_come_back(code: int) -> None:
    result = python(f"import sys; print('out'); print('err', file=sys.stderr); sys.exit({code})")
    assert (result.exit_code, result.stdout, result.stderr) == (code, b"out\n", b"err\n")


def test_much_output_on_both_streams_is_read_whole() -> None:
    result = python("import sys\nfor _ in range(50): sys.stdout.write('o' * 50_000); sys.stderr.write('e' * 50_000)")
    assert (len(result.stdout), len(result.stderr)) == (2_500_000, 2_500_000)


def test_arguments_reach_the_program_as_they_are() -> None:
    hostile = ("$(id)", "`id`", "; rm -rf /", "-x", "a b", "*", "", "\n")
    result = python("import sys; print(repr(sys.argv[1:]))", *hostile)
    assert result.stdout.decode() == f"{list(hostile)!r}\n"


def test_the_environment_is_made_from_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "secret")
    monkeypatch.setenv("TRIVY_IGNOREFILE", "/tmp/ignore")
    monkeypatch.setenv("PATH", "/evil")
    result = python("import os; print('\\n'.join(sorted(os.environ)))", environment={"EXTRA": "1"})
    names = set(result.stdout.decode().split())
    assert names - {"LC_CTYPE"} == {*clean_environment(Path("/")), "EXTRA"}
    assert "/evil" not in python("import os; print(os.environ['PATH'])").stdout.decode()


def test_home_and_temporary_folder_are_private_and_removed_afterwards() -> None:
    program = "import os; open(os.path.expanduser('~/x'), 'w').close(); print(os.environ['HOME'], os.environ['TMPDIR'])"
    home, temporary = python(program).stdout.decode().split()
    assert home == temporary
    assert not Path(home).exists()
    assert not Path(home).parent.exists()


def test_the_working_directory_is_empty_and_not_the_callers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".checkov.yaml").write_text("skip-check: [ALL]", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    listed = python("import os; print(os.listdir(), os.getcwd())").stdout.decode()
    assert listed.startswith("[] ")
    assert str(tmp_path) not in listed


def test_a_given_working_directory_is_used(tmp_path: Path) -> None:
    assert python("import os; print(os.getcwd())", working_directory=tmp_path).stdout.decode().strip() == str(tmp_path)


def test_standard_input_is_empty() -> None:
    assert python("import sys; print(repr(sys.stdin.read()))").stdout == b"''\n"


def test_no_file_of_the_caller_is_open_in_the_program(tmp_path: Path) -> None:
    handle = os.open(tmp_path / "secret", os.O_CREAT | os.O_RDWR)
    os.set_inheritable(handle, True)
    program = (
        "import os\n"
        "for number in os.listdir('/proc/self/fd'):\n"
        "    try: print(os.readlink(f'/proc/self/fd/{number}'))\n"
        "    except OSError: pass"
    )
    try:
        links = python(program)
    finally:
        os.close(handle)
    assert "secret" not in links.stdout.decode()


@pytest.mark.parametrize("argv", [(), ("trivy",), ("./trivy",), ("bin/trivy", "--version")])
def test_a_program_is_named_by_its_absolute_path(argv: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="absolute path"):
        Command(argv=argv)


def test_a_program_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ProgramMissingError, match="can't be started"):
        run(Command(argv=(str(tmp_path / "absent"),)))


def test_a_file_that_is_no_program_is_missing(tmp_path: Path) -> None:
    plain, folder, script = tmp_path / "plain", tmp_path / "folder", tmp_path / "script"
    plain.write_text("x", encoding="utf-8")
    folder.mkdir()
    script.write_text("#!/absent/interpreter\n", encoding="utf-8")
    script.chmod(0o755)
    for path in (plain, folder, script):
        with pytest.raises(ProgramMissingError):
            run(Command(argv=(str(path),)))


def test_an_argument_that_no_program_can_have_is_told_and_no_crash() -> None:
    with pytest.raises(ProgramMissingError):
        run(Command(argv=(sys.executable, "a\0b")))


def test_a_program_that_a_signal_ended_gave_no_exit_code() -> None:
    with pytest.raises(ProcessKilledError, match="signal 9"):
        python("import os; print('half a report', flush=True); os.kill(os.getpid(), 9)")


def test_a_time_out_kills_the_program_and_its_children(pid_file: Path) -> None:
    program = GRANDCHILD.format(leaves=False) + "open(sys.argv[1], 'a').write(' ' + str(__import__('os').getpid()))\n"
    with pytest.raises(ProcessTimeoutError, match="did not end within 2 s"):
        python(program + "import time; time.sleep(600)", str(pid_file), timeout_s=2)
    processes = [int(word) for word in pid_file.read_text(encoding="ascii").split()]
    assert len(processes) == 2
    assert all(is_gone(process) for process in processes)


def test_a_program_that_ignores_requests_to_end_is_killed() -> None:
    program = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    with pytest.raises(ProcessTimeoutError):
        python(program, timeout_s=1)


def test_a_program_that_closes_its_streams_and_hangs_is_killed() -> None:
    with pytest.raises(ProcessTimeoutError):
        python("import os, time; os.close(1); os.close(2); time.sleep(600)", timeout_s=1)


def test_a_child_that_holds_the_pipe_is_a_time_out_and_dies(pid_file: Path) -> None:
    # The program ended with 0, yet a child could still write: its output is not known to be whole.
    with pytest.raises(ProcessTimeoutError):
        python(GRANDCHILD.format(leaves=False), str(pid_file), timeout_s=2)
    assert is_gone(int(pid_file.read_text(encoding="ascii")))


def test_a_child_that_left_the_group_and_holds_the_pipe_does_not_hang_the_gate(pid_file: Path) -> None:
    result = python(GRANDCHILD.format(leaves=True) + "print('whole')", str(pid_file))
    assert (result.exit_code, result.stdout) == (0, b"whole\n")


def test_a_child_in_the_background_dies_with_the_program(pid_file: Path) -> None:
    program = GRANDCHILD.format(leaves=False).replace(
        "start_new_session=False", "stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL"
    )
    assert python(program, str(pid_file)).exit_code == 0
    assert is_gone(int(pid_file.read_text(encoding="ascii")))


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_endless_output_is_stopped(stream: str) -> None:
    with pytest.raises(OutputTooLargeError, match="100,000 bytes"):
        python(f"import sys\nwhile True: sys.{stream}.write('x' * 10_000)", maximum_output=100_000)


def test_the_limit_counts_both_streams_together_and_the_limit_itself_is_allowed() -> None:
    program = "import sys; sys.stdout.write('o' * 600); sys.stderr.write('e' * 400)"
    assert len(python(program, maximum_output=1_000).stdout) == 600
    with pytest.raises(OutputTooLargeError):
        python(program, maximum_output=999)


def test_endless_output_of_a_child_that_left_the_group_stays_within_the_limit(pid_file: Path) -> None:
    program = GRANDCHILD.format(leaves=True).replace(
        "import time; time.sleep(600)", "import os\\nwhile True: os.write(1, b'x' * 60000)"
    )
    with contextlib.suppress(OutputTooLargeError):
        assert len(python(program, str(pid_file), maximum_output=500_000).stdout) <= 500_000


def test_the_last_words_are_kept_for_messages() -> None:
    result = ProcessResult(1, b"", b"\n".join(b"line %d \xff" % number for number in range(20)), 0.0)
    assert result.error_tail(2) == "line 18 \ufffd\nline 19 \ufffd"


def test_nothing_is_left_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    python("print(1)")
    with contextlib.suppress(ProcessTimeoutError):
        python("import time; time.sleep(600)", timeout_s=0.5)
    assert list(tmp_path.iterdir()) == []
