"""SARIF 2.1.0, for GitHub's code scanning and other viewers of static analysis.

One run for the whole gate: its rules are those of all scanners, and the wrapped tools stand as extensions with versions
and digests. A waived finding is a suppressed result; something that could not be checked is an error notification, and
the invocation was then not successful. GitHub takes at most 25,000 results a run; what is left out is counted.
Section numbers are those of the OASIS standard.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, assert_never
from urllib.parse import quote

from report_formats import wording
from report_formats.interface import Report
from verdicts import Decision, Finding, Location, NotCompleted, Severity, ToolIdentity, Verdict, Waiver

SCHEMA_ADDRESS = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MAXIMUM_RESULTS = 25_000
ROOT = "%SRCROOT%"
NO_FILE = "mlgate-resource/"
FINGERPRINT = "mlgateFingerprint/v1"

_Json = dict[str, Any]


class SarifFormat:
    """See the module."""

    name = "sarif"

    def render(self, report: Report) -> str:
        """The log, indented."""
        return wording.json_text(sarif_log(report))


def sarif_log(report: Report) -> _Json:
    """The whole log (3.13)."""
    return {"$schema": SCHEMA_ADDRESS, "version": "2.1.0", "runs": [_run(report)]}


def _run(report: Report) -> _Json:
    verdict = report.verdict
    waivers: dict[int, Waiver] = {}
    findings = list(verdict.findings)
    for item in sorted(verdict.waived, key=lambda item: item.finding.sort_key):
        waivers[len(findings)] = item.waiver
        findings.append(item.finding)
    left_out = max(0, len(findings) - MAXIMUM_RESULTS)
    findings = findings[:MAXIMUM_RESULTS]
    rules = _rules(findings)
    index = {rule["id"]: position for position, rule in enumerate(rules)}
    results = [_result(finding, index, waivers.get(position)) for position, finding in enumerate(findings)]
    return {
        "tool": {
            "driver": {
                "name": "mlgate",
                "version": report.mlgate_version,
                "rules": rules,
                "notifications": _notification_kinds(verdict),
            },
            "extensions": [_extension(tool) for tool in wording.tools(verdict)],
        },
        "invocations": [_invocation(report, left_out)],
        "originalUriBaseIds": {ROOT: {"description": {"text": "The project's root folder."}}},
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": _run_properties(report),
    }


def text(message: str) -> _Json:
    """A plain text message: braces doubled (3.11.5), nothing that a viewer would take for a link (3.11.6)."""
    return {"text": message.replace("{", "{{").replace("}", "}}").replace("](", "] (") or "(no text)"}


def level(severity: Severity) -> str:
    """SARIF's level (3.27.10)."""
    match severity:
        case Severity.CRITICAL | Severity.UNKNOWN | Severity.HIGH:
            return "error"
        case Severity.MEDIUM:
            return "warning"
        case Severity.LOW | Severity.INFORMATIONAL:
            return "note"
    assert_never(severity)


def security_severity(severity: Severity) -> str:
    """The number by which GitHub sorts: over 9.0 is critical, 7.0 high, 4.0 medium, above 0 low."""
    match severity:
        case Severity.CRITICAL | Severity.UNKNOWN:
            return "9.5"
        case Severity.HIGH:
            return "8.0"
        case Severity.MEDIUM:
            return "5.5"
        case Severity.LOW:
            return "2.0"
        case Severity.INFORMATIONAL:
            return "0.1"
    assert_never(severity)


def relative_uri(path: str) -> str:
    """A path below the root as a URI reference: percent-encoded, never absolute, never above the root."""
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    return "/".join(quote(part, safe="") for part in parts)


def _rules(findings: Sequence[Finding]) -> list[_Json]:
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule_id, []).append(finding)
    return [_rule(rule_id, by_rule[rule_id]) for rule_id in sorted(by_rule)]


def _rule(rule_id: str, findings: Sequence[Finding]) -> _Json:
    """One rule (3.49), described by its worst finding, since scanners give no other text."""
    example = min(findings, key=lambda finding: finding.sort_key)
    scanners = sorted({finding.scanner for finding in findings})
    rule: _Json = {
        "id": rule_id,
        "shortDescription": text(f"{rule_id} ({', '.join(scanners)})"),
        "fullDescription": text(example.message),
        "help": text(example.remediation or example.message),
        "defaultConfiguration": {"level": level(example.severity)},
        "properties": {
            "security-severity": security_severity(example.severity),
            "tags": ["security", *(scanner for scanner in scanners if scanner != "security")],
        },
    }
    if re.fullmatch(r"https?://[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+", example.documentation):
        rule["helpUri"] = example.documentation
    elif example.documentation:
        rule["properties"]["documentation"] = example.documentation
    return rule


def _result(finding: Finding, index: dict[str, int], waiver: Waiver | None) -> _Json:
    return {
        "ruleId": finding.rule_id,
        "ruleIndex": index[finding.rule_id],
        "level": level(finding.severity),
        "message": text(finding.message or finding.rule_id),
        "locations": [_location(finding)],
        "partialFingerprints": {FINGERPRINT: finding.fingerprint},
        # On every result or on none (3.27.23): an empty list says "not suppressed".
        "suppressions": [] if waiver is None else [_suppression(waiver)],
        "properties": {
            "scanner": finding.scanner,
            "severity": finding.severity.value,
            "security-severity": security_severity(finding.severity),
            "remediation": finding.remediation,
            "resource": finding.resource,
            "subject": finding.subject,
        },
    }


def _suppression(waiver: Waiver) -> _Json:
    return {
        "kind": "external",
        "status": "accepted",
        "justification": f"{waiver.reason} (owner {waiver.owner}, approved by {waiver.approver}, "
        f"expires {waiver.expires.isoformat()})",
        "properties": {
            "owner": waiver.owner,
            "approver": waiver.approver,
            "reason": waiver.reason,
            "expires": waiver.expires.isoformat(),
            "waiver": str(waiver.location),
        },
    }


def _location(finding: Finding) -> _Json:
    logical = {"logicalLocations": [{"fullyQualifiedName": finding.resource or finding.rule_id, "kind": "resource"}]}
    physical = _physical(finding.location)
    if physical is None:
        # GitHub refuses a result without a physical location; this one can't be taken for a file of the project.
        name = quote(finding.resource or finding.rule_id, safe="")
        physical = {"artifactLocation": {"uri": NO_FILE + name, "description": {"text": "A resource, not a file."}}}
    return {"physicalLocation": physical, **logical}


def _physical(location: Location | None) -> _Json | None:
    uri = relative_uri(location.path) if location is not None else ""
    if location is None or not uri:
        return None
    physical: _Json = {"artifactLocation": {"uri": uri, "uriBaseId": ROOT}}
    if location.line is not None:
        physical["region"] = {"startLine": location.line}
        if location.column is not None:
            physical["region"]["startColumn"] = location.column
    return physical


def _extension(tool: ToolIdentity) -> _Json:
    return {
        "name": tool.name or "(unnamed)",
        "version": tool.version,
        "properties": {"digest": tool.digest, "origin": tool.origin},
    }


def _notification_kinds(verdict: Verdict) -> list[_Json]:
    reasons = sorted({outcome.reason.value for outcome in verdict.unchecked})
    return [
        {"id": f"could-not-check/{reason}", "shortDescription": text(f"Could not check: {reason}")}
        for reason in reasons
    ]


def _invocation(report: Report, left_out: int) -> _Json:
    verdict = report.verdict
    notifications = [_notification(outcome) for outcome in verdict.unchecked]
    if verdict.decision is Decision.COULD_NOT_CHECK and not notifications:
        notifications.append({"level": "error", "message": text(wording.reasons(verdict))})
    successful = not notifications
    if left_out:
        message = f"{left_out:,} results are left out, since a run may hold {MAXIMUM_RESULTS:,}: see another format"
        notifications.append({"level": "warning", "message": text(message)})
    return {
        "executionSuccessful": successful,
        "endTimeUtc": wording.moment(report.created_at),
        "toolExecutionNotifications": notifications,
    }


def _notification(outcome: NotCompleted) -> _Json:
    remedy = f" ({outcome.remedy})" if outcome.remedy else ""
    notification: _Json = {
        "descriptor": {"id": f"could-not-check/{outcome.reason.value}"},
        "level": "error",
        "message": text(f"{outcome.scanner}: {outcome.detail}{remedy}"),
        "properties": {"scanner": outcome.scanner, "reason": outcome.reason.value, "remedy": outcome.remedy},
    }
    physical = _physical(outcome.location)
    if physical is not None:
        notification["locations"] = [{"physicalLocation": physical}]
    return notification


def _run_properties(report: Report) -> _Json:
    verdict = report.verdict
    return {
        "title": report.title,
        "decision": verdict.decision.value,
        "summary": wording.headline(verdict),
        "failOn": verdict.fail_on.value,
        "facts": [{"name": name, "value": value} for name, value in report.facts],
        "scanners": [wording.outcome_line(outcome) for outcome in verdict.outcomes],
        "databases": [
            {"name": database.name, "digest": database.digest, "updatedAt": wording.moment(database.updated_at)}
            for database in wording.databases(verdict)
        ],
        "inputs": [{"name": item.name, "digest": item.digest} for item in wording.inputs(verdict)],
    }
