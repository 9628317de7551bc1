"""The present Bicep language as statements, and where everything stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_readers.bicep.parser import parse_bicep
from resource_readers.bicep.statements import (
    Deployable,
    Function,
    Ignored,
    Import,
    Misread,
    Output,
    Parameter,
    ParameterSource,
    TypeDeclaration,
    Variable,
)
from resource_readers.trees.nodes import Call, Entry, Lambda, Literal, Name, ObjectNode


def value_of(expression: str) -> object:
    (statement,) = parse_bicep(f"var v = {expression}")
    assert isinstance(statement, Variable), statement
    return statement.value


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("param a string", Parameter),
        ("param a string?", Parameter),
        ("param a 'x' | 'y'\n  | 'z'", Parameter),
        ("param a resource 'Microsoft.Storage/storageAccounts@2023-01-01'", Parameter),
        ("param a resourceInput<'Microsoft.Web/sites@2025-03-01'>.properties.x? = null", Parameter),
        ("param a types.shared.inner[*]", Parameter),
        ("param a tuple[0]", Parameter),
        ("param a outer.*", Parameter),
        ("param a -1 | 2 | true | !false | null", Parameter),
        ("param a ({ b: string, *: int } | string)[]?", Parameter),
        ("param a [\n  @description('x')\n  string\n  int?\n]", Parameter),
        ("@secure() param a string = newGuid()", Parameter),
        ("@sys.description('''\nit's } ] )\n''')\n@allowed([\n  'a' // one\n  'b'\n])\nparam a string", Parameter),
        (
            "type t = {\n  @description('it\\'s')\n  a: string?\n  b: { c: 'x' | 'y' }[]\n  'd-e': int\n}",
            TypeDeclaration,
        ),
        ("@discriminator('kind')\n@export()\ntype t = { kind: 'a' } | { kind: 'b' }", TypeDeclaration),
        ("type t =\n  | 'a'\n  | 'b'", TypeDeclaration),
        ("type t = (\n  'a' | 'b'\n)[]", TypeDeclaration),
        ("type t = resourceOutput<'A.B/c@1'>.id", TypeDeclaration),
        ("type t = { @validate(x => length(x) > 3, 'short')\n a: string }", TypeDeclaration),
        ("var a string[] = ['x']", Variable),
        ("var a resourceInput<'A.B/c@1'>.sku = { name: 'x' }", Variable),
        ("var a = {\n}", Variable),
        ("var a = b!.c!.?d[?0].e[^1]", Variable),
        ("var a = parent::child::grandchild.id", Variable),
        ("var a = [for (x, i) in xs: if (i > 0) { n: x }]", Variable),
        ("var a = [\n  for x in xs: {\n    n: x\n  }\n]", Variable),
        ("var a = map(xs, (\n  // the item\n  x,\n  i\n) => '${x}${i}')", Variable),
        ("var a = map(xs, x =>\n  x.y)", Variable),
        ("var a = f(\n  1,\n  2\n)", Variable),
        ("var a = { b: 1, c: 2\n  d: 3 }", Variable),
        ("var a = [1, 2,\n 3\n 4]", Variable),
        ("var a = b /* c */ ?? /* d\n */ e // f", Variable),
        ("var a = x\n  ? y\n  : z\n    ? 1\n    : 2", Variable),
        ("var a = x\n  && y\n  || z", Variable),
        ("var a = { '${b}-c': 1, ...d, if: 2, resource: 3, for: 4 }", Variable),
        ("output a string = 'x'", Output),
        ("output a { b: string }[] = [for x in xs: { b: x }]", Output),
        ("output a resourceOutput<'A.B/c@1'>.id = 'x'", Output),
        ("@description('x')\nfunc f(a string, b { c: int }?) string => '${a}'", Function),
        ("func f() object => {\n  a: 1\n}", Function),
        ("func f(\n  a string\n  b int\n) string[] =>\n  [a]", Function),
        ("import { a, b as c, 'd-e' as f } from 'x.bicep'", Import),
        ("import {\n  a\n  b as c\n} from 'br/public:avm/x:1'", Import),
        ("import * as a from '../x.bicep'", Import),
        ("import 'az@1.0.0' as a", Ignored),
        ("extension kubernetes with { namespace: 'x', kubeConfig: f('x') } as k8s", Ignored),
        ("extension 'br/public:microsoftGraph/v1.0:1.0.0'", Ignored),
        ("extension microsoftGraphV1", Ignored),
        ("provider 'kubernetes@1.0.0' with {\n namespace: 'x'\n} as k", Ignored),
        ("metadata a = { b: 'c' }", Ignored),
        ("assert a = 1 == 1", Ignored),
        ("test a 'x.bicep' = {\n  params: { b: 1 }\n}", Ignored),
        ("using 'x.bicep'", ParameterSource),
        ("using none", ParameterSource),
        ("using 'x.bicep' with { mode: 'stack' }", ParameterSource),
        ("extends '../x.bicepparam'", ParameterSource),
        ("resource a 'A.B/c@1' existing = if (x) { name: 'n' }", Deployable),
        ("resource a 'A.B/c@1' = [for (x, i) in xs: if (x.y) {\n  name: x\n}]", Deployable),
        ("resource a 'A.B/c@1' = [\n  for x in xs: {\n    name: x\n  }\n]", Deployable),
        ("resource a 'A.B/c@1' =\n  if (x) {\n  name: 'n'\n}", Deployable),
        ("@batchSize(1)\nmodule a 'x.bicep' = [for x in xs: {\n name: x\n params: { ...x }\n}]", Deployable),
        ("@onlyIfNotExists()\nresource a 'A.B/c@1' = { name: 'n' }", Deployable),
        ("#disable-next-line no-unused-params\nparam a string", Parameter),
        ("/* a comment\nover lines */ var a = 1 // and one more", Variable),
    ],
)
def test_every_statement_of_the_language_is_understood(line: str, kind: type) -> None:
    for text in (line, line.replace("\n", "\r\n"), "\ufeff" + line):
        first, last = parse_bicep(text + "\nvar last = 1\n")
        assert isinstance(first, kind), first
        assert last == Variable("last", Literal(1, last.line, 12), last.line, 1)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("'a'", "a"),
        ("''", ""),
        ("'\\u{1F600}'", "\U0001f600"),
        ("'\\u{D83D}\\u{DE00}'", "\U0001f600"),
        ("'it\\'s \\${x} $ $$ \\\\'", "it's ${x} $ $$ \\"),
        ("'''a'''", "a"),
        ("'''\na\n'''", "a\n"),
        ("'''\r\na'''", "a"),
        ("''''a''''", "'a'"),
        ("'''${x} \\n'''", "${x} \\n"),
        ("$'''a'''", "a"),
        ("$$'''\n${x}\n'''", "${x}\n"),
        ("nameof(x)", "x"),
        ("nameof(x.y.z)", "z"),
        ("nameof(x::y)", "y"),
    ],
)
def test_plain_texts_have_the_value_that_bicep_gives_them(written: str, value: str) -> None:
    made = value_of(written)
    assert isinstance(made, Literal)
    assert made.value == value


@pytest.mark.parametrize(
    ("written", "plain"),
    [("'a${x}b'", ["a", "b"]), ("$'''\na${x}b'''", ["a", "b"]), ("$$'''${y}$$$${x}'''", ["${y}$$", ""])],
)
def test_interpolated_texts_have_the_parts_that_bicep_gives_them(written: str, plain: list[str]) -> None:
    made = value_of(written)
    assert isinstance(made, Call)
    assert [part.value for part in made.arguments if isinstance(part, Literal)] == plain
    (inner,) = [part for part in made.arguments if isinstance(part, Call)]
    assert [part.name for part in inner.arguments if isinstance(part, Name)] == ["x"]


def test_a_parameter_is_nullable_also_by_the_name_of_its_type() -> None:
    text = (
        "type a = b\ntype b = string?\nparam p a\nparam q string // ?\nparam r a[]\ntype c = c\nparam s c\nparam t b?"
    )
    nullable = {one.name: one.nullable for one in parse_bicep(text) if isinstance(one, Parameter)}
    assert nullable == {"p": True, "q": False, "r": False, "s": False, "t": True}


def test_a_long_chain_of_alternatives_is_read() -> None:
    made = value_of("".join(f"x == {n} ? '{n}' : " for n in range(200)) + "'last'")
    assert isinstance(made, Call)


@pytest.mark.parametrize(
    "text",
    [
        "resource a = {}",
        "resource a 'x' {}",
        "resource a 'x' = {",
        "resource a 'x' = { name 'x' }",
        "resource a 'x' = [for x: {}]",
        "module a 'x' = if {}",
        "param",
        "param a string = ",
        "param a {",
        "param a string b",
        "var a = 'x",
        "var a = '${'",
        "var a = $'''${x'''",
        "var a = '\\q'",
        "var a = '\\u{D800}'",
        "var a = '\\u{110000}'",
        "var a = 1 2",
        "var a = f(1 2)",
        "var a = { b: 1, b: 2 }",
        "var a = (1, 2)",
        "var a = 1 +",
        "type a = |",
        "func f(a) => 1",
        "import a from 'x'",
        "extends x",
        "wrong x",
        "= 1",
    ],
)
def test_what_is_no_bicep_is_a_misread_statement(text: str) -> None:
    found = parse_bicep(text)
    assert [type(one) for one in found] == [Misread]


def nodes(tree: object) -> Iterator[object]:
    if isinstance(tree, tuple | list):
        for one in tree:
            yield from nodes(one)
    elif is_dataclass(tree):
        yield tree
        for field in fields(tree):
            yield from nodes(getattr(tree, field.name))


POSITIONS = """\ufeff// a file with everything
@description('x')
param size int = 3 /* over
lines */
var list = [for (one, at) in range(0, size): { name: one }]
  resource a 'A.B/c@1' = if (size > 1) {\r
    name: 'x${size}y'
\tproperties: { deep: [true, null, size!], 'quo-ted': map(list, m => m.name) }
    resource b 'd' = { name: 'z' }
  }
"""


def test_every_node_has_the_place_at_which_it_begins() -> None:
    lines = POSITIONS.replace("\r\n", "\n").split("\n")
    seen: set[str] = set()
    for node in nodes(parse_bicep(POSITIONS)):
        line, column = getattr(node, "line", None), getattr(node, "column", None)
        if line is None:
            continue
        assert column, node
        rest = lines[line - 1][column - 1 :]
        match node:
            case Literal(value=bool() | None):
                assert rest.startswith(("true", "null"))
            case Literal(value=int()):
                assert rest.startswith(str(node.value))
            case Literal():
                assert rest.lstrip("'").startswith(str(node.value))
            case Name():
                assert rest.startswith(node.name)
            case Entry(key=str()):
                assert rest.lstrip("'").startswith(node.key)
            case ObjectNode():
                assert rest.startswith("{")
            case Lambda():
                assert rest.startswith("m =>")
            case Deployable():
                assert rest.startswith("resource " + node.symbol)
            case Parameter():
                assert rest.startswith("param")
        seen.add(type(node).__name__)
    assert {"Literal", "Name", "Entry", "ObjectNode", "Lambda", "Deployable", "Parameter", "Loop", "Call"} <= seen


WORDS = st.sampled_from(
    [
        *(
            "resource",
            "module",
            "param",
            "var",
            "func",
            "type",
            "output",
            "import",
            "using",
            "a",
            "x",
            "for",
            "in",
            "if",
        ),
        *("existing", "'A.B/c@1'", "=", "{", "}", "[", "]", "(", ")", "<", ">", ":", ",", ".", "?", "!", "|", "1", "-"),
        *("??", "&&", "==", "=>", "...", "::", "''", "'''", "$'''", "${", "\\", "@", "#", "//", "/*", "*/", ";", "^"),
        *("\n", "\r", "\t", "\u00a0", "\ufeff", "\ud7ff"),
    ]
)


@given(st.lists(WORDS, max_size=60).map(" ".join))
def test_any_text_becomes_statements_that_cover_it_and_nothing_raises(text: str) -> None:
    found = parse_bicep(text)
    assert found == parse_bicep(text)
    assert all(1 <= one.line <= len(text) + 1 for one in found)
