"""`format`: .NET's composite formatting in its invariant culture.

Source: .NET's pages "Composite formatting", "Standard numeric format strings" and "Custom numeric format strings".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{(\d{1,7})\s*(?:,\s*(-?\d{1,7})\s*)?(?::([^{}]*))?\}|[{}]")
_STANDARD = re.compile(r"([A-Za-z])(\d{0,3})")
_CUSTOM = re.compile(r"([^0#.,%;'\"\\\u2030]*?)([0#,]*)(?:\.([0#]*))?(%?)([^0#.,%;'\"\\\u2030]*)")
_MAXIMUM_PLACES = 400
_CONTEXT = Context(prec=2_000)  # enough for every double and as many places as are allowed


class NotSupportedError(Exception):
    """A format that .NET knows and this module doesn't; the message is the format."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """`{index,width:specifier}`; width 0 for none, negative to stand at the left; specifier "" for none."""

    index: int
    width: int
    specifier: str

    @property
    def plain(self) -> bool:
        """Whether the value stands there as it is."""
        return not self.width and not self.specifier

    def aligned(self, text: str) -> str:
        """The text in the width."""
        return text.rjust(self.width) if self.width >= 0 else text.ljust(-self.width)


def parts_of(pattern: str) -> Sequence[str | Placeholder]:
    """A format string as plain texts and placeholders. Raises ValueError for a brace that stands alone."""
    parts: list[str | Placeholder] = []
    at = 0
    for found in _PLACEHOLDER.finditer(pattern):
        if found.start() > at:
            parts.append(pattern[at : found.start()])
        at = found.end()
        index, width, specifier = found.groups()
        if index is not None:
            parts.append(Placeholder(int(index), int(width or 0), specifier or ""))
        elif found.group() in ("{{", "}}"):
            parts.append(found.group()[0])
        else:
            raise ValueError("found a brace that stands alone")
    if at < len(pattern):
        parts.append(pattern[at:])
    return parts


def format_number(value: int | float, specifier: str) -> str:
    """A number by a standard ("N2", "D4", "X") or custom ("#,##0.00") format.

    Raises:
        ValueError: the number can't be written so, or there is no such format.
        NotSupportedError: the result hangs on the culture (C, P), or isn't worked out here.
    """
    standard = _STANDARD.fullmatch(specifier)
    if standard is not None:
        return _standard(value, standard.group(1), standard.group(2))
    custom = _CUSTOM.fullmatch(specifier)
    if custom is None:
        raise NotSupportedError(repr(specifier))
    return _custom(Decimal(repr(value)), custom)


def _standard(value: int | float, letter: str, digits: str) -> str:
    number, places = Decimal(repr(value)), int(digits) if digits else 2
    if places > _MAXIMUM_PLACES or not number.is_finite():
        raise NotSupportedError(repr(f"{letter}{digits}"))
    match letter.upper():
        case "D" if isinstance(value, int):
            return f"{'-' if value < 0 else ''}{abs(value):0{int(digits or 0)}d}"
        case "X" if isinstance(value, int):
            shown = f"{value & 0xFFFFFFFFFFFFFFFF:x}".rjust(int(digits or 0), "0")
            return shown.upper() if letter == "X" else shown
        case "B" if isinstance(value, int):
            return f"{value & 0xFFFFFFFFFFFFFFFF:b}".rjust(int(digits or 0), "0")
        case "N":
            return f"{_rounded(number, places):,.{places}f}"
        case "F":
            return f"{_rounded(number, places):.{places}f}"
        case "E":
            return _scientific(number, int(digits) if digits else 6, letter, least=3)
        case "G" if isinstance(value, int):
            return _general(number, int(digits or 0), letter)
        case "R" if not digits and isinstance(value, int):
            return str(value)
        case "D" | "X" | "B":
            raise ValueError(f"can't write a number with a fraction as {letter}")
        case "C" | "G" | "P" | "R":
            raise NotSupportedError(repr(f"{letter}{digits}"))
    raise ValueError(f"knows no format {letter!r}")


def _scientific(number: Decimal, places: int, letter: str, *, least: int) -> str:
    if not number:
        mantissa, exponent = f"{Decimal(0):.{places}f}", 0
    else:
        exponent = number.adjusted()
        rounded = _rounded(number.scaleb(-exponent), places)
        if abs(rounded) >= 10:
            exponent += 1
            rounded = _rounded(number.scaleb(-exponent), places)
        mantissa = f"{rounded:.{places}f}"
    return f"{mantissa}{letter}{'-' if exponent < 0 else '+'}{abs(exponent):0{least}d}"


def _general(number: Decimal, digits: int, letter: str) -> str:
    """G of a whole number: as it is, or in powers of ten where it has more digits than asked for."""
    if not digits or number.adjusted() < digits:
        return f"{number:f}"
    mantissa, _, exponent = _scientific(number, digits - 1, "E" if letter == "G" else "e", least=2).partition(
        "E" if letter == "G" else "e"
    )
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}{'E' if letter == 'G' else 'e'}{exponent}"


def _custom(number: Decimal, found: re.Match[str]) -> str:
    before, whole_part, fraction_part, percent, after = found.groups()
    if not number.is_finite() or whole_part.startswith(",") or whole_part.endswith(",") or len(whole_part) > 100:
        raise NotSupportedError(repr(found.group()))
    digits = whole_part.replace(",", "")
    fraction_part = fraction_part or ""
    if "#" in digits.lstrip("#") or "0" in fraction_part.lstrip("0") or not (digits or fraction_part):
        raise NotSupportedError(repr(found.group()))
    places = len(fraction_part)
    least = digits.count("0")
    wanted = fraction_part.count("0")
    shown = f"{_rounded(abs(number) * (100 if percent else 1), places):.{places}f}"
    whole, _, fraction = shown.partition(".")
    fraction = fraction[:wanted] + fraction[wanted:].rstrip("0")
    whole = whole.lstrip("0").rjust(least, "0")
    if "," in whole_part and len(whole) > 3:
        whole = _grouped(whole)
    sign = "-" if number < 0 and (whole + fraction).strip("0,") else ""
    return f"{sign}{before}{whole}{'.' + fraction if fraction else ''}{percent}{after}"


def _grouped(digits: str) -> str:
    first = len(digits) % 3
    groups = [digits[:first]] if first else []
    return ",".join(groups + [digits[at : at + 3] for at in range(first, len(digits), 3)])


def _rounded(number: Decimal, places: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _CONTEXT)
