"""JUnit XML against a schema, and against what a build server makes of it."""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import xmlschema
from hypothesis import HealthCheck, given, settings

from report_formats.interface import Report
from report_formats.junit import JunitFormat, xml_text
from report_formats.wording import place_of
from tests import sample_reports, strategies
from verdicts import Decision, Finding, Location

XSD = Path(__file__).resolve().parents[2] / "data" / "junit.xsd"


@cache
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(XSD)


def tree(report: Report) -> ElementTree.Element:
    return ElementTree.fromstring(JunitFormat().render(report))  # noqa: S314 - our own output


def test_the_schema_refuses_two_results_and_a_missing_total() -> None:
    root = tree(sample_reports.denied_report())
    assert schema().is_valid(root)
    failed = next(case for case in root.iter("testcase") if case.find("failure") is not None)
    ElementTree.SubElement(failed, "skipped", {"message": "", "type": "x"})
    assert not schema().is_valid(root)
    root = tree(sample_reports.denied_report())
    del root.attrib["errors"]
    assert not schema().is_valid(root)


@given(report=strategies.reports)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_report_keeps_to_the_schema_and_counts_right(report: Report) -> None:
    root = tree(report)
    schema().validate(root)
    verdict = report.verdict
    denying = {(one.rule_id, place_of(one), one.scanner) for one in verdict.denying}
    failures = len(denying) if report.kind == "check" else len(verdict.denying)
    assert int(root.get("failures", "")) == len(list(root.iter("failure"))) == failures
    skipped = [int(suite.get("skipped", "")) for suite in root]
    assert sum(skipped) == len(list(root.iter("skipped"))) == len(verdict.waived)
    errors = len(list(root.iter("error")))
    assert int(root.get("errors", "")) == errors
    assert errors == (len(verdict.unchecked) if verdict.outcomes or verdict.unchecked else 1)
    assert int(root.get("tests", "")) == len(list(root.iter("testcase")))


@given(report=strategies.reports)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_build_server_sees_green_only_where_the_verdict_allows(report: Report) -> None:
    root = tree(report)
    red = root.get("failures") != "0" or root.get("errors") != "0"
    assert red is (report.verdict.decision is not Decision.ALLOWED)


def test_each_kind_of_finding_is_its_kind_of_case() -> None:
    root = tree(sample_reports.denied_report())
    kinds = {
        case.get("name", "").split(" ")[0]: [child.tag for child in case]
        for case in root.iter("testcase")
        if not case.get("name", "").startswith("could not check")
    }
    assert kinds == {
        "CVE-2024-5535": ["failure"],
        "CKV_AZURE_144": ["failure"],
        "CKV_AZURE_42": ["system-out"],
        "CKV_AZURE_109": ["skipped"],
    }
    assert [suite.get("name") for suite in root] == ["checkov", "pip-audit", "trivy"]


def test_a_scanner_without_findings_has_one_passing_case_with_its_count() -> None:
    root = tree(sample_reports.allowed_report())
    cases = root.findall("testsuite[@name='trivy']/testcase")
    assert [(case.get("name"), len(case)) for case in cases] == [("131 packages examined", 0)]


def test_two_findings_of_one_rule_have_two_names() -> None:
    twice = (sample_reports.finding(subject="a"), sample_reports.finding(subject="b"))
    names = [case.get("name") for case in tree(_report(*twice)).iter("testcase")]
    assert len(set(names)) == 2


def test_what_xml_can_not_hold_stays_visible() -> None:
    assert xml_text("a\x00b\ufffe\ud800é🙂\n") == "a\\x00b\\ufffe\\ud800é🙂\n".replace("\\x00", "\\u0000")


def test_markup_in_a_message_is_text() -> None:
    message = "]]></failure><testcase name='x'/>&amp;"
    root = tree(_report(sample_reports.finding(message=message)))
    assert next(root.iter("failure")).get("message") == message


def _report(*findings: Finding) -> Report:
    return sample_reports.report_of(sample_reports.checkov_outcome(*findings))


def test_in_a_check_a_rule_and_a_file_are_one_case() -> None:
    root = tree(sample_reports.check_report())
    schema().validate(root)
    suite = next(one for one in root if one.get("name") == "policy")
    cases = {
        (case.get("name"), case.get("classname")): [child.tag for child in case] for case in suite.iter("testcase")
    }
    assert cases == {
        ("MLG-STORAGE-SHARED-KEY", "policy.infrastructure/accounts.json"): ["failure"],
        ("MLG-WORKSPACE-PUBLIC-ACCESS", "policy.infrastructure/main.bicep"): ["failure"],
        ("nothing found", "policy.infrastructure/quiet.json"): [],
    }
    text = "".join(str(failure.text) for failure in suite.iter("failure"))
    assert text.count("location: infrastructure/accounts.json:") == 8
    assert ">    12 |     publicNetworkAccess: 'Enabled'" in text


def test_a_file_that_was_not_read_whole_does_not_pass() -> None:
    gap = dataclasses.replace(sample_reports.UNREADABLE, location=Location("infrastructure/quiet.json"))
    report = dataclasses.replace(sample_reports.report_of(sample_reports.policy_outcome(), gap), kind="check", facts=())
    names = [case.get("classname") for case in tree(report).iter("testcase")]
    assert "policy.infrastructure/main.bicep" in names
    assert "policy.infrastructure/quiet.json" not in names
