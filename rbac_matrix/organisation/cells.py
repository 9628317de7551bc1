"""Single cells that an organisation fills differently.

A list of roles replaces the cell. Where the roles permit more than the built-in cell does, a reason has to stand beside
them: whoever reads the file in a review sees what was opened, and why.
"""

from __future__ import annotations

from collections.abc import Sequence

from rbac_matrix.matrix import Role, RoleSystem
from rbac_matrix.organisation.draft import Draft, MatrixDraft
from rbac_matrix.organisation.reading import in_words, role_labels, unknown
from rbac_matrix.permissions.interface import Permissions, RoleDefinition
from verdicts import CouldNotCheckError
from verdicts.sections import Section


def apply_cells(draft: Draft, section: Section | None) -> None:
    """`cells:`. Raises ConfigurationError."""
    if section is None:
        return
    for name in section.keys():  # noqa: SIM118 - a Section is no dict
        if name not in draft.matrices:
            raise unknown(section, "matrix", name, draft.matrices, name)
        rows = section.section(name)
        for persona in rows.keys():  # noqa: SIM118
            if persona not in draft.personas:
                raise unknown(rows, "persona", persona, draft.personas, persona)
            row = rows.section(persona)
            for service in row.keys():  # noqa: SIM118
                if service not in draft.services:
                    raise unknown(row, "service", service, draft.services, service)
                _apply_cell(draft, name, persona, service, row)


def _apply_cell(draft: Draft, matrix: str, persona: str, service: str, row: Section) -> None:
    labels, reason = _cell(draft, row, service)
    own = draft.matrices[matrix]
    old = own.cells.get((persona, service), ())
    own.cells[persona, service] = labels
    if own.base is None or set(labels) == set(old):
        return
    wider = _widens(draft, labels, own, persona, service)
    if wider and not reason:
        raise row.error(
            f"{in_words(wider)} for {persona} on {service} is more than the built-in cell gives ({in_words(old)})",
            service,
            remedy=f"say why: {{roles: [{', '.join(labels)}], reason: ...}}",
        )
    text = f"{matrix}: {persona} on {service} has {in_words(labels)} instead of {in_words(old)}"
    draft.note(row, text, service, widens=bool(wider), reason=reason)


def _cell(draft: Draft, row: Section, service: str) -> tuple[tuple[str, ...], str]:
    """Labels, and the reason that stands beside them."""
    if isinstance(row.value(service), dict):
        section = row.section(service)
        names, reason = section.texts("roles"), section.text("reason")
        section.finish()
        where, keys = section, ["roles"]
    else:
        names, reason = row.texts(service), ""
        where, keys = row, [service]
    known = role_labels(draft.roles.values())
    labels: list[str] = []
    for index, name in enumerate(names):
        if name not in known:
            raise unknown(where, "role", name, known, *keys, index)
        if known[name] in labels:
            raise where.error(f"the role {name!r} stands twice", *keys, index)
        labels.append(known[name])
    _refuse_wrong_system(draft, service, labels, where, *keys)
    return tuple(labels), reason


def _refuse_wrong_system(draft: Draft, service: str, labels: Sequence[str], section: Section, *keys: str) -> None:
    """A group of Azure DevOps can't be had on an Azure resource; the built-in R, C and O stand for feed roles, too."""
    if not draft.services[service].resource_types:
        return
    for index, label in enumerate(labels):
        if draft.roles[label].system is RoleSystem.AZURE_DEVOPS:
            raise section.error(f"{label} is a group of Azure DevOps; {service} is an Azure resource", *keys, index)


def _widens(draft: Draft, labels: Sequence[str], matrix: MatrixDraft, persona: str, service: str) -> tuple[str, ...]:
    """The roles that give more than the built-in cell."""
    assert matrix.base is not None
    before = [draft.roles[label] for label in matrix.base.get((persona, service), ())]
    new = [draft.roles[label] for label in labels]
    return tuple(role.label for role in new if not _within(draft, role, before))


def _within(draft: Draft, role: Role, before: Sequence[Role]) -> bool:
    if any(one.grants(role) for one in before):
        return True
    definitions = [_definition(draft, one) for one in before]
    definition = _definition(draft, role)
    known = [one.permissions for one in definitions if one is not None]
    if definition is None or not known:
        return False
    from rbac_matrix.permissions.comparison import contains

    try:
        return contains(sum(known, Permissions()), definition.permissions)
    except CouldNotCheckError:
        return False


def _definition(draft: Draft, role: Role) -> RoleDefinition | None:
    if role.system is RoleSystem.AZURE_DEVOPS:
        return None
    own = next((one for one in draft.custom_roles if one.name == role.name), None)
    if own is not None:
        return own
    from rbac_matrix.permissions.catalogue import RoleCatalogue

    return RoleCatalogue.built_in().with_id(role.id)
