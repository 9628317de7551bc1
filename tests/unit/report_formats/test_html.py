"""The page loads nothing, runs nothing, and shows hostile texts as texts."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import HealthCheck, given, settings

from report_formats.html import HtmlFormat
from report_formats.interface import Report
from tests import sample_reports, strategies
from tests.sample_reports import finding

_VOID = {"meta"}
_TAGS = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "table", "thead", "tbody", "tr", "th", "td"),
    *("details", "summary", "article", "span", "b", "pre", "mark", "ul", "li", "a"),
}
_ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "class", "open", "id", "rel", "href"}


class Page(HTMLParser):
    """Collects what a browser would make of it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text = ""
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert {name for name, _ in attrs} <= _ATTRIBUTES
        self.links += [value or "" for name, value in attrs if name == "href"]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def page(report: Report) -> Page:
    parser = Page()
    parser.feed(HtmlFormat().render(report))
    parser.close()
    return parser


@given(report=strategies.reports)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_report_is_a_well_formed_page_of_our_tags_only(report: Report) -> None:
    made = page(report)
    assert made.open == []
    assert made.tags <= _TAGS
    assert all(link.startswith(("https://", "http://")) for link in made.links)


def test_the_browser_is_told_to_load_and_run_nothing() -> None:
    text = HtmlFormat().render(sample_reports.check_report())
    assert "default-src &#x27;none&#x27;" in text
    for word in ("<script", "<img", "<link", "<iframe", "<form", "@import", "url(", "javascript:", " on"):
        assert word not in text.split("</style>")[0]


def test_markup_in_a_finding_is_text() -> None:
    hostile = "</pre></td><script>alert(1)</script><img src=x onerror=alert(1)>"
    report = sample_reports.report_of(
        sample_reports.checkov_outcome(
            finding(message=hostile, resource=hostile, subject=hostile, documentation=f"javascript:{hostile}")
        )
    )
    made = page(report)
    assert hostile in made.text
    assert made.links == []


def test_the_offending_part_is_marked() -> None:
    text = HtmlFormat().render(sample_reports.check_report())
    assert "    <mark>publicNetworkAccess: &#x27;Enabled&#x27;</mark>" in text


def test_findings_have_ids_to_link_to() -> None:
    made = page(sample_reports.check_report())
    assert f"f-{sample_reports.PUBLIC.fingerprint}" in made.ids
    assert len(made.ids) == len(set(made.ids)) == 12
