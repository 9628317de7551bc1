"""Numbers as Terraform has them: binary floats of 512 bits, here decimals of as many digits; whole ones as int."""

from __future__ import annotations

from decimal import Clamped, Context, Decimal, DecimalException, DivisionByZero, InvalidOperation, Overflow

CONTEXT = Context(prec=154, traps=[DivisionByZero, InvalidOperation, Overflow])
CONTEXT.traps[Clamped] = False
_MAXIMUM_EXPONENT = 400

Number = int | Decimal


def is_number(value: object) -> bool:
    """Whether it is a number; truth values aren't."""
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def number_of(written: str) -> Number | None:
    """A number as Terraform or JSON writes it; None if it is none or too large to be worked with."""
    try:
        if written.isascii() and written.removeprefix("-").isdigit():
            return int(written) if len(written) <= _MAXIMUM_EXPONENT else None
        return normal(CONTEXT.create_decimal(written))
    except (DecimalException, ValueError):
        return None


def normal(value: Decimal) -> Number | None:
    """A whole number as int; None if it is too large to be worked with."""
    if not value.is_finite() or (value and abs(value.adjusted()) > _MAXIMUM_EXPONENT):
        return None
    return int(value) if value == value.to_integral_value() else CONTEXT.normalize(value)


def decimal(value: Number) -> Decimal:
    """A number for calculation."""
    return value if isinstance(value, Decimal) else CONTEXT.create_decimal(value)


def written(value: Number) -> str:
    """A number as text."""
    return str(value) if isinstance(value, int) else format(value, "f")


def plain_number(value: Decimal) -> float:
    """A number that isn't whole, for what is handed out."""
    return float(value)
