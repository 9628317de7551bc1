"""The Azure ML files of a release against its manifest: they must speak of the same endpoint, image and code.

A release whose environment names another image than the one that is scanned, or whose deployment goes to another
endpoint, would be judged by what doesn't run. Deeper rules about these files are the policy packs' business.
"""

from __future__ import annotations

import enum
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, assert_never

from deploy_gate.release_manifest import ReleaseManifest
from scanners.interface import ScanContext
from verdicts import Completed, Evidence, Finding, InputDigest, Location, NotCompleted, Outcome, Reason, Severity
from verdicts.digests import digest_bytes
from verdicts.documents import Document, DocumentError, parse_yaml, read_bounded

SCANNER = "assets"
MISMATCH_RULE = "MLG-ASSET-MISMATCH"
MAXIMUM_BYTES = 4 * 1024 * 1024


class Kind(enum.Enum):
    """Azure ML CLI v2 files that a release consists of; the values are the names of their schemas."""

    ONLINE_ENDPOINT = "OnlineEndpoint"
    ONLINE_DEPLOYMENT = "OnlineDeployment"
    ENVIRONMENT = "environment"
    SCHEDULE = "schedule"


@dataclass(frozen=True, slots=True)
class _Disagreement:
    """What a file says and what the release says of one property."""

    key: str
    said: str
    expected: str


@dataclass(frozen=True, slots=True)
class AssetScanner:
    """See scanners.interface.Scanner.

    Attributes:
        manifest: the release; its assets are what is read.
    """

    manifest: ReleaseManifest

    @property
    def id(self) -> str:
        """Stable identifier."""
        return SCANNER

    def scan(self, context: ScanContext) -> tuple[Outcome, ...]:
        """One outcome for the files that were compared, and one for each that could not be."""
        findings: list[Finding] = []
        inputs: list[InputDigest] = []
        unread: list[NotCompleted] = []
        for path in self.manifest.assets:
            try:
                data = read_bounded(context.root / path, MAXIMUM_BYTES)
                document = parse_yaml(data)
                kind = kind_of(document.content)
                findings += self._findings(kind, document, path)
            except OSError as error:
                unread.append(_unread(path, None, str(error.strerror or error)))
            except DocumentError as error:
                unread.append(_unread(path, error.line, str(error)))
            else:
                inputs.append(InputDigest(path.as_posix(), digest_bytes(data)))
        compared = Completed(
            scanner=SCANNER,
            examined=len(inputs),
            unit="files",
            findings=tuple(findings),
            evidence=Evidence(inputs=tuple(inputs)),
        )
        return (compared, *unread) if inputs or not unread else tuple(unread)

    def _findings(self, kind: Kind, document: Document, path: Path) -> Iterator[Finding]:
        for item in self._disagreements(kind, document.content, path):
            yield Finding(
                rule_id=MISMATCH_RULE,
                scanner=SCANNER,
                severity=Severity.HIGH,
                message=f"{item.key} is {item.said!r}; the release says {item.expected!r}",
                remediation="make the file and the release agree: only what the release names is checked",
                resource=path.as_posix(),
                subject=item.key,
                location=Location(path.as_posix(), document.line((item.key,))),
                documentation=f"docs/rules/{MISMATCH_RULE}.md",
            )

    def _disagreements(self, kind: Kind, content: dict[str, Any], path: Path) -> Iterator[_Disagreement]:
        match kind:
            case Kind.ONLINE_ENDPOINT:
                yield from _compare("name", content.get("name"), self.manifest.endpoint)
            case Kind.ONLINE_DEPLOYMENT:
                yield from _compare("endpoint_name", content.get("endpoint_name"), self.manifest.endpoint)
                yield from self._code(content.get("code_configuration"), path)
            case Kind.ENVIRONMENT:
                yield from self._image(content)
            case Kind.SCHEDULE:
                yield from self._monitored(content)
            case _:
                assert_never(kind)

    def _monitored(self, content: dict[str, Any]) -> Iterator[_Disagreement]:
        """A monitor of another endpoint would leave this one unwatched."""
        monitor = content.get("create_monitor")
        target = monitor.get("monitoring_target") if isinstance(monitor, dict) else None
        said = target.get("endpoint_deployment_id") if isinstance(target, dict) else None
        name = str(said).removeprefix("azureml:").partition(":")[0] if said is not None else None
        yield from _compare("endpoint_deployment_id", name, self.manifest.endpoint)

    def _code(self, configuration: Any, path: Path) -> Iterator[_Disagreement]:
        if not isinstance(configuration, dict):
            return  # a model that brings its own scoring (MLflow)
        expected = self.manifest.code.as_posix()
        said = str(configuration.get("code", ""))
        if posixpath.normpath(posixpath.join(path.parent.as_posix(), said)) != expected:
            yield _Disagreement("code_configuration", said, expected)
        script = str(configuration.get("scoring_script", ""))
        if posixpath.normpath(script) != self.manifest.entry_script:
            yield _Disagreement("code_configuration", script, self.manifest.entry_script)

    def _image(self, content: dict[str, Any]) -> Iterator[_Disagreement]:
        image = self.manifest.image
        if content.get("conda_file") is not None or content.get("build") is not None:
            # Azure ML would build another image from it, which nobody has scanned.
            yield _Disagreement("image", "built from a conda file or a Dockerfile", str(image))
            return
        said = str(content.get("image", ""))
        name, _, digest = said.partition("@")
        repository, _, tag = name.rpartition(":") if ":" in name.rpartition("/")[2] else (name, "", "")
        same_repository = repository == image.repository or repository.endswith(f"/{image.repository}")
        same_image = digest == image.digest if digest and image.digest else tag == image.tag and not digest
        if not same_repository or not same_image:
            yield _Disagreement("image", said, str(image))


def environment_variables(manifest: ReleaseManifest, root: Path) -> dict[str, str]:
    """What the release's deployment file sets for its scoring code, if anything. Raises DocumentError, OSError."""
    variables: dict[str, str] = {}
    for path in manifest.assets:
        document = parse_yaml(read_bounded(root / path, MAXIMUM_BYTES))
        if kind_of(document.content) is Kind.ONLINE_DEPLOYMENT:
            given = document.content.get("environment_variables")
            if isinstance(given, dict):
                variables |= {str(name): str(value) for name, value in given.items()}
    return variables


def _compare(key: str, said: Any, expected: str) -> Iterator[_Disagreement]:
    if said != expected:
        yield _Disagreement(key, str(said), expected)


def kind_of(content: Any) -> Kind:
    """What the file is, by its $schema, else by its structure. Raises DocumentError for anything else."""
    if not isinstance(content, dict):
        raise DocumentError("not an Azure ML file: a mapping is expected", 1)
    schema = str(content.get("$schema", "")).rpartition("/")[2].partition(".")[0].lower()
    for kind in Kind:
        if schema.endswith(kind.value.lower()):
            return kind
    if schema:
        raise DocumentError(f"an Azure ML file of the kind {schema}, which a release doesn't take yet", 1)
    if "endpoint_name" in content:
        return Kind.ONLINE_DEPLOYMENT
    if "auth_mode" in content:
        return Kind.ONLINE_ENDPOINT
    if {"image", "conda_file", "build"} & set(content):
        return Kind.ENVIRONMENT
    raise DocumentError("it can't be told which kind of Azure ML file this is: add $schema", 1)


def _unread(path: Path, line: int | None, why: str) -> NotCompleted:
    return NotCompleted(
        scanner=SCANNER,
        reason=Reason.UNREADABLE_INPUT,
        detail=why,
        remedy="mend the file, or take it out of the release's assets",
        location=Location(path.as_posix(), line),
    )
