"""pip-audit over the pinned closure, with the advisories of an offline snapshot.

pip-audit runs as a library in a process of its own (`scanners.pip_audit_worker`), so that it can be timed out and its
end seen. Its own command line ends with 0 over packages that it skipped; here each package has a result or is
could-not-check, and a pin that is known to be vulnerable (the canary) must come back as vulnerable.
"""

from __future__ import annotations

import base64
import datetime as dt
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scanners.advisories import SnapshotError, SnapshotHeader, read_header
from scanners.closures import NOT_AN_INDEX, PYPI, Closure, PinnedPackage, ProblemKind, read_closure
from scanners.interface import ScanContext, Tool, Toolbox, ToolUnavailableError
from scanners.osv import rule_id
from scanners.pip_audit_answers import (
    ANSWERED,
    SNAPSHOT_REFUSED,
    Answer,
    BadAnswerError,
    Pin,
    Result,
    Vulnerability,
    refuse_version,
)
from scanners.process_runner import Command, run
from verdicts import Completed, Evidence, Finding, NotCompleted, Outcome, Reason, Severity, ToolIdentity
from verdicts.digests import canonical_json, digest_bytes
from verdicts.text import one_line

ID = "pip-audit"
WORKER_MODULE = "scanners.pip_audit_worker"
_MAXIMUM_ANSWER = 64 * 1024 * 1024


def built_in_worker(_tools: Toolbox) -> Tool:
    """pip-audit as it is installed beside mlgate, after its files were compared with their record.

    Raises:
        ToolUnavailableError: it is missing, of another version, or changed.
    """
    argv = (sys.executable, "-I", "-B", "-m", WORKER_MODULE)
    return Tool(identity=installed_pip_audit(), argv=argv)


def installed_pip_audit() -> ToolIdentity:
    """Version of the installed distribution and a digest over its files. Raises ToolUnavailableError."""
    import hashlib
    from importlib.metadata import PackageNotFoundError, distribution

    remedy = "install mlgate anew, into an environment of its own"
    try:
        found = distribution("pip-audit")
    except PackageNotFoundError:
        raise ToolUnavailableError(Reason.MISSING_TOOL, "pip-audit is not installed", remedy) from None
    refuse_version(found.version)
    lines: list[list[str]] = []
    for file in found.files or ():
        if file.parts[0] != "pip_audit" or file.hash is None:
            continue
        try:
            digest = hashlib.new(file.hash.mode, Path(str(file.locate())).read_bytes()).digest()
        except (OSError, ValueError) as error:
            raise ToolUnavailableError(Reason.UNTRUSTED_TOOL, f"pip-audit's {file}: {error}", remedy) from None
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
            raise ToolUnavailableError(Reason.UNTRUSTED_TOOL, f"pip-audit's {file} was changed", remedy)
        lines.append([file.as_posix(), file.hash.mode, file.hash.value])
    if not lines:
        raise ToolUnavailableError(Reason.UNTRUSTED_TOOL, "pip-audit has no record of its files", remedy)
    digest_of_all = digest_bytes(canonical_json(sorted(lines)))
    return ToolIdentity(name=ID, version=found.version, digest=digest_of_all, origin="built-in")


@dataclass(frozen=True, slots=True)
class PipAuditScanner:
    """Known vulnerabilities of every package of the closure.

    Attributes:
        requirements, conda: see `scanners.closures.read_closure`.
        snapshot: folder of the advisory snapshot.
        maximum_age_days: beyond that age the advisories say nothing.
        worker: gives the program to start; another one only in tests.
    """

    requirements: Path
    conda: Path | None
    snapshot: Path
    maximum_age_days: int
    worker: Callable[[Toolbox], Tool] = built_in_worker

    @property
    def id(self) -> str:
        """Identifier of this scanner."""
        return ID

    def scan(self, context: ScanContext) -> tuple[Outcome, ...]:
        """One outcome for what was audited, and one for each thing that was not."""
        closure = read_closure(self.requirements, self.conda, root=context.root)
        gaps = _gaps(closure)
        pins = {pin: package for package in closure.packages if (pin := _auditable(package)) is not None}
        if not pins:
            return gaps or (_not_completed(Reason.NOTHING_EXAMINED, "the closure holds no package", _LOCK),)
        evidence = Evidence(inputs=closure.inputs)
        try:
            header = read_header(self.snapshot)
            stale = header.staleness(context.now, self.maximum_age_days)
            if stale is not None:
                raise SnapshotError(Reason.STALE_DATABASE, stale)
            tool = self.worker(context.tools)
            evidence = Evidence(inputs=closure.inputs, tools=(tool.identity,), databases=(header.identity,))
            results = self._ask(tool, header, tuple(pins), context)
        except (SnapshotError, ToolUnavailableError, BadAnswerError) as error:
            return (*gaps, _not_completed(error.reason, error.detail, error.remedy, evidence=evidence))
        return (*gaps, *_outcomes(closure, pins, results, header, evidence, context.now))

    def _ask(
        self, tool: Tool, header: SnapshotHeader, pins: Sequence[Pin], context: ScanContext
    ) -> Mapping[Pin, Result]:
        request = context.workspace / "request.json"
        canary = (header.canary.name, header.canary.version)
        # Last, so that a run that ended early would miss it.
        asked = [*(pin for pin in pins if pin != canary), canary]
        request.write_bytes(canonical_json({"packages": asked}))
        snapshot = str(self.snapshot.absolute())
        options = ("--request", str(request), "--snapshot", snapshot, "--digest", header.digest)
        result = run(Command(argv=(*tool.argv, *options), timeout_s=context.timeout_s, maximum_output=_MAXIMUM_ANSWER))
        if result.exit_code not in (ANSWERED, SNAPSHOT_REFUSED):
            raise BadAnswerError(Reason.CRASHED, f"pip-audit ended with {result.exit_code}: {result.error_tail()}")
        answer = Answer(result.stdout)
        if result.exit_code == SNAPSHOT_REFUSED:
            raise SnapshotError(*answer.refusal())
        return answer.results(tool.identity.version, header, asked)


_LOCK = "lock the environment: uv pip compile --generate-hashes --output-file requirements.txt"


def _not_completed(reason: Reason, detail: str, remedy: str, *, evidence: Evidence | None = None) -> NotCompleted:
    return NotCompleted(scanner=ID, reason=reason, detail=detail, remedy=remedy, evidence=evidence or Evidence())


def _auditable(package: PinnedPackage) -> Pin | None:
    if package.version is None or package.source in NOT_AN_INDEX:
        return None
    return package.name, package.version


def _gaps(closure: Closure) -> tuple[NotCompleted, ...]:
    """What no audit can look at. That it is wrong is the allowlist's finding; that it wasn't audited is said here."""
    gaps = [
        NotCompleted(
            scanner=ID,
            reason=Reason.UNREADABLE_INPUT if problem.kind is ProblemKind.UNREADABLE else Reason.INCOMPLETE,
            detail=problem.message,
            remedy=problem.remedy,
            location=problem.location,
        )
        for problem in closure.problems_of(ProblemKind.UNREADABLE, ProblemKind.INCOMPLETE)
    ]
    gaps += [
        NotCompleted(
            scanner=ID,
            reason=Reason.INCOMPLETE,
            detail=f"{package.name} can't be audited: the file doesn't say which published version it is.",
            remedy=_LOCK,
            location=package.location,
        )
        for package in closure.packages
        if _auditable(package) is None
    ]
    return tuple(gaps)


def _outcomes(
    closure: Closure,
    pins: Mapping[Pin, PinnedPackage],
    results: Mapping[Pin, Result],
    header: SnapshotHeader,
    evidence: Evidence,
    now: dt.datetime,
) -> tuple[Outcome, ...]:
    findings: list[Finding] = []
    missing: list[NotCompleted] = []
    for pin, package in pins.items():
        result = results.get(pin, Result("it has no result", ()))
        findings += [_finding(package, vulnerability) for vulnerability in result.vulnerabilities]
        if result.skipped:
            missing.append(
                NotCompleted(
                    scanner=ID,
                    reason=Reason.INCOMPLETE,
                    detail=f"{package.name} {package.version} was not audited completely: {one_line(result.skipped)}",
                    remedy="import a newer snapshot; if the advisory is still malformed, tell its database",
                    location=package.location,
                    evidence=evidence,
                )
            )
    age = (now - header.retrieved_at).days
    notes = [f"{header.count:,} advisories ({header.source}), {age} days old"]
    notes += [f"not installed on the target: {entry}" for entry in closure.excluded]
    elsewhere = sorted({package.source for package in pins.values()} - {PYPI})
    notes += [f"packages from {source} are compared with the advisories for PyPI" for source in elsewhere]
    completed = Completed(
        scanner=ID,
        examined=len(pins) - len(missing),
        unit="packages",
        findings=tuple(findings),
        evidence=evidence,
        notes=tuple(notes),
    )
    return (completed, *missing)


def _finding(package: PinnedPackage, vulnerability: Vulnerability) -> Finding:
    from packaging.version import Version

    rule = rule_id(vulnerability.names)
    others = sorted(vulnerability.names - {rule})
    also = f" ({', '.join(others)})" if others else ""
    unrated = "" if vulnerability.severity is not Severity.UNKNOWN else " The database does not rate it."
    assert package.version is not None
    installed = Version(package.version)
    fixed = [version for version in vulnerability.fixed if Version(version) > installed]
    remedy = f"Upgrade {package.name} to {' or '.join(fixed)}." if fixed else "No fixed version is known: replace it."
    return Finding(
        rule_id=rule,
        scanner=ID,
        severity=vulnerability.severity,
        message=f"{package.name} {package.version} is affected by {rule}{also}.{unrated} {vulnerability.summary}",
        remediation=remedy,
        resource=package.url,
        location=package.location,
        documentation=f"https://osv.dev/vulnerability/{rule}",
    )
