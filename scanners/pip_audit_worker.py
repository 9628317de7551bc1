"""The process in which pip-audit runs: reads pins, audits them over a snapshot, prints one JSON answer.

    python -I -m scanners.pip_audit_worker --request FILE --snapshot FOLDER --digest DIGEST

Only this module touches pip-audit, whose modules are private and whose version is therefore pinned. Importing it asks
pip for its version, which is another reason to be a process of its own.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pip_audit  # type: ignore[import-untyped]
from packaging.version import Version
from pip_audit._audit import Auditor  # type: ignore[import-untyped]
from pip_audit._dependency_source.interface import DependencySource  # type: ignore[import-untyped]
from pip_audit._service.interface import (  # type: ignore[import-untyped]
    Dependency,
    ResolvedDependency,
    SkippedDependency,
    VulnerabilityID,
    VulnerabilityResult,
    VulnerabilityService,
)

from scanners.advisories import Snapshot, SnapshotError, load_snapshot
from scanners.osv import Match
from scanners.pip_audit_answers import ANSWER_SCHEMA, ANSWERED, SNAPSHOT_REFUSED, Pin
from verdicts import Reason, Severity
from verdicts.documents import parse_json, read_bounded
from verdicts.text import one_line


class SnapshotService(VulnerabilityService):  # type: ignore[misc]
    """pip-audit's port for advisories, over a snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def query(self, spec: Dependency) -> tuple[Dependency, list[VulnerabilityResult]]:
        """Vulnerabilities of one pin; a package with an advisory that can't be evaluated comes back as skipped."""
        if not isinstance(spec, ResolvedDependency):
            return spec, []
        matches, malformed = self._snapshot.matches(spec.canonical_name, spec.version)
        results = [
            VulnerabilityResult(
                id=VulnerabilityID(match.id),
                description=match.summary,
                fix_versions=[Version(version) for version in match.fixed],
                aliases={VulnerabilityID(alias) for alias in match.aliases if alias != match.id},
            )
            for match in matches
        ]
        if malformed:
            return SkippedDependency(name=spec.name, skip_reason="; ".join(malformed)), results
        return spec, results


class PinnedSource(DependencySource):  # type: ignore[misc]
    """pip-audit's port for dependencies, over pins."""

    def __init__(self, pins: Sequence[Pin]) -> None:
        self._pins = pins

    def collect(self) -> Iterator[Dependency]:
        """Each pin as a resolved dependency."""
        for name, version in self._pins:
            yield ResolvedDependency(name=name, version=Version(version))

    def fix(self, fix_version: Any) -> None:
        """Not offered: the gate changes nothing."""
        raise NotImplementedError


def audit(snapshot: Snapshot, pins: Sequence[Pin]) -> list[dict[str, Any]]:
    """What pip-audit says of each pin, in the order given.

    Raises:
        RuntimeError: pip-audit answered out of order, or lost an advisory that affects a pin.
    """
    answers = []
    audited = Auditor(SnapshotService(snapshot)).audit(PinnedSource(pins))
    for (name, version), (dependency, results) in zip(pins, audited, strict=True):
        if dependency.canonical_name != name:
            raise RuntimeError(f"pip-audit answered for {dependency.canonical_name} instead of {name}")
        matches, _ = snapshot.matches(name, Version(version))
        skipped = dependency.skip_reason if isinstance(dependency, SkippedDependency) else ""
        answers.append(
            {
                "name": name,
                "version": version,
                "skipped": skipped,
                "vulnerabilities": [_described(snapshot, name, group) for group in _grouped(matches, results)],
            }
        )
    return answers


def _grouped(matches: Sequence[Match], results: Sequence[VulnerabilityResult]) -> list[list[Match]]:
    """The advisories of one weakness together: pip-audit's results, which drop names and ratings when they merge."""
    groups: list[tuple[set[str], list[Match]]] = []
    for match in matches:
        names: set[str] = set(match.names)
        members = [match]
        for group in [group for group in groups if group[0] & names]:
            groups.remove(group)
            names |= group[0]
            members = group[1] + members
        groups.append((names, members))
    reported = {name for result in results for name in (result.id, *result.aliases)}
    for names, members in groups:
        if not names & reported:
            raise RuntimeError(f"pip-audit lost {members[0].id}")
    return [members for _, members in groups]


def _described(snapshot: Snapshot, name: str, group: Sequence[Match]) -> dict[str, Any]:
    rated = [match.severity for match in group if match.severity is not Severity.UNKNOWN]
    severity = max(rated, key=lambda severity: severity.rank, default=Severity.UNKNOWN)
    identifiers = {match.id for match in group}
    # What ends one database's range may stand in the middle of another's.
    fixed = [
        str(version)
        for version in sorted({Version(version) for match in group for version in match.fixed})
        if not identifiers & {match.id for match in snapshot.matches(name, version)[0]}
    ]
    return {
        "names": sorted({name for match in group for name in match.names}),
        "severity": severity.value,
        "fixed": fixed,
        "summary": one_line(next((match.summary for match in group if match.summary), ""), maximum=500),
    }


def answer(request: Path, folder: Path, digest: str) -> tuple[int, dict[str, Any]]:
    """Exit code and answer. Raises whatever goes wrong with anything but the snapshot."""
    pins: list[Pin] = [(name, version) for name, version in parse_json(read_bounded(request))["packages"]]
    try:
        snapshot = load_snapshot(folder)
        if snapshot.header.digest != digest:
            raise SnapshotError(Reason.DIGEST_MISMATCH, "the snapshot was changed during the scan")
    except SnapshotError as error:
        refused = {"reason": error.reason.value, "detail": error.detail}
        return SNAPSHOT_REFUSED, {"schema": ANSWER_SCHEMA, "error": refused}
    return ANSWERED, {
        "schema": ANSWER_SCHEMA,
        "pip_audit": pip_audit.__version__,
        "snapshot": snapshot.header.digest,
        "advisories": snapshot.header.count,
        "packages": audit(snapshot, pins),
    }


def main(arguments: Sequence[str]) -> int:
    """Runs one request."""
    parser = argparse.ArgumentParser(prog="pip_audit_worker", allow_abbrev=False)
    parser.add_argument("--request", type=Path, required=True)
    parser.add_argument("--snapshot", type=Path, required=True)
    parser.add_argument("--digest", required=True)
    options = parser.parse_args(arguments)
    code, content = answer(options.request, options.snapshot, options.digest)
    sys.stdout.write(json.dumps(content))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
