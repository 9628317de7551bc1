"""Bicep files as resources; what isn't read is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_readers.bicep.parser import parse_bicep
from resource_readers.bicep.statements import Misread
from resource_readers.interface import ReadRequest, ReadResult, Unknown
from resource_readers.registry import read_resources

GROUP = "/subscriptions/{subscription().subscriptionId}/resourceGroups/{resourceGroup().name}"
VAULT = "'Microsoft.KeyVault/vaults@2023-07-01'"


def read(tmp_path: Path, text: str, parameters: str | None = None, **files: str) -> ReadResult:
    (tmp_path / "main.bicep").write_text(text)
    for name, content in files.items():
        (tmp_path / name.replace("__", ".")).write_text(content)
    values = None
    if parameters is not None:
        values = tmp_path / "main.bicepparam"
        values.write_text(parameters)
    return read_resources(ReadRequest(root=tmp_path, path=tmp_path / "main.bicep", parameters=values))


def value_of(tmp_path: Path, expression: str, before: str = "") -> Any:
    text = f"{before}\nresource x {VAULT} = {{\n  name: 'x'\n  properties: {{ value: {expression} }}\n}}\n"
    result = read(tmp_path, text)
    assert result.not_read == ()
    return result.resources[-1].properties["value"]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("'a${1 + 2}b${true}'", "a3bTrue"),
        ("'it\\'s \\u{1F600} \\${x} $'", "it's 😀 ${x} $"),
        ("'''\nraw ${x} 'quoted'\n'''", "raw ${x} 'quoted'\n"),
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 2 - 3", 5),
        ("-2 + 5", 3),
        ("1 < 2 && 2 >= 3 || true", True),
        ("!true == false", True),
        ("'A' =~ 'a'", True),
        ("'A' !~ 'a'", False),
        ("'A' != 'a'", True),
        ("null ?? 'x'", "x"),
        ("true ? 'a' : false ? 'b' : 'c'", "a"),
        ("false ? 'a' : ['b', 'c'][1]", "c"),
        ("true\n  ? 'a'\n  : 'b'", "a"),
        ("{ a: { b: 1 } }.a.b", 1),
        ("{ a: 1 }.?b", None),
        ("{ a: 1 }['a']", 1),
        ("[1, 2][?5]", None),
        ("[\n1\n2 // two\n3\n]", [1, 2, 3]),
        ("[...[1, 2], 3]", [1, 2, 3]),
        ("{ ...{ a: 1, b: 1 }, b: 2 }", {"a": 1, "b": 2}),
        ("{ 'a-b': 1, '${'x'}y': 2 }", {"a-b": 1, "xy": 2}),
        ("[for i in range(0, 3): i * 2]", [0, 2, 4]),
        ("[for (n, i) in ['a', 'b']: '${n}${i}']", ["a0", "b1"]),
        ("[for n in [1, 2, 3]: if (n > 1) { n: n }]", [{"n": 2}, {"n": 3}]),
        ("map([{ a: 1 }], x => x.a)", [1]),
        ("map(['a', 'b'], (x, i) => '${x}${i}')", ["a0", "b1"]),
        ("reduce([1, 2, 3], 0, (a, b) => a + b)", 6),
        ("toUpper(\n  'a'\n)", "A"),
        ("az.toLower ('A')", "a"),
        ("{ a: 1 }!.a", 1),
    ],
)
def test_expressions_have_the_values_that_bicep_gives_them(tmp_path: Path, expression: str, value: Any) -> None:
    assert value_of(tmp_path, expression) == value


def test_names_mean_parameters_variables_functions_and_resources(tmp_path: Path) -> None:
    before = """
    param p string = 'P'
    param unset string
    param optional string?
    var v = '${p}-v'
    func twice(a string, b { c: int }?) string => '${a}${a}'
    """
    assert value_of(tmp_path, "[p, v, twice('x', null), optional]", before) == ["P", "P-v", "xx", None]
    unset = value_of(tmp_path, "'a-${unset}'", before)
    assert isinstance(unset, Unknown)
    assert unset.text == "a-{parameters('unset')}"
    absent = value_of(tmp_path, "nowhere")
    assert isinstance(absent, Unknown)
    circle = value_of(tmp_path, "a", "var a = b\nvar b = a")
    assert isinstance(circle, Unknown)


def test_a_resource_has_id_scope_fields_and_lines(tmp_path: Path) -> None:
    result = read(tmp_path, f"@description('it')\nresource kv {VAULT} = {{\n  name: 'kv'\n  location: 'x'\n}}\n")
    (resource,) = result.resources
    assert (resource.type, resource.api_version) == ("Microsoft.KeyVault/vaults", "2023-07-01")
    assert resource.id == f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv"
    assert resource.fields == {"location": "x"}
    assert (resource.location.line, resource.line("location")) == (2, 4)


def test_parents_nested_and_extension_resources_have_whole_names(tmp_path: Path) -> None:
    text = f"""
    resource kv {VAULT} existing = {{
      name: 'kv'
      resource inside 'secrets@2023-07-01' = {{ name: 'a' }}
    }}
    resource beside 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {{
      parent: kv
      name: 'b'
      properties: {{ value: kv::inside.name }}
    }}
    resource lock 'Microsoft.Authorization/locks@2020-05-01' = {{ scope: kv, name: 'l' }}
    """
    result = read(tmp_path, text)
    assert [one.name for one in result.resources] == ["kv", "kv/a", "kv/b", "l"]
    assert {one.type for one in result.resources[1:3]} == {"Microsoft.KeyVault/vaults/secrets"}
    assert result.resources[3].scope == f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv"
    assert result.resources[2].properties == {"value": "a"}
    assert result.resources[0].existing


def test_loops_and_conditions(tmp_path: Path) -> None:
    text = f"""
    param deploy bool
    param names array
    resource many {VAULT} = [for (n, i) in ['a', 'b', 'c']: if (i > 0) {{ name: n }}]
    resource maybe {VAULT} = if (deploy) {{ name: 'maybe' }}
    resource never {VAULT} = if (1 == 2) {{ name: 'never' }}
    resource unknown {VAULT} = [for n in names: {{ name: n }}]
    resource use {VAULT} = {{ name: many[1].name }}
    """
    result = read(tmp_path, text)
    shown = [one.name.text if isinstance(one.name, Unknown) else one.name for one in result.resources]
    assert shown == ["b", "c", "maybe", "{item({parameters('names')}, {copyIndex()})}", "b"]
    assert isinstance(result.resources[2].condition, Unknown)
    assert [one.repeated for one in result.resources] == [False, False, False, True, False]


def test_local_modules_are_expanded_with_their_parameters_scope_and_outputs(tmp_path: Path) -> None:
    text = f"""
    module one 'part.bicep' = {{ name: 'one', params: {{ name: 'A' }} }}
    module two 'part.bicep' = {{ name: 'two', scope: resourceGroup('other'), params: {{ name: 'B' }} }}
    resource use {VAULT} = {{ name: one.outputs.shown }}
    """
    part = f"param name string\nresource kv {VAULT} = {{ name: name }}\noutput shown string = '${{kv.name}}!'\n"
    result = read(tmp_path, text, part__bicep=part)
    vaults = [one for one in result.resources if one.type == "Microsoft.KeyVault/vaults"]
    assert [one.name for one in vaults] == ["A", "B", "A!"]
    assert vaults[1].scope.endswith("/resourceGroups/other")
    assert [one.name for one in result.files] == ["main.bicep", "part.bicep"]
    assert vaults[0].location.path == "part.bicep"


def test_a_module_in_json_is_expanded(tmp_path: Path) -> None:
    part = '{"$schema": "x", "resources": [{"type": "A.B/c", "name": "[parameters(\'n\')]"}], "parameters": {"n": {}}}'
    result = read(tmp_path, "module m 'part.json' = { name: 'm', params: { n: 'N' } }", part__json=part)
    assert [one.name for one in result.resources] == ["m", "N"]


def test_the_identity_of_a_resource_stays_recognisable_through_modules(tmp_path: Path) -> None:
    text = """
    resource ws 'Microsoft.MachineLearningServices/workspaces@2024-04-01' = { name: 'w' }
    module m 'part.bicep' = { name: 'm', params: { who: ws.identity.principalId } }
    """
    part = f"param who string\nresource kv {VAULT} = {{ name: 'kv', properties: {{ who: who }} }}"
    who = read(tmp_path, text, part__bicep=part).resources[-1].properties["who"]
    assert isinstance(who, Unknown)
    assert who.resource.endswith("/providers/Microsoft.MachineLearningServices/workspaces/w")
    assert who.path == ("identity", "principalId")


def test_imports_and_loaded_files(tmp_path: Path) -> None:
    text = f"""
    import {{ prefix as p, named }} from 'shared.bicep'
    import * as all from 'shared.bicep'
    var loaded = loadJsonContent('data.json')
    resource kv {VAULT} = {{ name: '${{p}}-${{named('x')}}-${{all.prefix}}-${{loaded.a}}' }}
    """
    shared = "@export()\nvar prefix = 'P'\n@export()\nfunc named(a string) string => '${prefix}${a}'\n"
    result = read(tmp_path, text, shared__bicep=shared, data__json='{"a": 1}')
    assert (result.resources[0].name, result.not_read) == ("P-Px-P-1", ())


def test_bicep_parameter_files_are_read(tmp_path: Path) -> None:
    text = f"param a string\nparam b string = 'default'\nresource kv {VAULT} = {{ name: '${{a}}-${{b}}' }}"
    values = "using 'main.bicep'\nvar x = 'X'\nparam a = '${x}!'\n"
    assert read(tmp_path, text, values).resources[0].name == "X!-default"
    broken = read(tmp_path, text, "using 'main.bicep'\nparam b = = 'x'\n")
    assert broken.resources == ()
    assert broken.not_read[0].path == "main.bicepparam"


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ("this is no bicep", "not understood", 1),
        (f"resource kv {VAULT} = {{\n  name 'x'\n}}", "not understood", 2),
        (f"var a = 1\nresource kv {VAULT} = {{\n  name: 'x'\n", "not understood", 4),
        ("module m 'br/public:avm/res/x:0.1.0' = { name: 'm' }", "registry", 1),
        ("module m 'missing.bicep' = { name: 'm' }", "missing.bicep", 1),
        ("module m '../outside.bicep' = { name: 'm' }", "is not read", 1),
        ("module m 'main.bicep' = { name: 'm' }", "each other", 1),
        (
            f"resource a {VAULT} = [for n in ['x']: {{\n name: n\n resource b 'secrets' = {{ name: 'b' }}\n}}]",
            "loop",
            3,
        ),
        ("var a = 1\nvar a = 2", "declared twice", 2),
        (f"resource kv {VAULT} = [for i in range(0, 900): {{ name: 'x' }}]", "stopped", 1),
        ("var a = " + "(" * 2_000, "not understood", 1),
        ("var a = " + "[" * 39 + "1" + "]" * 39 + f"\nresource kv {VAULT} = {{ name: a[0 }}", "not understood", 2),
    ],
)
def test_what_is_not_read_is_named_with_its_line(tmp_path: Path, text: str, reason: str, line: int | None) -> None:
    result = read(tmp_path, text, part__bicep="param a string = 'x'")
    assert [one for one in result.not_read if reason in one.reason and one.line == line], result.not_read
    assert all(one.may_hold_resources for one in result.not_read)


def test_an_import_that_is_not_read_is_named_where_its_values_are_used(tmp_path: Path) -> None:
    text = "import { a, t } from 'br/public:avm/utl/types:0.1.0'\nparam p t\n"
    assert read(tmp_path, text).not_read == ()
    result = read(tmp_path, text + f"resource kv {VAULT} = {{ name: a(p) }}")
    assert [(one.line, one.may_hold_resources) for one in result.not_read] == [(1, False)]
    assert isinstance(result.resources[0].name, Unknown)


def test_an_import_of_a_missing_file_is_named_at_once_but_hides_no_resource(tmp_path: Path) -> None:
    result = read(tmp_path, "import { a } from 'nowhere.bicep'")
    assert [one.may_hold_resources for one in result.not_read] == [False]


def test_one_bad_statement_does_not_hide_the_others(tmp_path: Path) -> None:
    text = f"resource a {VAULT} = {{ name: 'a' }}\nvar b = [1 2]\nresource c {VAULT} = {{ name: 'c' }}\n"
    result = read(tmp_path, text)
    assert [one.name for one in result.resources] == ["a", "c"]
    assert [one.line for one in result.not_read] == [2]


def test_modules_in_a_circle_end(tmp_path: Path) -> None:
    text = "module m 'part.bicep' = { name: 'm' }"
    result = read(tmp_path, text, part__bicep="module m 'main.bicep' = { name: 'n' }")
    assert any("each other" in one.reason for one in result.not_read)


def test_files_outside_of_the_root_are_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("SECRET")
    project = tmp_path / "project"
    project.mkdir()
    (project / "link.bicep").symlink_to(tmp_path / "secret.txt")
    text = (
        f"module m 'link.bicep' = {{ name: 'm' }}\nresource kv {VAULT} = {{ name: loadTextContent('../secret.txt') }}"
    )
    result = read(project, text)
    assert "SECRET" not in repr(result)
    assert any("out of the project" in one.reason for one in result.not_read)
    assert isinstance(result.resources[-1].name, Unknown)


@pytest.mark.parametrize(
    "line",
    [
        "param a resourceInput<'Microsoft.Web/sites@2025-03-01'>.properties.x?",
        "param a 'x' | 'y'\n  | 'z'",
        "param a ({ b: string, *: int } | string)[]?",
        "type t = {\n  @description('it\\'s')\n  a: string?\n  b: { c: 'x' | 'y' }[]\n}",
        "@discriminator('kind')\ntype t = { kind: 'a' } | { kind: 'b' }",
        "metadata m = { a: 'b' }",
        "extension kubernetes with { namespace: 'x' } as k8s",
        "assert ok = 1 == 1",
        "#disable-next-line no-unused-params\nparam a string",
        "/* a comment\nover lines */ var a = 1 // and one more",
        "output o resourceOutput<'A.B/c@1'>.id = 'x'",
    ],
)
def test_other_statements_are_understood(line: str) -> None:
    assert not [one for one in parse_bicep(line + "\nvar last = 1\n") if isinstance(one, Misread)]


@pytest.mark.parametrize(
    "text",
    [
        "var a = /*\n" * 5_000,
        "type t = {" + "/* " * 50_000,
        "var a = '''\n" * 5_001,
        "var a = '" + "${" * 10_000,
        "@a(" * 10_000,
        "var a = " + "1+" * 20_000 + "1",
        "var a = (" + "(a," * 20_000,
        "var v0 = [1, 1, 1]\n"
        + "".join(f"var v{i} = [v{i - 1}, v{i - 1}, v{i - 1}]\n" for i in range(1, 60))
        + f"resource a {VAULT} = {{ name: 'x', properties: v59 }}",
        "".join(f"var v{i} = v{i + 1}\n" for i in range(2_000)) + f"resource a {VAULT} = {{ name: v0 }}",
    ],
    ids=["comments", "types", "texts", "interpolations", "decorators", "operators", "brackets", "bomb", "chain"],
)
def test_hostile_files_are_stopped_and_named(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text).not_read


BITS = st.sampled_from(
    [
        "resource a 'A.B/c@1' = ",
        "{",
        "}",
        "[",
        "]",
        "for x in ",
        "if (",
        ")",
        "name: ",
        "'",
        "'''",
        "${",
        "var v = ",
        "param p string\n",
        "\n",
        "a.b",
        "=>",
        "?",
        ":",
        "...",
        "module m 'm.bicep' = ",
        "@d()",
        "//",
        "/*",
        "1",
        "!",
        "::",
    ]
)


@given(st.lists(BITS, max_size=40).map("".join))
def test_any_text_is_read_the_same_way_twice_and_never_raises(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.getbasetemp() / "bicep-fuzz"
    folder.mkdir(exist_ok=True)
    (folder / "main.bicep").write_text(text)
    request = ReadRequest(root=folder, path=Path("main.bicep"))
    first, second = read_resources(request), read_resources(request)
    assert first.not_read == second.not_read
    assert [one.id for one in first.resources] == [one.id for one in second.resources]


def test_what_a_compiled_module_gives_is_followed(tmp_path: Path) -> None:
    inner = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"n": {"type": "string", "defaultValue": "default"}},
        "resources": [],
        "outputs": {"o": {"type": "string", "value": "[concat(parameters('n'), '-', deployment().name)]"}},
    }
    text = """
module one 'part.json' = { name: 'first', params: { n: null } }
module two 'part.json' = [for i in range(0, 2): { params: { n: 'x${i}' } }]
resource a 'A.B/c@1' = { name: one.outputs.o }
resource b 'A.B/c@1' = { name: two[1].outputs.o }
resource c 'A.B/c@1' = { name: 'plain', properties: { safe: off.?outputs.o, first: absent.?a.b, chain: there.?a.b } }
module off 'part.json' = if (false) { name: 'off' }
param absent object?
param there object = { a: { b: 1 } }
"""
    (tmp_path / "part.json").write_text(json.dumps(inner))
    result = read(tmp_path, text)
    assert result.not_read == ()
    plain = {one.name if isinstance(one.name, str) else one.name.text: one for one in result.resources}
    assert "default-first" in plain
    assert "x1-two-1-{uniqueString('two', {deployment().name})}" in plain
    assert plain["plain"].properties == {"safe": None, "first": None, "chain": 1}


def test_a_deployment_that_is_written_as_a_resource_has_its_own_resources(tmp_path: Path) -> None:
    text = """
param later string
resource d 'Microsoft.Resources/deployments@2022-09-01' = {
  name: 'inner'
  properties: {
    mode: 'Incremental'
    parameters: { n: { value: later } }
    template: {
      '$schema': 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#'
      contentVersion: '1.0.0.0'
      parameters: { n: { type: 'string' } }
      resources: [ { type: 'A.B/c', apiVersion: '1', name: '[parameters(\\'n\\')]', properties: { same: later } } ]
    }
  }
}
"""
    deployment, inside = read(tmp_path, text).resources
    assert deployment.properties == {"mode": "Incremental"}
    assert isinstance(inside.name, Unknown)
    assert inside.name.text == inside.properties["same"].text == "{parameters('later')}"
