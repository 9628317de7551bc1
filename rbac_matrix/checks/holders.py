"""Whom an assignment is made to: the persona, the workload, or nobody that anybody named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rbac_matrix.assignments import ManagedIdentity, RoleAssignment
from rbac_matrix.checks.places import Setups, fold
from rbac_matrix.checks.workloads import WorkloadUse
from rbac_matrix.estate.model import Directory, DirectoryObject, PrincipalKind
from rbac_matrix.estate.table import Holder as TableHolder
from rbac_matrix.principals import Principal, Principals
from rbac_matrix.scopes import type_and_name


class Groups(Protocol):
    """What is asked of `rbac_matrix.estate.directory.Memberships`."""

    def groups_of(self, id: str) -> tuple[str, ...]:
        """All groups that it is in, directly or through others."""

    def persons_in(self, group: str) -> tuple[str, ...]:
        """All that are in it, directly or through others, and are no groups."""

    def mask(self, group: str) -> int:
        """`persons_in` as the bits of a number."""

    def persons(self, mask: int) -> tuple[str, ...]:
        """The ids that a mask stands for."""

    def unknown_below(self, group: str) -> tuple[str, ...]:
        """What of its members isn't known."""


class DeniedTo(Protocol):
    """What is asked of `denials.Denials`."""

    def of(self, object_id: str) -> tuple[int, ...]:
        """The deny assignments that are for somebody."""


@dataclass(frozen=True, slots=True, eq=False)
class HolderClass:
    """What rules may ask of a holder, without its name. One value for all that are alike.

    Attributes:
        personas: ids; several only where somebody is in the groups of several and is assigned something directly.
        listed: the principals file names it (else its personas come from groups that it is in).
        setups: those that the principals file's line is for; empty for all.
        kind: "user", "group", "serviceprincipal" ... in lower case as far as directory and principals file say it.
        orphan, guest, disabled: as the directory says.
        undecidable: nobody can know before the deployment who it is.
        break_glass: it is an account for emergencies, and still is today.
        workloads: what runs as it.
        denials: indices of the deny assignments that are for it.
        in_cells: in whose cells its assignments count: its own persona's, and those whose groups lie in it; each with
            the setups of that group and the deny assignments.
    """

    personas: tuple[str, ...]
    listed: bool
    setups: Setups
    kind: str
    orphan: bool
    guest: bool
    disabled: bool
    undecidable: bool
    break_glass: bool
    workloads: tuple[WorkloadUse, ...]
    denials: tuple[int, ...]
    in_cells: tuple[tuple[str, Setups, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Holder:
    """One principal.

    Attributes:
        name: for people, "" where the assignment's own text says as much.
        inner: the personas' groups that lie in it.
    """

    id: str
    name: str
    inner: tuple[Principal, ...]
    alike: HolderClass


class Holders:
    """All principals that were met."""

    def __init__(
        self,
        principals: Principals,
        ambiguous: frozenset[str],
        directory: Directory | None,
        groups: Groups | None,
        uses: Mapping[str, Sequence[WorkloadUse]],
        break_glass: frozenset[str],
        denials: DeniedTo,
    ) -> None:
        self._directory, self._groups = directory, groups
        self._uses, self._break_glass = uses, break_glass
        self._denials = denials
        self._principals, self._ambiguous = principals, ambiguous
        self._holders: dict[str, Holder] = {}
        self._classes: dict[tuple[object, ...], HolderClass] = {}
        self._around = self._groups_around()
        self._personas = self._personas_by_groups()
        self.unknown = self._make("", None, "", undecidable=True)

    def of(self, assignment: RoleAssignment | TableHolder) -> Holder:
        """Who holds an assignment."""
        principal_id = assignment.principal_id
        if principal_id is not None:
            known = self._holders.get(principal_id)
            if known is None:
                known = self._of_id(principal_id, assignment.principal_name)
                self._holders[principal_id] = known
            return known
        identity = assignment.identity
        if identity is None:
            return self.unknown
        key = f"{identity.resource_type}:{identity.name}".casefold()
        known = self._holders.get(key)
        if known is None:
            known = self._of_identity(identity, key)
            self._holders[key] = known
        return known

    def groups_of(self, object_id: str) -> tuple[str, ...]:
        """The groups that somebody is in."""
        return self._groups.groups_of(object_id) if self._groups is not None else ()

    def entry_of(self, object_id: str) -> Principal | None:
        """The line of the principals file for an object."""
        return self._principals.with_object_id(object_id)

    def entries(self) -> Iterator[tuple[str, Principal]]:
        """Object ids with the lines for them."""
        return ((one.object_id, one) for one in self._principals.entries if one.object_id)

    def is_group(self, object_id: str) -> bool:
        """Whether it may be a group: what is known to be something else is none."""
        known = self._directory.objects.get(object_id) if self._directory is not None else None
        if known is not None and known.kind is not PrincipalKind.UNKNOWN:
            return known.kind is PrincipalKind.GROUP
        entry = self.entry_of(object_id)
        return entry is None or entry.type == "Group"

    def name_of(self, object_id: str) -> str:
        """A display name; the id where there is none."""
        known = self._directory.objects.get(object_id) if self._directory is not None else None
        entry = self.entry_of(object_id)
        return (known.name if known else "") or (entry.name if entry else "") or object_id

    def _groups_around(self) -> dict[str, list[Principal]]:
        """Groups around those of personas."""
        found: dict[str, list[Principal]] = {}
        for object_id, entry in self.entries():
            for group in self.groups_of(object_id):
                found.setdefault(group, []).append(entry)
        return found

    def _of_id(self, object_id: str, shown: str) -> Holder:
        known = self._directory.objects.get(object_id) if self._directory is not None else None
        entry = self.entry_of(object_id)
        # Display names aren't unique, so without a directory nobody can say whose group that is.
        only_named = entry is None and known is None and self._principals.with_group_name(shown) is not None
        identity = known.managed_identity if known is not None else ""
        if entry is None and identity:
            resource_type, name = type_and_name(identity)
            entry = self._principals.with_identity(ManagedIdentity(resource_type, name))
        uses = tuple(self._uses.get(fold(identity), ())) if identity else ()
        name = (entry.name if entry else "") or (known.name if known else "")
        undecidable = only_named or object_id in self._ambiguous
        return self._make(object_id, entry, name, known=known, uses=uses, undecidable=undecidable)

    def _of_identity(self, identity: ManagedIdentity, key: str) -> Holder:
        entry = self._principals.with_identity(identity)
        # A name that isn't known whole names nobody, unless a line of the principals file has that very name.
        unnamed = entry is None and "{" in identity.name
        uses = tuple(self._uses.get(key, ()))
        return self._make(
            key,
            entry,
            entry.name if entry else "",
            uses=uses,
            undecidable=unnamed and not uses,
            kind="serviceprincipal",
        )

    def _make(
        self,
        key: str,
        entry: Principal | None,
        name: str,
        *,
        known: DirectoryObject | None = None,
        uses: tuple[WorkloadUse, ...] = (),
        undecidable: bool = False,
        kind: str = "",
    ) -> Holder:
        # People in personas' groups are in `_personas` already, and asking for each of the others would take long.
        may_be_group = known is None or known.kind in (PrincipalKind.GROUP, PrincipalKind.UNKNOWN)
        around = self._entries_around(key) if entry is None and may_be_group and key not in self._personas else ()
        personas = (entry.persona,) if entry is not None else self._personas.get(key, _personas(around))
        if known is not None and known.kind is not PrincipalKind.UNKNOWN:
            kind = known.kind.value.casefold()
        elif entry is not None:
            kind = entry.type.casefold()
        inner: tuple[Principal, ...] = ()
        if key in self._around:
            inner = tuple(one for one in self._around[key] if entry is None or one.persona != entry.persona)
        setups = entry.setups if entry is not None else _setups(around)
        denials = self._denials.of(key) if ":" not in key else ()
        held_by: tuple[tuple[str, Setups, tuple[int, ...]], ...] = ()
        if not uses and (entry is not None or inner):
            held_by = _held_by(inner if entry is None else (entry, *inner), denials)
        attributes = (
            personas,
            entry is not None,
            setups,
            kind,
            not undecidable and not uses and self._is_orphan(key),
            known is not None and known.guest,
            known is not None and not known.enabled,
            undecidable,
            key in self._break_glass,
            uses,
            denials,
            held_by,
        )
        alike = self._classes.get(attributes)
        if alike is None:
            alike = self._classes[attributes] = HolderClass(*attributes)
        return Holder(key, name, inner, alike)

    def _entries_around(self, key: str) -> tuple[Principal, ...]:
        """Lines for the groups that a group is in: whoever is in it belongs to these personas anyway."""
        found = map(self.entry_of, self.groups_of(key)) if ":" not in key else ()
        return tuple(entry for entry in found if entry is not None)

    def _is_orphan(self, key: str) -> bool:
        return self._directory is not None and ":" not in key and self._directory.is_orphan(key)

    def _personas_by_groups(self) -> Mapping[str, tuple[str, ...]]:
        """Of everybody who is in groups that the principals file names."""
        if self._groups is None:
            return {}
        found: dict[str, list[str]] = {}
        for persona in sorted({entry.persona for _, entry in self.entries()}):
            mask = 0
            for object_id, entry in self.entries():
                if entry.persona == persona:
                    mask |= self._groups.mask(object_id)
            for person in self._groups.persons(mask):
                found.setdefault(person, []).append(persona)
        return {person: tuple(personas) for person, personas in found.items()}


def _held_by(entries: Sequence[Principal], denials: tuple[int, ...]) -> tuple[tuple[str, Setups, tuple[int, ...]], ...]:
    found = {(one.persona, one.setups, denials) for one in entries}
    return tuple(sorted(found, key=lambda one: (one[0], sorted(one[1]))))


def _personas(entries: Sequence[Principal]) -> tuple[str, ...]:
    return tuple(sorted({entry.persona for entry in entries}))


def _setups(entries: Sequence[Principal]) -> Setups:
    """Those that all of the lines are for; empty for everywhere."""
    if not all(entry.setups for entry in entries):
        return frozenset()
    return frozenset(setup for entry in entries for setup in entry.setups)
