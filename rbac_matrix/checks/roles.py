"""What roles of assignments permit, held against cells. Every answer is kept: there are few roles and few cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rbac_matrix.assignments import RoleAssignment
from rbac_matrix.checks.severity import with_effect
from rbac_matrix.estate.table import GivenRole
from rbac_matrix.matrix import Matrix, Role, Service
from rbac_matrix.permissions.catalogue import RoleCatalogue
from rbac_matrix.permissions.interface import Comparison, PermissionBlock, Permissions, Relation, RoleDefinition
from verdicts import CouldNotCheckError

GRANT = "Microsoft.Authorization/roleAssignments/write"
NOTHING = Permissions()


@dataclass(frozen=True, slots=True, eq=False)
class Allowance:
    """What a cell permits. One value for each cell, compared by identity. `unknown`: what of it isn't known."""

    permissions: Permissions
    unknown: str


@dataclass(frozen=True, slots=True, eq=False)
class HeldRole:
    """A role that somebody was given. One value for each role, compared by identity.

    Attributes:
        key: GUID in lower case, or what stands for it.
        name: for people, with "the role" or "the custom role" before it where that helps.
        permissions: what it permits as far as it is known.
        unknown: why that isn't known whole; "" if it is.
        grants: it permits to assign roles.
    """

    key: str
    name: str
    permissions: Permissions
    unknown: str
    grants: bool


class RoleBook:
    """Roles of an estate and of the cells of a matrix. `nothing` is what an empty cell allows."""

    def __init__(self, catalogue: RoleCatalogue) -> None:
        self._catalogue = catalogue
        self.nothing = Allowance(NOTHING, "")
        self._held: dict[tuple[str, str], HeldRole] = {}
        self._allowed: dict[frozenset[Role], Allowance] = {}
        self._allowed_to: dict[tuple[tuple[str, ...], str], Allowance] = {}
        self._related: dict[tuple[HeldRole, Allowance, tuple[PermissionBlock, ...]], tuple[bool, bool]] = {}
        self._compared: dict[tuple[HeldRole, Allowance, tuple[PermissionBlock, ...]], Comparison] = {}
        self._columns: dict[HeldRole, tuple[tuple[Service, ...], bool]] = {}
        self._exceeds: dict[tuple[HeldRole, Allowance, str], bool] = {}

    def of(self, assignment: RoleAssignment | GivenRole) -> HeldRole | None:
        """The role that an assignment gives; None where it isn't known which."""
        role_id, custom = assignment.role_id, assignment.custom_role
        if role_id is None and not custom:
            return None
        known = self._held.get((role_id or "", custom))
        if known is None:
            known = self._make(role_id or "", custom)
            self._held[role_id or "", custom] = known
        return known

    def _make(self, role_id: str, custom: str) -> HeldRole:
        definition = self._catalogue.with_id(role_id) if role_id else None
        if definition is None and custom:
            definition = self._catalogue.with_name(custom)
        if definition is None:
            name = f"the custom role {custom}" if custom else f"the role {role_id}"
            unknown = f"what {name} permits is not known: no single definition of it was read"
            return HeldRole(role_id or custom.casefold(), name, NOTHING, unknown, False)
        from rbac_matrix.permissions.comparison import permits

        named = definition.name if definition.built_in else f"the custom role {definition.name}"
        unknown = definition.unknown
        try:
            grants = permits(definition.permissions, GRANT, data=False)
            compared(definition.permissions, NOTHING)
        except CouldNotCheckError as error:
            grants, unknown = True, str(error)
        return HeldRole(role_id or custom.casefold(), named, definition.permissions, unknown, grants)

    def allowed(self, cell: tuple[Role, ...]) -> Allowance:
        """What the roles of a cell permit together."""
        key = frozenset(cell)
        known = self._allowed.get(key)
        if known is None:
            blocks: dict[PermissionBlock, None] = {}
            unknown = ""
            for role in sorted(key, key=lambda one: one.label):
                definition = self._of_matrix(role)
                if definition is None or definition.unknown:
                    unknown = f"what the matrix's role {role.name} permits is not known"
                else:
                    blocks.update(dict.fromkeys(definition.permissions.blocks))
            known = self._allowed[key] = Allowance(Permissions(tuple(blocks)), unknown)
        return known

    def allowed_to(self, personas: tuple[str, ...], matrix: Matrix, service: Service) -> Allowance:
        """What the cells of some personas in a column permit together."""
        key = (personas, service.id)
        known = self._allowed_to.get(key)
        if known is None:
            cell = tuple(role for one in personas for role in matrix.cell(one, service.id))
            known = self._allowed_to[key] = self.allowed(cell)
        return known

    def _of_matrix(self, role: Role) -> RoleDefinition | None:
        found = self._catalogue.with_id(role.id) if role.id else None
        return found or self._catalogue.with_name(role.name)

    def against(self, role: HeldRole, allowed: Allowance, denied: tuple[PermissionBlock, ...] = ()) -> Comparison:
        """A role, without what is denied, with what is allowed."""
        key = (role, allowed, denied)
        known = self._compared.get(key)
        if known is None:
            known = compared(without(role.permissions, denied), allowed.permissions)
            self._compared[key] = known
        return known

    def beyond_and_all(
        self, role: HeldRole, allowed: Allowance, denied: tuple[PermissionBlock, ...] = ()
    ) -> tuple[bool, bool]:
        """Whether a role permits something that isn't allowed, and whether it permits all that is."""
        key = (role, allowed, denied)
        related = self._related.get(key)
        if related is None:
            known = self._compared.get(key)
            if known is not None:
                related = too_much(known), known.relation in (Relation.EQUAL, Relation.EXCESS)
            else:
                from rbac_matrix.permissions.comparison import contains

                held = without(role.permissions, denied)
                related = not contains(allowed.permissions, held), contains(held, allowed.permissions)
            self._related[key] = related
        return related

    def columns_of(self, role: HeldRole, services: Iterable[Service]) -> tuple[tuple[Service, ...], bool]:
        """The columns to whose resources actions of a role belong, and whether there are others."""
        known = self._columns.get(role)
        if known is None:
            actions = [one.pattern.casefold() for one in self.against(role, self.nothing).excess]
            begins = {one: tuple(f"{kind.casefold()}/" for kind in one.resource_types) for one in services}
            found = tuple(one for one, begin in begins.items() if any(action.startswith(begin) for action in actions))
            every = tuple(begin for one in found for begin in begins[one])
            known = self._columns[role] = found, not all(action.startswith(every) for action in actions)
        return known

    def exceeds_in(self, role: HeldRole, allowed: Allowance, service: Service) -> bool:
        """Whether a role permits something that isn't allowed and has an effect on a column's resources."""
        key = (role, allowed, service.id)
        known = self._exceeds.get(key)
        if known is None:
            known = self.beyond_and_all(role, allowed)[0] and any(
                with_effect(self.against(role, allowed).excess, one) for one in service.resource_types
            )
            self._exceeds[key] = known
        return known


def union(many: Iterable[Permissions]) -> Permissions:
    """What they permit together."""
    return Permissions(tuple(dict.fromkeys(block for one in many for block in one.blocks)))


def compared(held: Permissions, allowed: Permissions) -> Comparison:
    """What is held with what is allowed."""
    if frozenset(held.blocks) == frozenset(allowed.blocks):
        return Comparison(Relation.EQUAL)
    from rbac_matrix.permissions.comparison import compare

    return compare(held, allowed)


def too_much(comparison: Comparison) -> bool:
    """Whether something is held that isn't allowed."""
    return comparison.relation in (Relation.EXCESS, Relation.DIFFERENT)


def without(permissions: Permissions, denied: tuple[PermissionBlock, ...]) -> Permissions:
    """What remains of permissions."""
    blocks: Sequence[PermissionBlock] = permissions.blocks
    for deny in denied:
        blocks = [part for block in blocks for part in _taken(block, deny)]
    return Permissions(tuple(dict.fromkeys(blocks)))


def _taken(block: PermissionBlock, deny: PermissionBlock) -> Iterable[PermissionBlock]:
    """A block minus a denial: minus all of its actions, plus what both permit of the denial's exceptions."""
    yield PermissionBlock(
        actions=block.actions,
        not_actions=(*block.not_actions, *deny.actions),
        data_actions=block.data_actions,
        not_data_actions=(*block.not_data_actions, *deny.data_actions),
        condition=block.condition,
    )
    spared = _both(block.actions, deny.not_actions)
    spared_data = _both(block.data_actions, deny.not_data_actions)
    if spared or spared_data:
        yield PermissionBlock(
            actions=spared,
            not_actions=block.not_actions,
            data_actions=spared_data,
            not_data_actions=block.not_data_actions,
            condition=block.condition,
        )


def _both(actions: Sequence[str], exceptions: Sequence[str]) -> tuple[str, ...]:
    """Patterns for exactly what stands in both lists."""
    from rbac_matrix.permissions.patterns import Budget, common, fold

    budget = Budget()
    found = (part for one in actions for other in exceptions for part in common(fold(one), fold(other), budget))
    return tuple(dict.fromkeys(found))


def glob(pattern: str) -> Callable[[str], bool]:
    """A test for texts in lower case; `*` stands for any number of characters."""
    parts = pattern.casefold().split("*")

    def matches(text: str) -> bool:
        if len(parts) == 1:
            return text == parts[0]
        if not text.startswith(parts[0]) or len(text) < len(parts[0]) + len(parts[-1]):
            return False
        position, end = len(parts[0]), len(text) - len(parts[-1])
        for part in parts[1:-1]:
            position = text.find(part, position, end)
            if position < 0:
                return False
            position += len(part)
        return text.endswith(parts[-1])

    return matches
