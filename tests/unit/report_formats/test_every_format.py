"""What holds for every format, whatever is in the report."""

from __future__ import annotations

import html
import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from report_formats.interface import Report
from report_formats.registry import FORMAT_NAMES, format_named
from report_formats.wording import headline
from tests import sample_reports, strategies

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "reports"
ENDINGS = {
    "console": "txt",
    "json": "json",
    "sarif": "sarif",
    "junit": "xml",
    "markdown": "md",
    "html": "html",
    "github": "log",
}
SAMPLES = {
    "denied": sample_reports.denied_report,
    "allowed": sample_reports.allowed_report,
    "could-not-check": sample_reports.unchecked_report,
    "check": sample_reports.check_report,
}

# Terminal controls, C1 ones too, and what reverses the direction of text.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

many_reports = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def render(name: str, report: Report) -> str:
    return format_named(name).render(report)


def as_read(name: str, text: str) -> str:
    """The text as the reader of the format sees it."""
    if name in ("json", "sarif"):
        return json.dumps(json.loads(text), ensure_ascii=False)
    return html.unescape(text) if name in ("junit", "markdown", "html") else text


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_the_registry_has_each_format_under_its_own_name(name: str) -> None:
    assert format_named(name).name == name


def test_an_unknown_format_is_an_error() -> None:
    with pytest.raises(KeyError):
        format_named("html5")


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_the_text_is_the_golden_one(name: str, sample: str) -> None:
    """Type `MLGATE_UPDATE_GOLDEN=1 pytest ...` after a wanted change, and read the difference before the commit."""
    path = GOLDEN / f"{sample}.{ENDINGS[name]}"
    text = render(name, SAMPLES[sample]())
    if os.environ.get("MLGATE_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_everything_that_matters_is_in_the_report(name: str) -> None:
    text = as_read(name, render(name, sample_reports.denied_report()))
    for needle in (
        "CVE-2024-5535",
        "CKV_AZURE_144",
        "CKV_AZURE_42",
        "infrastructure/workspace.json",
        "infrastructure/supply.bicep was not parsed",
        "pip-audit is required here and did not report",
        "CKV_AZURE_109",
        "Closed by the firewall until the move.",
        "2027-01-01",
        "trivy",
        "0.76.0",
        "sha256:111111111111",
        "sha256:333333333333",
        "0123456789abcdef0123456789abcdef01234567",
    ):
        assert needle in text, f"{needle} is missing from {name}"
    assert "owner@example.com" in re.sub("</?span>", "", text)
    assert "approver@example.com" in re.sub("</?span>", "", text)


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_what_is_known_of_a_check_is_in_its_report(name: str) -> None:
    text = as_read(name, render(name, sample_reports.check_report()))
    for needle in (
        "MLG-WORKSPACE-PUBLIC-ACCESS",
        "CKV_AZURE_144",
        "publicNetworkAccess: 'Disabled'",
        "publicNetworkAccess: 'Enabled'",
        "open for <now> & `later`",
        "vendor/** (3 files and folders): copied from elsewhere",
        "infrastructure/accounts.json",
        "Closed by the firewall until the move.",
        "infrastructure/supply.bicep was not parsed",
    ):
        # html.unescape takes one layer off, and the end of the marked part stands inside of the line.
        assert needle in re.sub("</?(mark|span)[^>]*>", "", text), f"{needle} is missing from {name}"


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_a_report_about_nothing_does_not_look_allowed(name: str) -> None:
    text = as_read(name, render(name, sample_reports.report_of()))
    assert "no scanner said anything" in text.lower()
    assert "ALLOWED" not in text
    assert '"allowed"' not in text


@pytest.mark.parametrize("name", FORMAT_NAMES)
@given(report=strategies.reports)
@many_reports
def test_no_control_character_and_no_lone_surrogate_reaches_the_text(name: str, report: Report) -> None:
    text = render(name, report)
    text.encode()
    assert not _CONTROL.search(text)


@pytest.mark.parametrize("name", FORMAT_NAMES)
@given(report=strategies.reports)
@many_reports
def test_no_line_is_a_command_to_a_build_server(name: str, report: Report) -> None:
    text = render(name, report)
    assert not re.search(r"##(vso)?\[", text, re.IGNORECASE)
    # The format that consists of commands has tests of its own, in test_github.py.
    assert name == "github" or not any(line.strip().startswith("::") for line in text.split("\n"))


@pytest.mark.parametrize("name", FORMAT_NAMES)
@given(report=strategies.reports)
@many_reports
def test_the_same_report_gives_the_same_text(name: str, report: Report) -> None:
    assert render(name, report) == render(name, report)


@pytest.mark.parametrize("name", ["console", "json", "sarif", "markdown"])
@given(report=strategies.reports)
@many_reports
def test_the_decision_shown_is_the_decision_made(name: str, report: Report) -> None:
    text = render(name, report)
    line = headline(report.verdict)
    if name == "console":
        assert text.splitlines()[-3:-1] == [f"  {part}" for part in line.split(": ", 1)]
    elif name == "markdown":
        assert text.split("\n\n")[1].endswith(line.split(": ", 1)[0])
    else:
        document = json.loads(text)
        verdict = document["verdict"] if name == "json" else document["runs"][0]["properties"]
        assert verdict["decision"] == report.verdict.decision.value
        assert verdict["summary"] == line
