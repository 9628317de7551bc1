"""What the real checkov and our own rules both find is told once."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from deploy_gate.policy_checks.judging import judge
from deploy_gate.policy_checks.rule_sets import rule_set
from deploy_gate.static_checks.merging import declarations_of, merge_duplicates
from policies.rules import load_rules
from resource_readers.interface import ReadRequest
from resource_readers.projects import read_paths
from scanners.checkov import CheckovScanner
from scanners.interface import ScanContext, ToolUnavailableError
from scanners.toolbox import LocalToolbox
from verdicts import Outcome

pytestmark = pytest.mark.slow

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
STORAGE = "Microsoft.Storage/storageAccounts"
WEAK = "properties: { minimumTlsVersion: 'TLS1_0', supportsHttpsTrafficOnly: false, publicNetworkAccess: 'Enabled' }"
BICEP = f"""\
param name string

@description('''
one account
''')
resource one '{STORAGE}@2023-01-01' = {{
  name: name
  location: 'westeurope'
  kind: 'StorageV2'
  sku: {{ name: 'Standard_LRS' }}
  {WEAK}
}}

resource many '{STORAGE}@2023-01-01' = [for i in range(0, 2): {{
  name: 'st${{i}}'
  location: 'westeurope'
  kind: 'StorageV2'
  sku: {{ name: 'Standard_LRS' }}
  {WEAK}
}}]
"""
ACCOUNT = {
    "type": STORAGE,
    "apiVersion": "2023-01-01",
    "location": "westeurope",
    "kind": "StorageV2",
    "sku": {"name": "Standard_LRS"},
    "properties": {"minimumTlsVersion": "TLS1_0", "supportsHttpsTrafficOnly": False, "publicNetworkAccess": "Enabled"},
}
ARM = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "variables": {"name": "stone"},
    "resources": [ACCOUNT | {"name": "[variables('name')]"}, ACCOUNT | {"name": "sttwo"}],
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Outcome, ...]]:
    """Before and after."""
    root = tmp_path_factory.mktemp("project")
    (root / "main.bicep").write_text(BICEP)
    (root / "main.json").write_text(json.dumps(ARM, indent=2))
    (root / "small.json").write_text(json.dumps(ARM))
    files = {path.name: path.read_bytes() for path in root.iterdir()}
    read = tuple(read_paths(ReadRequest(root=root, path=root), [root]))
    rules = load_rules()
    context = ScanContext(
        root=root, workspace=tmp_path_factory.mktemp("work"), now=NOW, tools=LocalToolbox(), timeout_s=600
    )
    try:
        found = CheckovScanner(tuple(Path(name) for name in sorted(files))).scan(context)
    except ToolUnavailableError as error:
        pytest.skip(f"there is no checkov on this machine: {error}")
    before = (*judge(read, rule_set(rules, "production"), NOW), *found)
    partners = {rule.id: rule.checkov for rule in rules}
    return {"before": before, "after": merge_duplicates(before, partners, declarations_of(read, files), (), NOW)}


def places(outcomes: tuple[Outcome, ...], scanner: str, rule: str) -> list[str]:
    return sorted(
        str(one.location).partition(":")[0]
        for outcome in outcomes
        for one in outcome.findings
        if one.scanner == scanner and one.rule_id == rule
    )


@pytest.mark.parametrize(
    ("ours", "theirs"), [("MLG-STORAGE-TLS", "CKV_AZURE_44"), ("MLG-STORAGE-REDUNDANCY", "CKV_AZURE_206")]
)
def test_one_mistake_is_one_finding_in_every_kind_of_file(
    said: dict[str, tuple[Outcome, ...]], ours: str, theirs: str
) -> None:
    # Two resources in each template; the loop in Bicep is one for checkov and two for us.
    assert places(said["before"], "checkov", theirs) == ["main.bicep"] * 2 + ["main.json"] * 2 + ["small.json"] * 2
    mine = ["main.bicep"] * 3 + ["main.json"] * 2 + ["small.json"] * 2
    assert places(said["before"], "policy", ours) == mine
    assert places(said["after"], "checkov", theirs) == []
    assert places(said["after"], "policy", ours) == mine
    assert all(one.also == (theirs,) for outcome in said["after"] for one in outcome.findings if one.rule_id == ours)


def test_nothing_else_goes_away(said: dict[str, tuple[Outcome, ...]]) -> None:
    before, after = (
        [one for outcome in said[key] for one in outcome.findings if one.scanner == "checkov"]
        for key in ("before", "after")
    )
    named = {check for outcome in said["after"] for one in outcome.findings for check in one.also}
    assert set(after) <= set(before)
    assert {one.rule_id for one in before} - {one.rule_id for one in after} <= named
    assert any(one.rule_id == "CKV_AZURE_36" for one in after)
