"""Trivy's report as findings: flaws, secrets, and a distribution out of support."""

from __future__ import annotations

from scanners.trivy_report import Secret, TrivyReport, Vulnerability
from verdicts import Finding, Severity

_ID = "trivy"
_SEVERITIES = {
    "CRITICAL": Severity.CRITICAL,
    "HIGH": Severity.HIGH,
    "MEDIUM": Severity.MEDIUM,
    "LOW": Severity.LOW,
}


def findings(report: TrivyReport, *, end_of_life: bool) -> tuple[Finding, ...]:
    """Everything that the report names, each once, worst first."""
    found = [_vulnerability(item) for item in report.vulnerabilities]
    found += [_secret(item) for item in report.secrets]
    if end_of_life:
        found.append(_end_of_life(report))
    unique = {finding.fingerprint: finding for finding in found}
    return tuple(sorted(unique.values(), key=lambda finding: finding.sort_key))


def _vulnerability(item: Vulnerability) -> Finding:
    if item.fixed:
        remediation = f"update {item.package} to {item.fixed}"
    else:
        status = f" ({item.status.replace('_', ' ')})" if item.status else ""
        remediation = f"there is no fixed version{status}: remove {item.package}, or waive this with a reason"
    return Finding(
        rule_id=item.id,
        scanner=_ID,
        # What nobody rated stays unknown, which ranks with critical.
        severity=_SEVERITIES.get(item.severity.upper(), Severity.UNKNOWN),
        message=f"{item.package} {item.installed}: {item.title or item.id}",
        remediation=remediation,
        resource=item.resource,
        subject=item.installed,
        documentation=item.url,
    )


def _secret(item: Secret) -> Finding:
    place = "the image's configuration" if item.in_configuration else item.target
    return Finding(
        rule_id=f"TRIVY-SECRET-{item.rule}",
        scanner=_ID,
        severity=_SEVERITIES.get(item.severity.upper(), Severity.UNKNOWN),
        message=f"{item.title or item.rule} in {place}, line {item.line}",
        remediation="revoke it, build the image without it, and read it from Key Vault with a managed identity",
        resource=place,
        subject=f"line {item.line}",
        documentation="docs/scanners/trivy.md",
    )


def _end_of_life(report: TrivyReport) -> Finding:
    system = f"{report.os_family} {report.os_release}".strip()
    return Finding(
        rule_id="MLG-IMAGE-EOL",
        scanner=_ID,
        severity=Severity.CRITICAL,
        message=f"{system} gets no security updates any more",
        remediation="build the image on a supported release",
        resource=f"distribution {system}",
        documentation="docs/rules/MLG-IMAGE-EOL.md",
    )
