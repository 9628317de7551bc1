"""JSON as the Azure tools take it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_readers.trees import lenient_json
from resource_readers.trees.lenient_json import MAXIMUM_DEPTH, LenientJsonError, decode, parse
from resource_readers.trees.nodes import NodeSource, ObjectNode
from resource_readers.trees.plain import plain

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_strict_json_is_read_as_python_reads_it(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert plain(parse(text)) == json.loads(text)


@given(st.text(max_size=200))
def test_any_text_gives_a_value_or_its_own_error(text: str) -> None:
    caught = None
    try:
        parse(text)
    except LenientJsonError as error:
        caught = error
    # A carriage return alone ends a line, too.
    assert caught is None or 1 <= caught.line <= text.count("\n") + text.count("\r") + 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1,}', {"a": 1}),
        ("[1, 2, ]", [1, 2]),
        ('// first\n{"a": /* here */ 1}', {"a": 1}),
        ('{"a": "one\n\ttwo"}', {"a": "one\n\ttwo"}),
        ('\t{\r\n\t"a":\t1\r\n}', {"a": 1}),
        ("{'a': 'it\\'s'}", {"a": "it's"}),
        ('"\\ud83d\\ude00"', "😀"),
        ('{"a": "// no comment", "b": "/* none */"}', {"a": "// no comment", "b": "/* none */"}),
    ],
)
def test_what_the_tools_accept_is_accepted(text: str, value: object) -> None:
    assert plain(parse(text)) == value


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('{"a": 1\n"b": 2}', 2, "comma"),
        ('{"a": 1,\n "a": 2}', 2, "twice"),
        ('{"a": "no end', 1, "doesn't end"),
        ("[1]\n[2]", 2, "after the end"),
        ("", 1, "missing"),
        ('{"a"\n\n 1}', 3, "colon"),
        ("/* no end", 1, "starts no value"),
        ("{a: 1}", 1, "quotes"),
        ("[" * 5_000, 1, "nested"),
        ("9" * 500, 1, "digits"),
        ('"\\x"', 1, "escape"),
        # Members whose value is a text are read in one step, and refused as all others.
        ('{"a": "b"\n"c": 2}', 2, "comma"),
        ('{"a": "b"]', 1, "comma"),
        ('{"a": "b",\n "a": "c"}', 2, "twice"),
        ('{"a": "b",\n "c": "no end}', 2, "doesn't end"),
        ('{"a": 1,\n "c": "\\x"}', 2, "escape"),
        ('{"a": "b", /* no end', 1, "quotes"),
        ('{"a": "b"} c', 1, "after the end"),
    ],
)
def test_everything_else_is_refused_with_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(LenientJsonError, match=message) as caught:
        parse(text)
    assert caught.value.line == line


def test_the_deepest_allowed_nesting_is_read() -> None:
    depth = MAXIMUM_DEPTH
    assert plain(parse("[" * depth + "]" * depth)) is not None


def test_every_value_knows_its_place() -> None:
    source = NodeSource(parse('{\n "a": [\n  1,\n  {"b":\n 2}]\n}'))
    assert source.position(("a",)) == (2, 2)
    assert source.position(("a", 1)) == (4, 3)
    assert source.position(("a", 1, "b")) == (4, 4)
    assert source.position(("A", 0)) == (3, 3)
    assert source.position(("absent",)) == (1, 1)


def test_texts_and_other_values_know_their_places_alike() -> None:
    text = '{"a" :\n "t" // a comment\n , "b": 1,\n\n  "c": "\\"}",}'
    source, other = NodeSource(parse(text)), NodeSource(parse(text.replace('"t"', "1  ")))
    assert plain(parse(text)) == {"a": "t", "b": 1, "c": '"}'}
    for name, place in (("a", (1, 2)), ("b", (3, 4)), ("c", (5, 3))):
        assert source.position((name,)) == other.position((name,)) == place
    assert isinstance(source.node, ObjectNode)
    assert [(one.value.line, one.value.column) for one in source.node.entries] == [(2, 2), (3, 9), (5, 8)]


def test_the_limits_hold_for_members_that_are_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    deepest = "[" * (MAXIMUM_DEPTH - 1)
    closing = "]" * (MAXIMUM_DEPTH - 1)
    assert parse(f'{deepest}{{"a": "b"}}{closing}')
    with pytest.raises(LenientJsonError, match="nested"):
        parse(f'[{deepest}{{"a": "b"}}{closing}]')
    monkeypatch.setattr(lenient_json, "MAXIMUM_NODES", 3)
    assert plain(parse('{"a": "b", "c": "d"}')) == {"a": "b", "c": "d"}
    with pytest.raises(LenientJsonError, match="more than 3 values"):
        parse('{"a": "b", "c": "d", "e": "f"}')


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_byte_order_marks_are_understood(encoding: str) -> None:
    assert plain(parse(decode('{"ä": 1}'.encode(encoding)))) == {"ä": 1}


def test_bytes_that_are_no_text_are_refused_with_the_line() -> None:
    with pytest.raises(LenientJsonError, match="not UTF-8") as caught:
        decode(b'{\n"a": "\xff"}')
    assert caught.value.line == 2
