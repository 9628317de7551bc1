"""ARM templates as resources; what isn't read is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from resource_readers.arm.reader import ArmJsonReader
from resource_readers.interface import ReadRequest, ReadResult, Unknown
from resource_readers.project_files import open_inside
from resource_readers.registry import read_resources

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
SUBSCRIPTION_SCHEMA = "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#"
GROUP = "/subscriptions/{subscription().subscriptionId}/resourceGroups/{resourceGroup().name}"


def template(resources: Any, **more: Any) -> dict[str, Any]:
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": resources, **more}


def vault(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "Microsoft.KeyVault/vaults", "apiVersion": "2023-07-01", "name": name, "properties": {}, **more}


def read(tmp_path: Path, content: Any, parameters: Any = None) -> ReadResult:
    file = tmp_path / "template.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
    values = None
    if parameters is not None:
        values = tmp_path / "parameters.json"
        values.write_text(json.dumps(parameters))
    request = ReadRequest(root=tmp_path, path=file, parameters=values)
    return ArmJsonReader().read(open_inside(tmp_path, file), request)


def names(result: ReadResult) -> list[Any]:
    return [one.name.text if isinstance(one.name, Unknown) else one.name for one in result.resources]


def test_a_resource_is_read_with_id_scope_fields_and_lines(tmp_path: Path) -> None:
    result = read(tmp_path, template([vault("kv", location="[resourceGroup().location]", tags={"a": "b"})]))
    (resource,) = result.resources
    assert result.not_read == ()
    assert resource.id == f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv"
    assert (resource.scope, resource.api_version) == (GROUP, "2023-07-01")
    assert resource.fields["tags"] == {"a": "b"}
    assert isinstance(resource.fields["location"], Unknown)
    assert resource.location.line == 5
    assert resource.line("tags", "a") == 12
    assert [one.name for one in result.files] == ["template.json"]


def test_parameters_come_from_the_file_then_from_defaults(tmp_path: Path) -> None:
    content = template(
        [
            vault("[parameters('a')]"),
            vault("[parameters('b')]"),
            vault("[parameters('c')]"),
            vault("[parameters('d')]"),
        ],
        parameters={
            "a": {"type": "string", "defaultValue": "default-a"},
            "b": {"type": "string", "defaultValue": "default-b"},
            "c": {"type": "string"},
            "d": {"type": "securestring", "defaultValue": "never"},
        },
    )
    secret = {"reference": {"keyVault": {"id": "/x"}, "secretName": "s"}}
    result = read(tmp_path, content, {"parameters": {"A": {"value": "given-a"}, "d": secret}})
    assert names(result) == ["given-a", "default-b", "{parameters('c')}", "{parameters('d')}"]
    assert [one.name for one in result.files] == ["template.json", "parameters.json"]


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        [],
        {"parameters": []},
        {"parameters": {"a": "plain"}},
        {"parameters": {"a": {}}},
        {"parameters": {"a": {"value": 1}, "A": {"value": 2}}},
    ],
)
def test_a_parameter_file_that_can_not_be_read_is_never_replaced_by_defaults(tmp_path: Path, parameters: Any) -> None:
    content = template([vault("[parameters('a')]")], parameters={"a": {"type": "string", "defaultValue": "x"}})
    result = read(tmp_path, content, parameters)
    assert result.resources == ()
    assert [one.path for one in result.not_read] == ["parameters.json"]


def test_a_false_condition_drops_a_resource_and_an_unknown_one_marks_it(tmp_path: Path) -> None:
    content = template(
        [
            vault("dropped", condition=False),
            vault("dropped too", condition="[equals('a', 'b')]"),
            vault("kept", condition="[not(equals('a', 'b'))]"),
            vault("marked", condition="[parameters('deploy')]"),
        ],
        parameters={"deploy": {"type": "bool"}},
    )
    result = read(tmp_path, content)
    assert names(result) == ["kept", "marked"]
    assert result.resources[0].condition is True
    assert isinstance(result.resources[1].condition, Unknown)


def test_a_condition_that_is_a_text_drops_nothing(tmp_path: Path) -> None:
    result = read(tmp_path, template([vault("a", condition="false"), vault("b", condition="True")]))
    assert [(one.name, one.condition is True) for one in result.resources] == [("a", False), ("b", True)]


def test_existing_means_something_only_with_symbolic_names(tmp_path: Path) -> None:
    result = read(tmp_path, template([vault("a", existing=True)]))
    assert [one.existing for one in result.resources] == [False]


def test_copy_loops_make_their_resources(tmp_path: Path) -> None:
    copy = {"name": "loop", "count": 3}
    result = read(tmp_path, template([vault("[format('{0}-{1}', copyIndex(), copyIndex('loop', 5))]", copy=copy)]))
    assert names(result) == ["0-5", "1-6", "2-7"]
    assert not any(one.repeated for one in result.resources)


def test_a_copy_loop_of_unknown_length_stands_for_one_marked_resource(tmp_path: Path) -> None:
    copy = {"name": "loop", "count": "[length(parameters('names'))]"}
    content = template(
        [vault("[parameters('names')[copyIndex()]]", copy=copy)], parameters={"names": {"type": "array"}}
    )
    result = read(tmp_path, content)
    assert [one.repeated for one in result.resources] == [True]
    assert isinstance(result.resources[0].name, Unknown)


def test_property_loops_are_expanded(tmp_path: Path) -> None:
    loop = {"name": "rules", "count": 2, "input": {"priority": "[add(100, copyIndex('rules'))]"}}
    result = read(tmp_path, template([vault("kv", properties={"copy": [loop]})]))
    assert result.resources[0].properties == {"rules": [{"priority": 100}, {"priority": 101}]}


def test_children_get_whole_types_and_names(tmp_path: Path) -> None:
    child = {"type": "secrets", "apiVersion": "1", "name": "s", "properties": {"value": "[parameters('v')]"}}
    whole = {"type": "Microsoft.KeyVault/vaults/keys", "apiVersion": "1", "name": "kv/k"}
    result = read(tmp_path, template([vault("kv", resources=[child, whole])], parameters={"v": {"type": "string"}}))
    assert [one.type for one in result.resources[1:]] == [
        "Microsoft.KeyVault/vaults/secrets",
        "Microsoft.KeyVault/vaults/keys",
    ]
    assert names(result) == ["kv", "kv/s", "kv/k"]
    assert result.resources[1].id == f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv/secrets/s"


@pytest.mark.parametrize(
    "assignment",
    [
        {
            "type": "Microsoft.KeyVault/vaults/providers/roleAssignments",
            "name": "[concat('kv', '/Microsoft.Authorization/', guid('a'))]",
        },
        {
            "type": "Microsoft.Authorization/roleAssignments",
            "name": "[guid('a')]",
            "scope": "Microsoft.KeyVault/vaults/kv",
        },
        {
            "type": "Microsoft.Authorization/roleAssignments",
            "name": "[guid('a')]",
            "scope": "[resourceId('Microsoft.KeyVault/vaults', 'kv')]",
        },
    ],
)
def test_an_extension_resource_has_what_it_extends_as_scope(tmp_path: Path, assignment: dict[str, Any]) -> None:
    (resource,) = read(tmp_path, template([{"apiVersion": "1", "properties": {}, **assignment}])).resources
    assert resource.type == "Microsoft.Authorization/roleAssignments"
    assert resource.scope == f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv"
    assert names(ReadResult(kind="arm", resources=(resource,))) == ["3703365d-5a9f-59b4-bca7-b9681389e4c1"]


def test_a_template_with_symbolic_names_is_read(tmp_path: Path) -> None:
    content = template(
        {
            "theVault": vault("kv", existing=True),
            "use": vault("[reference('theVault').vaultUri]"),
        },
        languageVersion="2.0",
    )
    result = read(tmp_path, content)
    assert [one.existing for one in result.resources] == [True, False]
    name = result.resources[1].name
    assert isinstance(name, Unknown)
    assert name.resource == f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv"


def nested(inner: dict[str, Any], scope: str | None = None, **more: Any) -> dict[str, Any]:
    properties: dict[str, Any] = {"mode": "Incremental", "template": inner, **more.pop("properties", {})}
    if scope:
        properties["expressionEvaluationOptions"] = {"scope": scope}
    kind = "Microsoft.Resources/deployments"
    return {"type": kind, "apiVersion": "1", "name": "inner", "properties": properties, **more}


def test_an_inner_template_has_its_own_parameters_and_an_outer_one_those_around_it(tmp_path: Path) -> None:
    parameters = {"name": {"type": "string", "defaultValue": "outside"}}
    inside = {"name": {"type": "string", "defaultValue": "inside"}}
    use = template([vault("[parameters('name')]")], parameters=inside)
    handed = {"parameters": {"name": {"value": "[concat(parameters('name'), '-handed')]"}}}
    content = template(
        [nested(use, "inner"), nested(use, "outer"), nested(use), nested(use, "inner", properties=handed)],
        parameters=parameters,
    )
    made = [one for one in read(tmp_path, content).resources if one.type == "Microsoft.KeyVault/vaults"]
    assert [one.name for one in made] == ["inside", "outside", "outside", "outside-handed"]


def test_parameters_that_are_not_known_are_not_replaced_by_the_nested_defaults(tmp_path: Path) -> None:
    use = template([vault("[parameters('n')]")], parameters={"n": {"type": "string", "defaultValue": "d"}})
    handed = {"parameters": "[parameters('all')]"}
    result = read(tmp_path, template([nested(use, "inner", properties=handed)], parameters={"all": {"type": "object"}}))
    _, inside = result.resources
    assert isinstance(inside.name, Unknown)
    assert inside.name.text == "{parameters('all').n.value}"
    assert result.not_read == ()


def test_the_doubt_about_a_deployment_is_passed_on_to_what_is_in_it(tmp_path: Path) -> None:
    content = template(
        [nested(template([vault("kv")]), condition="[parameters('c')]")], parameters={"c": {"type": "bool"}}
    )
    assert all(isinstance(one.condition, Unknown) for one in read(tmp_path, content).resources)


def test_a_deployment_to_another_scope_puts_its_resources_there(tmp_path: Path) -> None:
    content = template(
        [nested(template([vault("kv")]), resourceGroup="other"), nested(template([vault("kv")]), subscriptionId="s")],
        **{"$schema": SUBSCRIPTION_SCHEMA},
    )
    scopes = [one.scope for one in read(tmp_path, content).resources if one.type == "Microsoft.KeyVault/vaults"]
    assert scopes == ["/subscriptions/{subscription().subscriptionId}/resourceGroups/other", "/subscriptions/s"]


def test_outputs_of_a_nested_deployment_are_followed(tmp_path: Path) -> None:
    inner = template([], outputs={"id": {"type": "string", "value": "[concat('a', 'b')]"}})
    content = template([nested(inner, "inner"), vault("[reference('inner').outputs.id.value]")])
    assert names(read(tmp_path, content)) == ["inner", "ab"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "not JSON"),
        ("[]", "no template"),
        ("{}", "no resources"),
        (template("[parameters('x')]"), "neither a list"),
        (template(["text"]), "no object"),
        (template([{"name": "x"}]), "without a type"),
        (template([{"type": "[parameters('t')]", "name": "x"}]), "without a type"),
        (
            template([nested({"$schema": SCHEMA}, properties={"template": None, "templateLink": {"uri": "x"}})]),
            "linked",
        ),
        (template([vault("x", copy={"count": 2})]), "copy loop"),
        (template([vault("x", copy={"name": "a", "count": 900})]), "stopped"),
        (template([vault("[concat(']")]), "not an expression"),
        (template([vault("x", resources="[parameters('children')]")]), "neither a list"),
        (template([vault("x", Scope="a", scope="b")]), "different case"),
        (template([], **{"$schema": SCHEMA.replace("Template.json", "Parameters.json")}), "parameter file"),
    ],
)
def test_what_is_not_read_is_named_with_file_and_line(tmp_path: Path, content: Any, reason: str) -> None:
    result = read(tmp_path, content)
    assert [one for one in result.not_read if reason in one.reason], result.not_read
    assert all(one.path == "template.json" and one.line for one in result.not_read)
    assert all(one.may_hold_resources for one in result.not_read)


def test_what_stands_around_something_unread_is_read(tmp_path: Path) -> None:
    result = read(tmp_path, template([vault("a"), {"name": "no type"}, vault("b")]))
    assert names(result) == ["a", "b"]
    assert len(result.not_read) == 1


def test_loops_in_loops_are_stopped_before_they_fill_the_memory(tmp_path: Path) -> None:
    content: dict[str, Any] = template([vault("x", copy={"name": "l0", "count": 700})])
    for level in range(1, 6):
        content = template([nested(content, name=f"n{level}", copy={"name": f"l{level}", "count": 700})])
    result = read(tmp_path, content)
    assert [one for one in result.not_read if "stopped" in one.reason]
    assert len(result.resources) <= 20_000


def test_variables_that_double_each_other_are_stopped(tmp_path: Path) -> None:
    variables = {"v0": "x" * 1000} | {
        f"v{i}": f"[concat(variables('v{i - 1}'), variables('v{i - 1}'))]" for i in range(1, 60)
    }
    assert read(tmp_path, template([vault("[variables('v59')]")], variables=variables)).not_read


def test_files_outside_of_the_root_are_not_opened(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    outside = tmp_path / "outside.json"
    outside.write_text(json.dumps(template([vault("secret")])))
    (root / "link.json").symlink_to(outside)
    for path in (root / "link.json", root / ".." / "outside.json", outside):
        result = read_resources(ReadRequest(root=root, path=path))
        assert result.resources == ()
        assert "out of the project" in result.not_read[0].reason


def test_folders_pipes_and_missing_files_are_not_read(tmp_path: Path) -> None:
    import os

    (tmp_path / "folder.json").mkdir()
    os.mkfifo(tmp_path / "pipe.json")
    for name in ("folder.json", "pipe.json", "missing.json", "bad\0name.json"):
        result = read_resources(ReadRequest(root=tmp_path, path=tmp_path / name))
        assert result.resources == ()
        assert len(result.not_read) == 1


def test_a_resource_of_an_extension_needs_no_name(tmp_path: Path) -> None:
    pod = {"import": "kubernetes", "type": "core/Pod@v1", "properties": {"metadata": {"name": "web"}}}
    result = read(tmp_path, template({"pod": pod}, languageVersion="1.9-experimental"))
    assert result.not_read == ()
    (resource,) = result.resources
    assert isinstance(resource.name, Unknown)
    assert resource.properties["metadata"]["name"] == "web"
