"""Changing role assignments: the real clients against a loopback server, and the fake that other tests use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cloud_backends.azure.role_changes import AzureRoleAssignments, Patience
from deploy_gate.role_ports import Change, RoleAssignmentPort, RoleGrant
from tests.fakes.azure import shapes
from tests.fakes.azure.cloud import Cloud
from tests.fakes.azure.server import HTML, THROTTLED, Answer, Asked, failed
from tests.fakes.azure.shapes import CONTRIBUTOR, GROUP_ID, READER, SUBSCRIPTION_ID, WORKSPACE_ID
from tests.fakes.fake_roles import FakeRoleAssignments
from verdicts import ConfigurationError, CouldNotCheckError

TEAM = shapes.group(1)
WANTED = RoleGrant(
    scope=GROUP_ID, role_id=READER, principal_id=TEAM["id"], principal_type="Group", description="mlgate: x"
)
ELIGIBLE = RoleGrant(scope=GROUP_ID, role_id=READER, principal_id=TEAM["id"], principal_type="Group", eligible=True)
QUICK = Patience(tries=4, first=0.0)


@pytest.fixture
def roles(cloud: Cloud) -> Iterator[AzureRoleAssignments]:
    cloud.azure.know(TEAM)
    with cloud.connected() as connection:
        yield AzureRoleAssignments(connection, patience=QUICK)


@pytest.fixture(params=["azure", "fake"])
def port(request: pytest.FixtureRequest, roles: AzureRoleAssignments) -> RoleAssignmentPort:
    return roles if request.param == "azure" else FakeRoleAssignments()


@pytest.mark.parametrize("grant", [WANTED, ELIGIBLE], ids=["active", "eligible"])
def test_creating_and_deleting_twice_is_once(port: RoleAssignmentPort, grant: RoleGrant) -> None:
    assert port.create_assignment(grant) is Change.DONE
    assert port.create_assignment(grant) is Change.ALREADY
    held = port.list_assignments(GROUP_ID)
    assert [one.key for one in held] == [grant.key]
    assert port.delete_assignment(grant) is Change.DONE
    assert port.delete_assignment(grant) is Change.ALREADY
    assert list(port.list_assignments(GROUP_ID)) == []


def test_case_makes_no_other_assignment(port: RoleAssignmentPort) -> None:
    assert port.create_assignment(WANTED) is Change.DONE
    shouted = RoleGrant(
        scope=GROUP_ID.upper().replace("/SUBSCRIPTIONS", "/subscriptions"),
        role_id=READER.upper(),
        principal_id=TEAM["id"].upper(),
        principal_type="Group",
    )
    assert shouted.name == WANTED.name
    assert port.create_assignment(shouted) is Change.ALREADY
    assert port.delete_assignment(shouted) is Change.DONE


def test_another_condition_is_neither_taken_nor_overwritten(port: RoleAssignmentPort) -> None:
    narrow = RoleGrant(scope=GROUP_ID, role_id=READER, principal_id=TEAM["id"], condition="@Resource[a] == 'b'")
    assert port.create_assignment(WANTED) is Change.DONE
    with pytest.raises(CouldNotCheckError, match="another condition"):
        port.create_assignment(narrow)
    assert [one.condition for one in port.list_assignments(GROUP_ID)] == [""]


def test_what_is_inherited_or_below_is_not_touched(cloud: Cloud, roles: AzureRoleAssignments) -> None:
    cloud.azure.assignments = [
        shapes.assignment(SUBSCRIPTION_ID, READER, TEAM["id"]),
        shapes.assignment(WORKSPACE_ID, READER, TEAM["id"]),
        shapes.assignment(GROUP_ID, CONTRIBUTOR, TEAM["id"]),
    ]
    assert roles.delete_assignment(WANTED) is Change.ALREADY
    assert len(cloud.azure.assignments) == 3
    assert roles.create_assignment(WANTED) is Change.DONE
    assert len(cloud.azure.assignments) == 4


def test_one_of_another_name_is_the_same_assignment(cloud: Cloud, roles: AzureRoleAssignments) -> None:
    cloud.azure.assignments = [shapes.assignment(GROUP_ID, READER, TEAM["id"], name=shapes.guid(77))]
    assert roles.create_assignment(WANTED) is Change.ALREADY
    assert roles.delete_assignment(WANTED) is Change.DONE
    assert cloud.azure.assignments == []


def test_what_is_sent_says_all_that_was_asked_for(cloud: Cloud, roles: AzureRoleAssignments) -> None:
    grant = RoleGrant(
        scope=GROUP_ID,
        role_id=READER,
        principal_id=TEAM["id"],
        principal_type="Group",
        condition="x",
        description="why",
    )
    roles.create_assignment(grant)
    (sent,) = cloud.server.asked_for("/roleassignments/", "PUT")
    assert sent.path.endswith(f"/{grant.name}")
    assert sent.json["properties"] == {
        "roleDefinitionId": shapes.role_id(READER, SUBSCRIPTION_ID),
        "principalId": TEAM["id"],
        "principalType": "Group",
        "description": "why",
        "condition": "x",
        "conditionVersion": "2.0",
    }


def test_a_race_that_another_won_is_no_error(cloud: Cloud, roles: AzureRoleAssignments) -> None:
    def other_was_faster(asked: Asked, good: Answer) -> Answer:
        return failed(409, "RoleAssignmentExists", "The role assignment already exists.")

    cloud.server.fault("/roleassignments/", other_was_faster, method="PUT")
    assert roles.create_assignment(WANTED) is Change.ALREADY


def test_exists_without_existing_is_not_believed(cloud: Cloud, roles: AzureRoleAssignments) -> None:
    cloud.server.fault("/roleassignments/", failed(409, "RoleAssignmentExists"), method="PUT")
    with pytest.raises(CouldNotCheckError, match="not there"):
        roles.create_assignment(WANTED)


def test_a_new_principal_is_waited_for_and_not_for_ever(cloud: Cloud, roles: AzureRoleAssignments) -> None:
    cloud.server.fault("/roleassignments/", failed(400, "PrincipalNotFound"), method="PUT", times=2)
    assert roles.create_assignment(WANTED) is Change.DONE
    stranger = RoleGrant(scope=GROUP_ID, role_id=READER, principal_id=shapes.guid(404), principal_type="Group")
    with pytest.raises(CouldNotCheckError, match="PrincipalNotFound"):
        roles.create_assignment(stranger)
    assert len(cloud.server.asked_for("/roleassignments/", "PUT")) == 3 + QUICK.tries


@pytest.mark.parametrize(
    "wrong",
    [
        failed(403, "AuthorizationFailed"),
        failed(409, "ScopeLocked"),
        failed(409, "MissingSubscriptionRegistration"),
        failed(400, "RoleAssignmentUpdateNotPermitted"),
        failed(500, "InternalServerError"),
        THROTTLED,
        HTML,
        Answer(200, b""),
        Answer(200, b"{}"),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_no_change_is_claimed_that_did_not_happen(
    cloud: Cloud, roles: AzureRoleAssignments, wrong: Answer, method: str
) -> None:
    if method == "DELETE":
        roles.create_assignment(WANTED)
    cloud.server.fault("/roleassignments/", wrong, method=method)
    change = roles.create_assignment if method == "PUT" else roles.delete_assignment
    with pytest.raises(CouldNotCheckError):
        change(WANTED)
    assert not [one for one in cloud.server.asked if "register" in one.path]


@pytest.mark.parametrize("grant", [WANTED, ELIGIBLE], ids=["active", "eligible"])
@pytest.mark.parametrize("wrong", [HTML, failed(403, "AuthorizationFailed"), Answer(200, b"{}"), THROTTLED])
def test_nothing_is_changed_where_it_is_not_known_what_is_there(
    cloud: Cloud, roles: AzureRoleAssignments, grant: RoleGrant, wrong: Answer
) -> None:
    cloud.server.fault("instances$" if grant.eligible else "/roleassignments$", wrong)
    for change in (roles.create_assignment, roles.delete_assignment):
        with pytest.raises(CouldNotCheckError):
            change(grant)
    assert not [one for one in cloud.server.asked if one.method in ("PUT", "DELETE")]


def test_a_put_that_did_its_work_and_lost_the_answer_is_one_assignment(
    cloud: Cloud, roles: AzureRoleAssignments
) -> None:
    cloud.server.fault("/roleassignments/", lambda _, good: Answer(201, good.body, cut=3), method="PUT", times=1)
    assert roles.create_assignment(WANTED) in (Change.DONE, Change.ALREADY)
    assert len(cloud.azure.assignments) == 1


def test_a_request_that_pim_denies_is_an_error(cloud: Cloud, roles: AzureRoleAssignments) -> None:
    denied = Answer(201, {"properties": {"status": "Denied"}, "id": "/x", "name": "x"})
    cloud.server.fault("schedulerequests/", denied, method="PUT")
    with pytest.raises(CouldNotCheckError, match="Denied"):
        roles.create_assignment(ELIGIBLE)


def test_what_is_no_id_is_refused_before_anything_is_sent(cloud: Cloud, roles: AzureRoleAssignments) -> None:
    for bad in (
        RoleGrant(scope=GROUP_ID, role_id="Reader", principal_id=TEAM["id"]),
        RoleGrant(scope=GROUP_ID, role_id=READER, principal_id="x' or '1' eq '1"),
        RoleGrant(scope="/subscriptions/x/../..", role_id=READER, principal_id=TEAM["id"]),
    ):
        for change in (roles.create_assignment, roles.delete_assignment):
            with pytest.raises(ConfigurationError):
                change(bad)
    assert cloud.server.asked == []
