"""Which scanners look at a release, at which step of the path. This list is the whole registration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy_gate.assets import AssetScanner
from deploy_gate.evaluation import EvaluationScanner
from deploy_gate.path import Step
from deploy_gate.project import EnvironmentPolicy, Project
from deploy_gate.release_manifest import ReleaseManifest
from deploy_gate.role_assignments import RbacMatrixScanner, TemplateInput
from scanners.allowlist import AllowlistScanner
from scanners.checkov import CheckovScanner
from scanners.image_closure import ImageClosureScanner
from scanners.interface import ScanContext, Scanner
from scanners.model_artifacts import ModelArtifactScanner
from scanners.pip_audit import PipAuditScanner
from scanners.trivy import TrivyScanner
from verdicts import NotCompleted, Outcome, Reason

STEP_SCANNERS: Mapping[Step, tuple[str, ...]] = {
    Step.CHECK_TEMPLATES: ("checkov", "rbac-matrix", "assets"),
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


def scanners_of(inputs: ReleaseInputs) -> tuple[Scanner, ...]:
    """All scanners of a release, the slowest to start first."""
    manifest, root = inputs.manifest, inputs.root
    requirements = root / manifest.requirements
    conda = root / manifest.conda if manifest.conda is not None else None
    templates = tuple(
        TemplateInput(root / item.path, root / item.parameters if item.parameters is not None else None)
        for item in manifest.templates
    )
    advisories, trivy = inputs.project.advisories, inputs.project.trivy
    image: tuple[Scanner, ...]
    if inputs.image_digest is None:
        image = tuple(MissingImage(name, str(manifest.image)) for name in STEP_SCANNERS[Step.CHECK_IMAGE])
    else:
        image = (
            TrivyScanner(inputs.image_layout, inputs.image_digest, trivy.path, trivy.maximum_age_days),
            ImageClosureScanner(inputs.image_layout, inputs.image_digest, requirements, conda),
        )
    return (
        CheckovScanner(
            tuple(item.path for item in templates),
            {item.path: item.parameters for item in templates if item.parameters is not None},
        ),
        *image,
        PipAuditScanner(requirements, conda, advisories.path, advisories.maximum_age_days),
        RbacMatrixScanner(templates, inputs.policy.matrix, inputs.governance.principals),
        *((AssetScanner(manifest),) if manifest.assets else ()),
        AllowlistScanner(inputs.governance.allowlist, requirements, conda),
        ModelArtifactScanner(root / manifest.model, manifest.flavour, manifest.model_digest),
        EvaluationScanner(
            root / manifest.evaluation, inputs.policy.thresholds, manifest.model_digest, inputs.policy.minimum_rows
        ),
    )
