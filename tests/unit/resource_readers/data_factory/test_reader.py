"""Data Factory in Git mode: hostile files, links out, what is never claimed, and the public corpus."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resource_readers.data_factory.reader import DataFactoryReader
from resource_readers.interface import ReadRequest, ReadResult
from resource_readers.project_files import ProjectFile
from resource_readers.registry import read_if_recognised
from resource_readers.rendering import plain_result
from tests.fakes.reader_cases import written

CORPUS = Path("/work/shared/data/corpus")


def read(root: Path, name: str) -> ReadResult:
    result = read_if_recognised(ReadRequest(root=root, path=Path(name)))
    assert result is not None
    return result


def test_the_factory_s_name_is_not_taken_through_a_link_out_of_the_project(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    written(outside, {"adf.json": '{"name": "stolen"}'})
    root = tmp_path / "project"
    written(root, {"pipeline/p.json": '{"name": "p", "properties": {"activities": []}}'})
    (root / "factory").mkdir()
    (root / "factory" / "adf.json").symlink_to(outside / "adf.json")
    result = read(root, "pipeline/p.json")
    assert result.resources[0].name.text == "{factory}/p"
    assert [one.name for one in result.files] == ["pipeline/p.json"]


def test_a_folder_of_the_project_itself_leads_no_further_up(tmp_path: Path) -> None:
    written(
        tmp_path,
        {"pipeline/p.json": '{"name": "p", "properties": {"activities": []}}', "factory/a.json": '{"name": "a"}'},
    )
    result = read(tmp_path / "pipeline", "p.json")
    assert result.resources[0].name.text == "{factory}/p"


def test_thousands_of_activities_are_bounded_and_say_so(tmp_path: Path) -> None:
    activities = [{"name": f"a{index}", "type": "Wait"} for index in range(6_000)]
    written(tmp_path, {"pipeline/p.json": json.dumps({"name": "p", "properties": {"activities": activities}})})
    resources = read(tmp_path, "pipeline/p.json").resources
    assert len(resources) == 5_002
    assert resources[-1].repeated
    assert "more than 5,000" in resources[-1].properties.reason


def test_containers_in_containers_are_bounded_and_say_so(tmp_path: Path) -> None:
    inner: dict[str, Any] = {"name": "deep", "type": "AzureMLUpdateResource"}
    for level in range(31):
        inner = {"name": f"c{level}", "type": "Until", "typeProperties": {"activities": [inner]}}
    written(tmp_path, {"pipeline/p.json": json.dumps({"name": "p", "properties": {"activities": [inner]}})})
    resources = read(tmp_path, "pipeline/p.json").resources
    assert resources[-1].repeated
    assert "nested deeper" in resources[-1].properties.reason


def test_a_file_that_is_too_large_is_named(tmp_path: Path) -> None:
    (tmp_path / "pipeline").mkdir()
    with (tmp_path / "pipeline" / "p.json").open("wb") as stream:
        stream.truncate(100 * 1024 * 1024)
    assert "larger than" in read(tmp_path, "pipeline/p.json").not_read[0].reason


def test_every_activity_knows_its_own_line(tmp_path: Path) -> None:
    text = """{
 "name": "p",
 "properties": {"activities": [
  {"name": "E", "type": "ForEach", "typeProperties": {"activities": [
   {"name": "U",
    "type": "AzureMLUpdateResource",
    "typeProperties": {"trainedModelName": "m"}}]}}]}
}"""
    written(tmp_path, {"pipeline/p.json": text})
    update = read(tmp_path, "pipeline/p.json").resources[-1]
    assert update.location.line == 5
    assert update.place("properties", "type") == (6, 5)
    assert update.place("properties", "typeProperties", "trainedModelName") == (7, 24)
    assert update.place("properties", "containerPath") == (5, 4)
    assert update.properties["containers"] == [{"name": "E", "type": "ForEach", "branch": "activities"}]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["ForEach", "Wait", "@pipeline()"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name", "type", "properties", "activities", "typeProperties", "cases", "ifTrueActivities"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(JSON, st.sampled_from(["pipeline", "dataset", "linkedService", "factory", "managedPrivateEndpoint", "x"]))
def test_any_json_is_read_or_left_alone_and_always_the_same(content: Any, folder: str) -> None:
    data = json.dumps({"name": "n", "properties": content}).encode()
    file = ProjectFile(Path("/nowhere") / folder / "f.json", f"{folder}/f.json", data)
    reader = DataFactoryReader()
    if not reader.recognises(file):
        return
    request = ReadRequest(root=Path("/nowhere"), path=Path(folder) / "f.json")
    first = reader.read(file, request)
    assert first.resources or first.not_read
    assert plain_result("f", reader.read(file, request)) == plain_result("f", first)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_named(data: bytes) -> None:
    whole = b'{"name": "n", "properties": {"typeProperties": {' + data
    file = ProjectFile(Path("/nowhere/linkedService/f.json"), "linkedService/f.json", whole)
    reader = DataFactoryReader()
    if reader.recognises(file):
        result = reader.read(file, ReadRequest(root=Path("/nowhere"), path=Path("linkedService/f.json")))
        assert result.resources or result.not_read


def listed() -> list[dict[str, str]]:
    with (CORPUS / "MANIFEST.tsv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared folder with public files is not here")
def test_every_public_file_of_a_factory_is_read_whole() -> None:
    collections = {
        "adf:dataset": "datasets",
        "adf:linkedService": "linkedservices",
        "adf:pipeline": "pipelines",
        "adf:trigger": "triggers",
        "adf:integrationRuntime": "integrationRuntimes",
    }
    seen = activities = 0
    for row in listed():
        result = read_if_recognised(ReadRequest(root=CORPUS, path=Path(row["path"])))
        if row["kind"] not in collections:
            assert result is None or result.kind not in ("data-factory", "synapse"), row
            continue
        assert result is not None
        assert result.not_read == ()
        assert result.resources[0].type.rpartition("/")[2] == collections[row["kind"]]
        seen += 1
        activities += len(result.resources) - 1
    assert seen == 33
    assert activities == 11
