"""Template expressions and functions, by the cases of their documentation and by what can go wrong."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_readers.arm.expressions import ExpressionError, expression_of, parse_expression, parse_text
from resource_readers.arm.scopes import TemplateScope
from resource_readers.interface import Unknown, Value
from resource_readers.reading import Reading
from resource_readers.template_language.evaluation import Frame, evaluate
from resource_readers.template_language.functions import FUNCTIONS
from resource_readers.template_language.resource_ids import DeploymentScope, Level
from resource_readers.template_language.unknowns import LimitError
from resource_readers.trees.lenient_json import parse
from resource_readers.trees.nodes import Literal, ObjectNode

TEMPLATE = """
{
  "parameters": {
    "given": {"type": "string"},
    "unset": {"type": "string"},
    "default": {"type": "string", "defaultValue": "[concat('d-', parameters('given'))]"},
    "optional": {"type": "string", "nullable": true}
  },
  "variables": {
    "plain": "[[not evaluated]",
    "object": {"b": 1, "nested": {"list": [10, 20]}},
    "circle": "[variables('circle')]",
    "copy": [{"name": "squares", "count": 3, "input": "[mul(copyIndex('squares'), copyIndex('squares', 0))]"}]
  }
}
"""
GROUP = "/subscriptions/{subscription().subscriptionId}/resourceGroups/{resourceGroup().name}"


def value_of(expression: str, level: Level = Level.RESOURCE_GROUP) -> Value:
    template = parse(TEMPLATE)
    assert isinstance(template, ObjectNode)
    scope = TemplateScope(Reading("t.json"), template, DeploymentScope(level), {"given": "G"})
    return evaluate(parse_text(f"[{expression}]", 1), Frame(scope))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("concat('a', 'b', 1)", "ab1"),
        ("concat(createArray(1), createArray(2, 3))", [1, 2, 3]),
        ("format('{0}, {1}. {{x}} {0}', 'Hello', 7)", "Hello, 7. {x} Hello"),
        ("toLower('ONE') ", "one"),
        ("toUpper('one')", "ONE"),
        ("trim('  x ')", "x"),
        ("if(true(), 'yes', parameters('unset'))", "yes"),
        ("if(false, parameters('unset'), 'no')", "no"),
        ("if(equals(1, 1), 'a', 'b')", "a"),
        ("equals('a', 'A')", False),
        ("equals(createObject('a', 1), createObject('a', 1))", True),
        ("equals(true(), 1)", False),
        ("and(true(), false(), parameters('unset'))", False),
        ("or(parameters('unset'), true())", True),
        ("not(false())", True),
        ("length('abc')", 3),
        ("length(variables('object'))", 2),
        ("empty('')", True),
        ("empty(null())", True),
        ("contains('OneTwo', 'Two')", True),
        ("contains('OneTwo', 'two')", False),
        ("contains(variables('object'), 'NESTED')", True),
        ("contains(createArray('a', 'b'), 'b')", True),
        ("replace('123-123', '-', '')", "123123"),
        ("split('a,b;c', createArray(',', ';'))", ["a", "b", "c"]),
        ("join(createArray('a', 'b'), '-')", "a-b"),
        ("first('One')", "O"),
        ("last(createArray(1, 2))", 2),
        ("first(createArray())", None),
        ("union(createArray(1, 2), createArray(2, 3))", [1, 2, 3]),
        (
            "union(createObject('a', createObject('x', 1), 'b', 1), createObject('a', createObject('y', 2), 'b', 2))",
            {"a": {"x": 1, "y": 2}, "b": 2},
        ),
        ("intersection(createArray(1, 2, 3), createArray(3, 2))", [2, 3]),
        ("substring('one two three', 4, 3)", "two"),
        ("take('one', 2)", "on"),
        ("skip(createArray(1, 2, 3), 1)", [2, 3]),
        ("range(5, 3)", [5, 6, 7]),
        ("padLeft('12', 5, '0')", "00012"),
        ("int('-4')", -4),
        ("string(createObject('a', createArray(1, true())))", '{"a":[1,true]}'),
        ("string(true())", "True"),
        ("bool('TRUE')", True),
        ("json('{\"a\": [1]}')", {"a": [1]}),
        ("json('null')", None),
        ("add(1, 2)", 3),
        ("div(-7, 2)", -3),
        ("mod(-7, 2)", -1),
        ("min(createArray(3, 1, 2))", 1),
        ("max(1, 5, 3)", 5),
        ("base64('one')", "b25l"),
        ("base64ToString('b25l')", "one"),
        ("uriComponent('a b/c')", "a%20b%2Fc"),
        ("indexOf('aBc', 'C')", 2),
        ("startsWith('abcdef', 'AB')", True),
        ("endsWith('abcdef', 'eF')", True),
        ("coalesce(null(), 'x', parameters('unset'))", "x"),
        ("coalesce(null(), null())", None),
        ("tryGet(variables('object').nested.list, 5)", None),
        ("items(createObject('b', 2, 'a', 1))", [{"key": "a", "value": 1}, {"key": "b", "value": 2}]),
        ("map(createArray(1, 2), lambda('n', mul(lambdaVariables('n'), 10)))", [10, 20]),
        ("filter(createArray(1, 2, 3), lambda('n', greater(lambdaVariables('n'), 1)))", [2, 3]),
        ("reduce(createArray(1, 2, 3), 0, lambda('a', 'n', add(lambdaVariables('a'), lambdaVariables('n'))))", 6),
        ("toObject(createArray('a', 'b'), lambda('n', lambdaVariables('n')), lambda('n', 1))", {"a": 1, "b": 1}),
        ("flatten(createArray(createArray(1), createArray(2, 3)))", [1, 2, 3]),
        ("parameters('GIVEN')", "G"),
        ("parameters('default')", "d-G"),
        ("parameters('optional')", None),
        ("variables('plain')", "[not evaluated]"),
        ("variables('object').Nested.list[1]", 20),
        ("variables('object')['nested']['list'][0]", 10),
        ("variables('squares')", [0, 1, 4]),
        ("'it''s'", "it's"),
        ("tenantResourceId('A.B/c/d', 'x', 'y')", "/providers/A.B/c/x/d/y"),
    ],
)
def test_functions_give_what_their_documentation_says(expression: str, value: Value) -> None:
    assert value_of(expression) == value


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("parameters('unset')", "{parameters('unset')}"),
        ("concat('kv-', parameters('unset'))", "kv-{parameters('unset')}"),
        ("format('{0}-{1}', parameters('unset'), 1)", "{parameters('unset')}-1"),
        ("resourceGroup().id", GROUP),
        ("subscription().subscriptionId", "{subscription().subscriptionId}"),
        ("resourceId('A.B/c', 'x')", f"{GROUP}/providers/A.B/c/x"),
        ("resourceId('other', 'A.B/c/d', 'x', 'y')", f"{GROUP.rsplit('/', 1)[0]}/other/providers/A.B/c/x/d/y"),
        ("resourceId('s', 'g', 'A.B/c', 'x')", ""),
        ("subscriptionResourceId('A.B/c', 'x')", f"{GROUP.split('/resourceGroups')[0]}/providers/A.B/c/x"),
        ("extensionResourceId(resourceGroup().id, 'A.B/c', 'x')", f"{GROUP}/providers/A.B/c/x"),
        ("uniqueString(resourceGroup().id)", "{uniqueString(" + GROUP + ")}"),
        ("guid('a', parameters('unset'))", "{guid('a', {parameters('unset')})}"),
    ],
)
def test_what_is_known_only_later_is_unknown_with_a_symbolic_text(expression: str, text: str) -> None:
    value = value_of(expression)
    if text:
        assert isinstance(value, Unknown)
        assert value.text == text
    else:
        assert value == "/subscriptions/s/resourceGroups/g/providers/A.B/c/x"


def test_a_reference_knows_the_resource_and_the_property_that_it_reads() -> None:
    whole = value_of("reference(resourceId('A.B/c', 'x'), '2020-01-01', 'Full').identity.principalId")
    assert isinstance(whole, Unknown)
    assert (whole.resource, whole.path) == (f"{GROUP}/providers/A.B/c/x", ("identity", "principalId"))
    part = value_of("reference(resourceId('A.B/c', 'x'), '2020-01-01').principalId")
    assert isinstance(part, Unknown)
    assert part.path == ("properties", "principalId")


@pytest.mark.parametrize(
    "expression",
    [
        "variables('circle')",
        "variables('absent')",
        "parameters('absent')",
        "nonsense('a')",
        "my.function('a')",
        "int('x')",
        "first(1)",
        "substring('abc', 2, 9)",
        "div(1, 0)",
        "toLower()",
        "toLower('a', 'b', 'c')",
        "listKeys(resourceId('A.B/c', 'x'), '2020-01-01').keys[0].value",
        "newGuid()",
        "variables('object').absent",
        "variables('object').nested.list[7]",
        "if('text', 1, 2)",
        "and(1, 2)",
        "copyIndex()",
        "json('{')",
        "equals(parameters('unset'), 'a')",
        "equals(newGuid(), newGuid())",
        "contains(createArray(parameters('unset')), 'a')",
        "createObject(parameters('unset'), 1)",
        "format('{0:C}', 1)",
        "concat('a', createArray(1))",
        "join(createArray(parameters('unset')), ',')",
    ],
)
def test_what_can_not_be_evaluated_is_unknown_with_a_reason(expression: str) -> None:
    value = value_of(expression)
    assert isinstance(value, Unknown)
    assert value.reason


def test_the_same_unknown_equals_itself() -> None:
    assert value_of("equals(resourceGroup().name, resourceGroup().name)") is True


def test_an_unknown_deep_in_an_object_stays_there() -> None:
    value = value_of("createObject('a', createArray(parameters('unset'), 1))")
    assert isinstance(value["a"][0], Unknown)
    assert value["a"][1] == 1


@pytest.mark.parametrize(
    "expression",
    [
        "replace(padLeft('', 9000, 'a'), 'a', padLeft('', 9000, 'b'))",
        "padLeft('', 1000000000, 'x')",
        "reduce(range(0, 9000), createArray(), lambda('a', 'n', createArray(lambdaVariables('a'))))",
        "reduce(range(0, 9000), createArray(1), lambda('a', 'n', concat(lambdaVariables('a'), lambdaVariables('a'))))",
        "reduce(range(0, 99), 'aa', lambda('a', 'n', concat(lambdaVariables('a'), lambdaVariables('a'))))",
    ],
)
def test_explosions_are_stopped(expression: str) -> None:
    with pytest.raises(LimitError):
        value_of(expression)


@pytest.mark.parametrize(
    "text", ["", "concat(", "concat('a'))", "a b", "'no end", "concat('a' 'b')", "parameters('a').", "{}", "(" * 300]
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse_expression(text, 1)


@given(st.text(alphabet="abz'(),.[]?{}0 9-", max_size=60))
def test_any_text_gives_a_tree_or_its_own_error(text: str) -> None:
    with contextlib.suppress(ExpressionError):
        parse_expression(text, 1)


ARGUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10) | st.text(max_size=5) | st.just(Unknown("not known", "{u}")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(FUNCTIONS)), st.lists(ARGUMENTS, max_size=4))
def test_no_function_raises_anything_but_a_limit(name: str, arguments: list[Value]) -> None:
    from resource_readers.template_language.functions import call_plain
    from resource_readers.template_language.unknowns import FunctionError

    before = repr(arguments)
    with contextlib.suppress(FunctionError, LimitError):
        call_plain(name, tuple(arguments))
    assert repr(arguments) == before


def test_brackets_are_expressions_only_around_the_whole_text() -> None:
    assert parse_text("[[literal]", 1) == Literal("[literal]", 1)
    assert parse_text("[1] and more", 1) == Literal("[1] and more", 1)
    assert expression_of(Literal(7, 1)) == Literal(7, 1)
