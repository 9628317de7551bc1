"""Waivers: exact, in time, and never silent."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings

from tests import strategies
from tests.sample_reports import finding
from tests.strategies import NOW, waiver_for
from verdicts import Finding, Location
from verdicts.waivers import EXPIRED_RULE, UNUSED_RULE, WAIVER_SCANNER, Waiver, apply_waivers

DAY = dt.timedelta(days=1)


def about(waiver: Waiver, *findings: Finding, at: dt.datetime = NOW) -> tuple[list[str], int]:
    """Rules that stand, and the number of waived findings."""
    after = apply_waivers(findings, [waiver], at=at)
    return [item.rule_id for item in after.standing], len(after.waived)


def test_a_waiver_in_force_excuses_its_finding_and_is_shown_with_it() -> None:
    waiver = waiver_for(finding())
    after = apply_waivers([finding()], [waiver], at=NOW)
    assert after.standing == ()
    assert [(item.finding, item.waiver) for item in after.waived] == [(finding(), waiver)]


@pytest.mark.parametrize(
    "change",
    [
        {"rule_id": "CKV_AZURE_14"},
        {"resource": "Microsoft.MachineLearningServices/workspaces/credit-risk-2"},
        {"subject": "properties.publicNetworkAccess"},
        {"location": Location("infrastructure/workspace.json.bak", 12)},
        {"location": None},
    ],
)
def test_anything_but_the_exact_scope_stands(change: dict[str, object]) -> None:
    other = finding(**change)
    assert about(waiver_for(finding()), other) == ([other.rule_id, UNUSED_RULE], 0)


def test_the_line_is_no_part_of_the_scope() -> None:
    assert about(waiver_for(finding()), finding(location=Location("infrastructure/workspace.json", 99))) == ([], 1)


@pytest.mark.parametrize(
    ("at", "applies"),
    [
        (dt.datetime(2026, 11, 21, 23, 59, 59, tzinfo=dt.UTC), True),
        (dt.datetime(2026, 11, 22, 0, 0, 0, tzinfo=dt.UTC), False),
        # Still the 21st in New York, and already the 22nd where expiries count.
        (dt.datetime(2026, 11, 21, 20, 0, tzinfo=dt.timezone(dt.timedelta(hours=-5))), False),
        # Already the 22nd in Tokyo.
        (dt.datetime(2026, 11, 22, 8, 0, tzinfo=dt.timezone(dt.timedelta(hours=9))), True),
    ],
)
def test_the_expiry_is_the_last_day_in_utc(at: dt.datetime, applies: bool) -> None:
    waiver = waiver_for(finding(), expires=dt.date(2026, 11, 21))
    standing, waived = about(waiver, finding(), at=at)
    assert waived == (1 if applies else 0)
    assert standing == ([] if applies else ["CKV_AZURE_144", EXPIRED_RULE])


def test_an_expired_waiver_is_a_finding_even_without_anything_to_excuse() -> None:
    assert about(waiver_for(finding(), expires=NOW.date() - DAY)) == ([EXPIRED_RULE], 0)


def test_an_unused_waiver_is_a_finding_at_its_own_place() -> None:
    waiver = waiver_for(finding())
    item = apply_waivers([], [waiver], at=NOW).standing[0]
    assert (item.rule_id, item.scanner, item.location) == (UNUSED_RULE, WAIVER_SCANNER, waiver.location)


def test_where_one_of_two_waivers_is_expired_the_other_applies_and_the_expired_one_is_told() -> None:
    old, new = waiver_for(finding(), expires=NOW.date() - DAY), waiver_for(finding())
    after = apply_waivers([finding()], [old, new], at=NOW)
    assert [item.waiver for item in after.waived] == [new]
    assert [item.rule_id for item in after.standing] == [EXPIRED_RULE]


def test_a_waiver_can_not_excuse_what_is_said_about_waivers() -> None:
    unused = apply_waivers([], [waiver_for(finding())], at=NOW).standing[0]
    after = apply_waivers([], [waiver_for(finding()), waiver_for(unused)], at=NOW)
    assert [item.rule_id for item in after.standing] == [UNUSED_RULE, UNUSED_RULE]
    assert after.waived == ()


def test_one_waiver_excuses_every_finding_of_its_scope() -> None:
    assert about(waiver_for(finding()), finding(), finding(message="again")) == ([], 2)


@given(item=strategies.findings, other=strategies.findings)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_scope_as_written_covers_its_finding_and_no_other(item: Finding, other: Finding) -> None:
    waiver = waiver_for(item)
    assert waiver.covers(item)
    assert waiver.covers(other) is (waiver_for(other) == waiver)
    assert waiver.covers(other) is (other.fingerprint == item.fingerprint)


def test_a_scope_with_unusual_characters_is_cleaned_as_the_finding_is() -> None:
    item = finding(resource="a\u202eb\nc", subject="\x1b[1mx")
    waiver = dataclasses.replace(waiver_for(item), resource="a\u202eb\nc", subject="\x1b[1mx")
    assert waiver.covers(item)
