"""Reports with fixed contents, for golden files and for tests that look for one thing."""

from __future__ import annotations

import datetime as dt

from report_formats.interface import Excerpt, Lines, Report, RuleText
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


def policy_outcome(*found: Finding) -> Completed:
    """A run of our own rules over some files."""
    return Completed(
        scanner="policy",
        examined=9,
        unit="resources",
        findings=found,
        evidence=Evidence(
            inputs=(
                InputDigest("infrastructure/main.bicep", "sha256:" + "5" * 64),
                InputDigest("infrastructure/quiet.json", "sha256:" + "6" * 64),
            )
        ),
        seconds=0.31,
        notes=("MLG-REGISTRY-QUARANTINE is switched off: premium registries come next year",),
    )


PUBLIC = finding(
    rule_id="MLG-WORKSPACE-PUBLIC-ACCESS",
    scanner="policy",
    message="A workspace must not be open to the public network; publicNetworkAccess is Enabled",
    resource="/subscriptions/{}/providers/Microsoft.MachineLearningServices/workspaces/credit-risk",
    subject="/properties/publicNetworkAccess",
    location=Location("infrastructure/main.bicep", 12, 5),
    documentation="docs/rules/MLG-WORKSPACE-PUBLIC-ACCESS.md",
    also=("CKV_AZURE_144",),
)
KEYS = tuple(
    finding(
        rule_id="MLG-STORAGE-SHARED-KEY",
        scanner="policy",
        severity=Severity.MEDIUM,
        message="Shared keys must be off; allowSharedKeyAccess is not set",
        remediation="Set allowSharedKeyAccess to false.",
        resource=f"storageAccounts/st{number}",
        location=Location("infrastructure/accounts.json", 10 * number),
        documentation="docs/rules/MLG-STORAGE-SHARED-KEY.md",
    )
    for number in range(1, 9)
)
WORKSPACE_RULE = RuleText(
    id="MLG-WORKSPACE-PUBLIC-ACCESS",
    synopsis="A workspace must not be open to the public network",
    help="A stolen token alone opens it. Set publicNetworkAccess to Disabled.",
    markdown="# MLG-WORKSPACE-PUBLIC-ACCESS\n\n**What**: A workspace must not be open.\n\n```bicep\nx: 'y'\n```\n",
    family="isolation",
)


def check_report() -> Report:
    """What `mlgate check` reports: excerpts, lines to write, merged and waived findings, what was left out."""
    outcomes = (policy_outcome(PUBLIC, *KEYS), checkov_outcome(finding(), WAIVED, TOLERATED), UNREADABLE)
    base = report_of(*outcomes, required=frozenset({"policy"}), waived=(WAIVED,))
    excerpt = Excerpt(
        first=10,
        lines=("  properties: {", "    // open for <now> & `later`", "    publicNetworkAccess: 'Enabled'", "  }", "}"),
        marked=12,
        column=5,
    )
    return Report(
        title="Check of the project",
        verdict=base.verdict,
        mlgate_version=base.mlgate_version,
        facts=(("profile", "production"), ("commit", "0123456789abcdef0123456789abcdef01234567")),
        created_at=NOW,
        kind="check",
        left_out=("vendor/** (3 files and folders): copied from elsewhere",),
        excerpts={PUBLIC.fingerprint: excerpt},
        fixes={PUBLIC.fingerprint: Lines("bicep", "publicNetworkAccess: 'Disabled'")},
        rules={WORKSPACE_RULE.id: WORKSPACE_RULE},
    )
