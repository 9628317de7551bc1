"""Functions of a template's own, symbolic names, loops of deployments, outputs, and exact places."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_readers.interface import ReadRequest, ReadResult, Unknown
from resource_readers.registry import read_resources
from resource_readers.rendering import plain_result

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
GROUP = "/subscriptions/{subscription().subscriptionId}/resourceGroups/{resourceGroup().name}"


def template(resources: Any, **more: Any) -> dict[str, Any]:
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": resources, **more}


def vault(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "Microsoft.KeyVault/vaults", "apiVersion": "2023-07-01", "name": name, "properties": {}, **more}


def nested(inner: Any, **more: Any) -> dict[str, Any]:
    properties = {"mode": "Incremental", "expressionEvaluationOptions": {"scope": "inner"}, "template": inner}
    return {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2022-09-01",
        "name": "nested",
        "properties": {**properties, **more.pop("properties", {})},
        **more,
    }


def read(tmp_path: Path, content: Any) -> ReadResult:
    (tmp_path / "main.json").write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
    return read_resources(ReadRequest(root=tmp_path, path=Path("main.json")))


def named(result: ReadResult) -> list[Any]:
    vaults = [one.name for one in result.resources if one.type == "Microsoft.KeyVault/vaults"]
    return [one.text if isinstance(one, Unknown) else one for one in vaults]


def function(value: str, *parameters: str) -> dict[str, Any]:
    return {
        "parameters": [{"name": name, "type": "string"} for name in parameters],
        "output": {"type": "string", "value": value},
    }


def test_functions_of_the_template_are_called_whatever_their_case(tmp_path: Path) -> None:
    functions = [
        {
            "namespace": "contoso",
            "members": {"join": function("[concat(parameters('A'), '-', parameters('b'))]", "a", "b")},
        },
        {
            "namespace": "__bicep",
            "members": {"twice": function("[contoso.join(parameters('x'), parameters('x'))]", "x")},
        },
    ]
    result = read(
        tmp_path,
        template(
            [vault("[CONTOSO.Join('a', 'b')]"), vault("[__bicep.twice(parameters('p'))]")],
            functions=functions,
            parameters={"p": {"type": "string"}},
        ),
    )
    assert named(result) == ["a-b", "{parameters('p')}-{parameters('p')}"]


@pytest.mark.parametrize(
    "value", ["[variables('v')]", "[parameters('outside')]", "[contoso.f('x')]", "[reference('x')]", "[nowhere.f()]"]
)
def test_a_function_sees_only_its_parameters_and_ends(tmp_path: Path, value: str) -> None:
    functions = [{"namespace": "contoso", "members": {"f": function(value, "a")}}]
    parameters = {"outside": {"type": "string", "defaultValue": "secret"}}
    result = read(
        tmp_path,
        template([vault("[contoso.f('x')]")], functions=functions, variables={"v": "secret"}, parameters=parameters),
    )
    assert not result.resources or isinstance(result.resources[0].name, Unknown)
    assert result.resources or result.not_read


def test_symbols_of_loops_and_their_outputs_are_followed(tmp_path: Path) -> None:
    use = template(
        [], parameters={"n": {"type": "string"}}, outputs={"o": {"type": "string", "value": "[parameters('n')]"}}
    )
    loop = nested(
        use,
        name="[format('d-{0}', copyIndex())]",
        copy={"name": "loop", "count": 2},
        properties={"parameters": {"n": {"value": "[format('v{0}', copyIndex())]"}}},
    )
    content = template(
        {
            "loop": loop,
            "one": vault("[reference('loop[1]').outputs.o.value]"),
            "all": vault("[join(map(references('loop'), lambda('x', lambdaVariables('x').outputs.o.value)), '-')]"),
            "by": vault("[reference(resourceId('Microsoft.Resources/deployments', 'd-0')).outputs.o.value]"),
            "info": vault("[last(split(resourceInfo('one').type, '/'))]"),
        },
        languageVersion="2.0",
    )
    assert named(read(tmp_path, content)) == ["v1", "v0-v1", "v0", "vaults"]


def test_an_existing_resource_elsewhere_has_its_own_scope(tmp_path: Path) -> None:
    there = {"existing": True, "subscriptionId": "s", "resourceGroup": "g"}
    content = template({"a": vault("kv", **there)}, languageVersion="2.0")
    (resource,) = read(tmp_path, content).resources
    assert resource.scope == "/subscriptions/s/resourceGroups/g"
    assert resource.fields == {}


def test_a_null_for_a_parameter_takes_its_default_or_stays_null(tmp_path: Path) -> None:
    use = template(
        [vault("[format('{0}{1}', parameters('a'), coalesce(parameters('b'), 'none'))]")],
        parameters={
            "a": {"type": "string", "defaultValue": "default-"},
            "b": {"type": "string", "nullable": True},
        },
    )
    handed = {"parameters": {"a": {"value": None}, "b": {"value": "[null()]"}}}
    assert named(read(tmp_path, template([nested(use, properties=handed)]))) == ["default-none"]


def test_a_template_given_by_an_expression_is_read_with_its_own_parameters(tmp_path: Path) -> None:
    inner = {"$schema": SCHEMA, "parameters": {"n": {"type": "string"}}, "resources": [vault("[[parameters('n')]")]}
    one = nested("[variables('t')]", properties={"parameters": {"n": {"value": "given"}}})
    assert named(read(tmp_path, template([one], variables={"t": inner}))) == ["given"]


def test_outputs_in_a_loop_are_arrays(tmp_path: Path) -> None:
    output = {"type": "array", "copy": {"count": 2, "input": "[format('o{0}', copyIndex())]"}}
    use = template([], outputs={"all": output})
    content = template([nested(use), vault("[join(reference('nested').outputs.all.value, '-')]")])
    assert named(read(tmp_path, content)) == ["o0-o1"]


def test_list_functions_name_the_resource(tmp_path: Path) -> None:
    content = template({"a": vault("kv"), "b": vault("[listKeys('a', '2023-07-01').first]")}, languageVersion="2.0")
    key = f"{{listKeys('{GROUP}/providers/Microsoft.KeyVault/vaults/kv').first}}"
    assert named(read(tmp_path, content)) == ["kv", key]


def test_each_deployment_knows_its_own_name(tmp_path: Path) -> None:
    use = template([vault("[deployment().name]")])
    content = template([nested(use), vault("[deployment().name]")])
    assert named(read(tmp_path, content)) == ["nested", "{deployment().name}"]


@pytest.mark.parametrize("text", ["[data.client.tenantId]", "[enter a value]", "[]", "[a-z]"])
def test_a_text_in_brackets_without_a_call_is_unknown_and_the_file_read_whole(tmp_path: Path, text: str) -> None:
    result = read(tmp_path, template([vault("kv", tags={"a": text})]))
    assert isinstance(result.resources[0].fields["tags"]["a"], Unknown)
    assert result.not_read == ()


def test_places_are_exact_also_in_property_loops_and_behind_expressions(tmp_path: Path) -> None:
    content = """{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "variables": {"v": {"a": 1}},
  "resources": [
    {"type": "A.B/c", "apiVersion": "1", "name": "x", "properties": {
      "copy": [{"name": "disks", "count": 2, "input": {
        "lun": "[copyIndex('disks')]"}}],
      "plain": [{"deep": true}],
      "given": "[variables('v')]"}},
    {"type": "A.B/c", "apiVersion": "1", "name": "y",
      "properties": "[variables('v')]"}
  ]
}"""
    first, second = read(tmp_path, content).resources
    assert first.properties["disks"] == [{"lun": 0}, {"lun": 1}]
    assert first.place("properties", "disks", 1, "lun") == (8, 9)
    assert first.place("properties", "disks", 1) == (7, 46)
    assert first.place("properties", "disks") == (7, 46)
    assert first.place("properties", "plain", 0, "deep") == (9, 18)
    assert first.place("properties", "given", "a") == (10, 16)
    assert second.place("properties", "a") == (12, 21)
    assert second.place("properties") == (12, 7)


@pytest.mark.slow
def test_named_hostile_templates_end_and_are_named(tmp_path: Path) -> None:
    growing = {f"v{n}": f"[concat(variables('v{n - 1}'), variables('v{n - 1}'))]" for n in range(1, 40)}
    bomb = template([vault("[variables('v39')]")], variables={"v0": "x" * 50, **growing})
    assert "stopped" in read(tmp_path, bomb).not_read[0].reason
    use: Any = template([vault("deep")])
    for _ in range(8):
        use = template([nested(use, name="[format('n{0}', copyIndex())]", copy={"name": "l", "count": 700})])
    assert "stopped" in read(tmp_path, use).not_read[0].reason
    members = {f"f{n}": function(f"[concat(a.f{n - 1}(), a.f{n - 1}())]") for n in range(1, 60)}
    calls = {"namespace": "a", "members": {**members, "f0": function("x")}}
    assert "stopped" in read(tmp_path, template([vault("[a.f59()]")], functions=[calls])).not_read[0].reason


def test_a_large_variable_may_be_asked_for_in_every_round_of_a_loop(tmp_path: Path) -> None:
    rows = [{"name": f"n{number}", "text": "x" * 200} for number in range(500)]
    one = vault("[variables('rows')[copyIndex()].name]", copy={"name": "l", "count": "[length(variables('rows'))]"})
    result = read(tmp_path, template([one], variables={"rows": rows}))
    assert (len(result.resources), result.not_read) == (500, ())


def test_a_name_that_is_no_call_is_unknown_as_azure_refuses_it(tmp_path: Path) -> None:
    result = read(tmp_path, template([vault("[concat(workspace, 'x')]")]))
    assert "not an expression" in result.resources[0].name.reason
    assert result.not_read == ()


TEXTS = st.sampled_from(
    [
        "kv",
        "[parameters('p')]",
        "[parameters('missing')]",
        "[variables('v')]",
        "[copyIndex()]",
        "[copyIndex('l', 1)]",
        "[reference('d').outputs.o.value]",
        "[reference('a').x.y]",
        "[references('a')]",
        "[resourceId('A.B/c', parameters('p'))]",
        "[ns.f(parameters('p'))]",
        "[ns.g()]",
        "[if(parameters('p'), variables('v'), null())]",
        "[createArray(1, 2)]",
        "[length(variables('v'))]",
        "[concat(",
        "[[escaped]",
        "",
    ]
)
VALUES = st.recursive(
    TEXTS | st.integers(-2, 5) | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["a", "name", "copy", "count", "input", "value", "[variables('v')]"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
PARTS = ("name", "type", "condition", "copy", "scope", "properties", "resources", "existing", "resourceGroup", "tags")
RESOURCES = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["A.B/c", "Microsoft.Resources/deployments", "c"]),
        "apiVersion": st.just("1"),
        "name": TEXTS,
    },
    optional={name: VALUES for name in PARTS if name not in ("type", "name")},
)


@given(
    st.lists(RESOURCES, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "d"]), RESOURCES, max_size=3),
    VALUES,
    VALUES,
)
def test_any_template_gives_the_same_resources_twice_or_names_what_is_wrong(
    tmp_path_factory: pytest.TempPathFactory, resources: Any, first: Any, second: Any
) -> None:
    inner = {"type": "Microsoft.Resources/deployments", "apiVersion": "1", "name": "d"}
    if isinstance(resources, list):
        outputs = {"o": {"type": "string", "value": first}}
        resources = [*resources, {**inner, "properties": {"template": template(resources, outputs=outputs)}}]
    functions = [{"namespace": "ns", "members": {"f": function("[parameters('x')]", "x"), "g": function("[ns.g()]")}}]
    content = template(
        resources,
        parameters={"p": {"type": "string", "defaultValue": first}},
        variables={"v": second},
        functions=functions,
    )
    folder = tmp_path_factory.mktemp("any")
    once, again = read(folder, content), read(folder, content)
    assert plain_result("main.json", once, positions=True) == plain_result("main.json", again, positions=True)
    assert not any("mlgate itself failed" in one.reason for one in once.not_read), once.not_read
    assert once.resources or once.not_read or not resources or all_off(resources)
    assert json.loads((folder / "main.json").read_text()) == content


def all_off(resources: Any) -> bool:
    """Whether nothing can come of the declarations: a condition that is false, or a loop of no rounds."""
    return any(
        "condition" in one or "copy" in one
        for one in (resources if isinstance(resources, list) else resources.values())
    )
