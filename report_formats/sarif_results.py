"""Rules and results of SARIF 2.1.0, see `report_formats.sarif`. Section numbers are those of the OASIS standard."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, assert_never
from urllib.parse import quote

from report_formats.interface import Excerpt, Report, RuleText
from verdicts import Finding, Location, Severity, Waiver

ROOT = "%SRCROOT%"
NO_FILE = "mlgate-resource/"
FINGERPRINT = "mlgateFingerprint/v1"
_TAGS = 10

Json = dict[str, Any]


def text(message: str) -> Json:
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


def rules_of(findings: Sequence[Finding], report: Report) -> list[Json]:
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule_id, []).append(finding)
    return [_rule(rule_id, by_rule[rule_id], report.rules.get(rule_id)) for rule_id in sorted(by_rule)]


def _rule(rule_id: str, findings: Sequence[Finding], known: RuleText | None) -> Json:
    """One rule (3.49); where it says nothing of itself, it is described by its worst finding."""
    example = min(findings, key=lambda finding: finding.sort_key)
    scanners = sorted({finding.scanner for finding in findings})
    tags = dict.fromkeys(["security", *scanners, *([known.family] if known is not None and known.family else [])])
    rule: Json = {
        "id": rule_id,
        "shortDescription": text(f"{rule_id} ({', '.join(scanners)})"),
        "fullDescription": text(example.message),
        "help": text(example.remediation or example.message),
        "defaultConfiguration": {"level": level(example.severity)},
        "properties": {"security-severity": security_severity(example.severity), "tags": list(tags)[:_TAGS]},
    }
    if known is not None:
        rule["shortDescription"] = text(known.synopsis)
        rule["fullDescription"] = text(known.help or known.synopsis)
        rule["help"] = text(known.help or known.synopsis)
        if known.markdown:
            # Our own page; text() would double the braces of its examples, which viewers don't undo in Markdown.
            rule["help"]["markdown"] = known.markdown
    if re.fullmatch(r"https?://[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+", example.documentation):
        rule["helpUri"] = example.documentation
    elif example.documentation:
        rule["properties"]["documentation"] = example.documentation
    return rule


def result_of(finding: Finding, index: dict[str, int], waiver: Waiver | None, report: Report) -> Json:
    fix = report.fix(finding)
    properties: Json = {
        "scanner": finding.scanner,
        "severity": finding.severity.value,
        "security-severity": security_severity(finding.severity),
        "remediation": finding.remediation,
        "resource": finding.resource,
        "subject": finding.subject,
    }
    if finding.also:
        properties["also"] = list(finding.also)
    if fix is not None:
        properties["write"] = {"language": fix.language, "text": fix.text}
    return {
        "ruleId": finding.rule_id,
        "ruleIndex": index[finding.rule_id],
        "level": level(finding.severity),
        "message": text(finding.message or finding.rule_id),
        "locations": [_location(finding, report.excerpt(finding))],
        "partialFingerprints": {FINGERPRINT: finding.fingerprint},
        # On every result or on none (3.27.23): an empty list says "not suppressed".
        "suppressions": [] if waiver is None else [_suppression(waiver)],
        "properties": properties,
    }


def _suppression(waiver: Waiver) -> Json:
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


def _location(finding: Finding, excerpt: Excerpt | None) -> Json:
    logical = {"logicalLocations": [{"fullyQualifiedName": finding.resource or finding.rule_id, "kind": "resource"}]}
    place = physical(finding.location)
    if place is None:
        # GitHub refuses a result without a physical location; this one can't be taken for a file of the project.
        name = quote(finding.resource or finding.rule_id, safe="")
        place = {"artifactLocation": {"uri": NO_FILE + name, "description": {"text": "A resource, not a file."}}}
    elif excerpt is not None and "region" in place:
        place["contextRegion"] = {
            "startLine": excerpt.first,
            "endLine": excerpt.first + len(excerpt.lines) - 1,
            "snippet": {"text": "\n".join(excerpt.lines)},
        }
    return {"physicalLocation": place, **logical}


def physical(location: Location | None) -> Json | None:
    uri = relative_uri(location.path) if location is not None else ""
    if location is None or not uri:
        return None
    physical: Json = {"artifactLocation": {"uri": uri, "uriBaseId": ROOT}}
    if location.line is not None:
        physical["region"] = {"startLine": location.line}
        if location.column is not None:
            physical["region"]["startColumn"] = location.column
    return physical
