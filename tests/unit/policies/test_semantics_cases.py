"""The team's shared cases about what rules mean (not in a lone clone)."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from policies.cases import answer_case

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "azure-policy"
NOW = dt.datetime(2026, 11, 21, 8, 0, tzinfo=dt.UTC)
STATES = {True: "NonCompliant", False: "Compliant", "error": "Error", "notApplicable": "NotApplicable"}

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.is_dir(), reason="the shared cases are not beside this clone"),
]


def aliases_for(case: dict[str, Any], table: dict[str, str]) -> dict[str, str]:
    """The aliases that a case's rule names; those the provider doesn't have (made up) cut the type off."""
    resource_type = str(case["resource"]["type"])
    names = set(re.findall(r"Microsoft\.\w+/[\w/]+[\w.\[\]*/]*", json.dumps(case["if"])))
    return {
        name: table.get(name.lower()) or f"properties.{name[len(resource_type) + 1 :]}"
        for name in names
        if name.lower() != resource_type.lower() and "noSuch" not in name
    }


def rule_of(case: dict[str, Any]) -> dict[str, Any]:
    """The case's condition as an audit rule, with its parameters declared."""
    rule = {"if": case["if"], "then": {"effect": "audit"}}
    declared = {
        name: {"type": "Array" if isinstance(value, list) else "String"} for name, value in case["parameters"].items()
    }
    return {"parameters": declared, "policyRule": rule}


def test_the_shared_semantics_cases_hold() -> None:
    with gzip.open(SHARED / "aliases.json.gz") as stream:
        table = json.load(stream)
    cases = json.loads((SHARED / "semantics-cases.json").read_text(encoding="utf-8"))
    assert len(cases) >= 34
    wrong = {}
    for case in cases:
        given = {
            "policy": rule_of(case),
            "resource": case["resource"],
            "parameters": case["parameters"],
            "aliases": aliases_for(case, table),
        }
        answer = answer_case(given, NOW)
        if answer["state"] != STATES[case["expected"]]:
            wrong[case["id"]] = answer
    assert wrong == {}
