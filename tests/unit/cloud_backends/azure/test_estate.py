"""The live estate, read by the real clients from a loopback server."""

from __future__ import annotations

import pytest

from cloud_backends.azure.estate import COVERS, read_estate
from rbac_matrix.assignments import ScopeKind, Timing
from rbac_matrix.estate.model import Estate, Part, PrincipalKind
from tests.fakes.azure import shapes
from tests.fakes.azure.cloud import Cloud
from tests.fakes.azure.estates import of_everything
from tests.fakes.azure.server import HTML, Answer, failed
from tests.fakes.azure.shapes import (
    CONTRIBUTOR,
    GROUP_ID,
    OWNER,
    READER,
    SUBSCRIPTION,
    SUBSCRIPTION_ID,
    WORKSPACE_ID,
)
from verdicts import ConfigurationError

MANAGEMENT_GROUP = "/providers/Microsoft.Management/managementGroups/root"


def read(cloud: Cloud, *scopes: str) -> Estate:
    with cloud.connected() as connection:
        return read_estate(connection, scopes or [SUBSCRIPTION])


def test_everything_is_read_and_nothing_is_missing(cloud: Cloud) -> None:
    azure = cloud.azure
    team, nested, person, guest = shapes.group(1, "grp-ml"), shapes.group(2), shapes.user(1), shapes.user(2, guest=True)
    identity = f"{GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-hub"
    program = shapes.service_principal(1, identity)
    azure.join(team, person, nested)
    azure.join(nested, guest, program, team)
    azure.assignments = [
        shapes.assignment(WORKSPACE_ID, READER, team["id"]),
        shapes.assignment(MANAGEMENT_GROUP, OWNER, person["id"], kind="User"),
        shapes.assignment("/", READER, program["id"], kind="ServicePrincipal", condition="@Resource[x] == 'y'"),
    ]
    azure.definitions = [
        shapes.definition(READER, "Reader", ["*/read"], kind="BuiltInRole"),
        shapes.definition(shapes.guid(9), "Own", ["*"]),
    ]
    azure.denials = [shapes.denial(GROUP_ID, ["*/delete"], ["00000000-0000-0000-0000-000000000000"], [team["id"]])]
    azure.eligibilities = [shapes.eligibility(SUBSCRIPTION_ID, CONTRIBUTOR, team["id"])]
    azure.schedules = [shapes.schedule(azure.assignments[0])]
    azure.resources = [
        {
            "id": WORKSPACE_ID,
            "type": "microsoft.machinelearningservices/workspaces",
            "kind": "Hub",
            "identity": {"type": "UserAssigned", "userAssignedIdentities": {identity: {"principalId": program["id"]}}},
        },
        {
            "id": f"{GROUP_ID}/providers/Microsoft.KeyVault/vaults/kv",
            "type": "microsoft.keyvault/vaults",
            "kind": "",
            "identity": None,
        },
    ]
    estate = read(cloud)
    assert estate.gaps == ()
    assert estate.whole
    assert estate.covers == COVERS
    by_scope = {one.scope.kind: one for one in estate.assignments if one.timing is not Timing.ELIGIBLE}
    on_workspace = by_scope[ScopeKind.RESOURCE]
    assert (on_workspace.timing, on_workspace.hours) == (Timing.TIME_BOUND, 8.0)
    assert on_workspace.role_id == READER
    assert on_workspace.principal_name == "grp-pim"
    assert by_scope[ScopeKind.MANAGEMENT_GROUP].principal_type == "User"
    assert by_scope[ScopeKind.TENANT].condition == "@Resource[x] == 'y'"
    assert [one.role_id for one in estate.assignments if one.timing is Timing.ELIGIBLE] == [CONTRIBUTOR]
    assert [one.name for one in estate.definitions] == ["Own"]
    assert estate.denials[0].excluded == (team["id"],)
    directory = estate.directory
    assert directory is not None
    assert set(directory.members[team["id"]]) == {person["id"], nested["id"]}
    assert set(directory.members[nested["id"]]) == {guest["id"], program["id"], team["id"]}
    assert directory.objects[guest["id"]].guest
    assert not directory.objects[person["id"]].guest
    assert directory.objects[program["id"]].managed_identity == identity
    assert directory.objects[program["id"]].kind is PrincipalKind.SERVICE_PRINCIPAL
    assert {one.type for one in estate.resources} == {
        "microsoft.machinelearningservices/workspaces",
        "microsoft.keyvault/vaults",
    }
    assert [(one.identity, one.resource_kind) for one in estate.identity_uses] == [(identity, "Hub")]
    assert {one.name.split(" at ")[0] for one in estate.inputs} >= {Part.ASSIGNMENTS.value, Part.DIRECTORY.value}


def test_no_scope_and_a_scope_that_is_none_are_refused(cloud: Cloud) -> None:
    with cloud.connected() as connection:
        for scopes in ([], ["all of it"], ["/subscriptions/../x"], [f"{SUBSCRIPTION_ID}/resourceGroups/../.."]):
            with pytest.raises(ConfigurationError):
                read_estate(connection, scopes)
    assert cloud.server.asked == []


def test_a_page_that_the_service_forgets_is_noticed_by_resource_graph(cloud: Cloud) -> None:
    people = [shapes.user(number) for number in range(6)]
    cloud.azure.know(*people)
    cloud.azure.assignments = [shapes.assignment(GROUP_ID, READER, one["id"], kind="User") for one in people]
    cloud.azure.page = 2
    cloud.server.fault("/roleassignments$", lambda _, good: Answer(200, {"value": good.body["value"]}))
    estate = read(cloud)
    assert not estate.whole
    assert any("not whole" in gap.detail for gap in estate.gaps)


def test_what_resource_graph_has_not_forgotten_yet_is_no_gap(cloud: Cloud) -> None:
    stale = {"id": shapes.assignment(GROUP_ID, READER, shapes.guid(1))["id"]}
    good = {"totalRecords": 1, "count": 1, "data": [stale], "resultTruncated": "false"}
    cloud.server.fault(
        "resourcegraph", lambda asked, own: Answer(200, good) if b"authorization" in asked.body else own, method="POST"
    )
    assert read(cloud).gaps == ()


@pytest.mark.parametrize("answer", [HTML, Answer(404, HTML.body, HTML.headers), Answer(200, {}), failed(403, "x")])
def test_one_that_only_resource_graph_knows_is_gone_only_if_azure_says_so(cloud: Cloud, answer: Answer) -> None:
    of_everything(cloud.azure)
    missing = cloud.azure.assignments[0]
    listed = Answer(200, {"value": cloud.azure.assignments[1:]})
    cloud.server.fault("/roleassignments$", listed)
    cloud.server.fault(f"/roleassignments/{missing['name']}$", answer)
    assert not read(cloud).whole


def test_what_resource_graph_does_not_know_yet_is_no_gap(cloud: Cloud) -> None:
    person = shapes.user(1)
    cloud.azure.know(person)
    cloud.azure.assignments = [shapes.assignment(GROUP_ID, READER, person["id"], kind="User")]
    cloud.azure.unindexed = {cloud.azure.assignments[0]["id"]}
    estate = read(cloud)
    assert (len(estate.assignments), estate.gaps) == (1, ())


def test_an_assignment_that_only_pim_tells_of_is_a_gap(cloud: Cloud) -> None:
    person = shapes.user(1)
    cloud.azure.know(person)
    made = shapes.assignment(GROUP_ID, READER, person["id"], kind="User")
    cloud.azure.assignments, cloud.azure.schedules = [made], [shapes.schedule(made)]
    cloud.server.fault("/roleassignments$", Answer(200, {"value": []}))
    assert not read(cloud).whole


@pytest.mark.parametrize("rows", [{"totalRecords": 3}, {"resultTruncated": "true"}, {"totalRecords": "2"}])
def test_fewer_resources_than_there_are_is_a_gap(cloud: Cloud, rows: dict[str, object]) -> None:
    cloud.azure.resources = [{"id": f"{WORKSPACE_ID}{at}", "type": "a.b/c"} for at in range(2)]
    cloud.server.fault("resourcegraph", lambda _, good: Answer(200, {**good.body, **rows}), method="POST")
    estate = read(cloud)
    assert {gap.part for gap in estate.gaps} >= {Part.RESOURCES}


def test_without_pim_nobody_is_eligible_and_everything_is_permanent(cloud: Cloud) -> None:
    person = shapes.user(1)
    cloud.azure.know(person)
    cloud.azure.assignments = [shapes.assignment(GROUP_ID, READER, person["id"], kind="User")]
    for path in ("/roleeligibilityscheduleinstances$", "/roleassignmentscheduleinstances$"):
        cloud.server.fault(path, failed(400, "AadPremiumLicenseRequired"))
    estate = read(cloud)
    assert [one.timing for one in estate.assignments] == [Timing.PERMANENT]
    assert estate.gaps == ()


def test_an_unreadable_schedule_leaves_the_strictest_reading(cloud: Cloud) -> None:
    of_everything(cloud.azure)
    cloud.server.fault("/roleassignmentscheduleinstances$", failed(403, "AuthorizationFailed"))
    estate = read(cloud)
    active = [one for one in estate.assignments if one.timing is not Timing.ELIGIBLE]
    assert {one.timing for one in active} == {Timing.PERMANENT}
    assert [gap.part for gap in estate.gaps] == [Part.ELIGIBILITY]


def test_an_activated_role_ends_and_a_permanent_one_does_not(cloud: Cloud) -> None:
    of_everything(cloud.azure)
    ends, stays = cloud.azure.assignments[:2]
    cloud.azure.schedules = [
        shapes.schedule(ends, number=1, assignmentType="Activated"),
        shapes.schedule(stays, number=2, endDateTime=None),
    ]
    found = {one.location.path: (one.timing, one.activated) for one in read(cloud).assignments}
    assert (found[ends["id"]], found[stays["id"]]) == ((Timing.TIME_BOUND, True), (Timing.PERMANENT, False))


def test_the_members_of_an_eligible_group_are_not_eligible_by_themselves(cloud: Cloud) -> None:
    team, person = shapes.group(1), shapes.user(1)
    cloud.azure.join(team, person)
    cloud.azure.eligibilities = [
        shapes.eligibility(GROUP_ID, READER, team["id"], number=1),
        shapes.eligibility(GROUP_ID, READER, person["id"], number=2, principalType="User", memberType="Group"),
        shapes.eligibility(GROUP_ID, OWNER, person["id"], number=3, principalType="User", memberType="Group"),
    ]
    found = [(one.role_id, one.principal_id) for one in read(cloud).assignments]
    assert found == [(READER, team["id"]), (OWNER, person["id"])]


def test_a_management_group_is_read_with_every_subscription_in_it(cloud: Cloud) -> None:
    of_everything(cloud.azure)
    above = shapes.assignment(MANAGEMENT_GROUP, OWNER, shapes.group(1)["id"])
    cloud.azure.assignments.append(above)
    cloud.azure.below["root"] = [SUBSCRIPTION]
    estate = read(cloud, MANAGEMENT_GROUP)
    assert estate.gaps == ()
    assert len([one for one in estate.assignments if one.timing is not Timing.ELIGIBLE]) == 5
    cloud.server.fault("/descendants$", failed(403, "AuthorizationFailed"))
    assert not read(cloud, MANAGEMENT_GROUP).whole


def test_resources_outside_of_the_scope_are_not_told_of(cloud: Cloud) -> None:
    of_everything(cloud.azure)
    cloud.azure.resources.append({"id": f"{SUBSCRIPTION_ID}/resourceGroups/rg-ml2/providers/a.b/c/d", "type": "a.b/c"})
    estate = read(cloud, GROUP_ID)
    assert len(estate.resources) == 2
    assert estate.gaps == ()


def test_definitions_are_custom_roles_and_what_the_shipped_ones_do_not_know(cloud: Cloud) -> None:
    new, unlisted = shapes.guid(1, "11"), shapes.guid(2, "22")
    cloud.azure.definitions = [
        shapes.definition(READER, "Reader", ["*/read"], kind="BuiltInRole"),
        shapes.definition(CONTRIBUTOR, "Contributor", ["*"], kind="BuiltInRole"),
        shapes.definition(new, "Newer than mlgate", ["A.B/*"], kind="BuiltInRole"),
        shapes.definition(shapes.guid(3, "33"), "Own", ["A.B/*"], condition="@Request[x] == 'y'"),
    ]
    person = shapes.user(1)
    cloud.azure.know(person)
    cloud.azure.assignments = [
        shapes.assignment(GROUP_ID, role, person["id"], kind="User")
        for role in (READER, unlisted, shapes.guid(4, "44"))
    ]
    hidden = shapes.definition(unlisted, "Left out of the list", ["C.D/*"])
    cloud.server.fault(f"/roledefinitions/{unlisted}$", Answer(200, hidden))
    estate = read(cloud)
    assert estate.gaps == ()
    named = {one.name: one for one in estate.definitions}
    # Microsoft's Contributor has exceptions; the one that is live here has lost them.
    assert set(named) == {"Contributor", "Newer than mlgate", "Own", "Left out of the list"}
    assert named["Newer than mlgate"].built_in
    assert named["Own"].permissions.blocks[0].condition == "@Request[x] == 'y'"


def test_a_denial_that_does_not_say_what_is_a_gap(cloud: Cloud) -> None:
    cloud.azure.denials = [shapes.denial(GROUP_ID, ["*"], [shapes.guid(1)], [])]
    cloud.azure.know({**shapes.user(1), "id": shapes.guid(1)})
    cloud.azure.denials[0]["properties"]["permissions"] = []
    assert {gap.part for gap in read(cloud).gaps} == {Part.DENIALS}


def test_ids_of_any_case_are_one(cloud: Cloud) -> None:
    of_everything(cloud.azure)
    shouted = dict(cloud.azure.assignments[0])
    shouted["id"] = shouted["id"].upper()
    cloud.azure.assignments.append(shouted)
    active = [one for one in read(cloud).assignments if one.timing is not Timing.ELIGIBLE]
    assert len(active) == 4


def test_the_evidence_changes_with_what_is_read_and_with_nothing_else(cloud: Cloud) -> None:
    of_everything(cloud.azure)
    first = read(cloud).inputs
    cloud.azure.assignments.reverse()
    cloud.azure.page = 1
    assert read(cloud).inputs == first
    cloud.azure.assignments.pop()
    changed = [one.name for one, other in zip(read(cloud).inputs, first, strict=True) if one != other]
    assert changed[0].startswith("role assignments at 127.0.0.1")
