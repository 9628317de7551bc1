"""`mlgate check` with the real checkov and pip-audit: their answers are kept, and only what changed is asked anew."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from deploy_gate.static_checks.own_digest import own_digest
from deploy_gate.static_checks.result_store import ResultStore
from scanners import checkov
from scanners.interface import ToolUnavailableError
from scanners.toolbox import LocalToolbox
from tests.fakes.advisory_snapshots import HASH, advisory, write_snapshot
from tests.fakes.checked_project import NOW, check, examined, found, make_project, put, said, storage, template
from verdicts import Completed

pytestmark = pytest.mark.slow

CONFIGURATION = """\
schema: mlgate/project/v1
governance: {principals: principals.yml}
databases: {advisories: {path: advisories}}
"""
PRINCIPALS = """\
schema: mlgate/principals/v1
principals: [{persona: data-scientist, object_id: 00000000-0000-0000-0000-000000000001, type: Group, name: grp}]
"""
OWNER = {
    "type": "Microsoft.Authorization/roleAssignments",
    "apiVersion": "2022-04-01",
    "name": "[guid('x')]",
    "properties": {
        "principalId": "00000000-0000-0000-0000-000000000001",
        "principalType": "Group",
        "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions',"
        " '8e3af657-a8ff-443c-a75c-2fe8c4bcb635')]",
    },
}


@pytest.fixture
def toolbox() -> LocalToolbox:
    made = LocalToolbox()
    try:
        made.tool("checkov")
    except ToolUnavailableError as error:
        pytest.skip(f"no checkov here: {error.detail} ({error.remedy})")
    return made


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The templates of every run of checkov."""
    asked: list[list[str]] = []
    real = checkov._run

    def spied(tool, templates, context):  # type: ignore[no-untyped-def]
        asked.append(sorted(template.shown for template in templates))
        return real(tool, templates, context)

    monkeypatch.setattr(checkov, "_run", spied)
    return asked


def test_everything_at_once_and_then_only_what_changed(
    tmp_path: Path, toolbox: LocalToolbox, runs: list[list[str]]
) -> None:
    root = make_project(tmp_path / "project")
    put(root, {"mlgate.yml": CONFIGURATION, "principals.yml": PRINCIPALS, "roles.json": template(OWNER)})
    put(root, {"env/requirements.txt": f"foo==1 --hash={HASH}\n"})
    bad = advisory("GHSA-1", "foo", versions=("1",), database_specific={"severity": "HIGH"})
    write_snapshot(root / "advisories", bad, retrieved_at=NOW - dt.timedelta(hours=5))

    def again() -> list[str]:
        store = ResultStore(tmp_path / "cache", b"s" * 32, own_digest())
        checked = check(root, keeper=store, skipped=frozenset(), tools=toolbox)
        told.append(checked)
        return said(checked)

    told = []  # type: ignore[var-annotated]
    first = again()
    rules = {rule for rule, _ in found(told[0])}
    assert {"GHSA-1", "MLG-STORAGE-TLS"} <= rules
    assert any(rule.startswith("CKV") for rule in rules)
    assert any(rule.startswith("MLG-RBAC-") for rule in rules)
    scanners = {one.scanner for one in told[0].outcomes if isinstance(one, Completed)}
    assert scanners == {"policy", "checkov", "pip-audit", "rbac-matrix"}
    templates = {"infra/main.bicep", "infra/modules/vault.bicep", "infra/storage/main.json", "infra/other/main.json"}
    assert examined(told[0], "checkov") == {*templates, "roles.json"}

    assert again() == first
    assert runs == [sorted({*templates, "roles.json"})]

    put(root, {"infra/other/main.json": template(storage("Enabled", allowBlobPublicAccess=True))})
    changed = again()
    assert runs[1:] == [["infra/other/main.json"]]
    fresh = check(root, skipped=frozenset(), tools=toolbox)
    assert changed == said(fresh) != first
