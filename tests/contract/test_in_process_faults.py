"""The scanners that start no program: whatever is wrong with what they look at, nothing is allowed."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import scanners.running as running
from deploy_gate.assets import AssetScanner
from deploy_gate.evaluation import EvaluationScanner, Threshold
from deploy_gate.release_manifest import load_manifest
from deploy_gate.role_assignments import RbacMatrixScanner, TemplateInput
from scanners.allowlist import AllowlistScanner
from scanners.image_closure import ImageClosureScanner
from scanners.interface import ScanContext, Scanner
from scanners.model_artifacts import ModelArtifactScanner
from scanners.running import run_scanners
from tests.fakes.fake_ports import EmptyToolbox
from tests.fakes.tiny_project import RELEASE, write_tiny_project
from verdicts import ConfigurationError, Decision, Outcome, Severity, decide

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
DIGEST = "sha256:" + "0" * 64


@dataclass(frozen=True)
class Subject:
    """A scanner, and the file that it looks at (relative to the project)."""

    name: str
    looks_at: str
    make: Callable[[Path], Scanner]


def assets(root: Path) -> Scanner:
    present = (root / "endpoint.yml").exists()
    if not present:
        (root / "endpoint.yml").touch()
    (root / "release.yml").write_text(RELEASE + "assets: [endpoint.yml]\n")
    scanner = AssetScanner(load_manifest(root / "release.yml", root))
    if not present:
        (root / "endpoint.yml").unlink()
    return scanner


SUBJECTS = [
    Subject(
        "allowlist", "requirements.txt", lambda r: AllowlistScanner(r / "allowlist.yml", r / "requirements.txt", None)
    ),
    Subject(
        "allowlist file", "allowlist.yml", lambda r: AllowlistScanner(r / "allowlist.yml", r / "requirements.txt", None)
    ),
    Subject(
        "rbac-matrix",
        "template.json",
        lambda r: RbacMatrixScanner((TemplateInput(r / "template.json"),), "production", r / "principals.yml"),
    ),
    Subject(
        "principals file",
        "principals.yml",
        lambda r: RbacMatrixScanner((TemplateInput(r / "template.json"),), "production", r / "principals.yml"),
    ),
    Subject("model-artifact", "model.pkl", lambda r: ModelArtifactScanner(r / "model.pkl", "scikit-learn", None)),
    Subject(
        "evaluation",
        "results.json",
        lambda r: EvaluationScanner(r / "results.json", (Threshold(metric="accuracy", minimum=0.5),), DIGEST),
    ),
    Subject("assets", "endpoint.yml", assets),
    Subject("image-closure", "layout", lambda r: ImageClosureScanner(r / "layout", DIGEST, r / "requirements.txt")),
]


def missing(path: Path) -> None:
    path.unlink(missing_ok=True)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def truncated(path: Path) -> None:
    path.write_bytes(b'{"schema": "mlgate/')


def noise(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 8)


def folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def link_out(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("/etc/passwd")


FAULTS = [missing, empty, truncated, noise, folder, link_out]


def verdict_of(scanner: Scanner, root: Path) -> Decision:
    outcomes = run_scanners([scanner], ScanContext(root, root, NOW, EmptyToolbox(), timeout_s=60))[scanner.id]
    return decide(outcomes, required=frozenset({scanner.id}), fail_on=Severity.LOW, at=NOW).decision


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_a_broken_input_is_never_allowed(tmp_path: Path, subject: Subject, fault: Callable[[Path], None]) -> None:
    root = tmp_path / "project"
    write_tiny_project(root)
    fault(root / subject.looks_at)
    try:
        scanner = subject.make(root)
    except ConfigurationError:
        return  # refused before anything is scanned
    # A line that is no pin denies by itself; everything else here can't be looked at.
    expected = {Decision.COULD_NOT_CHECK} | ({Decision.DENIED} if subject.looks_at == "requirements.txt" else set())
    assert verdict_of(scanner, root) in expected


@dataclass(frozen=True)
class Misbehaving:
    """A scanner with a defect."""

    id: str
    scan_it: Callable[[ScanContext], tuple[Outcome, ...]]

    def scan(self, context: ScanContext) -> tuple[Outcome, ...]:
        return self.scan_it(context)


def test_a_crash_inside_a_scanner_is_could_not_check(tmp_path: Path) -> None:
    def crash(_: ScanContext) -> tuple[Outcome, ...]:
        raise ZeroDivisionError("a defect")

    assert verdict_of(Misbehaving("allowlist", crash), tmp_path) is Decision.COULD_NOT_CHECK


def test_a_scanner_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(_: ScanContext) -> tuple[Outcome, ...]:
        time.sleep(30)
        return ()

    monkeypatch.setattr(running, "GRACE_S", 0.2)
    scanner = Misbehaving("allowlist", hang)
    outcomes = run_scanners([scanner], ScanContext(tmp_path, tmp_path, NOW, EmptyToolbox(), timeout_s=0.1))["allowlist"]
    decision = decide(outcomes, required=frozenset({"allowlist"}), fail_on=Severity.LOW, at=NOW).decision
    assert decision is Decision.COULD_NOT_CHECK


def test_a_scanner_that_says_nothing_is_could_not_check(tmp_path: Path) -> None:
    assert verdict_of(Misbehaving("allowlist", lambda _: ()), tmp_path) is Decision.COULD_NOT_CHECK
