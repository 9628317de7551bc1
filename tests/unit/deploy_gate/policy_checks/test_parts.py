"""Modules and other files that are taken in: judged with the values that they get, and never left to each other."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from deploy_gate.policy_checks.judging import judge
from deploy_gate.policy_checks.rule_sets import RuleSet, rule_set
from policies.rules import load_rules
from resource_readers.interface import ReadRequest
from resource_readers.projects import read_paths
from verdicts import Finding, NotCompleted, Outcome

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
STORAGE = "Microsoft.Storage/storageAccounts"


def only(rule_id: str) -> RuleSet:
    return rule_set([rule for rule in load_rules() if rule.id == rule_id], "production")


def shared_keys() -> RuleSet:
    return only("MLG-STORAGE-SHARED-KEY")


def endpoint_needed() -> RuleSet:
    return only("MLG-STORAGE-PRIVATE-ENDPOINT")


def judged(root: Path, rules: RuleSet, **files: str) -> tuple[Outcome, ...]:
    for name, text in files.items():
        (root / name.replace("_", ".")).write_text(text)
    return judge(tuple(read_paths(ReadRequest(root=root, path=root), [root])), rules, NOW)


def findings(outcomes: tuple[Outcome, ...]) -> list[Finding]:
    return [finding for outcome in outcomes for finding in outcome.findings]


def obstacles(outcomes: tuple[Outcome, ...]) -> list[NotCompleted]:
    return [outcome for outcome in outcomes if isinstance(outcome, NotCompleted)]


def test_a_module_is_judged_with_the_values_that_it_gets_and_once(tmp_path: Path) -> None:
    module = (
        "param keys bool\n"
        f"resource st '{STORAGE}@2023-01-01' = {{\n  name: 'st'\n  properties: {{ allowSharedKeyAccess: keys }}\n}}\n"
    )
    caller = "module one 'part.bicep' = {{\n  name: 'one'\n  params: {{ keys: {keys} }}\n}}\n"
    assert findings(judged(tmp_path, shared_keys(), part_bicep=module, main_bicep=caller.format(keys="false"))) == []
    outcomes = judged(tmp_path, shared_keys(), main_bicep=caller.format(keys="true"))
    (one,) = findings(outcomes)
    assert str(one.location) == "part.bicep:4:17"
    assert obstacles(outcomes) == []


def test_a_default_of_a_module_that_every_caller_replaces_is_no_finding(tmp_path: Path) -> None:
    module = (
        "param keys bool = true\n"
        f"resource st '{STORAGE}@2023-01-01' = {{\n  name: 'st'\n  properties: {{ allowSharedKeyAccess: keys }}\n}}\n"
    )
    caller = "module one 'part.bicep' = {{\n  name: 'one'\n  params: {{ {keys} }}\n}}\n"
    assert judged(tmp_path, shared_keys(), part_bicep=module, main_bicep=caller.format(keys="keys: false"))[1:] == ()
    assert findings(judged(tmp_path, shared_keys())) == []
    (tmp_path / "other.bicep").write_text(caller.format(keys=""))
    (one,) = findings(judged(tmp_path, shared_keys()))
    assert str(one.location) == "part.bicep:4:17"
    (tmp_path / "other.bicep").unlink()
    (tmp_path / "main.bicep").unlink()
    assert len(findings(judged(tmp_path, shared_keys()))) == 1


def test_a_part_that_is_judged_alone_is_judged_with_the_values_that_it_gets(tmp_path: Path) -> None:
    module = (
        "param keys bool = {default}\n"
        f"resource st '{STORAGE}@2023-01-01' = {{{{\n  name: 'st'\n"
        "  properties: {{ allowSharedKeyAccess: keys }}\n}}\n"
    )
    caller = "module one 'part.bicep' = {{\n  name: 'one'\n  params: {{ keys: {keys} }}\n}}\n"
    for default, given, expected in (("true", "false", 0), ("false", "true", 1)):
        (tmp_path / "part.bicep").write_text(module.format(default=default))
        (tmp_path / "main.bicep").write_text(caller.format(keys=given))
        read = tuple(read_paths(ReadRequest(root=tmp_path, path=tmp_path), [tmp_path]))
        outcomes = judge(read, shared_keys(), NOW, frozenset({"part.bicep"}))
        assert len(findings(outcomes)) == expected


def test_a_module_that_is_wrong_by_itself_is_found_though_nobody_gets_that_far(tmp_path: Path) -> None:
    module = (
        f"resource st '{STORAGE}@2023-01-01' = {{\n  name: 'st'\n  properties: {{ allowSharedKeyAccess: true }}\n}}\n"
    )
    caller = "module one 'part.bicep' = if (false) {\n  name: 'one'\n}\n"
    (one,) = findings(judged(tmp_path, shared_keys(), part_bicep=module, main_bicep=caller))
    assert one.location is not None
    assert one.location.path == "part.bicep"


def test_files_that_take_in_each_other_are_judged_nevertheless(tmp_path: Path) -> None:
    account_ = (
        f"resource st '{STORAGE}@2023-01-01' = {{\n  name: 'st'\n  properties: {{ allowSharedKeyAccess: keys }}\n}}\n"
    )
    parameters = {
        "main_bicep": f"param keys bool\n{account_}",
        "main_bicepparam": "using 'main.bicep'\nparam keys = true\n",
    }
    (one,) = findings(judged(tmp_path, shared_keys(), **parameters))
    assert str(one.location) == "main.bicep:4:17"
    assert len(findings(judged(tmp_path, endpoint_needed()))) == 1
    module = "param keys bool = true\n" + account_.replace("resource st", "resource part")
    (tmp_path / "part.bicep").write_text(module)
    (tmp_path / "main.bicep").write_text(
        "param keys bool\nmodule p 'part.bicep' = { name: 'p', params: { keys: !keys } }\n"
    )
    assert findings(judged(tmp_path, shared_keys())) == []


def test_modules_in_a_circle_are_judged_nevertheless(tmp_path: Path) -> None:
    text = (
        f"resource st '{STORAGE}@2023-01-01' = {{\n  name: '{{name}}'\n}}\n"
        "module other '{other}.bicep' = {{ name: 'other' }}\n"
    )
    text = text.replace("= {\n", "= {{\n").replace("}\nmodule", "}}\nmodule")
    files = {"a_bicep": text.format(name="a", other="b"), "b_bicep": text.format(name="b", other="a")}
    assert {str(one.location.path) for one in findings(judged(tmp_path, shared_keys(), **files)) if one.location} == {
        "a.bicep",
        "b.bicep",
    }
