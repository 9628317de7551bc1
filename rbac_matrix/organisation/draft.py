"""An organisation while it is read: the built-in data, or nothing, and what the file changes of it step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from rbac_matrix.matrix import DATA, MATRIX_NAMES, Matrix, Persona, Role, Service, load_matrix
from rbac_matrix.organisation import defaults
from rbac_matrix.organisation.model import Combination, Deviation, PersonaRules, WorkloadGrant
from rbac_matrix.organisation.reading import place
from rbac_matrix.permissions.interface import RoleDefinition
from verdicts import InputDigest
from verdicts.sections import Section

Cells = dict[tuple[str, str], tuple[str, ...]]


@dataclass(slots=True)
class MatrixDraft:
    """One matrix. `base` has the cells that it is compared with; None where there is nothing to compare with."""

    environments: tuple[str, ...]
    cells: Cells
    base: Mapping[tuple[str, str], tuple[str, ...]] | None = None


@dataclass(slots=True)
class Draft:
    """See `organisation.model.Organisation` for what the fields come to."""

    extends: bool
    roles: dict[str, Role]
    inputs: list[InputDigest]
    personas: dict[str, Persona] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    matrices: dict[str, MatrixDraft] = field(default_factory=dict)
    rules: dict[str, PersonaRules] = field(default_factory=dict)
    combinations: dict[str, Combination] = field(default_factory=dict)
    workloads: dict[WorkloadGrant, None] = field(default_factory=dict)
    custom_roles: list[RoleDefinition] = field(default_factory=list)
    deviations: list[Deviation] = field(default_factory=list)

    @property
    def places(self) -> tuple[str, ...]:
        """Names of matrices and of their environments."""
        named = [name for matrix in self.matrices.values() for name in matrix.environments]
        return tuple(dict.fromkeys([*self.matrices, *named]))

    @property
    def environments(self) -> tuple[str, ...]:
        """Names of the environments of all matrices; a matrix without any counts as one itself."""
        return tuple(name for key, matrix in self.matrices.items() for name in (matrix.environments or (key,)))

    def note(self, section: Section, text: str, *keys: str | int, widens: bool, reason: str = "") -> None:
        """Keeps a deviation from the built-in data; without such data there is none to deviate from."""
        if self.extends:
            where = place(section, *keys)
            self.deviations.append(Deviation(text=text, widens=widens, location=where, reason=reason))

    def relabel(self, role: Role, label: str) -> None:
        """Gives a role that had none an abbreviation."""

        def new(labels: frozenset[str]) -> frozenset[str]:
            return frozenset(label if one == role.label else one for one in labels)

        self.roles = {
            one.label: one
            for other in self.roles.values()
            for one in [replace(other, label=label if other is role else other.label, includes=new(other.includes))]
        }
        self.workloads = dict.fromkeys(
            replace(one, role=label) if one.role == role.label else one for one in self.workloads
        )
        self.combinations = {
            key: replace(
                one,
                first=replace(one.first, roles=new(one.first.roles)),
                second=replace(one.second, roles=new(one.second.roles)),
            )
            for key, one in self.combinations.items()
        }

    def matrix(self, name: str) -> Matrix:
        """One matrix as a value."""
        draft = self.matrices[name]
        return Matrix(
            name=name,
            environments=draft.environments,
            personas=self.personas,
            services=self.services,
            roles=self.roles,
            cells={key: labels for key, labels in draft.cells.items() if labels},
            inputs=tuple(self.inputs),
        )


def built_in() -> Draft:
    """Everything as it ships with mlgate."""
    matrices = {name: load_matrix(name) for name in MATRIX_NAMES}
    first = matrices[MATRIX_NAMES[0]]
    files = dict.fromkeys(one for matrix in matrices.values() for one in matrix.inputs)
    draft = Draft(
        extends=True,
        roles=dict(first.roles),
        inputs=[*files, *defaults.digests()],
        personas=dict(first.personas),
        services=dict(first.services),
        matrices={
            name: MatrixDraft(matrix.environments, dict(matrix.cells), matrix.cells)
            for name, matrix in matrices.items()
        },
        rules=dict(defaults.built_in_rules()),
    )
    draft.workloads = dict.fromkeys(defaults.built_in_workloads(draft.roles))
    combinations = defaults.built_in_combinations(draft.personas, draft.roles, draft.places)
    draft.combinations = {one.id: one for one in combinations}
    return draft


def nothing() -> Draft:
    """No persona, service or matrix; the abbreviations of roles alone, which are Azure's and not ours."""
    roles = load_matrix(MATRIX_NAMES[0])
    file = next(one for one in roles.inputs if one.name == f"rbac_matrix/{DATA.joinpath('roles.yml').name}")
    return Draft(extends=False, roles=dict(roles.roles), inputs=[file])
