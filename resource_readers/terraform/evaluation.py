"""Evaluation of Terraform's expressions, with unknowns that flow through and a bounded budget.

Not the evaluator of ARM and Bicep: null, conversion between scalars, the order of maps and sets, splats and errors that
`try` may catch are different in Terraform.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.evaluation import Budget
from resource_readers.template_language.unknowns import LimitError, symbolic, unknown
from resource_readers.terraform.operators import binary, unary
from resource_readers.terraform.syntax import (
    Binary,
    Call,
    Conditional,
    Each,
    Embedded,
    For,
    Index,
    Literal,
    Member,
    Name,
    Node,
    ObjectNode,
    Splat,
    Template,
    TemplateFor,
    TemplateIf,
    TupleNode,
    Unary,
)
from resource_readers.terraform.values import (
    EvaluationProblem,
    Symbol,
    TfSet,
    index,
    kind_of,
    known,
    limited,
    member,
    same,
    to_bool,
    to_text,
    unknown_of,
)

MAXIMUM_DEPTH = 160
"""Evaluations within one another: expressions, and the names that they lead to."""

_CHARACTERS = 64
"""Characters of a text that is put together for a step."""

_ELEMENT = "*"


class Run(Protocol):
    """What one evaluation of a configuration shares."""

    budget: Budget
    depth: int


class Scope(Protocol):
    """What names and functions mean where an expression stands."""

    @property
    def run(self) -> Run:
        """Shared by everything that is evaluated."""

    def symbol(self, name: str) -> Value:
        """The first name of a traversal. Raises EvaluationProblem."""

    def call(self, name: str, arguments: list[Value]) -> Value:
        """A function. Raises EvaluationProblem."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where evaluation stands: the scope, and names that only count here (each, count, for, dynamic blocks)."""

    scope: Scope
    names: Mapping[str, Value]

    def where(self, **names: Value) -> Frame:
        """With more names."""
        return Frame(self.scope, {**self.names, **names})


def evaluate(node: Node, frame: Frame) -> Value:
    """The value of an expression. Raises EvaluationProblem and LimitError."""
    if type(node) is Literal:
        return node.value
    run = frame.scope.run
    run.budget.spend()
    run.depth += 1
    if run.depth > MAXIMUM_DEPTH:
        raise LimitError(f"nested deeper than {MAXIMUM_DEPTH} levels")
    value = _EVALUATE[type(node)](node, frame)
    run.depth -= 1
    return value


def attempt(node: Node, frame: Frame) -> Value:
    """The value of an expression; an Unknown where Terraform would refuse it. Raises LimitError."""
    return attempted(lambda: evaluate(node, frame), frame.scope.run)


def attempted(make: Callable[[], Value], run: Run) -> Value:
    """What `make` gives; an Unknown where Terraform would refuse it. Raises LimitError."""
    depth = run.depth
    try:
        return make()
    except EvaluationProblem as problem:
        return Unknown(str(problem))
    finally:
        run.depth = depth


def _embedded(node: Embedded, frame: Frame) -> Value:
    return evaluate(node.node, frame)


def _template(node: Template, frame: Frame) -> Value:
    parts: list[str] = []
    missing: Unknown | None = None
    for part in node.parts:
        value = known(evaluate(part, frame))
        if isinstance(value, Unknown):
            missing = missing or value
            parts.append(symbolic(value))
        else:
            parts.append(to_text(value))
    text = limited("".join(parts))
    frame.scope.run.budget.spend(len(text) // _CHARACTERS)
    return text if missing is None else unknown(missing.reason, text)


def _template_if(node: TemplateIf, frame: Frame) -> Value:
    condition = known(evaluate(node.condition, frame))
    if isinstance(condition, Unknown):
        return _undecided(condition, evaluate(node.then, frame), evaluate(node.otherwise, frame), frame)
    return evaluate(node.then if to_bool(condition) else node.otherwise, frame)


def _template_for(node: TemplateFor, frame: Frame) -> Value:
    over = known(evaluate(node.over, frame))
    if isinstance(over, Unknown):
        return Unknown(over.reason)
    parts: list[str] = []
    missing: Unknown | None = None
    size = 0
    for key, value in elements(over):
        text = known(evaluate(node.body, _inner(frame, node.key, node.value, key, value)))
        missing = missing or (text if isinstance(text, Unknown) else None)
        parts.append(symbolic(text) if isinstance(text, Unknown) else to_text(text))
        size += len(parts[-1])
        if size > 4_000_000:
            raise LimitError("a text that is too long")
    result = limited("".join(parts))
    frame.scope.run.budget.spend(size // _CHARACTERS)
    return result if missing is None else unknown(missing.reason, result)


def _tuple(node: TupleNode, frame: Frame) -> Value:
    frame.scope.run.budget.spend(len(node.items))
    return [evaluate(one, frame) for one in node.items]


def _object(node: ObjectNode, frame: Frame) -> Value:
    frame.scope.run.budget.spend(len(node.entries))
    result: dict[str, Value] = {}
    for entry in node.entries:
        key = known(evaluate(entry.key, frame))
        if isinstance(key, Unknown):
            return Unknown(f"a key isn't known: {key.reason}")
        result[to_text(key)] = evaluate(entry.value, frame)
    return result


def _name(node: Name, frame: Frame) -> Value:
    return frame.names[node.name] if node.name in frame.names else frame.scope.symbol(node.name)


def _member(node: Member, frame: Frame) -> Value:
    return member(evaluate(node.base, frame), node.name)


def _index(node: Index, frame: Frame) -> Value:
    return index(evaluate(node.base, frame), evaluate(node.key, frame))


def _each(_: Each, frame: Frame) -> Value:
    return frame.names[_ELEMENT]


def _splat(node: Splat, frame: Frame) -> Value:
    base = evaluate(node.base, frame)
    if base is None:
        return []
    if isinstance(base, Unknown):
        return unknown_of("{}[*]", base)
    if isinstance(base, list):
        items = list(base)
    elif isinstance(base, Symbol) and isinstance(several := base.index("*"), Unknown):
        return several
    else:
        items = [base]
    return [evaluate(node.each, frame.where(**{_ELEMENT: item})) for item in items]


def _call(node: Call, frame: Frame) -> Value:
    if node.name in _LAZY:
        return _LAZY[node.name](node, frame)
    arguments = [evaluate(one, frame) for one in node.arguments]
    if node.expand:
        rest = known(arguments.pop())
        if isinstance(rest, Unknown):
            return Unknown(rest.reason)
        if not isinstance(rest, list):
            raise EvaluationProblem(f"{node.name}(): {kind_of(rest)} can't be its arguments")
        arguments.extend(rest)
    return frame.scope.call(node.name, arguments)


def _try(node: Call, frame: Frame) -> Value:
    run = frame.scope.run
    depth = run.depth
    last = "try() without arguments"
    for one in node.arguments:
        try:
            return evaluate(one, frame)
        except EvaluationProblem as problem:
            last = str(problem)
            run.depth = depth
    raise EvaluationProblem(f"try(): {last}")


def _can(node: Call, frame: Frame) -> Value:
    run = frame.scope.run
    depth = run.depth
    try:
        value = known(evaluate(node.arguments[0], frame)) if node.arguments else None
    except EvaluationProblem:
        run.depth = depth
        return False
    return unknown_of("can({})", value) if isinstance(value, Unknown) else True


_LAZY: Mapping[str, Callable[[Call, Frame], Value]] = {
    "try": _try,
    "can": _can,
    "core::try": _try,
    "core::can": _can,
}


def _conditional(node: Conditional, frame: Frame) -> Value:
    condition = known(evaluate(node.condition, frame))
    if isinstance(condition, Unknown):
        then = attempt(node.then, frame)
        return _undecided(condition, then, attempt(node.otherwise, frame), frame)
    chosen, other = (node.then, node.otherwise) if to_bool(condition) else (node.otherwise, node.then)
    value = evaluate(chosen, frame)
    # Both sides get one type: a number beside a text becomes a text.
    if isinstance(value, bool | int | Decimal) and isinstance(attempt(other, frame), str):
        return to_text(value)
    return value


def _undecided(condition: Unknown, then: Value, otherwise: Value, frame: Frame) -> Value:
    if same(then, otherwise, frame.scope.run.budget):
        return then
    return unknown_of("{} ? {} : {}", condition, then, otherwise)


def _unary(node: Unary, frame: Frame) -> Value:
    return unary(node.operator, known(evaluate(node.operand, frame)))


def _binary(node: Binary, frame: Frame) -> Value:
    left = known(evaluate(node.left, frame))
    if node.operator in ("&&", "||"):
        stop = node.operator == "||"
        if not isinstance(left, Unknown) and to_bool(left) is stop:
            return stop
        right = known(evaluate(node.right, frame))
        if not isinstance(right, Unknown) and to_bool(right) is stop:
            return stop
        if isinstance(left, Unknown) or isinstance(right, Unknown):
            return unknown_of("{} " + node.operator + " {}", left, right)
        return not stop
    return binary(node.operator, left, known(evaluate(node.right, frame)), frame.scope.run.budget)


def elements(over: Value) -> list[tuple[Value, Value]]:
    """Keys and values of what a `for` goes through, in Terraform's order. Raises EvaluationProblem."""
    if isinstance(over, dict):
        return [(key, over[key]) for key in sorted(over)]
    if isinstance(over, TfSet):
        return [(one, one) for one in over]
    if isinstance(over, list):
        return list(enumerate(over))
    raise EvaluationProblem(f"a loop over {kind_of(over)}")


def _inner(frame: Frame, key_name: str, value_name: str, key: Value, value: Value) -> Frame:
    names = {value_name: value} if not key_name else {key_name: key, value_name: value}
    return Frame(frame.scope, {**frame.names, **names})


def _for(node: For, frame: Frame) -> Value:
    over = known(evaluate(node.over, frame))
    if isinstance(over, Unknown):
        return Unknown(over.reason)
    items: list[Value] = []
    groups: dict[str, Value] = {}
    for key, value in elements(over):
        inner = _inner(frame, node.key, node.value, key, value)
        if node.condition is not None:
            wanted = known(evaluate(node.condition, inner))
            if isinstance(wanted, Unknown):
                return Unknown(f"a loop with an unknown condition: {wanted.reason}")
            if not to_bool(wanted):
                continue
        if node.result_key is None:
            items.append(evaluate(node.body, inner))
            continue
        name = known(evaluate(node.result_key, inner))
        if isinstance(name, Unknown):
            return Unknown(f"a key isn't known: {name.reason}")
        _add(groups, to_text(name), evaluate(node.body, inner), group=node.group)
    return items if node.result_key is None else groups


def _add(groups: dict[str, Value], name: str, value: Value, *, group: bool) -> None:
    if group:
        groups.setdefault(name, []).append(value)
    elif name in groups:
        raise EvaluationProblem(f"the key {name!r} stands twice")
    else:
        groups[name] = value


_EVALUATE: Mapping[type, Callable[[Any, Frame], Value]] = {
    Embedded: _embedded,
    Template: _template,
    TemplateIf: _template_if,
    TemplateFor: _template_for,
    TupleNode: _tuple,
    ObjectNode: _object,
    Name: _name,
    Member: _member,
    Index: _index,
    Each: _each,
    Splat: _splat,
    Call: _call,
    Conditional: _conditional,
    Unary: _unary,
    Binary: _binary,
    For: _for,
}
