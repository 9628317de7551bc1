"""docs/azure-policy.md names everything that the language has."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from policies.cases import answer_case
from policies.compiled_expressions import SPECIAL_FUNCTIONS
from policies.effects import Effect
from policies.functions import FUNCTIONS, NOT_IN_POLICY
from policies.operators import OPERATORS
from tests.unit.policies.test_golden_cases import NOW

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "azure-policy.md").read_text(encoding="utf-8")
NAMED = {word.lower() for quoted in re.findall(r"`([^`]+)`", PAGE) for word in re.findall(r"[A-Za-z0-9]+", quoted)}


@pytest.mark.parametrize("name", sorted([*FUNCTIONS, *SPECIAL_FUNCTIONS, *NOT_IN_POLICY]))
def test_every_function_is_documented(name: str) -> None:
    assert name.lower() in NAMED


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_every_operator_is_documented(name: str) -> None:
    assert name in NAMED


@pytest.mark.parametrize("effect", Effect, ids=lambda effect: effect.value)
def test_every_effect_is_documented(effect: Effect) -> None:
    assert effect.value in NAMED


def test_the_example_of_a_case_gives_the_answer_beside_it() -> None:
    block = "".join(line.strip() + " " for line in PAGE.splitlines() if line.startswith(("    {", '     "')))
    decoder = json.JSONDecoder()
    case, end = decoder.raw_decode(block)
    answer, _ = decoder.raw_decode(block[end:].strip())
    assert answer_case(case, NOW) == answer
