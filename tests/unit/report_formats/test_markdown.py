"""The comment on a pull request: texts from outside stay texts, and the length stays below the limit."""

from __future__ import annotations

import dataclasses
import datetime as dt
import html
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from report_formats.interface import Excerpt, Lines, Report
from report_formats.markdown import CHECK_MARKER, MARKER, MAXIMUM_CHARACTERS, MarkdownFormat, code
from tests import sample_reports, strategies
from tests.sample_reports import finding
from verdicts import Finding, Location, NotCompleted, Reason
from verdicts.text import one_line

_OUR_TAGS = re.compile(
    r"</?(?:code|details|summary)>|<details open>|<span>&#64;</span>"
    r"|<!-- mlgate:(?:report:v1|check) -->|<!-- mlgate:digest sha256:[0-9a-f]{64} -->"
)
_PIECE = re.compile(r"<code>(.*?)</code>|<pre>[^<]*(?:<span>&#64;</span>[^<]*)*</pre>")


def render(report: Report) -> str:
    return MarkdownFormat().render(report)


def of(*findings: Finding, waived: tuple[Finding, ...] = ()) -> str:
    return render(sample_reports.report_of(sample_reports.checkov_outcome(*findings), waived=waived))


def visible(piece: str) -> str:
    return html.unescape(piece.replace("<span>", "").replace("</span>", ""))


@pytest.mark.parametrize(
    "hostile",
    [
        "@octocat please merge",
        "team@example.com",
        "[click](https://evil.example)",
        "![x](https://evil.example/x.png)",
        "<img src=x onerror=alert(1)>",
        "</details></code><h1>ALLOWED</h1>",
        "<!-- mlgate:report:v1 -->",
        "| a | b |",
        "\\| a \\\\| b",
        "`code` ``` ~~~",
        "**bold** _it_ ~~gone~~ $math$ #1",
        "&lt;script&gt; &#64;octocat",
        "https://evil.example www.evil.example WWW.evil.example",
    ],
)
def test_a_hostile_text_is_shown_and_means_nothing(hostile: str) -> None:
    piece = code(hostile)
    match = _PIECE.fullmatch(piece)
    assert match
    assert visible(match.group(1)) == hostile
    raw = match.group(1).replace("<span>&#64;</span>", "")
    assert not re.search(r"[\\`*\[\]<>|~$@]|&(?!#\d+;)|(?<!&)#|://|www\.", raw, re.IGNORECASE)


@given(text=st.one_of(strategies.texts, st.text(alphabet="\\`*_[]<>|~$@&#!:/wW.\n a1", max_size=80)))
def test_any_text_is_shown_and_means_nothing(text: str) -> None:
    piece = code(text)
    if not text.strip():
        assert piece == ""
        return
    match = _PIECE.fullmatch(piece)
    assert match
    assert visible(match.group(1)) == one_line(text)
    raw = match.group(1).replace("<span>&#64;</span>", "")
    assert not re.search(
        r"[\\`*\[\]<>|~$@\n]|&(?!#\d+;)|(?<!&)#|://|www\.|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", raw, re.I
    )


@given(report=strategies.reports)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_report_has_foreign_markup(report: Report) -> None:
    text = render(report)
    bare = _OUR_TAGS.sub("", _PIECE.sub("X", text))
    assert not re.search(r"[<>@`\[\]\\]", bare)
    assert len(re.findall("<details(?: open)?>", text)) == text.count("</details>") == text.count("<summary>")
    marker = CHECK_MARKER if report.kind == "check" else MARKER
    assert text.startswith(marker + "\n")
    assert text.count("<!--") == (2 if report.kind == "check" else 1)
    assert len(text) < MAXIMUM_CHARACTERS


@given(report=strategies.reports)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_row_has_as_many_cells_as_its_heading(report: Report) -> None:
    columns = 0
    for line in render(report).split("\n"):
        if line.startswith("|"):
            columns = columns or line.count("|")
            assert line.count("|") == columns
        else:
            columns = 0


def test_thousands_of_findings_stay_below_the_limit_and_are_counted() -> None:
    hostile = [finding(subject=f"{index} {'@' * 900}", message="@" * 2_000) for index in range(5_000)]
    waived = [finding(rule_id="W", subject=f"{index} {'|' * 500}") for index in range(300)]
    unchecked = [
        NotCompleted(scanner="checkov", reason=Reason.CRASHED, detail=f"{index} {'<' * 900}", remedy="@" * 900)
        for index in range(400)
    ]
    report = sample_reports.report_of(
        sample_reports.checkov_outcome(*hostile, *waived), *unchecked, waived=tuple(waived)
    )
    text = render(report)
    assert len(text) < MAXIMUM_CHARACTERS
    for heading, total in (
        ("### Could not check (400)", 400),
        ("### Denying (5,000)", 5_000),
        ("### Waived (300)", 300),
    ):
        assert heading in text
        section = text.split(heading)[1].split("\n#")[0].split("<details>")[0]
        rows = sum(line.startswith("| <code>") for line in section.split("\n"))
        left_out = re.search(r"\*\*([\d,]+) more left out here\*\*", section)
        assert left_out
        assert rows > 0
        assert rows + int(left_out.group(1).replace(",", "")) == total


def test_a_check_of_thousands_of_files_stays_below_the_limit_and_is_counted() -> None:
    found = [
        finding(location=Location(f"{'@' * 60}/{index % 700}.bicep", 5, 3), subject=str(index), message="@|`" * 300)
        for index in range(5_000)
    ]
    base = sample_reports.report_of(sample_reports.checkov_outcome(*found))
    excerpt = Excerpt(first=3, lines=("@" * 160,) * 5, marked=5, column=3)
    report = dataclasses.replace(
        base,
        kind="check",
        left_out=tuple(f"{index} {'<' * 300}" for index in range(300)),
        excerpts={one.fingerprint: excerpt for one in found},
        fixes={one.fingerprint: Lines("bicep", "@" * 1_900) for one in found},
    )
    text = render(report)
    assert len(text) < MAXIMUM_CHARACTERS
    section = text.split("### Denying (5,000)")[1].split("\n### ")[0]
    left_out = re.search(r"\*\*([\d,]+) more left out here\*\*", section)
    assert left_out
    shown = section.count("**high** ")
    assert shown > 1
    assert shown + int(left_out.group(1).replace(",", "")) == 5_000


def test_the_digest_changes_when_something_else_is_said_and_not_with_the_time() -> None:
    report = sample_reports.check_report()
    later = dataclasses.replace(report, facts=(("run", "2"),), created_at=report.created_at + dt.timedelta(hours=1))
    other = dataclasses.replace(report, left_out=())

    def digest(text: str) -> str:
        found = re.search(r"<!-- mlgate:digest (sha256:[0-9a-f]{64}) -->", text)
        assert found
        return found[1]

    assert digest(render(report)) == digest(render(later)) != digest(render(other))


def test_what_fits_is_not_called_left_out() -> None:
    assert "left out" not in render(sample_reports.denied_report())


def test_could_not_check_stands_before_the_findings() -> None:
    text = render(sample_reports.denied_report())
    assert text.index("### Could not check") < text.index("### Denying") < text.index("### Waived")
