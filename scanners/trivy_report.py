"""Trivy's JSON report (schema 2), read strictly: a report that lacks what it must have is no clean report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from verdicts.documents import DocumentError, parse_json

SCHEMA_VERSION = 2


class ReportError(ValueError):
    """The report is not one of Trivy's, or not whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPackage:
    """A package that Trivy saw.

    Attributes:
        kind: "os" or "library".
        type: "debian", "python-pkg", "conda-pkg", ...
        name, version: as installed (Debian: with epoch and revision).
        path: of its metadata in the image, or "".
    """

    kind: str
    type: str
    name: str
    version: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vulnerability:
    """An advisory that applies to a package. `severity` is Trivy's word; `fixed` is "" where there is no fix."""

    id: str
    package: str
    installed: str
    fixed: str
    status: str
    severity: str
    title: str
    url: str
    resource: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """Where a secret stands; never the secret. `in_configuration` means an environment variable or a build step."""

    rule: str
    title: str
    severity: str
    target: str
    line: int
    in_configuration: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TrivyReport:
    """A whole report.

    Attributes:
        trivy_version: of the program that wrote it.
        image_id: digest of the image's configuration.
        diff_ids: of the unpacked layers, lowest first.
        layer_digests: of the stored layers, lowest first.
        os_family, os_release: "debian" and "12.5"; "" if none was recognised.
        end_of_life: whether the release gets no updates any more.
        packages, vulnerabilities, secrets: everything listed.
    """

    trivy_version: str
    image_id: str
    diff_ids: tuple[str, ...]
    layer_digests: tuple[str, ...]
    os_family: str
    os_release: str
    end_of_life: bool
    packages: tuple[ListedPackage, ...]
    vulnerabilities: tuple[Vulnerability, ...]
    secrets: tuple[Secret, ...]


def parse_report(data: bytes) -> TrivyReport:
    """A report from its bytes. Raises ReportError."""
    try:
        content = _mapping(parse_json(data), "the report")
        if content.get("SchemaVersion") != SCHEMA_VERSION:
            raise ReportError(f"schema version {content.get('SchemaVersion')!r}, expected {SCHEMA_VERSION}")
        if content.get("ArtifactType") != "container_image":
            raise ReportError(f"a report on {content.get('ArtifactType')!r}, not on a container image")
        metadata = _mapping(content.get("Metadata"), "Metadata")
        system = _mapping(metadata.get("OS", {}), "OS")
        results = list(_mappings(content, "Results"))
        artifact = _text(content, "ArtifactName")
        return TrivyReport(
            trivy_version=_text(_mapping(content.get("Trivy"), "Trivy"), "Version"),
            image_id=_text(metadata, "ImageID"),
            diff_ids=_texts(metadata, "DiffIDs"),
            layer_digests=tuple(_text(layer, "Digest") for layer in _mappings(metadata, "Layers")),
            os_family=_text(system, "Family", ""),
            os_release=_text(system, "Name", ""),
            end_of_life=system.get("EOSL") is True,
            packages=tuple(package for result in results for package in _packages(result)),
            vulnerabilities=tuple(item for result in results for item in _vulnerabilities(result)),
            secrets=tuple(secret for result in results for secret in _secrets(result, artifact)),
        )
    except DocumentError as error:
        raise ReportError(str(error)) from None


def _mapping(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ReportError(f"{name} is missing or not an object")
    return value


def _mappings(parent: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    # Go leaves an empty list out, or writes null.
    value = parent.get(name)
    if value is None:
        return
    if not isinstance(value, list):
        raise ReportError(f"{name} is not a list")
    for item in value:
        yield _mapping(item, f"an item of {name}")


def _text(parent: dict[str, Any], name: str, default: str | None = None) -> str:
    value = parent.get(name, default)
    if not isinstance(value, str) or (default is None and not value):
        raise ReportError(f"{name} is missing or not text")
    return value


def _texts(parent: dict[str, Any], name: str) -> tuple[str, ...]:
    value = parent.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ReportError(f"{name} is not a list of texts")
    return tuple(value)


def _packages(result: dict[str, Any]) -> Iterator[ListedPackage]:
    kinds = {"os-pkgs": "os", "lang-pkgs": "library"}
    kind = kinds.get(_text(result, "Class", ""), "")
    for package in _mappings(result, "Packages"):
        if not kind:
            raise ReportError(f"packages of the unknown class {result.get('Class')!r}")
        yield ListedPackage(
            kind=kind,
            type=_text(result, "Type"),
            name=_text(package, "Name"),
            version=_installed_version(package),
            path=_text(package, "FilePath", ""),
        )


def _installed_version(package: dict[str, Any]) -> str:
    """Epoch, version and revision put together again as dpkg writes them."""
    version = _text(package, "Version", "")
    if epoch := package.get("Epoch"):
        version = f"{epoch}:{version}"
    release = _text(package, "Release", "")
    return f"{version}-{release}" if release else version


def _vulnerabilities(result: dict[str, Any]) -> Iterator[Vulnerability]:
    for item in _mappings(result, "Vulnerabilities"):
        name, installed = _text(item, "PkgName"), _text(item, "InstalledVersion", "")
        identifier = _mapping(item.get("PkgIdentifier", {}), "PkgIdentifier")
        yield Vulnerability(
            id=_text(item, "VulnerabilityID"),
            package=name,
            installed=installed,
            fixed=_text(item, "FixedVersion", ""),
            status=_text(item, "Status", ""),
            severity=_text(item, "Severity", "UNKNOWN"),
            title=_text(item, "Title", ""),
            url=_text(item, "PrimaryURL", ""),
            resource=_text(identifier, "PURL", "") or f"{result.get('Type')}:{name}@{installed}",
        )


def _secrets(result: dict[str, Any], artifact: str) -> Iterator[Secret]:
    target = _text(result, "Target", "")
    for item in _mappings(result, "Secrets"):
        line = item.get("StartLine")
        yield Secret(
            rule=_text(item, "RuleID"),
            title=_text(item, "Title", ""),
            severity=_text(item, "Severity", "UNKNOWN"),
            target=target,
            line=line if isinstance(line, int) else 0,
            in_configuration=target == artifact,
        )
