"""The roles that there are: Microsoft's own, which ship with mlgate, and those of an organisation.

rbac_matrix/data/built-in-roles.json.gz is made by locks/build_roles.py: a table of the distinct patterns of actions,
and each role as numbers in it. A definition is only made when it is asked for.
"""

from __future__ import annotations

import bisect
import functools
import gzip
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rbac_matrix.permissions.interface import PermissionBlock, Permissions, RoleDefinition
from rbac_matrix.permissions.patterns import covers, fold

DATA = Path(__file__).resolve().parents[1] / "data" / "built-in-roles.json.gz"
SCHEMA = "mlgate/built-in-roles/v1"
PLANES = ("actions", "notActions", "dataActions", "notDataActions")

_TWICE = "two definitions with this id permit different things"


class RoleCatalogue:
    """Role definitions by id and by name; ids and names in any case."""

    def __init__(
        self, shipped: _Shipped, own: Mapping[str, RoleDefinition], names: Mapping[str, frozenset[str]]
    ) -> None:
        self._shipped = shipped
        self._own = own
        self._names = names

    @staticmethod
    def built_in() -> RoleCatalogue:
        """Microsoft's own roles."""
        return RoleCatalogue(_shipped(), {}, {})

    def with_custom(self, definitions: Iterable[RoleDefinition]) -> RoleCatalogue:
        """With more roles. One of them without an id is found by its name only.

        Microsoft's own roles as an estate has them take the place of those that ship with mlgate. Where two definitions
        of one id permit different things, none is believed: the role's `unknown` says so.
        """
        own = dict(self._own)
        names = dict(self._names)
        for definition in definitions:
            key = definition.id.casefold() or f"/{definition.name.casefold()}"
            known = own.get(key)
            if known is None and not definition.built_in:
                known = self._shipped.definition(key)
            own[key] = definition if known is None else _one_of(known, definition)
            name = definition.name.casefold()
            names[name] = names.get(name, frozenset()) | {key}
        return RoleCatalogue(self._shipped, own, names)

    def with_id(self, role_id: str) -> RoleDefinition | None:
        """The role with that GUID, or with a `roleDefinitionId` that ends in it. None if it is unknown."""
        key = role_id.rpartition("/")[2].casefold()
        return self._own.get(key) or self._shipped.definition(key)

    def with_name(self, name: str) -> RoleDefinition | None:
        """The role of that name; None if it is unknown, or if several have it."""
        folded = name.casefold()
        keys = self._names.get(folded, frozenset())
        shipped = self._shipped.id_of(folded)
        if shipped is not None and shipped not in self._own:
            keys |= {shipped}
        if len(keys) != 1:
            return None
        (key,) = keys
        return self._own.get(key) or self._shipped.definition(key)

    def __iter__(self) -> Iterator[RoleDefinition]:
        """All of them: Microsoft's by id, then the others in the order in which they came."""
        for key in self._shipped.ids:
            found = self.with_id(key)
            if found is not None:
                yield found
        yield from (own for key, own in self._own.items() if key not in self._shipped.ids)

    def __len__(self) -> int:
        return len(self._shipped.ids) + sum(key not in self._shipped.ids for key in self._own)


def _one_of(known: RoleDefinition, other: RoleDefinition) -> RoleDefinition:
    """Of two definitions with one id: the first, if they agree."""
    if known.permissions == other.permissions and known.built_in == other.built_in:
        return known if known.unknown else other
    return replace(known, unknown=known.unknown or _TWICE)


class _Shipped:
    """The table as it ships, and the definitions made of it so far."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._patterns: Sequence[str] = content["patterns"]
        self._conditions: Sequence[str] = content["conditions"]
        self.ids: Mapping[str, int] = {role["id"]: index for index, role in enumerate(content["roles"])}
        self._roles: Sequence[Mapping[str, Any]] = content["roles"]
        self._made: dict[str, RoleDefinition] = {}

    def id_of(self, name: str) -> str | None:
        """Of the role with the casefolded name."""
        return self._names.get(name)

    @functools.cached_property
    def _names(self) -> Mapping[str, str]:
        return {role["name"].casefold(): role["id"] for role in self._roles}

    def definition(self, role_id: str) -> RoleDefinition | None:
        """Of the role with that GUID in lower case."""
        made = self._made.get(role_id)
        if made is None and role_id in self.ids:
            role = self._roles[self.ids[role_id]]
            made = self._made[role_id] = RoleDefinition(
                id=role_id,
                name=role["name"],
                permissions=Permissions(tuple(map(self._block, role["permissions"]))),
                built_in=True,
                assignable_scopes=("/",),
            )
        return made

    def _block(self, block: Sequence[Any]) -> PermissionBlock:
        *planes, condition = block
        actions, not_actions, data_actions, not_data_actions = (
            tuple(self._patterns[number] for number in plane) for plane in planes
        )
        return PermissionBlock(
            actions=actions,
            not_actions=not_actions,
            data_actions=data_actions,
            not_data_actions=not_data_actions,
            condition="" if condition is None else self._conditions[condition],
        )


def actions_within(pattern: str, data: bool) -> Iterator[str]:
    """Actions, as written, that lie within a folded pattern: of those that built-in roles name one by one."""
    head = pattern.partition("*")[0]
    folded, written = _known_actions(data)
    for index in range(bisect.bisect_left(folded, head), len(folded)):
        if not folded[index].startswith(head):
            break
        if covers(pattern, folded[index]):
            yield written[index]


@functools.cache
def _known_actions(data: bool) -> tuple[list[str], list[str]]:
    """Folded and in their order; and as written."""
    known: dict[str, str] = {}
    for role in RoleCatalogue.built_in():
        for block in role.permissions.blocks:
            planes = (block.data_actions, block.not_data_actions) if data else (block.actions, block.not_actions)
            for action in itertools.chain(*planes):
                if "*" not in action and action == action.strip() and not action.endswith("/"):
                    known.setdefault(fold(action), action)
    folded = sorted(known)
    return folded, [known[action] for action in folded]


@functools.cache
def _shipped() -> _Shipped:
    return _Shipped(json.loads(gzip.decompress(DATA.read_bytes())))
