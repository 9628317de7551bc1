"""The real checkov: what it drops without a word has to come out of the adapter with the file's name.

One run looks at all files of a folder, so these tests share one.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from scanners.checkov import INLINE_SKIP_RULE, CheckovScanner
from scanners.interface import ScanContext, ToolUnavailableError
from scanners.running import run_scanner
from scanners.toolbox import LocalToolbox
from verdicts import Completed, Finding, NotCompleted, Outcome, Reason

pytestmark = pytest.mark.slow

SHARED = Path(__file__).parents[3] / "shared" / "data" / "corpus"
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
OPEN_STORAGE = {
    "type": "Microsoft.Storage/storageAccounts",
    "apiVersion": "2023-01-01",
    "name": "st",
    "location": "westeurope",
    "sku": {"name": "Standard_LRS"},
    "kind": "StorageV2",
    "properties": {"supportsHttpsTrafficOnly": False},
}
SKIPPED = OPEN_STORAGE | {"metadata": {"checkov": [{"id": "CKV_AZURE_3", "comment": "later"}]}}
NESTED = {
    "type": "Microsoft.Resources/deployments",
    "apiVersion": "2022-09-01",
    "name": "nested",
    "properties": {
        "mode": "Incremental",
        "template": {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": [OPEN_STORAGE]},
    },
}


def arm(resources: object, *, indent: int | str = 2, key: str = "resources") -> str:
    return json.dumps({"$schema": SCHEMA, "contentVersion": "1.0.0.0", key: resources}, indent=indent)


BICEP = """\
param location string = resourceGroup().location

resource st 'Microsoft.Storage/storageAccounts@2023-01-01' = {
  name: 'st'
  location: location
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: { supportsHttpsTrafficOnly: false }
  resource blobs 'blobServices' = {
    name: 'default'
    properties: {}
  }
}

resource old 'Microsoft.KeyVault/vaults@2022-07-01' existing = {
  name: 'kv'
}
"""

CLOSED_BY_DEFAULT = json.dumps(
    {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {"secure": {"type": "bool", "defaultValue": True}},
        "resources": [OPEN_STORAGE | {"properties": {"supportsHttpsTrafficOnly": "[parameters('secure')]"}}],
    },
    indent=2,
)

FILES = {
    "default.json": CLOSED_BY_DEFAULT,
    "opened.json": CLOSED_BY_DEFAULT,
    "opened.bicep": BICEP.replace("Only: false", "Only: secure") + "param secure bool = true\n",
    "open.json": arm([OPEN_STORAGE]),
    "nested.json": arm([NESTED]),
    "computed.json": arm([OPEN_STORAGE | {"name": "[toLower(concat('st', uniqueString(resourceGroup().id)))]"}]),
    "unchecked.json": arm([{"type": "Microsoft.Authorization/roleAssignments", "name": "r", "properties": {}}]),
    "skip.json": arm([SKIPPED]),
    "crlf.json": "\ufeff" + arm([OPEN_STORAGE]).replace("\n", "\r\n"),
    "one/main.json": arm([OPEN_STORAGE]),
    "two/main.json": arm([OPEN_STORAGE]),
    "node_modules/--soft-fail.json": arm([OPEN_STORAGE]),
    "with a space.bicep": BICEP,
    "skip.bicep": BICEP.replace("  name: 'st'\n", "  // checkov:skip=CKV_AZURE_3: later\n  name: 'st'\n"),
    "entry.bicep": "module one 'with a space.bicep' = {\n  name: 'one'\n}\n",
    # What has to end as could-not-check:
    "tab.json": arm([OPEN_STORAGE], indent="\t"),
    "object.json": arm({"st": OPEN_STORAGE}),
    "case.json": arm([OPEN_STORAGE], key="Resources"),
    "broken.bicep": "resource st = {{{\n",
    "empty.bicep": "",
    "registry.bicep": "module far 'br/public:avm/res/key-vault/vault:0.9.0' = {\n  name: 'far'\n}\n",
    # Configuration that must have no influence (the dot), and values for some of the templates:
    ".values.json": json.dumps({"parameters": {"secure": {"value": False}}}),
    ".checkov.yaml": "skip-check: [CKV_AZURE_3]\nsoft-fail: true\n",
}
INCOMPLETE = {
    "tab.json": Reason.UNREADABLE_INPUT,
    "object.json": Reason.INCOMPLETE,
    "case.json": Reason.INCOMPLETE,
    "broken.bicep": Reason.UNREADABLE_INPUT,
    "empty.bicep": Reason.NOTHING_EXAMINED,
    "registry.bicep": Reason.INCOMPLETE,
}


def scan(root: Path, workspace: Path, paths: tuple[Path, ...]) -> tuple[Outcome, ...]:
    toolbox = LocalToolbox()
    try:
        toolbox.tool("checkov")
    except ToolUnavailableError as error:
        pytest.skip(f"no checkov here: {error.detail} ({error.remedy})")
    now = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    scanning = ScanContext(root=root, workspace=workspace, now=now, tools=toolbox, timeout_s=300)
    parameters = {path: Path(".values.json") for path in paths if path.stem == "opened"}
    return run_scanner(CheckovScanner(paths, parameters), scanning)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, ...]:
    root = tmp_path_factory.mktemp("project")
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    paths = tuple(Path(name) for name in FILES if not name.startswith("."))
    return scan(root, tmp_path_factory.mktemp("workspace"), paths)


def by_rule(outcomes: tuple[Outcome, ...], rule: str) -> Mapping[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for outcome in outcomes:
        for finding in outcome.findings:
            if finding.rule_id == rule and finding.location is not None:
                found.setdefault(finding.location.path, []).append(finding)
    return found


def test_every_file_is_either_proven_looked_at_or_named_as_not_checked(outcomes: tuple[Outcome, ...]) -> None:
    looked_at = {item.name for o in outcomes if isinstance(o, Completed) for item in o.evidence.inputs}
    looked_at.remove(".values.json")
    named = {o.location.path for o in outcomes if isinstance(o, NotCompleted) and o.location is not None}
    assert looked_at.isdisjoint(named)
    assert looked_at | named == {name for name in FILES if not name.startswith(".")}


@pytest.mark.parametrize(("name", "reason"), INCOMPLETE.items())
def test_what_checkov_drops_in_silence_is_a_could_not_check(
    outcomes: tuple[Outcome, ...], name: str, reason: Reason
) -> None:
    (gap,) = (o for o in outcomes if isinstance(o, NotCompleted) and o.location is not None and o.location.path == name)
    assert gap.reason is reason
    assert name in gap.detail


def test_nothing_else_is_a_could_not_check(outcomes: tuple[Outcome, ...]) -> None:
    gaps = [outcome for outcome in outcomes if isinstance(outcome, NotCompleted)]
    assert len(gaps) == len(INCOMPLETE), [gap.detail for gap in gaps]


@pytest.mark.parametrize(
    "name",
    [
        "open.json",
        "nested.json",
        "crlf.json",
        "one/main.json",
        "two/main.json",
        "node_modules/--soft-fail.json",
        "with a space.bicep",
    ],
)
def test_the_same_mistake_is_found_in_every_shape_of_file(outcomes: tuple[Outcome, ...], name: str) -> None:
    (finding,) = by_rule(outcomes, "CKV_AZURE_3")[name]
    text = FILES[name].removeprefix("\ufeff").splitlines()
    assert finding.location is not None
    assert finding.location.line is not None
    nearby = "\n".join(text[finding.location.line - 1 : finding.location.line + 2])
    assert "Microsoft.Storage/storageAccounts" in nearby


def test_a_computed_name_does_not_hide_failed_checks(outcomes: tuple[Outcome, ...]) -> None:
    (finding,) = by_rule(outcomes, "CKV_AZURE_3")["computed.json"]
    assert finding.resource.endswith("[toLower(concat('st', uniqueString(resourceGroup().id)))]")


@pytest.mark.parametrize("name", ["opened.json", "opened.bicep"])
def test_what_a_parameters_file_opens_is_found(outcomes: tuple[Outcome, ...], name: str) -> None:
    assert name in by_rule(outcomes, "CKV_AZURE_3")
    assert "default.json" not in by_rule(outcomes, "CKV_AZURE_3")


@pytest.mark.parametrize("name", ["skip.json", "skip.bicep"])
def test_an_inline_skip_is_a_finding_instead_of_silence(outcomes: tuple[Outcome, ...], name: str) -> None:
    (finding,) = by_rule(outcomes, INLINE_SKIP_RULE)[name]
    assert finding.subject == "CKV_AZURE_3"
    assert name not in by_rule(outcomes, "CKV_AZURE_3")


def test_types_without_a_check_are_said(outcomes: tuple[Outcome, ...]) -> None:
    (completed,) = (outcome for outcome in outcomes if isinstance(outcome, Completed))
    assert any("Microsoft.Authorization/roleAssignments" in note for note in completed.notes)


OF_THE_SAME_NAMES = """\
param access string = '{value}'
resource server 'Microsoft.Sql/servers@2021-11-01' = {{
  name: 'server'
  properties: {{ publicNetworkAccess: access }}
}}
"""
POOL = {"type": "Microsoft.Synapse/workspaces/sqlPools", "apiVersion": "2021-06-01", "name": "pool", "properties": {}}
AUDITING = {
    "type": "Microsoft.Synapse/workspaces/sqlPools/auditingSettings",
    "apiVersion": "2021-06-01",
    "name": "audit",
    "dependsOn": ["pool"],
    "properties": {"state": "Enabled"},
}
NEIGHBOURS = {
    "a.bicep": OF_THE_SAME_NAMES.format(value="Enabled"),
    "b.bicep": OF_THE_SAME_NAMES.format(value="Disabled"),
    "c.json": arm([POOL]),
    "d.json": arm([{**POOL, "name": "other"}, AUDITING]),
}


def rules_by_file(outcomes: tuple[Outcome, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for outcome in outcomes:
        for finding in outcome.findings:
            if finding.location is not None:
                found.setdefault(finding.location.path, []).append(finding.rule_id)
    return {name: sorted(rules) for name, rules in found.items()}


def test_what_stands_in_one_file_excuses_nothing_in_another(tmp_path: Path) -> None:
    """By itself checkov gives a file the values and connections of others in which something has the same name."""
    root = tmp_path / "project"
    root.mkdir()
    for name, text in NEIGHBOURS.items():
        (root / name).write_text(text)
    together: dict[str, list[str]] = {}
    for number, names in enumerate((("a.bicep", "b.bicep", "c.json", "d.json"), ("b.bicep", "a.bicep"), ("c.json",))):
        workspace = tmp_path / str(number)
        workspace.mkdir()
        found = rules_by_file(scan(root, workspace, tuple(map(Path, names))))
        if not together:
            together = found
        assert {name: together[name] for name in names if name in together} == found
    assert "CKV_AZURE_113" in together["a.bicep"]
    assert "CKV_AZURE_113" not in together["b.bicep"]
    assert "CKV2_AZURE_54" in together["c.json"]


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared corpus is not beside this clone")
def test_no_public_template_is_passed_over_in_silence(tmp_path: Path) -> None:
    with (SHARED / "MANIFEST.tsv").open(newline="") as stream:
        rows = csv.DictReader(stream, delimiter="\t")
        paths = [row["path"] for row in rows if row["kind"] == "arm"][::8]
    with_tab = {path for path in paths if "\t" in (SHARED / path).read_text("utf-8-sig")}
    outcomes = scan(SHARED, tmp_path, tuple(map(Path, paths)))
    looked_at = {item.name for o in outcomes if isinstance(o, Completed) for item in o.evidence.inputs}
    named = {o.location.path for o in outcomes if isinstance(o, NotCompleted) and o.location is not None}
    assert looked_at | named == set(paths)
    assert looked_at.isdisjoint(named)
    assert with_tab
    assert with_tab <= named
