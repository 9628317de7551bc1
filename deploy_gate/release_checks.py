"""Which scanners look at a release, at which step of the path. This list is the whole registration.

Only checkov's adapter is imported here: it is the slowest by far, so it must start at once. The others are imported in
their own threads, while it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy_gate.path import Step
from deploy_gate.project import EnvironmentPolicy, Project
from deploy_gate.release_manifest import ReleaseManifest
from scanners.checkov import CheckovScanner
from scanners.interface import ScanContext, Scanner
from verdicts import NotCompleted, Outcome, Reason

STEP_SCANNERS: Mapping[Step, tuple[str, ...]] = {
    Step.CHECK_TEMPLATES: ("checkov", "policy", "rbac-matrix", "assets"),
    Step.CHECK_PACKAGES: ("pip-audit", "allowlist"),
    Step.CHECK_IMAGE: ("trivy", "image-closure"),
    Step.CHECK_MODEL: ("model-artifact",),
    Step.CHECK_EVALUATION: ("evaluation",),
}


@dataclass(frozen=True, slots=True)
class ReleaseInputs:
    """What the checks of a release look at.

    Attributes:
        root: the frozen copy of the project.
        manifest, governance: read from that copy; policy is the environment's, from there too.
        project: the real configuration, for what isn't copied (databases).
        image_layout: OCI layout that holds the image.
        image_digest: None where the registry has no such image.
    """

    root: Path
    manifest: ReleaseManifest
    governance: Project
    policy: EnvironmentPolicy
    project: Project
    image_layout: Path
    image_digest: str | None

    @property
    def requirements(self) -> Path:
        """The closure's requirements file."""
        return self.root / self.manifest.requirements

    @property
    def conda(self) -> Path | None:
        """The conda file, if there is one."""
        return self.root / self.manifest.conda if self.manifest.conda is not None else None


@dataclass(frozen=True, slots=True)
class MissingImage:
    """Stands in for a scanner of an image that isn't there."""

    id: str
    image: str

    def scan(self, context: ScanContext) -> tuple[Outcome, ...]:
        """Says so."""
        return (
            NotCompleted(
                scanner=self.id,
                reason=Reason.UNREADABLE_INPUT,
                detail=f"the registry has no image {self.image}",
                remedy="push it, or correct image: in the release",
            ),
        )


@dataclass(frozen=True, slots=True)
class Deferred:
    """A scanner that is made, and its module imported, when it scans."""

    id: str
    make: Callable[[], Scanner]

    def scan(self, context: ScanContext) -> tuple[Outcome, ...]:
        """See scanners.interface.Scanner."""
        return self.make().scan(context)


def scanners_of(inputs: ReleaseInputs) -> tuple[Scanner, ...]:
    """All scanners of a release, the slowest first."""
    manifest = inputs.manifest
    image: tuple[Scanner, ...]
    if inputs.image_digest is None:
        image = tuple(MissingImage(name, str(manifest.image)) for name in STEP_SCANNERS[Step.CHECK_IMAGE])
    else:
        digest = inputs.image_digest
        image = (
            Deferred("trivy", lambda: _trivy(inputs, digest)),
            Deferred("image-closure", lambda: _image_closure(inputs, digest)),
        )
    return (
        _checkov(inputs),
        *image,
        Deferred("pip-audit", lambda: _pip_audit(inputs)),
        Deferred("policy", lambda: _policy(inputs)),
        Deferred("rbac-matrix", lambda: _rbac_matrix(inputs)),
        *((Deferred("assets", lambda: _assets(inputs)),) if manifest.assets else ()),
        Deferred("allowlist", lambda: _allowlist(inputs)),
        Deferred("model-artifact", lambda: _model(inputs)),
        Deferred("evaluation", lambda: _evaluation(inputs)),
    )


def _checkov(inputs: ReleaseInputs) -> Scanner:
    root, templates = inputs.root, inputs.manifest.templates
    return CheckovScanner(
        tuple(root / item.path for item in templates),
        {root / item.path: root / item.parameters for item in templates if item.parameters is not None},
    )


def _trivy(inputs: ReleaseInputs, digest: str) -> Scanner:
    from scanners.trivy import TrivyScanner

    database = inputs.project.trivy
    return TrivyScanner(inputs.image_layout, digest, database.path, database.maximum_age_days)


def _image_closure(inputs: ReleaseInputs, digest: str) -> Scanner:
    from scanners.image_closure import ImageClosureScanner

    return ImageClosureScanner(inputs.image_layout, digest, inputs.requirements, inputs.conda)


def _pip_audit(inputs: ReleaseInputs) -> Scanner:
    from scanners.pip_audit import PipAuditScanner

    advisories = inputs.project.advisories
    return PipAuditScanner(inputs.requirements, inputs.conda, advisories.path, advisories.maximum_age_days)


def _rbac_matrix(inputs: ReleaseInputs) -> Scanner:
    from deploy_gate.role_assignments import RbacMatrixScanner, TemplateInput

    root = inputs.root
    templates = tuple(
        TemplateInput(root / item.path, root / item.parameters if item.parameters is not None else None)
        for item in inputs.manifest.templates
    )
    governance = inputs.governance
    return RbacMatrixScanner(
        templates, inputs.policy.matrix, governance.principals, organisation=governance.organisation
    )


def _policy(inputs: ReleaseInputs) -> Scanner:
    from deploy_gate.release_policies import ReleasePolicyScanner

    manifest = inputs.manifest
    templates = tuple((item.path, item.parameters) for item in manifest.templates)
    return ReleasePolicyScanner((*templates, *((path, None) for path in manifest.assets)), inputs.policy.profile)


def _assets(inputs: ReleaseInputs) -> Scanner:
    from deploy_gate.assets import AssetScanner

    return AssetScanner(inputs.manifest)


def _allowlist(inputs: ReleaseInputs) -> Scanner:
    from scanners.allowlist import AllowlistScanner

    return AllowlistScanner(inputs.governance.allowlist, inputs.requirements, inputs.conda)


def _model(inputs: ReleaseInputs) -> Scanner:
    from scanners.model_artifacts import ModelArtifactScanner

    manifest = inputs.manifest
    return ModelArtifactScanner(inputs.root / manifest.model, manifest.flavour, manifest.model_digest)


def _evaluation(inputs: ReleaseInputs) -> Scanner:
    from deploy_gate.evaluation import EvaluationScanner

    manifest, policy = inputs.manifest, inputs.policy
    return EvaluationScanner(
        inputs.root / manifest.evaluation, policy.thresholds, manifest.model_digest, policy.minimum_rows
    )
