"""The JSON schemas hold our own data and the files of organisations, and agree with the loader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from rbac_matrix.matrix import DATA, MATRIX_NAMES
from rbac_matrix.organisation.schemas import NAMES, schema_text
from tests.unit.rbac_matrix.organisation.organisation_files import BAD, GOOD, HEAD, Bad, load
from verdicts import ConfigurationError
from verdicts.documents import load_document, parse_yaml

VALIDATORS = {name: jsonschema_rs.validator_for(json.loads(schema_text(name)), validate_formats=True) for name in NAMES}


def content(text: str) -> Any:
    return parse_yaml((text if text.startswith("schema:") else HEAD + text).encode()).content


@pytest.mark.parametrize("name", NAMES)
def test_each_schema_is_one_of_draft_2020_12_and_refuses_other_things(name: str) -> None:
    schema = json.loads(schema_text(name))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema_rs.meta.validate(schema)
    others: tuple[Any, ...] = ({}, [], None, {"schema": schema["properties"]["schema"]["const"], "extra": 1})
    for other in others:
        assert not VALIDATORS[name].is_valid(other)


@pytest.mark.parametrize(
    ("file", "name"), [*((one, "matrix") for one in MATRIX_NAMES), ("personas", "personas"), ("roles", "roles")]
)
def test_our_own_data_is_valid(file: str, name: str) -> None:
    VALIDATORS[name].validate(load_document(DATA / f"{file}.yml").content)


def test_the_example_projects_principals_are_valid() -> None:
    file = Path(__file__).parents[4] / "examples/credit-risk/governance/principals.yml"
    VALIDATORS["principals"].validate(load_document(file).content)


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_a_good_file_is_valid_and_loads(tmp_path: Path, text: str) -> None:
    VALIDATORS["organisation"].validate(content(text))
    assert load(tmp_path, text).matrices


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_file_is_refused_by_both_where_a_schema_can_know(tmp_path: Path, bad: Bad) -> None:
    with pytest.raises(ConfigurationError, match=bad.message) as caught:
        load(tmp_path, bad.text)
    assert caught.value.where.startswith("rbac.yml:") or bad.text.count("\n") == 1
    assert VALIDATORS["organisation"].is_valid(content(bad.text)) is not bad.by_schema


def test_there_is_no_other_schema() -> None:
    with pytest.raises(ConfigurationError, match="known: matrix"):
        schema_text("../roles")
