"""`dateTimeAdd`, `dateTimeFromEpoch`, `dateTimeToEpoch`: moments in UTC, durations and .NET's formats of moments.

Sources: Microsoft's page "Date functions"; .NET's pages on standard and custom date and time format strings. A duration
is turned into days and ticks as .NET's XML conversion does: a year has 365 days and a month 30 (Azure/bicep#8188: ten
years after 2022-09-01 is 2032-08-29; the page's own example: a month after 31 January is 2 March).
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?)?\s?(Z|[+-]\d\d:?\d\d)?", re.ASCII
)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(?:\.(\d{1,7}))?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_DURATION = re.compile(
    r"(-?)P(?=.)(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})D)?"
    r"(?:T(?=.)(?:(\d{1,12})H)?(?:(\d{1,12})M)?(?:(\d{1,12})(?:\.(\d{1,7})\d*)?S)?)?",
    re.ASCII,
)


class NotSupportedError(Exception):
    """.NET would write it, and this module doesn't; the message says what."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment in UTC: to the second, and what is behind it in ticks (a ten-millionth of a second)."""

    second: dt.datetime
    ticks: int = 0

    def plus(self, days: int, ticks: int) -> Moment:
        """Later, or earlier. Raises ValueError outside of the calendar."""
        seconds, rest = divmod(self.ticks + ticks, 10_000_000)
        try:
            return Moment(self.second + dt.timedelta(days=days, seconds=seconds), rest)
        except OverflowError:
            raise ValueError("leaves the calendar") from None


def parse_moment(text: str) -> Moment:
    """An ISO 8601 moment, also in the form without signs; without a zone it is UTC.

    Raises:
        ValueError: it is none.
        NotSupportedError: its zone isn't UTC (in which zone the result is written isn't documented).
    """
    found = _MOMENT.fullmatch(text.strip()) or _COMPACT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"needs an ISO 8601 moment, found {text[:40]!r}")
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    if zone not in (None, "Z") and zone.strip("+-0:"):
        raise NotSupportedError("a moment in another zone than UTC")
    try:
        clock = int(hour or 0), int(minute or 0), int(second or 0)
        whole = dt.datetime(int(year), int(month), int(day), *clock, tzinfo=dt.UTC)
    except ValueError:
        raise ValueError(f"needs an ISO 8601 moment, found {text[:40]!r}") from None
    return Moment(whole, int((fraction or "").ljust(7, "0")) if fraction else 0)


def parse_duration(text: str) -> tuple[int, int]:
    """An ISO 8601 duration like "-P1Y2M3DT4H5M6.5S" as days and ticks. Raises ValueError."""
    found = _DURATION.fullmatch(text)
    if found is None or len(text) > 100:
        raise ValueError(f"needs an ISO 8601 duration, found {text[:40]!r}")
    years, months, days, hours, minutes, seconds = (int(group or 0) for group in found.groups()[1:7])
    fraction = int((found.group(8) or "").ljust(7, "0")) if found.group(8) else 0
    # Twelve months are a year first, and only what is left over counts 30 days each.
    whole = (years + months // 12) * 365 + months % 12 * 30 + days
    ticks = ((hours * 60 + minutes) * 60 + seconds) * 10_000_000 + fraction
    return (-whole, -ticks) if found.group(1) else (whole, ticks)


def to_epoch(moment: Moment) -> int:
    """dateTimeToEpoch(): whole seconds since 1970."""
    return int((moment.second - _EPOCH) // dt.timedelta(seconds=1))


def from_epoch(seconds: int) -> Moment:
    """dateTimeFromEpoch(). Raises ValueError outside of the calendar."""
    try:
        return Moment(_EPOCH + dt.timedelta(seconds=seconds))
    except OverflowError:
        raise ValueError("leaves the calendar") from None


def write_iso(moment: Moment) -> str:
    """As `dateTimeAdd` without a format writes it: 2020-04-07T14:53:14Z, with a fraction only if there is one."""
    return _custom(moment, "yyyy-MM-ddTHH:mm:ss.FFFFFFFK")


_STANDARD = {
    "d": "MM/dd/yyyy",
    "D": "dddd, dd MMMM yyyy",
    "f": "dddd, dd MMMM yyyy HH:mm",
    "F": "dddd, dd MMMM yyyy HH:mm:ss",
    "g": "MM/dd/yyyy HH:mm",
    "G": "MM/dd/yyyy HH:mm:ss",
    "m": "MMMM dd",
    "M": "MMMM dd",
    "o": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "O": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "R": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "s": "yyyy-MM-ddTHH:mm:ss",
    "t": "HH:mm",
    "T": "HH:mm:ss",
    "u": "yyyy-MM-dd HH:mm:ssZ",
    "U": "dddd, dd MMMM yyyy HH:mm:ss",
    "y": "yyyy MMMM",
    "Y": "yyyy MMMM",
}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_TOKEN = re.compile(
    r"(d{1,})|(M{1,})|(y{1,})|(h{1,})|(H{1,})|(m{1,})|(s{1,})|(\.?F{1,7})|(f{1,7})|(t{1,})|(z{1,})|(g{1,})|(K)"
    r"|'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|\\(.)|(%)|(.)",
    re.DOTALL,
)


def write_moment(moment: Moment, pattern: str) -> str:
    """A moment by a standard or custom format of .NET, in its invariant culture.

    Raises:
        ValueError: there is no such format.
        NotSupportedError: what .NET writes isn't worked out here.
    """
    if len(pattern) <= 1:
        if (pattern or "G") not in _STANDARD:
            raise ValueError(f"knows no format {pattern!r}")
        pattern = _STANDARD[pattern or "G"]
    return _custom(moment, pattern)


def _custom(moment: Moment, pattern: str) -> str:
    return "".join([_token(moment, found) for found in _TOKEN.finditer(pattern)])


def _token(moment: Moment, found: re.Match[str]) -> str:
    at, text, second = found.lastindex or 0, found.group(), moment.second
    match at:
        case 1:
            name = _DAYS[second.weekday()]
            return (str(second.day), f"{second.day:02}", name[:3], name)[min(len(text), 4) - 1]
        case 2:
            name = _MONTHS[second.month - 1]
            return (str(second.month), f"{second.month:02}", name[:3], name)[min(len(text), 4) - 1]
        case 3:
            return f"{second.year % 100:0{len(text)}}" if len(text) < 3 else f"{second.year:0{len(text)}}"
        case 4:
            return f"{second.hour % 12 or 12:0{min(len(text), 2)}}"
        case 5 | 6 | 7:
            number = (second.hour, second.minute, second.second)[at - 5]
            return f"{number:0{min(len(text), 2)}}"
        case 8:  # a point before it goes with it if there is no fraction
            digits = f"{moment.ticks:07}"[: len(text.lstrip("."))].rstrip("0")
            return f".{digits}" if text.startswith(".") and digits else digits
        case 9:
            return f"{moment.ticks:07}"[: len(text)]
        case 10:
            half = "AM" if second.hour < 12 else "PM"
            return half[: len(text)]
        case 11:
            return ("+0", "+00", "+00:00")[min(len(text), 3) - 1]
        case 12:
            return "A.D."
        case 13:
            return "Z"
        case 14 | 15:
            return re.sub(r"\\(.)", r"\1", found.group(at), flags=re.DOTALL)
        case 16:
            return found.group(16)
        case 17:
            return ""
    if text in "'\"\\":
        raise ValueError("found a quotation that doesn't end")
    return text
