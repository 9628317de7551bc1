"""Trivy as it answered (0.76.0) about a clean image and a canary, with the digests of the images at hand filled in."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scanners.oci_verification import VerifiedImage
from scanners.trivy import TrivyScanner
from scanners.trivy_canary import build_canary, load_canaries
from scanners.trivy_database import TrivyAdvisory, write_database
from tests.fakes.fake_tools import FakeTool, Reply
from tests.fakes.images import clean_layers, make_image

VERSION = "0.76.0"
UPDATED_AT = dt.datetime(2026, 11, 19, 6, 0, tzinfo=dt.UTC)

ADVISORIES = (
    TrivyAdvisory(
        id="CVE-2024-5535",
        target="debian 12",
        package="openssl",
        fixed="3.0.15-1~deb12u1",
        severity="CRITICAL",
        title="openssl: SSL_select_next_proto buffer overread",
    ),
    TrivyAdvisory(
        id="CVE-2024-34064",
        target="pip",
        package="Jinja2",
        fixed="3.1.4",
        vulnerable=("<= 3.1.3",),
        severity="MEDIUM",
        title="jinja2: xmlattr filter",
    ),
)


def write_trivy_database(folder: Path) -> None:
    """A cache folder with the two advisories above."""
    write_database(folder, ADVISORIES, updated_at=UPDATED_AT)


def os_result(packages: Sequence[tuple[str, str]], **more: Any) -> dict[str, Any]:
    """Debian packages as a result lists them."""
    listed = []
    for name, version in packages:
        upstream, _, revision = version.rpartition("-")
        listed.append({"Name": name, "Version": upstream or revision, "Release": revision if upstream else ""})
    return {"Target": "image", "Class": "os-pkgs", "Type": "debian", "Packages": listed, **more}


def python_result(packages: Mapping[str, tuple[str, str]], **more: Any) -> dict[str, Any]:
    """Python distributions as a result lists them: path to name and version."""
    listed = [{"Name": name, "Version": version, "FilePath": path} for path, (name, version) in packages.items()]
    return {"Target": "Python", "Class": "lang-pkgs", "Type": "python-pkg", "Packages": listed, **more}


def flaw(advisory: TrivyAdvisory, version: str) -> dict[str, Any]:
    """A vulnerability as a result lists it."""
    return {
        "VulnerabilityID": advisory.id,
        "PkgName": advisory.package,
        "InstalledVersion": version,
        "FixedVersion": advisory.fixed,
        "Status": "fixed",
        "Severity": advisory.severity,
        "Title": advisory.title,
    }


def report(image: VerifiedImage, results: Sequence[Mapping[str, Any]], **changes: Any) -> dict[str, Any]:
    """A whole report on an image."""
    return {
        "SchemaVersion": 2,
        "Trivy": {"Version": VERSION},
        "ArtifactName": "image",
        "ArtifactType": "container_image",
        "Metadata": {
            "OS": {"Family": "debian", "Name": "12.0"},
            "ImageID": image.manifest.config.digest,
            "DiffIDs": list(image.config.diff_ids),
            "Layers": [{"Digest": layer.digest} for layer in image.manifest.layers],
        },
        "Results": list(results),
        **changes,
    }


def clean_report(image: VerifiedImage, **changes: Any) -> dict[str, Any]:
    """What Trivy says of `clean_layers()`: both packages, nothing found."""
    inventory = image.inventory
    python = {item.path: (item.name, item.version or "") for item in inventory.python_distributions}
    results = [os_result(sorted(inventory.debian_packages or ())), python_result(python)]
    return report(image, results, **changes)


def canary_report(image: VerifiedImage) -> dict[str, Any]:
    """What Trivy says of the canary: both flaws, both secrets."""
    secret = {"RuleID": "github-pat", "Severity": "CRITICAL", "Title": "GitHub token", "StartLine": 1}
    debian, pip = ADVISORIES
    results: list[dict[str, Any]] = [
        os_result([("openssl", "0")], Vulnerabilities=[flaw(debian, "0")]),
        python_result({"x": ("Jinja2", "0")}, Vulnerabilities=[flaw(pip, "0")]),
        {"Target": "/usr/share/canary/settings.txt", "Class": "secret", "Secrets": [secret]},
        {"Target": "image", "Class": "secret", "Secrets": [secret]},
    ]
    return report(image, results)


def build_trivy_scanner(root: Path) -> TrivyScanner:
    """The scanner for a clean image, both made below the project's root."""
    layout, digest = make_image(root / "registry", clean_layers())
    write_trivy_database(root / "trivy-cache")
    return TrivyScanner(layout.path, digest, root / "trivy-cache", 7)


def trivy_tool(
    image_report: Mapping[str, Any] | None = None, canary: Mapping[str, Any] | None = None, *, exit_code: int = 0
) -> FakeTool:
    """Trivy as it answers about `build_trivy_scanner`'s image and about its canary, unless something else is given."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        layout, digest = make_image(folder / "image", clean_layers())
        image = layout.verify(digest)
        write_trivy_database(folder / "cache")
        canaries = load_canaries(folder / "cache")
        canary_layout, canary_digest = build_canary(folder / "canary", [canaries["pip"], canaries["debian 12"]])
        canary_image = canary_layout.verify(canary_digest)
    return FakeTool(
        name="trivy",
        version=VERSION,
        replies=(
            Reply(
                when=("image", "--parallel=1"),
                output=json.dumps(canary or canary_report(canary_image)),
                nothing=json.dumps(report(canary_image, [])),
                output_option="--output",
                exit_code=10,
            ),
            Reply(
                when=("image",),
                output=json.dumps(image_report or clean_report(image)),
                nothing=json.dumps(report(image, [])),
                output_option="--output",
                exit_code=exit_code,
            ),
        ),
    )
