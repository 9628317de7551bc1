"""What an exported file says comes into the estate; what is cut is a gap, and what nobody knows an error."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from rbac_matrix.assignments import ScopeKind, Timing
from rbac_matrix.estate.directory import Memberships
from rbac_matrix.estate.exports import looks_like_export, may_be_export, read_export, read_exports
from rbac_matrix.estate.model import Estate, Part, PrincipalKind
from verdicts import ConfigurationError

SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"
VAULT = f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
SOMEBODY = "AAAAAAAA-0000-0000-0000-00000000000a"
OTHER = "bbbbbbbb-0000-0000-0000-00000000000b"
GROUP = "cccccccc-0000-0000-0000-00000000000c"


def guid(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012d}"


def flat(number: int = 1, **changes: Any) -> dict[str, Any]:
    """As `az role assignment list` writes it."""
    made = {
        "condition": None,
        "conditionVersion": None,
        "createdBy": guid(99),
        "description": None,
        "id": f"{VAULT}/providers/Microsoft.Authorization/roleAssignments/{guid(number)}",
        "name": guid(number),
        "principalId": SOMEBODY,
        "principalName": "anna@example.com",
        "principalType": "User",
        "roleDefinitionId": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{READER}",
        "roleDefinitionName": "Reader",
        "scope": VAULT,
        "type": "Microsoft.Authorization/roleAssignments",
    }
    return {**made, **changes}


def nested(number: int = 1, **changes: Any) -> dict[str, Any]:
    """As the REST API and Resource Graph write it."""
    whole = flat(number, **changes)
    top = {key: whole[key] for key in ("id", "name", "type")}
    keys = ("principalId", "principalType", "roleDefinitionId", "scope", "condition")
    return {**top, "properties": {key: whole[key] for key in keys}}


def export(tmp_path: Path, content: Any, name: str = "export.json") -> Estate:
    path = tmp_path / name
    text = content if isinstance(content, str) else json.dumps(content, indent=2)
    path.write_text(text, encoding="utf-8")
    assert looks_like_export(path, name)
    return read_export(path, shown_as=name)


def details(estate: Estate) -> list[str]:
    return [f"{gap.part.name} {gap.location}: {gap.detail}" for gap in estate.gaps]


class TestWhatIsNotUnderstood:
    @pytest.mark.parametrize(
        ("content", "says"),
        [
            ([{"colour": "red"}], "export.json:2: looks like an export, but what it lists isn't known"),
            ([flat(), {"colour": "red"}], r"export\.json:\d+: looks like an export, but what it lists isn't known"),
            ([flat(), "red"], r"export\.json:\d+: looks like an export, but an entry of it is no object"),
            ({"value": [{"colour": "red"}], "nextLink": None}, "looks like an export"),
            ([], "is empty, and nothing says what it would list"),
            (
                {"error": {"code": "AuthorizationFailed", "message": "no"}},
                "is an error, and no list: AuthorizationFailed",
            ),
        ],
    )
    def test_it_is_an_error_that_names_the_place(self, tmp_path: Path, content: Any, says: str) -> None:
        with pytest.raises(ConfigurationError, match=says):
            export(tmp_path, content)

    @pytest.mark.parametrize(
        "content",
        [
            {
                "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
                "resources": [],
            },
            {"name": "x", "properties": {"activities": []}},
            "resource kv 'Microsoft.KeyVault/vaults@2023-07-01' = {}",
            "{broken",
            "",
        ],
    )
    def test_templates_and_other_files_are_no_exports(self, tmp_path: Path, content: Any) -> None:
        path = tmp_path / "file.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        assert not looks_like_export(path, "file.json")

    def test_in_a_folder_other_data_is_passed_over_and_a_broken_export_is_not(self, tmp_path: Path) -> None:
        data, cut = tmp_path / "data.json", tmp_path / "cut.json"
        data.write_text('{"data": [[1, 2]]}')
        cut.write_text(json.dumps([flat()], indent=2)[:-20])
        assert not may_be_export(data, "data.json")
        with pytest.raises(ConfigurationError, match=r"cut\.json:\d+: not JSON.*export it again"):
            may_be_export(cut, "cut.json")

    def test_what_is_no_file_is_an_error_and_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.json")
        for name in ("pipe.json", "absent.json", ".", "nul\0l"):
            with pytest.raises(ConfigurationError):
                looks_like_export(tmp_path / name, name)

    def test_another_encoding_is_an_error_with_its_line(self, tmp_path: Path) -> None:
        path = tmp_path / "latin.json"
        path.write_bytes(b'[\n{"id": "caf\xe9"}]')
        with pytest.raises(ConfigurationError, match=r"latin\.json:2: not UTF-8"):
            read_export(path, shown_as="latin.json")


class TestRoleAssignments:
    @pytest.mark.parametrize("shape", [flat, nested])
    def test_both_shapes_say_the_same(self, tmp_path: Path, shape: Any) -> None:
        estate = export(tmp_path, [shape(1), shape(2, condition="a condition")])
        one, other = estate.assignments
        assert (one.role_id, one.principal_id, one.principal_type) == (READER, SOMEBODY.casefold(), "User")
        assert (one.scope.kind, one.scope.text, one.timing) == (ScopeKind.RESOURCE, VAULT, Timing.PERMANENT)
        assert one.name == f"Microsoft.Authorization/roleAssignments {guid(1)}"
        assert (one.condition, other.condition) == ("", "a condition")
        assert one.location.line == 2
        assert estate.covers == {Part.ASSIGNMENTS}
        assert estate.whole
        assert estate.gaps == ()

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
    def test_files_as_powershell_writes_them(self, tmp_path: Path, encoding: str) -> None:
        path = tmp_path / "export.json"
        text = json.dumps([flat(principalName="Ünal")], indent=4, ensure_ascii=False).replace("\n", "\r\n")
        path.write_bytes(text.encode(encoding))
        estate = read_export(path, shown_as="export.json")
        assert [one.principal_name for one in estate.assignments] == ["Ünal"]
        assert estate.assignments[0].location.line == 2

    def test_the_answers_of_get_azroleassignment(self, tmp_path: Path) -> None:
        entry = {
            "RoleAssignmentName": guid(1),
            "RoleAssignmentId": f"{VAULT}/providers/Microsoft.Authorization/roleAssignments/{guid(1)}",
            "Scope": VAULT,
            "DisplayName": "Anna",
            "SignInName": "anna@example.com",
            "RoleDefinitionName": "Reader",
            "RoleDefinitionId": READER,
            "ObjectId": SOMEBODY,
            "ObjectType": "User",
        }
        one = export(tmp_path, [entry]).assignments[0]
        assert (one.role_id, one.principal_id, one.scope.text) == (READER, SOMEBODY.casefold(), VAULT)

    def test_a_single_assignment_is_not_all_of_them(self, tmp_path: Path) -> None:
        assert not export(tmp_path, flat()).whole

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"principalId": None}, "'principalId' is missing"),
            ({"principalId": 7}, "'principalId' is missing or no text"),
            ({"principalId": ["x"]}, "'principalId' is missing or no text"),
            ({"roleDefinitionId": {"id": 1}}, "'roleDefinitionId' is missing or no text"),
            ({"scope": 5}, "'scope' is no text"),
            ({"condition": True}, "'condition' is no text"),
            ({"name": [], "id": None}, "'id' is missing"),
        ],
    )
    def test_a_wrong_entry_is_a_gap_and_the_others_stay(
        self, tmp_path: Path, changes: dict[str, Any], says: str
    ) -> None:
        estate = export(tmp_path, [flat(1), flat(2, **changes), flat(3)])
        assert [one.name[-1] for one in estate.assignments] == ["1", "3"]
        assert len(estate.gaps) == 1
        assert says in estate.gaps[0].detail
        assert estate.gaps[0].location is not None
        assert estate.gaps[0].location.line == 17
        assert not estate.whole

    def test_many_wrong_entries_are_counted(self, tmp_path: Path) -> None:
        estate = export(tmp_path, [flat(number, principalId=None) for number in range(50)])
        assert len(estate.gaps) == 21
        assert estate.gaps[-1].detail == "30 more entries can't be read"

    def test_an_unknown_role_or_principal_stays_unknown(self, tmp_path: Path) -> None:
        one = export(tmp_path, [flat(roleDefinitionId="custom", principalId="nobody")]).assignments[0]
        assert (one.role_id, one.principal_id, one.principal_text) == (None, None, "nobody")

    def test_an_assignment_that_stands_twice_counts_once(self, tmp_path: Path) -> None:
        estate = export(tmp_path, [flat(1), flat(1, scope=VAULT.upper()), flat(2)])
        assert [one.name[-1] for one in estate.assignments] == ["1", "2"]
        assert estate.gaps == ()

    def test_one_that_contradicts_itself_is_a_gap(self, tmp_path: Path) -> None:
        estate = export(tmp_path, [flat(1), flat(1, principalId=OTHER)])
        assert len(estate.assignments) == 2
        assert "stands twice, with different roles or principals" in details(estate)[0]


class TestCutExports:
    @pytest.mark.parametrize(
        ("document", "says"),
        [
            ({"value": [nested()], "nextLink": "https://next"}, r"the list goes on \(nextLink\)"),
            ({"data": [nested()], "skipToken": "x"}, "the list goes on"),
            ({"data": [nested()], "$skipToken": "x"}, "the list goes on"),
            ({"count": 1, "data": [nested()], "skip_token": "x", "total_records": 1}, "the list goes on"),
            ({"data": [nested()], "resultTruncated": "true"}, "it was cut off"),
            ({"data": [nested()], "count": 1, "totalRecords": 7}, "1 of 7 rows"),
        ],
    )
    def test_a_page_without_the_next_one_is_a_gap(self, tmp_path: Path, document: Any, says: str) -> None:
        estate = export(tmp_path, document)
        assert len(estate.assignments) == 1
        assert [gap.part for gap in estate.gaps] == [Part.ASSIGNMENTS]
        assert says.replace("\\", "") in estate.gaps[0].detail
        assert not estate.whole

    def test_all_pages_in_one_file_are_whole(self, tmp_path: Path) -> None:
        first = {"value": [nested(1)], "nextLink": "https://next"}
        last = {"value": [nested(2)]}
        estate = export(tmp_path, json.dumps(first) + "\n" + json.dumps(last))
        assert len(estate.assignments) == 2
        assert estate.whole

    def test_rows_are_counted_over_all_pages(self, tmp_path: Path) -> None:
        pages = [{"data": [nested(number)], "totalRecords": 3, "$skipToken": "x"} for number in (1, 2)]
        text = "\n".join(map(json.dumps, [*pages, {"data": [], "totalRecords": 3}]))
        assert details(export(tmp_path, text)) == [
            "ASSIGNMENTS export.json:3: role assignments: 2 of 3 rows are in the file"
        ]

    def test_an_empty_list_is_of_what_the_files_name_says(self, tmp_path: Path) -> None:
        assert export(tmp_path, {"value": []}, "deny-assignments.json").covers == {Part.DENIALS}
        assert export(tmp_path, [], "role-eligibility.json").covers == {Part.ELIGIBILITY}
        assert export(tmp_path, [], "role-assignments.json").covers == {Part.ASSIGNMENTS}


def schedule(kind: str, **changes: Any) -> dict[str, Any]:
    properties = {
        "scope": VAULT,
        "roleDefinitionId": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{READER}",
        "principalId": SOMEBODY,
        "principalType": "User",
        "status": "Provisioned",
        "memberType": "Direct",
        "startDateTime": "2025-01-01T08:00:00.86Z",
        "endDateTime": "2025-01-01T16:00:00.86Z",
    }
    name = changes.pop("name", guid(7))
    return {
        "properties": {**properties, **changes},
        "name": name,
        "id": f"{VAULT}/providers/Microsoft.Authorization/{kind}/{name}",
        "type": f"Microsoft.Authorization/{kind}",
    }


class TestSchedules:
    def test_eligible_assignments(self, tmp_path: Path) -> None:
        estate = export(tmp_path, {"value": [schedule("RoleEligibilityScheduleInstances")]})
        assert [one.timing for one in estate.assignments] == [Timing.ELIGIBLE]
        assert estate.covers == {Part.ELIGIBILITY}

    def test_a_schedule_and_its_instance_are_one(self, tmp_path: Path) -> None:
        (tmp_path / "a.json").write_text(json.dumps({"value": [schedule("roleEligibilitySchedules")]}))
        (tmp_path / "b.json").write_text(
            json.dumps({"value": [schedule("roleEligibilityScheduleInstances", name=guid(8))]})
        )
        estate = read_exports([(tmp_path / "a.json", "a.json"), (tmp_path / "b.json", "b.json")])
        assert len(estate.assignments) == 1

    def test_what_is_over_or_held_by_a_group_is_no_assignment_of_its_own(self, tmp_path: Path) -> None:
        entries = [
            schedule("roleEligibilitySchedules", status="Revoked"),
            schedule("roleEligibilitySchedules", memberType="Group"),
        ]
        estate = export(tmp_path, {"value": entries})
        assert list(estate.assignments) == []

    @pytest.mark.parametrize("order", [1, -1])
    def test_an_activated_assignment_of_the_list_is_time_bound(self, tmp_path: Path, order: int) -> None:
        origin = f"{VAULT}/providers/Microsoft.Authorization/roleAssignments/{guid(1)}"
        instance = schedule(
            "roleAssignmentScheduleInstances", originRoleAssignmentId=origin, assignmentType="Activated"
        )
        (tmp_path / "list.json").write_text(json.dumps([flat(1)]))
        (tmp_path / "pim.json").write_text(json.dumps({"value": [instance]}))
        files = [(tmp_path / name, name) for name in ("list.json", "pim.json")][::order]
        estate = read_exports(files)
        assert [(one.timing, one.hours) for one in estate.assignments] == [(Timing.TIME_BOUND, 8.0)]
        assert estate.assignments[0].principal_name == "anna@example.com"

    def test_a_time_that_is_none_is_a_gap(self, tmp_path: Path) -> None:
        estate = export(tmp_path, {"value": [schedule("roleEligibilitySchedules", endDateTime="tomorrow")]})
        assert details(estate) == [
            "ELIGIBILITY export.json:3: an entry of the eligible assignments can't be read: 'endDateTime' is no time"
        ]


class TestDefinitionsAndDenials:
    def test_custom_roles_of_both_shapes(self, tmp_path: Path) -> None:
        permissions = [{"actions": ["*/read"], "notActions": ["a/b/read"], "dataActions": [], "notDataActions": []}]
        flat_role = {
            "id": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{guid(1)}",
            "name": guid(1),
            "roleName": "Ours",
            "roleType": "CustomRole",
            "type": "Microsoft.Authorization/roleDefinitions",
            "assignableScopes": [SUBSCRIPTION],
            "permissions": permissions,
        }
        inner = {"roleName": "Theirs", "type": "BuiltInRole", "permissions": permissions}
        nested_role = {"id": f"/x/{guid(2)}", "type": "microsoft.authorization/roledefinitions", "properties": inner}
        estate = export(tmp_path, [flat_role, nested_role])
        ours, theirs = estate.definitions
        assert (ours.id, ours.name, ours.built_in, ours.assignable_scopes) == (guid(1), "Ours", False, (SUBSCRIPTION,))
        assert ours.permissions.blocks[0].not_actions == ("a/b/read",)
        assert (theirs.id, theirs.built_in) == (guid(2), True)
        assert estate.covers == {Part.DEFINITIONS}

    def test_the_file_that_a_custom_role_is_made_from(self, tmp_path: Path) -> None:
        role = {"Name": "Ours", "IsCustom": True, "Actions": ["*/read"], "NotActions": [], "AssignableScopes": ["/"]}
        estate = export(tmp_path, role)
        assert (estate.definitions[0].name, estate.definitions[0].id) == ("Ours", "")

    def test_a_role_without_permissions_is_not_known(self, tmp_path: Path) -> None:
        role = {"name": guid(1), "roleName": "Ours", "permissions": None}
        assert export(tmp_path, [role]).definitions[0].unknown

    def test_deny_assignments(self, tmp_path: Path) -> None:
        denial = {
            "id": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/denyAssignments/{guid(1)}",
            "name": guid(1),
            "type": "Microsoft.Authorization/denyAssignments",
            "properties": {
                "denyAssignmentName": "No deletes",
                "scope": SUBSCRIPTION,
                "permissions": [{"actions": ["*/delete"], "notActions": []}],
                "principals": [{"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}],
                "excludePrincipals": [{"id": SOMEBODY, "type": "User"}],
                "doNotApplyToChildScopes": True,
            },
        }
        one = export(tmp_path, [denial]).denials[0]
        assert (one.name, one.scope, one.own_scope_only, one.excluded) == (
            "No deletes",
            SUBSCRIPTION,
            True,
            (SOMEBODY.casefold(),),
        )

    def test_a_denial_of_nobody_is_a_gap(self, tmp_path: Path) -> None:
        inner = {"denyAssignmentName": "x", "scope": "/", "permissions": [{"actions": ["*"]}], "principals": []}
        estate = export(tmp_path, [{"id": "x", "properties": inner}])
        assert "it names nobody" in details(estate)[0]


def user(id: str = SOMEBODY, **more: Any) -> dict[str, Any]:
    return {"@odata.type": "#microsoft.graph.user", "id": id, "displayName": "Anna", **more}


class TestDirectory:
    def test_users_guests_and_programs(self, tmp_path: Path) -> None:
        identity = f"{SUBSCRIPTION}/resourcegroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id"
        objects = [
            {"id": SOMEBODY, "displayName": "Anna", "userPrincipalName": "Anna@example.com", "userType": "Member"},
            {"id": OTHER, "userPrincipalName": "b_other.com#EXT#@example.com", "accountEnabled": False},
            {
                "id": guid(3),
                "displayName": "id",
                "servicePrincipalType": "ManagedIdentity",
                "alternativeNames": ["isExplicit=True", identity],
            },
        ]
        directory = export(tmp_path, objects).directory
        assert directory is not None
        anna, guest, program = (directory.objects[id.casefold()] for id in (SOMEBODY, OTHER, guid(3)))
        assert (anna.kind, anna.name, anna.mail, anna.guest) == (PrincipalKind.USER, "Anna", "Anna@example.com", False)
        assert (guest.guest, guest.enabled) == (True, False)
        assert (program.kind, program.managed_identity) == (PrincipalKind.SERVICE_PRINCIPAL, identity)
        assert directory.members == {}
        assert not directory.whole

    @pytest.mark.parametrize(
        ("name", "document"),
        [
            ("x.json", {"group": GROUP, "value": [user(), user(OTHER)]}),
            ("x.json", {"value": [user(), user(OTHER)], "group": GROUP}),
            (f"members-{GROUP}.json", [user(), user(OTHER)]),
            (
                f"{GROUP}.json",
                {"@odata.context": "https://graph/$metadata#directoryObjects", "value": [user(), user(OTHER)]},
            ),
            (
                "x.json",
                {
                    "@odata.context": f"https://graph/$metadata#groups('{GROUP}')/members",
                    "value": [user(), user(OTHER)],
                },
            ),
            (
                "x.json",
                {
                    "group": GROUP,
                    "value": [{"@odata.id": f"https://graph/v1.0/directoryObjects/{id}"} for id in (SOMEBODY, OTHER)],
                },
            ),
        ],
    )
    def test_members_of_a_group(self, tmp_path: Path, name: str, document: Any) -> None:
        estate = export(tmp_path, document, name)
        assert estate.directory is not None
        assert estate.directory.members == {GROUP: (SOMEBODY.casefold(), OTHER)}
        assert estate.directory.objects[GROUP].kind is PrincipalKind.GROUP
        assert estate.gaps == ()

    def test_a_group_without_members_is_known_to_have_none(self, tmp_path: Path) -> None:
        estate = export(tmp_path, [], f"members-{GROUP}.json")
        assert estate.directory is not None
        assert estate.directory.members == {GROUP: ()}

    @pytest.mark.parametrize(
        ("name", "document"),
        [
            ("members.json", [user()]),
            ("x.json", {"group": "no id", "value": [user()]}),
            (
                "x.json",
                {
                    "@odata.context": "https://graph/$metadata#Collection($ref)",
                    "value": [{"@odata.id": f"x/{SOMEBODY}"}],
                },
            ),
        ],
    )
    def test_members_of_nobody_knows_which_group_are_a_gap(self, tmp_path: Path, name: str, document: Any) -> None:
        estate = export(tmp_path, document, name)
        assert "a list of members doesn't say of which group" in details(estate)[0]

    def test_pages_of_members_are_united_and_a_missing_one_is_a_gap(self, tmp_path: Path) -> None:
        pages = [
            {"group": GROUP, "@odata.nextLink": "https://next", "value": [user()]},
            {"group": GROUP, "value": [user(OTHER)]},
        ]
        whole = export(tmp_path, "\n".join(map(json.dumps, pages)))
        assert whole.directory is not None
        assert whole.directory.members == {GROUP: (SOMEBODY.casefold(), OTHER)}
        assert whole.gaps == ()
        assert "the list goes on (@odata.nextLink)" in details(export(tmp_path, pages[0]))[0]

    def test_a_transitive_list_needs_no_members_of_the_groups_in_it(self, tmp_path: Path) -> None:
        inner = {"@odata.type": "#microsoft.graph.group", "id": OTHER}
        estate = export(tmp_path, {"group": GROUP, "transitive": True, "value": [user(), inner]})
        assert estate.directory is not None
        assert Memberships(estate.directory).unknown_below(GROUP) == ()
        assert estate.directory.members == {GROUP: (SOMEBODY.casefold(),)}

    @pytest.mark.parametrize(("count", "known"), [(19, True), (20, False)])
    def test_expanded_members_are_not_trusted_where_the_answer_may_be_cut(
        self, tmp_path: Path, count: int, known: bool
    ) -> None:
        group = {"id": GROUP, "displayName": "g", "groupTypes": [], "members": [user(guid(n)) for n in range(count)]}
        estate = export(tmp_path, {"value": [group]})
        assert estate.directory is not None
        assert (GROUP in estate.directory.members) is known
        assert len(estate.directory.objects) == count + 1
        assert bool(estate.gaps) is not known

    def test_our_own_form(self, tmp_path: Path) -> None:
        document = {
            "schema": "mlgate/directory/v1",
            "value": [
                {"id": GROUP, "kind": "Group", "name": "g", "members": [SOMEBODY]},
                {
                    "id": SOMEBODY,
                    "kind": "User",
                    "name": "Anna",
                    "mail": "a@example.com",
                    "guest": True,
                    "enabled": False,
                },
            ],
            "whole": True,
        }
        directory = export(tmp_path, document).directory
        assert directory is not None
        assert directory.members == {GROUP: (SOMEBODY.casefold(),)}
        assert (directory.objects[SOMEBODY.casefold()].guest, directory.whole) == (True, True)

    @pytest.mark.parametrize(
        "entry",
        [
            {"id": "no id", "kind": "User"},
            {"id": GROUP, "kind": "Robot"},
            {"id": GROUP, "kind": "User", "guest": "yes"},
            {"id": GROUP, "kind": "Group", "members": "x"},
            {"id": GROUP, "kind": "Group", "members": ["x"]},
            {"id": GROUP, "kind": "User", "gest": True},
        ],
    )
    def test_a_wrong_entry_of_it_is_a_gap_and_the_directory_is_not_whole(self, tmp_path: Path, entry: Any) -> None:
        good = {"id": SOMEBODY, "kind": "User"}
        estate = export(tmp_path, {"schema": "mlgate/directory/v1", "whole": True, "value": [good, entry]})
        assert [gap.part for gap in estate.gaps] == [Part.DIRECTORY]
        assert estate.directory is not None
        assert not estate.directory.whole


class TestDevOps:
    def test_our_own_form_as_json_and_csv(self, tmp_path: Path) -> None:
        rows = [
            {
                "service": "azure-devops",
                "project": "ml",
                "group": "Project Administrators",
                "member": "Anna@example.com",
            },
            {"service": "azure-artifacts", "project": "feed", "group": "Owner", "member": SOMEBODY},
        ]
        estate = export(tmp_path, rows)
        assert estate.memberships is not None
        assert [(one.role, one.member, one.project) for one in estate.memberships] == [
            ("DOPA", "anna@example.com", "ml"),
            ("O", SOMEBODY.casefold(), "feed"),
        ]
        table = "service,project,group,member\n" + "\n".join(",".join(row.values()) for row in rows)
        for text in (table, table.replace(",", ";"), "#TYPE X\r\n" + table.replace("\n", "\r\n")):
            again = export(tmp_path, text, "devops.csv").memberships
            assert again is not None
            assert [(one.role, one.member) for one in again] == [(one.role, one.member) for one in estate.memberships]

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("service,group,member,colour\nazure-devops,x,y,z", "f.csv:1: the column 'colour' is not known"),
            ("service,group,member,member\nazure-devops,x,y,z", "f.csv:1: a column stands twice"),
        ],
    )
    def test_a_wrong_table_is_an_error(self, tmp_path: Path, text: str, says: str) -> None:
        with pytest.raises(ConfigurationError, match=says):
            export(tmp_path, text, "f.csv")

    def test_a_wrong_line_is_a_gap_with_its_line(self, tmp_path: Path) -> None:
        text = 'service,group,member\nazure-devops,Readers,a\nazure-devops,b\nother,c,d\n"azure-devops",,e\n'
        estate = export(tmp_path, text, "f.csv")
        assert len(estate.memberships or ()) == 1
        assert [gap.location.line for gap in estate.gaps if gap.location] == [3, 4, 5]

    def test_the_command_lines_answers(self, tmp_path: Path) -> None:
        def member(kind: str, origin: str, **more: str) -> dict[str, str]:
            return {"subjectKind": kind, "origin": origin, **more}

        administrators = {
            "group": "[ml]\\Project Administrators",
            "members": {
                "aad.1": member("user", "aad", originId=SOMEBODY, mailAddress="anna@example.com", principalName="anna"),
                "vssgp.2": member("group", "vsts", principalName="[ml]\\Release Managers"),
            },
        }
        managers = {
            "group": "[ml]\\Release Managers",
            "members": {"msa.3": member("user", "msa", mailAddress="Ben@example.com", principalName="ben")},
        }
        (tmp_path / "a.json").write_text(json.dumps(administrators))
        (tmp_path / "b.json").write_text(json.dumps(managers))
        files = [(tmp_path / name, name) for name in ("a.json", "b.json")]
        estate = read_exports(files)
        assert {(one.role, one.member) for one in estate.memberships or ()} == {
            ("DOPA", SOMEBODY.casefold()),
            ("DOPA", "ben@example.com"),
            ("", "ben@example.com"),
        }
        assert estate.gaps == ()
        alone = read_exports(files[:1])
        assert "the members of the group [ml]\\release managers" in details(alone)[0]

    def test_members_without_their_group_are_a_gap(self, tmp_path: Path) -> None:
        estate = export(tmp_path, {"aad.1": {"subjectKind": "user", "principalName": "anna"}})
        assert "it doesn't say of which group" in details(estate)[0]

    def test_a_group_that_the_matrix_knows_needs_its_members(self, tmp_path: Path) -> None:
        groups = {
            "graphGroups": [{"principalName": "[ml]\\Project Administrators"}, {"principalName": "[ml]\\Readers of x"}]
        }
        estate = export(tmp_path, groups)
        assert [gap.detail for gap in estate.gaps] == [
            "the members of the group [ml]\\project administrators were not exported"
        ]

    def test_permissions_of_a_feed(self, tmp_path: Path) -> None:
        claims = "Microsoft.IdentityModel.Claims.ClaimsIdentity;tenant\\anna@example.com"
        entries = [
            {"role": "administrator", "identityDescriptor": claims, "displayName": "Anna"},
            {"role": "none", "identityDescriptor": claims, "displayName": "Anna"},
        ]
        estate = export(tmp_path, {"feed": "models", "value": entries})
        assert [(one.role, one.member, one.project) for one in estate.memberships or ()] == [
            ("O", "anna@example.com", "models")
        ]


def test_resources_and_what_they_run_as(tmp_path: Path) -> None:
    identity = f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id"
    workspace = {
        "id": f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/w",
        "name": "w",
        "kind": "Hub",
        "type": "Microsoft.MachineLearningServices/workspaces",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}},
    }
    estate = export(tmp_path, [workspace])
    assert [one.type for one in estate.resources] == ["Microsoft.MachineLearningServices/workspaces"]
    assert [(one.identity, one.resource_kind) for one in estate.identity_uses] == [(identity, "Hub")]


def test_a_list_of_everything_is_told_apart(tmp_path: Path) -> None:
    """Resource Graph's authorizationresources hold several kinds."""
    denial = {
        "type": "microsoft.authorization/denyassignments",
        "name": "d",
        "properties": {
            "denyAssignmentName": "d",
            "scope": "/",
            "permissions": [{"actions": ["*"]}],
            "principals": [{"id": OTHER}],
        },
    }
    role = {
        "type": "microsoft.authorization/roledefinitions",
        "name": guid(5),
        "properties": {"roleName": "r", "permissions": [{}]},
    }
    estate = export(tmp_path, {"data": [nested(1), denial, role, nested(2)], "count": 4, "totalRecords": 4})
    assert (len(estate.assignments), len(estate.denials), len(estate.definitions)) == (2, 1, 1)
    assert estate.covers == {Part.ASSIGNMENTS, Part.DENIALS, Part.DEFINITIONS}
    assert estate.gaps == ()
