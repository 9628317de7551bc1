"""Who may do what in an estate: the engine of `mlgate rbac who-can` and `mlgate rbac explain`.

An assignment permits something if its role's definition does, on its scope and everything below. A management group is
taken to hold every subscription, since exports don't say which it holds; the answer says so.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rbac_matrix.assignments import AssignmentScope, ScopeKind, Timing
from rbac_matrix.estate.answers import Subject, Through, Way, WhoCan
from rbac_matrix.estate.denying import Denials
from rbac_matrix.estate.directory import Memberships
from rbac_matrix.estate.model import Directory, Estate, Part, PrincipalKind
from rbac_matrix.estate.rights import Right, rights
from rbac_matrix.estate.table import AssignmentTable, GivenRole, Holder
from rbac_matrix.estate.unknowns import NAMED, bounded, unknown_members
from rbac_matrix.permissions.catalogue import RoleCatalogue
from rbac_matrix.permissions.interface import RoleDefinition
from rbac_matrix.scopes import lineage

_MATTERS = (Part.ASSIGNMENTS, Part.ELIGIBILITY, Part.DEFINITIONS, Part.DENIALS, Part.DIRECTORY)
_NO, _YES, _OPEN = 0, 1, 2
_KINDS = {kind.value.casefold(): kind for kind in PrincipalKind}


class AccessIndex:
    """An estate, ready for questions. `catalogue` holds Microsoft's roles; the estate's own are added."""

    def __init__(self, estate: Estate, catalogue: RoleCatalogue) -> None:
        self.estate = estate
        self.catalogue = catalogue.with_custom(estate.definitions)
        self.table = AssignmentTable.of(estate.assignments)
        self.directory = estate.directory or Directory()

    @functools.cached_property
    def memberships(self) -> Memberships:
        """Groups of the directory."""
        return Memberships(self.directory)

    @functools.cached_property
    def denials(self) -> Denials:
        """Deny assignments."""
        return Denials(self.estate.denials, self.memberships)

    @functools.cached_property
    def _holders(self) -> Mapping[str, Holder]:
        """What the assignments say of principals, of which the directory may know nothing."""
        return {one.principal_id: one for one in reversed(self.table.holders.values) if one.principal_id is not None}

    def kind_of(self, id: str) -> PrincipalKind:
        """What an id is, as far as anybody says."""
        known = self.directory.objects.get(id)
        if known is not None and known.kind is not PrincipalKind.UNKNOWN:
            return known.kind
        if self.memberships.is_group(id):
            return PrincipalKind.GROUP
        holder = self._holders.get(id)
        return _KINDS.get(holder.principal_type.casefold(), PrincipalKind.UNKNOWN) if holder else PrincipalKind.UNKNOWN

    def subject(self, id: str) -> Subject:
        """Who an id is, as far as anybody says."""
        known, holder = self.directory.objects.get(id), self._holders.get(id)
        name = holder.principal_name if holder is not None else ""
        if known is None:
            return Subject(id=id, kind=self.kind_of(id), name=name)
        return Subject(
            id=id,
            name=known.name or name,
            mail=known.mail,
            kind=self.kind_of(id),
            guest=known.guest,
            enabled=known.enabled,
            managed_identity=known.managed_identity,
        )

    def definition_of(self, role: GivenRole) -> RoleDefinition | None:
        """The definition of a role, if there is one of that id or name."""
        if role.role_id is not None:
            return self.catalogue.with_id(role.role_id)
        return self.catalogue.with_name(role.custom_role) if role.custom_role else None

    def gaps(self) -> Iterator[str]:
        """What of the estate was not read whole, in half sentences."""
        found = [f"{gap.part.value}: {gap.detail}" for gap in self.estate.gaps if gap.part in _MATTERS]
        yield from found[:NAMED]
        if len(found) > NAMED:
            yield f"{len(found) - NAMED} more parts of the estate were not read"

    def notes(self) -> Iterator[str]:
        """What was not asked for."""
        told = {
            Part.ELIGIBILITY: "whoever is only eligible isn't listed",
            Part.DENIALS: "nobody is taken out",
        }
        for part, what in told.items():
            if part not in self.estate.covers:
                yield f"{part.value} were not given: {what}"

    def who_can(self, action: str, scope: str = "", *, data: bool = False) -> WhoCan:
        """Who may do an action, or something of a pattern, at a scope; without one, anywhere.

        What is assigned above a scope holds on it; what is assigned below doesn't.

        Raises:
            CouldNotCheckError: the patterns are too many-sided to be compared.
        """
        return _Question(self, action, scope, data).answer()


@dataclass(frozen=True, slots=True)
class _Answered:
    """What a role permits of the question; `open` says that it isn't known."""

    rights: tuple[Right, ...] = ()
    open: str = ""


class _Question:
    def __init__(self, index: AccessIndex, action: str, scope: str, data: bool) -> None:
        self._index, self._table = index, index.table
        self._action, self._scope, self._data = action, scope, data
        self._above = frozenset(lineage(scope)) if scope else frozenset()
        self._roles = [self._role(role) for role in self._table.roles.values]
        self._reach = [self._reaches(one) for one in self._table.scopes.values]
        self._denying: dict[tuple[int, int], tuple[int, ...]] = {}

    def _role(self, role: GivenRole) -> _Answered:
        known = self._index.definition_of(role)
        if known is None:
            return _Answered(open=f"the role {role.custom_role or role.role_text} is not known")
        found = rights(known.permissions, self._action, data=self._data)
        return _Answered(found, f"what {known.name} permits is not known: {known.unknown}" if known.unknown else "")

    def _reaches(self, scope: AssignmentScope) -> int:
        if scope.kind is ScopeKind.UNKNOWN or "{" in scope.text:
            return _OPEN
        if not self._scope or scope.kind is ScopeKind.TENANT:
            return _YES
        if scope.kind is ScopeKind.MANAGEMENT_GROUP:
            return _YES
        return _YES if lineage(scope.text)[0] in self._above else _NO

    def answer(self) -> WhoCan:
        """Goes through all assignments once."""
        reach = bytes(self._reach)
        asked = bytes(_YES if one.rights else _OPEN if one.open else _NO for one in self._roles)
        inside = itertools.compress(range(len(self._table)), map(reach.__getitem__, self._table.scope))
        role = self._table.role
        rows = [row for row in inside if asked[role[row]]]
        sure = [row for row in rows if asked[role[row]] == _YES]
        open_rows = [row for row in rows if asked[role[row]] == _OPEN]
        by_holder: dict[str, list[int]] = {}
        unnamed: list[int] = []
        for row in sure:
            id = self._table.holders.values[self._table.holder[row]].principal_id
            if id is None:
                unnamed.append(row)
            else:
                by_holder.setdefault(id, []).append(row)
        people, denied = self._people(by_holder)
        return WhoCan(
            action=self._action,
            data=self._data,
            scope=self._scope,
            holders=tuple(by_holder),
            people=people,
            denied=denied,
            ways=lambda id: tuple(map(self._way, by_holder.get(id, ()))),
            through=lambda id: self._through(id, by_holder),
            subject=self._index.subject,
            undecided=tuple(self._undecided(by_holder, unnamed, open_rows)),
            notes=tuple(self._notes(sure)),
        )

    def _people(self, by_holder: Mapping[str, Sequence[int]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Who may do it, and who would but for deny assignments."""
        groups = self._index.memberships
        all_mask = allowed_mask = 0
        everybody: dict[str, None] = {}
        allowed: dict[str, None] = {}
        for id, rows in by_holder.items():
            taken = {self._denials_of(row) for row in rows} if self._index.denials else {()}
            if groups.is_group(id):
                mask = groups.mask(id)
                all_mask |= mask
                for denials in taken:
                    allowed_mask |= mask & ~self._index.denials.mask(denials)
                continue
            if self._index.kind_of(id) is PrincipalKind.GROUP:
                continue
            everybody[id] = None
            if any(not self._index.denials.take(denials, id) for denials in taken):
                allowed[id] = None
        people = dict.fromkeys(itertools.chain(allowed, groups.persons(allowed_mask)))
        denied = dict.fromkeys(itertools.chain(everybody, groups.persons(all_mask & ~allowed_mask)))
        return tuple(people), tuple(id for id in denied if id not in people)

    def _denials_of(self, row: int) -> tuple[int, ...]:
        """The deny assignments that take all of it away on the row's scope, from those whom they are for."""
        denials = self._index.denials
        if not denials:
            return ()
        key = (self._table.role[row], self._table.scope[row])
        found = self._denying.get(key)
        if found is None:
            held = self._index.definition_of(self._table.roles.values[key[0]])
            # Without a scope, what is denied on the assignment's own scope is denied on all that it reaches.
            where = self._scope or self._table.scopes.values[key[1]].text
            found = self._denying[key] = tuple(
                number
                for number in denials.at(where)
                if held is not None
                and not rights(held.permissions, self._action, data=self._data, denied=denials.permissions(number))
            )
        return found

    def _way(self, row: int) -> Way:
        assignment = self._table[row]
        role = self._table.roles.values[self._table.role[row]]
        known = self._index.definition_of(role)
        answered = self._roles[self._table.role[row]]
        denials = self._index.denials
        return Way(
            assignment=assignment,
            role=known.name if known is not None else role.role_text,
            permits=tuple(dict.fromkeys(one.actions for one in answered.rights)),
            provisos=tuple(self._provisos(row, answered)),
            denials=tuple(denials.all[number] for number in self._denials_of(row)),
        )

    def _provisos(self, row: int, answered: _Answered) -> Iterator[str]:
        terms = self._table.terms.values[self._table.term[row]]
        scope = self._table.scopes.values[self._table.scope[row]]
        if terms.timing is Timing.ELIGIBLE:
            yield "after activating it"
        if terms.condition is None:
            yield "if a condition holds that isn't known"
        elif terms.condition:
            yield f"if its condition holds: {terms.condition}"
        if all(one.condition for one in answered.rights):
            yield f"if the role's condition holds: {answered.rights[0].condition}"
        if terms.conditional:
            yield "if the deployment makes it"
        if self._reach[self._table.scope[row]] == _OPEN:
            yield "if its scope, which isn't known, holds the place"
        elif scope.kind is ScopeKind.MANAGEMENT_GROUP and self._scope:
            yield "if the management group holds the subscription"
        for number in self._index.denials.uncertain_at(self._scope or scope.text):
            name = self._index.denials.all[number].name
            yield f"unless the deny assignment {name} takes it away, which isn't certain"

    def _through(self, id: str, by_holder: Mapping[str, Sequence[int]]) -> tuple[Through, ...]:
        groups = self._index.memberships
        return tuple(
            Through(holder=self._index.subject(group), chain=tuple(map(self._index.subject, groups.chain(id, group))))
            for group in groups.groups_of(id)
            if group in by_holder
        )

    def _undecided(
        self, by_holder: Mapping[str, Sequence[int]], unnamed: Sequence[int], open_rows: Sequence[int]
    ) -> Iterator[str]:
        yield from self._index.gaps()
        yield from unknown_members(self._index, by_holder)
        texts = {self._table.holders.values[self._table.holder[row]].principal_text for row in unnamed}
        yield from bounded((f"it isn't known who {text} is" for text in sorted(texts)), len(texts))
        numbers = sorted({self._table.role[row] for row in open_rows})
        yield from bounded((self._roles[number].open for number in numbers), len(numbers))

    def _notes(self, rows: Iterable[int]) -> Iterator[str]:
        yield from self._index.notes()
        scopes = {self._table.scope[row] for row in rows}
        if self._scope and any(self._table.scopes.values[one].kind is ScopeKind.MANAGEMENT_GROUP for one in scopes):
            yield "a management group is taken to hold the subscription: nothing given says which it holds"
