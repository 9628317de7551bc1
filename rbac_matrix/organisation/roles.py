"""Roles that an organisation names beside those of the matrices: built-in ones, custom ones, DevOps groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rbac_matrix.matrix import Role, RoleSystem
from rbac_matrix.organisation.draft import Draft
from rbac_matrix.organisation.reading import place
from rbac_matrix.permissions.interface import PermissionBlock, Permissions, RoleDefinition
from rbac_matrix.principals import GUID
from verdicts import Severity
from verdicts.sections import Section

if TYPE_CHECKING:
    from rbac_matrix.permissions.catalogue import RoleCatalogue


def apply_roles(draft: Draft, section: Section) -> None:
    """One entry of `roles:`. Raises ConfigurationError."""
    system = section.choice("system", RoleSystem, RoleSystem.AZURE_RBAC)
    if system is RoleSystem.AZURE_DEVOPS:
        role = _devops_role(section)
    elif section.has("permissions"):
        role = _custom_role(draft, section)
    else:
        role = _built_in_role(section)
    section.finish()
    same = next((one for one in draft.roles.values() if role.id and one.id == role.id), None)
    if same is not None and same.label == same.name and not section.has("permissions"):
        draft.relabel(same, role.label)
        return
    for other in draft.roles.values():
        if role.label in (other.label, other.name) or (other.name == role.name and other.system is role.system):
            raise section.error(f"the role {role.label!r} stands already, as {other.label} ({other.name})")
    draft.roles[role.label] = role


def _devops_role(section: Section) -> Role:
    name = section.text("name")
    return Role(
        label=section.text("short", name),
        name=name,
        system=RoleSystem.AZURE_DEVOPS,
        id="",
        includes=frozenset(),
        excess=_excess(section, Severity.HIGH),
    )


def _built_in_role(section: Section) -> Role:
    catalogue = _catalogue()
    role_id, name = section.text("id", ""), section.text("name", "")
    if not role_id and not name:
        raise section.error("a role needs its 'name' or its 'id'")
    definition = catalogue.with_id(role_id) if role_id else catalogue.with_name(name)
    if definition is None:
        key = "id" if role_id else "name"
        remedy = "see Azure's built-in roles for the exact name, or write the 'permissions' of a custom role"
        raise section.error(f"there is no built-in role {role_id or name!r}", key, remedy=remedy)
    if name and definition.name.casefold() != name.casefold():
        raise section.error(f"{role_id} is the role {definition.name!r}, not {name!r}", "name")
    return Role(
        label=section.text("short", definition.name),
        name=definition.name,
        system=RoleSystem.AZURE_RBAC,
        id=definition.id,
        includes=frozenset(),
        excess=_excess(section, severity_of(definition.permissions)),
    )


def _custom_role(draft: Draft, section: Section) -> Role:
    name, role_id = section.text("name"), section.text("id", "").casefold()
    if role_id and GUID.fullmatch(role_id) is None:
        raise section.error("'id' must be the GUID of the role definition", "id")
    catalogue = _catalogue()
    same = catalogue.with_name(name) or (catalogue.with_id(role_id) if role_id else None)
    if same is not None:
        message = f"{same.name} ({same.id}) is a built-in role: a custom one can't take its place"
        raise section.error(message, "name", remedy="leave out 'permissions', or choose another name and id")
    if any(role_id and one.id == role_id for one in draft.custom_roles):
        raise section.error(f"two custom roles have the id {role_id}", "id")
    blocks = tuple(_block(one) for one in section.sections("permissions"))
    if not any(block.actions or block.data_actions for block in blocks):
        raise section.error("'permissions' permits nothing", "permissions")
    permissions = Permissions(blocks)
    draft.custom_roles.append(
        RoleDefinition(
            id=role_id,
            name=name,
            permissions=permissions,
            assignable_scopes=section.texts("assignable_scopes", ()),
            location=place(section),
        )
    )
    return Role(
        label=section.text("short", name),
        name=name,
        system=RoleSystem.AZURE_RBAC,
        id=role_id,
        includes=frozenset(),
        excess=_excess(section, severity_of(permissions)),
    )


def _block(section: Section) -> PermissionBlock:
    block = PermissionBlock(
        actions=section.texts("actions", ()),
        not_actions=section.texts("not_actions", ()),
        data_actions=section.texts("data_actions", ()),
        not_data_actions=section.texts("not_data_actions", ()),
    )
    section.finish()
    return block


def _excess(section: Section, usual: Severity) -> Severity:
    severity = section.choice("excess", Severity, usual)
    if severity is Severity.UNKNOWN:
        raise section.error("'excess' must be a severity", "excess")
    return severity


def severity_of(permissions: Permissions) -> Severity:
    """How bad a role is where the matrix doesn't give it, by the worst that it permits."""
    from rbac_matrix.permissions.danger import danger_of
    from rbac_matrix.permissions.interface import Danger

    worst = max(
        (
            danger_of(pattern, data=data)
            for block in permissions.blocks
            for data, patterns in ((False, block.actions), (True, block.data_actions))
            for pattern in patterns
        ),
        default=Danger.READS,
    )
    if worst >= Danger.GRANTS:
        return Severity.CRITICAL
    return Severity.HIGH if worst >= Danger.CHANGES else Severity.MEDIUM


def _catalogue() -> RoleCatalogue:
    from rbac_matrix.permissions.catalogue import RoleCatalogue

    return RoleCatalogue.built_in()
