"""Identities of workloads, people in the portal, emergency accounts, deny assignments, setups."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from rbac_matrix.assignments import ManagedIdentity, RoleAssignment
from rbac_matrix.checks import reach, who, workload_rules
from rbac_matrix.checks.excess import EXCESS, PRODUCTION
from rbac_matrix.estate.model import DenyAssignment, DirectoryObject, IdentityUse, PrincipalKind
from rbac_matrix.organisation.model import BreakGlass, Setup
from rbac_matrix.permissions.interface import PermissionBlock
from tests.fakes.rbac import (
    GROUP,
    HERE,
    NOW,
    SUBSCRIPTION,
    TYPES,
    assignment,
    cell,
    directory,
    judged,
    object_id,
    organisation,
    principal,
    resource,
    rules,
    template,
)
from verdicts import Severity

STRANGER = "99999999-9999-4999-8999-999999999999"
ADA, BOB = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"


# Workloads.


HUB, PROJECT = resource("ml-workspace", "hub"), resource("ml-workspace", "project")
ENDPOINT = f"{PROJECT}/onlineEndpoints/chat"


def use(name: str, where: str, kind: str = "") -> IdentityUse:
    resource_type = TYPES["ml-workspace"] + ("/onlineEndpoints" if "onlineEndpoints" in where else "")
    identity = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
    return IdentityUse(
        identity=identity, resource_id=where, resource_type=resource_type, resource_kind=kind, location=HERE
    )


def workload(role: str, on: str, one: IdentityUse) -> set[str]:
    identity = ManagedIdentity("Microsoft.ManagedIdentity/userAssignedIdentities", one.identity.rsplit("/", 1)[1])
    given = assignment(role, on=on, principal_id=None, identity=identity, principal_type="ServicePrincipal")
    return set(rules(template(given, identity_uses=(one,))))


@pytest.mark.parametrize(
    ("role", "on", "one", "fine"),
    [
        ("C", GROUP, use("id-hub", HUB, "Hub"), True),
        ("C", SUBSCRIPTION, use("id-hub", HUB, "Hub"), False),
        ("C", f"{SUBSCRIPTION}/resourceGroups/other", use("id-hub", HUB, "Hub"), False),
        ("O", GROUP, use("id-hub", HUB, "Hub"), False),
        ("Azure AI Administrator", HUB, use("id-hub", HUB, "Hub"), True),
        ("Azure AI Administrator", HUB, use("id-project", PROJECT, "Project"), False),
        ("Azure AI Administrator", PROJECT, use("id-project", PROJECT, "project"), True),
        ("KVA", "key-vault", use("id-project", PROJECT, "Project"), True),
        ("C", GROUP, use("id-project", PROJECT, "Project"), False),
        ("AcrPull", "container-registry", use("id-chat", ENDPOINT), True),
        ("C", "container-registry", use("id-chat", ENDPOINT), False),
        ("AzureML Metrics Writer", PROJECT, use("id-chat", ENDPOINT), True),
        ("AzureML Metrics Writer", HUB, use("id-chat", ENDPOINT), False),
        ("Storage Blob Data Contributor", "storage-account", use("id-chat", ENDPOINT), True),
        ("Storage Blob Data Contributor", "key-vault", use("id-chat", ENDPOINT), False),
    ],
)
def test_a_workloads_identity_has_what_its_table_says(role: str, on: str, one: IdentityUse, fine: bool) -> None:
    assert workload(role, on, one) == (set() if fine else {workload_rules.WORKLOAD_EXCESS})


def test_contributor_that_the_platform_gives_a_system_assigned_identity_is_told_with_the_cure() -> None:
    own = dataclasses.replace(use("x", ENDPOINT), identity=ENDPOINT)
    identity = ManagedIdentity(TYPES["ml-workspace"] + "/onlineEndpoints", "project/chat")
    given = assignment("C", on="container-registry", principal_id=None, identity=identity)
    (finding,) = judged(template(given, identity_uses=(own,))).findings
    assert finding.rule_id == workload_rules.WORKLOAD_EXCESS
    assert "user-assigned identity" in finding.remediation


def test_a_workload_is_known_by_the_object_of_its_identity() -> None:
    one = use("id-chat", ENDPOINT)
    known = DirectoryObject(
        id=STRANGER, kind=PrincipalKind.SERVICE_PRINCIPAL, name="id-chat", managed_identity=one.identity.upper()
    )
    given = assignment("C", on="container-registry", principal_id=STRANGER)
    assert set(rules(template(given, identity_uses=(one,), directory=directory({}, [known])))) == {
        workload_rules.WORKLOAD_EXCESS
    }


def test_people_in_the_portal_need_a_condition_on_the_storage_account() -> None:
    one = assignment("Storage Blob Data Contributor", "data-scientist", "storage-account")
    assert rules(template(one), "pre-production") == {workload_rules.STORAGE_CONDITION: Severity.MEDIUM}
    good = dataclasses.replace(one, condition="@Resource[...containers:name] StringStartsWith 'guid'")
    assert rules(template(good), "pre-production") == {}
    assert judged(template(dataclasses.replace(one, condition=None)), "pre-production").undecided
    assert rules(template(good)) == {PRODUCTION: Severity.HIGH}, "nobody develops in production"
    reader = assignment("Storage Blob Data Contributor", "business-stakeholders", "storage-account", condition="x")
    assert set(rules(template(reader), "pre-production")) == {EXCESS}


# Exceptions.


def test_an_emergency_account_is_shown_and_never_excess_until_it_expires() -> None:
    glass = BreakGlass(object_id=STRANGER, reason="fire", location=HERE, expires=dt.date(2026, 11, 21))
    own = organisation(break_glass=(glass,))
    one = template(assignment("O", on=SUBSCRIPTION, principal_id=STRANGER))
    result = judged(one, own=own)
    assert result.findings == ()
    assert any("1 assignments, until 2026-11-21: fire" in note for note in result.notes)
    later = judged(one, own=own, now=NOW + dt.timedelta(days=1))
    assert set(later.counts) == {"MLG-RBAC-BREAK-GLASS", reach.PRIVILEGED, who.UNKNOWN_PRINCIPAL}


def denial(**changes: Any) -> DenyAssignment:
    made = DenyAssignment(
        name="no deletes",
        scope=GROUP.upper().replace("SUBSCRIPTIONS", "subscriptions"),
        permissions=(PermissionBlock(actions=("*",), not_actions=("*/read",)),),
        principals=(object_id("data-scientist"),),
        location=HERE,
    )
    return dataclasses.replace(made, **changes)


def test_what_is_denied_is_not_held_and_the_report_says_so() -> None:
    one = assignment("C", "data-scientist", "container-registry")
    held = template(one, denials=(denial(),))
    result = judged(held)
    assert result.findings == ()
    assert result.notes == (f"the deny assignment no deletes on {denial().scope} counts: what it denies is not held",)
    assert cell(result, "data-scientist", "container-registry").state.value == "exact"


@pytest.mark.parametrize(
    "changes",
    [
        {"principals": (STRANGER,)},
        {"scope": f"{SUBSCRIPTION}/resourceGroups/other"},
        {"own_scope_only": True},
        {"condition": "@Request[...]"},
        {"permissions": (PermissionBlock(actions=("Microsoft.Compute/*",)),)},
        {"excluded": (ADA,)},
        {"principals": ("00000000-0000-0000-0000-000000000000",), "excluded": (object_id("data-scientist"),)},
    ],
)
def test_a_denial_that_is_not_certainly_meant_takes_nothing_away(changes: dict[str, Any]) -> None:
    one = assignment("C", "data-scientist", "container-registry")
    assert set(rules(template(one, denials=(denial(**changes),)))) == {EXCESS}


def test_a_denial_with_exceptions_counts_where_no_member_is_excepted() -> None:
    one = assignment("C", "data-scientist", "container-registry")
    deny = denial(principals=("00000000-0000-0000-0000-000000000000",), excluded=(BOB,))
    without = directory({object_id("data-scientist"): (ADA,)})
    assert rules(template(one, denials=(deny,), directory=without)) == {}
    within = directory({object_id("data-scientist"): (ADA, BOB)})
    assert set(rules(template(one, denials=(deny,), directory=within))) == {EXCESS}


# Setups.


def setup(name: str, environment: str, **resources: str) -> Setup:
    ids = {service.replace("_", "-"): (text,) for service, text in resources.items()}
    return Setup(name=name, environment=environment, resources=ids, location=HERE)


def test_a_group_of_another_setup_has_nothing_there() -> None:
    own = organisation(
        principal("project-lead", setups=frozenset({("fraud", "production")})),
        setups=(
            setup("fraud", "production", key_vault=resource("key-vault", "fraud")),
            setup("credit", "production", key_vault=GROUP),
        ),
    )
    mine = assignment("R", "project-lead", resource("key-vault", "fraud"))
    assert rules(template(mine), own=own) == {}
    other = assignment("R", "project-lead", resource("key-vault", "credit"))
    assert rules(template(other), own=own) == {EXCESS: Severity.MEDIUM}
    result = judged(template(other), own=own)
    (state,) = [one.state.value for one in result.cells if one.persona == "project-lead" and one.held]
    assert state == "excess"


def test_resources_of_other_environments_are_left_to_these_and_the_report_says_so() -> None:
    own = organisation(setups=(setup("fraud", "development", ml_workspace=resource("ml-workspace")),))
    one = template(assignment("O", "data-analyst"))
    result = judged(one, own=own)
    assert result.findings == ()
    assert "1 role assignments in other environments than production" in result.not_looked
    assert set(judged(one, "development", own=own).counts) >= {EXCESS}


def test_a_finding_keeps_its_fingerprint_when_lines_shift_and_tells_assignments_apart() -> None:
    def fingerprint(one: RoleAssignment) -> str:
        return judged(template(one)).findings[0].fingerprint

    one = assignment("O", "data-scientist")
    moved = dataclasses.replace(one, location=dataclasses.replace(HERE, line=99))
    assert fingerprint(one) == fingerprint(moved)
    assert fingerprint(one) != fingerprint(assignment("O", "data-analyst"))
    assert fingerprint(one) != fingerprint(assignment("C", "data-scientist"))


def test_an_assignment_under_an_unknown_condition_of_the_deployment_counts() -> None:
    (finding,) = judged(template(assignment("O", "data-scientist", conditional=True))).findings
    assert "only under a condition that is not known" in finding.message
