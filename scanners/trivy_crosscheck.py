"""What Trivy listed against what a reading of our own found in the same layers.

Trivy passes over packages without a word: metadata without a version, metadata behind a link, a package database that
it can't parse. Whatever stands in the image and not in its list was not compared with any advisory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from scanners.image_inventory import ImageInventory
from scanners.trivy_report import ListedPackage, TrivyReport
from verdicts import Reason

# The types of libraries whose comparison the canary proves.
_PROVEN_TYPES = frozenset({"python-pkg"})
_SHOWN = 10
DPKG_FAMILIES = frozenset({"debian", "ubuntu"})
CONDA_TYPE = "conda-pkg"


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that was not looked at, and why."""

    reason: Reason
    detail: str


def listing_gaps(
    report: TrivyReport, inventory: ImageInventory, *, distroless: bool, unscanned: frozenset[str]
) -> tuple[Gap, ...]:
    """What the report lacks; () if it lists all that is there.

    Args:
        distroless: no packages of a distribution are expected.
        unscanned: types of packages that may stay without a comparison.
    """
    systems = [package for package in report.packages if package.kind == "os"]
    gaps: list[Gap] = []
    if not distroless and not report.os_family:
        gaps.append(Gap(Reason.NOTHING_EXAMINED, "Trivy did not recognise the image's distribution"))
    elif not distroless and not systems:
        gaps.append(Gap(Reason.NOTHING_EXAMINED, "Trivy found no packages of the image's distribution"))
    if not report.packages and not gaps:
        gaps.append(Gap(Reason.NOTHING_EXAMINED, "Trivy found no packages in the image"))
    gaps += _debian_gaps(report, systems, inventory)
    gaps += _python_gaps(report.packages, inventory)
    gaps += _type_gaps(report.packages, unscanned)
    if CONDA_TYPE not in unscanned:
        gaps += _conda_gaps(report.packages, inventory)
    return tuple(gaps)


def accepted_types(report: TrivyReport, inventory: ImageInventory, unscanned: frozenset[str]) -> tuple[str, ...]:
    """The types of packages in the image that stay without a comparison because policy accepts it, sorted."""
    there = {package.type for package in report.packages} | ({CONDA_TYPE} if inventory.conda_packages else set())
    return tuple(sorted(there & unscanned))


def _debian_gaps(report: TrivyReport, systems: list[ListedPackage], inventory: ImageInventory) -> Iterator[Gap]:
    if inventory.debian_packages is None:
        if systems and report.os_family in DPKG_FAMILIES:
            # Trivy went on with a lower layer's database where a higher one replaces it by a link.
            yield Gap(Reason.INCOMPLETE, "the image's package database is not a file that can be read")
        return
    listed = {(package.name, package.version) for package in systems}
    missing = sorted(f"{name} {version}" for name, version in inventory.debian_packages - listed)
    if missing:
        yield Gap(Reason.INCOMPLETE, f"Trivy left out installed packages: {_some(missing)}")


def _python_gaps(packages: tuple[ListedPackage, ...], inventory: ImageInventory) -> Iterator[Gap]:
    listed = {
        (package.path, canonicalize_name(package.name), package.version)
        for package in packages
        if package.type == "python-pkg"
    }
    missing = [
        f"{distribution.path} ({distribution.name} {distribution.version or 'without a version'})"
        for distribution in inventory.python_distributions
        if (distribution.path, canonicalize_name(distribution.name), distribution.version) not in listed
        and not inventory.belongs_to_debian(distribution)
    ]
    if missing:
        yield Gap(Reason.INCOMPLETE, f"Trivy left out Python distributions: {_some(missing)}")


def _type_gaps(packages: tuple[ListedPackage, ...], unscanned: frozenset[str]) -> Iterator[Gap]:
    unproven: dict[str, list[str]] = {}
    for package in packages:
        if package.kind == "library" and package.type not in _PROVEN_TYPES | unscanned:
            unproven.setdefault(package.type, []).append(f"{package.name} {package.version}".strip())
    for kind, names in sorted(unproven.items()):
        yield Gap(
            Reason.INCOMPLETE,
            f"no canary proves that packages of type {kind} are compared: {_some(sorted(names))}",
        )


def _conda_gaps(packages: tuple[ListedPackage, ...], inventory: ImageInventory) -> Iterator[Gap]:
    """Trivy compares what conda installed only where it is a Python distribution as well."""
    listed = {
        (canonicalize_name(package.name), package.version) for package in packages if package.type == "python-pkg"
    }
    missing = sorted(
        f"{name} {version}"
        for name, version in inventory.conda_packages
        if (canonicalize_name(name), version) not in listed
    )
    if missing:
        yield Gap(
            Reason.INCOMPLETE,
            f"Trivy compares no conda packages: {_some(missing)} (policy can accept the type {CONDA_TYPE})",
        )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
