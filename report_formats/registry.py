"""The formats, as a list that one can read. A new one is a module and a line in each of the two places here."""

from __future__ import annotations

from report_formats.interface import ReportFormat

FORMAT_NAMES = ("console", "json", "sarif", "junit", "markdown", "html", "github")
"""In the order of `--help`; the first is the default."""


def format_named(name: str) -> ReportFormat:
    """The format of that name; imports only what it needs. Raises KeyError for a name not in FORMAT_NAMES."""
    if name == "console":
        from report_formats.console import ConsoleFormat

        return ConsoleFormat()
    if name == "json":
        from report_formats.json_v1 import JsonFormat

        return JsonFormat()
    if name == "sarif":
        from report_formats.sarif import SarifFormat

        return SarifFormat()
    if name == "junit":
        from report_formats.junit import JunitFormat

        return JunitFormat()
    if name == "markdown":
        from report_formats.markdown import MarkdownFormat

        return MarkdownFormat()
    if name == "html":
        from report_formats.html import HtmlFormat

        return HtmlFormat()
    if name == "github":
        from report_formats.github import GithubFormat

        return GithubFormat()
    raise KeyError(name)
