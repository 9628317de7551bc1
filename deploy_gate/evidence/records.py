"""One record of the audit trail, and its one spelling as a line of bytes.

The format is described in docs/trail.md. A record has exactly one spelling: `decode` refuses every other, so no byte of
a trail can change without being seen, not even a space.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from verdicts.digests import canonical_json, is_digest

GENESIS = "sha256:" + "0" * 64
"""What the first record names as its predecessor."""

MAXIMUM_LINE_BYTES = 4 * 1024 * 1024
"""Longest line, with its line feed. Large things belong beside the trail, with their digest in it."""

MAXIMUM_NAME_CHARACTERS = 200
MAXIMUM_DEPTH = 64
# 617 digits: below the lowest limit that Python's conversion can be set to, so every reader can read it.
MAXIMUM_INTEGER_BITS = 2_048

_FIELDS = frozenset({"sequence", "at", "run", "event", "data", "previous", "digest"})
_DIGEST_KEY = b',"digest":"'


class RecordError(ValueError):
    """This can't be a record of a trail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailRecord:
    """What happened once. Made by `make_record` and `decode` only, so that the digest is always the right one.

    Attributes:
        sequence: 1 for the first record, then without gaps.
        at: the moment of writing by the writer's clock (UTC). Clocks can be wrong: the order is that of `sequence`.
        run: which run of the gate wrote it; printable, 1 to 200 characters.
        event: what happened ("step-completed"); printable, 1 to 200 characters.
        data: JSON values; not to be changed.
        previous: digest of the record before, GENESIS for the first.
        digest: SHA-256 over the canonical JSON of all other fields.
    """

    sequence: int
    at: dt.datetime
    run: str
    event: str
    data: Mapping[str, Any]
    previous: str
    digest: str


def make_record(
    *, sequence: int, at: dt.datetime, run: str, event: str, data: Mapping[str, Any], previous: str
) -> TrailRecord:
    """A new record with its digest.

    Lone surrogates in texts (file names that aren't UTF-8) become visible escapes, since JSON can't tell two of them
    from one character.

    Raises:
        RecordError: for a moment that isn't UTC, an empty or unprintable name, a value that JSON doesn't have (NaN
            too), nesting or whole numbers beyond the limits above, or a line longer than MAXIMUM_LINE_BYTES.
    """
    _check(sequence, at, run, event, previous)
    unsigned = TrailRecord(
        sequence=sequence, at=at, run=run, event=event, data=_plain_mapping(data, 1), previous=previous, digest=GENESIS
    )
    # Read back what was encoded: the caller's own lists and mappings can change later, these can't.
    line = encode(replace(unsigned, digest=_digest(encode(unsigned))))
    if len(line) > MAXIMUM_LINE_BYTES:
        raise RecordError(f"a record of {len(line):,} bytes; at most {MAXIMUM_LINE_BYTES:,} are allowed")
    return decode(line)


def encode(record: TrailRecord) -> bytes:
    """The record's line: canonical JSON and a line feed."""
    fields = {
        "sequence": record.sequence,
        "at": record.at.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z",
        "run": record.run,
        "event": record.event,
        "data": record.data,
        "previous": record.previous,
        "digest": record.digest,
    }
    return canonical_json(fields) + b"\n"


def decode(line: bytes) -> TrailRecord:
    """The record that stands in a line, which ends with its line feed.

    Raises:
        RecordError: what is wrong, if the line is not exactly what `encode` writes, or the digest is not that of the
            content.
    """
    if len(line) > MAXIMUM_LINE_BYTES:
        raise RecordError(f"the line is longer than {MAXIMUM_LINE_BYTES:,} bytes")
    try:
        fields = json.loads(line.decode("ascii"))
    except (ValueError, RecursionError):
        raise RecordError("the line is not canonical JSON") from None
    if not isinstance(fields, dict) or fields.keys() != _FIELDS:
        raise RecordError(f"the line does not have exactly the fields {', '.join(sorted(_FIELDS))}")
    record = _record(fields)
    try:
        # Also finds what the parser forgives: a key that stands twice, NaN, 1e400, another escape.
        canonical = encode(record) == line
    except (ValueError, RecursionError):
        canonical = False
    if not canonical:
        raise RecordError("the line is not in the one spelling that a record has")
    if _digest(line) != record.digest:
        raise RecordError("the content was changed: its digest is another one")
    return record


def _digest(line: bytes) -> str:
    """Digest over a canonical line without its digest field and line feed.

    Taken out of the bytes, which halves the time of a verification. The last `,"digest":"` is the record's own: only
    event, previous, run and sequence come after it, and within a text each quotation mark has a backslash before it.
    """
    start = line.rindex(_DIGEST_KEY)
    end = start + len(_DIGEST_KEY) + len(GENESIS) + 1
    return "sha256:" + hashlib.sha256(line[:start] + line[end:-1]).hexdigest()


def _record(fields: dict[str, Any]) -> TrailRecord:
    """The fields with their types checked; whether they are spelled canonically is the caller's question."""
    try:
        at = dt.datetime.fromisoformat(fields["at"])
    except (TypeError, ValueError):
        raise RecordError("'at' is not a moment") from None
    for name in ("run", "event", "previous", "digest"):
        if type(fields[name]) is not str:
            raise RecordError(f"{name!r} is not text")
    if not isinstance(fields["data"], dict):
        raise RecordError("'data' is not a mapping")
    if not is_digest(fields["digest"]):
        raise RecordError("'digest' is not a digest")
    _check(fields["sequence"], at, fields["run"], fields["event"], fields["previous"])
    return TrailRecord(**{**fields, "at": at})


def _check(sequence: int, at: dt.datetime, run: str, event: str, previous: str) -> None:
    if type(sequence) is not int or sequence < 1:
        raise RecordError("'sequence' is not a whole number from 1")
    if at.utcoffset() != dt.timedelta():
        raise RecordError("'at' is not in UTC")
    for name, text in (("run", run), ("event", event)):
        # isprintable is false for control, bidirectional and invisible characters and for lone surrogates.
        if not 0 < len(text) <= MAXIMUM_NAME_CHARACTERS or not text.isprintable():
            raise RecordError(f"{name!r} must be 1 to {MAXIMUM_NAME_CHARACTERS} printable characters")
    if not is_digest(previous):
        raise RecordError("'previous' is not a digest")


def _plain_mapping(value: Mapping[str, Any], depth: int) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise RecordError(f"a key that is not text: {key!r}")
        name = _plain_text(key)
        if name in plain:
            raise RecordError(f"two keys that read the same: {name!r}")
        plain[name] = _plain(item, depth + 1)
    return plain


def _plain_text(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _plain(value: object, depth: int) -> object:
    """A value as JSON has it; anything that JSON would bend (dates, sets, keys that are numbers) is refused."""
    if depth > MAXIMUM_DEPTH:
        raise RecordError(f"data nested deeper than {MAXIMUM_DEPTH} levels")
    if isinstance(value, Mapping):
        return _plain_mapping(value, depth)
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1) for item in value]
    if type(value) is str:
        return _plain_text(value)
    if type(value) is float and not math.isfinite(value):
        raise RecordError(f"{value} is not JSON")
    if type(value) is int and value.bit_length() > MAXIMUM_INTEGER_BITS:
        raise RecordError(f"a whole number of more than {MAXIMUM_INTEGER_BITS} bits")
    if value is None or type(value) in (bool, int, float):
        return value
    raise RecordError(f"a {type(value).__name__} is not JSON")
