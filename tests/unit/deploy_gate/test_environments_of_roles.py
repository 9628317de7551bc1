"""A check of an environment to which nothing of what was read belongs has looked at nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.main import run

VAULT = (
    "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg"
    "/providers/Microsoft.KeyVault/vaults/kv-development"
)
LEADS = "00000000-0000-4000-8000-000000000001"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
ORGANISATION = f"""schema: mlgate/rbac-organisation/v1
extends: mlgate
setups:
  - {{name: credit, environment: development, resources: {{key-vault: [{VAULT}]}}}}
principals:
  - {{persona: project-lead, object_id: {LEADS}, type: Group}}
break_glass:
  - {{object_id: 00000000-0000-4000-8000-000000000009, reason: fire, expires: 2999-12-31}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rbac.yml").write_text(ORGANISATION)
    return tmp_path


def exported(*scopes: str) -> str:
    return json.dumps(
        [
            {
                "name": f"00000000-0000-0000-0000-{number:012d}",
                "principalId": LEADS,
                "principalType": "Group",
                "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{READER}",
                "scope": scope,
                "type": "Microsoft.Authorization/roleAssignments",
            }
            for number, scope in enumerate(scopes)
        ]
    )


def written(*scopes: str) -> str:
    return "".join(
        f'resource "azurerm_role_assignment" "a{number}" {{\n'
        f'  scope = "{scope}"\n  role_definition_id = "{READER}"\n  principal_id = "{LEADS}"\n}}\n'
        for number, scope in enumerate(scopes)
    )


@pytest.mark.parametrize(("name", "content"), [("assignments.json", exported), ("main.tf", written)])
def test_what_lies_in_other_environments_alone_was_not_looked_at(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, content: object
) -> None:
    assert callable(content)
    own = VAULT.replace("development", "production")

    def code(*scopes: str) -> int:
        (folder / name).write_text(content(*scopes))
        found = run(["rbac", "check", name, "--organisation", "rbac.yml", "--environment", "production"])
        told.append(capsys.readouterr().out)
        return found

    told: list[str] = []
    assert code(VAULT) == 3
    assert "other environments than production" in told[-1]
    # One of two: that one is judged, and the other one is told.
    assert code(VAULT, own) in (0, 1)
    assert "other environments than production" in told[-1]
    # An account for emergencies stands in every report, of templates, too.
    assert "emergency access" in told[-1]
