"""Hostile files of every kind in one project, through `mlgate template expand`: named with the reason, never a crash.

Each fixture is small and has a name: what it attacks, then the file. Sizes are far beyond the bounds of
`docs/inputs.md`, so that a reader which worked through them would not end.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.exit_codes import ExitCode
from cli.template_commands import template

ARM = '{"contentVersion": "1.0.0.0", "resources": %s}'
ARM_WITH = '{"contentVersion": "1.0.0.0", "variables": %s, "resources": [%s]}'
AML = "$schema: https://azuremlschemas.azureedge.net/latest/%s.schema.json\nname: e\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n"
CONDA = "name: x\nchannels: [conda-forge]\n"
WORKFLOW = ".github/workflows/w.yml"
DEEP = 20_000
HUGE = 120 * 1024 * 1024
SECRET = "nobody-may-see-this"


def lists(levels: int = DEEP) -> str:
    return "[" * levels + "]" * levels


def mappings(levels: int = DEEP) -> str:
    return "{a: " * levels + "}" * levels


def nested_deployments(levels: int) -> str:
    resources = "[]"
    for _ in range(levels):
        resources = (
            '[{"type": "Microsoft.Resources/deployments", "apiVersion": "1", "name": "n", "properties": '
            f'{{"mode": "Incremental", "template": {ARM % resources}}}}}]'
        )
    return ARM % resources


def linked(name: str) -> str:
    return ARM % (
        '[{"type": "Microsoft.Resources/deployments", "apiVersion": "1", "name": "n", "properties": '
        f'{{"mode": "Incremental", "templateLink": {{"relativePath": "{name}"}}}}}}]'
    )


def named(expression: str) -> str:
    return json.dumps({"type": "A.B/c", "apiVersion": "1", "name": expression})


def bomb(top: str) -> str:
    """10^10 values behind aliases, in front of a file that uses the last of them."""
    levels = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 10)]
    return "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(levels) + top


TOO_DEEP = {
    "arm.json": ARM % lists(),
    "arm-expression.json": ARM % f"[{named('[' + 'concat(' * DEEP + ')' * DEEP + ']')}]",
    "nested-deployments.json": nested_deployments(200),
    "pipeline/factory.json": '{"name": "p", "properties": {"activities": %s}}'
    % ('[{"name": "a", "type": "ForEach", "typeProperties": {"activities": ' * DEEP + "[]" + "}}]" * DEEP),
    "plan.json": '{"format_version": "1.2", "terraform_version": "1.9.0", "planned_values": {"root_module": %s}}'
    % ('{"child_modules": [' * DEEP + "]}" * DEEP),
    "list.bicep": f"var x = {lists()}\n",
    "brackets.bicep": f"output o int = {'(' * DEEP}1{')' * DEEP}\n",
    "list.tf": f"locals {{\n  x = {lists()}\n}}\n",
    "conditional.tf": f"locals {{\n  x = {'true ? 1 : (' * DEEP}1{')' * DEEP}\n}}\n",
    "endpoint.yml": AML % "managedOnlineEndpoint" + f"tags: {lists()}\n",
    WORKFLOW: f"on: push\njobs: {mappings()}\n",
    "azure-pipelines.yml": f"trigger: [main]\nsteps:\n- script: x\n  env: {lists()}\n",
    "pod.yaml": POD + f"spec: {mappings()}\n",
    "flow.dag.yaml": f"inputs: {{}}\nnodes: {lists()}\n",
    "MLmodel": f"flavors: {mappings()}\n",
    "conda.yml": CONDA + f"dependencies: {lists()}\n",
}
BOMBS = {
    "endpoint.yml": bomb(AML % "managedOnlineEndpoint" + "tags: *a9\n"),
    WORKFLOW: bomb("on: push\njobs: {a: {runs-on: x, steps: [{run: echo, env: {X: *a9}}]}}\n"),
    "azure-pipelines.yml": bomb("trigger: [main]\nsteps:\n- script: x\n  env: {X: *a9}\n"),
    "pod.yaml": bomb(POD + "spec: {containers: *a9}\n"),
    "flow.dag.yaml": bomb("inputs: {}\nnodes: *a9\n"),
    "MLmodel": bomb("flavors: {python_function: *a9}\n"),
    "conda.yml": bomb(CONDA + "dependencies: *a9\n"),
}
TWICE = {
    "arm.json": '{"contentVersion": "1.0.0.0", "resources": [], "resources": [{}]}',
    "pipeline/factory.json": '{"name": "p", "properties": {"activities": []}, "properties": {"activities": []}}',
    "main.bicep": "resource a 'A.B/c@2020-01-01' = { name: 'a', name: 'b' }\n",
    "main.tf": 'resource "azurerm_storage_account" "a" {\n  name = "a"\n  name = "b"\n}\n',
    "endpoint.yml": AML % "managedOnlineEndpoint" + "auth_mode: key\nauth_mode: aad_token\n",
    WORKFLOW: "on: push\npermissions: write-all\npermissions: {}\njobs: {a: {runs-on: x, steps: [{run: echo}]}}\n",
    "azure-pipelines.yml": "trigger: [main]\npool: x\npool: y\nsteps:\n- script: x\n",
    "pod.yaml": POD + "spec: {}\nspec: {}\n",
    "flow.dag.yaml": "inputs: {}\nnodes: []\nnodes: []\n",
    "MLmodel": "flavors: {}\nflavors: {python_function: {}}\n",
    "conda.yml": CONDA + "dependencies: [a]\ndependencies: [b]\n",
}
CIRCLES = {
    "a.bicep": "module b 'b.bicep' = { name: 'b' }\n",
    "b.bicep": "module a 'a.bicep' = { name: 'a' }\n",
    "a.json": linked("b.json"),
    "b.json": linked("a.json"),
    "root/main.tf": 'module "x" {\n  source = "./sub"\n}\n',
    "root/sub/main.tf": 'module "y" {\n  source = "../"\n}\n',
    "azure-pipelines.yml": "trigger: [main]\nsteps:\n- template: steps.yml\n",
    "steps.yml": "steps:\n- template: steps.yml\n",
}
EXPONENTIAL = {
    "copy.json": ARM
    % (
        '[{"type": "A.B/c", "apiVersion": "1", "name": "[concat(\'x\', copyIndex())]", '
        '"copy": {"name": "c", "count": 800}, '
        '"properties": {"copy": [{"name": "p", "count": 800, "input": {"copy": [{"name": "q", "count": 800, '
        '"input": "[range(0, 10000)]"}]}}]}}]'
    ),
    "lambdas.json": ARM
    % f"[{named('''[map(range(0,10000), lambda('a', map(range(0,10000), lambda('b', range(0,10000)))))]''')}]",
    "doubling.json": ARM_WITH
    % (
        json.dumps(
            {"v0": "x"} | {f"v{i}": f"[concat(variables('v{i - 1}'), variables('v{i - 1}'))]" for i in range(1, 60)}
        ),
        named("[variables('v59')]"),
    ),
    "loops.bicep": (
        "var a = range(0, 10000)\n"
        "resource r 'A.B/c@2020-01-01' = [for i in range(0, 800): {\n  name: 'r${i}'\n"
        "  properties: { v: [for j in a: [for k in a: [for l in a: '${j}${k}${l}']]] }\n}]\n"
    ),
    "loops.tf": (
        "locals {\n  a = range(0, 1000)\n"
        '  b = [for i in local.a : [for j in local.a : [for k in local.a : "${i}${j}${k}"]]]\n}\n'
        'resource "azurerm_resource_group" "a" {\n  count = 100000000\n  name = jsonencode(local.b)\n}\n'
    ),
    "azure-pipelines.yml": (
        f"trigger: [main]\nparameters:\n- name: l\n  type: object\n  default: {list(range(100))}\nsteps:\n"
        + "".join(f"{'  ' * i}- ${{{{ each x{i} in parameters.l }}}}:\n" for i in range(6))
        + "  " * 6
        + "- script: echo\n"
    ),
    "Dockerfile": "ARG A=xxxxxxxxxx\nARG A0=$A\n"
    + "".join(f"ARG A{i}=${{A{i - 1}}}${{A{i - 1}}}${{A{i - 1}}}\n" for i in range(1, 40))
    + "FROM $A39\n",
}
OUTSIDE = {
    "main.bicep": "module x '../outside.bicep' = { name: 'x' }\n"
    "resource a 'A.B/c@2020-01-01' = { name: loadTextContent('../outside.txt') }\n",
    "arm.json": linked("../outside.json"),
    "main.tf": (
        'module "x" {\n  source = "../outside"\n}\n'
        'resource "azurerm_resource_group" "a" {\n  name = file("../outside.txt")\n  location = "x"\n}\n'
    ),
    "azure-pipelines.yml": "trigger: [main]\nsteps:\n- template: ../outside.yml\n",
    WORKFLOW: "on: push\njobs: {a: {uses: ./../outside.yml}}\n",
}
STARTS = {
    "arm.json": '{"contentVersion": "1.0.0.0",',
    "values.parameters.json": '{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",',
    "main.bicep": "param x string\n",
    "main.bicepparam": "using 'main.bicep'\n",
    "main.tf": "locals {}\n",
    "terraform.tfvars": "a = 1\n",
    "pipeline/factory.json": '{"name": "p", "properties": {',
    "environment.yml": AML % "environment",
    WORKFLOW: "on: push\n",
    "azure-pipelines.yml": "trigger: [main]\n",
    "Dockerfile": "FROM x\n",
    "pod.yaml": POD,
    "flow.dag.yaml": "nodes: []\n",
    "MLmodel": "flavors: {}\n",
    "conda.yml": CONDA,
}
"""How a file of each kind begins; what follows makes it 120 MB."""


def project(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def expanded(folder: Path) -> dict[str, Any]:
    """What is said of each file, by name; and no crash, one JSON object a line, could not check."""
    result = CliRunner().invoke(template, ["expand", str(folder), "--root", str(folder), "--no-bicep-cli"])
    assert not isinstance(result.exception, Exception), result.exception
    assert result.exit_code == ExitCode.COULD_NOT_CHECK
    return {Path(one["file"]).as_posix(): one for one in map(json.loads, result.stdout.splitlines())}


def reasons(folder: Path, files: dict[str, str]) -> dict[str, str]:
    """The first reason for each file; every one must have one, with its own name."""
    said = {name.removeprefix(f"{folder.as_posix()}/"): one["not_read"] for name, one in expanded(folder).items()}
    assert said.keys() == files.keys()
    assert {name for name, not_read in said.items() if not not_read} == set()
    return {name: not_read[0]["reason"] for name, not_read in said.items()}


@pytest.mark.slow
def test_deep_nesting_is_named_in_every_kind(tmp_path: Path) -> None:
    said = reasons(project(tmp_path, TOO_DEEP), TOO_DEEP)
    assert said.pop("arm-expression.json") == "not an expression: longer than 98,304 characters"
    assert {name for name, reason in said.items() if "nested deeper than" not in reason} == set()


@pytest.mark.slow
def test_alias_bombs_are_stopped_in_every_kind_of_yaml(tmp_path: Path) -> None:
    said = reasons(project(tmp_path, BOMBS), BOMBS)
    assert {name for name, reason in said.items() if "more than" not in reason} == set()


def test_a_key_that_stands_twice_is_named_in_every_kind(tmp_path: Path) -> None:
    said = reasons(project(tmp_path, TWICE), TWICE)
    assert {name for name, reason in said.items() if "stands twice" not in reason} == set()


def test_files_that_take_in_each_other_end(tmp_path: Path) -> None:
    said = reasons(project(tmp_path, CIRCLES), CIRCLES)
    assert {name: [word for word in ("each other", "itself") if word in reason] for name, reason in said.items()} == {
        name: ["itself" if name.endswith(".tf") else "each other"] for name in CIRCLES
    }


@pytest.mark.slow
def test_exponential_loops_are_stopped(tmp_path: Path) -> None:
    said = reasons(project(tmp_path, EXPONENTIAL), EXPONENTIAL)
    assert {name for name, reason in said.items() if "more than" not in reason and "longer than" not in reason} == set()


@pytest.mark.slow
def test_files_of_120_mb_are_named_without_being_read(tmp_path: Path) -> None:
    project(tmp_path, STARTS)
    for name in STARTS:
        os.truncate(tmp_path / name, HUGE)
    said = reasons(tmp_path, STARTS)
    assert {name for name, reason in said.items() if "larger than 16,777,216 bytes" not in reason} == set()


def test_nothing_outside_of_the_project_is_read_by_a_path_or_by_a_link(tmp_path: Path) -> None:
    secret = f"resource a 'A.B/c@2020-01-01' = {{ name: '{SECRET}' }}\n"
    project(
        tmp_path,
        {
            "outside.bicep": secret,
            "outside.txt": SECRET,
            "outside.json": ARM % f"[{named(SECRET)}]",
            "outside.yml": f"on: workflow_call\nsteps:\n- script: {SECRET}\n",
            "outside/main.tf": f'resource "azurerm_resource_group" "a" {{\n  name = "{SECRET}"\n}}\n',
        },
    )
    folder = project(tmp_path / "project", OUTSIDE)
    links = {"link.bicep": "../outside.bicep", "link.json": "../outside.json", "loop.bicep": "loop.bicep"}
    for name, target in links.items():
        (folder / name).symlink_to(target)
    (folder / "linked-folder").symlink_to(tmp_path / "outside", target_is_directory=True)
    (folder / "itself").symlink_to(folder, target_is_directory=True)
    said = reasons(folder, OUTSIDE | links | {"linked-folder": ""})
    assert {name for name in ("link.bicep", "link.json", "linked-folder") if "leads out of" not in said[name]} == set()
    assert "symbolic links" in said["loop.bicep"]
    assert SECRET not in json.dumps(expanded(folder))


def test_a_hostile_file_takes_nothing_from_the_others(tmp_path: Path) -> None:
    project(tmp_path, {"twice.json": TWICE["arm.json"], "good.json": ARM % f"[{named('good')}]"})
    said = expanded(tmp_path)
    assert [(Path(name).name, len(one["resources"]), len(one["not_read"])) for name, one in said.items()] == [
        ("good.json", 1, 0),
        ("twice.json", 0, 1),
    ]
