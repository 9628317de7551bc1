"""The fake of Azure against the REST contract: recorded examples have the shapes that our tests use, and are read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud_backends.azure.authorization import Authorization
from cloud_backends.azure.conversions import definition, denial, eligible, held, schedules_by_assignment
from cloud_backends.azure.graph_objects import entry_of
from cloud_backends.azure.role_changes import AzureRoleAssignments
from deploy_gate.role_ports import RoleGrant
from rbac_matrix.assignments import Timing
from tests.fakes.azure import shapes
from tests.fakes.azure.cloud import Cloud, running
from tests.fakes.azure.server import Answer
from tests.fakes.azure.shapes import GROUP_ID, READER, SUBSCRIPTION_ID
from tests.fakes.azure.tls import make_authority

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "data" / "arm-rest"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not RECORDED.is_dir(), reason=f"there is no shared data at {RECORDED}"),
]


def recorded(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_text())


def body(name: str, status: str = "200") -> Any:
    return recorded(name)["responses"][status]["body"]


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with running(make_authority(tmp_path)) as one:
        yield one


def unlike(example: Any, made: Any, at: str = "") -> Iterator[str]:
    """Where the example has a property that ours lacks, or one of another type."""
    if isinstance(example, dict):
        if not isinstance(made, dict):
            yield f"{at}: {type(made).__name__}"
            return
        for key, value in example.items():
            if key not in made:
                yield f"{at}.{key} is missing"
            else:
                yield from unlike(value, made[key], f"{at}.{key}")
    elif isinstance(example, list) and example:
        if not isinstance(made, list):
            yield f"{at}: {type(made).__name__}"
        elif made:
            yield from unlike(example[0], made[0], f"{at}[0]")
    elif example is not None and made is not None and type(example) is not type(made):
        yield f"{at}: {type(made).__name__} for {type(example).__name__}"


ASSIGNMENT = shapes.assignment(SUBSCRIPTION_ID, READER, shapes.guid(1))
# The examples carry conditions, links to other schedules and mail addresses, which not every answer has.
OPTIONAL = ("condition", "linkedRole", "principal.email")
SHAPES: dict[str, tuple[str, Callable[[Any], Any], Any]] = {
    "assignments": ("authorization/RoleAssignments_ListForScope", lambda one: one["value"][0], ASSIGNMENT),
    "definition": ("authorization/GetRoleDefinitionById", lambda one: one, shapes.definition(READER, "x", ["y"])),
    "denials": (
        "authorization/GetDenyAssignmentByScope",
        lambda one: one["value"][0],
        shapes.denial(GROUP_ID, ["x"], ["y"], ["z"]),
    ),
    "schedules": (
        "authorization/GetRoleAssignmentScheduleInstancesByScope",
        lambda one: one["value"][0],
        shapes.schedule(ASSIGNMENT),
    ),
    "eligibilities": (
        "authorization/GetRoleEligibilityScheduleInstancesByScope",
        lambda one: one["value"][0],
        shapes.eligibility(SUBSCRIPTION_ID, READER, shapes.guid(1)),
    ),
}


@pytest.mark.parametrize("kind", SHAPES)
def test_our_fixtures_have_the_shape_of_the_examples(kind: str) -> None:
    name, entry, made = SHAPES[kind]
    differences = list(unlike(entry(body(name)), made))
    assert [one for one in differences if not any(word in one for word in OPTIONAL)] == []


def test_our_error_and_creation_have_the_shape_of_the_examples(cloud: Cloud) -> None:
    example = recorded("authorization/RoleAssignments_CreateForResourceGroup")
    wanted = example["parameters"]["parameters"]["properties"]
    cloud.azure.know({**shapes.user(1), "id": wanted["principalId"]})
    grant = RoleGrant(
        scope=f"/{example['parameters']['scope']}",
        role_id=wanted["roleDefinitionId"].rpartition("/")[2],
        principal_id=wanted["principalId"],
        principal_type="User",
    )
    with cloud.connected() as connection:
        AzureRoleAssignments(connection).create_assignment(grant)
    (put,) = cloud.server.asked_for("/roleassignments/", "PUT")
    assert put.json["properties"] == wanted
    assert put.query["api-version"] == example["parameters"]["api-version"]
    assert (
        list(unlike(body("authorization/RoleAssignments_CreateForResourceGroup", "201"), cloud.azure.assignments[0]))
        == []
    )


def test_the_examples_are_read(cloud: Cloud) -> None:
    """What Azure's documentation shows, sent by the server, word for word."""
    lists = {
        "/roleassignments$": body("authorization/RoleAssignments_ListForScope"),
        "/denyassignments$": body("authorization/GetDenyAssignmentByScope"),
        "/roleassignmentscheduleinstances$": body("authorization/GetRoleAssignmentScheduleInstancesByScope"),
        "/roleeligibilityscheduleinstances$": body("authorization/GetRoleEligibilityScheduleInstancesByScope"),
        "/roledefinitions$": {"value": [body("authorization/GetRoleDefinitionById")]},
    }
    for path, answer in lists.items():
        cloud.server.fault(path, Answer(200, answer))
    with cloud.connected() as connection:
        reader = Authorization(connection)
        scope = "/subscriptions/a925f2f7-5c63-4b7b-8799-25a5f97bc3b2"
        (one,) = reader.assignments(scope)
        (schedule,) = schedules_by_assignment(reader.schedules(scope) or ()).values()
        (eligibility,) = reader.eligibilities(scope) or []
        (deny,) = reader.denials(scope)
        (role,) = reader.definitions(scope)
    assignment = held(one, schedule)
    assert assignment.role_id == "0b5fe924-9a61-425c-96af-cfe6e287ca2d"
    assert assignment.principal_id == "ce2ce14e-85d7-4629-bdbc-454d0519d987"
    assert (assignment.timing, assignment.scope.text) == (Timing.TIME_BOUND, scope)
    assert eligible(eligibility).hours == pytest.approx(365 * 24, abs=24)
    assert eligible(eligibility).condition != ""
    assert denial(deny).principals == ("principalid1",)
    assert denial(deny).excluded == ("principalid2",)
    assert definition(role).permissions.blocks[0].data_actions == ("dataAction",)


def test_the_directory_s_examples_are_read() -> None:
    exchanges = recorded("graph/group_transitiveMembers")["exchanges"]
    listed, cast = (one["response"]["body"] for one in exchanges)
    found, entry = entry_of(listed["value"][0], "")
    assert (found, entry["@odata.type"]) == ("11111111-2222-3333-4444-555555555555", "#microsoft.graph.user")
    # Asked for one type, Graph counts on request, and names no type: that is why the reader gives the type itself.
    assert cast["@odata.count"] == len(cast["value"])
    assert all("@odata.type" not in one for one in cast["value"])
    assert exchanges[1]["request"]["headers"]["ConsistencyLevel"] == "eventual"
