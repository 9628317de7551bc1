"""Plans as files, and what happens when they are carried out."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy_gate.role_plans import Act, PlanDocument, PlannedChange, carry_out, load_plan
from deploy_gate.role_ports import Change, RoleGrant
from rbac_matrix.changes.plan import MARK
from tests.fakes.fake_roles import FakeRoleAssignments
from verdicts import ConfigurationError, CouldNotCheckError

SCOPE = "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg"
LEADS, OTHER, GLASS = (f"00000000-0000-4000-8000-00000000000{digit}" for digit in "123")
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


class Records:
    def __init__(self) -> None:
        self.found: list[tuple[str, Mapping[str, Any]]] = []

    def append(self, run: str, event: str, data: Mapping[str, Any]) -> object:
        assert run == "r"
        self.found.append((event, data))
        return None

    @property
    def events(self) -> list[str]:
        return [event for event, _ in self.found]


def grant(role: str = READER, who: str = LEADS, **changes: Any) -> RoleGrant:
    return RoleGrant(**{"scope": SCOPE, "role_id": role, "principal_id": who, "description": f"{MARK} x", **changes})


CREATE = PlannedChange(Act.CREATE, grant(), "Reader for grp-leads")
DELETE = PlannedChange(Act.DELETE, grant(OWNER, OTHER), "Owner of somebody")


def document(*changes: PlannedChange, removes_unmanaged: bool = False) -> PlanDocument:
    return PlanDocument(
        environment="production",
        made_at=NOW,
        removes_unmanaged=removes_unmanaged,
        changes=changes or (CREATE, DELETE),
        obstacles=("nobody stands for ci-cd",),
    )


def done(what: PlanDocument, port: FakeRoleAssignments, records: Records, never: tuple[str, ...] = ()) -> list[Change]:
    return [result for _, result in carry_out(what, port, records, run="r", by="a@b.c", never=never)]


def test_a_plan_comes_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(document().to_json()), encoding="utf-8")
    assert load_plan(path) == document()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("environment", "development"),
        ("removes_unmanaged", True),
        ("changes", []),
        ("obstacles", []),
        ("made_at", "2026-11-20T12:00:00+00:00"),
    ],
)
def test_a_plan_that_was_changed_by_hand_is_refused(tmp_path: Path, key: str, value: object) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({**document().to_json(), key: value}), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="was changed after it was made"):
        load_plan(path)


def test_a_changed_grant_is_refused(tmp_path: Path) -> None:
    data = document().to_json()
    data["changes"][0]["role_id"] = OWNER
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"plan\.json:"):
        load_plan(path)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema": "mlgate/project/v1"}', "\x00"])
def test_rubbish_is_no_plan(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError):
        load_plan(path)


def test_creations_and_deletions_are_done_and_stand_in_the_trail() -> None:
    port, records = FakeRoleAssignments(), Records()
    port.hold(DELETE.grant)
    assert done(document(), port, records) == [Change.DONE, Change.DONE]
    assert list(port.grants.values()) == [CREATE.grant]
    assert records.events == [
        "rbac-apply-started",
        "rbac-assignment-created",
        "rbac-assignment-deleted",
        "rbac-apply-ended",
    ]
    assert records.found[0][1]["by"] == "a@b.c"
    assert records.found[1][1]["name"] == CREATE.grant.name


def test_a_second_time_nothing_is_left_to_do() -> None:
    port = FakeRoleAssignments()
    port.hold(DELETE.grant)
    done(document(), port, Records())
    changes = list(port.changes)
    assert done(document(), port, Records()) == [Change.ALREADY, Change.ALREADY]
    assert port.changes == changes


def test_after_a_failure_the_next_run_goes_on() -> None:
    port, records = FakeRoleAssignments(fails_at=2), Records()
    port.hold(DELETE.grant)
    with pytest.raises(CouldNotCheckError):
        done(document(), port, records)
    assert records.events == ["rbac-apply-started", "rbac-assignment-created", "rbac-apply-stopped"]
    port.fails_at = None
    assert done(document(), port, Records()) == [Change.ALREADY, Change.DONE]


def test_nothing_begins_where_a_break_glass_account_would_lose_something() -> None:
    port, records = FakeRoleAssignments(), Records()
    loss = PlannedChange(Act.DELETE, grant(OWNER, GLASS.upper()), "Owner of break glass")
    port.hold(loss.grant)
    with pytest.raises(ConfigurationError, match="break-glass"):
        done(document(CREATE, loss, removes_unmanaged=True), port, records, never=(GLASS,))
    assert (port.changes, records.events) == ([], [])


def test_what_became_somebody_elses_is_not_deleted() -> None:
    port = FakeRoleAssignments()
    port.hold(grant(OWNER, OTHER, description="made by hand"))
    with pytest.raises(CouldNotCheckError, match="any more"):
        done(document(DELETE), port, Records())
    assert len(port.grants) == 1
    assert done(document(DELETE, removes_unmanaged=True), port, Records()) == [Change.DONE]


def test_a_silent_service_is_could_not_check() -> None:
    records = Records()
    with pytest.raises(CouldNotCheckError):
        done(document(), FakeRoleAssignments(broken=True), records)
    assert records.events[-1] == "rbac-apply-stopped"
