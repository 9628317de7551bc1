"""Type constraints of variables, and the conversion of values to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.evaluation import Budget
from resource_readers.terraform.expressions import ExpressionParser
from resource_readers.terraform.scanning import SyntaxProblem
from resource_readers.terraform.syntax import Call, Literal, Name, Node, ObjectNode, TupleNode
from resource_readers.terraform.values import (
    EvaluationProblem,
    Symbol,
    kind_of,
    set_of,
    to_bool,
    to_number,
    to_text,
)

_SCALARS = ("string", "number", "bool", "any")
_COLLECTIONS = ("list", "set", "map")


@dataclass(frozen=True, slots=True)
class Type:
    """A type constraint.

    Attributes:
        name: "string", "number", "bool", "any", "list", "set", "map", "object", "tuple".
        of: the elements' type (list, set, map), or those of a tuple.
        attributes: of an object.
        optional: names of attributes that may be left out, with the default's expression or None.
    """

    name: str
    of: tuple[Type, ...] = ()
    attributes: Mapping[str, Type] = field(default_factory=dict)
    optional: Mapping[str, Node | None] = field(default_factory=dict)


ANY = Type("any")


def type_of(node: Node | None) -> Type:
    """The constraint that an expression stands for; what isn't understood constrains nothing."""
    if isinstance(node, Literal) and isinstance(node.value, str):  # in JSON, and before Terraform 0.12
        try:
            node = ExpressionParser(node.value).expression()
        except SyntaxProblem:
            return ANY
    if isinstance(node, Name):
        if node.name in _SCALARS:
            return Type(node.name)
        return Type(node.name, (ANY,)) if node.name in _COLLECTIONS else ANY
    if isinstance(node, Call) and len(node.arguments) == 1:
        inner = node.arguments[0]
        if node.name in _COLLECTIONS:
            return Type(node.name, (type_of(inner),))
        if node.name == "tuple" and isinstance(inner, TupleNode):
            return Type("tuple", tuple(type_of(one) for one in inner.items))
        if node.name == "object" and isinstance(inner, ObjectNode):
            return _object_type(inner)
    return ANY


def _object_type(node: ObjectNode) -> Type:
    attributes: dict[str, Type] = {}
    optional: dict[str, Node | None] = {}
    for entry in node.entries:
        if not isinstance(entry.key, Literal) or not isinstance(entry.key.value, str):
            continue
        name, value = entry.key.value, entry.value
        if isinstance(value, Call) and value.name == "optional" and value.arguments:
            optional[name] = value.arguments[1] if len(value.arguments) > 1 else None
            value = value.arguments[0]
        attributes[name] = type_of(value)
    return Type("object", (), attributes, optional)


class Conversion:
    """Converts values. `evaluate` gives the defaults of optional attributes."""

    def __init__(self, budget: Budget, evaluate: Callable[[Node], Value]) -> None:
        self._budget = budget
        self._evaluate = evaluate

    def convert(self, value: Value, to: Type) -> Value:
        """The value as the type has it. Raises EvaluationProblem."""
        self._budget.spend()
        if value is None or to.name == "any" or isinstance(value, Unknown | Symbol):
            return value
        match to.name:
            case "string":
                return to_text(value)
            case "number":
                return to_number(value)
            case "bool":
                return to_bool(value)
            case "list" | "set" | "tuple":
                return self._sequence(value, to)
        if not isinstance(value, dict):
            raise EvaluationProblem(f"{kind_of(value)} where a map is needed")
        return self._object(value, to) if to.name == "object" else self._map(value, to)

    def _sequence(self, value: Value, to: Type) -> Value:
        if not isinstance(value, list):
            raise EvaluationProblem(f"{kind_of(value)} where a list is needed")
        if to.name == "tuple":
            if len(value) != len(to.of):
                raise EvaluationProblem(f"{len(value)} elements where {len(to.of)} are needed")
            return [self.convert(one, of) for one, of in zip(value, to.of, strict=True)]
        items = unified([self.convert(one, to.of[0]) for one in value])
        return set_of(items, self._budget) if to.name == "set" else items

    def _map(self, value: dict[str, Value], to: Type) -> Value:
        items = unified([self.convert(one, to.of[0]) for one in value.values()])
        return dict(zip(value, items, strict=True))

    def _object(self, value: dict[str, Value], to: Type) -> Value:
        result: dict[str, Value] = {}
        for name, of in to.attributes.items():
            given = value.get(name)
            if given is None and name in to.optional:
                default = to.optional[name]
                if default is not None:
                    given = self._evaluate(default)
            elif name not in value:
                raise EvaluationProblem(f"the attribute {name!r} is missing")
            result[name] = self.convert(given, of)
        return result


def unified(items: list[Value]) -> list[Value]:
    """Scalars of different types as texts, as the elements of a list or map all have one type."""
    kinds = {type(one) if not isinstance(one, bool) else bool for one in items if one is not None}
    if str in kinds and len(kinds) > 1 and not any(isinstance(one, list | dict) for one in items):
        return [to_text(one) if isinstance(one, bool | int | Decimal) else one for one in items]
    return items
