"""Which property makes a rule hold that asks several: the one with `@latest` in it, where any of four may have it.

Asked only of a policy whose `if` holds, and only about conditions that say what a value looks like (`like`, `contains`,
`match`): that something else is missing or equal to something says nothing about the place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policies.conditions import Compiler, Facts
from policies.counts import Ask
from policies.definitions import CompiledPolicy
from policies.fields import alias_path
from policies.paths import parse_path
from policies.scope import InvalidAliasError, Scope
from policies.values import DefinitionError, EvaluationError

Place = tuple[str | int, ...]
"""Keys from the top of the resource."""

_TELLING = frozenset({"like", "contains", "match", "matchinsensitively"})


class FieldFinder:
    """Finds the properties for one policy."""

    def __init__(self, policy: CompiledPolicy) -> None:
        """Compiles the conditions that may tell."""
        self._asked: list[tuple[str, Ask]] = []
        try:
            for leaf in _leaves(policy.definition.rule_if):
                name = str(next(value for key, value in leaf.items() if key.lower() == "field"))
                if "[" not in name:
                    self._asked.append((name, Compiler(policy.parameters, Facts()).compile(leaf, "if").ask))
        except (DefinitionError, EvaluationError):
            self._asked = []

    def fields_in(self, scope: Scope) -> tuple[Place, ...]:
        """The properties that look as the rule says, in the order in which it asks for them."""
        return tuple(dict.fromkeys(self._fields(scope)))

    def _fields(self, scope: Scope) -> Iterator[Place]:
        for name, ask in self._asked:
            try:
                path = alias_path(scope, name.lower()) if "/" in name else parse_path(name)
                if path is not None and ask(scope) is True:
                    yield path.place(scope.resource, {})
            except (DefinitionError, EvaluationError, InvalidAliasError):
                continue


def _leaves(body: Any) -> Iterator[Mapping[str, Any]]:
    """Conditions on fields that may tell; not those below `not` or in counts."""
    if not isinstance(body, Mapping):
        return
    for key, value in body.items():
        if key.lower() in ("allof", "anyof") and isinstance(value, list):
            for one in value:
                yield from _leaves(one)
    keys = {key.lower() for key in body}
    if "field" in keys and keys & _TELLING:
        yield body
