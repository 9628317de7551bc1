"""Parameters and variables of Azure Pipelines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from resource_readers.interface import Unknown, Value
from resource_readers.trees.nodes import Node, ObjectNode
from resource_readers.workflows.azure_scopes import Bound, Scope, unresolved
from resource_readers.workflows.azure_templates import Shape, deep
from resource_readers.workflows.azure_values import Chosen, Result, from_node
from resource_readers.workflows.properties import entries_of, items_of, node_of, text_of, value_of


def declared(node: Node | None, scope: Scope) -> list[dict[str, Value]]:
    """The parameters that a file declares, for the property `parameters`."""
    found: list[dict[str, Value]] = []
    if isinstance(node, ObjectNode):
        return [{"name": name, "default": value_of(one.value, scope.reading.budget)} for name, one in entries_of(node)]
    for item in items_of(node):
        if isinstance(item, ObjectNode):
            value = value_of(item, scope.reading.budget)
            found.append({str(key): one for key, one in value.items()})
    return found


def bound_parameters(node: Node | None, scope: Scope, given: Mapping[str, Bound], *, called: bool) -> Scope:
    """The scope of a file with its parameters.

    Args:
        node: what the file declares (`parameters`), as a mapping or a list.
        scope: of the file, without them.
        given: by the caller, by folded names.
        called: there is a caller; without one every default may be replaced by whoever starts the run.
    """
    values: dict[str, Bound] = {}
    for name, default, kind in _defaults(node):
        if name.lower() in given:
            bound = given[name.lower()]
            values[name.lower()] = Bound(_typed(bound.value, kind), bound.certain)
        elif default is None:
            values[name.lower()] = Bound(Unknown(f"the parameter {name!r} has no value", f"parameters.{name}"), False)
        else:
            computed = from_node(deep(default, scope))
            values[name.lower()] = Bound(_typed(computed, kind), called)
    for name, bound in given.items():
        values.setdefault(name, bound)
    return replace(scope, parameters=values, open=not called)


def _defaults(node: Node | None) -> list[tuple[str, Node | None, str]]:
    """Name, default and type of each parameter."""
    if isinstance(node, ObjectNode):
        return [(name, one.value, "") for name, one in entries_of(node)]
    found = []
    for item in items_of(node):
        name = text_of(node_of(item, "name"))
        if name:
            found.append((name, node_of(item, "default"), text_of(node_of(item, "type")).lower()))
    return found


def _typed(value: Result, kind: str) -> Result:
    if (
        kind == "boolean"
        and isinstance(value, str)
        and value.lower() in ("true", "false", "yes", "no", "on", "off", "y", "n")
    ):
        return value.lower() in ("true", "yes", "on", "y")
    return value


def given_parameters(shape: Shape, scope: Scope) -> dict[str, Bound]:
    """What a caller passes to a template (`parameters` beside `template`), computed in the caller's scope."""
    found: dict[str, Bound] = {}
    inner = shape.shape("parameters")
    if inner is None:
        return found
    for name in inner.names:
        entry = inner.entry(name, passing=True)
        if entry is None:
            continue
        value = from_node(entry.value)
        if isinstance(value, str) and "${{" in value and not scope.done:
            reason = unresolved(entry.value, scope) or "a value that is known only when the run starts"
            value = Unknown(reason, value)
        found[name.lower()] = Bound(value, not isinstance(entry.value, Chosen))
    return found


def with_variables(scope: Scope, more: Mapping[str, Bound]) -> Scope:
    """The scope with further variables."""
    scope.reading.budget.spend(1 + (len(scope.variables) + len(more)) // 8)
    return replace(scope, variables={**scope.variables, **more}) if more else scope


def known_names(scope: Scope) -> dict[str, str]:
    """The variables whose value is known, as scripts and macros see them."""
    found: dict[str, str] = {}
    for name, bound in scope.variables.items():
        if (
            bound.certain
            and isinstance(bound.value, str | int | float)
            and "$(" not in str(bound.value)
            and "$[" not in str(bound.value)
        ):
            text = ("True" if bound.value else "False") if isinstance(bound.value, bool) else str(bound.value)
            found[name] = text
            found[name.replace(".", "_")] = text
    return found
