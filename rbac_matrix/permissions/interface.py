"""What a role definition permits, and the answer of a comparison.

Source: Azure role definitions, https://learn.microsoft.com/azure/role-based-access-control/role-definitions. An
action is permitted if one block of permissions grants it: it matches a pattern of `actions` and none of the
`notActions` of the same block. `*` stands for any number of characters, separators included; case doesn't count. Data
actions are apart.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from verdicts import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionBlock:
    """One entry of a definition's `permissions`. Patterns as written. `condition` is "" for none."""

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Permissions:
    """All that somebody may do: the union of blocks, of one role or of several."""

    blocks: tuple[PermissionBlock, ...] = ()

    def __add__(self, other: Permissions) -> Permissions:
        """What both together permit."""
        return Permissions(tuple(dict.fromkeys((*self.blocks, *other.blocks))))


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleDefinition:
    """A role, built in or custom.

    Attributes:
        id: GUID in lower case; "" where it isn't known (a template computes it).
        name: as people see it ("Key Vault Reader").
        permissions: what it permits, as far as it is known.
        built_in: Microsoft's own.
        assignable_scopes: where it can be assigned, ids as written.
        unknown: what of its permissions isn't known; empty means that all is.
        location: file and line of a custom one; None for the built-in ones.
    """

    id: str
    name: str
    permissions: Permissions
    built_in: bool = False
    assignable_scopes: tuple[str, ...] = ()
    unknown: str = ""
    location: Location | None = None


class Relation(enum.Enum):
    """How what is held compares with what is allowed."""

    EQUAL = "equal"
    SUBSET = "subset"
    EXCESS = "excess"
    DIFFERENT = "different"
    """Too much in one place and too little in another."""


class Danger(enum.IntEnum):
    """How bad an action is in the wrong hands; the higher, the worse."""

    READS = 0
    CHANGES = 1
    RUNS = 2
    """Endpoints, deployments, jobs, compute: what runs, and with which data."""
    DELETES = 3
    SECRETS = 4
    GRANTS = 5


@dataclass(frozen=True, slots=True)
class ExcessAction:
    """A pattern of actions that is permitted although it isn't allowed. `example` is one action that proves it."""

    pattern: str
    data: bool
    danger: Danger
    example: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """See `Relation`; excess has the most dangerous first, `lacking` what is allowed and not permitted."""

    relation: Relation
    excess: tuple[ExcessAction, ...] = ()
    lacking: tuple[str, ...] = ()
