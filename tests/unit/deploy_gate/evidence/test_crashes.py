"""A crash at any step of a write leaves a trail that verifies, and goes on."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from deploy_gate.evidence.records import GENESIS
from deploy_gate.evidence.trail import Trail, trail_paths
from deploy_gate.evidence.verification import verify
from verdicts import TamperedError

Paths = tuple[Path, Path]
OPERATIONS = ("write", "fsync", "replace", "ftruncate", "mkdir")


class Killed(BaseException):
    """The process ends here; nothing may catch it and tidy up."""


class Crash:
    """Ends the process at the n-th file operation: before it, after it, or (a write) in the middle."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, when: str) -> None:
        self.left = at
        self._when = when
        for name in OPERATIONS:
            monkeypatch.setattr(os, name, self._wrapped(name, getattr(os, name)))

    def _wrapped(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def operation(*arguments: Any, **keywords: Any) -> Any:
            self.left -= 1
            if self.left != 0:
                return original(*arguments, **keywords)
            if self._when == "after":
                original(*arguments, **keywords)
            elif self._when == "middle" and name == "write":
                descriptor, data = arguments
                original(descriptor, bytes(data)[: len(data) // 2])
            raise Killed

        return operation


def crashing(monkeypatch: pytest.MonkeyPatch, at: int, when: str, action: Callable[[], object]) -> bool:
    """Whether the action was ended by the crash; False if it has fewer operations."""
    with monkeypatch.context() as patch:
        Crash(patch, at, when)
        try:
            action()
        except Killed:
            return True
    return False


def state(paths: Paths) -> list[bytes | None]:
    return [path.read_bytes() if path.exists() else None for path in paths]


def check_between(paths: Paths, before: int) -> None:
    """After a crash: nothing counts as tampered, the record is there or not, and looking changes nothing."""
    files = state(paths)
    found = verify(*paths)
    assert found.count in (before, before + 1)
    assert len(list(Trail(*paths).records())) == found.count
    assert state(paths) == files


@pytest.mark.parametrize("when", ["before", "middle", "after"])
@pytest.mark.parametrize("before", [0, 1, 3])
@pytest.mark.parametrize("repair", ["recover", "append"])
def test_a_crash_at_any_step_of_an_append_is_repaired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str, before: int, repair: str
) -> None:
    step = 0
    while True:
        step += 1
        paths = trail_paths(tmp_path / str(step))
        trail = Trail(*paths)
        for number in range(before):
            trail.append("run", "before", {"n": number})
        if not crashing(monkeypatch, step, when, partial(Trail(*paths).append, "run", "crashed", {})):
            break
        check_between(paths, before)
        if repair == "recover":
            interrupted = verify(*paths).interrupted
            assert Trail(*paths).recover() is interrupted
            assert not verify(*paths).interrupted
            assert Trail(*paths).recover() is False
        standing = verify(*paths).count
        added = Trail(*paths).append("run", "after", {})
        assert added.sequence == standing + 1
        found = verify(*paths)
        assert (found.count, found.interrupted) == (standing + 1, False)
        events = [record.event for record in Trail(*paths).records()]
        assert events == ["before"] * before + ["crashed"] * (standing - before) + ["after"]
    # Each append has two head writes of write, sync, rename and sync, and one record of write and sync.
    assert step > 10


@pytest.mark.parametrize("when", ["before", "middle", "after"])
def test_a_crash_at_any_step_of_a_repair_is_repaired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    repairs = 0
    for step in range(1, 20):
        again = 0
        while True:
            again += 1
            paths = trail_paths(tmp_path / f"{step}-{again}")
            Trail(*paths).append("run", "before", {})
            if not crashing(monkeypatch, step, "middle", partial(Trail(*paths).append, "run", "crashed", {})):
                break
            if not crashing(monkeypatch, again, when, Trail(*paths).recover):
                break
            repairs += 1
            check_between(paths, 1)
            Trail(*paths).recover()
            assert not verify(*paths).interrupted
            Trail(*paths).append("run", "after", {})
            assert not verify(*paths).interrupted
    assert repairs > 10


def torn(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trail of two records, whose third was torn in the middle of its line."""
    for _ in range(2):
        Trail(*paths).append("run", "before", {})

    original = os.write

    def write(descriptor: int, data: bytes) -> int:
        if b'"sequence"' in bytes(data):
            original(descriptor, bytes(data)[:40])
            raise Killed
        return original(descriptor, data)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        with pytest.raises(Killed):
            Trail(*paths).append("run", "torn", {})
    assert verify(*paths).interrupted


def test_a_torn_line_is_cut_off(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    torn(paths, monkeypatch)
    assert not paths[0].read_bytes().endswith(b"\n")
    assert Trail(*paths).recover() is True
    assert paths[0].read_bytes().count(b"\n") == 2
    assert paths[0].read_bytes().endswith(b"\n")


@pytest.mark.parametrize("action", ["recover", "append"])
def test_a_torn_line_after_a_changed_record_is_left_for_the_auditor(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    torn(paths, monkeypatch)
    paths[0].write_bytes(paths[0].read_bytes().replace(b'"run":"run"', b'"run":"ran"', 1))
    before = state(paths)
    trail = Trail(*paths)

    def go_on() -> None:
        if action == "recover":
            trail.recover()
        else:
            trail.append("run", "after", {})

    with pytest.raises(TamperedError, match="record 1"):
        go_on()
    assert state(paths) == before


def test_a_torn_line_with_its_end_put_on_is_tampering(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    torn(paths, monkeypatch)
    paths[0].write_bytes(paths[0].read_bytes() + b"\n")
    with pytest.raises(TamperedError, match="record 3"):
        Trail(*paths).recover()


def test_a_crash_before_the_first_record_leaves_an_empty_trail(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    def replace(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        with pytest.raises(Killed):
            Trail(*paths).append("run", "event", {})
    found = verify(*paths)
    assert (found.count, found.last_digest, found.interrupted) == (0, GENESIS, False)
    assert Trail(*paths).append("run", "event", {}).sequence == 1


APPENDING = """
import sys
from pathlib import Path
from deploy_gate.evidence.trail import Trail, trail_paths
trail = Trail(Path(sys.argv[1]), Path(sys.argv[2]))
while True:
    record = trail.append("run", "event", {"text": "x" * 20_000})
    sys.stdout.write(f"{record.sequence} {record.digest}\\n")
    sys.stdout.flush()
"""


@pytest.mark.slow
def test_a_process_killed_at_any_moment_loses_nothing_that_it_was_told_is_written(paths: Paths) -> None:
    moments = random.Random(20260301)  # noqa: S311 - the same moments in each run
    known: dict[int, str] = {}
    for _ in range(25):
        process = subprocess.Popen(
            [sys.executable, "-c", APPENDING, *map(str, paths)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(moments.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read()
        process.wait()
        process.stdout.close()
        for line in (first + rest).splitlines(keepends=True):
            if line.endswith("\n"):
                sequence, digest = line.split()
                known[int(sequence)] = digest
        found = verify(*paths)
        assert found.count in (max(known), max(known) + 1)
    Trail(*paths).append("run", "last", {})
    written = {record.sequence: record.digest for record in Trail(*paths).records()}
    assert known.items() <= written.items()
    assert not verify(*paths).interrupted
