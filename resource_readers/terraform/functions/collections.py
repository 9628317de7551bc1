"""Functions for lists, sets and maps."""

from __future__ import annotations

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.evaluation import Budget
from resource_readers.template_language.unknowns import LimitError
from resource_readers.terraform.functions.table import MAXIMUM_ITEMS, Context, function
from resource_readers.terraform.numbers import CONTEXT, Number, decimal
from resource_readers.terraform.operators import calculated
from resource_readers.terraform.types import unified
from resource_readers.terraform.values import (
    EvaluationProblem,
    Symbol,
    TfSet,
    deep_unknown,
    fingerprint,
    index,
    kind_of,
    known,
    same,
    set_of,
    to_bool,
    to_text,
)

_MAXIMUM_RANGE = 1024
"""Terraform's own limit."""


def _truths(items: list[Value], stop: bool) -> Value:
    hidden: Unknown | None = None
    for item in (known(one) for one in items):
        if isinstance(item, Unknown):
            hidden = item
        elif (item is not None and to_bool(item)) is stop:
            return stop
    return hidden if hidden is not None else not stop


@function("alltrue", "l")
def _alltrue(items: list[Value]) -> Value:
    return _truths(items, stop=False)


@function("anytrue", "l")
def _anytrue(items: list[Value]) -> Value:
    return _truths(items, stop=True)


@function("chunklist", "l i")
def _chunklist(items: list[Value], size: int) -> Value:
    if size < 0:
        raise EvaluationProblem("chunklist(): a negative size")
    return [items[at : at + size] for at in range(0, len(items), size)] if size else [list(items)]


@function("coalesce", "v*")
def _coalesce(*values: Value) -> Value:
    items = unified([known(value) for value in values])
    for original, item in zip(values, items, strict=True):
        if item is not None and item != "":
            return original if isinstance(item, Unknown) else item
    raise EvaluationProblem("coalesce(): everything is null or empty")


@function("coalescelist", "v*")
def _coalescelist(*values: Value) -> Value:
    for value in (known(one) for one in values):
        if isinstance(value, Unknown):
            return value
        if value:
            return value
    raise EvaluationProblem("coalescelist(): everything is empty")


@function("compact", "l")
def _compact(items: list[Value]) -> Value:
    values = [known(one) for one in items]
    hidden = next((one for one in values if isinstance(one, Unknown)), None)
    return (
        Unknown(hidden.reason)
        if hidden is not None
        else [to_text(one) for one in values if one is not None and one != ""]
    )


@function("concat", "l l*", context=True)
def _concat(context: Context, *lists: list[Value]) -> Value:
    context.budget.spend(sum(len(one) for one in lists))
    return [item for one in lists for item in one]


@function("contains", "l v", context=True)
def _contains(context: Context, items: list[Value], value: Value) -> Value:
    answers = [same(item, value, context.budget) for item in items]
    if any(answer is True for answer in answers):
        return True
    return Unknown("an element isn't known") if None in answers else False


@function("distinct", "l", context=True)
def _distinct(context: Context, items: list[Value]) -> Value:
    hidden = deep_unknown(items, context.budget)
    if hidden is not None:
        return Unknown(hidden.reason)
    seen: dict[str, Value] = {}
    for item in unified(list(items)):
        seen.setdefault(fingerprint(item, context.budget), item)
    return list(seen.values())


@function("element", "l i")
def _element(items: list[Value], position: int) -> Value:
    if not items or position < 0:
        raise EvaluationProblem("element(): there is none")
    return items[position % len(items)]


@function("flatten", "l", context=True)
def _flatten(context: Context, items: list[Value]) -> Value:
    result: list[Value] = []
    return _flat(items, result, context.budget, 0) or result


def _flat(items: list[Value], result: list[Value], budget: Budget, depth: int) -> Unknown | None:
    if depth > 100:
        raise LimitError("lists nested deeper than 100 levels")
    for item in (known(one) if not isinstance(one, Symbol) else one for one in items):
        budget.spend()
        if isinstance(item, Unknown):
            return Unknown(item.reason)  # it may be a list itself
        if isinstance(item, list):
            hidden = _flat(item, result, budget, depth + 1)
            if hidden is not None:
                return hidden
        else:
            result.append(item)
    return None


@function("index", "l v", context=True)
def _index(context: Context, items: list[Value], value: Value) -> Value:
    for position, item in enumerate(items):
        equal = same(item, value, context.budget)
        if equal is None:
            return Unknown("an element isn't known")
        if equal:
            return position
    raise EvaluationProblem("index(): there is no such element")


@function("keys", "m")
def _keys(value: dict[str, Value]) -> Value:
    return sorted(value)


@function("values", "m")
def _values(value: dict[str, Value]) -> Value:
    return [value[key] for key in sorted(value)]


@function("length", "a")
def _length(value: Value) -> Value:
    if not isinstance(value, str | list | dict):
        raise EvaluationProblem(f"length() of {kind_of(value)}")
    return len(value)


@function("list", "v*")
def _list(*values: Value) -> Value:
    return list(values)


@function("map", "v*")
def _map(*values: Value) -> Value:
    keys = [known(one) for one in values[::2]]
    if len(values) % 2 or not all(isinstance(one, str | Unknown) for one in keys):
        raise EvaluationProblem("map(): keys and values don't fit")
    hidden = next((one for one in keys if isinstance(one, Unknown)), None)
    return hidden if hidden is not None else dict(zip(keys, values[1::2], strict=True))


@function("lookup", "v t v?")
def _lookup(base: Value, key: str, *default: Value) -> Value:
    if isinstance(base, dict):
        if key in base:
            return base[key]
        if default:
            return default[0]
        raise EvaluationProblem(f"lookup(): there is no {key!r}")
    if isinstance(base, Unknown | Symbol):
        found = index(base, key)
        # With a default, it isn't sure that the value comes from there.
        return found if not default or isinstance(base, Symbol) else Unknown(known(base).reason)
    raise EvaluationProblem(f"lookup() in {kind_of(base)}")


@function("matchkeys", "l l l", context=True)
def _matchkeys(context: Context, values: list[Value], keys: list[Value], wanted: list[Value]) -> Value:
    if len(values) != len(keys):
        raise EvaluationProblem("matchkeys(): lists of different lengths")
    hidden = deep_unknown([*keys, *wanted], context.budget)
    if hidden is not None:
        return Unknown(hidden.reason)
    marks = {fingerprint(one, context.budget) for one in wanted}
    return [value for value, key in zip(values, keys, strict=True) if fingerprint(key, context.budget) in marks]


@function("merge", "v*", context=True)
def _merge(context: Context, *maps: Value) -> Value:
    result: dict[str, Value] = {}
    for one in (known(value) for value in maps):
        if one is None:
            continue
        if isinstance(one, Unknown):
            return Unknown(one.reason)
        if not isinstance(one, dict):
            raise EvaluationProblem(f"merge() of {kind_of(one)}")
        context.budget.spend(len(one))
        result.update(one)
    return result


@function("one", "v")
def _one(value: Value) -> Value:
    value = known(value)
    if value is None or isinstance(value, Unknown):
        return value
    if not isinstance(value, list) or len(value) > 1:
        raise EvaluationProblem("one(): more than one element")
    return value[0] if value else None


@function("range", "n n?  n?")
def _range(*limits: Number) -> Value:
    start, end = (0, limits[0]) if len(limits) == 1 else (limits[0], limits[1])
    step = limits[2] if len(limits) == 3 else (1 if end >= start else -1)
    if step == 0 or (step > 0 and end < start) or (step < 0 and end > start):
        raise EvaluationProblem("range(): the step doesn't lead there")
    items: list[Value] = []
    at: Number = start
    while at < end if step > 0 else at > end:
        if len(items) >= _MAXIMUM_RANGE:
            raise EvaluationProblem(f"range(): more than {_MAXIMUM_RANGE} elements")
        items.append(at)
        before = at
        at = calculated(lambda: CONTEXT.add(decimal(before), decimal(step)))  # noqa: B023
    return items


@function("reverse", "l")
def _reverse(items: list[Value]) -> Value:
    return list(reversed(items))


@function("setunion", "l l*", context=True)
def _setunion(context: Context, *sets: list[Value]) -> Value:
    return set_of(unified([item for one in sets for item in one]), context.budget)


@function("setintersection", "l l*", context=True)
def _setintersection(context: Context, first: list[Value], *others: list[Value]) -> Value:
    hidden = deep_unknown([first, *others], context.budget)
    if hidden is not None:
        return Unknown(hidden.reason)
    marks = [{fingerprint(item, context.budget) for item in one} for one in others]
    kept = [item for item in first if all(fingerprint(item, context.budget) in one for one in marks)]
    return set_of(kept, context.budget)


@function("setsubtract", "l l", context=True)
def _setsubtract(context: Context, first: list[Value], second: list[Value]) -> Value:
    hidden = deep_unknown([first, second], context.budget)
    if hidden is not None:
        return Unknown(hidden.reason)
    marks = {fingerprint(item, context.budget) for item in second}
    return set_of([item for item in first if fingerprint(item, context.budget) not in marks], context.budget)


@function("setproduct", "l l*", context=True)
def _setproduct(context: Context, *sets: list[Value]) -> Value:
    total = 1
    for one in sets:
        total *= len(one)
    if total * len(sets) > MAXIMUM_ITEMS:
        raise LimitError(f"setproduct() of more than {MAXIMUM_ITEMS:,} elements")
    context.budget.spend(total * len(sets))
    rows: list[list[Value]] = [[]]
    for one in sets:
        rows = [[*row, item] for row in rows for item in one]
    every_set = all(isinstance(one, TfSet) for one in sets)
    return set_of(rows, context.budget) if every_set else list(rows)


@function("slice", "l i i")
def _slice(items: list[Value], start: int, end: int) -> Value:
    if not 0 <= start <= end <= len(items) or isinstance(items, TfSet):
        raise EvaluationProblem("slice(): beyond the list")
    return items[start:end]


@function("sort", "s")
def _sort(items: list[str]) -> Value:
    return sorted(items)


@function("transpose", "m")
def _transpose(value: dict[str, Value]) -> Value:
    result: dict[str, Value] = {}
    for key in sorted(value):
        inner = known(value[key])
        items = [known(one) for one in inner] if isinstance(inner, list) else [inner]
        hidden = next((one for one in items if isinstance(one, Unknown)), None)
        if hidden is not None:
            return Unknown(hidden.reason)
        if not isinstance(inner, list) or not all(isinstance(one, str) for one in items):
            raise EvaluationProblem("transpose(): no map of lists of texts")
        for item in items:
            result.setdefault(item, []).append(key)
    return result


@function("zipmap", "s l")
def _zipmap(keys: list[str], values: list[Value]) -> Value:
    if len(keys) != len(values):
        raise EvaluationProblem("zipmap(): lists of different lengths")
    return dict(zip(keys, values, strict=True))
