"""The one place where mlgate starts another program and waits for it.

An argument list and no shell; an environment made from nothing, so that no variable of the caller steers the tool; an
empty working directory, so that no configuration file that lies about is read; a time limit and an output limit; and
the whole process group ended afterwards, so that nothing stays behind.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

DEFAULT_TIMEOUT_S = 600.0
DEFAULT_OUTPUT_BYTES = 256 * 1024 * 1024
_CHUNK = 1 << 16

on_start: ContextVar[Callable[[], None] | None] = ContextVar("on_start", default=None)
"""Called when a program has been started from this context; `scanners.running` lets the slowest one go first by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program to run.

    Attributes:
        argv: program (an absolute path) and arguments. Names of files and images that come from outside belong behind
            an option that takes a value or behind "--", never where they could be read as an option.
        environment: variables on top of the clean ones.
        working_directory: None for a new empty one.
        timeout_s: seconds until the process group is killed.
        maximum_output: bytes of standard output and standard error together.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    working_directory: Path | None = None
    timeout_s: float = DEFAULT_TIMEOUT_S
    maximum_output: int = DEFAULT_OUTPUT_BYTES

    def __post_init__(self) -> None:
        if not self.argv or not os.path.isabs(self.argv[0]):
            raise ValueError("a program is named by its absolute path")


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """What the program left: exit code (never negative), output, wall time in seconds."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    seconds: float

    def error_tail(self, lines: int = 5) -> str:
        """The last lines of standard error, for messages."""
        return "\n".join(self.stderr.decode("utf-8", "replace").strip().splitlines()[-lines:])


class ProcessError(Exception):
    """The program gave no exit code of its own."""


class ProgramMissingError(ProcessError):
    """It could not be started."""


class ProcessTimeoutError(ProcessError):
    """It ran out of time and was killed."""


class OutputTooLargeError(ProcessError):
    """It wrote more than allowed and was killed."""


class ProcessKilledError(ProcessError):
    """A signal ended it."""


def clean_environment(home: Path) -> dict[str, str]:
    """The variables that every tool gets, and no others. `home` also holds its temporary files."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "TMPDIR": str(home),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def run(command: Command) -> ProcessResult:
    """Runs a program to its end.

    Raises:
        ProcessError: one of its subclasses; the process group is dead by then.
    """
    with tempfile.TemporaryDirectory(prefix="mlgate-run-") as scratch:
        home = Path(scratch, "home")
        home.mkdir()
        working = command.working_directory
        if working is None:
            working = Path(scratch, "empty")
            working.mkdir()
        started = time.monotonic()
        try:
            process = subprocess.Popen(
                command.argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=working,
                env=clean_environment(home) | dict(command.environment),
                start_new_session=True,
                close_fds=True,
            )
        except (OSError, ValueError) as error:
            raise ProgramMissingError(f"{command.argv[0]} can't be started: {error}") from None
        started_one = on_start.get()
        if started_one is not None:
            started_one()
        try:
            stdout, stderr = _collect(process, command, started + command.timeout_s)
        finally:
            _end_group(process)
        seconds = time.monotonic() - started
    if process.returncode < 0:
        raise ProcessKilledError(f"{Path(command.argv[0]).name} was ended by signal {-process.returncode}")
    return ProcessResult(process.returncode, stdout, stderr, seconds)


def _collect(process: subprocess.Popen[bytes], command: Command, deadline: float) -> tuple[bytes, bytes]:
    """Reads both streams until they close, then waits for the exit."""
    name = Path(command.argv[0]).name
    assert process.stdout is not None
    assert process.stderr is not None
    chunks: dict[IO[bytes], list[bytes]] = {process.stdout: [], process.stderr: []}
    total = 0
    with selectors.DefaultSelector() as selector:
        for stream in chunks:
            os.set_blocking(stream.fileno(), False)
            selector.register(stream, selectors.EVENT_READ, stream)
        while selector.get_map():
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise ProcessTimeoutError(f"{name} did not end within {command.timeout_s:g} s")
            for key, _ in selector.select(min(remaining, 1.0)):
                stream = key.data
                data = os.read(stream.fileno(), _CHUNK)
                if not data:
                    selector.unregister(stream)
                    continue
                total += len(data)
                if total > command.maximum_output:
                    raise _too_large(command)
                chunks[stream].append(data)
            if process.poll() is not None and not _group_alive(process.pid):
                # A grandchild that left the group could hold the pipe for ever; what is there is read, then enough.
                _drain(selector, chunks, command.maximum_output - total, command)
                break
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise ProcessTimeoutError(f"{name} did not end within {command.timeout_s:g} s") from None
    return b"".join(chunks[process.stdout]), b"".join(chunks[process.stderr])


def _drain(selector: selectors.BaseSelector, chunks: dict[IO[bytes], list[bytes]], room: int, command: Command) -> None:
    for key in list(selector.get_map().values()):
        stream = key.data
        while True:
            try:
                data = os.read(stream.fileno(), _CHUNK)
            except BlockingIOError:
                break
            if not data:
                break
            room -= len(data)
            if room < 0:
                raise _too_large(command)
            chunks[stream].append(data)


def _too_large(command: Command) -> OutputTooLargeError:
    return OutputTooLargeError(f"{Path(command.argv[0]).name} wrote more than {command.maximum_output:,} bytes")


def _group_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Kills whatever is left of the process group and closes the pipes."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
