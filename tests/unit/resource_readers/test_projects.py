"""Folders: what is found, what is left alone, and that nothing is passed over in silence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from resource_readers import registry
from resource_readers.discovery import MAXIMUM_FOLDERS_DEEP
from resource_readers.interface import ReadRequest, ReadResult
from resource_readers.project_files import MAXIMUM_BYTES, ProjectFile
from resource_readers.projects import read_paths

TEMPLATE = '{"contentVersion": "1.0.0.0", "resources": [{"type": "A.B/c", "apiVersion": "1", "name": "n"}]}'


def read(root: Path, *paths: str) -> dict[str, ReadResult]:
    found = list(read_paths(ReadRequest(root=root, path=root), [root / path for path in paths or ("",)]))
    results = dict(found)
    assert len(results) == len(found), "a file was read twice"
    return results


def put(root: Path, name: str, text: str = TEMPLATE) -> Path:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_files_of_our_kinds_are_found_and_others_left_alone(tmp_path: Path) -> None:
    put(tmp_path, "b/main.json")
    put(tmp_path, "a.bicep", "")
    put(tmp_path, "package.json", "{}")
    put(tmp_path, "notes.txt")
    put(tmp_path, ".git/config.json")
    put(tmp_path, "node_modules/x/azuredeploy.json")
    put(tmp_path, "own-env/pyvenv.cfg", "")
    put(tmp_path, "own-env/lib/azuredeploy.json")
    results = read(tmp_path)
    assert list(results) == ["a.bicep", "b/main.json"]
    assert all(not result.not_read for result in results.values())
    assert len(results["b/main.json"].resources) == 1


def test_a_file_is_read_once_however_often_it_is_given(tmp_path: Path) -> None:
    put(tmp_path, "a/main.json")
    assert list(read(tmp_path, "a/main.json", "a", "", "a/../a/main.json")) == ["a/main.json"]


def test_a_file_given_by_name_is_named_if_no_reader_takes_it(tmp_path: Path) -> None:
    put(tmp_path, "package.json", "{}")
    (one,) = read(tmp_path, "package.json")["package.json"].not_read
    assert "no reader recognises it" in one.reason
    (missing,) = read(tmp_path, "missing.json")["missing.json"].not_read
    assert "can't be read" in missing.reason


def test_links_out_of_the_project_are_named_and_links_inside_are_not_followed_twice(tmp_path: Path) -> None:
    root = tmp_path / "project"
    outside = tmp_path / "outside"
    put(outside, "secret.json")
    put(root, "real/main.json")
    (root / "out").symlink_to(outside)
    (root / "out.json").symlink_to(outside / "secret.json")
    (root / "again").symlink_to(root / "real")
    (root / "round").symlink_to(root)
    results = read(root)
    assert set(results) == {"out", "out.json", "real/main.json"}
    assert all("out of the project" in results[name].not_read[0].reason for name in ("out", "out.json"))
    (one,) = read(root, "../outside").values()
    assert "out of the project" in one.not_read[0].reason


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    put(tmp_path, "closed/main.json")
    (tmp_path / "closed").chmod(0)
    try:
        assert "can't be read" in read(tmp_path)["closed"].not_read[0].reason
    finally:
        (tmp_path / "closed").chmod(0o700)


def test_pipes_and_broken_links_are_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "gone.bicep").symlink_to(tmp_path / "nowhere.bicep")
    results = read(tmp_path)
    assert set(results) == {"pipe.json", "gone.bicep"}
    assert all(result.not_read for result in results.values())


def test_folders_nested_without_end_are_named(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(MAXIMUM_FOLDERS_DEEP + 2):
        deep = deep / "d"
    put(deep, "main.json")
    (one,) = read(tmp_path).values()
    assert "nested deeper" in one.not_read[0].reason


def test_a_large_template_is_named_and_large_data_is_left_alone(tmp_path: Path) -> None:
    padding = " " * MAXIMUM_BYTES
    put(tmp_path, "template.json", padding + TEMPLATE)
    put(tmp_path, "data.json", "[" + "1," * (MAXIMUM_BYTES // 2) + "1]")
    put(tmp_path, "wide.json", (padding + TEMPLATE).encode("utf-16").decode("latin-1"))
    results = read(tmp_path)
    assert set(results) == {"template.json", "wide.json"}
    assert all("larger" in result.not_read[0].reason for result in results.values())


def test_a_reader_that_fails_is_could_not_read_and_tells_nothing_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        kind = "broken"

        def recognises(self, file: ProjectFile) -> bool:
            return True

        def read(self, file: ProjectFile, request: ReadRequest) -> ReadResult:
            raise KeyError(file.data.decode())

    monkeypatch.setattr(registry, "READERS", (Broken(),))
    put(tmp_path, "a.json", "password")
    (one,) = read(tmp_path)["a.json"].not_read
    assert "mlgate itself failed here (KeyError at test_projects.py" in one.reason
    assert "password" not in one.reason


def test_what_is_ignored_is_left_out(tmp_path: Path) -> None:
    put(tmp_path, "a/main.json")
    put(tmp_path, "b/main.json")
    put(tmp_path, "b/other.json")
    request = ReadRequest(root=tmp_path, path=tmp_path)
    ignored = {("a", True), ("b/other.json", False)}
    results = read_paths(request, [tmp_path], lambda path, is_folder: (path, is_folder) in ignored)
    assert [shown for shown, _ in results] == ["b/main.json"]
