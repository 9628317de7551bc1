"""`mlgate rbac` over exported files: what counts as one, who can, explain, and check; exit codes and shapes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.rbac_commands import rbac
from verdicts import ConfigurationError

SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"
VAULT = f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv"
ADMINISTRATOR = "00482a5a-887f-4fb3-b363-3b7fe8e74483"
GROUP = "47eaa099-2cb6-416d-86dc-283cf0480ff9"
ANNA = "57eaa099-2cb6-416d-86dc-283cf0480ff9"
SECRET = "Microsoft.KeyVault/vaults/secrets/getSecret/action"
NAME = "b0f43c54-e787-4862-89b1-a653fa9cf747"


def assignment(**changes: Any) -> dict[str, Any]:
    return {
        "id": f"{VAULT}/providers/Microsoft.Authorization/roleAssignments/{NAME}",
        "name": NAME,
        "principalId": GROUP,
        "principalName": "grp-scientists",
        "principalType": "Group",
        "roleDefinitionId": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{ADMINISTRATOR}",
        "scope": VAULT,
        "type": "Microsoft.Authorization/roleAssignments",
        **changes,
    }


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "assignments.json").write_text(json.dumps([assignment()], indent=2))
    user = {
        "@odata.type": "#microsoft.graph.user",
        "id": ANNA,
        "displayName": "Anna\x1b[31m",
        "mail": "anna@example.com",
    }
    (tmp_path / "members.json").write_text(json.dumps({"group": GROUP, "value": [user]}))
    (tmp_path / "principals.yml").write_text(
        "schema: mlgate/principals/v1\nprincipals:\n"
        f"  - {{persona: data-scientist, object_id: {GROUP}, type: Group, name: grp-scientists}}\n"
    )
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(rbac, arguments)


class TestWhoCan:
    @pytest.mark.usefixtures("folder")
    def test_it_names_people_and_how_they_get_it(self) -> None:
        result = call("who-can", SECRET, "assignments.json", "members.json", "--data", "--scope", VAULT)
        assert result.exit_code == 0
        assert "1 person or program may do it" in result.output
        assert "Key Vault Administrator on Microsoft.KeyVault/vaults kv, through grp-scientists" in result.output
        assert "\x1b" not in result.output

    @pytest.mark.usefixtures("folder")
    def test_without_the_members_it_says_what_it_knows_and_ends_with_3(self) -> None:
        result = call("who-can", SECRET, "assignments.json", "--data")
        assert result.exit_code == 3
        assert "grp-scientists" in result.output
        assert "no directory was given" in result.output

    @pytest.mark.usefixtures("folder")
    def test_a_folder_holds_all_of_them(self) -> None:
        result = call("who-can", SECRET, ".", "--data", "--format", "json")
        assert result.exit_code == 0
        answer = json.loads(result.output)
        assert answer["schema"] == "mlgate/rbac-who-can/v1"
        assert answer["complete"] is True
        assert [one["id"] for one in answer["people"]] == [ANNA]
        assert answer["people"][0]["through"] == [{"holder": GROUP, "chain": [{"id": GROUP, "name": "grp-scientists"}]}]
        way = answer["holders"][0]["ways"][0]
        assert (way["role"], way["assignment"]["scope"]) == ("Key Vault Administrator", VAULT)
        assert way["assignment"]["location"] == {"path": "assignments.json", "line": 2}

    def test_nobody_is_an_answer(self, folder: Path) -> None:
        result = call("who-can", "Microsoft.Nothing/x/write", "assignments.json", "members.json")
        assert result.exit_code == 0
        assert "nobody has a role that permits it" in result.output

    def test_the_answer_can_go_to_a_file(self, folder: Path) -> None:
        assert call("who-can", SECRET, ".", "--data", "--format", "json", "--output", "out.json").exit_code == 0
        assert json.loads((folder / "out.json").read_text())["people"]
        # It is no export: the next run passes it over.
        assert call("who-can", SECRET, ".", "--data").exit_code == 0

    @pytest.mark.parametrize("arguments", [["delete", "."], [SECRET, "."], [SECRET], [SECRET, "--live"]])
    def test_mistakes_in_the_question_are_told(self, folder: Path, arguments: list[str]) -> None:
        more = ["--scope", "kv"] if arguments == [SECRET, "."] else []
        assert call("who-can", *arguments, *more).exit_code == 2

    def test_many_people_are_counted(self, folder: Path) -> None:
        users = [{"id": f"00000000-0000-0000-0000-{n:012d}", "kind": "User", "name": f"user {n}"} for n in range(60)]
        group = {"id": GROUP, "kind": "Group", "members": [one["id"] for one in users]}
        (folder / "members.json").write_text(json.dumps({"schema": "mlgate/directory/v1", "value": [group, *users]}))
        result = call("who-can", SECRET, ".", "--data")
        assert "60 people and programs may do it" in result.output
        assert "and 10 more" in result.output
        assert "more (--limit" not in call("who-can", SECRET, ".", "--data", "--limit", "0").output


class TestExplain:
    @pytest.mark.usefixtures("folder")
    def test_it_tells_groups_personas_and_the_worst(self) -> None:
        result = call("explain", "anna@example.com", ".", "--principals", "principals.yml")
        assert result.exit_code == 0
        assert "stands for the persona data-scientist" in result.output
        assert "  Key Vault Administrator on Microsoft.KeyVault/vaults kv, through grp-scientists" in result.output
        assert "    secrets: Microsoft.KeyVault/vaults/secrets/getSecret/action (data)" in result.output

    @pytest.mark.usefixtures("folder")
    def test_as_json(self) -> None:
        answer = json.loads(call("explain", ANNA, ".", "--principals", "principals.yml", "--format", "json").output)
        assert answer["schema"] == "mlgate/rbac-explain/v1"
        assert answer["personas"] == [{"persona": "data-scientist", "through": GROUP}]
        assert answer["held"][0]["worst"][0]["danger"] == "secrets"
        assert answer["complete"] is True

    @pytest.mark.usefixtures("folder")
    def test_somebody_whom_nobody_knows_is_an_error(self) -> None:
        result = call("explain", "nobody@example.com", ".")
        assert isinstance(result.exception, ConfigurationError)

    def test_a_cut_export_ends_with_3_and_tells_what_is_known(self, folder: Path) -> None:
        (folder / "assignments.json").write_text(json.dumps({"value": [assignment()], "nextLink": "https://next"}))
        result = call("explain", ANNA, ".")
        assert result.exit_code == 3
        assert "Key Vault Administrator" in result.output
        assert "the list goes on (nextLink)" in result.output


class TestCheck:
    def check(self, *arguments: str) -> tuple[int, Any]:
        result = call(
            "check", *arguments, "--matrix", "production", "--principals", "principals.yml", "--format", "json"
        )
        return result.exit_code, json.loads(result.output)

    @pytest.mark.usefixtures("folder")
    def test_an_export_is_held_against_the_matrix(self) -> None:
        code, report = self.check("assignments.json", "--directory", "members.json")
        assert code == 1
        assert "MLG-RBAC-PRODUCTION" in json.dumps(report)

    def test_a_cut_export_could_not_be_checked(self, folder: Path) -> None:
        (folder / "assignments.json").write_text(json.dumps({"value": [], "nextLink": "https://next"}))
        code, _ = self.check("assignments.json")
        assert code == 3

    def test_an_export_of_nothing_is_no_success(self, folder: Path) -> None:
        (folder / "assignments.json").write_text("[]")
        code, _ = self.check("assignments.json")
        assert code == 3

    def test_templates_and_exports_are_judged_together(self, folder: Path) -> None:
        owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
        template = {
            "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
            "contentVersion": "1.0.0.0",
            "resources": [
                {
                    "type": "Microsoft.Authorization/roleAssignments",
                    "apiVersion": "2022-04-01",
                    "name": "c0f43c54-e787-4862-89b1-a653fa9cf747",
                    "properties": {
                        "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{owner}",
                        "principalId": GROUP,
                        "principalType": "Group",
                    },
                }
            ],
        }
        (folder / "template.json").write_text(json.dumps(template))
        code, report = self.check("assignments.json", "members.json", "template.json")
        assert code == 1
        text = json.dumps(report)
        assert "template.json" in text
        assert "assignments.json" in text

    def test_what_looks_like_an_export_and_is_not_understood_is_an_error(self, folder: Path) -> None:
        (folder / "strange.json").write_text('[{"colour": "red"}]')
        result = call("check", "strange.json", "--matrix", "production", "--principals", "principals.yml")
        assert isinstance(result.exception, ConfigurationError)
        assert "strange.json:1: looks like an export" in str(result.exception)
