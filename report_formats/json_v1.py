"""JSON, version 1: the whole report for machines, as `data/report-v1.schema.json` says and docs/reports.md explains.

Stable: within version 1 no field goes away or changes its meaning; new ones may come. Anything else is a version 2.
"""

from __future__ import annotations

from report_formats import wording
from report_formats.interface import Excerpt, Report
from report_formats.json_v1_shapes import (
    CouldNotCheckV1,
    DatabaseV1,
    ExcerptV1,
    FindingV1,
    InputV1,
    LocationV1,
    ReportV1,
    RuleAnswersV1,
    RuleV1,
    ScannerV1,
    ToolV1,
    WaivedV1,
)
from verdicts import (
    Completed,
    DatabaseIdentity,
    Evidence,
    Finding,
    InputDigest,
    Location,
    NotCompleted,
    Outcome,
    RuleAnswers,
    ToolIdentity,
    WaivedFinding,
)

SCHEMA = "mlgate/report/v1"


class JsonFormat:
    """See the module."""

    name = "json"

    def render(self, report: Report) -> str:
        """The document, indented."""
        return wording.json_text(report_v1(report))


def report_v1(report: Report) -> ReportV1:
    """The report as the document that will be written."""
    verdict = report.verdict
    document: ReportV1 = {
        "schema": SCHEMA,
        "title": report.title,
        "created_at": wording.moment(report.created_at),
        "mlgate": {"version": report.mlgate_version},
        "facts": [{"name": name, "value": value} for name, value in report.facts],
        "verdict": {
            "decision": verdict.decision.value,
            "fail_on": verdict.fail_on.value,
            "decided_at": wording.moment(verdict.at),
            "summary": wording.headline(verdict),
        },
        "findings": [_finding(finding, report) for finding in verdict.findings],
        "waived": [_waived(item, report) for item in verdict.waived],
        "could_not_check": [_could_not_check(outcome) for outcome in verdict.unchecked],
        "scanners": [_scanner(outcome) for outcome in verdict.outcomes],
        "tools": [_tool(tool) for tool in wording.tools(verdict)],
        "databases": [_database(database) for database in wording.databases(verdict)],
        "inputs": [_input(item) for item in wording.inputs(verdict)],
    }
    if report.kind != "report":
        document["kind"] = report.kind
    if report.left_out:
        document["left_out"] = list(report.left_out)
    if report.rules:
        document["rules"] = _rules(report)
    return document


def _rules(report: Report) -> list[RuleV1]:
    """Those that findings name, excused ones among them."""
    named = {item.rule_id for item in wording.all_findings(report.verdict)}
    return [
        {"id": one.id, "family": one.family, "synopsis": one.synopsis, "page": one.markdown}
        for key, one in sorted(report.rules.items())
        if key in named
    ]


def _location(location: Location | None) -> LocationV1 | None:
    return _place(location) if location is not None else None


def _place(location: Location) -> LocationV1:
    return {"path": location.path, "line": location.line, "column": location.column}


def _finding(finding: Finding, report: Report) -> FindingV1:
    made: FindingV1 = {
        "fingerprint": finding.fingerprint,
        "denies": finding.severity.reaches(report.verdict.fail_on),
        "rule": finding.rule_id,
        "scanner": finding.scanner,
        "severity": finding.severity.value,
        "message": finding.message,
        "remediation": finding.remediation,
        "resource": finding.resource,
        "subject": finding.subject,
        "location": _location(finding.location),
        "documentation": finding.documentation,
    }
    if finding.also:
        made["also"] = list(finding.also)
    excerpt, fix = report.excerpt(finding), report.fix(finding)
    if excerpt is not None:
        made["excerpt"] = _excerpt(excerpt)
    if fix is not None:
        made["fix"] = {"language": fix.language, "text": fix.text}
    return made


def _excerpt(excerpt: Excerpt) -> ExcerptV1:
    return {
        "first": excerpt.first,
        "lines": list(excerpt.lines),
        "marked": excerpt.marked,
        "column": excerpt.column,
    }


def _waived(item: WaivedFinding, report: Report) -> WaivedV1:
    finding = _finding(item.finding, report)
    finding["denies"] = False
    return {
        "finding": finding,
        "waiver": {
            "owner": item.waiver.owner,
            "reason": item.waiver.reason,
            "approver": item.waiver.approver,
            "expires": item.waiver.expires.isoformat(),
            "location": _place(item.waiver.location),
        },
    }


def _could_not_check(outcome: NotCompleted) -> CouldNotCheckV1:
    return {
        "scanner": outcome.scanner,
        "reason": outcome.reason.value,
        "detail": outcome.detail,
        "remedy": outcome.remedy,
        "location": _location(outcome.location),
    }


def _scanner(outcome: Outcome) -> ScannerV1:
    completed = isinstance(outcome, Completed)
    evidence: Evidence = outcome.evidence
    made: ScannerV1 = {
        "scanner": outcome.scanner,
        "completed": completed,
        "examined": outcome.examined if isinstance(outcome, Completed) else None,
        "unit": outcome.unit if isinstance(outcome, Completed) else None,
        "findings": len(outcome.findings),
        "seconds": round(outcome.seconds, 3),
        "notes": list(outcome.notes) if isinstance(outcome, Completed) else [],
        "tools": [_tool(tool) for tool in evidence.tools],
        "databases": [_database(database) for database in evidence.databases],
        "inputs": [_input(item) for item in evidence.inputs],
    }
    if isinstance(outcome, Completed) and outcome.rules:
        made["rules"] = [_answers(one) for one in outcome.rules]
    return made


def _answers(one: RuleAnswers) -> RuleAnswersV1:
    return {
        "rule": one.rule,
        "compliant": one.compliant,
        "non_compliant": one.non_compliant,
        "unknown": one.unknown,
        "not_applicable": one.not_applicable,
    }


def _tool(tool: ToolIdentity) -> ToolV1:
    return {"name": tool.name, "version": tool.version, "digest": tool.digest, "origin": tool.origin}


def _database(database: DatabaseIdentity) -> DatabaseV1:
    return {"name": database.name, "digest": database.digest, "updated_at": wording.moment(database.updated_at)}


def _input(item: InputDigest) -> InputV1:
    return {"name": item.name, "digest": item.digest}
