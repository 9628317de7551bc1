"""The comment on a pull request: texts from outside stay texts, and the length stays below the limit."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from report_formats.interface import Report
from report_formats.markdown import MARKER, MAXIMUM_CHARACTERS, MarkdownFormat, code
from tests import sample_reports, strategies
from tests.sample_reports import finding
from verdicts import Finding, NotCompleted, Reason
from verdicts.text import one_line

_OUR_TAGS = re.compile(r"</?(?:code|details|summary)>|<span>&#64;</span>|<!-- mlgate:report:v1 -->")
_PIECE = re.compile(r"<code>(.*?)</code>")


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
    assert text.count("<details>") == text.count("</details>") == text.count("<summary>")
    assert text.startswith(MARKER + "\n")
    assert text.count(MARKER) == 1


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


def test_what_fits_is_not_called_left_out() -> None:
    assert "left out" not in render(sample_reports.denied_report())


def test_could_not_check_stands_before_the_findings() -> None:
    text = render(sample_reports.denied_report())
    assert text.index("### Could not check") < text.index("### Denying") < text.index("### Waived")
