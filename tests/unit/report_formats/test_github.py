"""Annotations: GitHub takes each line for what it is, and shows the worst of what it shows."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings

from report_formats.github import SHOWN, GithubFormat, command
from report_formats.interface import Report
from tests import sample_reports, strategies
from tests.sample_reports import finding
from verdicts import Finding, Location, NotCompleted, Reason, Severity

_ANNOTATION = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")
_PROPERTY = re.compile(r"(file|line|col|title)=([^,:]*)")


def lines(report: Report) -> list[str]:
    return GithubFormat().render(report).split("\n")[:-1]


def parsed(line: str) -> tuple[str, dict[str, str], str]:
    """As the runner reads a command (actions/runner, ActionCommand.TryParseV2)."""

    def plain(text: str) -> str:
        for code, sign in (("%2C", ","), ("%3A", ":"), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
            text = text.replace(code, sign)
        return text

    match = _ANNOTATION.fullmatch(line)
    assert match, line
    properties = {}
    for part in match[2].split(",") if match[2] else []:
        pair = _PROPERTY.fullmatch(part)
        assert pair, line
        properties[pair[1]] = plain(pair[2])
    return match[1], properties, plain(match[3])


def shown(report: Report) -> list[tuple[str, dict[str, str], str]]:
    said = lines(report)
    return [parsed(line) for line in said[: said.index("::group::The whole report of mlgate")]]


def of(*findings: Finding) -> Report:
    return sample_reports.report_of(sample_reports.checkov_outcome(*findings))


def test_a_finding_stands_at_its_line_with_what_to_do() -> None:
    kind, properties, message = shown(sample_reports.check_report())[1]
    assert kind == "error"
    assert properties == {
        "file": "infrastructure/main.bicep",
        "line": "12",
        "col": "5",
        "title": "MLG-WORKSPACE-PUBLIC-ACCESS (high)",
    }
    assert message.split("\n")[1:] == [
        "remedy: Set publicNetworkAccess to Disabled.",
        "publicNetworkAccess: 'Disabled'",
        "see: docs/rules/MLG-WORKSPACE-PUBLIC-ACCESS.md",
        "found by CKV_AZURE_144, too",
    ]


@given(report=strategies.reports)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_type_has_more_annotations_than_are_shown_and_the_rest_is_counted(report: Report) -> None:
    made = shown(report)
    for kind in ("error", "warning", "notice"):
        assert sum(one[0] == kind for one in made) <= SHOWN
    said = lines(report)
    stop = next(line for line in said if line.startswith("::stop-commands::"))
    token = stop.removeprefix("::stop-commands::")
    assert said[-2:] == [f"::{token}::", "::endgroup::"]
    inside = said[said.index(stop) + 1 : -2]
    assert not any(line.strip().startswith("::") or token in line for line in inside)


def test_what_does_not_fit_is_counted_and_something_unchecked_is_always_shown() -> None:
    found = [finding(subject=str(number)) for number in range(40)]
    gaps = [NotCompleted(scanner="x", reason=Reason.CRASHED, detail=str(number), remedy="y") for number in range(9)]
    report = sample_reports.report_of(sample_reports.checkov_outcome(*found), *gaps)
    made = shown(report)
    titles = [one[1]["title"] for one in made if one[0] == "error"]
    assert len(titles) == SHOWN
    assert sum(title.startswith("Could not check: x") for title in titles) == 3
    (summary,) = [message for kind, _, message in made if kind == "notice"]
    assert "33 findings more, 6 more that could not be checked" in summary


def test_each_rule_is_seen_before_one_is_seen_again_and_the_worst_first() -> None:
    same = [finding(rule_id="AAA", subject=str(number)) for number in range(20)]
    other, worst = finding(rule_id="ZZZ"), finding(rule_id="ZZY", severity=Severity.CRITICAL)
    titles = [one[1]["title"] for one in shown(of(*same, other, worst))]
    assert titles[:3] == ["ZZY (critical)", "AAA (high)", "ZZZ (high)"]


def test_what_is_below_the_threshold_is_no_error() -> None:
    kinds = {one[1].get("title"): one[0] for one in shown(sample_reports.allowed_report())}
    assert kinds == {"CKV_AZURE_42 (low)": "notice", "mlgate": "notice"}


@pytest.mark.parametrize(
    "hostile",
    [
        "a\n::error::owned",
        "a\r\n::stop-commands::x",
        "100%25 %0A::notice::x",
        "x,title=y::z",
        "::endgroup::",
        "##[error]x ##vso[task.complete]",
    ],
)
def test_a_hostile_text_stays_in_its_message(hostile: str) -> None:
    report = of(finding(rule_id=hostile, message=hostile, location=Location(hostile, 3, 4), remediation=hostile))
    kind, properties, message = shown(report)[0]
    assert (kind, properties["line"], properties["col"]) == ("error", "3", "4")
    assert message.startswith(finding(message=hostile).message.replace("##", "# #")[:3])
    assert "##[" not in "\n".join(lines(report))


def test_a_command_without_place_has_none() -> None:
    assert command("notice", "x") == "::notice ::x"
