"""Deny assignments: what they take away isn't held. Where that isn't certain nothing is taken away."""

from __future__ import annotations

from collections.abc import Sequence

from rbac_matrix.checks.holders import Groups
from rbac_matrix.checks.places import Place, fold
from rbac_matrix.estate.model import DenyAssignment, Directory
from rbac_matrix.permissions.interface import PermissionBlock
from rbac_matrix.scopes import lineage

EVERYBODY = "00000000-0000-0000-0000-000000000000"


class Denials:
    """The deny assignments of an estate."""

    def __init__(self, denials: Sequence[DenyAssignment], groups: Groups | None, directory: Directory | None) -> None:
        self._denials = tuple(denials)
        self._scopes = tuple(fold(one.scope) for one in denials)
        self._groups, self._directory = groups, directory
        self._blocks: dict[tuple[tuple[int, ...], str], tuple[PermissionBlock, ...]] = {}
        self.used: set[int] = set()

    def __len__(self) -> int:
        return len(self._denials)

    def of(self, object_id: str) -> tuple[int, ...]:
        """Those that are for somebody, for certain (for a group: for each of its members)."""
        if not self._denials or not object_id:
            return ()
        around = {object_id, *(self._groups.groups_of(object_id) if self._groups is not None else ())}
        return tuple(index for index, one in enumerate(self._denials) if self._is_for(one, object_id, around))

    def _is_for(self, denial: DenyAssignment, object_id: str, around: set[str]) -> bool:
        if denial.condition or not (EVERYBODY in denial.principals or around & set(denial.principals)):
            return False
        excluded = set(denial.excluded)
        if not excluded:
            return True
        if self._groups is None or around & excluded:
            return False
        # A group is denied only if none of its members is excepted, nor in a group that is.
        if self._groups.unknown_below(object_id) and self._is_group(object_id):
            return False
        persons = self._groups.persons_in(object_id)
        return not any(excluded & {person, *self._groups.groups_of(person)} for person in persons)

    def _is_group(self, object_id: str) -> bool:
        known = self._directory.objects.get(object_id) if self._directory is not None else None
        return known is None or known.kind.value == "Group"

    def blocks(self, indices: tuple[int, ...], place: Place) -> tuple[PermissionBlock, ...]:
        """What those take away on a whole place."""
        if not indices:
            return ()
        key = (indices, place.folded)
        known = self._blocks.get(key)
        if known is None:
            above = lineage(place.text)
            holding = [index for index in indices if self._holds(index, above)]
            known = tuple(block for index in holding for block in self._denials[index].permissions)
            self.used.update(holding)
            self._blocks[key] = known
        return known

    def _holds(self, index: int, above: tuple[str, ...]) -> bool:
        scope = self._scopes[index]
        return scope == above[0] if self._denials[index].own_scope_only else scope in above

    def applied(self, place: Place) -> tuple[tuple[int, tuple[PermissionBlock, ...]], ...]:
        """All that hold on a place, with what they take away."""
        if not self._denials:
            return ()
        above = lineage(place.text)
        return tuple((index, one.permissions) for index, one in enumerate(self._denials) if self._holds(index, above))

    def notes(self) -> tuple[str, ...]:
        """For the report: which deny assignments took something away."""
        return tuple(
            f"the deny assignment {self._denials[index].name} on {self._denials[index].scope} counts: "
            "what it denies is not held"
            for index in sorted(self.used)
        )
