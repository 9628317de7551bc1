"""Values of Terraform's language: texts, numbers (int, Decimal), truth values, null, lists, sets, maps, unknowns."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.evaluation import Budget
from resource_readers.template_language.unknowns import MAXIMUM_TEXT, LimitError, unknown
from resource_readers.terraform.numbers import Number, is_number, number_of, plain_number, written

MAXIMUM_DEPTH = 150


class EvaluationProblem(Exception):
    """An expression that Terraform would refuse; the message says why. `try` and `can` catch it."""


class TfSet(list[Value]):
    """A set: distinct elements, in the order in which Terraform goes through them."""


class Symbol:
    """Something that is no value itself but has members: a resource, `var`, `local`, a module ..."""

    def member(self, name: str) -> Value:
        """`symbol.name`. Raises EvaluationProblem."""
        raise NotImplementedError

    def index(self, key: Value) -> Value:
        """`symbol[key]`; the key "*" asks for what `symbol[*]` goes through. Raises EvaluationProblem."""
        raise NotImplementedError

    def whole(self) -> Unknown:
        """What stands for all of it where a value is needed."""
        raise NotImplementedError


def known(value: Value) -> Value:
    """The value, or the Unknown that stands for a symbol."""
    return value.whole() if isinstance(value, Symbol) else value


def kind_of(value: Value) -> str:
    """What a value is, for messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, str):
        return "a text"
    if is_number(value):
        return "a number"
    if isinstance(value, TfSet):
        return "a set"
    return "a list" if isinstance(value, list) else "a map" if isinstance(value, dict) else "unknown"


def member(base: Value, name: str) -> Value:
    """`base.name`. Raises EvaluationProblem."""
    if isinstance(base, dict):
        if name in base:
            return base[name]
        raise EvaluationProblem(f"there is no attribute {name!r}")
    if isinstance(base, Unknown):
        return _part(base, name, f".{name}")
    if isinstance(base, Symbol):
        return base.member(name)
    raise EvaluationProblem(f"{name!r} is asked of {kind_of(base)}")


def index(base: Value, key: Value) -> Value:
    """`base[key]`. Raises EvaluationProblem."""
    key = known(key)
    if isinstance(base, Unknown):
        if isinstance(key, str):
            return _part(base, key, f'["{key}"]')
        return _part(base, str(key), f"[{key}]") if is_number(key) else Unknown(base.reason)
    if isinstance(base, Symbol):
        return base.index(key)
    if isinstance(key, Unknown):
        return Unknown(key.reason)
    if isinstance(base, TfSet):
        raise EvaluationProblem("the elements of a set have no numbers")
    if isinstance(base, list):
        position = to_number(key)
        if isinstance(position, int) and 0 <= position < len(base):
            return base[position]
        raise EvaluationProblem(f"there is no element {position}")
    if isinstance(base, dict):
        return member(base, to_text(key))
    raise EvaluationProblem(f"an element is asked of {kind_of(base)}")


def _part(base: Unknown, name: str, shown: str) -> Unknown:
    text = ""
    if base.text.startswith("{") and base.text.endswith("}") and base.text.count("{") == 1:
        text = f"{base.text[:-1]}{shown}}}"
    return unknown(base.reason, text, resource=base.resource, path=(*base.path, name) if base.resource else ())


def to_text(value: Value) -> str:
    """A scalar as text. Raises EvaluationProblem."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if is_number(value):
        return written(value)
    raise EvaluationProblem(f"{kind_of(value)} where a text is needed")


def to_number(value: Value) -> Number:
    """A number, or a text that holds one. Raises EvaluationProblem."""
    if is_number(value):
        number: Number = value
        return number
    if isinstance(value, str) and value and "_" not in value:
        read = number_of(value.removeprefix("+"))
        if read is not None:
            return read
    raise EvaluationProblem(f"{kind_of(value)} where a number is needed")


def to_bool(value: Value) -> bool:
    """A truth value, or a text that holds one. Raises EvaluationProblem."""
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise EvaluationProblem(f"{kind_of(value)} where a truth value is needed")


def same(left: Value, right: Value, budget: Budget) -> bool | None:
    """Whether two values are equal; None if that isn't known."""
    left, right = known(left), known(right)
    budget.spend()
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return True if _same_unknown(left, right) else None
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right) or isinstance(left, TfSet) is not isinstance(right, TfSet):
            return False
        return _all(same(one, other, budget) for one, other in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        if left.keys() != right.keys():
            return False
        return _all(same(one, right[key], budget) for key, one in left.items())
    if is_number(left) and is_number(right):
        return bool(left == right)
    return type(left) is type(right) and bool(left == right)


def _same_unknown(left: Value, right: Value) -> bool:
    if not (isinstance(left, Unknown) and isinstance(right, Unknown)):
        return False
    return bool(left.text) and left.text == right.text and "{?}" not in left.text


def _all(answers: Iterable[bool | None]) -> bool | None:
    result: bool | None = True
    for answer in answers:
        if answer is False:
            return False
        if answer is None:
            result = None
    return result


def deep_unknown(value: Value, budget: Budget, depth: int = 0) -> Unknown | None:
    """The first Unknown in a value."""
    value = known(value)
    if isinstance(value, Unknown):
        return value
    if isinstance(value, list | dict):
        if depth > MAXIMUM_DEPTH:
            raise LimitError(f"a value nested deeper than {MAXIMUM_DEPTH} levels")
        budget.spend(len(value))
        for one in value.values() if isinstance(value, dict) else value:
            found = deep_unknown(one, budget, depth + 1) if not isinstance(one, str) else None
            if found is not None:
                return found
    return None


def set_of(items: Iterable[Value], budget: Budget) -> TfSet | Unknown:
    """A set of values; unknown if one of them is, as it may equal another."""
    distinct: dict[str, Value] = {}
    for item in items:
        hidden = deep_unknown(item, budget)
        if hidden is not None:
            return Unknown(hidden.reason)
        distinct.setdefault(fingerprint(item, budget), item)
    values = list(distinct.values())
    return TfSet(sorted(values) if _comparable(values) else [distinct[key] for key in sorted(distinct)])


def _comparable(values: list[Value]) -> bool:
    """Whether all are texts, all numbers, or all truth values."""
    kinds = {bool if isinstance(one, bool) else str if isinstance(one, str) else is_number(one) for one in values}
    return len(kinds) == 1 and False not in kinds


def fingerprint(value: Value, budget: Budget) -> str:
    """A text that is the same for equal values and for no others."""
    budget.spend()
    if isinstance(value, dict):
        inner = ",".join(f"{key!r}:{fingerprint(value[key], budget)}" for key in sorted(value))
        return limited("{" + inner + "}")
    if isinstance(value, list):
        mark = "s" if isinstance(value, TfSet) else ""
        return limited(mark + "[" + ",".join(fingerprint(one, budget) for one in value) + "]")
    if is_number(value):
        return written(value)
    return repr(value)


def limited(text: str) -> str:
    """The text. Raises LimitError if it is too long."""
    if len(text) > MAXIMUM_TEXT:
        raise LimitError(f"a text longer than {MAXIMUM_TEXT:,} characters")
    return text


def shown(value: Value) -> str:
    """A value in the text of an Unknown; "" if it can't be shown so that equal texts mean equal values."""
    value = known(value)
    if isinstance(value, Unknown):
        return value.text
    if isinstance(value, str):
        return f'"{value}"'
    return to_text(value) if isinstance(value, bool) or is_number(value) else "null" if value is None else ""


def unknown_of(pattern: str, *values: Value, reason: str = "") -> Unknown:
    """An Unknown made of values of which at least one isn't known; `{}` in the pattern stands for one."""
    values = tuple(known(value) for value in values)
    why = reason or next((one.reason for one in values if isinstance(one, Unknown)), "a part of it isn't known")
    parts = [shown(value) for value in values]
    if not all(parts):
        return Unknown(why)
    pieces = pattern.split("{}")
    text = "".join(piece + part for piece, part in zip(pieces, [*parts, ""], strict=True))
    return unknown(why, "{" + text + "}")


def finished(value: Value, budget: Budget, depth: int = 0) -> Value:
    """The value as it is handed out: plain lists, dicts, int and float."""
    budget.spend(2)
    if isinstance(value, str | Unknown) or value is None:
        return value
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, list | dict):
        if depth > MAXIMUM_DEPTH:
            raise LimitError(f"a value nested deeper than {MAXIMUM_DEPTH} levels")
        if isinstance(value, list):
            return [finished(one, budget, depth + 1) for one in value]
        return {key: finished(one, budget, depth + 1) for key, one in value.items()}
    return value.whole() if isinstance(value, Symbol) else value
