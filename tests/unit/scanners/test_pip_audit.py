"""The pip-audit scanner over workers that lie, and over the real one."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scanners.interface import ScanContext, Tool, Toolbox, ToolUnavailableError
from scanners.pip_audit import PipAuditScanner, installed_pip_audit
from scanners.pip_audit_answers import ANSWER_SCHEMA
from scanners.running import run_scanner
from tests.fakes.advisory_snapshots import (
    HASH,
    RETRIEVED_AT,
    advisory,
    change_header,
    replace_advisories,
    write_snapshot,
)
from tests.fakes.fake_tools import FakeTool, Reply, fake_toolbox
from verdicts import Completed, Decision, NotCompleted, Outcome, Reason, Severity, decide

NOW = RETRIEVED_AT + dt.timedelta(days=1)
VULNERABLE = (
    advisory(
        "PYSEC-2024-9",
        "foo",
        events=({"introduced": "0"}, {"fixed": "2"}, {"introduced": "3"}, {"fixed": "4"}),
        aliases=["CVE-2024-9999"],
    ),
    advisory(
        "GHSA-aaaa",
        "Foo",
        events=({"introduced": "0"}, {"fixed": "2.1"}),
        aliases=["CVE-2024-9999"],
        database_specific={"severity": "HIGH"},
    ),
)


@dataclass
class Place:
    """A project with a snapshot, to be scanned."""

    root: Path

    def write(self, text: str) -> None:
        (self.root / "project" / "requirements.txt").write_text(text)

    @property
    def snapshot(self) -> Path:
        return self.root / "snapshot"

    def scan(
        self, answer: dict[str, Any] | None = None, *, now: dt.datetime = NOW, days: int = 7
    ) -> tuple[Outcome, ...]:
        """What the scanner says; with an answer, over a worker that gives it."""
        tools: Toolbox = fake_toolbox(self.root / "bin")
        more: dict[str, Any] = {}
        if answer is not None:
            reply = Reply(output=json.dumps(answer), exit_code=3 if "error" in answer else 0)
            tools = fake_toolbox(self.root / "bin", FakeTool(name="pip-audit", version="2.10.1", replies=(reply,)))
            more = {"worker": lambda tools: tools.tool("pip-audit")}
        workspace = self.root / "workspace"
        workspace.mkdir(exist_ok=True)
        scanner = PipAuditScanner(self.root / "project" / "requirements.txt", None, self.snapshot, 7, **more)
        context = ScanContext(root=self.root / "project", workspace=workspace, now=now, tools=tools, timeout_s=60)
        return run_scanner(scanner, context)

    def good_answer(self) -> dict[str, Any]:
        """What an honest worker says of `foo==5` and the canary."""
        header = json.loads((self.snapshot / "snapshot.json").read_text())
        found = {"names": ["PYSEC-2000-1"], "severity": "unknown", "fixed": [], "summary": ""}
        return {
            "schema": ANSWER_SCHEMA,
            "pip_audit": "2.10.1",
            "snapshot": header["digest"],
            "advisories": header["count"],
            "packages": [
                {"name": "foo", "version": "5", "skipped": "", "vulnerabilities": []},
                {"name": "canary", "version": "0.1", "skipped": "", "vulnerabilities": [found]},
            ],
        }


@pytest.fixture
def place(tmp_path: Path) -> Place:
    for name in ("project", "bin"):
        (tmp_path / name).mkdir()
    write_snapshot(tmp_path / "snapshot", *VULNERABLE)
    place = Place(tmp_path)
    place.write(f"foo==5 --hash={HASH}\n")
    return place


def only_gap(outcomes: tuple[Outcome, ...]) -> NotCompleted:
    """The one outcome, which is could-not-check and denies nothing away."""
    verdict = decide(outcomes, required=frozenset({"pip-audit"}), fail_on=Severity.MEDIUM, at=NOW)
    assert verdict.decision is Decision.COULD_NOT_CHECK
    (outcome,) = outcomes
    assert isinstance(outcome, NotCompleted)
    return outcome


def test_an_honest_answer_is_allowed(place: Place) -> None:
    (outcome,) = place.scan(place.good_answer())
    assert isinstance(outcome, Completed)
    assert outcome.examined == 1
    assert [database.digest for database in outcome.evidence.databases] == [place.good_answer()["snapshot"]]
    assert [item.name for item in outcome.evidence.inputs] == ["requirements.txt"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"schema": "other"}, Reason.BAD_OUTPUT),
        ({"pip_audit": "2.11.0"}, Reason.UNTRUSTED_TOOL),
        ({"pip_audit": "2.9.0"}, Reason.UNTRUSTED_TOOL),
        ({"pip_audit": "2.10.2"}, Reason.BAD_OUTPUT),
        ({"pip_audit": None}, Reason.UNTRUSTED_TOOL),
        ({"snapshot": "sha256:" + "0" * 64}, Reason.BAD_OUTPUT),
        ({"advisories": 1}, Reason.BAD_OUTPUT),
        ({"packages": []}, Reason.NOTHING_EXAMINED),
        ({"packages": None}, Reason.BAD_OUTPUT),
        ({"packages": [{"name": "foo", "version": "5"}]}, Reason.BAD_OUTPUT),
        ({"error": {"reason": "digest-mismatch", "detail": "x"}}, Reason.DIGEST_MISMATCH),
        ({"error": {"reason": "no such reason"}}, Reason.BAD_OUTPUT),
    ],
)
def test_an_answer_that_does_not_fit_the_question_is_not_believed(
    changes: dict[str, Any], reason: Reason, place: Place
) -> None:
    assert only_gap(place.scan(place.good_answer() | changes)).reason is reason


def test_a_missed_canary_is_could_not_check(place: Place) -> None:
    answer = place.good_answer()
    answer["packages"][1]["vulnerabilities"] = []
    assert only_gap(place.scan(answer)).reason is Reason.CANARY_MISSED
    answer["packages"].pop()
    assert only_gap(place.scan(answer)).reason is Reason.CANARY_MISSED


@pytest.mark.parametrize("name", ["foo", "bar"])
def test_a_package_that_nobody_asked_for_or_twice_is_not_believed(name: str, place: Place) -> None:
    answer = place.good_answer()
    answer["packages"].append({"name": name, "version": "5", "skipped": "", "vulnerabilities": []})
    assert only_gap(place.scan(answer)).reason is Reason.BAD_OUTPUT


def test_a_package_without_a_result_is_named(place: Place) -> None:
    answer = place.good_answer()
    del answer["packages"][0]
    completed, gap = place.scan(answer)
    assert isinstance(completed, Completed)
    assert completed.examined == 0
    assert isinstance(gap, NotCompleted)
    assert gap.reason is Reason.INCOMPLETE
    assert "foo 5" in gap.detail
    assert str(gap.location) == "requirements.txt:1"


def test_a_skipped_package_is_named_and_its_findings_count(place: Place) -> None:
    answer = place.good_answer()
    found = answer["packages"][1]["vulnerabilities"]
    answer["packages"][0] |= {"skipped": "a malformed advisory", "vulnerabilities": found}
    completed, gap = place.scan(answer)
    assert isinstance(gap, NotCompleted)
    assert "a malformed advisory" in gap.detail
    assert len(completed.findings) == 1


@pytest.mark.parametrize(("age", "reason"), [(8, Reason.STALE_DATABASE), (-3, Reason.STALE_DATABASE)])
def test_an_old_or_future_snapshot_is_not_used(age: int, reason: Reason, place: Place) -> None:
    gap = only_gap(place.scan(place.good_answer(), now=RETRIEVED_AT + dt.timedelta(days=age)))
    assert gap.reason is reason
    assert not (place.root / "bin" / "pip-audit.calls").exists()


def test_without_a_snapshot_nothing_is_checked(place: Place) -> None:
    (place.snapshot / "snapshot.json").unlink()
    assert only_gap(place.scan()).reason is Reason.MISSING_DATABASE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "foo\n",
        "foo>1\n",
        "-e .\n",
        "foo @ https://example.com/foo-5.zip\n",
        "./foo-5-py3-none-any.whl\n",
        "foo==\n",
    ],
)
def test_what_no_audit_can_look_at_is_could_not_check_and_no_finding(text: str, place: Place) -> None:
    place.write(text)
    outcomes = place.scan(place.good_answer())
    assert outcomes
    assert all(isinstance(outcome, NotCompleted) for outcome in outcomes)
    assert not any(outcome.findings for outcome in outcomes)


def test_a_pin_without_a_hash_is_audited(place: Place) -> None:
    place.write("foo==5\n")
    (outcome,) = place.scan(place.good_answer())
    assert isinstance(outcome, Completed)


def test_another_release_of_pip_audit_is_not_trusted(monkeypatch: pytest.MonkeyPatch, place: Place) -> None:
    import importlib.metadata

    class Other:
        version = "2.11.0"
        files = ()

    monkeypatch.setattr(importlib.metadata, "distribution", lambda _: Other())
    assert only_gap(place.scan()).reason is Reason.UNTRUSTED_TOOL


def test_a_changed_file_of_pip_audit_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import importlib.metadata

    package = tmp_path / "pip_audit"
    package.mkdir()
    (package / "__init__.py").write_text("changed")
    info = tmp_path / "pip_audit-2.10.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pip-audit\nVersion: 2.10.1\n")
    (info / "RECORD").write_text("pip_audit/__init__.py,sha256=AAAA,7\n")
    monkeypatch.setattr(importlib.metadata, "distribution", lambda _: importlib.metadata.PathDistribution(info))
    with pytest.raises(ToolUnavailableError, match="was changed"):
        installed_pip_audit()
    (info / "RECORD").write_text("")
    with pytest.raises(ToolUnavailableError, match="no record"):
        installed_pip_audit()


def test_a_worker_that_can_not_start_is_could_not_check(monkeypatch: pytest.MonkeyPatch, place: Place) -> None:
    identity = installed_pip_audit()
    missing = Tool(identity=identity, argv=(str(place.root / "gone"),))
    scanner = PipAuditScanner(
        place.root / "project" / "requirements.txt", None, place.snapshot, 7, worker=lambda _: missing
    )
    (place.root / "workspace").mkdir()
    context = ScanContext(
        root=place.root / "project", workspace=place.root / "workspace", now=NOW, tools=fake_toolbox(place.root)
    )
    assert only_gap(run_scanner(scanner, context)).reason is Reason.MISSING_TOOL


@pytest.mark.slow
def test_the_real_worker_finds_merges_and_rates(place: Place) -> None:
    place.write(f"foo==1.0+cu118 --hash={HASH}\nbar==1 --hash={HASH}\n")
    (outcome,) = place.scan()
    assert isinstance(outcome, Completed)
    assert outcome.examined == 2
    (finding,) = outcome.findings
    assert finding.rule_id == "CVE-2024-9999"
    assert finding.severity is Severity.HIGH
    assert "GHSA-aaaa" in finding.message
    assert "PYSEC-2024-9" in finding.message
    assert finding.remediation == "Upgrade foo to 2.1 or 4."
    assert finding.resource == "pkg:pypi/foo@1.0%2Bcu118"
    assert str(finding.location) == "requirements.txt:1"
    (tool,) = outcome.evidence.tools
    assert tool == installed_pip_audit()


@pytest.mark.slow
def test_the_real_worker_calls_a_package_with_a_malformed_advisory_skipped(place: Place) -> None:
    malformed = advisory("PYSEC-2024-8", "foo", events=({"introduced": "0"}, {"fixed": "soon"}))
    write_snapshot(place.snapshot, *VULNERABLE, malformed)
    place.write(f"foo==1 --hash={HASH}\nbar==1 --hash={HASH}\n")
    completed, gap = place.scan()
    assert isinstance(completed, Completed)
    assert completed.examined == 1
    assert [finding.rule_id for finding in completed.findings] == ["CVE-2024-9999"]
    assert isinstance(gap, NotCompleted)
    assert "PYSEC-2024-8" in gap.detail


@pytest.mark.slow
@pytest.mark.parametrize("lie", ["other canary", "a line more", "no advisory"])
def test_the_real_worker_does_not_use_a_snapshot_that_lies(lie: str, place: Place) -> None:
    if lie == "other canary":
        change_header(place.snapshot, canary={"name": "canary", "version": "0.2", "id": "PYSEC-2000-1"})
        expected = Reason.CANARY_MISSED
    elif lie == "a line more":
        with (place.snapshot / "advisories.jsonl").open("a") as stream:
            stream.write("{}\n")
        expected = Reason.DIGEST_MISMATCH
    else:
        replace_advisories(place.snapshot, "{}\n")
        expected = Reason.UNREADABLE_INPUT
    assert only_gap(place.scan()).reason is expected


def test_importing_the_scanner_does_not_import_pip_audit() -> None:
    code = "import sys, scanners.pip_audit; sys.exit('pip_audit' in sys.modules)"
    assert subprocess.run([sys.executable, "-I", "-c", code], check=False).returncode == 0
