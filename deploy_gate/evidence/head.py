"""The head of a trail: how many records there are, and the digest of the last; kept apart from the records.

It shows what a bare chain can't: that the tail was cut or made longer. `pending` announces the record that is about to
be written, so that a crash between the two files can be told from tampering.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy_gate.evidence.files import open_regular
from deploy_gate.evidence.records import GENESIS
from verdicts.digests import canonical_json, is_digest
from verdicts.documents import DocumentError, parse_json
from verdicts.errors import TamperedError

_MAXIMUM_BYTES = 4_096


@dataclass(frozen=True, slots=True)
class Position:
    """A point in the trail: after `count` records, the last of which has this digest."""

    count: int
    digest: str


@dataclass(frozen=True, slots=True)
class Head:
    """Where the trail stands, and where it stands once the announced record is written (None if none is)."""

    position: Position
    pending: Position | None = None


EMPTY = Head(Position(0, GENESIS))


def encode_head(head: Head) -> bytes:
    """The head file's bytes: canonical JSON and a line feed."""
    pending = None
    if head.pending is not None:
        pending = {"count": head.pending.count, "digest": head.pending.digest}
    return canonical_json({"count": head.position.count, "digest": head.position.digest, "pending": pending}) + b"\n"


def read_head(path: Path) -> Head | None:
    """The head, or None if there is no file.

    Raises:
        TamperedError: if the file is not exactly what mlgate writes.
        OSError: if it can't be read.
    """
    stream = open_regular(path)
    if stream is None:
        return None
    with stream:
        data = stream.read(_MAXIMUM_BYTES + 1)
    try:
        content = parse_json(data)
        head = Head(_position(content), _position(content["pending"]) if content["pending"] is not None else None)
        if encode_head(head) != data:
            raise ValueError("another spelling")
        if (head.position.count == 0) != (head.position.digest == GENESIS):
            raise ValueError("count and digest contradict each other")
        if head.pending is not None and head.pending.count != head.position.count + 1:
            raise ValueError("the announced record is not the next one")
    except (DocumentError, ValueError, TypeError, KeyError) as error:
        raise TamperedError(
            f"the head of the trail was changed: it is not what mlgate writes ({error})", where=str(path)
        ) from None
    return head


def _position(content: Any) -> Position:
    count, digest = content["count"], content["digest"]
    if type(count) is not int or count < 0 or not isinstance(digest, str) or not is_digest(digest):
        raise ValueError("no count and digest")
    return Position(count, digest)
