"""Which items of a list make a rule hold: "some rule allows everything" is about that rule, not about the list.

Asked only of a policy whose `if` holds. An item is told where a count of items that meet a condition is what makes the
rule hold: counts that hold without any item ("none denies") tell nothing, and what stands below `not` isn't looked at.
Of several counts in one `allOf` only the first tells; the others say when it matters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.compiled_expressions import Compiled, compile_value
from policies.conditions import Compiler, Facts, remembering, settled_by
from policies.counts import Ask
from policies.definitions import CompiledPolicy
from policies.fields import alias_path
from policies.operators import OPERATORS
from policies.paths import PropertyPath, parse_path
from policies.scope import InvalidAliasError, Scope, Surroundings, scope_of
from policies.values import DefinitionError, EvaluationError, Unknown, known

Place = tuple[str | int, ...]
"""Keys and positions from the top of the resource."""

_ITEMS_OF = re.compile(r"items\(\s*(?:if\(.*)?field\('([^']+)'\)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Node:
    """A part of the `if` block. A count tells its items; `allOf` (that is `together`) and `anyOf` have parts."""

    ask: Ask
    parts: tuple[_Node, ...] = ()
    together: bool = False
    counted: Callable[[Scope], Iterator[Place]] | None = None

    @property
    def counts(self) -> bool:
        """Whether it is or holds a count."""
        return self.counted is not None or any(part.counts for part in self.parts)


class ItemFinder:
    """Finds the items for one policy."""

    def __init__(self, policy: CompiledPolicy) -> None:
        """Compiles what is needed; nothing where the policy counts no items."""
        self._root: _Node | None = None
        if "count" not in str(policy.definition.rule_if).lower():
            return
        try:
            self._root = _Plan(policy).node(policy.definition.rule_if)
        except (DefinitionError, EvaluationError):
            self._root = None

    def items(self, resource: Mapping[str, Any], surroundings: Surroundings) -> tuple[Place, ...]:
        """The items that make the rule hold for a resource, each once; empty where that can't be told."""
        return self.items_in(scope_of(resource, surroundings))

    def items_in(self, scope: Scope) -> tuple[Place, ...]:
        """`items` over a scope that is at hand."""
        if self._root is None:
            return ()
        try:
            return tuple(dict.fromkeys(_items(self._root, scope)))
        except (EvaluationError, InvalidAliasError, RecursionError):
            return ()


def _items(node: _Node, scope: Scope) -> list[Place]:
    if node.ask(scope) is not True:
        return []
    if node.counted is not None:
        return list(node.counted(scope))
    if node.together:
        first = next((part for part in node.parts if part.counts), None)
        return [] if first is None else _items(first, scope)
    return [place for part in node.parts for place in _items(part, scope)]


class _Plan:
    """Makes nodes of the parts of an `if` block."""

    def __init__(self, policy: CompiledPolicy) -> None:
        self._parameters = policy.parameters

    def _ask(self, body: Any, *, inside: bool = False) -> Ask:
        # Each with facts of its own: the whole was within the limits.
        return Compiler(self._parameters, Facts(), inside_count=inside).compile(body, "if").ask

    def node(self, body: Mapping[str, Any]) -> _Node:
        keys = {key.lower(): key for key in body}
        for name in ("allof", "anyof"):
            if name in keys:
                parts = tuple(self.node(one) for one in body[keys[name]])
                asked = settled_by(tuple(part.ask for part in parts), decisive=name == "anyof")
                return _Node(remembering(asked), parts, together=name == "allof")
        # Asked as a part of what is around it, and by itself.
        ask = remembering(self._ask(body))
        if "count" not in keys:
            return _Node(ask)
        operator = next(name for name in keys if name in OPERATORS)
        operand = compile_value(body[keys[operator]], self._parameters, "if")

        def holds_empty(scope: Scope) -> bool:
            return bool(OPERATORS[operator](operand.value(scope))(0) is True)

        found = self._counted({key.lower(): value for key, value in body[keys["count"]].items()})

        def counted(scope: Scope) -> Iterator[Place]:
            return iter(()) if found is None or holds_empty(scope) else found(scope)

        return _Node(ask, counted=counted)

    def _counted(self, count: Mapping[str, Any]) -> Callable[[Scope], Iterator[Place]] | None:
        if "where" not in count:
            return None
        where = self._ask(count["where"], inside=True)
        if "field" in count:
            return _members(compile_value(count["field"], self._parameters, "if"), where)
        named = _ITEMS_OF.search(str(count["value"]))
        if named is None:
            return None
        items = compile_value(count["value"], self._parameters, "if")
        return _entries(named.group(1), items, str(count.get("name") or "default").lower(), where)


def _members(field: Compiled, where: Ask) -> Callable[[Scope], Iterator[Place]]:
    """The members of an array that meet a condition."""
    name = str(field.constant).strip()

    def found(scope: Scope) -> Iterator[Place]:
        path = _path(name, scope)
        if path is None:
            return
        for value, positions in path.members(scope.resource, scope.cursors):
            if type(value) is Unknown and len(positions) < path.text.count("[*]"):
                continue
            if where(scope.within(positions, {name.lower(): value})) is True:
                yield path.place(scope.resource, positions)

    return found


def _entries(field: str, items: Compiled, name: str, where: Ask) -> Callable[[Scope], Iterator[Place]]:
    """The entries of an object that meet a condition, where a rule counts `items(field(...))`."""

    def found(scope: Scope) -> Iterator[Place]:
        path = _path(field, scope)
        members = known(items.value(scope))
        if path is None or not isinstance(members, list):
            return
        for member in members:
            key = member.get("key") if isinstance(member, dict) else None
            if isinstance(key, str) and where(scope.within({}, {name: known(member)})) is True:
                yield (*path.place(scope.resource, {}), key)

    return found


def _path(name: str, scope: Scope) -> PropertyPath | None:
    return alias_path(scope, name.lower()) if "/" in name else parse_path(name)
