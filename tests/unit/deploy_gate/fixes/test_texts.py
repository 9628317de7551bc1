"""A property is set at its place, and every other byte stays as it is."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_gate.fixes.bicep_text import set_in_bicep
from deploy_gate.fixes.json_text import set_in_json
from deploy_gate.fixes.terraform_text import set_in_terraform
from deploy_gate.fixes.texts import Change, NotMechanicalError, Target, Value, changed
from deploy_gate.fixes.yaml_text import set_in_yaml

ACCESS = ("properties", "access")


def with_json(text: str, *path: str, value: Value = "Off", at: str = "{") -> str:
    where = text.index(at)
    line, column = text.count("\n", 0, where) + 1, where - text.rfind("\n", 0, where)
    return changed(text, set_in_json(text, Target(line, column, path or ACCESS, value)))


def with_bicep(text: str, *path: str, value: Value = "Off", at: str = "= {") -> str:
    where = text.index(at) + 2
    line, column = text.count("\n", 0, where) + 1, where - text.rfind("\n", 0, where)
    return changed(text, set_in_bicep(text, Target(line, column, path or ACCESS, value)))


def with_yaml(text: str, *path: str, value: Value = "off-line", line: int = 1) -> str:
    return changed(text, set_in_yaml(text, Target(line, 1, path or ("access",), value)))


def with_terraform(text: str, *path: str, value: Value = False, line: int = 1) -> str:
    return changed(text, set_in_terraform(text, Target(line, 1, path or ("purge_protection_enabled",), value)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"properties": {"access": "On"}}', '{"properties": {"access": "Off"}}'),
        ('{"PROPERTIES": {"Access": "On"}}', '{"PROPERTIES": {"Access": "Off"}}'),
        ('{"properties": {"access": null /* c */ , }}', '{"properties": {"access": "Off" /* c */ , }}'),
        ("{'properties': {'access': 'On'}}", "{'properties': {'access': \"Off\"}}"),
        ('{"properties": {"a": 1}}', '{"properties": {"a": 1, "access": "Off"}}'),
        (
            '{"properties": {"a": {"b": "}"}, "c": ["]"]}}',
            '{"properties": {"a": {"b": "}"}, "c": ["]"], "access": "Off"}}',
        ),
        # Indentation, comments and the comma of the last member.
        (
            '{\n\t"properties": {\n\t\t"a": 1 // why\n\t}\n}',
            '{\n\t"properties": {\n\t\t"a": 1, // why\n\t\t"access": "Off"\n\t}\n}',
        ),
        (
            '{\r\n  "properties": {\r\n    "a": 1\r\n  }\r\n}',
            '{\r\n  "properties": {\r\n    "a": 1,\r\n    "access": "Off"\r\n  }\r\n}',
        ),
        (
            '{\n  "properties": {\n    "a": 1, // why\n  }\n}',
            '{\n  "properties": {\n    "a": 1, // why\n    "access": "Off"\n  }\n}',
        ),
        ('{\n  "properties": {\n    "a": 1 }\n}', '{\n  "properties": {\n    "a": 1,\n    "access": "Off" }\n}'),
        ('{\n  "properties": {}\n}', '{\n  "properties": {\n    "access": "Off"\n  }\n}'),
        ('{\n    "name": "x"\n}', '{\n    "name": "x",\n    "properties": {\n        "access": "Off"\n    }\n}'),
        ('{"a": "[x]", "properties": {"access": "[[On"}}', '{"a": "[x]", "properties": {"access": "Off"}}'),
    ],
)
def test_json(text: str, expected: str) -> None:
    assert with_json(text) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"properties": {"access": "[parameters(\'a\')]"}}', 'given by an expression: "[parameters'),
        ('{"properties": "[variables(\'p\')]"}', "properties is given by an expression"),
        ('{"properties": {"access": {"value": 1}}}', "holds an object or a list"),
        ('{"properties": {"access": "a", "Access": "b"}}', "stands more than once"),
        ('{"properties": {"copy": [{"name": "access", "count": 2, "input": "x"}]}}', "made by a copy loop"),
        ('{"properties": { /* nothing yet */ }}', "only comments"),
        ('{"properties": {"a" 1}}', "not understood"),
    ],
)
def test_json_that_takes_a_person(text: str, why: str) -> None:
    with pytest.raises(NotMechanicalError) as caught:
        with_json(text)
    assert why in str(caught.value)


@pytest.mark.parametrize(("value", "written"), [(True, "true"), (90, "90"), ('a"\\b', '"a\\"\\\\b"')])
def test_values_in_json(value: Value, written: str) -> None:
    assert with_json('{"properties": {}}', value=value).replace("\n", "").replace(" ", "") == (
        '{"properties":{"access":' + written + "}}"
    )


_NAMES = st.sampled_from(["a", "b", "c", "access"])
_TREES = st.recursive(
    st.one_of(
        st.text(max_size=6).filter(lambda text: not text.startswith("[")), st.integers(-9, 9), st.booleans(), st.none()
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_NAMES, inner, max_size=3)),
    max_leaves=8,
)


@given(
    properties=st.dictionaries(_NAMES.filter(lambda name: name != "access"), _TREES, max_size=4),
    indent=st.sampled_from([None, 2, 4, "\t"]),
    old=st.sampled_from(["absent", "On", True, 5]),
)
def test_any_json_gets_the_property_and_keeps_the_rest(
    properties: dict[str, object], indent: int | str | None, old: object
) -> None:
    if old != "absent":
        properties = {**properties, "access": old}
    before = {"name": "x", "properties": properties, "tags": {"access": "On"}}
    after = json.loads(with_json(json.dumps(before, indent=indent, ensure_ascii=False)))
    assert after == {**before, "properties": {**properties, "access": "Off"}}


_BICEP = "resource x 'A.B/c@2020-01-01' = {\n"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("  properties: {\n    access: 'On' // why\n  }\n}\n", "  properties: {\n    access: 'Off' // why\n  }\n}\n"),
        ("  properties: { 'access': true }\n}", "  properties: { 'access': 'Off' }\n}"),
        ("\tproperties: {\n\t\ta: 1 // é\n\t}\n}\n", "\tproperties: {\n\t\ta: 1 // é\n\t\taccess: 'Off'\n\t}\n}\n"),
        (
            "  properties: {\r\n    a: 1\r\n  }\r\n}\r\n",
            "  properties: {\r\n    a: 1\r\n    access: 'Off'\r\n  }\r\n}\r\n",
        ),
        ("  properties: { a: 1, b: 2 }\n}\n", "  properties: { a: 1, b: 2, access: 'Off' }\n}\n"),
        ("  properties: {}\n}\n", "  properties: {\n    access: 'Off'\n  }\n}\n"),
        (
            "  properties: {\n    #disable-next-line x\n    a: 1\n  }\n}\n",
            "  properties: {\n    #disable-next-line x\n    a: 1\n    access: 'Off'\n  }\n}\n",
        ),
        (
            "  name: 'é'\n\n  resource y 'd' = {\n    name: 'z'\n  }\n}\n",
            "  name: 'é'\n  properties: {\n    access: 'Off'\n  }\n\n  resource y 'd' = {\n    name: 'z'\n  }\n}\n",
        ),
        (
            "  properties: {\n    a: '''\nlong\n'''\n  }\n}\n",
            "  properties: {\n    a: '''\nlong\n'''\n    access: 'Off'\n  }\n}\n",
        ),
        (
            "  properties: {\n    a: [\n      1\n    ]\n  }\n}\n",
            "  properties: {\n    a: [\n      1\n    ]\n    access: 'Off'\n  }\n}\n",
        ),
    ],
)
def test_bicep(body: str, expected: str) -> None:
    assert with_bicep(_BICEP + body) == _BICEP + expected


def test_bicep_in_loops_and_under_conditions() -> None:
    for head, tail in (("if (a == 'b') {", "}"), ("[for i in range(0, 2): {", "}]")):
        text = f"resource x 'A.B/c@1' = {head}\n  properties: {{\n    access: 'On'\n  }}\n{tail}\n"
        where = text.index("{\n  properties")
        made = changed(text, set_in_bicep(text, Target(1, where + 1, ACCESS, "Off")))
        assert made == text.replace("'On'", "'Off'")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("  properties: {\n    access: open\n  }\n}\n", "given by an expression: open"),
        ("  properties: {\n    access: 'a${b}'\n  }\n}\n", "given by an expression"),
        ("  properties: open ? { access: 'On' } : {}\n}\n", "properties is given by an expression"),
        ("  properties: {\n    access: 'On'\n    access: 'On'\n  }\n}\n", "stands more than once"),
        ("  properties: {\n    a: 1 /* begins\n    ends */\n  }\n}\n", "something else stands behind"),
        ("  properties: {\n    a: 1 }\n}\n", "something else stands behind"),
        ("  properties: {\n    // later\n  }\n}\n", "only comments"),
        ("  properties: {\n    a: = 1\n  }\n}\n", "not understood"),
    ],
)
def test_bicep_that_takes_a_person(body: str, why: str) -> None:
    with pytest.raises(NotMechanicalError) as caught:
        with_bicep(_BICEP + body)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    ("value", "written"), [(True, "true"), (False, "false"), (90, "90"), ("a'b\\${c}", "'a\\'b\\\\\\${c}'")]
)
def test_values_in_bicep(value: Value, written: str) -> None:
    text = _BICEP + "  properties: {\n    access: null\n  }\n}\n"
    assert f"access: {written}\n" in with_bicep(text, value=value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: x\naccess: on # why\nb: 1\n", "name: x\naccess: off-line # why\nb: 1\n"),
        ("name: x\naccess: 'on'\n", "name: x\naccess: 'off-line'\n"),
        ('name: x\naccess: "on"\n', 'name: x\naccess: "off-line"\n'),
        (
            "# head\nname: x # why\r\nlist:\r\n  - 1\r\n",
            "# head\nname: x # why\r\naccess: off-line\r\nlist:\r\n  - 1\r\n",
        ),
        ("list:\n- 1\n- 2\n", "access: off-line\nlist:\n- 1\n- 2\n"),
        ("text: |\n  long\n  text\nname: é\n", "text: |\n  long\n  text\nname: é\naccess: off-line\n"),
        ("{name: x, list: [1]}\n", "{name: x, list: [1], access: off-line}\n"),
        ("name: x", "name: x\naccess: off-line"),
        ("$schema: s\nname: x\n", "$schema: s\nname: x\naccess: off-line\n"),
    ],
)
def test_yaml(text: str, expected: str) -> None:
    assert with_yaml(text) == expected


def test_yaml_below_other_names_and_in_its_own_document() -> None:
    assert (
        with_yaml("a: 1\nnet:\n    mode: x\n", "net", "open", value=False)
        == "a: 1\nnet:\n    mode: x\n    open: false\n"
    )
    assert with_yaml("a: 1\n", "net", "open", value=60) == "a: 1\nnet:\n  open: 60\n"
    assert with_yaml("access: a\n---\naccess: b\n", line=3) == "access: a\n---\naccess: off-line\n"


@pytest.mark.parametrize("value", ["true", "null", "yes", "1.2", "a: b", "#x", "", "it's", "*x", "- x"])
def test_texts_stay_texts_in_yaml(value: str) -> None:
    import yaml

    for text in ("access: on-line\n", 'access: "x"\n', "name: 1\n"):
        assert yaml.safe_load(with_yaml(text, value=value))["access"] == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("access: ${{ inputs.access }}\n", "given by an expression"),
        ("access: '{{ access }}'\n", "given by an expression"),
        ("a: &x on\naccess: *x\n", "an alias"),
        ("access: &x on\nb: *x\n", "something else than a plain value"),
        ("access: |\n  on\n", "something else than a plain value"),
        ("access:\n  mode: on\n", "something else than a plain value"),
        ("access:\n", "something else than a plain value"),
        ("access: {{ access }}\n", "something else than a plain value"),
        ("access: [\n", "not plain YAML"),
        ("- access: on\n", "no mapping"),
        ("access: a\naccess: b\n", "stands more than once"),
    ],
)
def test_yaml_that_takes_a_person(text: str, why: str) -> None:
    with pytest.raises(NotMechanicalError) as caught:
        with_yaml(text)
    assert why in str(caught.value)


_HEAD = 'resource "azurerm_key_vault" "y" {\n'


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("  purge_protection_enabled = true # why\n}\n", "  purge_protection_enabled = false # why\n}\n"),
        ('\tpurge_protection_enabled\t= "on"\r\n}\r\n', "\tpurge_protection_enabled\t= false\r\n}\r\n"),
        (
            '  name   = var.name\n  kind   = "a" // é\n}\n',
            '  name   = var.name\n  kind   = "a" // é\n  purge_protection_enabled = false\n}\n',
        ),
        ("  name = var.name\n}\n", "  purge_protection_enabled = false\n  name = var.name\n}\n"),
        (
            '  name = "a"\n  net {\n    purge_protection_enabled = true\n  }\n}\n',
            '  name = "a"\n  purge_protection_enabled = false\n  net {\n    purge_protection_enabled = true\n  }\n}\n',
        ),
        (
            "  text = <<EOT\n}\nEOT\n  a = 1\n}\n",
            "  text = <<EOT\n}\nEOT\n  a = 1\n  purge_protection_enabled = false\n}\n",
        ),
    ],
)
def test_terraform(body: str, expected: str) -> None:
    assert with_terraform(_HEAD + body) == _HEAD + expected


def test_terraform_in_a_block_of_which_there_is_one() -> None:
    text = _HEAD + '  net {\n    mode = "a"\n  }\n}\n'
    assert with_terraform(text, "net", "mode", value="b") == text.replace('"a"', '"b"')
    assert (
        with_terraform('resource "azurerm_key_vault" "b" {}\n', value="x${y}")
        == 'resource "azurerm_key_vault" "b" {\n  purge_protection_enabled = "x$${y}"\n}\n'
    )


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("  purge_protection_enabled = var.open\n}\n", "given by an expression"),
        ('  purge_protection_enabled = "${var.open}"\n}\n', "given by an expression"),
        ("  purge_protection_enabled = true && var.open\n}\n", "given by an expression"),
        ("  purge_protection_enabled {\n    a = 1\n  }\n}\n", "is a block"),
        ('  dynamic "purge_protection_enabled" {\n    for_each = []\n    content {}\n  }\n}\n', "is a block"),
    ],
)
def test_terraform_that_takes_a_person(body: str, why: str) -> None:
    with pytest.raises(NotMechanicalError) as caught:
        with_terraform(_HEAD + body)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    "blocks", ["", "  net {}\n  net {}\n", '  dynamic "net" {\n    for_each = []\n    content {}\n  }\n']
)
def test_terraform_with_no_block_or_several_takes_a_person(blocks: str) -> None:
    with pytest.raises(NotMechanicalError, match="not exactly one block"):
        with_terraform(f"{_HEAD}{blocks}}}\n", "net", "mode", value="x")


def test_a_block_on_one_line_takes_a_person() -> None:
    with pytest.raises(NotMechanicalError, match="on one line"):
        with_terraform('resource "azurerm_key_vault" "b" { name = "x" }\n')


def test_an_attribute_is_set_under_the_name_that_the_file_has_for_it() -> None:
    head = 'resource "azurerm_storage_account" "y" {\n'
    old = f"{head}  enable_https_traffic_only = false\n}}\n"
    assert with_terraform(old, "https_traffic_only_enabled", value=True) == old.replace("false", "true")
    aligned = f'{head}  allow_nested_items_to_be_public   = true\n  min_tls_version                   = "TLS1_2"\n}}\n'
    made = with_terraform(aligned, "shared_access_key_enabled")
    assert made == aligned.replace("}\n", "  shared_access_key_enabled         = false\n}\n")


@pytest.mark.parametrize(
    ("kind", "body", "name", "why"),
    [
        ("azapi_resource", "", "admin_enabled", "azapi_resource is not known to have admin_enabled"),
        ("azurerm_key_vault", "", "admin_enabled", "azurerm_key_vault is not known to have admin_enabled"),
        ("azurerm_storage_account", "", "account_tier", "is not known to have account_tier"),
        (
            "azurerm_storage_account",
            '  public_network_access = "Enabled"\n',
            "public_network_access_enabled",
            "another attribute says the same",
        ),
        (
            "azurerm_storage_account",
            "  https_traffic_only_enabled = false\n  enable_https_traffic_only = false\n",
            "https_traffic_only_enabled",
            "say the same",
        ),
    ],
)
def test_attributes_that_take_a_person(kind: str, body: str, name: str, why: str) -> None:
    with pytest.raises(NotMechanicalError) as caught:
        with_terraform(f'resource "{kind}" "y" {{\n{body}}}\n', name)
    assert why in str(caught.value)


@pytest.mark.parametrize("setter", [set_in_json, set_in_bicep, set_in_yaml, set_in_terraform])
@given(
    text=st.text(alphabet="{}[]\"'\\:=,#/* \r\n\tab1$%<é", max_size=60),
    line=st.integers(1, 4),
    column=st.integers(1, 9),
)
def test_no_text_breaks_it(setter: Callable[[str, Target], list[Change]], text: str, line: int, column: int) -> None:
    try:
        changed(text, setter(text, Target(line, column, ("a", "b"), "x")))
    except NotMechanicalError:
        pass


def test_changes_may_not_overlap() -> None:
    assert changed("abc", [Change(1, 2, "X"), Change(0, 1, "Y"), Change(3, 3, "!")]) == "YXc!"
    with pytest.raises(ValueError, match="overlap"):
        changed("abc", [Change(0, 2, "X"), Change(1, 3, "Y")])
