"""Assignments that are alike are judged once. Together they must come to what each of them comes to alone."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from rbac_matrix.assignments import RoleAssignment, Timing
from rbac_matrix.checks import collecting
from rbac_matrix.estate.model import DenyAssignment, PrincipalKind
from rbac_matrix.organisation.model import BreakGlass
from rbac_matrix.permissions.interface import PermissionBlock
from tests.fakes.rbac import (
    GROUP,
    HERE,
    NOW,
    SUBSCRIPTION,
    TYPES,
    assignment,
    directory,
    judged,
    object_id,
    organisation,
    resource,
    template,
)
from verdicts import Finding, Location

PEOPLE = [f"aaaaaaaa-0000-4000-8000-{index:012d}" for index in range(6)]
EMERGENCY = PEOPLE[0]
PERSONAS = ("data-scientist", "model-tester", "ci-cd", "project-owner")
DENIED = resource("key-vault", "two")
SCOPES = (
    DENIED,
    *(resource(one) for one in TYPES),
    f"{resource('storage-account')}/blobServices/default",
    GROUP,
    SUBSCRIPTION,
)
DENIAL = DenyAssignment(
    name="locked",
    scope=DENIED,
    permissions=(PermissionBlock(actions=("*",), data_actions=("*",)),),
    principals=(object_id("data-scientist"), PEOPLE[1]),
    location=HERE,
)


def made(choice: random.Random, number: int) -> RoleAssignment:
    role = choice.choice(("Owner", "Contributor", "Reader", "Key Vault Administrator", "User Access Administrator"))
    holder = choice.choice([*PEOPLE, *map(object_id, PERSONAS)])
    return assignment(
        role,
        on=choice.choice(SCOPES),
        name=f"number {number}",
        principal_id=holder,
        principal_text=holder,
        principal_type=choice.choice(("User", "Group")),
        timing=choice.choice((Timing.PERMANENT, Timing.TIME_BOUND)),
        condition=choice.choice(("", None, "@Resource[a] StringEquals 'b'")),
        location=Location("export.json", number + 1),
    )


@pytest.mark.parametrize("seed", range(4))
def test_together_they_come_to_what_each_comes_to_alone(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "MAXIMUM_TOLD", 10_000)
    choice = random.Random(seed)  # noqa: S311 - nothing secret is made
    many = [made(choice, number) for number in range(400)]
    people = directory({object_id("data-scientist"): (PEOPLE[2],), PEOPLE[5]: (object_id("model-tester"),)})
    own = organisation(
        break_glass=(BreakGlass(object_id=EMERGENCY, reason="nobody else can", location=HERE),), combinations=()
    )
    assert people.objects[PEOPLE[5]].kind is PrincipalKind.GROUP
    together = judged(template(*many, directory=people, denials=(DENIAL,)), own=own, now=NOW)
    alone = [judged(template(one, directory=people, denials=(DENIAL,)), own=own, now=NOW) for one in many]

    found: dict[Finding, None] = dict.fromkeys(finding for one in alone for finding in one.findings)
    assert set(together.findings) == set(found)
    assert sum(together.counts.values()) == len(together.findings) > len(many)
    assert together.counts == Counter(finding.rule_id for finding in found)
    assert set(together.undecided) == {undecided for one in alone for undecided in one.undecided}
    emergency = sum(one.principal_id == EMERGENCY for one in many)
    assert any(f"{emergency} assignments" in note for note in together.notes)


def test_those_that_are_told_are_the_first_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "MAXIMUM_TOLD", 3)
    many = [
        assignment("Owner", on=GROUP, name=f"number {number}", location=Location("export.json", number + 1))
        for number in range(8)
    ]
    told = [one for one in judged(template(*many)).findings if one.location is not None]
    assert {one.location.line for one in told if one.location} == {1, 2, 3}
