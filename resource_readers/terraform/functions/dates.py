"""formatdate, timeadd, timecmp; what depends on the present time isn't known."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from fractions import Fraction

from resource_readers.interface import Unknown, Value
from resource_readers.terraform.functions.table import function
from resource_readers.terraform.values import EvaluationProblem

_TIMESTAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))\Z", re.ASCII
)
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_WORD = re.compile(r"'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z']+|'")
_SECONDS = {
    "ns": Fraction(1, 10**9),
    "us": Fraction(1, 10**6),
    "µs": Fraction(1, 10**6),
    "μs": Fraction(1, 10**6),
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "m": Fraction(60),
    "h": Fraction(3600),
}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def _time(text: str) -> tuple[datetime, int]:
    """The local time that is written (without its fraction), and its offset from UTC in minutes."""
    match = _TIMESTAMP.match(text)
    if match is None:
        raise EvaluationProblem(f"{text!r} is no time in RFC 3339")
    try:
        local = datetime(*(int(match.group(number)) for number in range(1, 7)))  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError:
        raise EvaluationProblem(f"{text!r} is no time in RFC 3339") from None
    if match.group(8) is None:
        return local, 0
    hours, minutes = int(match.group(9)), int(match.group(10))
    if hours > 23 or minutes > 59:
        raise EvaluationProblem(f"{text!r} is no time in RFC 3339")
    return local, (hours * 60 + minutes) * (-1 if match.group(8) == "-" else 1)


@function("timestamp", "")
def _timestamp() -> Value:
    return Unknown("the present time", "{timestamp()}")


@function("plantimestamp", "")
def _plantimestamp() -> Value:
    return Unknown("the time of the plan", "{plantimestamp()}")


@function("timecmp", "t t")
def _timecmp(first: str, second: str) -> Value:
    left, right = _instant(first), _instant(second)
    return (left > right) - (left < right)


def _instant(text: str) -> tuple[datetime, int]:
    local, offset = _time(text)
    match = _TIMESTAMP.match(text)
    fraction = (match.group(7) or "") if match is not None else ""
    return _moved(local, timedelta(minutes=-offset)), int(fraction.ljust(9, "0"))


def _moved(time: datetime, by: timedelta) -> datetime:
    try:
        return time + by
    except OverflowError:
        raise EvaluationProblem("a time that can't be written") from None


@function("timeadd", "t t")
def _timeadd(text: str, duration: str) -> Value:
    local, offset = _time(text)
    written = duration.removeprefix("-").removeprefix("+")
    parts = list(_DURATION.finditer(written))
    if (written != "0" and "".join(part.group() for part in parts) != written) or not written:
        raise EvaluationProblem(f"timeadd(): {duration!r} is no duration")
    seconds = sum((Fraction(part.group(1)) * _SECONDS[part.group(2)] for part in parts), Fraction(0))
    if seconds > 10**11:
        raise EvaluationProblem("timeadd(): too long a duration")
    signed = -seconds if duration.startswith("-") else seconds
    moved = _moved(local, timedelta(seconds=int(signed // 1)))
    return moved.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + _zone(offset, ":", utc="Z")


def _zone(minutes: int, colon: str, *, utc: str) -> str:
    if minutes == 0 and utc:
        return utc
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}{colon}{abs(minutes) % 60:02d}"


@function("formatdate", "t t")
def _formatdate(pattern: str, text: str) -> Value:
    time, offset = _time(text)
    return "".join(_formatted(match.group(), time, offset) for match in _WORD.finditer(pattern))


def _formatted(word: str, time: datetime, offset: int) -> str:
    if word == "'":
        raise EvaluationProblem("formatdate(): a text that doesn't end")
    if word.startswith("'"):
        return word[1:-1].replace("''", "'")
    if not word[0].isalpha():
        return word
    half = time.hour % 12 or 12
    values = {
        "YYYY": f"{time.year:04d}", "YY": f"{time.year % 100:02d}",
        "MMMM": _MONTHS[time.month - 1], "MMM": _MONTHS[time.month - 1][:3],
        "MM": f"{time.month:02d}", "M": str(time.month),
        "DD": f"{time.day:02d}", "D": str(time.day),
        "EEEE": _DAYS[time.weekday()], "EEE": _DAYS[time.weekday()][:3],
        "hh": f"{time.hour:02d}", "h": str(time.hour), "HH": f"{half:02d}", "H": str(half),
        "AA": "AM" if time.hour < 12 else "PM", "aa": "am" if time.hour < 12 else "pm",
        "mm": f"{time.minute:02d}", "m": str(time.minute),
        "ss": f"{time.second:02d}", "s": str(time.second),
        "ZZZZZ": _zone(offset, ":", utc=""), "ZZZZ": _zone(offset, "", utc=""),
        "ZZZ": _zone(offset, "", utc="UTC"), "Z": _zone(offset, ":", utc="Z"),
    }  # fmt: skip
    if word not in values:
        raise EvaluationProblem(f"formatdate(): {word!r} is not known")
    return values[word]
