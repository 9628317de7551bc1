"""A small project for `mlgate check`, in which files depend on one another in every way that there is."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from deploy_gate.static_checks.pipeline import CheckedProject, CheckRequest, check_project
from deploy_gate.static_checks.selection import ChangedFiles
from deploy_gate.static_checks.settings import load_settings
from resource_readers.interface import ReadRequest
from scanners.interface import Keeper, ScanContext, Toolbox
from tests.fakes.fake_tools import FakeToolbox
from verdicts import Completed, NotCompleted, Verdict, decide

NOW = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def storage(access: str, **more: Any) -> dict[str, Any]:
    """A storage account."""
    return {
        "type": "Microsoft.Storage/storageAccounts",
        "apiVersion": "2023-05-01",
        "name": "stdata",
        "location": "westeurope",
        "sku": {"name": "Standard_ZRS"},
        "kind": "StorageV2",
        "properties": {"publicNetworkAccess": access, "supportsHttpsTrafficOnly": True, **more},
    }


def template(*resources: dict[str, Any], **parameters: Any) -> str:
    """An ARM template."""
    document = {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "parameters": parameters, "resources": list(resources)}
    return json.dumps(document, indent=2)


MODULE = """\
param access string
resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: 'kv-data'
  location: 'westeurope'
  properties: {
    tenantId: '00000000-0000-0000-0000-000000000001'
    sku: { family: 'A', name: 'standard' }
    publicNetworkAccess: access
    enablePurgeProtection: true
    enableRbacAuthorization: true
  }
}
"""
FILES = {
    "infra/main.bicep": "module vault 'modules/vault.bicep' = {\n  name: 'v'\n  params: { access: 'Enabled' }\n}\n",
    "infra/modules/vault.bicep": MODULE,
    "infra/storage/main.json": template(storage("[parameters('access')]"), access={"type": "string"}),
    "infra/storage/main.parameters.json": json.dumps(
        {
            "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
            "contentVersion": "1.0.0.0",
            "parameters": {"access": {"value": "Enabled"}},
        }
    ),
    "infra/other/main.json": template(storage("Disabled")),
    "azureml/endpoint.yml": (
        "$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineEndpoint.schema.json\n"
        "name: scoring\nauth_mode: key\n"
    ),
    "notes.json": "{}",
}


def put(root: Path, files: dict[str, str]) -> Path:
    """Writes files, with their folders; gives the root."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def make_project(root: Path, **more: str) -> Path:
    """The project, with more files (or others)."""
    return put(root, {**FILES, **more})


def check(
    root: Path,
    *paths: str,
    keeper: Keeper | None = None,
    changed: ChangedFiles | None = None,
    skipped: frozenset[str] = frozenset({"checkov"}),
    tools: Toolbox | None = None,
    now: dt.datetime = NOW,
) -> CheckedProject:
    """What `mlgate check` makes of the project."""
    workspace = root.parent / f"workspace-{sum(one.name.startswith('workspace-') for one in root.parent.iterdir())}"
    workspace.mkdir()
    request = CheckRequest(
        read=ReadRequest(root=root, path=root, neighbours=True),
        paths=[root / path for path in paths] or [root],
        settings=load_settings(root),
        skipped=skipped,
        changed=changed,
        keeper=keeper,
    )
    context = ScanContext(root=root, workspace=workspace, now=now, tools=tools or FakeToolbox())
    return check_project(request, context)


def verdict_of(checked: CheckedProject, root: Path) -> Verdict:
    """The decision."""
    fail_on = load_settings(root).fail_on
    return decide(checked.outcomes, required=checked.required, waivers=checked.waivers, fail_on=fail_on, at=NOW)


def said(checked: CheckedProject) -> list[Any]:
    """Everything that a person gets to know of the files, for comparing: what was found, and what was not checked."""
    told: list[Any] = []
    for outcome in checked.outcomes:
        told += [("found", outcome.scanner, repr(finding)) for finding in outcome.findings]
        match outcome:
            case Completed():
                told.append(("done", outcome.scanner, outcome.examined, outcome.unit, outcome.notes, outcome.evidence))
            case NotCompleted():
                told.append(("not", outcome.scanner, outcome.reason, outcome.detail, outcome.location))
    return [*map(repr, told), *map(repr, checked.waivers), *checked.notes]


def found(checked: CheckedProject) -> set[tuple[str, str]]:
    """Rule and path of every finding."""
    return {
        (finding.rule_id, finding.location.path if finding.location else "")
        for outcome in checked.outcomes
        for finding in outcome.findings
    }


def examined(checked: CheckedProject, scanner: str) -> set[str]:
    """The files that a check looked at."""
    return {
        one.name
        for outcome in checked.outcomes
        if outcome.scanner == scanner and isinstance(outcome, Completed)
        for one in outcome.evidence.inputs
    }
