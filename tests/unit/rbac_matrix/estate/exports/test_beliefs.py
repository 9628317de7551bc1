"""What an exported file may say of Microsoft's own roles, and of what somebody activated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rbac_matrix.estate.exports import read_exports
from rbac_matrix.estate.model import Estate, Part
from rbac_matrix.permissions.catalogue import RoleCatalogue

SCOPE = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
NAME = "00000000-0000-0000-0000-000000000001"
SOMEBODY = "aaaaaaaa-0000-0000-0000-00000000000a"


def assigned(role: str, **changes: Any) -> dict[str, Any]:
    made = {
        "name": NAME,
        "id": f"{SCOPE}/providers/Microsoft.Authorization/roleAssignments/{NAME}",
        "principalId": SOMEBODY,
        "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{role}",
        "scope": SCOPE,
        "type": "Microsoft.Authorization/roleAssignments",
    }
    return {**made, **changes}


def defined(role: str, kind: str, *actions: str) -> dict[str, Any]:
    return {
        "name": role,
        "roleName": "Owner",
        "roleType": kind,
        "type": "Microsoft.Authorization/roleDefinitions",
        "permissions": [{"actions": list(actions), "notActions": []}],
    }


def read(folder: Path, **files: Any) -> Estate:
    paths = []
    for name, content in files.items():
        path = folder / f"{name}.json"
        path.write_text(json.dumps(content))
        paths.append((path, path.name))
    return read_exports(paths)


@pytest.mark.parametrize("actions", [(), ("*/read",)])
def test_a_file_can_not_make_owner_harmless(tmp_path: Path, actions: tuple[str, ...]) -> None:
    lie = [defined(OWNER, "BuiltInRole", *actions)]
    found = read(tmp_path, assignments=[assigned(OWNER)], definitions=lie)
    assert not found.definitions
    (gap,) = found.gaps
    assert (gap.part, "Owner" in gap.detail, str(gap.location)) == (Part.DEFINITIONS, True, "definitions.json:1")


def test_nor_make_reader_something_that_allows_everything(tmp_path: Path) -> None:
    reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
    found = read(tmp_path, assignments=[assigned(OWNER)], definitions=[defined(reader, "BuiltInRole", "*")])
    assert (found.definitions, found.gaps) == ((), ())


def test_a_true_copy_and_roles_that_only_the_file_knows_are_fine(tmp_path: Path) -> None:
    new = "00000000-0000-0000-0000-0000000000ff"
    definitions = [defined(OWNER, "BuiltInRole", "*"), defined(new, "BuiltInRole", "*/read")]
    found = read(tmp_path, assignments=[assigned(OWNER), assigned(new)], definitions=definitions)
    assert [one.id for one in found.definitions] == [new]
    assert not [gap for gap in found.gaps if gap.part is Part.DEFINITIONS]
    assert RoleCatalogue.built_in().with_custom(found.definitions).with_id(new) is not None


def schedule(kind: str, end: str | None = "2026-11-21T16:00:00Z") -> dict[str, Any]:
    return {
        "name": "00000000-0000-0000-0000-000000000002",
        "id": "x",
        "type": "Microsoft.Authorization/roleAssignmentScheduleInstances",
        "properties": {
            "scope": SCOPE,
            "roleDefinitionId": OWNER,
            "principalId": SOMEBODY,
            "assignmentType": kind,
            "startDateTime": "2026-11-21T08:00:00Z",
            "endDateTime": end,
            "originRoleAssignmentId": assigned(OWNER)["id"],
        },
    }


@pytest.mark.parametrize(
    ("one", "activated"),
    [(schedule("Activated"), True), (schedule("Assigned"), False), (schedule("Activated", None), False)],
)
def test_only_pim_says_that_something_was_activated(tmp_path: Path, one: dict[str, Any], activated: bool) -> None:
    both = read(tmp_path, assignments=[assigned(OWNER)], active={"value": [one]})
    assert [found.activated for found in both.assignments] == [activated]


def test_a_condition_of_blanks_is_none(tmp_path: Path) -> None:
    found = read(tmp_path, assignments=[assigned(OWNER, condition="  \n")])
    assert [one.condition for one in found.assignments] == [""]
