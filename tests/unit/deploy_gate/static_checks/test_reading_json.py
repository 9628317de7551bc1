"""Readings as plain JSON: they come back equal, or aren't written at all."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_gate.static_checks import reading_json as plain
from resource_readers.interface import NotRead, ReadResult, Resource, Unknown
from resource_readers.rendering import plain_resource
from resource_readers.template_language.unknowns import ResourceHandle
from resource_readers.trees.nodes import Position
from verdicts import InputDigest, Location

texts = st.text(st.characters(codec=None), max_size=8)
unknowns = st.builds(Unknown, texts, texts, texts, st.lists(texts, max_size=3).map(tuple))
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), texts, unknowns)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(texts.filter(lambda text: not text.startswith("\0")), inner, max_size=4),
    ),
    max_leaves=20,
)


class Places:
    def position(self, path: tuple[str | int, ...]) -> Position:
        return Position(len(path) + 1)


def resource(**more: Any) -> Resource:
    given: dict[str, Any] = {
        "type": "A.B/c",
        "api_version": "1",
        "name": "n",
        "id": "/x/n",
        "scope": "/x",
        "properties": {},
        "location": Location("a.json", 3, 1),
        "source": Places(),
    }
    return Resource(**(given | more))


def back(one: Resource) -> Resource:
    places = Places()
    (again,) = plain.resources_of(plain.body_of(ReadResult(kind="arm", resources=(one,))), lambda _: places)
    return again


@given(properties=values, fields=st.dictionaries(st.sampled_from(["sku", "tags", "$unknown"]), values), name=values)
def test_every_value_comes_back_equal(properties: Any, fields: Any, name: Any) -> None:
    one = resource(properties=properties, fields=fields, name=name, condition=Unknown("why", "{x}"), repeated=True)
    again = back(one)
    assert again.properties == one.properties
    assert (again.name, again.fields, again.condition, again.repeated) == (one.name, one.fields, one.condition, True)
    assert plain_resource(again, str) == plain_resource(one, str)


@pytest.mark.parametrize("value", [True, 1, 1.0, -0.0, 10**30, 1e300, math.inf, "1", None])
def test_kinds_of_numbers_stay_what_they_are(value: Any) -> None:
    again = back(resource(properties={"a": value})).properties["a"]
    assert (type(again), repr(again)) == (type(value), repr(value))


def test_a_resource_without_places_has_none_afterwards() -> None:
    assert back(resource(source=None)).source is None
    assert back(resource(existing=True)).place("x") == Position(2)


@pytest.mark.parametrize(
    "value",
    [
        ResourceHandle("A.B/c", "1", "n", "/x", "/x/n"),
        ("a", "tuple"),
        {1: "a number as key"},
        {"\0unknown": ["looks", "like", "one", []]},
        object(),
    ],
)
def test_what_would_not_come_back_the_same_is_not_written(value: Any) -> None:
    with pytest.raises(plain.NotPlainError):
        plain.body_of(ReadResult(kind="arm", resources=(resource(properties={"deep": [value]}),)))


def test_what_is_too_deep_is_not_written() -> None:
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(plain.NotPlainError):
        plain.plain_value(deep)


def test_the_rest_of_a_result_comes_back() -> None:
    missing = (NotRead("a", 3, "why", False), NotRead("b", None, "so"))
    files = (InputDigest("a", "sha256:1"),)
    assert plain.not_read_from_json(plain.not_read_to_json(missing)) == missing
    assert plain.files_from_json(plain.files_to_json(files)) == files
    places: dict[int, dict[tuple[str | int, ...], Position]] = {
        0: {("properties", 1): Position(3, 4)},
        2: {(): Position(1)},
    }
    assert plain.places_from_json(plain.places_to_json({**places})) == places
