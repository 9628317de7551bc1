"""Functions that a template declares itself: `functions: [{namespace, members}]`, called as `namespace.name(...)`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from resource_readers.arm.expressions import expression_of
from resource_readers.interface import Unknown, Value
from resource_readers.template_language.evaluation import Budget, Frame, Scope, evaluate
from resource_readers.template_language.unknowns import FunctionError, symbolic, unknown, unknown_call
from resource_readers.trees.nodes import ArrayNode, Literal, Node, ObjectNode, Unreadable


@dataclass(frozen=True, slots=True)
class UserFunction:
    """One function: the casefolded names of its parameters, and its value."""

    name: str
    parameters: tuple[str, ...]
    body: Node

    def call(self, scope: Scope, arguments: tuple[Value, ...], frame: Frame) -> Value:
        """Its value. Raises FunctionError and LimitError."""
        if len(arguments) > len(self.parameters):
            raise FunctionError(f"takes {len(self.parameters)} arguments")
        values = dict(zip(self.parameters, arguments, strict=False))
        return evaluate(self.body, Frame(_Inside(scope, values), depth=frame.depth))


class _Inside:
    """What a function's own expressions see: its parameters, the other functions, and no variable or resource."""

    def __init__(self, outside: Scope, values: Mapping[str, Value]) -> None:
        self._outside = outside
        self._values = values

    @property
    def budget(self) -> Budget:
        """See evaluation.Scope."""
        return self._outside.budget

    def symbol(self, name: str, frame: Frame) -> Value:
        """See evaluation.Scope."""
        return Unknown(f"{name!r} is no value")

    def unreadable(self, node: Unreadable) -> None:
        """See evaluation.Scope."""
        self._outside.unreadable(node)

    def call(self, name: str, arguments: tuple[Value, ...], frame: Frame) -> Value:
        """See evaluation.Scope."""
        folded = name.casefold()
        if folded == "parameters":
            asked = symbolic(arguments[0]).casefold() if arguments else ""
            if asked in self._values:
                return self._values[asked]
            return unknown(f"the function was given no {asked!r}")
        if folded in ("variables", "reference", "references"):
            return unknown_call(name, arguments, f"a function can't call {name}()")
        return self._outside.call(name, arguments, frame)


def user_functions(template: ObjectNode) -> dict[str, UserFunction]:
    """The functions of a template, by casefolded "namespace.name"."""
    section = template.get("functions")
    made: dict[str, UserFunction] = {}
    for item in section.items if isinstance(section, ArrayNode) else ():
        namespace = item.get("namespace") if isinstance(item, ObjectNode) else None
        members = item.get("members") if isinstance(item, ObjectNode) else None
        if not (isinstance(namespace, Literal) and isinstance(members, ObjectNode)):
            continue
        for entry in members.entries:
            name = f"{namespace.value}.{entry.key}".casefold()
            made[name] = _function(name, entry.value)
    return made


def _function(name: str, node: Node) -> UserFunction:
    parameters = node.get("parameters") if isinstance(node, ObjectNode) else None
    output = node.get("output") if isinstance(node, ObjectNode) else None
    value = output.get("value") if isinstance(output, ObjectNode) else None
    names = [one.get("name") for one in _items(parameters) if isinstance(one, ObjectNode)]
    body = Unreadable(f"the function {name} has no value", node.line) if value is None else expression_of(value)
    return UserFunction(
        name, tuple(str(one.value).casefold() if isinstance(one, Literal) else "" for one in names), body
    )


def _items(node: Node | None) -> tuple[Node, ...]:
    return node.items if isinstance(node, ArrayNode) else ()
