"""The pip-audit worker as a fake program, for the contract suite."""

from __future__ import annotations

import json
from pathlib import Path

from scanners.pip_audit import PipAuditScanner
from scanners.pip_audit_answers import ANSWER_SCHEMA
from tests.fakes.advisory_snapshots import HASH, write_snapshot
from tests.fakes.fake_tools import FakeTool, Reply

VERSION = "2.10.1"


def build_pip_audit_scanner(root: Path) -> PipAuditScanner:
    """A project with one pin and a snapshot that knows only the canary."""
    (root / "requirements.txt").write_text(f"foo==5 --hash={HASH}\n")
    write_snapshot(root / "advisories")
    return PipAuditScanner(
        root / "requirements.txt", None, root / "advisories", 7, worker=lambda tools: tools.tool("pip-audit")
    )


def pip_audit_tool() -> FakeTool:
    """What the worker answers to that project."""
    canary = {"names": ["CVE-2000-0001", "PYSEC-2000-1"], "severity": "unknown", "fixed": [], "summary": "broken"}
    answer = {
        "schema": ANSWER_SCHEMA,
        "pip_audit": VERSION,
        "snapshot": "{{after:--digest}}",
        "advisories": 1,
        "packages": [
            {"name": "foo", "version": "5", "skipped": "", "vulnerabilities": []},
            {"name": "canary", "version": "0.1", "skipped": "", "vulnerabilities": [canary]},
        ],
    }
    reply = Reply(output=json.dumps(answer), nothing=json.dumps(answer | {"packages": []}))
    return FakeTool(name="pip-audit", version=VERSION, replies=(reply,))
