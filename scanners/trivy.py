"""Trivy on the solution container, called so that a good end means that it looked.

Trivy ends with 0 in many cases in which it compared nothing: an empty database, an unknown distribution, layers that
aren't what they go by. So the image is copied to a private place and verified byte by byte, and after a good end the
report has to show what a real look would show: the very image, a known distribution that still gets updates, as many
packages as a reading of our own finds, and the known flaws of a canary (see `scanners.trivy_canary`).
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from scanners.interface import ScanContext, Tool
from scanners.oci_documents import ImageError
from scanners.oci_layout import OciLayout
from scanners.oci_verification import VerifiedImage
from scanners.process_runner import Command, ProcessError, ProcessResult, run
from scanners.running import process_outcome
from scanners.trivy_canary import TAG as CANARY_TAG
from scanners.trivy_canary import Canary, build_canary, can_build, load_canaries, missed
from scanners.trivy_crosscheck import Gap, accepted_types, listing_gaps
from scanners.trivy_database import TrivyDatabase, TrivyDatabaseError
from scanners.trivy_findings import findings
from scanners.trivy_report import ReportError, TrivyReport, parse_report
from scanners.verified_images import verified_image
from verdicts import (
    Completed,
    ConfigurationError,
    Evidence,
    Finding,
    InputDigest,
    NotCompleted,
    Outcome,
    Reason,
)
from verdicts.documents import DocumentError, read_bounded

ID = "trivy"

_FOUND, _END_OF_LIFE = 10, 11
_TAG = "image"
_MAXIMUM_REPORT = 256 * 1024 * 1024
_SECRET_RULES = Path(__file__).with_name("data") / "trivy-secret.yaml"
_REMEDIES = {
    Reason.MISSING_DATABASE: "import a Trivy database into the folder that mlgate.yml names, then run again",
    Reason.STALE_DATABASE: "update the Trivy database, then run again",
    Reason.DIGEST_MISMATCH: "don't use this image: build and push it again, and find out who changed it",
    Reason.CANARY_MISSED: "the database doesn't hold what it should: import it again",
    Reason.UNSUPPORTED: "build the image on a distribution that mlgate supports (docs/scanners/trivy.md)",
    Reason.NOTHING_EXAMINED: "scan an image with a package database, or declare it distroless",
    Reason.INCOMPLETE: "install packages by their package manager, with complete metadata",
}
_NOTE = "no secrets are looked for in archives, compressed files, binaries and the files of installed Python packages"


class _Refused(Exception):
    """The scan can't say anything sure."""

    def __init__(self, reason: Reason, detail: str, remedy: str = "") -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.remedy = remedy or _REMEDIES.get(reason, "run it again; if it repeats, run Trivy by hand on the image")


@dataclass(frozen=True, slots=True)
class TrivyScanner:
    """Looks for known flaws and secrets in one image.

    Attributes:
        layout: the OCI layout folder that holds it.
        digest: of its manifest, "sha256:...".
        database: Trivy's cache folder.
        maximum_database_age_days: an older database doesn't count.
        distroless: the image may be without a distribution's packages.
        unscanned_types: Trivy's names of package types that policy accepts without a comparison ("conda-pkg").
    """

    layout: Path
    digest: str
    database: Path
    maximum_database_age_days: int
    distroless: bool = False
    unscanned_types: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        """See Scanner."""
        return ID

    def scan(self, context: ScanContext) -> tuple[Outcome, ...]:
        """See Scanner."""
        tool = context.tools.tool(ID)
        evidence = Evidence(inputs=(InputDigest("image", self.digest),), tools=(tool.identity,))
        try:
            return self._scan(context, tool, evidence)
        except ImageError as error:
            refused = _Refused(error.reason, str(error), error.remedy)
        except TrivyDatabaseError as error:
            refused = _Refused(error.reason, error.detail)
        except _Refused as error:
            refused = error
        except ConfigurationError as error:
            refused = _Refused(Reason.MISSING_DATABASE, str(error), "correct canary.json beside the database")
        return (_not_completed(refused, (), evidence),)

    def _scan(self, context: ScanContext, tool: Tool, evidence: Evidence) -> tuple[Outcome, ...]:
        canaries = load_canaries(self.database)
        database = self._fresh_database(context)
        copy = OciLayout(self.layout).copy(self.digest, context.workspace / "image", _TAG)
        # Reading the layers and hashing the database take as long as Trivy itself: all at the same time, and nothing is
        # said before all have ended.
        with ThreadPoolExecutor(max_workers=2) as pool:
            verifying = pool.submit(verified_image, copy, self.digest)
            hashing = pool.submit(database.identity)
            call = _Call(context, tool, database)
            try:
                exit_code, report = call.scan(copy.path, _TAG, parallel=0)
                refused = None
            except _Refused as error:
                refused = error
            image = verifying.result()
            if refused is not None:
                raise refused
            evidence = replace(evidence, databases=(hashing.result(),))
            _demand_same_image(report, image)
            found = findings(report, end_of_life=report.end_of_life or exit_code == _END_OF_LIFE)
            gaps = self._gaps(call, report, image, canaries, exit_code, found)
        if database.signature() != call.signature:
            gaps = (Gap(Reason.INCOMPLETE, "the database was written to while it was in use"),)
        if gaps:
            # What was found is sure; it goes with the first gap, so that it counts once.
            first, *others = (_Refused(gap.reason, gap.detail) for gap in gaps)
            return (
                _not_completed(first, found, evidence),
                *(_not_completed(other, (), evidence) for other in others),
            )
        accepted = accepted_types(report, image.inventory, self.unscanned_types)
        note = (f"accepted without a comparison: packages of type {', '.join(accepted)}",) if accepted else ()
        return (
            Completed(
                scanner=ID,
                examined=len(report.packages),
                unit="packages",
                findings=found,
                evidence=evidence,
                notes=(_NOTE, *note),
            ),
        )

    def _fresh_database(self, context: ScanContext) -> TrivyDatabase:
        database = TrivyDatabase.read(self.database)
        age = database.age(context.now)
        if age.total_seconds() > self.maximum_database_age_days * 86_400:
            days = age.total_seconds() / 86_400
            detail = f"the Trivy database is {days:.1f} days old; {self.maximum_database_age_days} are allowed"
            raise _Refused(Reason.STALE_DATABASE, detail)
        return database.private_view(context.workspace / "cache")

    def _gaps(
        self,
        call: _Call,
        report: TrivyReport,
        image: VerifiedImage,
        canaries: Mapping[str, Canary],
        exit_code: int,
        found: tuple[Finding, ...],
    ) -> tuple[Gap, ...]:
        """What stands against taking the report for a whole look."""
        if exit_code == _FOUND and not found:
            return (Gap(Reason.BAD_OUTPUT, "Trivy ended with findings, and its report names none"),)
        if exit_code == 0 and found:
            return (Gap(Reason.BAD_OUTPUT, "Trivy ended without findings, and its report names some"),)
        gaps = listing_gaps(report, image.inventory, distroless=self.distroless, unscanned=self.unscanned_types)
        # Where the image itself wasn't looked at, the canary has nothing to add.
        return gaps or _canary_gaps(call, report, canaries)


class _Call:
    """Starting Trivy on a layout: always the same way."""

    def __init__(self, context: ScanContext, tool: Tool, database: TrivyDatabase) -> None:
        self._context = context
        self._tool = tool
        self._database = database
        self.signature = database.signature()
        self.workspace = context.workspace

    def scan(self, layout: Path, tag: str, *, parallel: int) -> tuple[int, TrivyReport]:
        """Exit code and report. `parallel` is the number of files looked at at once (0: as many as cores).

        Raises:
            _Refused: it ended badly, or its report can't be used.
            ProcessError: it didn't end by itself.
        """
        output = self.workspace / f"{tag}.json"
        result = run(
            Command(
                argv=(
                    *self._tool.argv,
                    "image",
                    f"--input={layout}:{tag}",
                    f"--output={output}",
                    f"--cache-dir={self._database.folder}",
                    f"--secret-config={_SECRET_RULES}",
                    f"--parallel={parallel}",
                    f"--timeout={int(self._context.timeout_s) + 1}s",
                    *_OPTIONS,
                ),
                timeout_s=self._context.timeout_s,
            )
        )
        return result.exit_code, self._report(result, output)

    def _report(self, result: ProcessResult, output: Path) -> TrivyReport:
        if result.exit_code not in (0, _FOUND, _END_OF_LIFE):
            raise _Refused(Reason.CRASHED, f"Trivy ended with code {result.exit_code}: {result.error_tail()}")
        try:
            report = parse_report(read_bounded(output, _MAXIMUM_REPORT))
        except OSError as error:
            raise _Refused(Reason.BAD_OUTPUT, f"Trivy left no report: {error.strerror}") from None
        except (ReportError, DocumentError) as error:
            raise _Refused(Reason.BAD_OUTPUT, f"Trivy's report can't be used: {error}") from None
        if report.trivy_version != self._tool.identity.version:
            detail = f"the report is from Trivy {report.trivy_version}, the program said {self._tool.identity.version}"
            raise _Refused(Reason.UNTRUSTED_TOOL, detail, "type `mlgate tools install`")
        return report


_OPTIONS = (
    "--cache-backend=memory",
    "--scanners=vuln,secret",
    "--image-config-scanners=secret",
    "--pkg-types=os,library",
    "--list-all-pkgs",
    "--severity=UNKNOWN,LOW,MEDIUM,HIGH,CRITICAL",
    "--ignorefile=",
    "--skip-db-update",
    "--skip-java-db-update",
    "--skip-check-update",
    "--skip-vex-repo-update",
    "--offline-scan",
    "--skip-version-check",
    "--disable-telemetry",
    "--no-progress",
    "--format=json",
    f"--exit-code={_FOUND}",
    f"--exit-on-eol={_END_OF_LIFE}",
)


def _demand_same_image(report: TrivyReport, image: VerifiedImage) -> None:
    """The report is about the image that was verified: configuration, stored and unpacked layers."""
    expected = (
        image.manifest.config.digest,
        tuple(layer.digest for layer in image.manifest.layers),
        image.config.diff_ids,
    )
    if (report.image_id, report.layer_digests, report.diff_ids) != expected:
        raise _Refused(Reason.BAD_OUTPUT, f"Trivy's report is about another image ({report.image_id})")


def _canary_gaps(call: _Call, report: TrivyReport, canaries: Mapping[str, Canary]) -> tuple[Gap, ...]:
    wanted = ["pip"]
    if report.os_family:
        family = report.os_family
        # Debian's advisories go by the major release, Ubuntu's by the whole one.
        release = report.os_release.partition(".")[0] if family == "debian" else report.os_release
        if not can_build(family) or f"{family} {release}" not in canaries:
            known = ", ".join(sorted(target for target in canaries if target != "pip"))
            detail = f"{family} {release} is not among the distributions that can be checked here ({known})"
            return (Gap(Reason.UNSUPPORTED, detail),)
        wanted.append(f"{family} {release}")
    if "pip" not in canaries:
        return (Gap(Reason.CANARY_MISSED, "the database names no canary for Python packages"),)
    chosen = [canaries[target] for target in wanted]
    layout, digest = build_canary(call.workspace / "canary", chosen)
    try:
        _, canary_report = call.scan(layout.path, CANARY_TAG, parallel=1)
        _demand_same_image(canary_report, verified_image(layout, digest))
    except _Refused as error:
        return (Gap(error.reason, f"with the canary: {error.detail}"),)
    except ProcessError as error:
        return (Gap(process_outcome(ID, error).reason, f"with the canary: {error}"),)
    gaps = missed(canary_report, chosen)
    if gaps:
        return (Gap(Reason.CANARY_MISSED, f"Trivy did not find what this database must know: {'; '.join(gaps)}"),)
    return ()


def _not_completed(refused: _Refused, found: tuple[Finding, ...], evidence: Evidence) -> NotCompleted:
    return NotCompleted(
        scanner=ID,
        reason=refused.reason,
        detail=refused.detail,
        remedy=refused.remedy,
        findings=found,
        evidence=evidence,
    )
