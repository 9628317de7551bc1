"""Reading and verifying a trail. Nothing here changes a file; writing is in `deploy_gate.evidence.trail`."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from deploy_gate.evidence.files import open_regular, reading
from deploy_gate.evidence.head import EMPTY, Head, read_head
from deploy_gate.evidence.records import GENESIS, MAXIMUM_LINE_BYTES, RecordError, TrailRecord, decode
from verdicts.errors import CouldNotCheckError, TamperedError


@dataclass(frozen=True, slots=True)
class TrailVerification:
    """A trail that is what was written.

    Attributes:
        count: records that stand.
        last_digest: digest of the last one; GENESIS where there is none. Worth noting down elsewhere.
        interrupted: a writer died while writing a record; it stands whole (and is counted), or not. `Trail.recover` and
            the next `Trail.append` put that in order.
    """

    count: int
    last_digest: str
    interrupted: bool


def lock_path(head: Path) -> Path:
    """The file that writers and readers lock. It holds nothing."""
    return head.with_name(head.name + ".lock")


def verify(records: Path, head: Path) -> TrailVerification:
    """Checks every byte of a trail against its chain and its head. Where neither file exists, the trail is empty.

    Raises:
        TamperedError: names the first record that is not as it was written, its line, and what is wrong.
        CouldNotCheckError: a file can't be read.
    """
    with readable(records), reading(lock_path(head)), Inspection.open(records, head) as inspection:
        for _ in inspection:
            pass
        return inspection.verification()


def read_records(records: Path, head: Path) -> Iterator[TrailRecord]:
    """The records in order, each verified against the one before; the last against the head.

    Records that are added meanwhile are not among them. The lock is not held between two records: a reader that takes
    its time doesn't stop a writer.

    Raises:
        TamperedError, CouldNotCheckError: as `verify`, when the place is reached.
    """
    with readable(records), contextlib.ExitStack() as stack:
        with reading(lock_path(head)):
            inspection = stack.enter_context(Inspection.open(records, head))
            # An interrupted record may be cut away as soon as the lock is free, so these are read before.
            held = list(inspection) if inspection.head.pending is not None else None
        yield from inspection.settled() if held is None else held


@contextlib.contextmanager
def readable(records: Path) -> Iterator[None]:
    """Turns the system's refusals into the error of ours: what can't be read is not tampered with, it is unchecked."""
    try:
        yield
    except OSError as error:
        raise CouldNotCheckError(
            f"the trail can't be read: {error.strerror or error}",
            where=str(error.filename or records),
            remedy="look at its owner and permissions, and at the disk",
        ) from None


class Inspection:
    """One pass over the records. Iterating yields each record that stands; the end of it checks the trail's end."""

    def __init__(self, head: Head, stream: IO[bytes], records: Path) -> None:
        self.head = head
        self.count = 0
        self.digest = GENESIS
        self.whole_bytes = 0
        self.torn_bytes = 0
        self._stream = stream
        self._records = records

    @classmethod
    @contextlib.contextmanager
    def open(cls, records: Path, head: Path) -> Iterator[Inspection]:
        """Opens both files. Raises TamperedError where one of them is missing though the other is there."""
        found = read_head(head)
        stream = open_regular(records)
        with stream or io.BytesIO() as opened:
            if found is None and stream is not None:
                raise TamperedError(
                    "record 1 and all after it have nothing that vouches for them: the head of the trail is missing",
                    where=str(head),
                    remedy=f"it belongs to {records}; restore both from one backup",
                )
            yield cls(found or EMPTY, opened, records)

    def __iter__(self) -> Iterator[TrailRecord]:
        while (record := self._next()) is not None:
            yield record
        self._check_end()

    def settled(self) -> Iterator[TrailRecord]:
        """The records that the head vouches for, whatever was added since it was read."""
        while self.count < self.head.position.count:
            record = self._next()
            if record is None:
                self._check_end()
                return
            yield record

    def verification(self) -> TrailVerification:
        """What was found, once the iteration has ended."""
        return TrailVerification(self.count, self.digest, self.head.pending is not None)

    def tampered(self, number: int, what: str) -> TamperedError:
        """The error for a record, which has the number of its line."""
        return TamperedError(f"record {number}: {what}", where=f"{self._records}:{number}")

    def _next(self) -> TrailRecord | None:
        """The next whole line as a record, or None where only a part of a line is left, or nothing."""
        number = self.count + 1
        line = self._stream.readline(MAXIMUM_LINE_BYTES + 1)
        if not line.endswith(b"\n"):
            if len(line) > MAXIMUM_LINE_BYTES:
                raise self.tampered(number, f"the line is longer than {MAXIMUM_LINE_BYTES:,} bytes")
            self.torn_bytes = len(line)
            return None
        try:
            record = decode(line)
        except RecordError as error:
            raise self.tampered(number, str(error)) from None
        self._check_link(number, record)
        self._check_head(number, record)
        self.count = number
        self.digest = record.digest
        self.whole_bytes += len(line)
        return record

    def _check_link(self, number: int, record: TrailRecord) -> None:
        if record.sequence < number:
            raise self.tampered(number, f"record {record.sequence} stands in its place, a second time or moved")
        if record.sequence > number:
            raise self.tampered(number, f"missing; record {record.sequence} stands in its place")
        if record.previous != self.digest:
            raise self.tampered(number, "does not follow the record before it: 'previous' is another digest")

    def _check_head(self, number: int, record: TrailRecord) -> None:
        position, pending = self.head.position, self.head.pending
        if number == position.count and record.digest != position.digest:
            raise self.tampered(
                number, "not the last record that the head vouches for: the records or the head were rewritten"
            )
        if number > position.count and (pending is None or (number, record.digest) != (pending.count, pending.digest)):
            raise self.tampered(number, f"added by somebody else: the head vouches for {position.count} records")

    def _check_end(self) -> None:
        promised = self.head.position.count
        if self.count < promised:
            what = "cut off in the middle of its line" if self.torn_bytes else "missing"
            raise self.tampered(self.count + 1, f"{what}: the head vouches for {promised} records")
        announced = self.head.pending is not None and self.count == promised
        if self.torn_bytes and not announced:
            raise self.tampered(
                self.count + 1, f"{self.torn_bytes:,} bytes that are no record stand after the last record"
            )
