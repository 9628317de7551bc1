"""Workload identities, persona rules and toxic combinations that ship with mlgate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rbac_matrix.matrix import Access
from rbac_matrix.organisation.loading import load_organisation
from rbac_matrix.organisation.model import Combination, Side
from rbac_matrix.permissions.catalogue import RoleCatalogue

SPECIFICATION = Path("/work/shared/spec/rbac.md")
with_shared = pytest.mark.skipif(not SPECIFICATION.is_file(), reason="the shared folder is not here")
BUILT_IN = load_organisation(None)
PLACES = {
    "resource group": "resource-group",
    "hub": "hub",
    "project": "project",
    "Container Registry": "Microsoft.ContainerRegistry/registries",
    "Key Vault": "Microsoft.KeyVault/vaults",
    "Storage account": "Microsoft.Storage/storageAccounts",
    "Azure OpenAI": "Microsoft.CognitiveServices/accounts",
}
Line = tuple[str, str, str, str, bool]


def specified() -> Iterator[Line]:
    """Identity, scope, role's name, id (or ""), condition: each line of the table, "the same eight" written out."""
    section = SPECIFICATION.read_text().split("## Workload identities")[1]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    hub: list[Line] = []
    for line in lines:
        identity, scope, roles, role_id = (cell.strip() for cell in line.strip().strip("|").split("|"))
        identity = re.sub(r" \(.*\)", "", identity).replace(" ", "-").lower()
        if roles.startswith("the same eight"):
            assert scope == "Container Registry, Key Vault (two), Storage account (five)"
            eight = [one for one in hub if one[1].startswith("Microsoft.")]
            assert len(eight) == 8
            yield from ((identity, *one[1:]) for one in eight)
            continue
        for role in re.split(r", (?=Storage)", roles):
            name = re.sub(r" \(.*\)", "", role)
            found = (identity, PLACES[scope], name, role_id, "**condition**" in role)
            hub += [found] if identity == "hub" else []
            yield found


@pytest.mark.shared
@with_shared
def test_workload_identities_are_those_of_the_specification() -> None:
    roles = BUILT_IN.matrices["production"].roles
    ids = {role.name: role.id for role in roles.values()}
    expected = list(specified())
    ours = [(one.workload.value, one.scope, roles[one.role].name, one.condition) for one in BUILT_IN.workloads]
    assert ours == [(identity, scope, name, condition) for identity, scope, name, _, condition in expected]
    assert len(ours) == 29
    for _, _, name, role_id, _ in expected:
        assert role_id in ("", ids[name])


def test_every_role_of_the_tables_is_a_built_in_one_of_azure() -> None:
    catalogue = RoleCatalogue.built_in()
    roles = BUILT_IN.matrices["production"].roles
    for grant in BUILT_IN.workloads:
        assert roles[grant.role].id
    for role in roles.values():
        if role.id:
            assert catalogue.with_id(role.id) is not None, role.name


def test_every_persona_has_rules_that_fit_its_kind() -> None:
    personas = BUILT_IN.matrices["production"].personas
    assert set(BUILT_IN.rules) == set(personas)
    for name, rules in BUILT_IN.rules.items():
        assert "User" not in rules.principal_types
        assert rules.just_in_time == (personas[name].access is Access.JUST_IN_TIME)
        assert (rules.maximum_hours is not None) == rules.just_in_time
        if personas[name].kind.value == "person":
            assert rules.principal_types == {"Group"}


def holds(side: Side, persona: str, matrix: str) -> bool:
    one = BUILT_IN.matrices[matrix]
    if side.environments and not side.environments & {matrix, *one.environments}:
        return False
    return persona in side.personas or bool(side.roles & {role.label for role in one.row(persona)})


@pytest.mark.parametrize("combination", BUILT_IN.combinations, ids=lambda one: one.id)
def test_no_persona_by_itself_is_a_toxic_combination(combination: Combination) -> None:
    assert combination.reason
    assert combination.source
    for persona in BUILT_IN.rules:
        first, second = (
            any(holds(side, persona, matrix) for matrix in BUILT_IN.matrices)
            for side in (combination.first, combination.second)
        )
        assert not (first and second), persona


def test_the_combinations_of_the_issue_are_there() -> None:
    ids = {one.id for one in BUILT_IN.combinations}
    assert {"committer-and-approver", "model-tester-and-ci-cd", "data-scientist-and-production-owner"} <= ids
