"""Which files are checked: git's own rules, and the exclusions of the configuration."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from deploy_gate.static_checks.inputs import IgnoredFiles
from deploy_gate.static_checks.settings import Exclusion
from resource_readers.discovery import walk
from verdicts import ConfigurationError

IGNORE_FILES = {
    ".gitignore": "# comment\n*.log.json\n!keep.log.json\nbuild/\n/top.json\n!\n\\\n",
    "a/.gitignore": "!again.log.json\nlocal.*\n",
    "a/b/.gitignore": "*\n!.gitignore\n",
}
FILES = (
    *("top.json", "a/top.json", "x.log.json", "keep.log.json", "a/again.log.json", "a/other.log.json", "a/local.yml"),
    *("build/main.json", "a/build/main.json", "a/b/main.json", "b/build", "main.bicep"),
)


def put(root: Path) -> None:
    for name, text in {**IGNORE_FILES, **dict.fromkeys(FILES, "{}")}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def found(root: Path, *exclusions: Exclusion) -> tuple[set[str], IgnoredFiles]:
    ignored = IgnoredFiles(root, exclusions)
    paths = {path.relative_to(root).as_posix() for path in walk(root, root, ignored) if isinstance(path, Path)}
    return paths, ignored


def test_files_that_git_ignores_are_left_out_as_git_itself_says(tmp_path: Path) -> None:
    put(tmp_path)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    listed = subprocess.run(
        ["git", "-C", str(tmp_path), "ls-files", "--others", "--exclude-standard"], capture_output=True, check=True
    )
    expected = {name for name in listed.stdout.decode().split() if name.endswith((".json", ".yml", ".bicep"))}
    paths, _ = found(tmp_path)
    assert paths == expected
    assert {"keep.log.json", "a/again.log.json", "main.bicep"} <= paths
    assert not paths & {"top.json", "x.log.json", "build/main.json", "a/b/main.json", "a/local.yml"}


def test_exclusions_leave_out_and_are_counted(tmp_path: Path) -> None:
    put(tmp_path)
    paths, ignored = found(tmp_path, Exclusion("/a/", "another team's"), Exclusion("*.bicep", "generated"))
    assert paths == {"keep.log.json"}
    assert ignored.left_out == {"/a/": 1, "*.bicep": 1}


def test_a_bad_exclusion_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no pattern"):
        IgnoredFiles(tmp_path, [Exclusion("!", "?")])


def test_an_ignore_file_that_can_not_be_read_ignores_nothing(tmp_path: Path) -> None:
    put(tmp_path)
    (tmp_path / ".gitignore").unlink()
    (tmp_path / ".gitignore").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "a" / ".gitignore").write_bytes(b"\xff\xfe*.yml\n" * 3)
    paths, _ = found(tmp_path)
    assert {"top.json", "x.log.json", "a/local.yml"} <= paths
