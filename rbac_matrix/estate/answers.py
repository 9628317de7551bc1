"""Answers to who may do something, and to what somebody may do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rbac_matrix.assignments import RoleAssignment
from rbac_matrix.estate.model import DenyAssignment, DevOpsMembership, PrincipalKind
from rbac_matrix.permissions.interface import Danger


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A person, group or program; what isn't known is empty."""

    id: str
    name: str = ""
    mail: str = ""
    kind: PrincipalKind = PrincipalKind.UNKNOWN
    guest: bool = False
    enabled: bool = True
    managed_identity: str = ""

    @property
    def text(self) -> str:
        """For people."""
        return self.name or self.mail or self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How somebody may do it: one role assignment.

    Attributes:
        role: name of the role.
        permits: what of the question it permits, as the role has it.
        provisos: half sentences on which it depends (conditions, what isn't known).
        denials: deny assignments that take it away from some of its holders.
    """

    assignment: RoleAssignment
    role: str
    permits: tuple[str, ...]
    provisos: tuple[str, ...] = ()
    denials: tuple[DenyAssignment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Through:
    """A group by which somebody has it: the chain from the one that he is directly in to the one that has the role."""

    holder: Subject
    chain: tuple[Subject, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WhoCan:
    """Who may do it.

    Attributes:
        action, data, scope: the question; scope "" for anywhere.
        holders: ids of those to whom a role is assigned that permits it.
        people: ids of all that may do it, directly or by a group; programs among them, groups not.
        denied: ids of those who would, but for deny assignments.
        ways: the assignments of a holder.
        through: by which groups somebody has it; empty for those who have it themselves only.
        subject: who an id is.
        undecided: half sentences: what isn't known and could make the answer longer.
        notes: half sentences on what was not asked for.
    """

    action: str
    data: bool
    scope: str
    holders: tuple[str, ...]
    people: tuple[str, ...]
    denied: tuple[str, ...]
    ways: Callable[[str], tuple[Way, ...]]
    through: Callable[[str], tuple[Through, ...]]
    subject: Callable[[str], Subject]
    undecided: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Peril:
    """Something dangerous that a role permits."""

    action: str
    data: bool
    danger: Danger
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A role that somebody has.

    Attributes:
        role: its name.
        through: groups from the one that he is directly in to the one that has it; empty if it is his own.
        perils: the worst of what it permits, the most dangerous first.
        patterns: how many patterns of actions it has.
        unknown: why it isn't known what it permits; "" if it is.
    """

    assignment: RoleAssignment
    role: str
    through: tuple[Subject, ...]
    perils: tuple[Peril, ...]
    patterns: int
    unknown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What somebody may do.

    Attributes:
        groups: every group that he is in, with the chain to it.
        held: roles, own and by groups, the most dangerous first; eligible ones are in `eligible`.
        personas: ids, with the id of the group by which he is one ("" for himself).
    """

    subject: Subject
    groups: tuple[tuple[Subject, tuple[Subject, ...]], ...]
    held: tuple[Held, ...]
    eligible: tuple[Held, ...]
    denials: tuple[DenyAssignment, ...]
    memberships: tuple[DevOpsMembership, ...]
    personas: Mapping[str, str]
    undecided: tuple[str, ...]
    notes: tuple[str, ...]
