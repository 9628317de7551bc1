"""The report for a person, on a terminal and in a log."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import HealthCheck, given, settings
from rich.console import Console

from report_formats.console import ConsoleFormat, print_report
from report_formats.interface import Report
from tests import sample_reports, strategies
from tests.sample_reports import finding
from verdicts import Location, Severity

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
