"""What runs: files that want to cost too much, lead out, or be read as something else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resource_readers.containers.conda import CondaReader
from resource_readers.containers.dockerfile import DockerfileReader
from resource_readers.containers.kubernetes import KubernetesReader
from resource_readers.containers.mlmodel import MlModelReader
from resource_readers.containers.prompt_flow import PromptFlowReader
from resource_readers.interface import Reader, ReadRequest, ReadResult
from resource_readers.project_files import ProjectFile
from resource_readers.registry import read_if_recognised
from resource_readers.rendering import plain_result
from tests.fakes.reader_cases import written

READERS: list[tuple[Reader, str]] = [
    (DockerfileReader(), "Dockerfile"),
    (KubernetesReader(), "d.yaml"),
    (PromptFlowReader(), "flow.dag.yaml"),
    (MlModelReader(), "MLmodel"),
    (CondaReader(), "conda.yaml"),
]
BEGINNINGS = {
    "Dockerfile": "FROM debian:12\n",
    "d.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  ",
    "flow.dag.yaml": "nodes:\n",
    "MLmodel": "flavors:\n  ",
    "conda.yaml": "name: x\ndependencies:\n",
}


def read(root: Path, name: str, text: str) -> ReadResult:
    written(root, {name: text})
    result = read_if_recognised(ReadRequest(root=root, path=Path(name)))
    assert result is not None
    return result


def test_variables_that_double_a_text_are_stopped(tmp_path: Path) -> None:
    lines = "".join("ENV A=$A$A\n" for _ in range(60))
    result = read(tmp_path, "Dockerfile", f"FROM scratch\nENV A=aaaaaaaa\n{lines}USER app\n")
    assert "more than 100,000 characters" in result.not_read[0].reason
    assert result.resources[0].properties["finalStage"]["user"] == "app"


def test_defaults_in_defaults_are_stopped(tmp_path: Path) -> None:
    text = "${A:-" * 200 + "x" + "}" * 200
    result = read(tmp_path, "Dockerfile", f"FROM scratch\nENV B={text}\n")
    assert "nested too deeply" in result.not_read[0].reason


def test_thousands_of_stages_are_stopped(tmp_path: Path) -> None:
    result = read(tmp_path, "Dockerfile", "FROM a\n" * 2_000)
    assert len(result.resources[0].properties["stages"]) == 500
    assert "more than 500 stages" in result.not_read[0].reason


def test_a_dockerfile_that_is_too_large_is_named(tmp_path: Path) -> None:
    result = read(tmp_path, "Dockerfile", "FROM a\nEXPOSE " + "1 " * 600_000)
    assert result.resources == ()
    assert "larger than" in result.not_read[0].reason


def test_what_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(b"FROM debian:12\nUSER \xff\xfe\n")
    result = read_if_recognised(ReadRequest(root=tmp_path, path=Path("Dockerfile")))
    assert result is not None
    assert (result.not_read[0].line, result.not_read[0].reason) == (2, "not UTF-8")


@pytest.mark.parametrize(("reader", "name"), READERS)
def test_a_hundred_megabytes_are_named(reader: Reader, name: str, tmp_path: Path) -> None:
    with (tmp_path / name).open("wb") as stream:
        stream.truncate(100 * 1024 * 1024)
    result = read_if_recognised(ReadRequest(root=tmp_path, path=Path(name)))
    assert result is not None
    assert "larger than" in result.not_read[0].reason


@pytest.mark.parametrize("name", ["d.yaml", "flow.dag.yaml", "MLmodel", "conda.yaml"])
def test_yaml_that_is_nested_too_deeply_is_named(name: str, tmp_path: Path) -> None:
    result = read(tmp_path, name, BEGINNINGS[name] + "  a: " + "[" * 5_000 + "]" * 5_000 + "\n")
    assert result.resources == ()
    assert result.not_read


@pytest.mark.slow
@pytest.mark.parametrize("name", ["d.yaml", "flow.dag.yaml", "MLmodel", "conda.yaml"])
def test_an_alias_bomb_is_named(name: str, tmp_path: Path) -> None:
    bomb = "x0: &x0 [y, y, y, y, y, y, y, y, y, y]\n" + "".join(
        f"x{level}: &x{level} [{', '.join([f'*x{level - 1}'] * 10)}]\n" for level in range(1, 9)
    )
    before = {"MLmodel": "flavors: {}\n"}.get(name, BEGINNINGS[name].replace("spec:\n  ", ""))
    result = read(tmp_path, name, before + bomb)
    assert result.resources == ()
    assert "alias bomb" in result.not_read[0].reason


def test_requirements_through_a_link_out_of_the_project_are_not_read(tmp_path: Path) -> None:
    written(tmp_path, {"outside/secret.txt": "hunter2\n"})
    root = tmp_path / "project"
    root.mkdir()
    (root / "requirements.txt").symlink_to(tmp_path / "outside" / "secret.txt")
    result = read(root, "conda.yaml", "dependencies:\n- pip:\n  - -r requirements.txt\n")
    assert "leads out of the project" in result.not_read[0].reason
    assert [one.name for one in result.files] == ["conda.yaml"]
    assert "hunter2" not in str(plain_result("conda.yaml", result))


def test_requirement_files_that_name_each_other_are_read_once(tmp_path: Path) -> None:
    written(tmp_path, {"a.txt": "-r b.txt\nx==1\n", "b.txt": "-r a.txt\ny==1\n"})
    result = read(tmp_path, "conda.yaml", "dependencies:\n- pip:\n  - -r a.txt\n")
    packages = result.resources[0].properties["pipPackages"]
    assert [one["name"] for one in packages] == ["y", "x"]
    assert result.not_read == ()


def test_a_chain_of_requirement_files_is_bounded(tmp_path: Path) -> None:
    written(tmp_path, {f"r{index}.txt": f"-r r{index + 1}.txt\n" for index in range(100)})
    result = read(tmp_path, "conda.yaml", "dependencies:\n- pip:\n  - -r r0.txt\n")
    assert "more than 20 requirement files" in result.not_read[0].reason


def test_whether_a_flow_s_source_exists_says_nothing_of_what_is_outside(tmp_path: Path) -> None:
    written(tmp_path, {"outside.py": "", "p/inside.py": ""})
    text = "nodes:\n" + "".join(
        f"- {{name: a, type: python, source: {{type: code, path: {path}}}}}\n"
        for path in ("inside.py", "../outside.py", str(tmp_path / "outside.py"), "gone.py")
    )
    result = read(tmp_path / "p", "flow.dag.yaml", text)
    sources = result.resources[0].properties["sources"]
    assert [one["exists"] for one in sources] == [True, False, False, False]


def test_thousands_of_nodes_are_bounded_and_named(tmp_path: Path) -> None:
    result = read(tmp_path, "flow.dag.yaml", "nodes:\n" + "- {name: a, connection: c}\n" * 6_000)
    assert "more than 5,000 nodes" in result.not_read[0].reason


def test_a_manifest_inside_of_another_file_makes_it_none(tmp_path: Path) -> None:
    text = "on: push\njobs:\n  a:\n    steps:\n      - run: |\n          apiVersion: v1\n          kind: Pod\n"
    file = ProjectFile(tmp_path / "w.yml", "w.yml", text.encode())
    assert not KubernetesReader().recognises(file)


def test_thousands_of_here_documents_that_do_not_end_are_named(tmp_path: Path) -> None:
    result = read(tmp_path, "Dockerfile", "FROM a\n" + "".join(f"RUN <<E{index}\n" for index in range(500)))
    assert len(result.not_read) == 500


def test_a_list_that_is_endless_by_aliases_is_bounded(tmp_path: Path) -> None:
    pod = "- &a {apiVersion: v1, kind: Pod}\n"
    result = read(tmp_path, "d.yaml", "apiVersion: v1\nkind: List\nitems:\n" + pod + "- *a\n" * 20_100)
    assert len(result.resources) == 20_000
    assert "more than 20,000 resources" in result.not_read[0].reason


LINES = st.lists(
    st.text(alphabet=st.sampled_from(list("FROMUSERCPYNVAG -=$${}[]()<>'\"\\`#:/@,.\t\r01ab&*|!%~^?+")), max_size=30)
    | st.sampled_from(
        ["FROM a AS b", "FROM b", "RUN <<EOF", "EOF", "ENV A=$B", "ARG X=${Y:-z}", "- pip:", "- a=1", "a: &a"]
    ),
    max_size=12,
)


@settings(max_examples=250, deadline=None)
@given(LINES, st.sampled_from(READERS))
def test_any_lines_give_resources_or_a_reason_and_always_the_same(lines: list[str], which: tuple[Reader, str]) -> None:
    reader, name = which
    data = (BEGINNINGS[name] + "\n".join(lines)).encode()
    file = ProjectFile(Path("/nowhere") / name, name, data)
    request = ReadRequest(root=Path("/nowhere"), path=Path(name))
    if not reader.recognises(file):
        return
    first = reader.read(file, request)
    assert first.resources or first.not_read
    assert plain_result(name, reader.read(file, request)) == plain_result(name, first)
    for resource in first.resources:
        assert resource.place("properties", "stages", 0, "nothing").line >= 1


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(READERS))
def test_any_bytes_are_read_or_named(data: bytes, which: tuple[Reader, str]) -> None:
    reader, name = which
    file = ProjectFile(Path("/nowhere") / name, name, BEGINNINGS[name].encode() + data)
    if reader.recognises(file):
        result = reader.read(file, ReadRequest(root=Path("/nowhere"), path=Path(name)))
        assert result.resources or result.not_read
