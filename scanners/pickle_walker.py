"""A walk over a pickle that never unpickles: what it would import and call, and whether all of it could be followed.

A pickle is a program for a small stack machine. This walks through it with a symbolic stack: texts, numbers, tuples
and imported names are followed, everything else is opaque. What can't be resolved is a problem, never silence.
Where the unpickler would stop with an error, the walk may go on: it sees at least what would run.

A joblib dump is walked twice: as joblib's loader reads it, and as `pickle.load` does.
"""

from __future__ import annotations

from typing import BinaryIO

from scanners.pickle_machine import Machine
from scanners.pickle_opcodes import (
    MalformedPickleError,
    OpcodeReader,
    PickleLimitError,
    PickleStreamError,
    TruncatedPickleError,
)
from scanners.pickle_record import Record
from scanners.pickle_results import Problem, ProblemKind, Unread, UnreadKind, Walk, WalkLimits


def walk_pickle(stream: BinaryIO, size: int, *, limits: WalkLimits | None = None) -> Walk:
    """Walks over the file's pickle, and over what stands behind it.

    Args:
        stream: seekable, opened in binary mode.
        size: of the file, in bytes.
        limits: see WalkLimits.

    Raises:
        OSError: if the stream can't be read; nothing else.
    """
    bounds = limits or WalkLimits()
    record = Record(bounds)
    end, unread = _run(stream, 0, size, record, joblib=False)
    if record.wrapper_imported and (unread is None or unread.kind is not UnreadKind.LIMIT):
        # As pickle.load sees it the stream breaks off at the first array; the names until there stay on record.
        record.stray = False
        end, unread = _run(stream, 0, size, record, joblib=True)
    if unread is None and end < size:
        _walk_behind(stream, end, size, record)
        if record.exhausted:
            unread = Unread(UnreadKind.LIMIT, end, "the data behind the pickle exceeds the bounds of the walk")
    return Walk(
        imports=record.imports,
        problems=record.problems,
        unread=unread,
        end=end,
        opcodes=record.opcodes,
        joblib=record.wrapper_imported,
    )


def _run(stream: BinaryIO, start: int, end: int, record: Record, *, joblib: bool) -> tuple[int, Unread | None]:
    """One pickle: where it ends, and why it could not be followed."""
    reader = OpcodeReader(stream, start, end, maximum_line=record.limits.line_bytes)
    try:
        Machine(reader, record, joblib=joblib).run()
    except PickleStreamError as error:
        return reader.position, Unread(_kind(error), error.offset, str(error))
    return reader.position, None


def _kind(error: PickleStreamError) -> UnreadKind:
    if isinstance(error, TruncatedPickleError):
        return UnreadKind.TRUNCATED
    if isinstance(error, MalformedPickleError):
        return UnreadKind.MALFORMED
    if isinstance(error, PickleLimitError):
        return UnreadKind.LIMIT
    return UnreadKind.UNSUPPORTED


def _walk_behind(stream: BinaryIO, start: int, size: int, record: Record) -> None:
    """A loader that is called twice reads on behind the first pickle."""
    record.problem(Problem(ProblemKind.TRAILING_DATA, start, f"{size - start:,} bytes"))
    position = start
    with record.within_nested():
        for _ in range(record.limits.trailing_pickles):
            position, unread = _run(stream, position, size, record, joblib=False)
            if unread is not None or position >= size:
                return
