"""Parts of a project: what is judged, and what the rest still tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_gate.static_checks.selection import ChangedFiles
from tests.fakes.checked_project import check, examined, found, make_project, put, said, template, verdict_of
from verdicts import Completed, Decision, NotCompleted

PIPELINE = (
    "on: push\njobs:\n  d:\n    runs-on: ubuntu-24.04\n    steps:\n"
    "      - run: az deployment group create -g g -f infra/storage/main.json -p access=Enabled\n"
)
WORKSPACE = {
    "type": "Microsoft.MachineLearningServices/workspaces",
    "apiVersion": "2024-04-01",
    "name": "mlw",
    "location": "westeurope",
    "properties": {"publicNetworkAccess": "Disabled"},
}
ENDPOINT = {
    "type": "Microsoft.Network/privateEndpoints",
    "apiVersion": "2023-09-01",
    "name": "pe",
    "location": "westeurope",
    "properties": {
        "privateLinkServiceConnections": [
            {
                "name": "mlw",
                "properties": {
                    "privateLinkServiceId": "[resourceId('Microsoft.MachineLearningServices/workspaces', 'mlw')]",
                    "groupIds": ["amlworkspace"],
                },
            }
        ]
    },
}
BASELINE = """\
schema: mlgate/baseline/v1
owner: owner@example.com
reason: before mlgate
accepted: 2026-11-01
expires: 2027-01-31
approver: other@example.com
findings:
  - {rule: MLG-STORAGE-GONE, path: infra/other/main.json, resource: x}
  - {rule: CKV_AZURE_1, path: infra/other/main.json, resource: x}
"""


def changes(*files: str, came_or_went: tuple[str, ...] = (), folders: tuple[str, ...] = ()) -> ChangedFiles:
    return ChangedFiles(
        since="main",
        commit="c" * 40,
        files=frozenset((*files, *came_or_went)),
        came_or_went=frozenset(came_or_went),
        folders=folders,
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


def test_of_a_path_only_its_files_are_judged(root: Path) -> None:
    checked = check(root, "infra/other")
    assert examined(checked, "policy") == {"infra/other/main.json"}
    assert {path for _, path in found(checked)} == {"infra/other/main.json"}
    assert "checked are 1 of 6 files" in checked.notes[0]
    assert found(checked) == {one for one in found(check(root)) if one[1] == "infra/other/main.json"}


def test_what_stands_elsewhere_in_the_project_still_counts(root: Path) -> None:
    """A private endpoint in another file satisfies the rule for the workspace, also where only that one is named."""
    put(root, {"ml/main.json": template(WORKSPACE)})
    rule = ("MLG-WORKSPACE-PRIVATE-ENDPOINT", "ml/main.json")
    assert rule in found(check(root, "ml"))
    put(root, {"network/main.json": template(ENDPOINT)})
    assert rule not in found(check(root, "ml"))
    assert rule not in found(check(root))


def test_what_can_not_be_read_elsewhere_is_no_obstacle_of_a_part(root: Path) -> None:
    put(root, {"broken/main.json": '{"$schema": "deploymentTemplate.json#", "resources": ['})
    assert any(isinstance(one, NotCompleted) for one in check(root).outcomes)
    assert not [one for one in check(root, "azureml/endpoint.yml").outcomes if "broken" in repr(one)]


def test_a_file_that_is_named_is_judged_though_it_is_ignored(root: Path) -> None:
    put(root, {".gitignore": "infra/other/\n"})
    assert ("MLG-STORAGE-TLS", "infra/other/main.json") not in found(check(root))
    assert ("MLG-STORAGE-TLS", "infra/other/main.json") in found(check(root, "infra/other/main.json"))


def test_a_part_without_resources_was_looked_at_all_the_same(root: Path) -> None:
    checked = check(root, "infra/storage/main.parameters.json")
    assert verdict_of(checked, root).decision is Decision.ALLOWED


@pytest.mark.parametrize("path", ["empty", "notes.json"])
def test_a_part_with_nothing_in_it_is_could_not_check(root: Path, path: str) -> None:
    (root / "empty").mkdir()
    assert verdict_of(check(root, path), root).decision is Decision.COULD_NOT_CHECK


def test_the_baseline_of_files_that_were_not_looked_at_is_not_unused(root: Path) -> None:
    put(root, {"mlgate.yml": "schema: mlgate/project/v1\ncheck: {baseline: baseline.yml}\n", "baseline.yml": BASELINE})

    def unused(*paths: str) -> list[str]:
        checked = check(root, *paths)
        standing = verdict_of(checked, root).findings
        return [one.subject.split()[0] for one in standing if one.rule_id == "MLG-WAIVER-UNUSED"]

    assert unused("azureml") == []
    # checkov was skipped, so of its findings nobody knows.
    assert unused() == unused("infra/other") == ["MLG-STORAGE-GONE"]


@pytest.mark.parametrize(
    ("change", "judged"),
    [
        (changes("infra/other/main.json"), {"infra/other/main.json"}),
        (changes("infra/modules/vault.bicep"), {"infra/main.bicep", "infra/modules/vault.bicep"}),
        (
            changes("infra/storage/main.parameters.json"),
            {"infra/storage/main.json", "infra/storage/main.parameters.json"},
        ),
        (changes(came_or_went=("infra/other/main.parameters.json",)), {"infra/other/main.json"}),
        (changes(came_or_went=("infra/bicepconfig.json",)), {"infra/main.bicep", "infra/modules/vault.bicep"}),
        (changes("infra/README.md"), set()),
        (changes(folders=("infra/other/",)), {"infra/other/main.json"}),
    ],
)
def test_a_change_concerns_the_file_and_whatever_takes_it_in(
    root: Path, change: ChangedFiles, judged: set[str]
) -> None:
    assert examined(check(root, changed=change), "policy") == judged


def test_a_pipeline_that_changes_concerns_the_templates(root: Path) -> None:
    put(root, {".github/workflows/d.yml": PIPELINE})
    judged = examined(check(root, changed=changes(".github/workflows/d.yml")), "policy")
    assert {"infra/storage/main.json", "infra/main.bicep", ".github/workflows/d.yml"} <= judged
    assert "azureml/endpoint.yml" not in judged
    (root / ".github/workflows/d.yml").unlink()
    gone = examined(check(root, changed=changes(came_or_went=(".github/workflows/d.yml",))), "policy")
    assert "infra/storage/main.json" in gone


@pytest.mark.parametrize("name", ["mlgate.yml", ".gitignore", "sub/.gitignore"])
def test_what_steers_the_check_concerns_everything(root: Path, name: str) -> None:
    put(root, {"mlgate.yml": "schema: mlgate/project/v1\n"})
    checked = check(root, changed=changes(name))
    assert f"{name} differs from main, so every file is checked" in checked.notes
    assert found(checked) == found(check(root))


@pytest.mark.parametrize("change", [changes(), changes("README.md"), changes(came_or_went=("docs/x.md",))])
def test_where_nothing_that_is_checked_changed_nothing_is_claimed(root: Path, change: ChangedFiles) -> None:
    checked = check(root, changed=change)
    (said_,) = checked.outcomes
    assert isinstance(said_, Completed)
    assert said_.scanner == "changed-files"
    assert "nothing was judged" in said_.notes[0]
    assert verdict_of(checked, root).decision is Decision.ALLOWED


def test_an_empty_project_is_no_project_without_changes(tmp_path: Path) -> None:
    root = put(tmp_path / "project", {"README.md": ""})
    assert verdict_of(check(root, changed=changes()), root).decision is Decision.COULD_NOT_CHECK


def test_paths_and_changes_narrow_one_another(root: Path) -> None:
    change = changes("infra/other/main.json", "azureml/endpoint.yml")
    assert examined(check(root, "infra", changed=change), "policy") == {"infra/other/main.json"}


def test_a_part_says_the_same_of_its_files_as_the_whole(root: Path) -> None:
    whole = [line for line in said(check(root)) if "'found'" in line and "azureml/endpoint.yml" in line]
    part = [line for line in said(check(root, "azureml")) if "'found'" in line]
    assert part == whole
