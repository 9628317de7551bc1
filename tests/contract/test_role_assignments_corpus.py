"""Role assignments in the shared public files: real ones are found, lists of role ids aren't.

The count is held against a plain search of the texts for the type of a resource, which knows nothing of readers: every
declaration that isn't read as an assignment is one that the deployment wouldn't make, and the test says which and why.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploy_gate.role_extraction import Extracted, extract
from deploy_gate.template_estate import estate_of
from rbac_matrix.checks.interface import Judged
from rbac_matrix.checks.judging import judge
from rbac_matrix.organisation.loading import load_organisation
from rbac_matrix.permissions.catalogue import RoleCatalogue
from resource_readers.interface import ReadRequest
from resource_readers.registry import read_resources

CORPUS = Path("/work/shared/data/corpus")
NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
DECLARED = re.compile(
    r'"type"\s*:\s*"(?:[^"]*/)?role(?:Assignments|AssignmentScheduleRequests|EligibilityScheduleRequests)"'
    r"|'Microsoft\.Authorization/role(?:Assignments|AssignmentScheduleRequests|EligibilityScheduleRequests)@"
    r'|resource\s+"azurerm_(?:role_assignment|pim_)',
    re.IGNORECASE,
)
ROLE_ID = re.compile(
    r"8e3af657-a8ff|b24988ac-6180|acdd72a7-3385|18d7d88d-d35e|7f951dda-4ed3|ba92f5b4-2d11", re.IGNORECASE
)
NOT_MADE = {
    "avm/res/container-registry/registry/main.json": "a loop over roleAssignments, which is empty by default",
    "avm/res/key-vault/vault/main.json": "the same, for the vault, its keys and its secrets",
    "avm/res/machine-learning-services/registry/main.json": "the same",
    "tests/arm/checks/resource/example_SQLServerUsesADAuth/fail.json": "under a condition that is false by default",
    "tests/arm/checks/resource/example_SQLServerUsesADAuth/pass.json": "under a condition that is false by default",
    "application-workloads/azure-gamedev/gamedev-vm/azuredeploy.json": "a loop over an empty list",
}
"""Files in which nothing is assigned, although role assignments are declared."""

pytestmark = [
    pytest.mark.shared,
    pytest.mark.slow,
    pytest.mark.skipif(not CORPUS.is_dir(), reason=f"there is no shared corpus at {CORPUS}"),
]


@dataclass(frozen=True)
class One:
    """A file with how many assignments its text declares, and what was made of it."""

    name: str
    text: str
    declared: int
    extracted: Extracted
    judged: Judged
    unread: int


def read(path: Path, given: Mapping[str, Any] | None = None) -> One:
    root = next(folder for folder in path.parents if folder.parent == CORPUS)
    text = path.read_text(encoding="utf-8", errors="replace")
    result = read_resources(ReadRequest(root=root, path=path, given=given or {}))
    extracted = extract(result.resources)
    estate = estate_of(result.resources, extracted)
    judged = judge(estate, load_organisation(None), "production", RoleCatalogue.built_in(), now=NOW)
    unread = sum(one.may_hold_resources for one in result.not_read)
    return One(path.relative_to(root).as_posix(), text, len(DECLARED.findall(text)), extracted, judged, unread)


@pytest.fixture(scope="module")
def files() -> list[One]:
    suffixes = (".json", ".bicep", ".tf")
    return [read(path) for path in sorted(CORPUS.glob("*/**/*")) if path.suffix in suffixes and path.is_file()]


def test_every_declared_assignment_is_read_or_not_made(files: list[One]) -> None:
    declaring = [one for one in files if one.declared]
    assert sum(one.declared for one in declaring) == 23
    assert {one.name for one in declaring if not one.extracted.assignments} == set(NOT_MADE)
    assert sum(one.declared for one in declaring if one.name in NOT_MADE) == 11
    # devcenter: one of its three is under a condition that is false by default.
    assert sum(len(one.extracted.assignments) for one in files) == 11
    assert not [one.name for one in files if one.extracted.assignments and not one.declared]


def test_every_real_assignment_is_found_or_could_not_be_decided(files: list[One]) -> None:
    for one in files:
        told = {str(finding.location) for finding in one.judged.findings}
        told |= {str(undecided.location) for undecided in one.judged.undecided}
        assert {str(assignment.location) for assignment in one.extracted.assignments} <= told, one.name


def test_files_that_merely_list_role_ids_have_no_finding(files: list[One]) -> None:
    listing = [one for one in files if ROLE_ID.search(one.text) and not one.extracted.assignments]
    assert len(listing) == 6
    assert [(one.name, one.judged.findings) for one in listing if one.judged.findings] == []
    assert [one.name for one in listing if one.unread] == [], "what wasn't read is no proof"


def test_the_same_files_are_reported_once_somebody_is_given_a_role() -> None:
    """So the silence above is not blindness."""
    stranger = "99999999-9999-4999-8999-999999999999"
    given = {"roleassignments": [{"principalId": stranger, "roleDefinitionIdOrName": "Owner"}]}
    for name in ("container-registry/registry", "key-vault/vault"):
        path = CORPUS / "Azure+bicep-registry-modules@9f9ea1a1/avm/res" / name / "main.json"
        found = read(path, given).judged
        assert found.counts.get("MLG-RBAC-UNKNOWN-PRINCIPAL") == 1, (name, found.counts, found.undecided)
        (finding,) = [one for one in found.findings if one.rule_id == "MLG-RBAC-UNKNOWN-PRINCIPAL"]
        assert finding.message.startswith("Owner on Microsoft.")
