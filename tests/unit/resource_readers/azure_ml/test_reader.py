"""Azure ML: what is taken for it, what hostile files may not do, and what holds for every file."""

from __future__ import annotations

import csv
import itertools
import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resource_readers.azure_ml.reader import AzureMlReader
from resource_readers.azure_ml.tables import tables
from resource_readers.interface import ReadRequest, ReadResult, Unknown
from resource_readers.project_files import ProjectFile, open_inside
from resource_readers.registry import read_resources
from resource_readers.rendering import plain_result

CORPUS = Path("/work/shared/data/corpus")
SCHEMA = "$schema: https://azuremlschemas.azureedge.net/latest/{}.schema.json\n"
READER = AzureMlReader()


def file_of(name: str, data: bytes) -> ProjectFile:
    return ProjectFile(Path("/nowhere") / name, name, data)


def read(root: Path, text: str, name: str = "a.yml") -> ReadResult:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")
    return READER.read(open_inside(root, Path(name)), ReadRequest(root=root, path=Path(name)))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("workflow.yml", "on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{run: echo}]\n"),
        ("reusable.yml", "name: x\non:\n  workflow_call:\njobs:\n  a:\n    uses: o/r/.github/workflows/x.yml@v1\n"),
        ("action.yml", "name: x\ndescription: y\nruns: {using: composite, steps: []}\n"),
        ("pipeline.yml", "trigger: [main]\npool: {vmImage: x}\nsteps: [{script: echo}]\n"),
        ("template.yml", "parameters: [{name: a}]\njobs:\n- job: a\n  steps: []\n"),
        ("manifest.yml", "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {}\n"),
        ("docker-compose.yml", "version: '3'\nservices: {a: {image: x}}\n"),
        ("openapi.yml", "openapi: 3.0.0\ninfo: {title: x}\npaths: {}\n"),
        ("conda.yml", "name: x\nchannels: [conda-forge]\ndependencies: [python]\n"),
        ("component.yml", "name: x\nversion: 1\ntype: component\n"),
        ("image.yml", "name: x\nimage: y\n"),
        ("chart.yml", "$schema: https://json.schemastore.org/chart.json\nname: x\nversion: 1\n"),
        ("flow.dag.yaml", "inputs: {}\noutputs: {}\nnodes: []\n"),
        ("template.json", '{"$schema": "https://schema.management.azure.com/x/deploymentTemplate.json#"}'),
        ("notes.md", SCHEMA.format("environment")),
    ],
)
def test_other_files_are_left_alone(name: str, text: str) -> None:
    assert not READER.recognises(file_of(name, text.encode()))


@pytest.mark.parametrize("name", [name for name in tables().schemas if name not in ("mltable", "prompt")])
def test_every_schema_leads_to_a_kind(name: str, tmp_path: Path) -> None:
    text = SCHEMA.format(name) + "name: x\nversion: 1\n"
    assert READER.recognises(file_of("a.yml", text.encode()))
    assert not read(tmp_path, text).not_read


def test_a_broken_file_is_recognised_and_named(tmp_path: Path) -> None:
    text = SCHEMA.format("environment") + "name: [x\n"
    assert READER.recognises(file_of("a.yml", text.encode()))
    assert [one.line for one in read(tmp_path, text).not_read] == [3]


def test_utf_16_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    text = SCHEMA.format("environment") + "name: x\nimage: y:1\n"
    for data in (text.encode("utf-16"), b"\xef\xbb\xbf" + text.encode()):
        assert READER.recognises(file_of("a.yml", data))
        (tmp_path / "a.yml").write_bytes(data)
        result = READER.read(open_inside(tmp_path, Path("a.yml")), ReadRequest(root=tmp_path, path=Path("a.yml")))
        assert result.resources[0].properties["image"] == "y:1"


def test_what_the_tables_name_is_there() -> None:
    from resource_readers.azure_ml.reader import CONVERSIONS
    from resource_readers.azure_ml.scalars import SCALARS

    known = tables()
    with_shape = {"shape", "list", "map", "one_or_many", "named", "job_definition"}
    for name, shape in known.shapes.items():
        for rule in [one for rules in shape.rules.values() for one in rules] + ([shape.whole] if shape.whole else []):
            assert rule.conversion in CONVERSIONS or rule.conversion in SCALARS or rule.conversion == "enum", name
            assert rule.conversion != "enum" or rule.argument in known.enums, name
            assert rule.conversion not in with_shape or rule.argument in known.shapes, name
            assert not rule.conversion.startswith("asset") or rule.argument in known.kinds, name
    for kind in known.kinds.values():
        assert kind.shape in known.shapes
    assert set(known.schemas.values()) <= {*known.kinds, "job"}


# What hostile files may not do.


def test_an_alias_bomb_is_stopped(tmp_path: Path) -> None:
    letters = string.ascii_lowercase
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{key}: &{key} [{', '.join([f'*{before}'] * 10)}]\n" for before, key in itertools.pairwise(letters[:12])
    )
    result = read(tmp_path, SCHEMA.format("commandComponent") + bomb)
    assert [one.reason for one in result.not_read] == ["stopped: more than 2,000,000 steps"]


@pytest.mark.parametrize("kind", ["commandComponent", "pipelineJob", "environment", "commandJob", "autoMLJob"])
def test_deep_aliases_are_stopped(kind: str, tmp_path: Path) -> None:
    chain = "a0: &a0 x\n" + "".join(f"a{at}: &a{at} {{jobs: {{a: *a{at - 1}}}}}\n" for at in range(1, 1_000))
    for key in ("jobs", "conda_file", "training", "tags", "inputs", "component", "environment"):
        result = read(tmp_path, SCHEMA.format(kind) + chain + f"{key}: *a999\n")
        assert result.not_read
        assert "deeper" in result.not_read[0].reason


def test_deep_nesting_is_named(tmp_path: Path) -> None:
    assert read(tmp_path, SCHEMA.format("environment") + "tags: " + "[" * 500 + "]" * 500).not_read


def test_a_huge_file_is_named(tmp_path: Path) -> None:
    with (tmp_path / "a.yml").open("wb") as stream:
        stream.write(SCHEMA.format("environment").encode())
        stream.truncate(100 * 1024 * 1024)
    result = read_resources(ReadRequest(root=tmp_path, path=Path("a.yml")))
    assert "larger" in result.not_read[0].reason


def test_nothing_outside_of_the_project_is_opened(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (tmp_path / "secret.yml").write_text("dependencies: [secret=1]\n")
    (root / "link.yml").symlink_to(tmp_path / "secret.yml")
    (root / "folder").symlink_to(tmp_path)
    for reference in ("../secret.yml", str(tmp_path / "secret.yml"), "link.yml", "folder/secret.yml"):
        result = read(root, SCHEMA.format("environment") + f"name: x\nimage: y\nconda_file: {reference}\n")
        resource = result.resources[0]
        assert isinstance(resource.properties["condaFile"], Unknown)
        assert "secret=1" not in str(plain_result("a.yml", result))
        assert [one.name for one in result.files] == ["a.yml"]


def test_the_names_of_a_folder_outside_of_the_project_are_not_listed(tmp_path: Path) -> None:
    root = tmp_path / "project"
    (tmp_path / "secret").mkdir(parents=True)
    (tmp_path / "secret" / "hidden.txt").write_text("x")
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "secret")
    for reference in ("../secret", "link", "/etc"):
        result = read(root, SCHEMA.format("code") + f"name: x\nversion: 1\npath: {reference}\n")
        assert "hidden" not in str(plain_result("a.yml", result))
        assert "passwd" not in str(plain_result("a.yml", result))


def test_a_circle_of_pipelines_ends(tmp_path: Path) -> None:
    job = "name: {0}\nversion: 1\ntype: pipeline\njobs:\n  a: {{type: pipeline, component: ./{1}.yml}}\n"
    (tmp_path / "b.yml").write_text(job.format("b", "c"))
    (tmp_path / "c.yml").write_text(job.format("c", "a"))
    result = read(tmp_path, SCHEMA.format("pipelineComponent") + job.format("a", "b"))
    assert not result.not_read
    assert len(result.resources) == 3
    inner = result.resources[-1].properties["componentSpec"]["jobs"]["a"]["componentId"]
    assert "refers to itself" in inner.reason


def test_files_that_refer_to_one_another_too_deeply_end(tmp_path: Path) -> None:
    for at in range(40):
        (tmp_path / f"c{at}.yml").write_text(
            f"type: pipeline\njobs:\n  a: {{type: pipeline, component: ./c{at + 1}.yml}}\n"
        )
    result = read(tmp_path, SCHEMA.format("pipelineJob") + "type: pipeline\njobs:\n  a: {component: ./c0.yml}\n")
    assert len(result.resources) == 20
    assert "levels deep" in str(plain_result("a.yml", result))


def test_a_node_of_a_file_s_system_is_not_waited_for(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "conda.yml")
    result = read(tmp_path, SCHEMA.format("environment") + "name: x\nimage: y\nconda_file: conda.yml\n")
    assert "no regular file" in result.resources[0].properties["condaFile"].reason


# What holds for every file.

KEYS = st.sampled_from(
    sorted({key for shape in tables().shapes.values() for key in shape.rules if not key.startswith("$")})
)
SCALAR = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 10**6),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["./a.yml", "azureml:x:1", "{{ a }}", "${{ inputs.x }}", "<A>", "key", "cron", "../x", "auto"]),
    st.text(max_size=8),
)
VALUE = st.recursive(
    SCALAR,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)


@given(
    schema=st.sampled_from(sorted(tables().schemas)),
    document=st.dictionaries(KEYS | st.text(max_size=5), VALUE, max_size=8),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_values_under_any_keys_raise_nothing_and_give_the_same_twice(
    schema: str, document: dict[str, object], tmp_path: Path
) -> None:
    import yaml

    text = SCHEMA.format(schema) + yaml.safe_dump({k: v for k, v in document.items() if k != "$schema"})
    first, second = read(tmp_path, text), read(tmp_path, text)
    assert plain_result("a.yml", first) == plain_result("a.yml", second)
    for resource in first.resources:
        assert resource.place("properties").line >= 1
        for key in resource.fields:
            assert resource.place(key).line >= 1


@given(text=st.text(alphabet=st.sampled_from("abct:- \n{}[]'\"#&*!|>%$")))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_raises_nothing(text: str, tmp_path: Path) -> None:
    read(tmp_path, SCHEMA.format("commandJob") + text)
    READER.recognises(file_of("a.yml", text.encode()))


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared folder with public files is not here")
def test_every_public_file_is_read_whole() -> None:
    with (CORPUS / "MANIFEST.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    ours = [row for row in rows if row["kind"].startswith("azureml:")]
    assert len(ours) == 293
    for row in ours:
        result = read_resources(ReadRequest(root=CORPUS, path=Path(row["path"])))
        plain_result(row["path"], result)
        assert result.kind == ("prompt-flow" if row["kind"] == "azureml:Flow" else "azure-ml"), row["path"]
        assert result.resources, row["path"]
        assert not result.not_read or row["kind"] == "azureml:Flow", (row["path"], result.not_read)
        for resource in result.resources:
            # What the request has no place for: the tables know every key that the public files have.
            assert set(resource.fields.get("azureml", {})) <= {"references", "conda_file", "feature_set_spec"}
    for row in rows:
        if not row["kind"].startswith("azureml:"):
            assert not READER.recognises(open_inside(CORPUS, Path(row["path"]))), row["path"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (SCHEMA.format("workspace") + "name: w\n", "Default"),
        (SCHEMA.format("hub") + "name: w\n", "Hub"),
        (SCHEMA.format("project") + "name: w\n", "Project"),
        (SCHEMA.format("workspace") + "name: w\nhub_id: /subscriptions/x\n", "Project"),
        ("name: w\nlocation: westeurope\nhub_id: /subscriptions/x\nkey_vault: y\n", "Project"),
        (SCHEMA.format("workspace") + "name: w\nkind: hub\n", "Hub"),
        (SCHEMA.format("workspace") + "name: w\nkind: featurestore\n", "FeatureStore"),
    ],
)
def test_a_hub_and_a_project_are_told_from_a_workspace(text: str, kind: str, tmp_path: Path) -> None:
    (resource,) = read(tmp_path, text).resources
    assert resource.fields["kind"] == kind
