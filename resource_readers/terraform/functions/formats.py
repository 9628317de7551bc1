"""format and formatlist: the verbs of Go, as Terraform takes them over."""

from __future__ import annotations

import re

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.unknowns import symbolic, unknown
from resource_readers.terraform.functions.encodings import json_text
from resource_readers.terraform.functions.table import Context, function
from resource_readers.terraform.numbers import Number, decimal, is_number, written
from resource_readers.terraform.values import (
    EvaluationProblem,
    deep_unknown,
    known,
    limited,
    to_bool,
    to_number,
    to_text,
)

_PIECES = re.compile(
    r"%(?P<flags>[-+# 0]*)(?P<width>[0-9]{0,9})(?P<precision>\.[0-9]{0,9})?"
    r"(?:\[(?P<position>[0-9]{1,9})\])?(?P<verb>.)?"
)
_MAXIMUM_WIDTH = 10_000


@function("format", "t v*", context=True)
def _format(context: Context, pattern: str, *values: Value) -> Value:
    writer = _Writer(pattern, list(values), context)
    return writer.result()


@function("formatlist", "t v*", context=True)
def _formatlist(context: Context, pattern: str, *values: Value) -> Value:
    items = [known(value) for value in values]
    hidden = next((one for one in items if isinstance(one, Unknown)), None)
    lists = [one for one in items if isinstance(one, list)]
    if not lists:
        return hidden if hidden is not None else [_format(context, pattern, *items)]
    if hidden is not None:
        return Unknown(hidden.reason)
    count = len(lists[0])
    if any(len(one) != count for one in lists):
        raise EvaluationProblem("formatlist(): lists of different lengths")
    context.budget.spend(count)
    return [
        _format(context, pattern, *(one[position] if isinstance(one, list) else one for one in items))
        for position in range(count)
    ]


class _Writer:
    def __init__(self, pattern: str, values: list[Value], context: Context) -> None:
        self._pattern = pattern
        self._values = values
        self._context = context
        self._next = 0
        self._used = 0
        self._hidden: Unknown | None = None

    def result(self) -> Value:
        parts: list[str] = []
        at = size = 0
        for match in _PIECES.finditer(self._pattern):
            parts.append(self._pattern[at : match.start()])
            parts.append(self._piece(match))
            size += len(parts[-1])
            limited(" " * min(size, 2_000_000))
            at = match.end()
        parts.append(self._pattern[at:])
        if self._used < len(self._values):
            raise EvaluationProblem("format(): more values than verbs")
        text = limited("".join(parts))
        return text if self._hidden is None else unknown(self._hidden.reason, text)

    def _piece(self, match: re.Match[str]) -> str:
        verb, flags, width = match["verb"], match["flags"], int(match["width"] or 0)
        if verb == "%":
            return "%"
        if not verb:
            raise EvaluationProblem("format(): a verb is missing")
        precision = int(match["precision"][1:] or 0) if match["precision"] else None
        if width > _MAXIMUM_WIDTH or (precision or 0) > _MAXIMUM_WIDTH:
            raise EvaluationProblem("format(): too wide")
        position = int(match["position"]) - 1 if match["position"] else self._next
        if not 0 <= position < len(self._values):
            raise EvaluationProblem("format(): a value is missing")
        self._next = position + 1
        self._used = max(self._used, self._next)
        value = known(self._values[position])
        if isinstance(value, Unknown):
            self._hidden = self._hidden or value
            return symbolic(value)
        text = self._written(verb, flags, precision, value)
        return text if verb == "t" else _padded(text, flags, width, numeric=verb in "bdoxXeEfFgG")

    def _written(self, verb: str, flags: str, precision: int | None, value: Value) -> str:
        if verb == "v":
            return self._any(flags, value)
        if value is None:
            raise EvaluationProblem(f"format(): null for %{verb}")
        if verb == "t":
            return to_text(to_bool(value))
        if verb in "sq":
            text = to_text(value)
            text = text if precision is None else text[:precision]
            return json_text(text, self._context.budget) if verb == "q" else text
        if verb in "bdoxX":
            return _signed(_whole(verb, flags, to_number(value)), flags)
        if verb in "eEfFgG":
            return _signed(_fraction(verb, precision, to_number(value)), flags)
        raise EvaluationProblem(f"format(): %{verb} is not known")

    def _any(self, flags: str, value: Value) -> str:
        if "#" in flags or value is None or isinstance(value, list | dict):
            hidden = deep_unknown(value, self._context.budget)
            if hidden is not None:
                self._hidden = self._hidden or hidden
                return "{?}"
            return json_text(value, self._context.budget)
        return _shortest(value, "g") if is_number(value) else to_text(value)


def _whole(verb: str, flags: str, number: Number) -> str:
    if not isinstance(number, int):
        raise EvaluationProblem(f"format(): a fraction for %{verb}")
    whole = number
    if verb == "d":
        return str(whole)
    text = format(whole, verb)
    if "#" in flags:
        sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
        text = sign + {"b": "0b", "o": "0", "x": "0x", "X": "0X"}[verb] + digits
    return text


def _fraction(verb: str, precision: int | None, number: Number) -> str:
    if verb in "fF":
        return format(decimal(number), f".{6 if precision is None else precision}f")
    if verb in "eE":
        return format(float(number), f".{6 if precision is None else precision}{verb}")
    if precision is not None:
        return format(float(number), f".{precision}{verb}")
    return _shortest(number, verb)


def _shortest(number: Number, verb: str) -> str:
    exact = decimal(number)
    digits = "".join(str(one) for one in exact.as_tuple().digits).rstrip("0") or "0"
    exponent = exact.adjusted()
    # As Go writes its big floats: with an exponent below 0.0001 and from a million on.
    if not exact or -4 <= exponent < 6:
        text = written(number)
    else:
        sign = "-" if exact < 0 else ""
        text = f"{sign}{digits[0]}{'.' + digits[1:] if len(digits) > 1 else ''}e{exponent:+03d}"
    return text.upper() if verb == "G" else text


def _signed(text: str, flags: str) -> str:
    if text.startswith("-"):
        return text
    return "+" + text if "+" in flags else " " + text if " " in flags else text


def _padded(text: str, flags: str, width: int, *, numeric: bool) -> str:
    if "-" in flags:
        return text.ljust(width)
    if "0" in flags:
        return text.zfill(width) if numeric else text.rjust(width, "0")
    return text.rjust(width)
