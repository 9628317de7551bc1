"""Values as policies see them: JSON values, and what isn't known before deployment."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from verdicts.records import record

UNKNOWN_KEY = "$unknown"


class PolicyError(Exception):
    """Base of what the engine raises."""


class DefinitionError(PolicyError):
    """A definition that can't be loaded.

    Attributes:
        what: what is wrong.
        path: where in the definition ("if.allOf[1].field").
    """

    def __init__(self, what: str, path: str = "") -> None:
        super().__init__(f"{path}: {what}" if path else what)
        self.what = what
        self.path = path


class EvaluationError(PolicyError):
    """An evaluation that fails: Azure denies the request then (a failed evaluation is an implicit deny)."""


@record(frozen=True, slots=True)
class Unknown:
    """A value, or the truth of a condition, that can't be known now. It is neither true nor false nor null.

    Attributes:
        reason: why, in words.
        text: of a value as it stands in a resource, what is known of it as text, with `{...}` for the rest; else "".
    """

    reason: str
    text: str = ""

    def __bool__(self) -> bool:
        raise TypeError("what is unknown is neither true nor false")

    @property
    def without_text(self) -> Unknown:
        """What comes of it by a function: unknown for the same reason, with another text."""
        return Unknown(self.reason) if self.text else self


Truth = bool | Unknown


def known(value: Any) -> Any:
    """The value, or Unknown where it is the marker {"$unknown": reason} that template expansion writes."""
    if type(value) is dict and UNKNOWN_KEY in value:
        text = value.get("text")
        return Unknown(str(value[UNKNOWN_KEY]), text if type(text) is str else "")
    return value


def first_unknown(value: Any) -> Unknown | None:
    """The first unknown anywhere inside a value, or None."""
    if isinstance(value, Unknown):
        return value
    if isinstance(value, dict):
        if UNKNOWN_KEY in value:
            return Unknown(str(value[UNKNOWN_KEY]))
        for item in value.values():
            found = first_unknown(item)
            if found is not None:
                return found
    elif isinstance(value, list):
        for item in value:
            found = first_unknown(item)
            if found is not None:
                return found
    return None


def get_key(mapping: Mapping[str, Any], key: str, lower: str) -> Any:
    """A member by its name, whatever the case, as property names of resources compare; None if absent."""
    if key in mapping:
        return mapping[key]
    length = len(lower)
    for name, value in mapping.items():
        if len(name) == length and name.lower() == lower:
            return value
    return None


def copied(value: Any) -> Any:
    """A copy of a JSON value that shares nothing that can be changed with it."""
    if type(value) is dict:
        return {key: copied(item) if type(item) in _CONTAINERS else item for key, item in value.items()}
    if type(value) is list:
        return [copied(item) if type(item) in _CONTAINERS else item for item in value]
    return value


_CONTAINERS = frozenset({dict, list})


def text_of(value: Any) -> str:
    """A scalar as Azure turns it into text where text is compared; 5.0 isn't "5" then (Azure/azure-policy-linter)."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return str(value)
    except ValueError:
        raise EvaluationError("a number of too many digits") from None


def same(left: Any, right: Any) -> bool:
    """Equality of conditions: of scalars as text without case, so that null equals ""."""
    if isinstance(left, dict | list) or isinstance(right, dict | list):
        return _same_container(left, right)
    one, other = text_of(left), text_of(right)
    return one == other or one.casefold() == other.casefold()


def _same_container(left: Any, right: Any) -> bool:
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        lowered = {key.lower(): value for key, value in right.items()}
        return len(left) == len(lowered) and all(
            key.lower() in lowered and same(value, lowered[key.lower()]) for key, value in left.items()
        )
    return False


_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?\s*(Z|[+-]\d\d:?\d\d)?", re.IGNORECASE
)


def parse_date(text: str) -> tuple[dt.datetime, int] | None:
    """A moment in ISO 8601, as (UTC to the second, ticks of 100 ns); None for anything else. No zone means UTC."""
    found = _DATE.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day, hour, minute = (int(found.group(index)) for index in range(1, 6))
    try:
        moment = dt.datetime(year, month, day, hour, minute, int(found.group(6) or 0), tzinfo=dt.UTC)
        zone = found.group(8)
        if zone is not None and zone.upper() != "Z":
            digits = zone[1:].replace(":", "")
            offset = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
            moment = moment - offset if zone[0] == "+" else moment + offset
    except (ValueError, OverflowError):
        return None
    return moment, int((found.group(7) or "").ljust(7, "0"))


def write_date(moment: dt.datetime, ticks: int = 0) -> str:
    """Universal ISO 8601 with seven digits of a second, as Azure writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ticks:07d}Z" if moment.year >= 1000 else _early(moment, ticks)


def _early(moment: dt.datetime, ticks: int) -> str:
    # strftime doesn't pad years before 1000 everywhere.
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}.{ticks:07d}Z"
