"""What isn't known, and what is too much: single assignments."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from rbac_matrix.assignments import AssignmentScope, ManagedIdentity, RoleAssignment, ScopeKind, Timing
from rbac_matrix.checks import reach, workload_rules
from rbac_matrix.checks.excess import EXCESS, PRODUCTION
from rbac_matrix.estate.model import Gap, Part
from rbac_matrix.matrix import MATRIX_NAMES, RoleSystem, load_matrix
from rbac_matrix.permissions.catalogue import RoleCatalogue
from rbac_matrix.permissions.comparison import contains
from rbac_matrix.permissions.interface import PermissionBlock, Permissions, RoleDefinition
from tests.fakes.rbac import (
    GROUP,
    HERE,
    TYPES,
    assignment,
    estate,
    judged,
    resource,
    rules,
    template,
)
from verdicts import ConfigurationError, Severity

CUSTOM = "11111111-1111-4111-8111-111111111111"


def undecided(one: RoleAssignment, **more: Any) -> list[str]:
    return [found.text for found in judged(template(one, **more)).undecided]


# What isn't known.


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"role_id": None, "role_text": "{parameters('r')}"}, "its role is not known"),
        ({"role_id": CUSTOM}, "no single definition"),
        ({"role_id": None, "custom_role": "my role"}, "no single definition"),
        ({"principal_id": None, "principal_text": "{parameters('p')}"}, "its principal is not known"),
        ({"scope": AssignmentScope(ScopeKind.UNKNOWN, "", "{x}")}, "its scope is not known"),
        (
            {"principal_id": None, "identity": ManagedIdentity(TYPES["ml-workspace"], "ws-{uniqueString('x')}")},
            "its principal is not known",
        ),
    ],
)
def test_what_is_not_known_is_undecided_and_never_fine(changes: dict[str, Any], what: str) -> None:
    one = assignment("O", **changes)
    assert [text for text in undecided(one) if what in text]
    assert rules(template(one)) == {}


def test_a_role_of_which_nothing_is_known_is_certainly_too_much_where_nothing_is_allowed() -> None:
    one = assignment("R", "data-analyst", "key-vault", role_id=CUSTOM)
    assert rules(template(one)) == {PRODUCTION: Severity.HIGH}
    assert undecided(one) == []


def test_what_no_principal_could_have_is_found_although_it_is_not_known_who_it_is() -> None:
    unknown: dict[str, Any] = {"principal_id": None, "principal_text": "{parameters('p')}"}
    assert rules(template(assignment("C", on="key-vault", **unknown))) == {}  # an Owner of the vault may have it
    one = assignment("O", on="storage-account", **unknown)
    assert rules(template(one)) == {EXCESS: Severity.CRITICAL}
    assert undecided(one)


def test_a_gap_is_undecided_and_nothing_is_missing_then() -> None:
    gap = Gap(part=Part.ASSIGNMENTS, detail="page 3 is missing", remedy="read it again", location=HERE)
    result = judged(estate(gaps=(gap,)))
    assert [(one.text, one.remedy, one.location) for one in result.undecided] == [
        ("role assignments: page 3 is missing", "read it again", HERE)
    ]
    assert "MLG-RBAC-MISSING" not in result.counts


def test_an_environment_without_a_matrix_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no environment 'moon'"):
        judged(estate(), "moon")


def test_a_role_too_wild_to_be_compared_is_undecided() -> None:
    block = PermissionBlock(actions=("x" * 5000,))
    role = RoleDefinition(id=CUSTOM, name="wild", permissions=Permissions((block,)), location=HERE)
    result = judged(template(assignment("R", role_id=CUSTOM), definitions=(role,)))
    assert "a pattern of actions has 5,000 characters" in result.undecided[0].text


# What is too much.


def cells_and_roles() -> list[tuple[str, str, str]]:
    return [
        (name, persona, service) for name in MATRIX_NAMES for persona in load_matrix(name).personas for service in TYPES
    ]


@pytest.mark.parametrize(("name", "persona", "service"), cells_and_roles())
def test_each_named_role_is_allowed_exactly_where_the_cell_permits_as_much(
    name: str, persona: str, service: str
) -> None:
    matrix, catalogue = load_matrix(name), RoleCatalogue.built_in()
    timing = Timing.ELIGIBLE if persona == "platform-technical-support" else Timing.PERMANENT
    allowed = Permissions()
    for role in matrix.cell(persona, service):
        known = catalogue.with_id(role.id)
        assert known is not None
        allowed += known.permissions
    for role in matrix.roles.values():
        definition = catalogue.with_id(role.id) if role.system is RoleSystem.AZURE_RBAC else None
        if definition is None:
            continue
        one = assignment(role.label, persona, service, timing=timing)
        found = set(rules(template(one), name)) - {workload_rules.STORAGE_CONDITION, reach.PRIVILEGED}
        covered = {"Storage Blob Data Contributor", "Storage File Data Privileged Contributor"}
        if name == "pre-production" and service == "storage-account" and role.name in covered:
            continue  # the table of workloads gives these to people in the portal
        too_much = EXCESS if matrix.cell(persona, service) or name != "production" else PRODUCTION
        assert found == (set() if contains(allowed, definition.permissions) else {too_much}), role.name


def test_excess_names_the_worst_actions_first_with_an_example() -> None:
    (finding,) = judged(template(assignment("O", "data-scientist", "container-registry"))).findings
    assert finding.rule_id == EXCESS
    assert "Too much: * (give roles, for example Microsoft.Authorization/roleAssignments/write)" in finding.message
    (finding,) = judged(template(assignment("KVA", "project-lead", "key-vault"))).findings
    assert "Microsoft.KeyVault/vaults/* (data, read keys and secrets" in finding.message
    assert "and 4 more" in finding.message or finding.message.count("(") <= 8


@pytest.mark.parametrize(
    ("role", "persona", "service", "severity"),
    [
        ("O", "data-scientist", "container-registry", Severity.CRITICAL),
        ("C", "data-scientist", "container-registry", Severity.HIGH),
        ("KVA", "project-lead", "key-vault", Severity.HIGH),
        ("LAC", "project-lead", "log-analytics", Severity.HIGH),
        ("KVR", "data-scientist", "container-registry", Severity.LOW),
        ("Storage Blob Data Reader", "data-scientist", "container-registry", Severity.LOW),
    ],
)
def test_severity_is_that_of_the_worst_action_with_an_effect(
    role: str, persona: str, service: str, severity: Severity
) -> None:
    found = rules(template(assignment(role, persona, service)))
    assert found == {EXCESS: severity}


def test_without_an_effect_the_finding_says_so() -> None:
    (finding,) = judged(template(assignment("KVR", "data-scientist", "container-registry"))).findings
    assert "has an effect on this type of resource" in finding.message


def test_an_empty_cell_in_production_is_a_rule_of_its_own_and_one_finding() -> None:
    one = assignment("ADS", "data-scientist")
    assert rules(template(one)) == {PRODUCTION: Severity.HIGH}
    assert rules(template(one), "pre-production") == {}
    empty = assignment("R", "model-end-user")
    assert rules(template(empty), "pre-production") == {EXCESS: Severity.MEDIUM}


def test_a_service_without_a_column_gives_nobody_anything() -> None:
    network = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/v"
    assert rules(template(assignment("R", on=network))) == {EXCESS: Severity.MEDIUM}
    assert rules(template(assignment("O", on=network))) == {reach.PRIVILEGED: Severity.CRITICAL}


def test_a_custom_role_counts_by_what_it_permits_under_any_name() -> None:
    def custom(*actions: str) -> RoleDefinition:
        return RoleDefinition(id=CUSTOM, name="my role", permissions=Permissions((PermissionBlock(actions=actions),)))

    one = assignment("R", "data-scientist", "container-registry", role_id=CUSTOM)
    fine = custom("Microsoft.ContainerRegistry/registries/read")
    assert rules(template(one, definitions=(fine,))) == {}
    bad = custom("Microsoft.ContainerRegistry/registries/delete")
    assert rules(template(one, definitions=(bad,))) == {EXCESS: Severity.HIGH}
    named = dataclasses.replace(one, role_id=None, custom_role="My Role")
    without_id = dataclasses.replace(bad, id="")
    assert rules(template(named, definitions=(without_id,))) == {EXCESS: Severity.HIGH}
    both = (fine, dataclasses.replace(bad, name="another"))
    assert judged(template(one, definitions=both)).undecided, "which of the two it is, nobody knows"


def test_case_never_counts() -> None:
    one = assignment(
        "O", "data-scientist", resource("container-registry").upper().replace("/SUBSCRIPTIONS", "/subscriptions")
    )
    assert rules(template(one)) == {EXCESS: Severity.CRITICAL}
    upper = assignment("r".upper(), "data-scientist", "container-registry", principal_type="GROUP")
    assert rules(template(upper)) == {}
