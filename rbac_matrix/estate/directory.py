"""Who is in which group, through groups in groups.

Groups in a cycle have the same members, so cycles count as one group; then every group is gone through once. Members
are kept as bits of one number for each group: a union is one operation, however many they are.
"""

from __future__ import annotations

import functools
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence

from rbac_matrix.estate.components import strong_components
from rbac_matrix.estate.model import Directory, DirectoryObject, PrincipalKind


class Memberships:
    """Transitive memberships of a directory. Ids are object ids in lower case, as in the directory.

    Whoever is in a group and is no group itself counts as a person here: service principals and devices do, too.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        objects, members = directory.objects, directory.members
        # In a fixed order, so that answers are the same from run to run.
        groups = dict.fromkeys([*members, *(id for id, one in objects.items() if one.kind is PrincipalKind.GROUP)])
        self._groups: tuple[str, ...] = tuple(groups)
        self._number: Mapping[str, int] = {id: index for index, id in enumerate(self._groups)}
        self._person_number: dict[str, int] = {}
        self._parents: dict[str, list[int]] = defaultdict(list)
        self._children: list[list[int]] = [[] for _ in self._groups]
        self._own: list[list[int]] = [[] for _ in self._groups]
        for group, ids in members.items():
            self._add(self._number[group], ids)
        self._persons = tuple(self._person_number)

    def _add(self, group: int, ids: Sequence[str]) -> None:
        children, own, parents, persons = self._children[group], self._own[group], self._parents, self._person_number
        for id in dict.fromkeys(ids):
            parents[id].append(group)
            child = self._number.get(id)
            if child is None:
                own.append(persons.setdefault(id, len(persons)))
            else:
                children.append(child)

    def is_group(self, id: str) -> bool:
        """Whether it is known to be a group."""
        return id in self._number

    def may_be_group(self, id: str) -> bool:
        """Whether nobody says what it is, so that it could be a group."""
        return id not in self._number and _may_be_group(self._directory.objects.get(id))

    def groups_of(self, id: str) -> tuple[str, ...]:
        """All groups that it is in, directly or through others; a group isn't in itself, cycle or not."""
        found = 0
        for parent in self._parents.get(id, ()):
            found |= self._above[parent]
        own = self._number.get(id)
        if own is not None:
            found &= ~(1 << own)
        return tuple(self._groups[index] for index in _bits(found))

    def persons_in(self, group: str) -> tuple[str, ...]:
        """All that are in it, directly or through others, and are no groups; empty for what is no group."""
        return self.persons(self.mask(group))

    def mask(self, group: str) -> int:
        """`persons_in` as the bits of a number, to unite several groups before `persons` is asked."""
        number = self._number.get(group)
        return self._below[number] if number is not None else 0

    def bit(self, id: str) -> int:
        """The mask of one person; 0 for whoever is in no group."""
        number = self._person_number.get(id)
        return 1 << number if number is not None else 0

    @property
    def everybody(self) -> int:
        """The mask of all that are in a group."""
        return (1 << len(self._persons)) - 1

    def persons(self, mask: int) -> tuple[str, ...]:
        """The ids that a mask stands for."""
        return tuple(self._persons[index] for index in _bits(mask))

    def holds(self, group: str, id: str) -> bool:
        """Whether somebody (or a group) is in a group, directly or through others."""
        number = self._number.get(group)
        return number is not None and any(self._above[parent] >> number & 1 for parent in self._parents.get(id, ()))

    def unknown_below(self, group: str) -> tuple[str, ...]:
        """Itself and groups below it whose members aren't known, and members of which nobody knows what they are.

        Empty means that `persons_in` is all of them.
        """
        number = self._number.get(group)
        if number is None:
            return (group,)
        if not self._unclear[number]:
            return ()
        found: dict[str, None] = {}
        for below in self._reachable(number):
            id = self._groups[below]
            if id not in self._directory.members:
                found[id] = None
            found.update(dict.fromkeys(self._unclear_members(below)))
        return tuple(found)

    def chain(self, id: str, group: str) -> tuple[str, ...]:
        """The shortest way into a group, from the group that it is directly in to `group`; empty if there is none."""
        goal = self._number.get(group)
        if goal is None:
            return ()
        came: dict[int, int | None] = dict.fromkeys(self._parents.get(id, ()))
        waiting = deque(came)
        while waiting:
            here = waiting.popleft()
            if here == goal:
                return tuple(self._groups[index] for index in self._way(here, came))
            for parent in self._parents.get(self._groups[here], ()):
                if parent not in came:
                    came[parent] = here
                    waiting.append(parent)
        return ()

    @staticmethod
    def _way(end: int, came: Mapping[int, int | None]) -> list[int]:
        way: list[int] = []
        here: int | None = end
        while here is not None:
            way.append(here)
            here = came[here]
        return way[::-1]

    def _reachable(self, number: int) -> Iterator[int]:
        seen = {number}
        waiting = [number]
        while waiting:
            here = waiting.pop()
            yield here
            fresh = [child for child in self._children[here] if child not in seen]
            seen.update(fresh)
            waiting += fresh

    def _unclear_members(self, group: int) -> Iterator[str]:
        return (self._persons[person] for person in self._own[group] if person in self._unclear_persons)

    @functools.cached_property
    def _unclear_persons(self) -> frozenset[int]:
        """Members of which nobody knows what they are."""
        objects, is_orphan = self._directory.objects, self._directory.is_orphan
        return frozenset(
            number for number, id in enumerate(self._persons) if _may_be_group(objects.get(id)) and not is_orphan(id)
        )

    @functools.cached_property
    def _components(self) -> list[list[int]]:
        """Cycles as one, each behind everything that is in it."""
        return strong_components(self._children)

    @functools.cached_property
    def _below(self) -> list[int]:
        """The persons in each group, as bits."""
        below = [0] * len(self._groups)
        for component in self._components:
            found = _mask([person for group in component for person in self._own[group]])
            for child in {child for group in component for child in self._children[group]}:
                found |= below[child]
            for group in component:
                below[group] = found
        return below

    @functools.cached_property
    def _above(self) -> list[int]:
        """Each group with all groups that it is in, as bits."""
        above = [0] * len(self._groups)
        for component in reversed(self._components):
            found = _mask(component)
            for group in component:
                for parent in self._parents.get(self._groups[group], ()):
                    found |= above[parent]
            for group in component:
                above[group] = found
        return above

    @functools.cached_property
    def _unclear(self) -> list[bool]:
        """Whether something below a group isn't known."""
        unclear = [False] * len(self._groups)
        for component in self._components:
            found = any(
                self._groups[group] not in self._directory.members
                or any(unclear[child] for child in self._children[group])
                or not self._unclear_persons.isdisjoint(self._own[group])
                for group in component
            )
            for group in component:
                unclear[group] = found
        return unclear


def _may_be_group(one: DirectoryObject | None) -> bool:
    return one is None or one.kind is PrincipalKind.UNKNOWN


def _mask(numbers: Sequence[int]) -> int:
    if not numbers:
        return 0
    octets = bytearray((max(numbers) >> 3) + 1)
    for number in numbers:
        octets[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(octets, "little")


_BITS = tuple(tuple(bit for bit in range(8) if octet >> bit & 1) for octet in range(256))


def _bits(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set, the lowest first."""
    octets = mask.to_bytes((mask.bit_length() + 7) >> 3, "little")
    for index, octet in enumerate(octets):
        if octet:
            for bit in _BITS[octet]:
                yield index << 3 | bit
