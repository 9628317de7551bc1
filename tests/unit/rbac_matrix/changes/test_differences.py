"""What a change gives and takes, judged by what roles permit."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest

from rbac_matrix.assignments import RoleAssignment, Timing
from rbac_matrix.changes.differences import Differences, Direction, differences
from rbac_matrix.changes.holdings import holdings
from rbac_matrix.changes.wording import sentence
from rbac_matrix.estate.directory import Memberships
from rbac_matrix.estate.model import DenyAssignment, Directory, Estate
from rbac_matrix.permissions.catalogue import RoleCatalogue
from rbac_matrix.permissions.comparison import compare
from rbac_matrix.permissions.interface import Danger, PermissionBlock, Permissions, RoleDefinition
from rbac_matrix.scopes import scope_of
from verdicts import Location

HERE = Location("roles.bicep", 3)
GROUP_SCOPE = "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-ml"
STORE = f"{GROUP_SCOPE}/providers/Microsoft.Storage/storageAccounts/st"
SCIENTISTS, STAFF, ANNA, BEN = (f"00000000-0000-4000-8000-00000000000{digit}" for digit in "1234")
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
CUSTOM = "00000000-0000-4000-8000-0000000000cc"


class Names:
    def person(self, object_id: str) -> str:
        return {ANNA: "anna", BEN: "ben", SCIENTISTS: "grp-scientists"}.get(object_id, object_id)

    def persona(self, assignment: RoleAssignment) -> str:
        return "Data scientist" if assignment.principal_id == SCIENTISTS else ""


def given(role: str | None = READER, to: str | None = SCIENTISTS, on: str = STORE, **changes: Any) -> RoleAssignment:
    made = RoleAssignment(
        name="a",
        role_id=role,
        role_text=role or "parameters('role')",
        principal_id=to,
        principal_text=to or "parameters('who')",
        scope=scope_of(on),
        location=HERE,
    )
    return dataclasses.replace(made, **changes)


def estate(*assignments: RoleAssignment, members: Mapping[str, tuple[str, ...]] | None = None, **more: Any) -> Estate:
    directory = None if members is None else Directory(members=members)
    return Estate(assignments=assignments, directory=directory, **more)


def between(old: Estate, new: Estate) -> Differences:
    def held(one: Estate) -> Any:
        groups = None if one.directory is None else Memberships(one.directory)
        return holdings(one, RoleCatalogue.built_in().with_custom(one.definitions), groups)

    return differences(held(old), held(new), compare)


def told(found: Differences) -> list[str]:
    return [sentence(one, Names()) for one in found.changes]


def test_nothing_changes_between_equals() -> None:
    found = between(estate(given()), estate(given()))
    assert (found.changes, found.unclear, found.without_effect) == ((), (), 0)


def test_a_new_assignment_is_a_gain_and_its_end_a_loss() -> None:
    gain = between(estate(), estate(given()))
    loss = between(estate(given()), estate())
    assert [one.direction for one in gain.changes] == [Direction.GAINS]
    assert [one.direction for one in loss.changes] == [Direction.LOSES]
    assert told(gain) == [
        "Data scientist (grp-scientists) gains on Microsoft.Storage/storageAccounts st: read (*/read) (through Reader)."
    ]
    assert "loses on" in told(loss)[0]


def test_a_stronger_role_gains_only_what_was_not_there() -> None:
    (change,) = between(estate(given(READER)), estate(given(OWNER))).changes
    assert change.direction is Direction.GAINS
    assert change.danger is Danger.GRANTS
    assert change.roles == ("Owner",)


def test_what_was_inherited_is_no_gain() -> None:
    found = between(
        estate(given(CONTRIBUTOR, on=GROUP_SCOPE)), estate(given(CONTRIBUTOR, on=GROUP_SCOPE), given(READER))
    )
    assert found.changes == ()
    assert found.without_effect == 1


def test_what_a_group_had_already_is_no_gain_for_its_member() -> None:
    members = {SCIENTISTS: (ANNA,)}
    found = between(estate(given(OWNER), members=members), estate(given(OWNER), given(READER, ANNA), members=members))
    assert found.changes == ()


def test_a_wider_scope_is_a_gain_and_the_narrow_one_no_loss() -> None:
    found = between(estate(given(READER)), estate(given(READER, on=GROUP_SCOPE)))
    assert [(one.direction, one.scope.text) for one in found.changes] == [(Direction.GAINS, GROUP_SCOPE)]


def test_eligible_is_less_than_permanent() -> None:
    eligible = estate(given(timing=Timing.ELIGIBLE))
    (gain,) = between(eligible, estate(given())).changes
    (loss,) = between(estate(given()), eligible).changes
    assert gain.direction is Direction.GAINS
    assert loss.direction is Direction.LOSES


def test_without_its_condition_an_assignment_is_more() -> None:
    narrow = estate(given(CONTRIBUTOR, condition="@Resource[x] StringEquals 'a'"))
    (gain,) = between(narrow, estate(given(CONTRIBUTOR))).changes
    assert gain.direction is Direction.GAINS
    (loss,) = between(estate(given(CONTRIBUTOR)), narrow).changes
    assert loss.direction is Direction.LOSES
    assert between(narrow, estate(given(CONTRIBUTOR, condition="@Resource[x]  StringEquals 'a'"))).changes == ()


def test_somebody_who_joins_a_group_gains_what_it_has_through_nested_groups() -> None:
    old = estate(given(CONTRIBUTOR), members={SCIENTISTS: (STAFF,), STAFF: (BEN,)})
    new = estate(given(CONTRIBUTOR), members={SCIENTISTS: (STAFF,), STAFF: (BEN, ANNA)})
    (change,) = between(old, new).changes
    assert change.persons == (ANNA,)
    assert told(between(old, new))[0].startswith(
        "anna, by joining Data scientist (grp-scientists), gains on Microsoft.Storage/storageAccounts st"
    )
    (back,) = between(new, old).changes
    assert (back.direction, back.persons) == (Direction.LOSES, (ANNA,))


def test_members_of_whom_one_had_it_before_are_told_apart() -> None:
    old = estate(given(CONTRIBUTOR), given(OWNER, BEN), members={SCIENTISTS: ()})
    new = estate(given(CONTRIBUTOR), given(OWNER, BEN), members={SCIENTISTS: (ANNA, BEN)})
    assert [one.persons for one in between(old, new).changes] == [(ANNA,)]


def test_a_cycle_of_groups_ends() -> None:
    cycle = {SCIENTISTS: (STAFF,), STAFF: (SCIENTISTS, ANNA)}
    (change,) = between(estate(members=cycle), estate(given(), members=cycle)).changes
    assert change.holder == SCIENTISTS


def test_a_custom_role_that_permits_more_is_a_gain_without_a_new_assignment() -> None:
    def with_actions(*actions: str) -> Estate:
        permissions = Permissions((PermissionBlock(actions=actions),))
        role = RoleDefinition(id=CUSTOM, name="deployer", permissions=permissions, location=HERE)
        return estate(given(CUSTOM), definitions=(role,))

    found = between(with_actions("Microsoft.Storage/*/read"), with_actions("Microsoft.Storage/*"))
    assert [one.direction for one in found.changes] == [Direction.GAINS]
    assert between(with_actions("a/read"), with_actions("A/READ")).changes == ()


@pytest.mark.parametrize(
    ("open_one", "words"),
    [
        (given(role=None), "what the role parameters('role') permits is not known"),
        (given(to=None), "its principal is not known (parameters('who'))"),
        (given(on="{parameters('scope')}"), "its scope is not known"),
        (given(condition=None), "its condition is not known"),
        (given(role="00000000-0000-4000-8000-0000000000ff"), "permits is not known"),
    ],
)
def test_what_is_not_known_is_told_and_never_left_out(open_one: RoleAssignment, words: str) -> None:
    ((_, comes),) = between(estate(), estate(open_one)).unclear
    ((_, goes),) = between(estate(open_one), estate()).unclear
    assert words in comes
    assert comes.startswith("comes or changes")
    assert goes.startswith("goes or changes")
    assert between(estate(open_one), estate(open_one)).unclear == ()


def test_a_role_that_is_not_known_whole_is_unclear() -> None:
    role = RoleDefinition(id=CUSTOM, name="r", permissions=Permissions(), unknown="a parameter", location=HERE)
    found = between(estate(), estate(given(CUSTOM), definitions=(role,)))
    assert found.changes == ()
    assert "not all that the role r permits is known" in found.unclear[0][1]


def test_deny_assignments_that_come_and_go_are_told() -> None:
    denial = DenyAssignment(
        name="d",
        scope=STORE,
        permissions=(PermissionBlock(actions=("*/delete",)),),
        principals=(ANNA,),
        location=HERE,
    )
    assert between(estate(), estate(denials=(denial,))).denied == (denial,)
    assert between(estate(denials=(denial,)), estate()).no_longer_denied == (denial,)


def test_without_a_directory_on_both_sides_memberships_are_said_not_to_be_compared() -> None:
    assert not between(estate(given()), estate(given(), members={SCIENTISTS: (ANNA,)})).memberships
    assert between(estate(members={}), estate(members={})).memberships


def test_the_most_dangerous_gain_comes_first() -> None:
    found = between(estate(), estate(given(READER, ANNA), given(OWNER, BEN), given(CONTRIBUTOR)))
    assert [one.holder for one in found.changes] == [BEN, SCIENTISTS, ANNA]
