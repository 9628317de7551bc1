"""Where a finding stands, and what stands there: the property that the rule names, or the item of a list in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deploy_gate.policy_checks.names import SECRETS
from policies.definitions import CompiledPolicy
from policies.failing_fields import FieldFinder
from policies.failing_items import ItemFinder, Place
from policies.rules import Rule
from policies.scope import Scope
from resource_readers.interface import Resource
from verdicts import Location

_SHOWN_VALUE = 80
_NAMES = ("name", "key", "reference", "specification", "text")
"""What items are called by, in Azure's own types and in ours."""
_SHOWN_LINES = 5


@dataclass(frozen=True, slots=True)
class Found:
    """A place, and in a few words what stands there ("; securityRules[2] (AllowRdp)"), or ""."""

    location: Location
    words: str


@dataclass(frozen=True, slots=True)
class Places:
    """Finds places; remembers what it made of each rule."""

    _finders: dict[str, ItemFinder] = field(default_factory=dict)
    _fields: dict[str, FieldFinder] = field(default_factory=dict)

    def of(self, rule: Rule, policy: CompiledPolicy, resource: Resource, scope: Scope) -> Found:
        """Where the resource breaks the rule; the first place, if there are several."""
        path, view = pointer_parts(rule.pointer), scope.resource
        items = self._items(rule, policy, path, scope) if path else ()
        if not items:
            path = self._field(rule, policy, path, scope)
        line, column = resource.place(*(items[0] if items else path))
        location = Location(resource.location.path, line, column)
        if not items:
            # The value of a property that holds a secret is the secret.
            return Found(location, "" if rule.family == SECRETS else _value_words(path, view))
        lines = sorted({resource.line(*item) for item in items} - {line})
        return Found(location, _item_words(items, view, lines, secret=rule.family == SECRETS))

    def _items(
        self, rule: Rule, policy: CompiledPolicy, path: Place, scope: Scope
    ) -> tuple[tuple[str | int, ...], ...]:
        """The items in what the rule names; a count of something else only tells when the rule holds."""
        finder = self._finders.get(rule.id)
        if finder is None:
            finder = self._finders[rule.id] = ItemFinder(policy)
        return tuple(item for item in finder.items_in(scope) if len(item) > len(path) and _starts(item, path))

    def _field(self, rule: Rule, policy: CompiledPolicy, path: Place, scope: Scope) -> Place:
        """The property inside of what the rule names that looks as it must not, where the rule asks for several."""
        if not path or not isinstance(_at(path, scope.resource), Mapping):
            return path
        finder = self._fields.get(rule.id)
        if finder is None:
            finder = self._fields[rule.id] = FieldFinder(policy)
        return next((one for one in finder.fields_in(scope) if len(one) > len(path) and _starts(one, path)), path)


def _starts(place: Place, path: Place) -> bool:
    return all(str(one).casefold() == str(other).casefold() for one, other in zip(place, path, strict=False))


def pointer_parts(pointer: str) -> tuple[str | int, ...]:
    """The parts of a JSON pointer (RFC 6901); digits are positions in lists."""
    parts = (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
    return tuple(int(part) if part.isdecimal() else part for part in parts)


def _value_words(path: Sequence[str | int], view: Mapping[str, Any]) -> str:
    """What stands there now, where that is one short value."""
    if not path:
        return ""
    value = _at(path, view)
    if value is None:
        return f"; {path[-1]} is not set"
    shown = _short(value)
    return f"; {path[-1]} is {shown}" if shown else ""


def _item_words(items: Sequence[Place], view: Mapping[str, Any], lines: Sequence[int], *, secret: bool) -> str:
    first = items[0]
    called = _called(first)
    value = _at(first, view)
    if isinstance(value, Mapping):
        shown = next((_short(value[key]) for key in _NAMES if isinstance(value.get(key), str)), "")
        words = f"; {called} ({shown})" if shown else f"; {called}"
    else:
        shown = "" if secret else _short(value)
        words = f"; {called} is {shown}" if shown else f"; {called}"
    if len(items) == 1:
        return words
    where = ", ".join(str(line) for line in lines[:_SHOWN_LINES]) + (", ..." if len(lines) > _SHOWN_LINES else "")
    return f"{words}, and {len(items) - 1} more" + (f" (line {where})" if lines else "")


def _called(item: Place) -> str:
    """ "securityRules[2]", or the key of an entry."""
    last = item[-1]
    return f"{item[-2]}[{last}]" if isinstance(last, int) and len(item) > 1 else str(last)


def _at(path: Sequence[str | int], view: Mapping[str, Any]) -> Any:
    value: Any = view
    for part in path:
        if isinstance(value, dict) and isinstance(part, str):
            value = next((one for key, one in value.items() if key.casefold() == part.casefold()), None)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value


def _short(value: Any) -> str:
    """A value as text; "" for what is long or no single value."""
    if not isinstance(value, str | int | float | bool) or len(str(value)) > _SHOWN_VALUE:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
