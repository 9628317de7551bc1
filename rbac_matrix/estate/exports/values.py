"""Strict JSON values, and what a list of records is made of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

LISTS = ("value", "data")
"""Keys under which an answer holds its records."""


@dataclass(slots=True)
class Envelope:
    """What stands beside the records of one document. `fields` is whole only behind the document's last records.

    Attributes:
        key: the key of the list; "" for a list without anything around it, None for a single record.
        line: 1-based line of the document's start.
    """

    key: str | None
    line: int
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some records of a document, with the line of each. `last` says that the document ends behind them."""

    envelope: Envelope
    records: Sequence[Any]
    lines: Sequence[int]
    last: bool


class RefusedError(Exception):
    """It is JSON, or nearly, and isn't taken."""


def _pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(items)
    if len(result) != len(items):
        seen: set[str] = set()
        twice = next(key for key, _ in items if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise RefusedError(f"the key {twice!r} stands twice")
    return result


def _no_constant(name: str) -> Any:
    raise RefusedError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_no_constant)


def decode(text: str, start: int) -> tuple[Any, int]:
    """A value and its end. Raises json.JSONDecodeError and RefusedError."""
    try:
        return _DECODER.raw_decode(text, start)
    except json.JSONDecodeError:
        raise
    except RecursionError:
        raise RefusedError("nested too deeply") from None
    except ValueError as error:  # an integer with more digits than Python converts
        raise RefusedError(str(error)) from None
