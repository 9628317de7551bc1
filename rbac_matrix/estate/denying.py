"""Deny assignments for questions of access: from whom they take something, for certain or perhaps."""

from __future__ import annotations

from collections.abc import Sequence

from rbac_matrix.estate.directory import Memberships
from rbac_matrix.estate.model import DenyAssignment
from rbac_matrix.permissions.interface import Permissions
from rbac_matrix.scopes import lineage

EVERYBODY = "00000000-0000-0000-0000-000000000000"


class Denials:
    """All deny assignments of an estate, by number."""

    def __init__(self, denials: Sequence[DenyAssignment], memberships: Memberships) -> None:
        self.all = tuple(denials)
        self._memberships = memberships
        self._scopes = tuple(lineage(one.scope)[0] for one in denials)

    def __bool__(self) -> bool:
        return bool(self.all)

    def permissions(self, number: int) -> Permissions:
        """What it denies."""
        return Permissions(self.all[number].permissions)

    def at(self, scope: str) -> tuple[int, ...]:
        """Those that hold at a scope, for certain."""
        return tuple(number for number in self._around(scope) if self._is_certain(number))

    def uncertain_at(self, scope: str) -> tuple[int, ...]:
        """Those that may hold there: a condition isn't judged, and whom they spare may not be known."""
        return tuple(number for number in self._around(scope) if not self._is_certain(number))

    def _around(self, scope: str) -> list[int]:
        if not self.all:
            return []
        above = lineage(scope)
        return [
            number
            for number, own in enumerate(self._scopes)
            if (own == above[0] if self.all[number].own_scope_only else own in above)
        ]

    def _is_certain(self, number: int) -> bool:
        one, groups = self.all[number], self._memberships
        if one.condition:
            return False
        return not any(
            groups.may_be_group(id) or (groups.is_group(id) and groups.unknown_below(id)) for id in one.excluded
        )

    def take(self, numbers: Sequence[int], id: str) -> bool:
        """Whether one of them takes it away from somebody."""
        return any(self._is_for(self.all[number], id) for number in numbers)

    def of(self, id: str) -> tuple[DenyAssignment, ...]:
        """All that are for somebody, wherever they hold."""
        return tuple(one for one in self.all if self._is_for(one, id))

    def _is_for(self, denial: DenyAssignment, id: str) -> bool:
        around = {id, EVERYBODY, *self._memberships.groups_of(id)}
        return bool(around & set(denial.principals)) and not (around - {EVERYBODY}) & set(denial.excluded)

    def mask(self, numbers: Sequence[int]) -> int:
        """Members of groups from whom one of them takes it away."""
        found = 0
        for number in numbers:
            denial = self.all[number]
            taken = self._memberships.everybody if EVERYBODY in denial.principals else self._of(denial.principals)
            found |= taken & ~self._of(denial.excluded)
        return found

    def _of(self, ids: Sequence[str]) -> int:
        found = 0
        for id in ids:
            found |= self._memberships.mask(id) if self._memberships.is_group(id) else self._memberships.bit(id)
        return found
