"""Where, to whom, how long and under which condition: what is denied, and what is left alone."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from rbac_matrix.assignments import ManagedIdentity, RoleAssignment, Timing
from rbac_matrix.checks import reach, terms, who
from rbac_matrix.checks.excess import EXCESS
from rbac_matrix.estate.model import DirectoryObject, PrincipalKind
from rbac_matrix.organisation.model import PersonaRules
from tests.fakes.rbac import (
    GROUP,
    SUBSCRIPTION,
    TYPES,
    assignment,
    built_in,
    cell,
    directory,
    estate,
    judged,
    object_id,
    organisation,
    principal,
    role_id,
    rules,
    template,
)
from verdicts import Severity

STRANGER = "99999999-9999-4999-8999-999999999999"
ADA = "aaaaaaaa-0000-4000-8000-000000000001"
UAA, RBAC_ADMINISTRATOR = "User Access Administrator", "Role Based Access Control Administrator"
MANAGEMENT_GROUP = "/providers/Microsoft.Management/managementGroups/mg"


def undecided(one: RoleAssignment, **more: Any) -> list[str]:
    return [found.text for found in judged(template(one, **more)).undecided]


# Where.


@pytest.mark.parametrize("scope", [GROUP, SUBSCRIPTION, MANAGEMENT_GROUP, "/"])
def test_more_than_one_resource_is_one_finding(scope: str) -> None:
    assert rules(template(assignment("R", "project-lead", scope))) == {reach.WIDE_SCOPE: Severity.MEDIUM}
    assert rules(template(assignment("C", "data-scientist", scope))) == {reach.WIDE_SCOPE: Severity.HIGH}
    assert rules(template(assignment("O", "ci-cd", scope))) == {reach.PRIVILEGED: Severity.CRITICAL}


def test_what_is_inherited_counts_in_the_cells_below_and_the_finding_names_the_columns() -> None:
    result = judged(estate(assignment("R", "project-owner", SUBSCRIPTION)), "pre-production")
    assert cell(result, "project-owner", "storage-account").state.value == "exact"
    assert cell(result, "project-owner", "key-vault").state.value == "excess"
    (wide,) = [one for one in result.findings if one.rule_id == reach.WIDE_SCOPE]
    assert "pre-production matrix gives on Key Vault, Container Registry, Log Analytics" in wide.message
    assert EXCESS not in result.counts, "one mistake is one finding"


@pytest.mark.parametrize("role", [UAA, RBAC_ADMINISTRATOR])
def test_who_gives_roles_needs_a_condition_unless_the_matrix_names_the_role(role: str) -> None:
    assert rules(template(assignment(role))) == {reach.PRIVILEGED: Severity.MEDIUM}
    assert rules(template(assignment(role, condition="@Resource[...] ForAnyOfAnyValues:GuidEquals {...}"))) == {}
    assert rules(template(assignment("O"))) == {}
    wide = assignment(role, on=GROUP, condition="x")
    assert rules(template(wide)) == {reach.PRIVILEGED: Severity.HIGH}


# Who.


def test_a_principal_that_nobody_named_is_unknown_and_worse_if_it_gives_roles() -> None:
    assert rules(template(assignment("R", principal_id=STRANGER))) == {who.UNKNOWN_PRINCIPAL: Severity.HIGH}
    assert rules(template(assignment("O", principal_id=STRANGER))) == {who.UNKNOWN_PRINCIPAL: Severity.CRITICAL}


def test_a_user_instead_of_a_group() -> None:
    own = organisation(principal("project-lead", type="User"))
    one = assignment("R", "project-lead", "key-vault")
    assert rules(template(one), own=own) == {who.USER: Severity.MEDIUM}
    assert rules(template(dataclasses.replace(one, principal_type="user"))) == {who.USER: Severity.MEDIUM}
    people = directory({object_id("project-lead"): (ADA,)})
    direct = dataclasses.replace(one, principal_id=ADA, principal_type="")
    assert rules(template(direct, directory=people)) == {who.USER: Severity.MEDIUM}
    allowed = dict(built_in().rules) | {
        "project-lead": PersonaRules(principal_types=frozenset({"Group", "User"}), just_in_time=False)
    }
    assert rules(template(direct, directory=people), own=organisation(rules=allowed)) == {}


def test_a_user_in_a_personas_group_may_not_have_more_than_the_persona() -> None:
    people = directory({object_id("project-lead"): (ADA,)})
    direct = assignment("O", "project-lead", "key-vault", principal_id=ADA, principal_type="")
    assert rules(template(direct, directory=people)) == {who.USER: Severity.MEDIUM, EXCESS: Severity.CRITICAL}


def test_a_type_of_principal_that_may_not_have_it() -> None:
    robot = assignment("R", "project-lead", "key-vault", principal_type="ServicePrincipal")
    listed = organisation(principal("project-lead", type="ServicePrincipal"))
    assert rules(template(robot), own=listed) == {who.PRINCIPAL_TYPE: Severity.MEDIUM}
    group = organisation(principal("ci-cd", type="Group"))
    assert rules(template(assignment("O", principal_type="Group")), own=group) == {}


def test_an_orphan_is_certain_in_a_whole_directory_alone() -> None:
    one = assignment("R", "project-lead", "key-vault", principal_id=STRANGER)
    assert rules(template(one, directory=directory({}))) == {who.ORPHAN: Severity.LOW}
    assert rules(template(one, directory=directory({}, whole=False))) == {who.UNKNOWN_PRINCIPAL: Severity.HIGH}
    gone = dataclasses.replace(directory({}, whole=False), gone=frozenset({STRANGER}))
    assert rules(template(one, directory=gone)) == {who.ORPHAN: Severity.LOW}
    off = DirectoryObject(id=STRANGER, kind=PrincipalKind.USER, name="bob", enabled=False)
    assert rules(template(one, directory=directory({}, [off]))) == {who.ORPHAN: Severity.LOW}


def test_a_guest_is_told_as_a_guest() -> None:
    guest = DirectoryObject(id=ADA, kind=PrincipalKind.USER, name="ada#EXT#", guest=True)
    one = assignment("R", "project-lead", "key-vault", principal_id=ADA)
    assert rules(template(one, directory=directory({}, [guest]))) == {who.GUEST: Severity.MEDIUM}
    member = dataclasses.replace(guest, guest=False)
    assert rules(template(one, directory=directory({}, [member]))) == {who.UNKNOWN_PRINCIPAL: Severity.HIGH}


def test_an_unknown_group_around_a_personas_group_gives_the_persona_what_it_has() -> None:
    outer = "aaaaaaaa-0000-4000-8000-00000000000f"
    people = directory({outer: (object_id("data-analyst"),), object_id("data-analyst"): (ADA,)})
    one = assignment("C", "data-analyst", "key-vault", principal_id=outer)
    result = judged(estate(one, directory=people))
    assert cell(result, "data-analyst", "key-vault").state.value == "excess"
    (finding,) = [one for one in result.findings if one.rule_id == who.UNKNOWN_PRINCIPAL]
    assert "grp-data-analyst (data-analyst)" in finding.message


def test_a_managed_identity_has_the_persona_of_its_line() -> None:
    entry = principal("ml-workspace", object_id="", identity="ws")
    identity = ManagedIdentity(TYPES["ml-workspace"], "WS")
    one = assignment("R", on="key-vault", principal_id=None, identity=identity)
    assert rules(template(one), own=organisation(entry)) == {}
    assert rules(template(one), own=organisation()) == {who.UNKNOWN_PRINCIPAL: Severity.HIGH}
    owner = dataclasses.replace(one, role_id=role_id("O"))
    assert rules(template(owner), own=organisation(entry)) == {EXCESS: Severity.CRITICAL}


# How long, and under which condition.


def test_technical_support_is_eligible_or_time_bound_but_never_permanent() -> None:
    for timing, expected in ((Timing.PERMANENT, {terms.PERMANENT}), (Timing.ELIGIBLE, set())):
        one = assignment("O", "platform-technical-support", timing=timing)
        assert set(rules(template(one))) == expected
    assert rules(template(assignment("O", "ci-cd"))) == {}


@pytest.mark.parametrize(("hours", "expected"), [(8.0, set()), (24.0, set()), (25.0, {terms.TIME})])
def test_a_time_bound_assignment_ends_in_time(hours: float, expected: set[str]) -> None:
    one = assignment("O", "platform-technical-support", timing=Timing.TIME_BOUND, hours=hours)
    assert set(rules(template(one))) == expected
    unknown = dataclasses.replace(one, hours=None)
    assert undecided(unknown)
    assert rules(template(unknown)) == {}


def test_a_process_can_not_activate_an_eligible_assignment() -> None:
    assert rules(template(assignment("O", "ci-cd", timing=Timing.ELIGIBLE))) == {terms.TIME: Severity.LOW}
    assert rules(template(assignment("R", "project-lead", "key-vault", timing=Timing.ELIGIBLE))) == {}


def test_a_condition_that_nobody_agreed_to() -> None:
    rule = PersonaRules(
        principal_types=frozenset({"Group"}), just_in_time=False, conditions=("*blobs*StringStartsWith*",)
    )
    own = organisation(rules=dict(built_in().rules) | {"project-lead": rule})
    one = assignment("R", "project-lead", "key-vault")
    good = dataclasses.replace(one, condition="@Resource[containers/BLOBS:path]\n StringStartsWith 'x'")
    assert rules(template(good), own=own) == {}
    assert rules(template(dataclasses.replace(one, condition="true")), own=own) == {terms.CONDITION: Severity.MEDIUM}
    assert rules(template(dataclasses.replace(one, condition="true"))) == {}
    assert judged(template(dataclasses.replace(one, condition=None)), own=own).undecided
    assert not judged(template(dataclasses.replace(one, condition=None))).undecided
