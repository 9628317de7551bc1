"""A large list of role assignments on two cores: another process reads its second half."""

from __future__ import annotations

import multiprocessing
import os
import re
from array import array
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from rbac_matrix.estate.exports.assignments import AssignmentReader
from rbac_matrix.estate.exports.interface import Collected
from rbac_matrix.estate.exports.streams import Documents, Envelope, Piece
from rbac_matrix.estate.exports.text import Range, encoding_of, windows
from verdicts import ConfigurationError, Location

WORTH_IT = 48 * 1024 * 1024
"""Bytes; a smaller file is read before another process has started."""
_NEIGHBOURHOOD = 1024 * 1024
_BETWEEN = re.compile(rb"\}[ \t\r\n]*(,)([ \t\r\n]*)\{")


def read_in_halves(path: Path, into: Collected) -> bool:
    """Adds a large list to `into` and gives True; gives False, with nothing added, for any other file.

    Where something is wrong with the file it gives False, too: the error is told by who reads it as a whole.
    """
    try:
        if path.stat().st_size < WORTH_IT or len(os.sched_getaffinity(0)) < 2:
            return False
        cut = _middle(path)
        if cut is None:
            return False
        return _read(path, cut, into)
    except (OSError, ValueError, AttributeError, ConfigurationError):
        return False


@dataclass(frozen=True, slots=True)
class _Rest:
    """What the second half came to; its lines count from its start. `count` is how many records its list had."""

    collected: Collected
    envelope: Envelope
    count: int


def _middle(path: Path) -> int | None:
    """Offset of a comma that seems to stand between two records, in the middle of the file."""
    with path.open("rb") as stream:
        if encoding_of(stream.read(4)) != "utf-8-sig":
            return None
        stream.seek(path.stat().st_size // 2)
        start, text = stream.tell(), stream.read(_NEIGHBOURHOOD)
    found = list(_BETWEEN.finditer(text))
    if not found:
        return None
    # Lists in records are indented more, so that the least indented place is the best guess.
    best = min(found, key=lambda match: len(match.group(2)))
    return start + best.start(1)


def _read(path: Path, cut: int, into: Collected) -> bool:
    """Raises ConfigurationError where either half isn't what it should be."""
    from rbac_matrix.estate.exports.reading import FileReading, reader_of

    first = Collected(into.shown_as)
    reading = FileReading(path, first)
    documents = Documents(windows(path, into.shown_as, Range(0, cut)), into.shown_as, open_end=True)
    pieces = documents.pieces()
    head = next(pieces)
    if not head.records or head.last or not isinstance(head.records[0], dict):
        return False
    if not isinstance(reader_of(head.records[0]), AssignmentReader):
        return False
    # A new process, no copy of this one: threads may be running here.
    with ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn")) as pool:
        rest = pool.submit(read_rest, path, into.shown_as, cut + 1, head.envelope)
        reading.take([head])
        reading.take(pieces)
        if not documents.cut_in_list or reading.document is None:
            return False
        lines = documents.line - 1
        other = rest.result()
    if other is None:
        return False
    _move(other.collected, lines)
    reading.document.envelope = other.envelope
    reading.document.count += other.count
    reading.end(Piece(other.envelope, (), (), last=True))
    reading.close()
    for half in (first, other.collected):
        half.note_refused()
        into.table.extend(half.table)
        into.gaps += half.gaps
        into.covers |= half.covers
        into.whole |= half.whole
    return True


def read_rest(path: Path, shown_as: str, start: int, envelope: Envelope) -> _Rest | None:
    """Reads the second half; runs in another process. None if there is more in it than role assignments."""
    from rbac_matrix.estate.exports.reading import FileReading

    collected = Collected(shown_as)
    reading = FileReading(path, collected)
    count = 0
    for piece in Documents(windows(path, shown_as, Range(start)), shown_as).resume(envelope):
        if piece.envelope is not envelope:
            return None
        count += len(piece.records)
        reading.take([Piece(piece.envelope, piece.records, piece.lines, last=False)])
    plain = Collected(shown_as, table=collected.table, gaps=collected.gaps, refused=collected.refused)
    return _Rest(collected, envelope, count) if collected == plain else None


def _move(half: Collected, lines: int) -> None:
    """Its lines count from the file's start."""
    half.table.lines = array("I", [line + lines for line in half.table.lines])
    half.gaps = [
        replace(gap, location=Location(gap.location.path, gap.location.line + lines))
        if gap.location is not None and gap.location.line is not None
        else gap
        for gap in half.gaps
    ]
