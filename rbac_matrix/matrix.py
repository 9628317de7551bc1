"""The persona matrix as a value: who may have which role on which service.

Source: the machine-learning operations architecture's tables of personas and their access. The data stands in
`rbac_matrix/data/*.yml`, read with the line of everything that is wrong in it.
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from verdicts import ConfigurationError, InputDigest, Severity
from verdicts.digests import digest_file
from verdicts.documents import load_document
from verdicts.sections import Section

DATA = Path(__file__).parent / "data"
MATRIX_NAMES = ("production", "pre-production")
IDENTIFIER = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""Ids of personas and services, names of matrices, environments and setups: they become parts of other names."""
_RESOURCE_TYPE = re.compile(r"[A-Za-z0-9]+(\.[A-Za-z0-9]+)+(/[A-Za-z0-9]+)*")


class PersonaKind(enum.Enum):
    """Who acts under a persona."""

    PERSON = "person"
    PROCESS = "process"
    PERSON_OR_PROCESS = "person-or-process"


class Access(enum.Enum):
    """How long a persona keeps its access."""

    PERMANENT = "permanent"
    JUST_IN_TIME = "just-in-time"


class RoleSystem(enum.Enum):
    """Where a role lives."""

    AZURE_RBAC = "azure-rbac"
    AZURE_DEVOPS = "azure-devops"


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role that the matrices or reports name.

    Attributes:
        label: its abbreviation in the matrices ("LAR"), or its name where it has none.
        name: as Azure has it.
        system: see RoleSystem.
        id: GUID of the role definition in lower case, "" in Azure DevOps.
        includes: labels of the roles whose every permission it has too.
        excess: how bad it is where the matrix doesn't give it.
    """

    label: str
    name: str
    system: RoleSystem
    id: str
    includes: frozenset[str]
    excess: Severity

    def grants(self, other: Role) -> bool:
        """Whether someone who may have this role may have the other one."""
        return other.label == self.label or other.label in self.includes


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """One row. `id` is what the principals file says; `name` is the row's head, `title` the whole name."""

    id: str
    name: str
    title: str
    kind: PersonaKind
    project_specific: bool
    access: Access
    purpose: str


@dataclass(frozen=True, slots=True)
class Service:
    """One column. `resource_types` are types with all below them, or whole name spaces; empty outside of Azure."""

    id: str
    name: str
    resource_types: tuple[str, ...]

    def holds(self, resource_type: str) -> bool:
        """Whether a resource of that type belongs to the column."""
        folded = resource_type.casefold()
        return any(folded == own or folded.startswith(own + "/") for own in map(str.casefold, self.resource_types))


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """One matrix with everything that it names.

    Attributes:
        name: "production" or "pre-production".
        environments: where it holds.
        personas, services: rows and columns in their order, by id.
        roles: by label.
        cells: labels of the roles by (persona id, service id); an absent pair is an empty cell.
        inputs: the files that it was read from.
    """

    name: str
    environments: tuple[str, ...]
    personas: Mapping[str, Persona]
    services: Mapping[str, Service]
    roles: Mapping[str, Role]
    cells: Mapping[tuple[str, str], tuple[str, ...]]
    inputs: tuple[InputDigest, ...]

    def cell(self, persona: str, service: str) -> tuple[Role, ...]:
        """The roles that a persona may have on a service."""
        return tuple(self.roles[label] for label in self.cells.get((persona, service), ()))

    def row(self, persona: str) -> tuple[Role, ...]:
        """All roles that a persona may have on any service."""
        return tuple(role for service in self.services for role in self.cell(persona, service))

    def service_of(self, resource_type: str) -> Service | None:
        """The column that a resource belongs to."""
        return next((service for service in self.services.values() if service.holds(resource_type)), None)

    def role_with_id(self, role_id: str) -> Role | None:
        """The role with that definition, if it has a name here."""
        folded = role_id.casefold()
        return next((role for role in self.roles.values() if role.id == folded), None)


def load_matrix(name: str) -> Matrix:
    """One of the two built-in matrices. Raises ConfigurationError."""
    if name not in MATRIX_NAMES:
        raise ConfigurationError(f"there is no matrix {name!r}", remedy=f"known: {', '.join(MATRIX_NAMES)}")
    return read_matrix(DATA, name)


@functools.lru_cache(maxsize=8)
def read_matrix(folder: Path, name: str) -> Matrix:
    """A matrix from `roles.yml`, `personas.yml` and `<name>.yml` in a folder.

    Raises:
        ConfigurationError: with file and line.
    """
    roles = _roles(_top(folder / "roles.yml", "mlgate/rbac-roles/v1"))
    personas, services = _rows_and_columns(_top(folder / "personas.yml", "mlgate/rbac-personas/v1"))
    top = _top(folder / f"{name}.yml", "mlgate/rbac-matrix/v1")
    if top.text("name") != name:
        raise top.error(f"'name' must be {name}", "name")
    environments = top.texts("environments")
    section = top.section("cells")
    top.finish()
    cells = {}
    for persona in section.keys():  # noqa: SIM118 - a Section is no dict
        if persona not in personas:
            raise section.error(f"there is no persona {persona!r}", persona)
        row = section.section(persona)
        for service in row.keys():  # noqa: SIM118
            if service not in services:
                raise row.error(f"there is no service {service!r}", service)
            labels = row.texts(service)
            for index, label in enumerate(labels):
                if label not in roles:
                    raise row.error(f"there is no role {label!r}", service, index)
            cells[persona, service] = labels
    absent = [persona for persona in personas if not section.has(persona)]
    if absent:
        raise section.error(f"no row for {', '.join(absent)}", remedy="write {} for a persona without access")
    files = [folder / "roles.yml", folder / "personas.yml", folder / f"{name}.yml"]
    return Matrix(
        name=name,
        environments=environments,
        personas=personas,
        services=services,
        roles=roles,
        cells=cells,
        inputs=tuple(InputDigest(f"rbac_matrix/{file.name}", digest_file(file)) for file in files),
    )


def _top(path: Path, schema: str) -> Section:
    section = Section(load_document(path), str(path))
    if section.text("schema") != schema:
        raise section.error(f"'schema' must be {schema}", "schema")
    return section


def _roles(top: Section) -> dict[str, Role]:
    roles: dict[str, Role] = {}
    ids: set[str] = set()
    included: list[tuple[Section, str]] = []
    for section in top.sections("roles"):
        name = section.text("name")
        role = Role(
            label=section.text("short", name),
            name=name,
            system=section.choice("system", RoleSystem),
            id=section.text("id", "").casefold(),
            includes=frozenset(section.texts("includes", ())),
            excess=section.choice("excess", Severity, Severity.MEDIUM),
        )
        section.finish()
        if role.label in roles or (role.id and role.id in ids):
            raise section.error(f"the role {role.label!r} stands twice")
        if (role.system is RoleSystem.AZURE_RBAC) != bool(role.id):
            raise section.error("a role of Azure RBAC has an 'id', one of Azure DevOps has none")
        roles[role.label] = role
        ids.add(role.id)
        included += [(section, label) for label in role.includes]
    top.finish()
    for section, label in included:
        if label not in roles:
            raise section.error(f"there is no role {label!r}", "includes")
    return roles


def _rows_and_columns(top: Section) -> tuple[dict[str, Persona], dict[str, Service]]:
    personas: dict[str, Persona] = {}
    for section in top.sections("personas"):
        persona = read_persona(section)
        if personas.setdefault(persona.id, persona) is not persona:
            raise section.error(f"the persona {persona.id!r} stands twice", "id")
    services: dict[str, Service] = {}
    for section in top.sections("services"):
        service = read_service(section)
        if services.setdefault(service.id, service) is not service:
            raise section.error(f"the service {service.id!r} stands twice", "id")
    top.finish()
    return personas, services


def read_persona(section: Section) -> Persona:
    """One row's head. Raises ConfigurationError."""
    persona = Persona(
        id=_identifier(section),
        name=section.text("name"),
        title=section.text("title", section.text("name")),
        kind=section.choice("kind", PersonaKind),
        project_specific=section.boolean("project_specific"),
        access=section.choice("access", Access),
        purpose=section.text("purpose"),
    )
    section.finish()
    return persona


def read_service(section: Section) -> Service:
    """One column's head. Raises ConfigurationError."""
    service = Service(_identifier(section), section.text("name"), section.texts("resource_types"))
    for index, resource_type in enumerate(service.resource_types):
        if _RESOURCE_TYPE.fullmatch(resource_type) is None:
            raise section.error(
                f"{resource_type!r} is no type of resources",
                "resource_types",
                index,
                remedy="as in Microsoft.KeyVault/vaults",
            )
    section.finish()
    return service


def _identifier(section: Section) -> str:
    text = section.text("id")
    if IDENTIFIER.fullmatch(text) is None:
        raise section.error(
            f"{text!r} is no id", "id", remedy="small letters, digits and single hyphens, as in data-scientist"
        )
    return text
