"""Files that were broken at random: refused as a mistake of the file, or read where the schema takes them, too."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rbac_matrix.organisation.loading import load_organisation
from rbac_matrix.organisation.schemas import schema_text
from tests.unit.rbac_matrix.organisation.organisation_files import GOOD, HEAD
from verdicts import ConfigurationError
from verdicts.documents import parse_yaml

SCHEMA = jsonschema_rs.validator_for(json.loads(schema_text("organisation")), validate_formats=True)
DOCUMENTS = [
    parse_yaml((text if text.startswith("schema:") else HEAD + text).encode()).content for text in GOOD.values()
]
TEXTS = [
    "",
    " ",
    "x",
    "R",
    "production",
    "data-scientist",
    "key-vault",
    "*",
    "a/b",
    "{persona}",
    "\x1b",
    "\u202e",
    "A B",
]
IDS = ["47eaa099-2cb6-416d-86dc-283cf0480ff9", "/subscriptions/1"]
NUMBERS = [0, 1, -1, 10**30, 1.5, True, False]
LISTS: list[Any] = [[], [[]], [{}], [""], ["R", "R"]]
MAPPINGS: list[Any] = [{}, {"": ""}, {"a": {"b": "c"}}, {"reason": "x"}, {"roles": ["R"], "reason": "y"}]
VALUES = st.sampled_from([*TEXTS, *IDS, *NUMBERS, *LISTS, *MAPPINGS]).map(copy.deepcopy)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def broken(data: st.DataObject) -> Any:
    """One of the good files, with a value, a key or a whole part exchanged, taken out or doubled."""
    document = copy.deepcopy(data.draw(st.sampled_from(DOCUMENTS)))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from([one for one in places(document) if one]))
        around = document
        for key in path[:-1]:
            around = around[key]
        change = data.draw(st.sampled_from(["replace", "remove", "add"]))
        if change == "replace":
            around[path[-1]] = data.draw(VALUES)
        elif change == "remove":
            del around[path[-1]]
        elif isinstance(around, list):
            around.append(copy.deepcopy(around[path[-1]]))
        else:
            around[data.draw(st.sampled_from(["x", "reason", "add", "roles", "name", "id"]))] = data.draw(VALUES)
        if not any(places(document)) or len(list(places(document))) < 2:
            break
    return document


@pytest.mark.slow
@settings(max_examples=600, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_broken_file_is_refused_with_its_place_or_is_one_that_the_schema_takes(
    tmp_path: Path, data: st.DataObject
) -> None:
    document = broken(data)
    file = tmp_path / "rbac.json"
    file.write_text(json.dumps(document))
    refused: ConfigurationError | None = None
    try:
        load_organisation(file, shown_as="rbac.json")
    except ConfigurationError as error:
        refused = error
    if refused is not None:
        assert refused.where.startswith("rbac.json")
    else:
        SCHEMA.validate(document)
