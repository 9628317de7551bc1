"""JUnit XML, for the test tab of a build server.

A suite for each scanner. A finding that denies is a failure, one below the threshold a passing case with its text as
output, a waived one is skipped, and something that could not be checked is an error. A scanner with nothing to say has
one passing case, so that a suite is never empty.

In the report of `mlgate check` findings of one rule in one file are one case, whose class is the file, and a file that
was looked at without a finding is a passing case; so a build server follows rule and file from build to build.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from report_formats import wording
from report_formats.interface import Report
from verdicts import Completed, Finding, NotCompleted, WaivedFinding

if TYPE_CHECKING:
    from junitparser import TestCase, TestSuite

# What XML 1.0 can't hold, not even as a reference; `verdicts.text` has escaped these before, where it was asked.
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """Text that XML 1.0 can hold; the rest stays visible as an escape."""
    return _NOT_XML.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _attribute(text: str) -> str:
    """Attributes can't keep line breaks."""
    return xml_text(" ".join(text.split()))


class JunitFormat:
    """See the module."""

    name = "junit"

    def render(self, report: Report) -> str:
        """The document with its declaration."""
        from junitparser import JUnitXml

        document = JUnitXml(xml_text(report.title))
        suites = _suites(report)
        for suite in suites:
            document.add_testsuite(suite)
        # Not by update_statistics(): it adds a total of skipped cases, which Jenkins' schema (junit-10.xsd) refuses.
        document.tests = sum(suite.tests for suite in suites)
        document.failures = sum(suite.failures for suite in suites)
        document.errors = sum(suite.errors for suite in suites)
        document.time = round(sum(suite.time for suite in suites), 3)
        data = io.BytesIO()
        document.write(data, pretty=True)
        # As in `wording.inert`, but so that a reader of the XML gets the same text.
        return re.sub(r"(?m)^(\s*):(?=:)", r"\1&#58;", data.getvalue().decode().replace("##", "#&#35;"))


def _suites(report: Report) -> list[TestSuite]:
    verdict = report.verdict
    scanners = wording.scanner_ids(verdict)
    return [_suite(report, scanner) for scanner in scanners] or [_silence(report)]


def _new_suite(report: Report, scanner: str) -> TestSuite:
    from junitparser import TestSuite

    suite = TestSuite(xml_text(scanner))
    suite.timestamp = report.created_at.strftime("%Y-%m-%dT%H:%M:%S")
    return suite


def _suite(report: Report, scanner: str) -> TestSuite:
    verdict = report.verdict
    suite = _new_suite(report, scanner)
    for name, value in _properties(report, scanner):
        suite.add_property(xml_text(name), xml_text(value))
    cases = [_unchecked(item) for item in verdict.unchecked if item.scanner == scanner]
    denying = [finding for finding in verdict.denying if finding.scanner == scanner]
    tolerated = [finding for finding in verdict.tolerated if finding.scanner == scanner]
    waived = [item for item in verdict.waived if item.finding.scanner == scanner]
    if report.kind == "check":
        cases += [_denying_together(findings, report) for findings in _together(denying)]
        cases += [_tolerated_together(findings, report) for findings in _together(tolerated)]
        cases += _quiet_files(report, scanner)
    else:
        cases += [_denying(finding) for finding in denying]
        cases += [_tolerated(finding) for finding in tolerated]
    cases += [_waived(item) for item in waived]
    if not cases:
        cases = [
            _case(scanner, f"{outcome.examined:,} {outcome.unit} examined")
            for outcome in verdict.outcomes
            if isinstance(outcome, Completed) and outcome.scanner == scanner
        ]
    seconds = sum(outcome.seconds for outcome in verdict.outcomes if outcome.scanner == scanner)
    cases[0].time = round(seconds, 3)
    suite.add_testcases(cases)
    return suite


def _properties(report: Report, scanner: str) -> list[tuple[str, str]]:
    """What the suite rests on; the facts of the run too, since the format has no better place."""
    properties = list(report.facts)
    properties += [("left out", one) for one in report.left_out]
    for outcome in report.verdict.outcomes:
        if outcome.scanner != scanner:
            continue
        properties.append(("outcome", wording.outcome_line(outcome)))
        properties += [
            (f"tool {tool.name}", f"{tool.version} {tool.digest} ({tool.origin})") for tool in outcome.evidence.tools
        ]
        properties += [
            (f"database {item.name}", f"{wording.moment(item.updated_at)} {item.digest}")
            for item in outcome.evidence.databases
        ]
        properties += [(f"input {item.name}", item.digest) for item in outcome.evidence.inputs]
    return properties


def _silence(report: Report) -> TestSuite:
    from junitparser import Error

    suite = _new_suite(report, "mlgate")
    case = _case("mlgate", "verdict")
    case.result = [Error(wording.reasons(report.verdict), "could-not-check")]
    suite.add_testcase(case)
    return suite


def _case(scanner: str, name: str) -> TestCase:
    from junitparser import TestCase

    return TestCase(xml_text(name), f"mlgate.{xml_text(scanner)}", 0.0)


def _finding_case(finding: Finding) -> TestCase:
    # The fingerprint makes the name unique, so that a build server can follow the case from build to build.
    parts = [finding.rule_id, finding.resource, finding.subject, f"({finding.fingerprint[:12]})"]
    return _case(finding.scanner, " ".join(part for part in parts if part))


def _body(finding: Finding) -> str:
    lines = [
        finding.message,
        f"severity: {finding.severity.value}",
        f"resource: {finding.resource}",
        f"subject: {finding.subject}" if finding.subject else "",
        f"location: {finding.location}" if finding.location else "",
        f"remedy: {finding.remediation}" if finding.remediation else "",
        f"documentation: {finding.documentation}" if finding.documentation else "",
        f"found, too, by: {', '.join(finding.also)}" if finding.also else "",
    ]
    return xml_text("\n".join(line for line in lines if line))


def _denying(finding: Finding) -> TestCase:
    from junitparser import Failure

    case = _finding_case(finding)
    failure = Failure(_attribute(finding.message) or finding.rule_id, finding.severity.value)
    failure.text = _body(finding)
    case.result = [failure]
    return case


def _tolerated(finding: Finding) -> TestCase:
    case = _finding_case(finding)
    case.system_out = f"below the threshold\n{_body(finding)}"
    return case


def _together(findings: Sequence[Finding]) -> Iterator[list[Finding]]:
    """Findings of one rule in one file (or at one resource), worst first."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((wording.place_of(finding), finding.rule_id), []).append(finding)
    yield from (groups[key] for key in sorted(groups))


def _group_case(findings: Sequence[Finding]) -> TestCase:
    from junitparser import TestCase

    first = findings[0]
    return TestCase(xml_text(first.rule_id), f"{xml_text(first.scanner)}.{xml_text(wording.place_of(first))}", 0.0)


def _bodies(findings: Sequence[Finding], report: Report) -> str:
    return xml_text("\n\n".join("\n".join(_whole(finding, report)) for finding in findings))


def _whole(finding: Finding, report: Report) -> Iterator[str]:
    yield _body(finding)
    excerpt, fix = report.excerpt(finding), report.fix(finding)
    for number, text in enumerate(excerpt.lines if excerpt is not None else (), excerpt.first if excerpt else 0):
        yield f"{'>' if excerpt is not None and number == excerpt.marked else ' '} {number:>5} | {text}"
    if fix is not None:
        yield f"write: {fix.text}"


def _denying_together(findings: Sequence[Finding], report: Report) -> TestCase:
    from junitparser import Failure

    case, worst = _group_case(findings), findings[0]
    more = f" (and {len(findings) - 1:,} more here)" if len(findings) > 1 else ""
    failure = Failure(_attribute(worst.message + more) or worst.rule_id, worst.severity.value)
    failure.text = _bodies(findings, report)
    case.result = [failure]
    return case


def _tolerated_together(findings: Sequence[Finding], report: Report) -> TestCase:
    case = _group_case(findings)
    case.name = f"{case.name} (below the threshold)"
    case.system_out = _bodies(findings, report)
    return case


def _quiet_files(report: Report, scanner: str) -> list[TestCase]:
    """A passing case for each file that the scanner looked at and found nothing in."""
    verdict = report.verdict
    loud = {wording.place_of(finding) for finding in wording.all_findings(verdict)}
    loud |= {item.location.path for item in verdict.unchecked if item.location}
    names = {
        item.name
        for outcome in verdict.outcomes
        if outcome.scanner == scanner and isinstance(outcome, Completed)
        for item in outcome.evidence.inputs
    }
    from junitparser import TestCase

    return [TestCase("nothing found", f"{xml_text(scanner)}.{xml_text(name)}", 0.0) for name in sorted(names - loud)]


def _waived(item: WaivedFinding) -> TestCase:
    from junitparser import Skipped

    case = _finding_case(item.finding)
    waiver = item.waiver
    who = f"owner {waiver.owner}, approved by {waiver.approver}"
    skipped = Skipped(_attribute(f"waived until {waiver.expires.isoformat()}, {who}: {waiver.reason}"), "waived")
    skipped.text = _body(item.finding)
    case.result = [skipped]
    return case


def _unchecked(outcome: NotCompleted) -> TestCase:
    from junitparser import Error

    place = f" {outcome.location}" if outcome.location else ""
    case = _case(outcome.scanner, f"could not check{place}: {outcome.reason.value}")
    error = Error(_attribute(wording.could_not_check(outcome)), outcome.reason.value)
    error.text = xml_text(f"{outcome.detail}\nremedy: {outcome.remedy}")
    case.result = [error]
    return case
