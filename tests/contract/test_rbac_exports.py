"""The recorded examples of the REST API and of Graph are read as exports, whatever stands around them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rbac_matrix.assignments import ScopeKind, Timing
from rbac_matrix.estate.exports import looks_like_export, read_export
from rbac_matrix.estate.model import Estate, Part, PrincipalKind

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "data" / "arm-rest"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not RECORDED.is_dir(), reason=f"there is no shared data at {RECORDED}"),
]


def body(name: str, status: str = "200") -> Any:
    return json.loads((RECORDED / f"authorization/{name}.json").read_text())["responses"][status]["body"]


def read(tmp_path: Path, content: Any, name: str = "answer.json") -> Estate:
    path = tmp_path / name
    path.write_text(json.dumps(content, indent=2))
    assert looks_like_export(path, name)
    return read_export(path, shown_as=name)


def test_role_assignments_without_the_subscription_before_the_role(tmp_path: Path) -> None:
    estate = read(tmp_path, body("RoleAssignments_ListForScope"))
    one = estate.assignments[0]
    assert (one.role_id, one.principal_type) == ("0b5fe924-9a61-425c-96af-cfe6e287ca2d", "User")
    assert (one.scope.kind, one.timing, estate.whole) == (ScopeKind.SUBSCRIPTION, Timing.PERMANENT, True)


def test_the_answer_to_a_creation_is_one_assignment(tmp_path: Path) -> None:
    estate = read(tmp_path, body("RoleAssignments_CreateForResourceGroup", "201"))
    assert [one.scope.kind for one in estate.assignments] == [ScopeKind.RESOURCE_GROUP]
    assert not estate.whole


def test_schedules_of_active_assignments(tmp_path: Path) -> None:
    estate = read(tmp_path, body("GetRoleAssignmentScheduleInstancesByScope"))
    one = estate.assignments[0]
    assert one.name == "Microsoft.Authorization/roleAssignments ed9b8180-cef7-4c77-a63c-b8566ecfc412"
    assert (one.timing, one.principal_name, one.role_text) == (Timing.TIME_BOUND, "User Account", "Contributor")
    assert one.hours is not None
    assert 7.9 < one.hours < 8.0
    assert one.condition is not None
    assert one.condition.startswith("@Resource")


def test_schedules_of_eligible_assignments(tmp_path: Path) -> None:
    estate = read(tmp_path, body("GetRoleEligibilityScheduleInstancesByScope"))
    assert [one.timing for one in estate.assignments] == [Timing.ELIGIBLE]
    assert estate.covers == {Part.ELIGIBILITY}


def test_deny_assignments(tmp_path: Path) -> None:
    one = read(tmp_path, body("GetDenyAssignmentByScope")).denials[0]
    assert (one.name, one.scope) == ("Deny assignment name", "/subscriptions/subId")
    assert (one.principals, one.excluded) == (("principalid1",), ("principalid2",))


def test_a_role_definition_whose_id_is_none_is_a_gap(tmp_path: Path) -> None:
    estate = read(tmp_path, body("GetRoleDefinitionById"))
    assert [gap.part for gap in estate.gaps] == [Part.DEFINITIONS]


def test_members_of_a_group(tmp_path: Path) -> None:
    exchanges = json.loads((RECORDED / "graph/group_transitiveMembers.json").read_text())["exchanges"]
    group = "02bd9fd6-8f93-4758-87c3-1fb73740a315"
    estate = read(tmp_path, exchanges[0]["response"]["body"], f"members-{group}.json")
    assert estate.directory is not None
    assert estate.directory.members == {group: ("11111111-2222-3333-4444-555555555555",)}
    nested = read(tmp_path, {"group": group, **exchanges[1]["response"]["body"]})
    assert nested.directory is not None
    assert [one.kind for one in nested.directory.objects.values()] == [PrincipalKind.GROUP] * 3
