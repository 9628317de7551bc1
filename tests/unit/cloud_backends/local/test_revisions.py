"""The files of a revision: as they were committed, and nothing of the repository is run for that."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud_backends.local.revisions import revision_folder
from tests.fakes.git_clone import Clone
from verdicts import ConfigurationError, CouldNotCheckError


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    made = Clone.new(tmp_path / "clone")
    (made.top / "sub").mkdir()
    (made.top / "a.json").write_text("first")
    (made.top / "sub" / "b.json").write_text("below")
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message", "first")
    made.git("tag", "v1")
    return made


def names(folder: Path) -> set[str]:
    return {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}


def test_files_are_those_of_the_revision_and_the_working_tree_stays(clone: Clone) -> None:
    (clone.top / "a.json").write_text("second")
    (clone.top / "new.json").write_text("untracked")
    with revision_folder(clone.top, "v1") as folder:
        assert names(folder) == {"a.json", "sub/b.json"}
        assert (folder / "a.json").read_text() == "first"
    assert not folder.exists()
    assert (clone.top / "a.json").read_text() == "second"


def test_a_folder_below_the_top_is_that_folder(clone: Clone) -> None:
    with revision_folder(clone.top / "sub", "v1") as folder:
        assert names(folder) == {"b.json"}


def test_a_folder_that_came_later_is_empty(clone: Clone) -> None:
    (clone.top / "later").mkdir()
    with revision_folder(clone.top / "later", "v1") as folder:
        assert names(folder) == set()


@pytest.mark.parametrize("revision", ["nothing", "--output=x", "a..b", "", "-h"])
def test_what_is_no_revision_is_refused(clone: Clone, revision: str) -> None:
    with pytest.raises(ConfigurationError), revision_folder(clone.top, revision):
        pass


def test_outside_of_a_repository_nothing_can_be_told(tmp_path: Path) -> None:
    with pytest.raises(CouldNotCheckError), revision_folder(tmp_path, "HEAD"):
        pass


def test_filters_of_the_repository_do_not_run(clone: Clone, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    (clone.top / ".gitattributes").write_text("*.json filter=evil\n")
    clone.git("add", "--all")
    clone.git("commit", "--quiet", "--message", "filter")
    clone.git("config", "filter.evil.smudge", f"touch {mark}; cat")
    with revision_folder(clone.top, "HEAD") as folder:
        assert (folder / "a.json").read_text() == "first"
    assert not mark.exists()
