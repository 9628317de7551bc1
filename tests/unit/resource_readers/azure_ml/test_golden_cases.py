"""Azure ML: every golden case gives what stands beside it, and nothing that a file says is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from resource_readers.azure_ml.reader import AzureMlReader
from resource_readers.azure_ml.tables import tables
from resource_readers.interface import ReadRequest, Resource
from resource_readers.project_files import open_inside
from resource_readers.trees.nodes import Entry, Literal, ObjectNode, Position
from resource_readers.trees.yaml_tree import YamlError, parse_all
from tests.fakes.reader_cases import read_case, reader_cases, written

CASES = reader_cases("azure_ml")
# They have done their work when the kind and the name are known.
USED = frozenset({"$schema", "name", "version", "type", "endpoint_name", "resource_group", "<<"})


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_golden_case(case: dict[str, Any], tmp_path: Path) -> None:
    assert read_case(case, tmp_path) == case["result"]


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 130
    assert len({case["name"] for case in CASES}) == len(CASES)


def test_every_type_of_resource_that_the_tables_know_is_among_them() -> None:
    given = {resource["type"] for case in CASES for resource in (case["result"] or {"resources": []})["resources"]}
    known = {kind.type for kind in tables().kinds.values() if kind.type}
    assert known - given == {"Prompt.Flow/flows", "Prompt.Flow/experiments"}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_every_key_of_the_file_is_the_place_of_some_property(case: dict[str, Any], tmp_path: Path) -> None:
    if not case["result"]["resources"] or case["read"].endswith(".json") or "merge" in case["name"]:
        return
    written(tmp_path, case["files"])
    file = open_inside(tmp_path, Path(case["read"]))
    result = AzureMlReader().read(file, ReadRequest(root=tmp_path, path=Path(case["read"])))
    places = {
        resource.place(*path)
        for resource in result.resources
        if resource.location.path == file.shown
        for path in paths_of(resource)
    }
    missing = [
        entry.key
        for document in documents(case["files"][case["read"]])
        for entry in document.entries
        if entry.key not in USED and not is_placed(entry, places)
    ]
    assert missing == []


def is_placed(entry: Entry, places: set[Position]) -> bool:
    """Whether a property stands at a key, or at each key of the mapping under it."""
    if isinstance(entry.value, Literal) and entry.value.value is None:
        return True
    if (entry.line, entry.column) in places:
        return True
    inner = entry.value.entries if isinstance(entry.value, ObjectNode) else ()
    return bool(inner) and all(is_placed(one, places) for one in inner)


def documents(text: str) -> list[ObjectNode]:
    try:
        return [one for one in parse_all(text, templated=True) if isinstance(one, ObjectNode)]
    except YamlError:
        return []


def paths_of(resource: Resource) -> Iterator[tuple[str | int, ...]]:
    yield from below({**resource.fields, "properties": resource.properties}, ())


def below(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, one in value.items():
            yield from below(one, (*path, key))
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from below(one, (*path, at))
