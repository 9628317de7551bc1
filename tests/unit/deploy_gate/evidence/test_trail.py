"""Writing a trail, alone and with others."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy_gate.evidence.records import GENESIS, RecordError
from deploy_gate.evidence.trail import Trail, trail_paths
from deploy_gate.evidence.verification import TrailVerification, lock_path, verify
from verdicts import CouldNotCheckError

Paths = tuple[Path, Path]
NewTrail = Callable[[], Trail]


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_head_and_records_stand_in_two_folders(tmp_path: Path) -> None:
    records, head = trail_paths(tmp_path)
    assert records.parent != head.parent
    with pytest.raises(ValueError, match="apart"):
        Trail(tmp_path / "records.jsonl", tmp_path / "head.json")


def test_what_was_appended_is_read_back_in_order(new_trail: NewTrail, paths: Paths) -> None:
    written = [new_trail().append("run-1", "begun", {"n": 1}), new_trail().append("run-2", "begun", {"n": 2})]
    assert list(new_trail().records()) == written
    assert [record.sequence for record in written] == [1, 2]
    assert [record.previous for record in written] == [GENESIS, written[0].digest]
    assert verify(*paths) == TrailVerification(2, written[1].digest, interrupted=False)


def test_the_records_of_one_run_can_be_asked_for(eight: Trail) -> None:
    assert [record.sequence for record in eight.records("run-1")] == [1, 3, 5, 7]
    assert list(eight.records("no such run")) == []


def test_without_files_the_trail_is_empty_and_stays_unwritten(paths: Paths, tmp_path: Path) -> None:
    trail = Trail(*paths)
    assert verify(*paths) == TrailVerification(0, GENESIS, interrupted=False)
    assert list(trail.records()) == []
    assert trail.recover() is False
    assert list(tmp_path.iterdir()) == []


def test_reading_changes_nothing(eight: Trail, paths: Paths, tmp_path: Path) -> None:
    before = snapshot(tmp_path)
    verify(*paths)
    assert len(list(eight.records())) == 8
    assert snapshot(tmp_path) == before


def test_a_copy_without_lock_file_verifies(eight: Trail, paths: Paths, tmp_path: Path) -> None:
    lock_path(paths[1]).unlink()
    assert verify(*paths).count == 8
    assert not lock_path(paths[1]).exists()


def test_recovering_a_sound_trail_does_nothing(eight: Trail, tmp_path: Path) -> None:
    before = snapshot(tmp_path)
    assert eight.recover() is False
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("data", [{"a": float("nan")}, {"a": {1}}, {"a": "x" * 5_000_000}])
def test_what_can_not_be_recorded_leaves_the_trail_as_it_was(
    eight: Trail, tmp_path: Path, data: dict[str, object]
) -> None:
    before = snapshot(tmp_path)
    with pytest.raises(RecordError):
        eight.append("run", "event", data)
    assert snapshot(tmp_path) == before


def test_a_clock_that_goes_back_does_not_stop_the_trail(paths: Paths) -> None:
    moments = iter([dt.datetime(2026, 3, 2, tzinfo=dt.UTC), dt.datetime(2026, 3, 1, tzinfo=dt.UTC)])
    trail = Trail(*paths, clock=lambda: next(moments))
    trail.append("run", "one", {})
    trail.append("run", "two", {})
    assert verify(*paths).count == 2


def test_large_records_follow_each_other(new_trail: NewTrail, paths: Paths) -> None:
    for letter in "abc":
        new_trail().append("run", "event", {"text": letter * 4_000_000})
    assert verify(*paths).count == 3


def test_only_the_owner_can_read_the_trail(eight: Trail, paths: Paths) -> None:
    assert [path.stat().st_mode & 0o777 for path in paths] == [0o600, 0o600]


def test_a_full_disk_is_could_not_check_and_the_trail_goes_on_later(
    eight: Trail, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = os.write
    written = 0

    def write(descriptor: int, data: bytes) -> int:
        nonlocal written
        written += 1
        if written == 2:  # a part of the record still fits
            return original(descriptor, bytes(data)[:50])
        if written == 3:
            raise OSError(28, "No space left on device")
        return original(descriptor, data)

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(CouldNotCheckError, match="No space left"):
        eight.append("run", "event", {})
    monkeypatch.undo()
    assert verify(*paths).interrupted
    assert eight.append("run", "again", {}).sequence == 9
    assert verify(*paths) == TrailVerification(9, list(eight.records())[-1].digest, interrupted=False)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_trail_is_could_not_check(eight: Trail, paths: Paths) -> None:
    paths[0].chmod(0)
    with pytest.raises(CouldNotCheckError, match="can't be read"):
        verify(*paths)
    with pytest.raises(CouldNotCheckError, match="can't be written"):
        eight.append("run", "event", {})


def test_a_read_error_is_could_not_check_and_not_tampering(
    eight: Trail, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = os.open

    def broken(path: Path, *arguments: int, **keywords: int) -> int:
        if path == paths[0]:
            raise OSError(5, "Input/output error", str(path))
        return original(path, *arguments, **keywords)

    monkeypatch.setattr(os, "open", broken)
    with pytest.raises(CouldNotCheckError, match="Input/output error"):
        verify(*paths)
    with pytest.raises(CouldNotCheckError, match="Input/output error"):
        list(eight.records())
    with pytest.raises(CouldNotCheckError, match="Input/output error"):
        eight.append("run", "event", {})


def test_a_slow_reader_neither_stops_a_writer_nor_sees_what_came_later(eight: Trail, paths: Paths) -> None:
    reader = eight.records()
    assert next(reader).sequence == 1
    assert Trail(*paths).append("run", "meanwhile", {}).sequence == 9
    assert [record.sequence for record in reader] == [2, 3, 4, 5, 6, 7, 8]


def test_threads_append_one_after_the_other(new_trail: NewTrail, paths: Paths) -> None:
    def work(name: str) -> None:
        trail = Trail(*paths)
        for number in range(20):
            trail.append(name, "event", {"n": number})

    threads = [threading.Thread(target=work, args=(f"run-{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verify(*paths).count == 60
    assert [record.data["n"] for record in new_trail().records("run-1")] == list(range(20))


APPENDING = """
import sys
from pathlib import Path
from deploy_gate.evidence.trail import Trail
trail = Trail(Path(sys.argv[1]), Path(sys.argv[2]))
for number in range(200):
    trail.append(sys.argv[3], "event", {"n": number})
"""

VERIFYING = """
import sys
from pathlib import Path
from deploy_gate.evidence.verification import read_records, verify
paths = Path(sys.argv[1]), Path(sys.argv[2])
for _ in range(60):
    assert not verify(*paths).interrupted
    assert len(list(read_records(*paths))) <= verify(*paths).count
"""


@pytest.mark.slow
def test_two_processes_append_while_a_third_verifies(new_trail: NewTrail, paths: Paths) -> None:
    new_trail().append("run-0", "event", {})
    programs = [(APPENDING, "run-1"), (APPENDING, "run-2"), (VERIFYING, "")]
    processes = [
        subprocess.Popen([sys.executable, "-c", program, *map(str, paths), name]) for program, name in programs
    ]
    assert [process.wait(120) for process in processes] == [0, 0, 0]
    assert verify(*paths).count == 401
    for name in ("run-1", "run-2"):
        assert [record.data["n"] for record in new_trail().records(name)] == list(range(200))
