"""The image against the pinned closure: what was audited is what is installed, no more and no less.

Advisories and allowlist are held against the requirements file; this scanner makes sure that the file tells the truth
about the image. Python distributions that are part of a Debian package, or that lie inside another distribution and
stand in its RECORD, belong to those.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from scanners.closures import Closure, PinnedPackage, ProblemKind, read_closure
from scanners.image_inventory import ImageInventory, PythonDistribution
from scanners.interface import ScanContext
from scanners.oci_documents import ImageError
from scanners.oci_layout import OciLayout
from scanners.verified_images import verified_image
from verdicts import Completed, Evidence, Finding, InputDigest, NotCompleted, Outcome, Reason, Severity

ID = "image-closure"
UNPINNED = "MLG-IMAGE-UNPINNED-PACKAGE"
MISSING = "MLG-IMAGE-MISSING-PACKAGE"


@dataclass(frozen=True, slots=True)
class ImageClosureScanner:
    """Compares the Python distributions of an image with a pinned requirements file.

    Attributes:
        layout: the OCI layout folder that holds the image.
        digest: of its manifest, "sha256:...".
        requirements: the pinned file.
        conda: the conda environment file around it, if there is one: its Python decides which entries are installed.
    """

    layout: Path
    digest: str
    requirements: Path
    conda: Path | None = None

    @property
    def id(self) -> str:
        """See Scanner."""
        return ID

    def scan(self, context: ScanContext) -> tuple[Outcome, ...]:
        """See Scanner."""
        closure = read_closure(self.requirements, self.conda, root=context.root)
        evidence = Evidence(inputs=(InputDigest("image", self.digest), *closure.inputs))
        gaps: list[Outcome] = [
            NotCompleted(
                scanner=ID,
                reason=Reason.UNREADABLE_INPUT,
                detail=problem.message,
                remedy=problem.remedy,
                location=problem.location,
                evidence=evidence,
            )
            for problem in closure.problems_of(ProblemKind.UNREADABLE, ProblemKind.INCOMPLETE)
        ]
        try:
            inventory = verified_image(OciLayout(self.layout), self.digest).inventory
        except ImageError as error:
            detail, remedy = str(error), error.remedy or "build and push the image again"
            refused = NotCompleted(scanner=ID, reason=error.reason, detail=detail, remedy=remedy, evidence=evidence)
            return (*gaps, refused)
        examined = own_distributions(inventory, closure)
        done = Completed(
            scanner=ID,
            examined=len(examined),
            unit="distributions",
            findings=tuple(_differences(examined, closure, self.digest)),
            evidence=evidence,
        )
        return (*gaps, done)


def own_distributions(inventory: ImageInventory, closure: Closure) -> tuple[PythonDistribution, ...]:
    """The distributions that the closure has to answer for."""
    pinned = {package.name for package in closure.packages}
    return tuple(
        distribution
        for distribution in inventory.python_distributions
        if not inventory.belongs_to_debian(distribution)
        and not (distribution.vendored_by and canonicalize_name(distribution.vendored_by) in pinned)
    )


def _differences(distributions: tuple[PythonDistribution, ...], closure: Closure, digest: str) -> Iterator[Finding]:
    pinned = {package.name: package for package in closure.packages}
    installed: set[str] = set()
    for distribution in distributions:
        name: str = canonicalize_name(distribution.name)
        installed.add(name)
        expected = pinned.get(name)
        if expected is None:
            yield _unpinned(distribution, "the pinned closure doesn't name it")
        elif distribution.version is None:
            yield _unpinned(distribution, "its metadata names no version")
        elif expected.version is None or not _same(distribution.version, expected.version):
            yield _unpinned(distribution, f"the closure pins {expected.version or 'no version'}")
    for name, package in pinned.items():
        if name not in installed:
            yield _missing(package, digest)


def _unpinned(distribution: PythonDistribution, why: str) -> Finding:
    version = distribution.version or "without a version"
    return Finding(
        rule_id=UNPINNED,
        scanner=ID,
        severity=Severity.HIGH,
        message=f"the image holds {distribution.name} {version}: {why}",
        remediation="install exactly the pinned closure into the image, with --require-hashes and nothing else",
        resource=f"pkg:pypi/{canonicalize_name(distribution.name)}@{distribution.version or ''}",
        subject=distribution.path,
        documentation=f"docs/rules/{UNPINNED}.md",
    )


def _missing(package: PinnedPackage, digest: str) -> Finding:
    return Finding(
        rule_id=MISSING,
        scanner=ID,
        severity=Severity.MEDIUM,
        message=f"the closure pins {package.name} {package.version or ''}, and the image doesn't hold it".replace(
            "  ", " "
        ),
        remediation="build the image from the closure that is being released, or lock the closure again",
        resource=package.url,
        subject=f"image {digest}",
        location=package.location,
        documentation=f"docs/rules/{MISSING}.md",
    )


def _same(one: str, other: str) -> bool:
    """Whether two spellings mean one version (PEP 440: 0.18 is 0.18.0, and 2.1.0+cpu isn't 2.1.0)."""
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other
