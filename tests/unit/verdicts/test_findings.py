"""Findings: identity, order and cleanliness."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
from hypothesis import given, settings

from tests import strategies
from tests.sample_reports import finding
from verdicts import Finding, Location, Severity


@given(item=strategies.findings, line=strategies.numbers)
@settings(deadline=None)
def test_the_fingerprint_survives_a_shift_of_lines(item: Finding, line: int | None) -> None:
    if item.location is None:
        return
    moved = dataclasses.replace(item, location=Location(item.location.path, line))
    assert moved.fingerprint == item.fingerprint


@pytest.mark.parametrize("change", [{"message": "other"}, {"remediation": "other"}, {"severity": Severity.LOW}])
def test_wording_and_rating_are_no_part_of_the_fingerprint(change: dict[str, object]) -> None:
    assert finding(**change).fingerprint == finding().fingerprint


def test_distinct_rule_path_resource_or_subject_have_distinct_fingerprints() -> None:
    variants = [
        finding(rule_id=rule, location=location, resource=resource, subject=subject)
        for rule, location, resource, subject in itertools.product(
            ("a", "b"), (None, Location("a"), Location("b")), ("", "a", "b"), ("", "a", "b")
        )
    ]
    assert len({item.fingerprint for item in variants}) == len(variants)


def test_parts_can_not_flow_into_each_other() -> None:
    assert finding(resource="a", subject="b c").fingerprint != finding(resource="a b", subject="c").fingerprint
    assert finding(resource='a", "b', subject="").fingerprint != finding(resource="a", subject="b").fingerprint


def test_the_fingerprint_is_stable_over_releases() -> None:
    # Waived alerts in a code-scanning service hang on it; a change is a breaking one.
    assert finding().fingerprint == "3fddcd94f17f28f2c9b360afd0c6f29cc9cbccbdee6fdca02efeae08523dc26b"


@pytest.mark.parametrize("change", [{"rule_id": ""}, {"scanner": ""}, {"rule_id": "  \n"}, {"scanner": "\t"}])
def test_a_finding_needs_a_rule_and_a_scanner(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="needs a rule id and a scanner"):
        finding(**change)


@pytest.mark.parametrize(
    "name", ["rule_id", "scanner", "message", "remediation", "resource", "subject", "documentation"]
)
def test_every_text_is_cleaned(name: str) -> None:
    value = getattr(finding(**{name: "a\x1b[2J\u202e?sig=abcdefgh1234"}), name)
    assert value == "a\\x1b[2J\\u202e?sig [redacted]"


def test_a_path_is_cleaned_and_shown_with_line_and_column() -> None:
    assert str(Location("a\x07b.json", 3, 5)) == "a\\x07b.json:3:5"
    assert str(Location("a.json", 3)) == "a.json:3"
    assert str(Location("a.json")) == "a.json"


@pytest.mark.parametrize("number", [0, -1])
def test_a_line_that_is_none_is_unknown(number: int) -> None:
    assert Location("a.json", number, number) == Location("a.json")


def test_severities_are_in_order_and_unknown_is_as_bad_as_critical() -> None:
    ranks = [severity.rank for severity in Severity]
    assert ranks == [4, 3, 2, 1, 0, 4]


@given(item=strategies.findings, other=strategies.findings)
@settings(deadline=None)
def test_any_two_findings_can_be_put_in_order(item: Finding, other: Finding) -> None:
    ordered = sorted([item, other], key=lambda each: each.sort_key)
    assert ordered[0].severity.rank >= ordered[1].severity.rank
