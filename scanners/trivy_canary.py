"""The canary: a small image made by the gate whose flaws the given database and binary must find.

A database that is empty, or that lacks the image's distribution, lets Trivy end well without having compared
it with anything. So beside every image the gate scans one of its own with the same distribution and release, a
vulnerable package of each kind, and made-up secrets; what isn't found there wasn't looked for in the image either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanners.image_builder import (
    DebianPackage,
    Layer,
    RunConfig,
    build_image,
    dpkg_base_layer,
    python_distributions_layer,
)
from scanners.oci_layout import OciLayout
from scanners.trivy_report import TrivyReport
from verdicts.documents import load_document
from verdicts.sections import Section

CANARY_FILE = "canary.json"
SCHEMA = "mlgate/trivy-canaries/v1"
TAG = "canary"

_BUILT_IN = Path(__file__).with_name("data") / "trivy-canaries.yml"
_SETTINGS = "usr/share/canary/settings.txt"
_DPKG_FAMILIES = {"debian": ("Debian GNU/Linux", "debian"), "ubuntu": ("Ubuntu", "ubuntu")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A package that a database is known to flag.

    Attributes:
        target: "debian 12", "ubuntu 22.04" or "pip".
        package: source package or Python distribution.
        version: an affected one.
        finds: advisory ids, of which at least one must be reported for it.
    """

    target: str
    package: str
    version: str
    finds: tuple[str, ...]


def load_canaries(database: Path) -> Mapping[str, Canary]:
    """Canaries by target: from `canary.json` in the cache folder; without one, well-known flaws that any full Trivy
    database has. Raises ConfigurationError."""
    own = database / CANARY_FILE
    path = own if own.exists() else _BUILT_IN
    root = Section(load_document(path), str(path))
    if root.text("schema") != SCHEMA:
        raise root.error(f"expected schema {SCHEMA}", "schema")
    canaries: dict[str, Canary] = {}
    for section in root.sections("canaries"):
        canary = Canary(
            target=section.text("target"),
            package=section.text("package"),
            version=section.text("version"),
            finds=section.texts("finds"),
        )
        section.finish()
        if not canary.finds:
            raise section.error("a canary must find something", "finds")
        canaries[canary.target] = canary
    root.finish()
    return canaries


def canaries_as_json(canaries: Sequence[Canary]) -> dict[str, Any]:
    """As `canary.json` holds them."""
    return {
        "schema": SCHEMA,
        "canaries": [
            {"target": item.target, "package": item.package, "version": item.version, "finds": list(item.finds)}
            for item in canaries
        ],
    }


def can_build(family: str) -> bool:
    """Whether a canary of this distribution can be made."""
    return family in _DPKG_FAMILIES


def build_canary(folder: Path, canaries: Sequence[Canary]) -> tuple[OciLayout, str]:
    """Builds the image. Returns its layout (tag `TAG`) and digest. Raises OSError."""
    layers = [Layer.of_files({_SETTINGS: f"token = {_secret()}\n".encode()})]
    for canary in canaries:
        if canary.target == "pip":
            layers.append(python_distributions_layer({canary.package: canary.version}))
        else:
            family, _, release = canary.target.partition(" ")
            layers.append(_distribution_layer(family, release, canary))
    layout = OciLayout.create(folder)
    return layout, build_image(layers, layout, TAG, RunConfig(environment={"CANARY_TOKEN": _secret()}))


def missed(report: TrivyReport, canaries: Sequence[Canary]) -> tuple[str, ...]:
    """What should have been found in the canary and wasn't, in words; () if all is well."""
    found = {(item.package.lower(), item.id) for item in report.vulnerabilities}
    gaps = [
        f"{canary.target}: {canary.finds[0]} in {canary.package} {canary.version}"
        for canary in canaries
        if not any((canary.package.lower(), advisory) in found for advisory in canary.finds)
    ]
    if not any(secret.target == f"/{_SETTINGS}" for secret in report.secrets):
        gaps.append("a secret in a file")
    if not any(secret.in_configuration for secret in report.secrets):
        gaps.append("a secret in the image's configuration")
    return tuple(gaps)


def _distribution_layer(family: str, release: str, canary: Canary) -> Layer:
    name, identifier = _DPKG_FAMILIES[family]
    os_release = f'NAME="{name}"\nPRETTY_NAME="{name} {release}"\nVERSION_ID="{release}"\nID={identifier}\n'
    extra = {"etc/debian_version": f"{release}.0\n".encode()} if family == "debian" else {}
    if family == "ubuntu":
        extra["etc/lsb-release"] = f"DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE={release}\n".encode()
    return dpkg_base_layer([DebianPackage(canary.package, canary.version)], os_release=os_release, extra=extra)


def _secret() -> str:
    """The shape of a GitHub token, put together here so that no scanner of our own sources finds one."""
    return "".join(("gh", "p_", "Canary0", "123456789" * 3, "xy"))
