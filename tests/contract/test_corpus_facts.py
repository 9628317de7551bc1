"""The facts of docs/corpus-facts.md, counted anew over the shared public files; what is found there, rule by rule."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deploy_gate.policy_checks.judging import judge
from deploy_gate.policy_checks.rule_sets import rule_set
from policies.rules import load_rules
from resource_readers.interface import ReadRequest
from resource_readers.projects import read_paths
from resource_readers.rendering import plain_resource

ROOT = Path(__file__).resolve().parents[2]
CORPUS = Path("/work/shared/data/corpus")
PAGE = ROOT / "docs" / "corpus-facts.md"
NOW = dt.datetime(2026, 11, 21, 8, 0, tzinfo=dt.UTC)
ML = "microsoft.machinelearningservices/workspaces"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.slow,
    pytest.mark.skipif(not CORPUS.is_dir(), reason=f"there is no shared corpus at {CORPUS}"),
]


@dataclass
class Corpus:
    """What readers and rules (profile production) make of it.

    Attributes:
        resources: by type (lower-cased), with the kind of file they stand in.
        found: number of findings of each rule.
        files: files with findings of each rule.
        secrets: places of findings of the family secrets.
    """

    resources: dict[str, list[tuple[str, dict[str, Any]]]] = field(default_factory=dict)
    found: Counter[str] = field(default_factory=Counter)
    files: dict[str, set[str]] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)

    def of(self, type_: str, kind: str = "") -> list[dict[str, Any]]:
        """The resources of a type, perhaps only those in files of a kind."""
        return [view for one, view in self.resources.get(type_, []) if kind in ("", one)]


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """Each repository is a project of its own."""
    rules = load_rules()
    families = {rule.id: rule.family for rule in rules}
    held = rule_set(rules, "production")
    result = Corpus()
    places: set[tuple[str, ...]] = set()
    for project in sorted(folder for folder in CORPUS.iterdir() if folder.is_dir() and folder.name != "LICENSES"):
        read = tuple(read_paths(ReadRequest(root=project, path=project), [project]))
        for _, one in read:
            for resource in one.resources:
                place = (project.name, str(resource.location), resource.type.lower(), resource.id)
                if resource.existing or place in places:
                    continue
                places.add(place)
                view = plain_resource(resource, str)
                result.resources.setdefault(resource.type.lower(), []).append((one.kind, view))
        for finding in (finding for outcome in judge(read, held, NOW) for finding in outcome.findings):
            assert finding.location is not None
            result.found[finding.rule_id] += 1
            result.files.setdefault(finding.rule_id, set()).add(f"{project.name}/{finding.location.path}")
            if families[finding.rule_id] == "secrets":
                result.secrets.append(f"{finding.rule_id} {finding.location.path}")
    return result


def member(view: dict[str, Any], *path: str) -> Any:
    value: Any = view
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def share(views: list[Any], holds: Callable[[Any], bool]) -> str:
    return f"{sum(holds(view) for view in views)} of {len(views)}"


def images(corpus: Corpus) -> list[str]:
    given = [member(view, "properties", "image") for view in corpus.of(f"{ML}/environments/versions")]
    return [image if isinstance(image, str) else image["text"] for image in given if image]


def unprotected(view: dict[str, Any]) -> bool:
    mode = member(view, "properties", "managedNetwork", "isolationMode")
    return mode in (None, "Disabled") and member(view, "properties", "encryption", "status") != "Enabled"


def inexact(view: dict[str, Any]) -> bool:
    packages = [*(member(view, "properties", "packages") or ()), *(member(view, "properties", "pipPackages") or ())]
    return any(member(package, "exact") is False for package in packages)


def facts(corpus: Corpus) -> dict[str, str]:
    deployments = corpus.of(f"{ML}/onlineendpoints/deployments")
    endpoints = corpus.of(f"{ML}/onlineendpoints")
    activities = corpus.of("microsoft.datafactory/factories/pipelines/activities")
    retired = [one for one in activities if member(one, "properties", "type") == "AzureMLUpdateResource"]
    workflows = corpus.of("github.actions/workflows")
    return {
        "online deployments with 1 instance": share(deployments, lambda one: member(one, "sku", "capacity") == 1),
        "online deployments with 3 instances": share(deployments, lambda one: member(one, "sku", "capacity") == 3),
        "online endpoints that use keys": share(endpoints, lambda one: member(one, "properties", "authMode") == "Key"),
        "online endpoints that leave public network access unset": share(
            endpoints, lambda one: member(one, "properties", "publicNetworkAccess") is None
        ),
        "environment images that are `:latest`": share(images(corpus), lambda image: image.endswith(":latest")),
        "environment images without a tag": share(images(corpus), lambda image: ":" not in image.split("/")[-1]),
        "environment images by digest": share(images(corpus), lambda image: "@sha256:" in image),
        "ARM workspaces with neither managed network nor customer-managed key": share(
            corpus.of(ML, "arm"), unprotected
        ),
        "ARM registries that switch the admin user on": share(
            corpus.of("microsoft.containerregistry/registries", "arm"),
            lambda one: member(one, "properties", "adminUserEnabled") is True,
        ),
        "ARM storage accounts that leave shared keys unset": share(
            corpus.of("microsoft.storage/storageaccounts", "arm"),
            lambda one: member(one, "properties", "allowSharedKeyAccess") is None,
        ),
        "Conda files with a dependency without an exact version": share(
            corpus.of("conda.environments/environments"), inexact
        ),
        "workflows that use a long-lived credential secret": str(len(workflows)),
        "deploying workflows without an environment": f"{len(workflows)} of {len(workflows)}",
        "`AzureMLUpdateResource` activities": str(len(retired)),
    }


def rows() -> dict[str, list[str]]:
    """The rows of the page's first table, by their first column."""
    lines = PAGE.read_text(encoding="utf-8").split("## Traps")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return {row[0]: row for row in cells[2:]}


def test_the_page_tells_what_is_counted(corpus: Corpus) -> None:
    assert {fact: row[2] for fact, row in rows().items()} == facts(corpus)


def test_the_page_tells_what_rules_find(corpus: Corpus) -> None:
    told = {
        found.group(1): int(found.group(2))
        for row in rows().values()
        if (found := re.fullmatch(r"(MLG-[A-Z-]+) finds (\d+)", row[4]))
    }
    assert len(told) == 7
    assert told == {rule: corpus.found[rule] for rule in told}
    conda = ("MLG-CONDA-UNPINNED", "MLG-CONDA-PIP-UNPINNED", "MLG-CONDA-PYTHON")
    assert len(set().union(*(corpus.files[rule] for rule in conda))) == 70


def test_masked_secrets_and_those_of_parameters_are_none(corpus: Corpus) -> None:
    assert sorted(place for place in corpus.secrets if "ADF" not in place) == []


def test_rules_about_machine_learning_have_a_real_hit_where_there_is_one(corpus: Corpus) -> None:
    """The number of rules of these packs with findings: fewer means that one went blind."""
    packs = ("workspaces", "registries", "endpoints", "deployments", "models", "data", "jobs", "monitoring-ml")
    own = [rule.id for rule in load_rules() if rule.source.split("/")[0] in packs]
    assert sum(corpus.found[rule] > 0 for rule in own) >= 50
