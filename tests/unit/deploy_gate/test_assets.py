"""Azure ML files against the release."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from deploy_gate.assets import AssetScanner
from deploy_gate.release_manifest import load_manifest
from scanners.interface import ScanContext
from tests.fakes.fake_ports import EmptyToolbox
from tests.fakes.tiny_project import RELEASE, write_tiny_project
from verdicts import Completed, Decision, NotCompleted, Severity, decide

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
ENDPOINT = "$schema: https://x/managedOnlineEndpoint.schema.json\nname: scoring\n"
DEPLOYMENT = (
    "$schema: https://x/managedOnlineDeployment.schema.json\nname: blue\nendpoint_name: scoring\n"
    "code_configuration: {code: ./code, scoring_script: score.py}\n"
)
ENVIRONMENT = "$schema: https://x/environment.schema.json\nname: e\nimage: r.azurecr.io/model:1\n"


def verdict_of(root: Path, *assets: str) -> tuple[Decision, list[str]]:
    write_tiny_project(root)
    names = []
    for index, text in enumerate(assets):
        names.append(f"asset{index}.yml")
        (root / names[-1]).write_text(text)
    (root / "release.yml").write_text(RELEASE + f"assets: [{', '.join(names)}]\n")
    scanner = AssetScanner(load_manifest(root / "release.yml", root))
    outcomes = scanner.scan(ScanContext(root, root, NOW, EmptyToolbox()))
    verdict = decide(outcomes, required=frozenset({"assets"}), fail_on=Severity.MEDIUM, at=NOW)
    assert all(isinstance(outcome, Completed | NotCompleted) for outcome in outcomes)
    places = [str(finding.location) for finding in verdict.denying]
    return verdict.decision, places + [str(item.location) for item in verdict.unchecked]


def test_files_that_agree_are_allowed(tmp_path: Path) -> None:
    assert verdict_of(tmp_path, ENDPOINT, DEPLOYMENT, ENVIRONMENT) == (Decision.ALLOWED, [])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (ENDPOINT.replace("scoring", "other"), 2),
        (DEPLOYMENT.replace("endpoint_name: scoring", "endpoint_name: other"), 3),
        (DEPLOYMENT.replace("./code", "./elsewhere"), 4),
        (DEPLOYMENT.replace("score.py", "evil.py"), 4),
        (ENVIRONMENT.replace("model:1", "model:latest"), 3),
        (ENVIRONMENT.replace("model:1", "model"), 3),
        (ENVIRONMENT.replace("model:1", "othermodel:1"), 3),
        (ENVIRONMENT.replace("model:1", "model@sha256:" + "0" * 64), 3),
        (ENVIRONMENT + "conda_file: conda.yml\n", 3),
        (ENVIRONMENT.replace("image: r.azurecr.io/model:1", "build: {path: .}"), 1),
    ],
)
def test_files_that_disagree_are_denied_with_their_line(tmp_path: Path, text: str, line: int) -> None:
    assert verdict_of(tmp_path, ENDPOINT, text) == (Decision.DENIED, [f"asset1.yml:{line}"])


@pytest.mark.parametrize("text", ["", "- a\n", "a: 1\na: 2\n", "name: {{x}}\n", "$schema: https://x/job.schema.json\n"])
def test_what_cannot_be_read_is_could_not_check_even_beside_good_files(tmp_path: Path, text: str) -> None:
    decision, places = verdict_of(tmp_path, ENDPOINT, text)
    assert decision is Decision.COULD_NOT_CHECK
    assert places
    assert places[0].startswith("asset1.yml")
