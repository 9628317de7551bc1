"""Workflows and pipelines, case by case; the cases are in tests/golden/workflows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from resource_readers.interface import ReadRequest, ReadResult, Resource, Unknown
from resource_readers.registry import read_resources

GOLDEN = Path(__file__).parents[3] / "golden" / "workflows"
WORKFLOW = ".github/workflows/case.yml"


def cases(name: str) -> list[Any]:
    found = yaml.safe_load((GOLDEN / f"{name}.yml").read_text())
    assert len({case["name"] for case in found}) == len(found)
    return [pytest.param(case, id=case["name"]) for case in found]


def put(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def read(root: Path, path: str) -> ReadResult:
    return read_resources(ReadRequest(root=root, path=root / path))


def value_at(resource: Resource, path: str) -> Any:
    if path.startswith("$"):
        return resource.location.path if path == "$file" else resource.location.line
    value = resource.properties
    # The longest key that is there wins: names of parameters may have dots in them.
    parts = path.split(".")
    while parts:
        if isinstance(value, list):
            value, parts = value[int(parts[0])], parts[1:]
            continue
        assert isinstance(value, dict), f"{path}: {parts[0]} is asked of {value!r}"
        size = next((n for n in range(len(parts), 0, -1) if ".".join(parts[:n]) in value), 0)
        assert size, f"{path}: there is no {parts[0]!r} in {sorted(value)}"
        value, parts = value[".".join(parts[:size])], parts[size:]
    return value


def same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict) and set(wanted) == {"unknown"}:
        return isinstance(found, Unknown) and (not wanted["unknown"] or found.text == wanted["unknown"])
    if isinstance(wanted, dict) and isinstance(found, dict):
        return set(wanted) == set(found) and all(same(found[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(map(same, found, wanted))
    return type(found) is type(wanted) and bool(found == wanted)


def named(result: ReadResult) -> dict[str, Resource]:
    found = {resource.name.partition("/")[2]: resource for resource in result.resources}
    assert len(found) == len(result.resources), "two resources have the same name"
    return found


def check(case: Mapping[str, Any], result: ReadResult, kind: str) -> None:
    assert result.kind == case.get("kind", kind)
    wanted = case.get("not_read", [])
    found = [(one.line, one.reason) for one in result.not_read]
    assert len(found) == len(wanted), found
    for (line, reason), (wanted_line, part) in zip(found, wanted, strict=True):
        assert line == wanted_line, found
        assert part in reason, found
    resources = named(result)
    for name, properties in case.get("expect", {}).items():
        for path, value in properties.items():
            assert same(value_at(resources[name], path), value), (name, path, value_at(resources[name], path))
    for kind_of_resource in ("jobs", "steps"):
        if kind_of_resource in case:
            count = sum(1 for one in result.resources if one.type.endswith("/" + kind_of_resource))
            assert count == case[kind_of_resource]
    uncertain = {name: one.condition for name, one in resources.items() if one.condition is not True}
    if "repeated" in case:
        assert sum(one.repeated for one in result.resources) == case["repeated"]
    else:
        conditions = case.get("conditions", {})
        assert {name for name in uncertain if name} == set(conditions)
        for name, part in conditions.items():
            assert isinstance(uncertain[name], Unknown)
            assert part in uncertain[name].text


@pytest.mark.parametrize("case", cases("github"))
def test_workflows_of_github(case: Mapping[str, Any], tmp_path: Path) -> None:
    put(tmp_path, case.get("files") or {WORKFLOW: case["text"]})
    check(case, read(tmp_path, case.get("read", WORKFLOW)), "github-workflow")


@pytest.mark.parametrize("case", cases("azure"))
def test_pipelines_of_azure(case: Mapping[str, Any], tmp_path: Path) -> None:
    put(tmp_path, case.get("files") or {"pipelines/case.yml": case["text"]})
    check(case, read(tmp_path, case.get("read", "pipelines/case.yml")), "azure-pipeline")


@pytest.mark.parametrize("case", cases("deployments"))
def test_deployments_of_scripts(case: Mapping[str, Any], tmp_path: Path) -> None:
    put(tmp_path, {**case.get("files", {}), **dict.fromkeys(case.get("there", ()), "")})
    if "task" in case:
        step: dict[str, Any] = {"task": case["task"], "inputs": case["inputs"]}
        put(tmp_path, {"azure-pipelines.yml": yaml.safe_dump({"steps": [step]})})
        result = read(tmp_path, "azure-pipelines.yml")
    else:
        put(tmp_path, {WORKFLOW: workflow_of(case)})
        result = read(tmp_path, WORKFLOW)
    assert not result.not_read
    (one,) = [resource for resource in result.resources if resource.type.endswith("/steps")]
    found = one.properties["deployments"]
    assert len(found) == len(case["expect"]), found
    for entry, wanted in zip(found, case["expect"], strict=True):
        if entry["definedIn"] == WORKFLOW:
            entry = entry | {"line": entry["line"] - HEAD.count("\n"), "column": entry["column"] - INDENT}
        for name, value in wanted.items():
            assert same(entry.get(name), value), (name, entry)


HEAD = """\
on: push
env: {env}
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - shell: {shell}
        run: |
"""
INDENT = 10


def workflow_of(case: Mapping[str, Any]) -> str:
    """A workflow with one step."""
    if "uses" in case:
        step: dict[str, Any] = {"uses": case["uses"], "with": case["inputs"]}
        return yaml.safe_dump({"on": "push", "jobs": {"a": {"runs-on": "ubuntu-latest", "steps": [step]}}})
    script = case.get("run", case.get("pwsh", ""))
    head = HEAD.format(env=case.get("env", {}), shell="bash" if "run" in case else "pwsh")
    return head + "".join(" " * INDENT + line + "\n" for line in script.splitlines())
