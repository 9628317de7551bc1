"""Imports into a pack folder, and the cases beside a pack: nothing is left out silently."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from policies.pack_cache import load_pack
from policies.pack_tests import run_pack_tests
from policies.policy_import import NOTE, import_policies, normalised
from policies.values import DefinitionError
from verdicts.errors import ConfigurationError, CouldNotCheckError

RULE = {"if": {"field": "type", "equals": "a/b"}, "then": {"effect": "deny"}}
DEFINITION = {"name": "one", "properties": {"displayName": "One", "mode": "All", "policyRule": RULE}}
REFERENCE = {"policyDefinitionId": "/providers/Microsoft.Authorization/policyDefinitions/one"}
INITIATIVE = {"name": "set", "properties": {"displayName": "Set", "policyDefinitions": [REFERENCE]}}
NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)


def _write(root: Path, files: dict[str, Any]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return root


def test_a_folder_is_taken_over_whole(tmp_path: Path) -> None:
    source = _write(tmp_path / "source", {"a/one.json": DEFINITION, "set.json": INITIATIVE, "LICENSE": "MIT"})
    report = import_policies(source, tmp_path / "pack")
    assert (report.definitions, report.initiatives, report.unread) == (["a/one.json"], ["set.json"], [])
    assert (tmp_path / "pack" / "LICENSE").read_text() == "MIT"
    assert "definitions: 1" in (tmp_path / "pack" / NOTE).read_text()
    pack = load_pack(tmp_path / "pack")
    assert [member.source for member in pack.members] == ["a/one.json"]
    assert pack.skipped == ("set.json",)
    assert not pack.errors
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pack", "source"]


def test_of_a_clone_only_the_built_in_policies_are_taken(tmp_path: Path) -> None:
    files = {"built-in-policies/policyDefinitions/A/one.json": DEFINITION, "tests/x.json": "{", "NOTICE.txt": "n"}
    report = import_policies(_write(tmp_path / "clone", files), tmp_path / "pack")
    assert report.definitions == ["policyDefinitions/A/one.json"]
    assert not report.unread
    assert report.licences == ["NOTICE.txt"]


def test_a_definition_in_parts_is_put_together_once(tmp_path: Path) -> None:
    parameters = {"effect": {"type": "String", "defaultValue": "Audit"}}
    rule = {**RULE, "then": {"effect": "[parameters('effect')]"}}
    whole = {"properties": {"policyRule": rule, "parameters": parameters}}
    files = {
        "whole/azurepolicy.json": whole,
        "whole/azurepolicy.rules.json": rule,
        "whole/azurepolicy.parameters.json": parameters,
        "parts/azurepolicy.rules.json": rule,
        "parts/azurepolicy.parameters.json": parameters,
    }
    report = import_policies(_write(tmp_path / "source", files), tmp_path / "pack")
    assert sorted(report.definitions) == ["parts/azurepolicy.json", "whole/azurepolicy.json"]
    assert not report.unread
    names = {member.facts.name: member.facts.effect for member in load_pack(tmp_path / "pack").members}
    assert names == {"parts": "audit", "whole": "audit"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": 1, "a": 2}', "stands twice"),
        ('{"properties": {"policyRule": NaN}}', "NaN"),
        ("[]", "must be an object"),
        ({"properties": {"policyrul": RULE}}, "no policyRule"),
        ({"properties": {"policyRule": {**RULE, "if": {"field": "type", "equalz": "x"}}}}, "unknown key or operator"),
        ({"properties": {"policyRule": {**RULE, "if": {"value": "[nope()]", "equals": 1}}}}, "nope"),
        ({"properties": {"policyRule": {**RULE, "then": {"effect": "explode"}}}}, "unknown effect"),
        ({"properties": {"policyDefinitions": []}}, "needs policyDefinitions"),
        ({"properties": {"mode": "Strange", "policyRule": RULE}}, "unknown mode"),
    ],
)
def test_every_file_that_can_not_be_read_is_named(tmp_path: Path, content: Any, reason: str) -> None:
    source = _write(tmp_path / "source", {"good.json": DEFINITION, "bad.json": content})
    report = import_policies(source, tmp_path / "pack")
    assert report.definitions == ["good.json"]
    assert [one.source for one in report.unread] == ["bad.json"]
    assert reason in report.unread[0].what
    assert not (tmp_path / "pack" / "bad.json").exists()


@pytest.mark.parametrize(
    "path", ["../x.json", "/x.json", "a/../../x.json", "a\\b.json", ".git/x.json", "x.txt", "\x00"]
)
def test_a_path_in_a_file_of_lines_can_not_leave_the_pack(tmp_path: Path, path: str) -> None:
    lines = [{"path": "good.json", "body": DEFINITION}, {"path": path, "body": DEFINITION}]
    source = tmp_path / "source.jsonl.gz"
    source.write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))
    report = import_policies(source, tmp_path / "inside" / "pack")
    assert report.definitions == ["good.json"]
    assert [one.source for one in report.unread] == [path]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["inside", "source.jsonl.gz"]


def test_two_definitions_for_one_path_are_not_both_taken(tmp_path: Path) -> None:
    lines = [{"path": "x.json", "body": DEFINITION}] * 2 + [{"path": "x.json/y.json", "body": DEFINITION}]
    source = tmp_path / "source.jsonl"
    source.write_text("\n".join(map(json.dumps, lines)))
    report = import_policies(source, tmp_path / "pack")
    assert report.definitions == ["x.json"]
    assert len(report.unread) == 2


def test_a_link_out_of_the_source_is_not_followed(tmp_path: Path) -> None:
    _write(tmp_path, {"secret.json": DEFINITION})
    source = _write(tmp_path / "source", {"good.json": DEFINITION})
    (source / "link.json").symlink_to(tmp_path / "secret.json")
    report = import_policies(source, tmp_path / "pack")
    assert [one.source for one in report.unread] == ["link.json"]


def test_only_an_earlier_import_is_replaced(tmp_path: Path) -> None:
    source = _write(tmp_path / "source", {"good.json": DEFINITION})
    mine = _write(tmp_path / "mine", {"precious.txt": "x"})
    with pytest.raises(ConfigurationError, match="isn't empty"):
        import_policies(source, mine)
    assert (mine / "precious.txt").read_text() == "x"
    import_policies(source, tmp_path / "pack")
    (source / "good.json").rename(source / "better.json")
    import_policies(source, tmp_path / "pack")
    assert sorted(path.name for path in (tmp_path / "pack").iterdir()) == [NOTE, "better.json"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "pack", "source"]
    with pytest.raises(ConfigurationError, match="within one another"):
        import_policies(source, source / "pack")


def test_a_source_without_definitions_makes_no_pack(tmp_path: Path) -> None:
    source = _write(tmp_path / "source", {"x.json": "{}"})
    with pytest.raises(CouldNotCheckError, match="no definition"):
        import_policies(source, tmp_path / "pack")
    with pytest.raises(CouldNotCheckError, match="can't be read"):
        import_policies(tmp_path / "absent", tmp_path / "pack")
    assert not (tmp_path / "pack").exists()


def test_odd_spelling_becomes_the_usual_one() -> None:
    kind, value = normalised({"Properties": {"PolicyRule": RULE, "MODE": "all"}}, "x/name.json")
    assert kind == "definition"
    assert value["name"] == "name"
    assert value["properties"] == {"policyRule": RULE, "mode": "all"}
    assert normalised(RULE, "rule.json")[1]["properties"] == {"policyRule": RULE}
    assert normalised({"mode": "All", "policyRule": RULE, "name": "n"}, "x.json")[1] == {
        "name": "n",
        "type": "Microsoft.Authorization/policyDefinitions",
        "properties": {"mode": "All", "policyRule": RULE},
    }
    with pytest.raises(DefinitionError):
        normalised({"properties": {"policyRule": {"if": {}, "then": {}}}}, "x.json")


# Cases beside a pack

HOLDS = {"resource": {"type": "a/b"}, "expect": {"state": "NonCompliant", "effect": "Deny"}}
LEAVES = {"resource": {"type": "c/d"}, "expect": {"state": "NotApplicable"}}


def _pack(tmp_path: Path, *cases: Any) -> Any:
    lines = "\n".join(case if isinstance(case, str) else json.dumps(case) for case in cases)
    _write(tmp_path, {"one.json": DEFINITION, "set.json": INITIATIVE, **({"one.cases.jsonl": lines} if cases else {})})
    (result,) = run_pack_tests(tmp_path, NOW)
    return result


def test_a_definition_with_both_kinds_of_cases_is_tested(tmp_path: Path) -> None:
    result = _pack(tmp_path, HOLDS, LEAVES)
    assert (result.passed, result.failures, result.missing) == (2, [], "")


def test_what_is_not_tested_is_named(tmp_path: Path) -> None:
    assert _pack(tmp_path).missing == "untested"
    assert _pack(tmp_path, HOLDS).missing == "no case in which it leaves a resource alone"
    assert _pack(tmp_path, LEAVES).missing == "no case in which it takes hold"


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ({**HOLDS, "expect": {"state": "Compliant"}}, "expected state 'Compliant', found 'NonCompliant'"),
        ({**HOLDS, "expect": {"state": "NonCompliant", "effect": "audit"}}, "expected effect"),
        ({**HOLDS, "expect": {"effect": "deny"}}, "needs expect with state"),
        ({**HOLDS, "expect": {"state": "NonCompliant", "efect": "deny"}}, "needs expect"),
        ({"resource": {"type": "a/b"}}, "needs expect"),
        ({**HOLDS, "policy": DEFINITION}, "without policy"),
        ("{bad", "not JSON"),
        ("3", "a case is an object"),
    ],
)
def test_a_case_that_fails_says_where_and_proves_nothing(tmp_path: Path, case: Any, message: str) -> None:
    result = _pack(tmp_path, case)
    assert message in result.failures[0]
    assert result.failures[0].startswith("one.cases.jsonl:1: ")
    assert result.missing == "untested"


def test_cases_without_definition_and_broken_definitions_fail(tmp_path: Path) -> None:
    _write(tmp_path, {"gone.cases.jsonl": json.dumps(HOLDS), "broken.json": "{", "strange.json": {"x": 1}})
    results = run_pack_tests(tmp_path, NOW)
    assert sorted(result.source for result in results if result.failures) == [
        "broken.json",
        "gone.cases.jsonl",
        "strange.json",
    ]


def test_cases_behind_a_link_are_not_read(tmp_path: Path) -> None:
    elsewhere = _write(tmp_path / "elsewhere", {"x": json.dumps(HOLDS)})
    pack = _write(tmp_path / "pack", {"one.json": DEFINITION})
    (pack / "one.cases.jsonl").symlink_to(elsewhere / "x")
    (result,) = run_pack_tests(pack, NOW)
    assert "no regular file" in result.failures[0]
