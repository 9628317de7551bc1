"""What looks like a mistake and is none, and what looks fine and isn't: cases of an outside examination."""

from __future__ import annotations

import dataclasses

import pytest

from rbac_matrix.assignments import RoleAssignment, Timing
from rbac_matrix.checks.cells import MISSING
from rbac_matrix.checks.devops import DEVOPS
from rbac_matrix.checks.estate_rules import CUSTOM_ROLE_WILDCARD
from rbac_matrix.checks.reach import PRIVILEGED, WIDE_SCOPE
from rbac_matrix.checks.separation import SEPARATION
from rbac_matrix.checks.who import UNKNOWN_PRINCIPAL, USER
from rbac_matrix.checks.workload_rules import STORAGE_CONDITION
from rbac_matrix.estate.model import DenyAssignment, DevOpsMembership, Estate, Gap, Part
from rbac_matrix.organisation.model import Organisation, Setup
from rbac_matrix.permissions.interface import PermissionBlock, Permissions, RoleDefinition
from tests.fakes.rbac import (
    GROUP,
    HERE,
    assignment,
    directory,
    estate,
    judged,
    membership,
    object_id,
    organisation,
    principal,
    resource,
    template,
)
from verdicts import Severity

ADA, INNER = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
SUPPORT = "platform-technical-support"


def rules(one: Estate, environment: str = "production", own: Organisation | None = None) -> set[str]:
    return {found.rule_id for found in judged(one, environment, own).findings}


# Just in time.


def activation(*, activated: bool = True) -> RoleAssignment:
    """What Azure makes when somebody activates what the group is eligible for: it is given to the person."""
    made = assignment("Owner", SUPPORT, principal_id=ADA, principal_text=ADA, principal_type="User")
    return dataclasses.replace(made, timing=Timing.TIME_BOUND, hours=4.0, activated=activated)


def test_whoever_activates_what_the_group_is_eligible_for_is_no_single_user() -> None:
    people = directory({object_id(SUPPORT): (ADA,)})
    assert USER not in rules(template(activation(), directory=people))
    assert USER in rules(template(activation(activated=False), directory=people))


def test_an_activation_by_somebody_of_another_persona_stays_a_single_user() -> None:
    people = directory({object_id("project-lead"): (ADA,)})
    assert USER in rules(template(activation(), directory=people))
    assert UNKNOWN_PRINCIPAL in rules(template(activation(), directory=directory({}, whole=False)))


def test_what_may_be_held_as_eligible_alone_is_not_missing_but_could_not_be_checked() -> None:
    found = judged(estate(covers=frozenset({Part.ASSIGNMENTS})))
    assert not [one for one in found.findings if one.resource.startswith(SUPPORT)]
    (open_question,) = [one.text for one in found.undecided]
    assert "Platform technical support" in open_question
    assert "eligible" in open_question
    assert [one for one in judged(estate()).findings if one.resource.startswith(SUPPORT)]


# Who it is.


def test_a_group_in_a_personas_group_belongs_to_the_persona() -> None:
    people = directory({object_id("data-scientist"): (INNER,), INNER: (ADA,)})
    own = assignment(
        "Log Analytics Reader", "data-scientist", "log-analytics", principal_id=INNER, principal_text=INNER
    )
    assert not rules(template(own, directory=people))
    more = dataclasses.replace(own, role_id=assignment("Owner").role_id)
    assert rules(template(more, directory=people))


def test_a_group_in_the_group_of_one_setup_has_nothing_in_another() -> None:
    def setup(name: str) -> Setup:
        resources = {"log-analytics": (resource("log-analytics", name),)}
        return Setup(name=name, environment="production", resources=resources, location=HERE)

    entry = principal("data-scientist", setups=frozenset({("one", "production")}))
    own = organisation(entry, setups=(setup("one"), setup("two")))
    people = directory({object_id("data-scientist"): (INNER,), INNER: (ADA,)})

    def found(where: str) -> set[str]:
        made = assignment("Log Analytics Reader", "data-scientist", resource("log-analytics", where))
        made = dataclasses.replace(made, principal_id=INNER, principal_text=INNER)
        return rules(template(made, directory=people), own=own) - {MISSING}

    assert not found("one")
    assert found("two") == {"MLG-RBAC-EXCESS"}


def test_nobody_asks_who_is_in_a_group_that_is_gone() -> None:
    people = directory({object_id("data-scientist"): (ADA,)})
    ghost = assignment("Owner", principal_id=INNER, principal_text=INNER, principal_type="Unknown")
    assert not [one.text for one in judged(template(ghost, directory=people)).undecided if INNER in one.text]


# On what, and what of it is denied.


def test_a_role_on_one_container_reaches_no_other_one() -> None:
    role, where = "Storage Blob Data Contributor", resource("storage-account")

    def found(on: str) -> set[str]:
        return rules(template(assignment(role, "data-scientist", on)), "development")

    assert STORAGE_CONDITION in found(where) & found(f"{where}/blobServices/default")
    assert STORAGE_CONDITION not in found(f"{where}/blobServices/default/containers/one")


def test_who_may_not_assign_roles_any_more_gives_none() -> None:
    lead = object_id("project-lead")

    def found(*not_actions: str) -> set[str]:
        block = PermissionBlock(actions=("*",), not_actions=not_actions)
        denial = DenyAssignment(
            name="d", scope=resource("ml-workspace"), permissions=(block,), principals=(lead,), location=HERE
        )
        return rules(template(assignment("Owner", "project-lead"), denials=(denial,)))

    assert PRIVILEGED not in found("*/read")
    assert found("*/read", "Microsoft.Authorization/*")


@pytest.mark.parametrize(
    ("role", "persona", "where", "severity"),
    [
        ("AcrPush", "ci-cd", GROUP, Severity.LOW),
        ("AcrPush", "project-lead", GROUP, Severity.HIGH),
        ("AcrPush", "ci-cd", GROUP.partition("/resourceGroups")[0], Severity.HIGH),
        ("Key Vault Administrator", "ci-cd", GROUP, Severity.HIGH),
        ("Reader", "data-governance", GROUP, Severity.MEDIUM),
    ],
)
def test_a_group_is_less_bad_where_all_of_the_effect_is_what_the_matrix_gives(
    role: str, persona: str, where: str, severity: Severity
) -> None:
    both = template(assignment(role, persona, where), assignment(role, "model-tester", where))
    found = {one.subject: one for one in judged(both).findings if one.rule_id == WIDE_SCOPE}
    (one,) = [found for subject, found in found.items() if object_id(persona) in subject]
    assert one.severity is severity
    assert ("alone" in one.message) == (severity is Severity.LOW)


def test_a_wide_assignment_names_the_columns_on_which_it_has_an_effect() -> None:
    (one,) = judged(template(assignment("AcrPush", "model-tester", GROUP))).findings
    assert "gives on Container Registry." in one.message


@pytest.mark.parametrize(
    ("action", "severity"),
    [
        ("Microsoft.Authorization/*", Severity.HIGH),
        ("microsoft.keyvault/*", Severity.MEDIUM),
        ("Microsoft.Compute/*/write", Severity.MEDIUM),
        ("Microsoft.Support/*", Severity.LOW),
        ("Microsoft.KeyVault/*/read", None),
        ("Microsoft.KeyVault/vaults/*", None),
        ("Microsoft.KeyVault/vaults/read", None),
    ],
)
def test_a_custom_role_for_all_of_a_service(action: str, severity: Severity | None) -> None:
    blocks = (PermissionBlock(actions=(action,)),)
    role = RoleDefinition(id="", name="Operator", permissions=Permissions(blocks), location=HERE)
    found = [one for one in judged(template(definitions=(role,))).findings if one.rule_id == CUSTOM_ROLE_WILDCARD]
    assert [one.severity for one in found] == ([] if severity is None else [severity])


def test_nothing_is_missing_where_a_part_of_the_assignments_was_not_read() -> None:
    where = {"container-registry": (resource("container-registry"),)}
    own = organisation(setups=(Setup(name="one", environment="production", resources=where, location=HERE),))
    push = assignment("AcrPush", "ci-cd", "container-registry")
    gap = Gap(part=Part.ASSIGNMENTS, detail="a page is missing", remedy="export it again")
    assert rules(template(push), own=own)
    assert not rules(template(push, gaps=(gap,)), own=own)


# Azure DevOps.


def in_devops(*more: DevOpsMembership) -> list[DevOpsMembership]:
    """Everybody as the production matrix has it, with the collection's administrators where Azure DevOps has them."""
    everybody = [membership("DOPCA", one, "azure-devops", project="contoso") for one in (SUPPORT, "ci-cd")]
    return [
        *everybody,
        membership("R", "data-governance", "azure-devops", project="credit"),
        membership("O", SUPPORT, "azure-artifacts", project="feed"),
        membership("O", "ci-cd", "azure-artifacts", project="feed"),
        membership("R", "data-governance", "azure-artifacts", project="feed"),
        *more,
    ]


def test_who_administers_the_collection_administers_its_projects() -> None:
    assert DEVOPS not in rules(template(memberships=in_devops()))
    lead = membership("DOPCA", "project-lead", "azure-devops", project="contoso")
    assert DEVOPS in rules(template(memberships=in_devops(lead)))


def test_a_group_of_azure_devops_is_a_side_of_a_combination() -> None:
    people = directory({object_id("data-scientist"): (ADA,), object_id(SUPPORT): (), object_id("ci-cd"): ()})
    admin = membership("DOPA", "ci-cd", "azure-devops", project="credit", member=f"{ADA}@example.com")
    found = judged(template(directory=people, memberships=in_devops(admin))).findings
    (one,) = [found for found in found if found.rule_id == SEPARATION]
    assert (one.resource, one.subject) == (ADA, "committer-and-approver")
    reader = dataclasses.replace(admin, role="R")
    assert SEPARATION not in rules(template(directory=people, memberships=in_devops(reader)))
