"""The scanners that wrap a program, as subjects of the contract suite. Adding one is adding a line to SUBJECTS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scanners.interface import Scanner
from tests.fakes.fake_checkov import build_checkov_scanner, checkov_tool
from tests.fakes.fake_pip_audit import build_pip_audit_scanner, pip_audit_tool
from tests.fakes.fake_tools import FakeTool
from tests.fakes.fake_trivy import build_trivy_scanner, trivy_tool


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One scanner with an input that it allows and a recording of its program on that input.

    Attributes:
        id: the scanner's id, which the verdict requires.
        build: writes a valid input below the project root that it is given, and makes the scanner for it.
        tool: the program as it answers when all is well (and, in each Reply, what it says when it looked at nothing).
        calls: how often one scan starts the program; each fault is tried from each of these calls on.
    """

    id: str
    build: Callable[[Path], Scanner]
    tool: FakeTool
    calls: int = 1


SUBJECTS: tuple[Subject, ...] = (
    Subject(id="checkov", build=build_checkov_scanner, tool=checkov_tool()),
    Subject(id="pip-audit", build=build_pip_audit_scanner, tool=pip_audit_tool()),
    Subject(id="trivy", build=build_trivy_scanner, tool=trivy_tool(), calls=2),
)
