"""`mlgate rbac diff`, `generate`, `plan`, `apply` and `difference` as a person types them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from cli.main import run
from tests.fakes.azure import shapes
from tests.fakes.azure.cloud import Cloud, running
from tests.fakes.azure.tls import TestAuthority, make_authority
from tests.fakes.git_clone import Clone

SUBSCRIPTION = shapes.SUBSCRIPTION_ID
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg-ml"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv"
LEADS = shapes.group(1)["id"]
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
ORGANISATION = f"""schema: mlgate/rbac-organisation/v1
extends: mlgate
setups:
  - name: credit
    environment: production
    resources: {{key-vault: [{VAULT}]}}
    groups:
      project-lead: [{{object_id: {LEADS}, type: Group, name: grp-leads}}]
"""


def template(role: str) -> str:
    return f"""resource kv 'Microsoft.KeyVault/vaults@2023-07-01' existing = {{
  name: 'kv'
}}

resource a 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  name: guid('x')
  scope: kv
  properties: {{
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{role}')
    principalId: '{LEADS}'
    principalType: 'Group'
  }}
}}
"""


def listed(role: str = READER, who: str = LEADS, **changes: Any) -> dict[str, Any]:
    """An entry of `az role assignment list`."""
    return {
        "id": f"{VAULT}/providers/Microsoft.Authorization/roleAssignments/{shapes.guid(7)}",
        "name": shapes.guid(7),
        "principalId": who,
        "principalName": "grp-leads",
        "principalType": "Group",
        "roleDefinitionId": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}",
        "roleDefinitionName": "",
        "scope": VAULT,
        "type": "Microsoft.Authorization/roleAssignments",
        **changes,
    }


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rbac.yml").write_text(ORGANISATION)
    return tmp_path


@dataclass(frozen=True)
class Result:
    exit_code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        return self.stdout + self.stderr


class Typed(Protocol):
    def __call__(self, *arguments: str) -> Result: ...


@pytest.fixture
def mlgate(capsys: pytest.CaptureFixture[str]) -> Typed:
    def typed(*arguments: str) -> Result:
        code = run(arguments)
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        return Result(code, told.out, told.err)

    return typed


@pytest.fixture
def typed(mlgate: Typed) -> Typed:
    return lambda *arguments: mlgate("rbac", *arguments)


def test_a_stronger_role_is_told_in_words_with_file_and_line(folder: Path, typed: Typed) -> None:
    (folder / "old.bicep").write_text(template(READER))
    (folder / "new.bicep").write_text(template(OWNER))
    result = typed("diff", "old.bicep", "new.bicep", "--organisation", "rbac.yml")
    assert result.exit_code == 0
    assert "Project lead (data science lead) (grp-leads) gains on Microsoft.KeyVault/vaults kv" in result.output
    assert "give and take access" in result.output
    assert "new.bicep:" in result.output
    assert typed("diff", "old.bicep", "new.bicep", "--deny", "secrets").exit_code == 1
    assert typed("diff", "new.bicep", "old.bicep", "--deny", "reads").exit_code == 0


def test_a_deny_assignment_that_goes_is_a_gain(folder: Path, typed: Typed) -> None:
    denial = {
        "name": shapes.guid(8),
        "id": f"{VAULT}/providers/Microsoft.Authorization/denyAssignments/{shapes.guid(8)}",
        "type": "Microsoft.Authorization/denyAssignments",
        "properties": {
            "denyAssignmentName": "no secrets",
            "scope": VAULT,
            "permissions": [{"actions": ["*/write"], "dataActions": ["Microsoft.KeyVault/vaults/secrets/*"]}],
            "principals": [{"id": LEADS, "type": "Group"}],
        },
    }
    for side, denials in (("old", [denial]), ("new", [])):
        (folder / side).mkdir()
        (folder / side / "assignments.json").write_text(json.dumps([listed(OWNER)]))
        (folder / side / "deny-assignments.json").write_text(json.dumps({"value": denials}))
    assert typed("diff", "old", "new", "--deny", "secrets").exit_code == 1
    assert typed("diff", "new", "old", "--deny", "reads").exit_code == 0
    assert typed("diff", "old", "new").exit_code == 0


def test_the_same_on_both_sides_is_no_change(folder: Path, typed: Typed) -> None:
    (folder / "a.bicep").write_text(template(READER))
    result = typed("diff", "a.bicep", "a.bicep")
    assert (result.exit_code, "Nobody may do more or less than before." in result.output) == (0, True)


def test_json_and_markdown_say_the_same(folder: Path, typed: Typed) -> None:
    (folder / "old.json").write_text(json.dumps([listed()]))
    (folder / "new.json").write_text(json.dumps([listed(OWNER)]))
    data = json.loads(typed("diff", "old.json", "new.json", "--format", "json").output)
    assert data["schema"] == "mlgate/rbac-diff/v1"
    assert {one["direction"] for one in data["changes"]} == {"gains"}
    assert data["changes"][0]["danger"] == "grants"
    page = typed("diff", "old.json", "new.json", "--format", "markdown", "--output", "diff.md")
    assert page.output == ""
    assert "## Giving access to others" in (folder / "diff.md").read_text()


def test_what_can_not_be_read_is_could_not_check(folder: Path, typed: Typed) -> None:
    (folder / "old.bicep").write_text(template(READER))
    (folder / "new.bicep").write_text("module m 'br:example.azurecr.io/x:1' = {\n  name: 'm'\n}\n")
    result = typed("diff", "old.bicep", "new.bicep")
    assert result.exit_code == 3
    assert "new.bicep:1" in result.output
    open_role = template(READER).replace(f"'{READER}'", "role")
    (folder / "open.bicep").write_text("param role string\n" + open_role)
    result = typed("diff", "old.bicep", "open.bicep")
    assert result.exit_code == 3
    assert "It can't be told what" in result.output


@pytest.mark.parametrize("arguments", [("none.bicep", "old.bicep"), ("git:nothing", "old.bicep")])
def test_a_side_that_is_not_there_ends_with_one_line(folder: Path, arguments: tuple[str, str], typed: Typed) -> None:
    (folder / "old.bicep").write_text(template(READER))
    result = typed("diff", *arguments)
    assert result.exit_code in (2, 3)
    assert "Traceback" not in result.output


def test_revisions_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: Typed) -> None:
    clone = Clone.new(tmp_path / "clone")
    for role in (READER, OWNER):
        (clone.top / "roles.bicep").write_text(template(role))
        clone.git("add", "--all")
        clone.git("commit", "--quiet", "--message", role)
    monkeypatch.chdir(clone.top)
    result = typed("diff", "git:HEAD~1", "git:HEAD")
    assert result.exit_code == 0
    assert "gains on Microsoft.KeyVault/vaults kv" in result.output
    assert "roles.bicep:" in result.output
    assert "mlgate-revision" not in result.output
    assert "Nobody may do more" in typed("diff", "git:HEAD", ".").output


@pytest.mark.parametrize(
    ("language", "words"), [("bicep", "roleAssignments@"), ("terraform", "azurerm_role_assignment")]
)
def test_what_the_matrix_demands_is_generated(folder: Path, language: str, words: str, typed: Typed) -> None:
    result = typed("generate", "--organisation", "rbac.yml", "--environment", "production", "--format", language)
    assert result.exit_code == 0
    assert words in result.output
    assert LEADS in result.output
    assert "not planned: " in result.stderr


def test_a_setup_that_does_not_exist_is_a_mistake(folder: Path, typed: Typed, planned: Typed) -> None:
    arguments = ("--organisation", "rbac.yml", "--environment", "production", "--format", "bicep", "--setup", "x")
    result = typed("generate", *arguments)
    assert result.exit_code == 2
    assert "there are credit" in result.output


@pytest.fixture
def planned(typed: Typed) -> Typed:
    fixed = ("plan", "export.json", "--organisation", "rbac.yml", "--environment", "production")
    return lambda *arguments: typed(*fixed, *arguments)


def test_a_plan_creates_and_keeps_what_no_plan_made(folder: Path, planned: Typed) -> None:
    (folder / "export.json").write_text(json.dumps([listed(OWNER)]))
    result = planned("--output", "plan.json")
    assert result.exit_code == 0
    assert "+ create Reader for grp-leads (project-lead)" in result.output
    assert "no plan of mlgate made it" in result.output
    assert "2 to create, 0 to delete" in result.output
    assert "1 to delete" in planned("--remove-unmanaged").output


def test_a_plan_from_templates_deletes_nothing_and_is_not_the_whole_truth(folder: Path, typed: Typed) -> None:
    (folder / "roles.bicep").write_text(template(OWNER))
    result = typed(
        "plan",
        "roles.bicep",
        *("--organisation", "rbac.yml", "--environment", "production", "--remove-unmanaged"),
    )
    assert result.exit_code == 3
    assert "0 to delete" in result.output


def test_the_difference_is_shown_in_every_format(folder: Path, typed: Typed, applied: Typed) -> None:
    (folder / "export.json").write_text(json.dumps([listed(OWNER)]))
    for kind in ("console", "markdown", "html", "svg"):
        arguments = ("export.json", "--organisation", "rbac.yml", "--environment", "production", "--format", kind)
        result = typed("difference", *arguments)
        assert result.exit_code in (0, 3)
        assert "more here and less there than allowed" in result.output


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def cloud(authority: TestAuthority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with running(authority) as one:
        one.azure.know(shapes.group(1))
        for name, value in one.environment.items():
            monkeypatch.setenv(name, value)
        yield one


@pytest.fixture
def applied(typed: Typed) -> Typed:
    fixed = ("apply", "plan.json", "--organisation", "rbac.yml", "--as", "a@example.com", "--state", ".mlgate")
    return lambda *arguments: typed(*fixed, *arguments)


@pytest.mark.slow
def test_a_plan_is_applied_once_and_stands_in_the_trail(
    folder: Path, cloud: Cloud, planned: Typed, applied: Typed, mlgate: Typed
) -> None:
    (folder / "export.json").write_text(json.dumps([listed(OWNER, shapes.user(3)["id"])]))
    planned("--output", "plan.json")
    digest = json.loads((folder / "plan.json").read_text())["digest"]
    result = applied("--confirm", digest)
    assert result.exit_code == 0, result.output
    assert result.output.count(": done") == 2
    assert len(cloud.azure.assignments) == 2
    again = applied("--confirm", digest)
    assert again.output.count(": already so") == 2
    assert len(cloud.azure.assignments) == 2
    shown = mlgate("trail", "show", "--state", ".mlgate")
    assert shown.output.count("rbac-assignment-created") == 4
    assert mlgate("trail", "verify", "--state", ".mlgate").exit_code == 0


def test_nothing_is_applied_unasked(folder: Path, planned: Typed, applied: Typed) -> None:
    (folder / "export.json").write_text(json.dumps([listed(OWNER)]))
    planned("--output", "plan.json")
    for confirm in ((), ("--confirm", "sha256:0")):
        result = applied(*confirm)
        assert result.exit_code == 2
        assert "sha256:" in result.output


def test_a_plan_that_was_changed_or_is_old_is_refused(folder: Path, planned: Typed, applied: Typed) -> None:
    (folder / "export.json").write_text(json.dumps([listed(OWNER)]))
    planned("--output", "plan.json")
    data = json.loads((folder / "plan.json").read_text())
    data["changes"][0]["role_id"] = OWNER
    (folder / "plan.json").write_text(json.dumps(data))
    assert "was changed after it was made" in applied("--confirm", data["digest"]).output
