"""Outcomes through JSON and back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from tests import strategies
from verdicts import Outcome, RuleAnswers
from verdicts.outcome_json import outcome_from_json, outcome_to_json


@given(outcome=strategies.outcomes)
def test_an_outcome_survives_the_way_through_text(outcome: Outcome) -> None:
    assert outcome_from_json(json.loads(json.dumps(outcome_to_json(outcome)))) == outcome


def test_what_an_older_release_wrote_has_no_answers_of_rules() -> None:
    old = {
        "kind": "completed",
        "scanner": "policy",
        "findings": [],
        "evidence": {"inputs": [], "tools": [], "databases": []},
        "seconds": 0.0,
        "examined": 1,
        "unit": "resources",
        "notes": [],
    }
    outcome = outcome_from_json(old)
    assert outcome_to_json(outcome) == old


def test_a_count_of_answers_is_never_negative() -> None:
    with pytest.raises(ValueError, match="negative"):
        RuleAnswers("MLG-TEST", -1)
