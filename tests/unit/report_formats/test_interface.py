"""A report is what it says: cleaned, and dated in UTC."""

from __future__ import annotations

import datetime as dt

import pytest

from report_formats.interface import Report
from tests import sample_reports
from tests.strategies import NOW


def report(**changes: object) -> Report:
    values: dict[str, object] = {
        "title": "x",
        "verdict": sample_reports.denied_report().verdict,
        "mlgate_version": "0.1.0",
        "created_at": NOW,
    }
    return Report(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("zone", [None, dt.timezone(dt.timedelta(hours=1))])
def test_a_moment_that_is_not_utc_is_refused(zone: dt.tzinfo | None) -> None:
    with pytest.raises(ValueError, match="UTC"):
        report(created_at=NOW.replace(tzinfo=zone))


def test_title_and_facts_are_cleaned() -> None:
    made = report(title="a\x1b[2Jb\nc", facts=(("run\n", "\x07 https://u:secret12@h.example/"),))
    assert made.title == "a\\x1b[2Jb c"
    assert made.facts == (("run", "\\x07 https:// [redacted]h.example/"),)
