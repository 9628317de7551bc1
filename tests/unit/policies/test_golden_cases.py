"""Every golden case of the policy language: tests/golden/policy_cases/*.jsonl, one case a line.

A line is a case as `mlgate policy evaluate --cases` takes it, with `id`, `expect` (`effect`, `state` and perhaps
`details`, compared exactly) and `source`: the page that says so.
"""

from __future__ import annotations

import copy
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from policies.cases import answer_case

FOLDER = Path(__file__).resolve().parents[2] / "golden" / "policy_cases"
NOW = dt.datetime(2026, 11, 21, 8, 0, tzinfo=dt.UTC)
KEYS = {"policy", "resource", "parameters", "context", "related", "aliases"}


def read_cases() -> list[tuple[str, dict[str, Any]]]:
    """The cases with their ids: file name and `id`."""
    return [
        (f"{path.stem}-{case['id']}", case)
        for path in sorted(FOLDER.glob("*.jsonl"))
        for case in map(json.loads, path.read_text(encoding="utf-8").rstrip("\n").split("\n"))
    ]


CASES = read_cases()


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES])
def test_the_answer_is_what_the_documentation_says(case: dict[str, Any]) -> None:
    asked = {"id": case["id"], **{key: value for key, value in case.items() if key in KEYS}}
    before = copy.deepcopy(asked)
    answer = answer_case(asked, NOW)
    expected = case["expect"]
    assert {key: answer[key] for key in expected} == expected, answer["reason"]
    assert asked == before, "evaluation changed its input"


def test_every_case_states_what_it_expects_and_where_that_is_written() -> None:
    allowed = KEYS | {"id", "expect", "source", "note"}
    for name, case in CASES:
        assert set(case) <= allowed, name
        assert {"effect", "state"} <= set(case["expect"]) <= {"effect", "state", "details"}, name
        assert str(case["source"]).strip(), name


def test_no_two_cases_have_the_same_id() -> None:
    names = [name for name, _ in CASES]
    assert sorted(set(names)) == sorted(names)


def test_there_are_the_cases_that_the_issue_asks_for() -> None:
    """An empty or missing folder must not look like success."""
    assert len(CASES) >= 400
