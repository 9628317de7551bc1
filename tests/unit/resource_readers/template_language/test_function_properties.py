"""What holds for every template function, whatever it is called with."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resource_readers.arm.expressions import parse_expression
from resource_readers.arm.scopes import TemplateScope
from resource_readers.interface import Unknown, Value
from resource_readers.reading import Reading
from resource_readers.template_language.evaluation import Closure, Frame, evaluate
from resource_readers.template_language.functions import FUNCTIONS, RUNTIME, call_plain
from resource_readers.template_language.resource_ids import DeploymentScope, Level
from resource_readers.template_language.unknowns import FunctionError, LimitError
from resource_readers.trees.lenient_json import parse
from resource_readers.trees.nodes import Call, Literal, Node, ObjectNode

NOT_KNOWN = Unknown("not known", "{u}")
REFUSED = object()

TEXTS = [
    *("", "a", "A", "abc", "b-c", ",", "0", "true", "12", "{0}", "{0,5}-{1:N2}", "{{x}}", "*b*", "yyyy", "fromEnd"),
    *("10.0.0.0/24", "fdad::/48", "P1D", "-PT1.5S", "2020-01-31T00:00:00Z", "20200131T000000Z", "data:;base64,YQ=="),
    *('{"a": [1]}', "[1]", "https://a.org:80/b?c", "YQ==", "%20", "ß", "\ud800", "value"),
]
LAMBDAS = [
    "lambda('x', lambdaVariables('x'))",
    "lambda('x', 'i', equals(lambdaVariables('x'), 'a'))",
    "lambda('x', 'y', less(lambdaVariables('x'), lambdaVariables('y')))",
    "lambda('x', 'y', concat(lambdaVariables('x'), lambdaVariables('y')))",
    "lambda('x', createObject('k', lambdaVariables('x')))",
    "lambda('x', string(lambdaVariables('x')))",
]
SCALARS = st.sampled_from(TEXTS) | st.integers(-3, 30) | st.booleans() | st.none() | st.sampled_from([1.5, 2.0, 2**63])
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["a", "A", "b", "value", "port"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def closure(text: str) -> Closure:
    scope = TemplateScope(Reading("t.json"), ObjectNode((), 1), DeploymentScope(Level.RESOURCE_GROUP), {})
    value = evaluate(parse_expression(text, 1), Frame(scope))
    assert isinstance(value, Closure)
    return value


ARGUMENTS = st.lists(VALUES | st.sampled_from(LAMBDAS).map(closure), max_size=4)


def plain_copy(value: Any) -> Any:
    return value if isinstance(value, Closure) else copy.deepcopy(value)


def called(name: str, arguments: list[Value]) -> Value:
    try:
        return call_plain(name, tuple(arguments))
    except (FunctionError, LimitError):
        return REFUSED


def places(value: Value, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something could be unknown: every value in it."""
    found = [path] if path else []
    if isinstance(value, list):
        found += [inner for at, item in enumerate(value) for inner in places(item, (*path, at))]
    elif isinstance(value, dict):
        found += [inner for key, item in value.items() for inner in places(item, (*path, key))]
    return found


def with_unknown(arguments: list[Value], path: tuple[Any, ...]) -> list[Value]:
    changed: Any = [plain_copy(one) for one in arguments]
    inside = changed
    for part in path[:-1]:
        inside = inside[part]
    inside[path[-1]] = NOT_KNOWN
    return list(changed)


def fits(general: Value, special: Value) -> bool:
    """Whether a value is one of those that a value with unknown parts stands for."""
    if isinstance(general, Unknown):
        head, _, rest = general.text.partition("{")
        tail = rest.rpartition("}")[2]
        if not (head or tail) or isinstance(special, Unknown):
            return True
        return isinstance(special, str) and special.startswith(head) and special.endswith(tail)
    if type(general) is not type(special):
        return False
    if isinstance(general, list):
        return len(general) == len(special) and all(fits(a, b) for a, b in zip(general, special, strict=True))
    if isinstance(general, dict):
        return general.keys() == special.keys() and all(fits(general[key], special[key]) for key in general)
    return repr(general) == repr(special)


@settings(max_examples=1_500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(FUNCTIONS)), ARGUMENTS, st.data())
def test_what_is_known_with_an_unknown_argument_holds_for_every_value(
    name: str, arguments: list[Value], data: st.DataObject
) -> None:
    special = called(name, arguments)
    if special is REFUSED or not arguments:
        return
    path = data.draw(st.sampled_from(places(arguments)))
    general = called(name, with_unknown(arguments, path))
    assert general is not REFUSED, "it would fail for any value, but it doesn't for this one"
    assert fits(general, special), (general, special)


FOLDER = Path(__file__).resolve().parents[3] / "golden" / "template_functions"
CASES = [
    case
    for path in sorted(FOLDER.glob("*.jsonl"))
    for case in map(json.loads, path.read_text(encoding="utf-8").rstrip("\n").split("\n"))
    if "expression" in case and "expect" in case
]


def with_unset(tree: Any) -> list[Any]:
    """The tree with each of its literals replaced by a parameter that has no value, one at a time."""
    if isinstance(tree, Literal):
        return [Call("parameters", (Literal("not set", 1),), 1)]
    if isinstance(tree, tuple):
        return [(*tree[:at], changed, *tree[at + 1 :]) for at, item in enumerate(tree) for changed in with_unset(item)]
    if not isinstance(tree, Node):
        return []
    return [
        replace(tree, **{field.name: changed})
        for field in fields(tree)
        for changed in with_unset(getattr(tree, field.name))
    ]


def test_what_the_golden_cases_say_fits_what_is_said_without_one_of_their_values() -> None:
    looked_at = 0
    for case in CASES:
        given = case.get("parameters", {})
        declared = {name: {"type": "object"} for name in (*given, *case.get("unset", ()), "not set")}
        template = parse(json.dumps({"parameters": declared, "variables": case.get("variables", {})}))
        assert isinstance(template, ObjectNode)
        level = DeploymentScope(Level(case.get("level", "resourceGroup")))
        supplied = {name.casefold(): value for name, value in given.items()}
        for changed in with_unset(parse_expression(case["expression"][1:-1], 1)):
            frame = Frame(TemplateScope(Reading("t.json"), template, level, supplied))
            general = evaluate(changed, frame)
            assert fits(general, case["expect"]), (case["expression"], changed, general)
            looked_at += 1
    assert looked_at > 1_500


@settings(max_examples=800, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted({*FUNCTIONS, *RUNTIME})), ARGUMENTS)
def test_no_function_raises_anything_else_or_changes_its_arguments_or_gives_two_answers(
    name: str, arguments: list[Value]
) -> None:
    before = [plain_copy(one) for one in arguments]
    first = called(name, arguments)
    assert repr(arguments) == repr(before)
    assert repr(called(name.upper(), arguments)) == repr(first) or isinstance(first, Unknown)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_too_many_arguments_are_refused_by_functions_that_take_a_fixed_number(name: str) -> None:
    anything = {"concat", "createarray", "createobject", "format", "guid", "uniquestring", "min", "max"}
    any_number = anything | {"union", "intersection", "tryget", "tryindexfromend"}
    assert (called(name, ["a"] * 7) is REFUSED) or name in any_number


@pytest.mark.parametrize("name", sorted({*FUNCTIONS} - {"createarray", "createobject", "true", "false", "null"}))
def test_no_arguments_at_all_are_refused(name: str) -> None:
    assert called(name, []) is REFUSED


@pytest.mark.parametrize(
    ("name", "arguments", "limited"),
    [
        ("padleft", ["", 10**9, "x"], LimitError),
        ("format", ["{0,9000000}", 1], LimitError),
        ("format", ["{0:D999}", 1], None),
        ("format", ["{0:D9999999999}", 1], None),
        ("format", ["{0:N999}", 1.5], None),
        ("format", ["{" * 100_000, 1], None),
        ("replace", ["a" * 900_000, "a", "bb"], LimitError),
        ("like", ["a" * 5_000, "*a" * 2_000 + "b"], None),
        ("split", ["a" * 100_000, ["a" * n for n in range(1, 50)]], None),
        ("int", ["9" * 100_000], FunctionError),
        ("float", ["9" * 100_000], FunctionError),
        ("json", ["[" * 100_000], FunctionError),
        ("datetimeadd", ["2020-01-01", "P999999999Y"], FunctionError),
        ("datetimeadd", ["2020-01-01", "PT" + "9" * 1_000 + "H"], FunctionError),
        ("datetimefromepoch", [10**300], FunctionError),
        ("cidrsubnet", ["::/0", 128, 10**40], FunctionError),
        ("range", [0, 10**12], FunctionError),
        ("union", [[NOT_KNOWN, *range(1_500)], [*range(1_500)]], LimitError),
    ],
)
def test_what_would_take_too_long_is_stopped(name: str, arguments: list[Any], limited: type[Exception] | None) -> None:
    if limited is None:
        called(name, arguments)
        return
    with pytest.raises(limited):
        call_plain(name, tuple(arguments))


def test_a_function_that_is_no_function_says_so() -> None:
    value = call_plain("frobnicate", (1,))
    assert isinstance(value, Unknown)
    assert re.search("no function frobnicate", value.reason)
    assert value.text == "{frobnicate(1)}"


@pytest.mark.parametrize("name", ["newGuid", "utcNow"])
def test_what_changes_with_each_call_never_equals_itself(name: str) -> None:
    value = call_plain(name, ())
    assert value.text == ""
    assert isinstance(call_plain("equals", (value, call_plain(name, ()))), Unknown)


@pytest.mark.parametrize("name", sorted(RUNTIME))
def test_every_function_that_needs_azure_gives_its_reason(name: str) -> None:
    value = call_plain(name, ("a",))
    assert isinstance(value, Unknown)
    assert value.reason == RUNTIME[name]
