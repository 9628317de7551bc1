"""Microsoft's own definitions over resources that comply and resources that don't, judged by reading the rules.

tests/golden/builtin_cases.json names definitions by their path in the shared corpus, which isn't part of this
repository, and gives cases as `mlgate policy evaluate --cases` takes them, with the answer that the rule demands.
"""

from __future__ import annotations

import copy
import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from policies.cases import answer_case

ROOT = Path(__file__).resolve().parents[2]
DEFINITIONS = ROOT.parent / "shared" / "data" / "azure-policy" / "policyDefinitions.jsonl.gz"
CASES: dict[str, list[dict[str, Any]]] = json.loads((ROOT / "tests" / "golden" / "builtin_cases.json").read_bytes())
NOW = dt.datetime(2026, 11, 21, 8, 0, tzinfo=dt.UTC)
ASKED = ("resource", "parameters", "context", "related")

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not DEFINITIONS.is_file(), reason=f"there is no shared data at {DEFINITIONS.parent}"),
]


@pytest.fixture(scope="module")
def bodies() -> dict[str, Any]:
    """The definitions that the cases name, by path."""
    with gzip.open(DEFINITIONS, "rt", encoding="utf-8") as lines:
        return {item["path"]: item["body"] for item in map(json.loads, lines) if item["path"] in CASES}


@pytest.mark.parametrize(
    ("path", "case"),
    [
        pytest.param(path, case, id=f"{path.removeprefix('policyDefinitions/').removesuffix('.json')}: {case['name']}")
        for path, cases in CASES.items()
        for case in cases
    ],
)
def test_the_answer_is_what_the_rule_demands(path: str, case: dict[str, Any], bodies: dict[str, Any]) -> None:
    asked = {"policy": bodies[path], **{key: case[key] for key in ASKED if key in case}}
    before = copy.deepcopy(asked)
    answer = answer_case(asked, NOW)
    assert {key: answer[key] for key in case["expect"]} == case["expect"], answer["reason"]
    assert asked == before, "evaluation changed its input"


def test_every_definition_has_a_good_and_a_bad_case() -> None:
    for path, cases in CASES.items():
        states = {case["expect"]["state"] for case in cases}
        assert len(states) >= 2, path
    assert len(CASES) >= 60
