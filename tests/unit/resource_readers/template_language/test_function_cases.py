"""Every golden case of the template functions: tests/golden/template_functions/*.jsonl, one case a line.

A line has `id`, `source` (the page that says so) and one of

- `expression`: evaluated in a template with `parameters` (given values), `unset` (parameters without a value) and
  `variables`, deployed to `level`. It gives `expect`; or nothing can be said (`unknown`, with the symbolic `text` where
  one is expected); or the deployment would fail there (`error`); or either (`error_or_unknown`).
- `resources`: of a template, whose expanded resources have `expect` as their names (or as the `member` asked for).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from resource_readers.arm.expressions import parse_text
from resource_readers.arm.reader import ArmJsonReader
from resource_readers.arm.scopes import TemplateScope
from resource_readers.interface import ReadRequest, Unknown, Value
from resource_readers.project_files import open_inside
from resource_readers.reading import Reading
from resource_readers.template_language.evaluation import Frame, evaluate
from resource_readers.template_language.functions import FUNCTIONS, RUNTIME
from resource_readers.template_language.resource_ids import DeploymentScope, Level
from resource_readers.trees.lenient_json import parse
from resource_readers.trees.nodes import ObjectNode

FOLDER = Path(__file__).resolve().parents[3] / "golden" / "template_functions"
KEYS = {"id", "source", "expression", "resources", "parameters", "unset", "variables", "level", "member"}
OUTCOMES = {"expect", "unknown", "text", "error", "error_or_unknown"}


def read_cases() -> list[tuple[str, dict[str, Any]]]:
    """The cases with their ids: file name and `id`."""
    return [
        (f"{path.stem}-{case['id']}", case)
        for path in sorted(FOLDER.glob("*.jsonl"))
        for case in map(json.loads, path.read_text(encoding="utf-8").rstrip("\n").split("\n"))
    ]


CASES = read_cases()


def value_of(case: dict[str, Any]) -> Value:
    given = case.get("parameters", {})
    declared = {name: {"type": "object"} for name in (*given, *case.get("unset", ()))}
    template = parse(json.dumps({"parameters": declared, "variables": case.get("variables", {})}))
    assert isinstance(template, ObjectNode)
    level = Level(case.get("level", Level.RESOURCE_GROUP.value))
    supplied = {name.casefold(): value for name, value in given.items()}
    scope = TemplateScope(Reading("t.json"), template, DeploymentScope(level), supplied)
    return evaluate(parse_text(case["expression"], 1), Frame(scope))


def is_error(value: Value) -> bool:
    """Whether it stands for a deployment that fails: a FunctionError names the function first."""
    return isinstance(value, Unknown) and re.match(r"[\w.]+\(\): ", value.reason) is not None


def same(value: Value, expected: Value) -> bool:
    """Equality in which true isn't 1 and 3.0 isn't 3."""
    return repr(value) == repr(expected) if not isinstance(value, dict | list) else _same_inside(value, expected)


def _same_inside(value: Value, expected: Value) -> bool:
    if type(value) is not type(expected) or len(value) != len(expected):
        return False
    if isinstance(value, dict):
        return value.keys() == expected.keys() and all(same(value[key], expected[key]) for key in value)
    return all(same(one, other) for one, other in zip(value, expected, strict=True))


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES if "expression" in case])
def test_the_value_is_what_the_documentation_says(case: dict[str, Any]) -> None:
    value = value_of(case)
    if "expect" in case:
        assert same(value, case["expect"]), value
    elif "error" in case:
        assert is_error(value), value
    elif "unknown" in case:
        assert isinstance(value, Unknown), value
        assert value.reason
        assert not is_error(value), value
        assert value.text == case.get("text", value.text)
    else:
        assert isinstance(value, Unknown), value


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES if "resources" in case])
def test_loops_of_resources_give_what_the_documentation_says(case: dict[str, Any], tmp_path: Path) -> None:
    given = case.get("parameters", {})
    document = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {name: {"type": "array", "defaultValue": value} for name, value in given.items()},
        "resources": case["resources"],
    }
    (tmp_path / "t.json").write_text(json.dumps(document))
    result = ArmJsonReader().read(
        open_inside(tmp_path, Path("t.json")), ReadRequest(root=tmp_path, path=Path("t.json"))
    )
    assert result.not_read == ()
    assert [getattr(one, case.get("member", "name")) for one in result.resources] == case["expect"]


def test_every_case_states_what_it_expects_and_where_that_is_written() -> None:
    for name, case in CASES:
        assert set(case) <= KEYS | OUTCOMES, name
        assert ("expression" in case) is not ("resources" in case), name
        assert len(set(case) & {"expect", "unknown", "error"}) == 1, name
        assert str(case["source"]).strip(), name


def test_no_two_cases_have_the_same_id() -> None:
    names = [name for name, _ in CASES]
    assert sorted(set(names)) == sorted(names)


def test_there_are_the_cases_that_the_issue_asks_for() -> None:
    """An empty or missing folder must not look like success."""
    assert len(CASES) >= 900


def test_every_function_has_a_case() -> None:
    called = {
        name.lower() for _, case in CASES for name in re.findall(r"(\w+)\(", json.dumps(case.get("expression", "")))
    }
    assert {*FUNCTIONS, *RUNTIME} - called - {"readcliarg"} == set()
