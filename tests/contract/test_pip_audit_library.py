"""What mlgate relies on in pip-audit, whose modules are private; breaks when a release moves them."""

from __future__ import annotations

import gzip
import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet

from scanners.advisories import Snapshot, load_snapshot
from scanners.pip_audit_answers import TRUSTED_VERSIONS
from tests.fakes.advisory_snapshots import RETRIEVED_AT, advisory, write_snapshot

pytestmark = pytest.mark.slow

PINS = [("foo", "1"), ("foo", "2"), ("bar", "1"), ("canary", "0.1")]
DOCUMENTS = (
    advisory("PYSEC-2024-1", "foo", events=({"introduced": "0"}, {"fixed": "2"}), aliases=["CVE-2024-1000"]),
    advisory("GHSA-1", "foo", versions=("1", "2"), aliases=["CVE-2024-1000", "GHSA-other"]),
    advisory("GHSA-2", "foo", versions=("2",), aliases=["CVE-2024-2000"]),
)


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    write_snapshot(tmp_path / "snapshot", *DOCUMENTS)
    return load_snapshot(tmp_path / "snapshot")


def test_the_installed_release_is_a_trusted_one() -> None:
    import pip_audit  # type: ignore[import-untyped]

    assert SpecifierSet(TRUSTED_VERSIONS).contains(pip_audit.__version__)


def test_the_private_modules_are_where_and_as_the_worker_expects_them() -> None:
    from pip_audit._audit import Auditor  # type: ignore[import-untyped]
    from pip_audit._dependency_source.interface import DependencySource  # type: ignore[import-untyped]
    from pip_audit._service.interface import (  # type: ignore[import-untyped]
        ResolvedDependency,
        SkippedDependency,
        VulnerabilityResult,
        VulnerabilityService,
    )

    assert list(inspect.signature(Auditor).parameters) == ["service", "options"]
    assert DependencySource.__abstractmethods__ == {"collect", "fix"}
    assert VulnerabilityService.__abstractmethods__ == {"query"}
    assert list(inspect.signature(ResolvedDependency).parameters) == ["name", "version"]
    assert list(inspect.signature(SkippedDependency).parameters) == ["name", "skip_reason"]
    fields = ["id", "description", "fix_versions", "aliases", "published"]
    assert list(inspect.signature(VulnerabilityResult).parameters) == fields


def test_the_worker_reports_what_pip_audit_itself_reports(snapshot: Snapshot) -> None:
    from pip_audit._audit import Auditor

    from scanners.pip_audit_worker import PinnedSource, SnapshotService, audit

    answers = audit(snapshot, PINS)
    theirs = list(Auditor(SnapshotService(snapshot)).audit(PinnedSource(PINS)))
    for answer, (dependency, results) in zip(answers, theirs, strict=True):
        assert (answer["name"], answer["version"]) == (dependency.canonical_name, str(dependency.version))
        assert len(answer["vulnerabilities"]) == len(results)
        for result in results:
            # pip-audit drops the id of an advisory that it merges; here all names are kept.
            holders = [entry for entry in answer["vulnerabilities"] if result.id in entry["names"]]
            assert len(holders) == 1
            assert set(result.aliases) <= set(holders[0]["names"])
    assert [len(answer["vulnerabilities"]) for answer in answers] == [1, 2, 0, 1]


def test_an_advisory_that_pip_audit_loses_stops_the_worker(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    from pip_audit._audit import Auditor

    from scanners import pip_audit_worker

    class Forgetful(Auditor):  # type: ignore[misc]
        def audit(self, source: Any) -> Iterator[Any]:
            for dependency, _ in super().audit(source):
                yield dependency, []

    monkeypatch.setattr(pip_audit_worker, "Auditor", Forgetful)
    with pytest.raises(RuntimeError, match="lost"):
        pip_audit_worker.audit(snapshot, PINS)


@pytest.mark.parametrize("kept", [slice(0, 2), slice(None, None, -1)])
def test_an_audit_that_ends_early_or_out_of_order_stops_the_worker(
    kept: slice, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pip_audit._audit import Auditor

    from scanners import pip_audit_worker

    class Other(Auditor):  # type: ignore[misc]
        def audit(self, source: Any) -> Iterator[Any]:
            yield from list(super().audit(source))[kept]

    monkeypatch.setattr(pip_audit_worker, "Auditor", Other)
    with pytest.raises((RuntimeError, ValueError)):
        pip_audit_worker.audit(snapshot, PINS)


SHARED = Path("/work/shared/data/pypa-advisories.jsonl.gz")


@pytest.mark.shared
def test_the_whole_pypa_database_imports_and_a_thousand_pins_are_audited(tmp_path: Path) -> None:
    if not SHARED.is_file():
        pytest.skip(f"{SHARED} is not there: it lies beside the team's clones only")
    from scanners.advisory_import import import_snapshot
    from scanners.pip_audit_worker import audit

    options: dict[str, Any] = {"source_name": "PyPA", "licence": "CC-BY-4.0"}
    result = import_snapshot(SHARED, tmp_path / "all", retrieved_at=RETRIEVED_AT, now=RETRIEVED_AT, **options)
    assert result.header.count == 2661
    snapshot = load_snapshot(tmp_path / "all")
    canary = result.header.canary
    names = sorted(snapshot.names)
    pins = [(name, version) for version in ("0.1", "1.0") for name in names][:999]
    pins.append((canary.name, canary.version))
    answers = audit(snapshot, pins)
    assert len(answers) == 1000
    assert any(canary.id in entry["names"] for entry in answers[-1]["vulnerabilities"])
    assert sum(bool(answer["vulnerabilities"]) for answer in answers) > 300

    listed = _listed_versions()
    for (name, version), answer in zip(pins, answers, strict=True):
        found = {identifier for entry in answer["vulnerabilities"] for identifier in entry["names"]}
        assert listed.get((name, version), set()) <= found


def _listed_versions() -> dict[tuple[str, str], set[str]]:
    """Ids by name and version, straight from the exact lists of the documents."""
    listed: dict[tuple[str, str], set[str]] = {}
    with gzip.open(SHARED, "rt", encoding="utf-8") as stream:
        for line in stream:
            document = json.loads(line)
            if document.get("withdrawn"):
                continue
            for entry in document["affected"]:
                for version in entry.get("versions", []):
                    key = (entry["package"]["name"].lower().replace("_", "-").replace(".", "-"), version)
                    listed.setdefault(key, set()).add(document["id"])
    return listed
