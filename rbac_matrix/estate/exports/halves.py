"""A large list of role assignments on two cores: another process reads its second part.

It begins at once; this process reads all other files and the first part meanwhile.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import re
from array import array
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from rbac_matrix.estate.exports.assignments import AssignmentReader
from rbac_matrix.estate.exports.interface import Collected
from rbac_matrix.estate.exports.recognition import reader_of
from rbac_matrix.estate.exports.streams import Documents
from rbac_matrix.estate.exports.text import Range, encoding_of, windows
from rbac_matrix.estate.exports.values import Envelope, Piece
from verdicts import ConfigurationError, Location

WORTH_IT = 48 * 1024 * 1024
"""Bytes; a smaller file is read before another process has started."""
OWN_PART = 0.42
"""Of the file: this process also reads the other files, and makes digests of all."""
_NEIGHBOURHOOD = 1024 * 1024
_BETWEEN = re.compile(rb"\}[ \t\r\n]*(,)([ \t\r\n]*)\{")


@dataclass(frozen=True, slots=True)
class _Rest:
    """What the second part came to; its lines count from its start. `count` is how many records its list had."""

    collected: Collected
    envelope: Envelope
    count: int


class Halves:
    """One file in two parts. The other process ends with the context.

    Where something is wrong with the file, or it isn't a single list, `read` gives False, and whoever reads it as a
    whole tells the error.
    """

    def __init__(self, path: Path, shown_as: str, cut: int, envelope: Envelope) -> None:
        self.path = path
        self._shown_as = shown_as
        self._cut = cut
        # A new process, no copy of this one: threads may be running here.
        new = multiprocessing.get_context("spawn")
        # Nothing that it makes is in a circle, and it ends soon.
        self._pool = ProcessPoolExecutor(max_workers=1, mp_context=new, initializer=gc.disable)
        self._rest: Future[_Rest | None] = self._pool.submit(read_rest, path, shown_as, cut + 1, envelope)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=kind is None, cancel_futures=True)

    def read(self, into: Collected) -> bool:
        """Adds the file to `into`; False, with nothing added, where it has to be read as a whole."""
        try:
            return self._read(into)
        except (OSError, ConfigurationError):
            return False

    def _read(self, into: Collected) -> bool:
        from rbac_matrix.estate.exports.reading import FileReading

        first = Collected(self._shown_as)
        reading = FileReading(self.path, first)
        documents = Documents(windows(self.path, self._shown_as, Range(0, self._cut)), self._shown_as, open_end=True)
        reading.take(documents.pieces())
        if not documents.cut_in_list or reading.document is None:
            return False
        lines = documents.line - 1
        into.note_digest(self.path)
        rest = self._rest.result()
        if rest is None:
            return False
        _move(rest.collected, lines)
        reading.document.envelope = rest.envelope
        reading.document.count += rest.count
        reading.end(Piece(rest.envelope, (), (), last=True))
        reading.close()
        for part in (first, rest.collected):
            part.note_refused()
            into.table.extend(part.table)
            into.gaps += part.gaps
            into.covers |= part.covers
            into.whole |= part.whole
        return True


def in_halves(path: Path, shown_as: str) -> Halves | None:
    """Begins to read a file in two parts; None for one that isn't large, or isn't a list of role assignments."""
    try:
        if path.stat().st_size < WORTH_IT or _cores() < 2:
            return None
        cut = _cut(path)
        head = next(Documents(windows(path, shown_as), shown_as).pieces())
    except (OSError, ValueError, StopIteration, ConfigurationError):
        return None
    if cut is None or not head.records or head.last or not isinstance(head.records[0], dict):
        return None
    if not isinstance(reader_of(head.records[0]), AssignmentReader):
        return None
    return Halves(path, shown_as, cut, head.envelope)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _cut(path: Path) -> int | None:
    """Offset of a comma that seems to stand between two records."""
    with path.open("rb") as stream:
        if encoding_of(stream.read(4)) != "utf-8-sig":
            return None
        stream.seek(int(path.stat().st_size * OWN_PART))
        start, text = stream.tell(), stream.read(_NEIGHBOURHOOD)
    found = list(_BETWEEN.finditer(text))
    if not found:
        return None
    # Lists in records are indented more, so that the least indented place is the best guess.
    best = min(found, key=lambda match: len(match.group(2)))
    return start + best.start(1)


def read_rest(path: Path, shown_as: str, start: int, envelope: Envelope) -> _Rest | None:
    """Reads the second part; runs in another process. None if there is more in it than role assignments."""
    from rbac_matrix.estate.exports.reading import FileReading

    collected = Collected(shown_as)
    reading = FileReading(path, collected)
    count = 0
    try:
        for piece in Documents(windows(path, shown_as, Range(start)), shown_as).resume(envelope):
            if piece.envelope is not envelope:
                return None
            count += len(piece.records)
            reading.take([Piece(piece.envelope, piece.records, piece.lines, last=False)])
    except ConfigurationError:
        return None
    plain = Collected(shown_as, table=collected.table, gaps=collected.gaps, refused=collected.refused)
    return _Rest(collected, envelope, count) if collected == plain else None


def _move(part: Collected, lines: int) -> None:
    """Its lines count from the file's start."""
    part.table.lines = array("I", [line + lines for line in part.table.lines])
    part.gaps = [
        replace(gap, location=Location(gap.location.path, gap.location.line + lines))
        if gap.location is not None and gap.location.line is not None
        else gap
        for gap in part.gaps
    ]
