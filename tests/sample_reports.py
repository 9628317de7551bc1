"""Reports with fixed contents, for golden files and for tests that look for one thing."""

from __future__ import annotations

import datetime as dt

from report_formats.interface import Report
from tests.strategies import NOW, waiver_for
from verdicts import (
    Completed,
    DatabaseIdentity,
    Evidence,
    Finding,
    InputDigest,
    Location,
    NotCompleted,
    Outcome,
    Reason,
    Severity,
    ToolIdentity,
    decide,
)

TRIVY = ToolIdentity("trivy", "0.76.0", "sha256:" + "1" * 64, "managed")
CHECKOV = ToolIdentity("checkov", "3.3.30", "sha256:" + "2" * 64, "managed")
DATABASE = DatabaseIdentity("trivy-db", "sha256:" + "3" * 64, NOW - dt.timedelta(days=1))


def finding(**changes: object) -> Finding:
    """An ordinary finding with the given attributes changed."""
    values: dict[str, object] = {
        "rule_id": "CKV_AZURE_144",
        "scanner": "checkov",
        "severity": Severity.HIGH,
        "message": "Public network access of the workspace is on.",
        "remediation": "Set publicNetworkAccess to Disabled.",
        "resource": "Microsoft.MachineLearningServices/workspaces/credit-risk",
        "location": Location("infrastructure/workspace.json", 12),
        "documentation": "https://rules.example/CKV_AZURE_144",
    }
    return Finding(**(values | changes))  # type: ignore[arg-type]


OPENSSL = finding(
    rule_id="CVE-2024-5535",
    scanner="trivy",
    severity=Severity.CRITICAL,
    message="openssl 3.0.13 reads beyond its buffer.",
    remediation="Install openssl 3.0.15.",
    resource="credit-risk-scoring:1.4.0",
    subject="openssl 3.0.13",
    location=None,
    documentation="",
)
WAIVED = finding(
    rule_id="CKV_AZURE_109",
    severity=Severity.MEDIUM,
    message="The key vault is open to all networks.",
    location=Location("infrastructure/vault.json", 30),
)
TOLERATED = finding(
    rule_id="CKV_AZURE_42", severity=Severity.LOW, message="The vault can't be recovered.", location=WAIVED.location
)


def checkov_outcome(*found: Finding) -> Completed:
    """A run of checkov over two templates."""
    return Completed(
        scanner="checkov",
        examined=2,
        unit="templates",
        findings=found,
        evidence=Evidence(
            inputs=(InputDigest("infrastructure/workspace.json", "sha256:" + "4" * 64),), tools=(CHECKOV,)
        ),
        seconds=4.2,
    )


def trivy_outcome(*found: Finding) -> Completed:
    """A run of Trivy over one image."""
    return Completed(
        scanner="trivy",
        examined=131,
        unit="packages",
        findings=found,
        evidence=Evidence(tools=(TRIVY,), databases=(DATABASE,)),
        seconds=2.04,
        notes=("Debian 12 is supported until 2028.",),
    )


UNREADABLE = NotCompleted(
    scanner="checkov",
    reason=Reason.UNREADABLE_INPUT,
    detail="infrastructure/supply.bicep was not parsed.",
    remedy="Correct its syntax at line 8.",
    location=Location("infrastructure/supply.bicep", 8),
)


def report_of(*outcomes: Outcome, required: frozenset[str] = frozenset(), waived: tuple[Finding, ...] = ()) -> Report:
    """A report on these outcomes; `waived` findings have waivers in force."""
    verdict = decide(
        outcomes,
        required=required,
        waivers=[waiver_for(item, reason="Closed by the firewall until the move.") for item in waived],
        fail_on=Severity.MEDIUM,
        at=NOW,
    )
    return Report(
        title="Release credit-risk 1.4.0 to production",
        verdict=verdict,
        mlgate_version="0.1.0",
        facts=(("run", "2026-11-21-0001"), ("commit", "0123456789abcdef0123456789abcdef01234567")),
        created_at=NOW,
    )


def denied_report() -> Report:
    """Everything at once: denying, tolerated, waived, unreadable, and a required scanner that said nothing."""
    return report_of(
        checkov_outcome(finding(), WAIVED, TOLERATED),
        UNREADABLE,
        trivy_outcome(OPENSSL),
        required=frozenset({"checkov", "trivy", "pip-audit"}),
        waived=(WAIVED,),
    )


def allowed_report() -> Report:
    """Two scanners that looked and found nothing that denies."""
    return report_of(checkov_outcome(TOLERATED), trivy_outcome(), required=frozenset({"checkov", "trivy"}))


def unchecked_report() -> Report:
    """Nothing found, and something not looked at."""
    return report_of(checkov_outcome(), UNREADABLE, trivy_outcome())
