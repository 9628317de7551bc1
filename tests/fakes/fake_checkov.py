"""A fake checkov that answers with a recording of the real one (3.3.30) on two small templates that break no rule."""

from __future__ import annotations

import shutil
from pathlib import Path

from scanners.checkov import CheckovScanner
from scanners.interface import Scanner
from tests.fakes.fake_tools import FakeTool, Reply

VERSION = "3.3.30"
RECORDED = Path(__file__).parent.parent / "recorded" / "checkov"
RECORDED_OUTPUT = (RECORDED / "output.json").read_text()
# What the real one prints, with exit code 0, where it took none of the files.
NOTHING = (
    '{"passed": 0, "failed": 0, "skipped": 0, "parsing_errors": 0, "resource_count": 0, "checkov_version": "3.3.30"}'
)


def build_checkov_scanner(root: Path) -> Scanner:
    """The two recorded templates below the root, and the scanner for them."""
    for name in ("vault.json", "identity.bicep"):
        shutil.copy(RECORDED / name, root)
    return CheckovScanner((Path("vault.json"), Path("identity.bicep")))


def checkov_tool(output: str = RECORDED_OUTPUT, exit_code: int = 0) -> FakeTool:
    """The program; by default with the recording."""
    reply = Reply(when=("--directory",), output=output, nothing=NOTHING, exit_code=exit_code)
    return FakeTool(name="checkov", version=VERSION, replies=(reply,))
