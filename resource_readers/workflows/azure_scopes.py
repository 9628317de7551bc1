"""Where the expressions of Azure Pipelines stand: parameters, variables, loops, and the texts that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from resource_readers.interface import Unknown
from resource_readers.reading import Reading
from resource_readers.template_language.evaluation import Budget
from resource_readers.template_language.unknowns import LimitError
from resource_readers.trees.nodes import ArrayNode, Entry, Literal, Node, ObjectNode
from resource_readers.workflows.azure_expressions import ExpressionError, evaluate, parse_expression
from resource_readers.workflows.azure_functions import MAXIMUM_TEXT
from resource_readers.workflows.azure_values import Chosen, Computed, Result, chosen_node, text_of_result, to_node
from resource_readers.workflows.documents import Document
from resource_readers.workflows.service_expressions import replace_expressions, whole_expression
from verdicts.records import record

MAXIMUM_DEPTH = 220
"""Mappings and lists in each other; one of both kinds in a file counts twice."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A parameter or variable.

    Attributes:
        value: its value.
        certain: no one else may give it another value.
    """

    value: Result
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression stands.

    Attributes:
        document: the file.
        reading: of that file.
        parameters, variables: by their folded names.
        loops: variables of `each` by their folded names.
        open: parameters that nobody declared may be given by a caller.
        done: everything was computed already (a value that a caller passed on); nothing is computed again.
        depth: how many templates and levels it is inside of others.
    """

    document: Document
    reading: Reading
    parameters: Mapping[str, Bound] = field(default_factory=dict)
    variables: Mapping[str, Bound] = field(default_factory=dict)
    loops: Mapping[str, Bound] = field(default_factory=dict)
    open: bool = False
    done: bool = False
    depth: int = 0

    def deeper(self) -> Scope:
        """One level down. Raises LimitError."""
        if self.depth >= MAXIMUM_DEPTH:
            raise LimitError(f"nested deeper than {MAXIMUM_DEPTH} levels")
        return replace(self, depth=self.depth + 1)

    def with_loop(self, name: str, value: Bound) -> Scope:
        """The scope of one round."""
        return replace(self, loops={**self.loops, name.lower(): value})


@record(frozen=True, slots=True)
class Part(ObjectNode):
    """A mapping that was computed in the scope of another file, which it remembers."""

    document: Document | None = None


def _whole(bound: Bound, name: str) -> Node:
    node = to_node(bound.value, Literal(None, 1))
    return node if bound.certain else chosen_node(node, name)


class _Names:
    """A scope as expressions see it; notes whether something uncertain was asked for."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.uncertain = ""

    @property
    def budget(self) -> Budget:
        return self._scope.reading.budget

    def chosen(self, by: str) -> None:
        self.uncertain = self.uncertain or by

    def _bound(self, bound: Bound, name: str) -> Result:
        if not bound.certain and not isinstance(bound.value, Unknown):
            self.chosen(name)
        return bound.value

    def context(self, name: str) -> Result:
        loop = self._scope.loops.get(name.lower())
        if loop is not None:
            return self._bound(loop, name)
        if name.lower() in ("parameters", "variables"):
            values = self._scope.parameters if name.lower() == "parameters" else self._scope.variables
            return ObjectNode(tuple(Entry(key, _whole(one, key), 1) for key, one in values.items()), 1)
        return Unknown(f"{name} is known only during the run", name)

    def has_members(self, name: str) -> bool:
        return name.lower() in ("parameters", "variables") and name.lower() not in self._scope.loops

    def member(self, name: str, key: str) -> Result:
        if name.lower() == "parameters":
            bound = self._scope.parameters.get(key.lower())
            if bound is None:
                return (
                    Unknown(f"the parameter {key!r} comes from the caller", f"parameters.{key}")
                    if self._scope.open
                    else None
                )
            return self._bound(bound, key)
        bound = self._scope.variables.get(key.lower())
        if bound is None:
            return Unknown(f"the variable {key!r} is known only when the run starts", f"variables.{key}")
        return self._bound(bound, key)


def compute(text: str, scope: Scope) -> tuple[Result, str]:
    """The value of an expression, and the name of something that may be chosen otherwise on which it hangs ("": none).

    Raises:
        ExpressionError: it is none.
        LimitError: it takes too much.
    """
    names = _Names(scope)
    return evaluate(parse_expression(text), names), names.uncertain


def unresolved(node: Node, scope: Scope) -> str | None:
    """Why a scalar that is nothing but an expression can't be computed; None if it can, or is something else."""
    text = node.value if isinstance(node, Literal) else None
    whole = whole_expression(text) if isinstance(text, str) and not scope.done else None
    value = _quiet(whole, scope)[0] if whole is not None else None
    return value.reason if isinstance(value, Unknown) else None


def scalar(node: Literal, scope: Scope) -> Node:
    """A scalar with its expressions computed; what isn't known stays as it is written."""
    text = node.value
    if scope.done or not isinstance(text, str) or "${{" not in text:
        return node
    scope.reading.budget.spend(1 + len(text) // 256)
    whole = whole_expression(text)
    if whole is not None:
        value, chosen = _quiet(whole, scope)
        if isinstance(value, ObjectNode | ArrayNode):
            return chosen_node(value, chosen) if chosen else value
        if isinstance(value, Unknown):
            return node
        return Chosen(value, node.line, node.column, chosen) if chosen else Computed(value, node.line, node.column)

    size, by = len(text), ""

    def shown(expression: str) -> str | None:
        nonlocal size, by
        value, chosen = _quiet(expression, scope)
        if isinstance(value, Unknown | ObjectNode | ArrayNode):
            return None
        by = by or chosen
        new = text_of_result(value)
        size += len(new)
        if size > MAXIMUM_TEXT:
            raise LimitError(f"a text longer than {MAXIMUM_TEXT:,} characters")
        scope.reading.budget.spend(1 + len(new) // 64)
        return new

    found = replace_expressions(text, shown)
    return Chosen(found, node.line, node.column, by) if by else Literal(found, node.line, node.column)


def _quiet(text: str, scope: Scope) -> tuple[Result, str]:
    try:
        return compute(text, scope)
    except ExpressionError as error:
        return Unknown(str(error)), ""
