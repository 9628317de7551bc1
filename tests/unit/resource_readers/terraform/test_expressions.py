"""Expressions against what `terraform console` (1.11.4) made of them: tests/golden/terraform/expressions.jsonl."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.evaluation import Budget
from resource_readers.template_language.unknowns import LimitError
from resource_readers.terraform.evaluation import Frame, evaluate
from resource_readers.terraform.expressions import ExpressionParser
from resource_readers.terraform.functions.encodings import json_text
from resource_readers.terraform.functions.loaded import call
from resource_readers.terraform.functions.table import FUNCTIONS, Context
from resource_readers.terraform.scanning import SyntaxProblem
from resource_readers.terraform.values import EvaluationProblem

GOLDEN = Path(__file__).parents[3] / "golden" / "terraform" / "expressions.jsonl"
CASES = [json.loads(line) for line in GOLDEN.read_text().splitlines()]


class NoFiles:
    def data(self, path: str) -> bytes | Unknown:
        return Unknown(path)

    def exists(self, path: str) -> bool | Unknown:
        return Unknown(path)

    def below(self, path: str) -> list[str] | Unknown:
        return Unknown(path)


class Names:
    """A scope in which `u` isn't known, `n` is 3 and `o` an object with an unknown in it."""

    def __init__(self) -> None:
        self.run = self
        self.depth = 0
        self.budget = Budget(200_000)
        self._context = Context(self.budget, NoFiles(), lambda text, _: text)

    def symbol(self, name: str) -> Value:
        values = {"u": Unknown("not given", "{u}"), "n": 3, "o": {"a": 1, "b": Unknown("not given", "{o.b}")}}
        if name not in values:
            raise EvaluationProblem(f"no {name}")
        return values[name]

    def call(self, name: str, arguments: list[Value]) -> Value:
        return call(name, arguments, self._context)


def value_of(text: str) -> Value:
    parser = ExpressionParser(text)
    node = parser.expression()
    parser.peek()
    assert parser.at == len(text), text[parser.at :]
    return evaluate(node, Frame(Names(), {}))


@pytest.mark.parametrize("case", CASES, ids=[case["expression"][:60] for case in CASES])
def test_an_expression_has_the_value_that_terraform_gives_it(case: dict[str, str | None]) -> None:
    if case["json"] is None:
        with pytest.raises((EvaluationProblem, SyntaxProblem)):
            value_of(str(case["expression"]))
    else:
        assert json_text(value_of(str(case["expression"])), Budget()) == case["json"]


def test_every_function_of_terraform_is_there() -> None:
    names = {case["expression"].split("(")[0] for case in CASES}
    by_files = {"file", "fileexists", "fileset", "filebase64", "templatefile", "filemd5", "filesha1", "filesha256"}
    by_files |= {"filesha512", "filebase64sha256", "filebase64sha512"}
    unknown_by_nature = {"timestamp", "plantimestamp", "uuid", "bcrypt", "rsadecrypt", "base64gzip", "issensitive"}
    others = {"templatestring", "list", "map", "urldecode", "sensitive", "nonsensitive"}
    assert set(FUNCTIONS) - by_files - unknown_by_nature - others <= names
    assert len(FUNCTIONS) >= 116


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ('"kv-${u}-1"', "kv-{u}-1"),
        ("u.name", "{u.name}"),
        ('u["a"].b', '{u["a"].b}'),
        ("upper(u)", "{upper({u})}"),
        ('format("%s-%03d", u, 7)', "{u}-007"),
        ('join("-", ["a", u])', "a-{u}"),
        ("u ? 1 : 2", "{{u} ? 1 : 2}"),
        ("u + 1", "{{u} + 1}"),
        ("!u", "{!{u}}"),
        ("u == 1", "{{u} == 1}"),
        ("try(u.x, 1)", "{u.x}"),
        ("timestamp()", "{timestamp()}"),
        ("o.b", "{o.b}"),
        ("merge(u, {})", ""),
        ("jsonencode(o)", ""),
        ("uuid()", ""),
        ("[for x in u : x]", ""),
        ("length(u)", "{length({u})}"),
        ("u[*].id", "{{u}[*]}"),
    ],
)
def test_what_is_known_of_an_unknown_shows_in_its_text(expression: str, text: str) -> None:
    value = value_of(expression)
    assert isinstance(value, Unknown)
    assert value.text == text


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("u && false", False),
        ("true || u", True),
        ("u ? 1 : 1", 1),
        ("o.a", 1),
        ("length([u, u])", 2),
        ("{a = u, b = 2}.b", 2),
        ("[u, 2][1]", 2),
        ('lookup(o, "a", 5)', 1),
        ("contains([u, 1], 1)", True),
        ("keys(o)", ["a", "b"]),
        ('coalesce("x", u)', "x"),
        ("can(o.c)", False),
        ("[for k, v in o : k]", ["a", "b"]),
    ],
)
def test_an_unknown_that_doesnt_matter_hides_nothing(expression: str, value: object) -> None:
    assert value_of(expression) == value


def test_different_unknowns_never_have_the_same_text() -> None:
    first, second = value_of("jsonencode({a = u})"), value_of("jsonencode({a = o.b})")
    assert isinstance(first, Unknown)
    assert isinstance(second, Unknown)
    assert not first.text or first.text != second.text


@pytest.mark.parametrize(
    "expression",
    [
        "[for a in range(1000) : [for b in range(1000) : [for c in range(1000) : a]]]",
        "setproduct(range(1000), range(1000), range(1000))",
        'replace(join("", [for x in range(1000) : "aaaaaaaaaa"]), "a", join("", [for x in range(999) : "bbbb"]))',
        'indent(100000, join("", [for x in range(1000) : "\\n"]))',
        'join(join("", [for x in range(1000) : "bbbbbbbbbb"]), range(1000))',
        '[for x in range(1000) : format("%9999s", "x")][*]'
        + "[*]" * 5
        + ' == join("", [for x in range(1000) : format("%9999s", "x")])',
    ],
)
def test_what_would_take_too_much_is_stopped(expression: str) -> None:
    with pytest.raises(LimitError):
        value_of(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 200 + "1" + ")" * 200,
        "[" * 200 + "]" * 200,
        "-" * 200 + "1",
        "1" + " + 1" * 1000,
        "a" + ".b" * 1000,
        '"${' * 100 + "1" + '}"' * 100,
        "f(" * 100 + ")" * 100,
        "9" * 1000,
        "1e999999999",
    ],
)
def test_what_is_nested_too_deeply_or_too_large_is_refused(expression: str) -> None:
    with pytest.raises(SyntaxProblem):
        value_of(expression)


def test_a_regular_expression_that_would_hang_others_is_answered_at_once() -> None:
    value = value_of('can(regex("^(a+)+$", "' + "a" * 5_000 + 'b"))')
    assert value is False


def test_numbers_keep_their_digits() -> None:
    assert value_of("9007199254740993 + 0") == 9007199254740993
    assert value_of("0.1 + 0.2") == Decimal("0.3")


_NAMES = sorted(set(FUNCTIONS) - {"uuid"})
_LEAVES = st.sampled_from(
    [
        "1",
        "-2.5",
        '"a"',
        '""',
        '"10.0.0.0/16"',
        "true",
        "null",
        "u",
        "n",
        "o",
        "o.b",
        "[]",
        "{}",
        '"${u}x"',
        "0",
        '"x,y"',
    ]
)


def _compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(inner, max_size=3)
    return st.one_of(
        st.builds(lambda name, items: f"{name}({', '.join(items)})", st.sampled_from(_NAMES), several),
        st.builds(lambda items: f"[{', '.join(items)}]", several),
        st.builds(lambda one, other: f"{{a = {one}, b = {other}}}", inner, inner),
        st.builds(lambda a, b, c: f"({a} ? {b} : {c})", inner, inner, inner),
        st.builds(
            lambda a, op, b: f"({a} {op} {b})",
            inner,
            st.sampled_from(["+", "-", "*", "/", "%", "==", "<", "&&", "||"]),
            inner,
        ),
        st.builds(lambda a, b: f"[for k, v in {a} : {b}]", inner, inner),
        st.builds(lambda a: f"{a}[*]", inner),
        st.builds(lambda a, b: f"{a}[{b}]", inner, inner),
        st.builds(lambda a: f'"t-${{{a}}}"', inner),
    )


EXPRESSIONS = st.recursive(_LEAVES, _compound, max_leaves=12)


@settings(max_examples=400, deadline=None)
@given(EXPRESSIONS)
def test_evaluation_raises_only_its_own_errors_and_gives_the_same_twice(expression: str) -> None:
    results = []
    for _ in range(2):
        try:
            results.append(repr(value_of(expression)))
        except (EvaluationProblem, LimitError, SyntaxProblem) as error:
            results.append(f"{type(error).__name__}: {error}")
    assert results[0] == results[1]


@settings(max_examples=200, deadline=None)
@given(EXPRESSIONS)
def test_an_unknown_gives_an_unknown_or_what_every_value_gives(expression: str) -> None:
    """What is known although `u` isn't must hold for each value of `u`."""
    try:
        general = value_of(expression)
    except (EvaluationProblem, LimitError):
        return
    for concrete in ("7", '"text"', "true"):
        try:
            special = value_of(f"[for u in [{concrete}] : {expression}][0]")
        except (EvaluationProblem, LimitError, SyntaxProblem):
            continue
        assert _may_be(general, special), (general, special)


def _may_be(general: Value, special: Value) -> bool:
    if isinstance(general, Unknown) or isinstance(special, Unknown):
        return True
    if isinstance(general, list) and isinstance(special, list):
        return len(general) == len(special) and all(map(_may_be, general, special))
    if isinstance(general, dict) and isinstance(special, dict):
        return general.keys() == special.keys() and all(_may_be(general[key], special[key]) for key in general)
    return bool(general == special)
