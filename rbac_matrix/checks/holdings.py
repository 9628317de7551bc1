"""What personas hold on each scope.

Everything that can be held (a role, by a group for some setups, on a part or the whole of a resource) is a bit of a
number. What is inherited is one operation then, however much it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rbac_matrix.checks.holders import HolderClass
from rbac_matrix.checks.places import Setups
from rbac_matrix.checks.roles import HeldRole

Part = tuple[str, int]
"""Id of a persona, and a number with the bit of an element."""


@dataclass(frozen=True, slots=True)
class Element:
    """One thing that can be held.

    Attributes:
        role: None where it isn't known.
        setups: those that the group is for.
        denials: indices of the deny assignments for the group.
        part: only on a part of the resource (a container, an endpoint).
    """

    role: HeldRole | None
    setups: Setups
    denials: tuple[int, ...]
    part: bool


class Holdings:
    """What is held on each scope."""

    def __init__(self) -> None:
        self.elements: list[Element] = []
        self._bits: dict[Element, int] = {}
        self._by_scope: dict[str, dict[str, int]] = {}
        self._everywhere: dict[str, int] = {}

    def parts_of(self, holder: HolderClass, role: HeldRole | None, part: bool) -> tuple[Part, ...]:
        """What an assignment adds: for the principal's own persona, and for those whose groups lie in it."""
        return tuple(
            (persona, self._bit(Element(role, setups, denials, part))) for persona, setups, denials in holder.in_cells
        )

    def _bit(self, element: Element) -> int:
        known = self._bits.get(element)
        if known is None:
            known = self._bits[element] = 1 << len(self.elements)
            self.elements.append(element)
        return known

    def add(self, scope: str, parts: tuple[Part, ...], everywhere: bool) -> None:
        """Something is held on a folded scope; `everywhere`: on a management group or the tenant."""
        held = self._everywhere if everywhere else self._by_scope.get(scope)
        if held is None:
            held = self._by_scope[scope] = {}
        for persona, bit in parts:
            held[persona] = held.get(persona, 0) | bit

    def on(self, above: tuple[str, ...]) -> Mapping[str, int]:
        """What each persona holds on any of the scopes, or everywhere."""
        found = dict(self._everywhere)
        for scope in above:
            for persona, mask in self._by_scope.get(scope, {}).items():
                found[persona] = found.get(persona, 0) | mask
        return found

    def beside(self, scope: str, known: Mapping[str, int]) -> Mapping[str, int]:
        """What is held on one more scope beside what is known; the same value where there is nothing."""
        own = self._by_scope.get(scope)
        if own is None:
            return known
        found = dict(known)
        for persona, mask in own.items():
            found[persona] = found.get(persona, 0) | mask
        return found

    def elements_in(self, mask: int) -> Iterator[Element]:
        """The elements of a number."""
        while mask:
            lowest = mask & -mask
            yield self.elements[lowest.bit_length() - 1]
            mask ^= lowest
