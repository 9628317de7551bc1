"""YAML as a tree: values as YAML 1.2 has them, exact places, and bounds."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_readers.trees.nodes import Literal, NodeSource
from resource_readers.trees.plain import TooManyValuesError, plain
from resource_readers.trees.yaml_tree import MAXIMUM_DEPTH, YamlError, parse, parse_all

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{key}: &{key} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, key in zip(string.ascii_lowercase, string.ascii_lowercase[1:12], strict=False)
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("True", True),
        ("~", None),
        ("", None),
        ("'1'", "1"),
        ("!!str 1", "1"),
        ("0x1F", 31),
        ("017", 17),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("1.50", 1.5),
        ("-.5e3", -500.0),
        ("2024-01-01", "2024-01-01"),
        ("1e999999", "1e999999"),
        ("azureml:model@latest", "azureml:model@latest"),
        ("[a, {b: 1}]", ["a", {"b": 1}]),
        ("{1: a, true: b}", {"1": "a", "true": "b"}),
        ("x: &a {b: 1}\ny: {<<: *a, c: 2}", {"x": {"b": 1}, "y": {"c": 2, "b": 1}}),
        ("x: &a {b: 1}\ny: {b: 3, <<: [*a]}", {"x": {"b": 1}, "y": {"b": 3}}),
        ("|\n a\n b\n", "a\nb\n"),
    ],
)
def test_scalars_lists_and_mappings(text: str, value: Any) -> None:
    assert plain(parse(text)) == value


def test_every_value_knows_its_place() -> None:
    source = NodeSource(parse("a:\n  b: [1, 2]\n  c:\n    - d: 1\n"))
    assert source.position(("a",)) == (1, 1)
    assert source.position(("a", "b")) == (2, 3)
    assert source.position(("a", "b", 1)) == (2, 10)
    assert source.position(("a", "c", 0, "d")) == (4, 7)


def test_documents_are_told_apart() -> None:
    assert [plain(one) for one in parse_all("a: 1\n---\nb: 2\n---\n")] == [{"a": 1}, {"b": 2}]
    with pytest.raises(YamlError, match="more than one document") as caught:
        parse("a: 1\n---\nb: 2\n")
    assert caught.value.line == 3


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("a: 1\na: 2", "stands twice", 2),
        ("a: [", "not YAML", 2),
        ("a: *b", "stands for nothing", 1),
        ("a: &a [*a]", "stands for nothing", 1),
        ("? [a]\n: b", "no text", 1),
        ("a: {<<: 1}", "mappings only", 1),
        ("[" * (MAXIMUM_DEPTH + 1) + "]" * (MAXIMUM_DEPTH + 1), "nested deeper", 1),
        ("a: b\n\tc: d", "not YAML", 2),
        ("a: \x01", "not YAML", 1),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_line(text: str, message: str, line: int) -> None:
    with pytest.raises(YamlError, match=message) as caught:
        parse(text)
    assert caught.value.line == line


def test_an_alias_bomb_costs_nothing_as_a_tree_and_is_stopped_as_values() -> None:
    tree = parse(BOMB)
    with pytest.raises(TooManyValuesError, match="alias bomb"):
        plain(tree)


def test_merge_keys_do_not_multiply_without_end() -> None:
    many = ", ".join(f"k{number}: 1" for number in range(3_000))
    text = f"a: &a {{{many}}}\nb:\n" + "  - <<: *a\n" * 300
    with pytest.raises(YamlError, match="values"):
        parse(text)


def test_an_unknown_tag_is_unreadable_and_nothing_else_is() -> None:
    values = plain(parse("a: !vault xyz\nb: 1\nc: !x {d: 1}"), lambda node: getattr(node, "value", "?"))
    assert values == {"a": "?", "b": 1, "c": "?"}
    with pytest.raises(TypeError, match="tag"):
        plain(parse("a: !vault xyz"))


@given(st.text(max_size=200))
def test_no_text_raises_anything_else(text: str) -> None:
    try:
        documents = parse_all(text)
    except YamlError:
        return
    for one in documents:
        plain(one, lambda node: node.value if isinstance(node, Literal) else None)


def test_a_chain_of_aliases_is_not_followed_without_end() -> None:
    text = "a0: &a0 x\n" + "".join(f"a{at}: &a{at} [*a{at - 1}]\n" for at in range(1, 2_000))
    with pytest.raises(TooManyValuesError, match="deeper"):
        plain(parse(text))
