"""Writing the audit trail: append only, hash-chained, safe against crashes and against two writers at once.

One append is three steps, each on disk before the next begins:

1. the head announces the next record (`pending`),
2. the record's line is added,
3. the head moves on to it.

A crash between them leaves a state that can be told from tampering: whatever stands after the head's last record is
either the announced record, whole, or a torn part of a line while something is announced. Only these are repaired.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from deploy_gate.evidence.files import append_to_file, cut_file, make_folder, open_regular, replace_file, writing
from deploy_gate.evidence.head import EMPTY, Head, Position, encode_head, read_head
from deploy_gate.evidence.records import (
    MAXIMUM_LINE_BYTES,
    RecordError,
    TrailRecord,
    decode,
    encode,
    make_record,
)
from deploy_gate.evidence.verification import Inspection, lock_path, read_records
from verdicts.errors import CouldNotCheckError, TamperedError


def trail_paths(state: Path) -> tuple[Path, Path]:
    """Where the trail of a state folder stands: the records, and apart from them the head."""
    return state / "trail" / "records.jsonl", state / "trail-head" / "head.json"


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Trail:
    """The audit trail in two files.

    Args:
        records: the records, one a line.
        head: the head; in another folder, so that who may write the one need not be able to write the other.
        clock: the moment of a record (aware, UTC).
    """

    def __init__(self, records: Path, head: Path, *, clock: Callable[[], dt.datetime] = _now) -> None:
        if records.parent == head.parent:
            raise ValueError("the head of a trail is kept apart from its records")
        self._records = records
        self._head = head
        self._clock = clock

    def append(self, run: str, event: str, data: Mapping[str, Any]) -> TrailRecord:
        """Adds one record; it is on disk when this returns. Repairs an interrupted write first.

        Raises:
            TamperedError: the end of the trail is not what the head says; nothing was written.
            CouldNotCheckError: the trail can't be written (the disk, permissions).
            RecordError: run, event or data can't be a record; nothing was written.
        """
        with self._writing():
            position = self._settle().position
            record = make_record(
                sequence=position.count + 1,
                at=self._clock(),
                run=run,
                event=event,
                data=data,
                previous=position.digest,
            )
            after = Position(record.sequence, record.digest)
            replace_file(self._head, encode_head(Head(position, pending=after)))
            append_to_file(self._records, encode(record))
            replace_file(self._head, encode_head(Head(after)))
        return record

    def recover(self) -> bool:
        """Puts an interrupted write in order: the record is finished if it stands whole, else it never was.

        Verifies the whole trail first.

        Returns:
            whether there was something to repair.

        Raises:
            TamperedError, CouldNotCheckError: as `append`.
        """
        if not os.path.lexists(self._head) and not os.path.lexists(self._records):
            return False
        with self._writing():
            return self._repair()

    def records(self, run: str | None = None) -> Iterator[TrailRecord]:
        """The records in order, of one run or of all; see `verification.read_records`."""
        return (record for record in read_records(self._records, self._head) if run in (None, record.run))

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            make_folder(self._head.parent)
            make_folder(self._records.parent)
            with writing(lock_path(self._head)):
                yield
        except OSError as error:
            raise CouldNotCheckError(
                f"the trail can't be written: {error.strerror or error}",
                where=str(error.filename or self._records),
                remedy="look at its owner and permissions, and at the disk; nothing goes on without a trail",
            ) from None

    def _settle(self) -> Head:
        """The head, once nothing is pending and the last record agrees with it."""
        head = read_head(self._head)
        if head is None or head.pending is not None:
            self._repair()
            head = read_head(self._head) or EMPTY
        self._check_tail(head.position)
        return head

    def _repair(self) -> bool:
        with Inspection.open(self._records, self._head) as inspection:
            for _ in inspection:
                pass
            found = inspection.verification()
            if not found.interrupted:
                return False
            if inspection.torn_bytes:
                cut_file(self._records, inspection.whole_bytes)
        replace_file(self._head, encode_head(Head(Position(found.count, found.last_digest))))
        return True

    def _check_tail(self, position: Position) -> None:
        """Compares the last record with the head; the rest is `verify`'s business."""
        stream = open_regular(self._records)
        tail = b""
        if stream is not None:
            with stream:
                size = stream.seek(0, os.SEEK_END)
                stream.seek(max(0, size - MAXIMUM_LINE_BYTES - 1))
                tail = stream.read()
        if position.count == 0:
            if tail:
                raise self._changed(1, "added by somebody else: the head vouches for no record")
            return
        last = tail[tail.rfind(b"\n", 0, -1) + 1 :]
        try:
            record = decode(last)
        except RecordError as error:
            raise self._changed(position.count, str(error)) from None
        if (record.sequence, record.digest) != (position.count, position.digest):
            raise self._changed(position.count, f"not the last one: record {record.sequence} stands at the end")

    def _changed(self, number: int, what: str) -> TamperedError:
        return TamperedError(
            f"record {number}: {what}", where=f"{self._records}:{number}", remedy="type `mlgate trail verify`"
        )
