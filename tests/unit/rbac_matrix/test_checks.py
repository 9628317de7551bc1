"""Each rule: what it denies, and what it must leave alone."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from rbac_matrix.assignments import (
    AssignmentScope,
    ManagedIdentity,
    RoleAssignment,
    ScopeKind,
    Timing,
)
from rbac_matrix.checks import rules as checks
from rbac_matrix.matrix import MATRIX_NAMES, Matrix, RoleSystem, load_matrix
from rbac_matrix.permissions.interface import PermissionBlock, Permissions, RoleDefinition
from rbac_matrix.principals import Principal, Principals
from verdicts import Location, Severity

HERE = Location("t.json", 7)
WORKSPACE = "Microsoft.MachineLearningServices/workspaces"


def object_id(persona: str) -> str:
    index = list(load_matrix("production").personas).index(persona)
    return f"00000000-0000-4000-8000-{index:012d}"


def principal(persona: str, **changes: Any) -> Principal:
    entry = Principal(
        persona=persona,
        object_id=object_id(persona),
        identity="",
        resource_type="",
        type="Group",
        name=f"grp-{persona}",
        location=HERE,
    )
    return dataclasses.replace(entry, **changes)


PRINCIPALS = Principals(tuple(principal(persona) for persona in load_matrix("production").personas))


def assignment(role: str, persona: str = "ci-cd", on: str = WORKSPACE, **changes: Any) -> RoleAssignment:
    made = RoleAssignment(
        name="Microsoft.Authorization/roleAssignments x",
        role_id=load_matrix("production").roles[role].id,
        role_text=role,
        principal_id=object_id(persona),
        principal_text=object_id(persona),
        principal_type="Group",
        scope=AssignmentScope(ScopeKind.RESOURCE, on, "/x"),
        timing=Timing.ELIGIBLE if persona == "platform-technical-support" else Timing.PERMANENT,
        location=HERE,
    )
    return dataclasses.replace(made, **changes)


def found(one: RoleAssignment, matrix: str = "production", principals: Principals = PRINCIPALS) -> dict[str, Severity]:
    checked = checks.check_assignment(one, load_matrix(matrix), principals)
    assert all(finding.documentation == f"docs/rules/{finding.rule_id}.md" for finding in checked.findings)
    assert all(finding.location == HERE for finding in checked.findings)
    return {finding.rule_id: finding.severity for finding in checked.findings}


def undecided(one: RoleAssignment, principals: Principals = PRINCIPALS) -> tuple[str, ...]:
    return checks.check_assignment(one, load_matrix("production"), principals).undecided


def azure_cells(matrix: Matrix) -> list[tuple[str, str]]:
    services = [one for one in matrix.services.values() if one.resource_types]
    return [(persona, service.id) for persona in matrix.personas for service in services]


@pytest.mark.parametrize("name", MATRIX_NAMES)
def test_in_every_cell_each_role_is_allowed_exactly_where_the_matrix_grants_it(name: str) -> None:
    matrix = load_matrix(name)
    for persona, service in azure_cells(matrix):
        types = matrix.services[service].resource_types
        on = types[0] if "/" in types[0] else f"{types[0]}/components"
        cell = matrix.cell(persona, service)
        for role in matrix.roles.values():
            if role.system is not RoleSystem.AZURE_RBAC:
                continue
            within = any(own.label == role.label or role.label in own.includes for own in cell)
            expected = {} if within else {checks.EXCESS: role.excess}
            assert found(assignment(role.label, persona, on), name) == expected, (persona, service, role.label)


def test_owner_for_a_data_scientist_is_critical() -> None:
    assert found(assignment("O", "data-scientist")) == {checks.EXCESS: Severity.CRITICAL}


def test_less_than_the_cell_is_no_excess() -> None:
    assert found(assignment("R", "ci-cd")) == {}


def test_a_role_on_a_service_without_a_column_is_excess() -> None:
    assert checks.EXCESS in found(assignment("R", "ci-cd", "Microsoft.Network/virtualNetworks"))


def test_a_role_without_a_name_here_is_excess() -> None:
    one = assignment("R", "ci-cd", role_id="11111111-1111-4111-8111-111111111111")
    assert found(one) == {checks.EXCESS: Severity.HIGH}


def test_a_custom_role_is_excess() -> None:
    assert found(assignment("R", role_id=None, custom_role="my-role")) == {checks.EXCESS: Severity.HIGH}


@pytest.mark.parametrize(
    "kind", [ScopeKind.RESOURCE_GROUP, ScopeKind.SUBSCRIPTION, ScopeKind.MANAGEMENT_GROUP, ScopeKind.TENANT]
)
def test_more_than_one_resource_is_a_wide_scope(kind: ScopeKind) -> None:
    wide = AssignmentScope(kind, "", "/x")
    assert found(assignment("O", scope=wide)) == {checks.WIDE_SCOPE: Severity.CRITICAL}
    both = found(assignment("C", "data-scientist", scope=wide))
    assert both == {checks.WIDE_SCOPE: Severity.HIGH, checks.EXCESS: Severity.HIGH}


def test_a_principal_that_nobody_named_is_unknown() -> None:
    stranger = assignment("O", principal_id="99999999-9999-4999-8999-999999999999")
    assert found(stranger) == {checks.UNKNOWN_PRINCIPAL: Severity.HIGH}
    assert undecided(stranger) == ()


def test_a_user_instead_of_a_group() -> None:
    assert found(assignment("O", principal_type="user")) == {checks.USER: Severity.MEDIUM}
    listed = Principals((principal("ci-cd", type="User"),))
    assert found(assignment("O"), principals=listed) == {checks.USER: Severity.MEDIUM}
    assert found(assignment("O", principal_type="ServicePrincipal")) == {}


def test_technical_support_is_eligible_or_time_bound_but_never_permanent() -> None:
    for timing, rules in ((Timing.PERMANENT, {checks.PERMANENT}), (Timing.ELIGIBLE, set()), (Timing.TIME_BOUND, set())):
        assert set(found(assignment("O", "platform-technical-support", timing=timing))) == rules
    assert found(assignment("O", "ci-cd", timing=Timing.PERMANENT)) == {}


@pytest.mark.parametrize(
    ("actions", "data", "severity"),
    [
        (("*",), (), Severity.CRITICAL),
        ((), ("*",), Severity.CRITICAL),
        (("*/write",), (), Severity.HIGH),
        (("Microsoft.*/delete",), (), Severity.HIGH),
        (("*/read",), (), None),
        (("Microsoft.KeyVault/vaults/*",), (), None),
    ],
)
def test_a_custom_role_with_a_wildcard(
    actions: tuple[str, ...], data: tuple[str, ...], severity: Severity | None
) -> None:
    permissions = Permissions((PermissionBlock(actions=actions, data_actions=data),))
    role = RoleDefinition(id="", name="r", permissions=permissions, location=HERE)
    result = checks.check_role_definition(role)
    assert [(one.rule_id, one.severity) for one in result.findings] == (
        [(checks.CUSTOM_ROLE_WILDCARD, severity)] if severity else []
    )
    assert result.undecided == ()


def test_a_custom_role_whose_actions_are_not_known_is_undecided() -> None:
    role = RoleDefinition(id="", name="r", permissions=Permissions(), unknown="a parameter", location=HERE)
    assert checks.check_role_definition(role).undecided


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"role_id": None}, "role"),
        ({"principal_id": None}, "principal"),
        ({"scope": AssignmentScope(ScopeKind.UNKNOWN, "", "{x}")}, "scope"),
        ({"principal_id": None, "identity": ManagedIdentity(WORKSPACE, "ws-{uniqueString('x')}")}, "principal"),
    ],
)
def test_what_is_not_known_is_undecided_and_never_fine(changes: dict[str, Any], what: str) -> None:
    one = assignment("O", **changes)
    assert [reason for reason in undecided(one) if what in reason]
    assert found(one) == {}


def test_what_no_value_could_excuse_is_found_although_something_is_unknown() -> None:
    one = assignment("C", on="Microsoft.KeyVault/vaults", principal_id=None)
    assert found(one) == {}  # Owner of the vault may have it
    one = assignment("O", on="Microsoft.Storage/storageAccounts", principal_id=None)
    assert found(one) == {checks.EXCESS: Severity.CRITICAL}
    assert undecided(one)


def test_a_managed_identity_has_the_persona_of_its_line() -> None:
    entry = principal("ml-workspace", object_id="", identity="ws")
    one = assignment("R", on="Microsoft.KeyVault/vaults", principal_id=None, identity=ManagedIdentity(WORKSPACE, "WS"))
    assert found(one, principals=Principals((entry,))) == {}
    assert undecided(one, Principals((entry,))) == ()
    assert found(one) == {checks.UNKNOWN_PRINCIPAL: Severity.HIGH}
    owner = dataclasses.replace(one, role_id=load_matrix("production").roles["O"].id)
    assert found(owner, principals=Principals((entry,))) == {checks.EXCESS: Severity.CRITICAL}


def test_a_finding_keeps_its_fingerprint_when_lines_shift_and_tells_assignments_apart() -> None:
    def fingerprint(one: RoleAssignment) -> str:
        return checks.check_assignment(one, load_matrix("production"), PRINCIPALS).findings[0].fingerprint

    one = assignment("O", "data-scientist")
    assert fingerprint(one) == fingerprint(dataclasses.replace(one, location=Location("t.json", 99)))
    assert fingerprint(one) != fingerprint(assignment("O", "data-analyst"))
    assert fingerprint(one) != fingerprint(assignment("C", "data-scientist"))
