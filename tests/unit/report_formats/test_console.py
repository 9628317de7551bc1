"""The report for a person, on a terminal and in a log."""

from __future__ import annotations

import dataclasses
import io
import re

import pytest
from hypothesis import HealthCheck, given, settings
from rich.console import Console

from report_formats.console import ConsoleFormat, print_report
from report_formats.console_findings import told_in_check
from report_formats.interface import Report
from tests import sample_reports, strategies
from tests.sample_reports import finding
from verdicts import Finding, Location, Severity

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def on_terminal(report: Report, width: int = 80) -> str:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, color_system="truecolor", width=width, legacy_windows=False)
    print_report(report, console)
    return stream.getvalue()


def plain(report: Report) -> str:
    return ConsoleFormat().render(report)


def of(**changes: object) -> Report:
    return sample_reports.report_of(sample_reports.checkov_outcome(finding(**changes)))


def test_plain_text_has_no_escape_whatever_the_environment_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "20")
    assert "\x1b" not in plain(sample_reports.denied_report())


def test_a_terminal_gets_colours_and_the_same_words() -> None:
    text = on_terminal(sample_reports.denied_report())
    assert "\x1b[" in text
    assert _COLOUR.sub("", text) == plain(sample_reports.denied_report())


@given(report=strategies.reports)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_terminal_gets_no_control_but_colours(report: Report) -> None:
    text = _COLOUR.sub("", on_terminal(report, width=40))
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)


def test_a_narrow_terminal_cuts_nothing() -> None:
    resource = "/subscriptions/" + "0123456789" * 30
    text = _COLOUR.sub("", on_terminal(of(resource=resource, location=None), width=30))
    assert f"  {resource}\n" in text


def test_markup_of_rich_is_text() -> None:
    report = of(message="[bold]x[/bold] [link=https://evil.example]y[/link] :smile: [/]")
    assert "[bold]x[/bold] [link=https://evil.example]y[/link] :smile: [/]" in _COLOUR.sub("", on_terminal(report))
    assert "\x1b]8" not in on_terminal(report)


def test_a_message_can_not_pretend_to_be_the_verdict() -> None:
    fake = f"x\n{'=' * 78}\n  ALLOWED\n{'=' * 78}"
    text = plain(of(message=fake, remediation=fake))
    assert [line.strip() for line in text.splitlines() if re.match(r" {0,2}[A-Z]+$", line)] == ["DENIED"]


def test_an_address_of_all_hosts_keeps_its_colons() -> None:
    assert "subject: ::/0" in plain(of(subject="::/0"))


def test_findings_stand_by_file_with_the_worst_file_first() -> None:
    low = finding(rule_id="B", location=Location("a.json", 1))
    worst = finding(rule_id="A", severity=Severity.CRITICAL, location=Location("z.json"))
    text = plain(sample_reports.report_of(sample_reports.checkov_outcome(low, worst)))
    assert text.index("  z.json") < text.index("  a.json")


def test_the_verdict_is_last_and_what_was_not_checked_is_shown() -> None:
    lines = plain(sample_reports.unchecked_report()).splitlines()
    assert lines[-3] == "  COULD NOT CHECK"
    assert "Could not check (1)" in lines
    assert any("infrastructure/supply.bicep was not parsed." in line for line in lines)


def check_of(*findings: Finding) -> str:
    report = sample_reports.report_of(sample_reports.checkov_outcome(*findings))
    return plain(dataclasses.replace(report, kind="check"))


def test_of_one_rule_in_one_file_a_check_tells_three_and_counts_the_others() -> None:
    text = check_of(*(finding(location=Location("a.json", line), subject=str(line)) for line in range(1, 30)))
    assert text.count("subject: ") == 3
    assert "… and 26 more of CKV_AZURE_144 here: lines 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, …" in text
    assert "29 findings at or above" in text


def test_of_one_file_and_of_all_files_a_check_tells_so_many() -> None:
    one = check_of(*(finding(rule_id=f"R{number}", location=Location("a.json", 1)) for number in range(40)))
    assert one.count("remedy: ") == 25
    assert one.count("… and 1 more of R") == 15
    many = check_of(*(finding(rule_id=f"R{number}", location=Location(f"{number}.json", 1)) for number in range(400)))
    assert many.count("remedy: ") == 300
    assert "… and 100 findings more in 100 places: the tables below count them" in many


def test_a_release_tells_everything() -> None:
    found = [finding(location=Location("a.json", line), subject=str(line)) for line in range(1, 400)]
    assert plain(sample_reports.report_of(sample_reports.checkov_outcome(*found))).count("subject: ") == 399


def test_what_differs_in_the_resource_only_is_told_once() -> None:
    text = check_of(*(finding(resource=f"account {number}") for number in range(7)))
    assert text.count("CKV_AZURE_144  line 12") == 1
    assert "resource: account 0\n             and: account 1\n" in text
    assert "and: 2 more of the same place" in text


def test_a_check_counts_by_rule_and_by_file() -> None:
    text = plain(sample_reports.check_report())
    assert re.search(r"MLG-STORAGE-SHARED-KEY +medium +8 +0 +0\n", text)
    assert re.search(r"infrastructure/vault.json +medium +0 +1 +1\n", text)


def test_the_mark_stands_under_the_place() -> None:
    lines = plain(sample_reports.check_report()).splitlines()
    at = next(number for number, line in enumerate(lines) if line.lstrip().startswith("> 12 |"))
    assert lines[at + 1].index("^") == lines[at].index("publicNetworkAccess")


def test_what_needs_an_excerpt_is_what_is_told() -> None:
    found = [finding(location=Location(f"{line % 7}.json", line), subject=str(line)) for line in range(1, 60)]
    report = sample_reports.report_of(sample_reports.checkov_outcome(*found, sample_reports.TOLERATED))
    text = plain(dataclasses.replace(report, kind="check"))
    told = told_in_check(report.verdict)
    assert len(told) == 7 * 3 + 1 == text.count("remedy: ")
    assert all(f"subject: {one.subject}\n" in text for one in told if one.subject)
