"""What differs from a revision: everything that a person could have changed, and no option in disguise."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud_backends.local.changed_files import changed_since
from tests.fakes.git_clone import Clone
from verdicts import ConfigurationError, CouldNotCheckError


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    made = Clone.new(tmp_path / "clone")
    for name in ("a.json", "b.json", "gone.json", "sub/c.json", "same.json"):
        path = made.top / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    (made.top / ".gitignore").write_text("*.log\n")
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message", "first")
    made.git("tag", "v1")
    return made


def commit(clone: Clone, name: str, text: str = "new") -> None:
    (clone.top / name).write_text(text)
    clone.git("add", "--all")
    clone.git("commit", "--quiet", "--message", name)


def test_nothing_differs_right_after_the_commit(clone: Clone) -> None:
    changed = changed_since(clone.top, "HEAD")
    assert not changed
    assert changed.commit == clone.git("rev-parse", "HEAD").strip()


def test_committed_staged_unstaged_new_and_removed_files_differ(clone: Clone) -> None:
    commit(clone, "a.json")
    (clone.top / "b.json").write_text("staged")
    clone.git("add", "b.json")
    (clone.top / "sub/c.json").write_text("not staged")
    (clone.top / "new.json").write_text("untracked")
    (clone.top / "x.log").write_text("ignored")
    (clone.top / "gone.json").unlink()
    changed = changed_since(clone.top, "v1")
    assert changed.files == {"a.json", "b.json", "sub/c.json", "new.json", "gone.json"}
    assert changed.came_or_went == {"new.json", "gone.json"}


def test_a_file_that_was_committed_new_came(clone: Clone) -> None:
    commit(clone, "new.json")
    assert changed_since(clone.top, "HEAD~1").came_or_went == {"new.json"}


def test_what_others_did_on_the_branch_meanwhile_is_no_change_of_ours(clone: Clone) -> None:
    clone.git("checkout", "--quiet", "-b", "ours")
    commit(clone, "ours.json")
    clone.git("checkout", "--quiet", "main")
    commit(clone, "theirs.json")
    clone.git("checkout", "--quiet", "ours")
    assert changed_since(clone.top, "main").files == {"ours.json"}


def test_of_a_project_in_a_folder_the_names_count_from_there(clone: Clone) -> None:
    commit(clone, "a.json")
    commit(clone, "sub/c.json")
    assert changed_since(clone.top / "sub", "v1").files == {"c.json"}


def test_a_file_with_an_odd_name_is_named_as_it_is(clone: Clone) -> None:
    commit(clone, "ä b\"\\'\n.json")
    assert changed_since(clone.top, "v1").files == {"ä b\"\\'\n.json"}


def test_the_index_can_hide_nothing(clone: Clone) -> None:
    clone.git("update-index", "--assume-unchanged", "a.json")
    clone.git("update-index", "--skip-worktree", "b.json")
    (clone.top / ".git/info").mkdir(exist_ok=True)
    (clone.top / ".git/info/exclude").write_text("new.json\n")
    for name in ("a.json", "b.json", "new.json"):
        (clone.top / name).write_text("hidden")
    assert changed_since(clone.top, "HEAD").files == {"a.json", "b.json", "new.json"}


def test_a_repository_of_its_own_counts_as_changed(clone: Clone) -> None:
    inner = Clone.new(clone.top / "vendor")
    commit(inner, "x.json")
    changed = changed_since(clone.top, "HEAD")
    assert "vendor/x.json" in changed
    assert "vendored.json" not in changed


@pytest.mark.parametrize("revision", ["main", "HEAD~0", "v1", "@", "HEAD^{commit}", "v1^0"])
def test_every_usual_name_of_a_commit_is_understood(clone: Clone, revision: str) -> None:
    assert not changed_since(clone.top, revision)


@pytest.mark.parametrize(
    "revision",
    [
        *("--output=/tmp/x", "-1", "", " ", "main..HEAD", "main...HEAD", "HEAD:a.json", ":/first", "a b", "x\n", "ä"),
        *("^main", "~1", "HEAD;ls", "$(ls)", "x" * 300, "none", "HEAD~99", "0" * 40, "v1^{tree}", "refs/heads/none"),
    ],
)
def test_what_names_no_commit_is_a_mistake(clone: Clone, revision: str) -> None:
    with pytest.raises(ConfigurationError, match="revision"):
        changed_since(clone.top, revision)
    assert not Path("/tmp/x").exists()


def test_without_a_repository_nobody_knows(tmp_path: Path) -> None:
    with pytest.raises(CouldNotCheckError, match="not in a git repository"):
        changed_since(tmp_path, "HEAD")


def test_histories_without_a_common_commit_can_not_be_compared(clone: Clone) -> None:
    clone.git("checkout", "--quiet", "--orphan", "other")
    clone.git("commit", "--quiet", "--message", "other")
    with pytest.raises(CouldNotCheckError, match="no commit in common"):
        changed_since(clone.top, "main")


def test_a_shallow_clone_says_what_is_missing(clone: Clone, tmp_path: Path) -> None:
    clone.git("checkout", "--quiet", "-b", "ours")
    commit(clone, "ours.json")
    clone.git("checkout", "--quiet", "main")
    commit(clone, "theirs.json")
    shallow = Clone(tmp_path / "shallow")
    clone.git("clone", "--quiet", "--depth=1", "--no-single-branch", f"file://{clone.top}", str(shallow.top))
    with pytest.raises(CouldNotCheckError, match="shallow"):
        changed_since(shallow.top, "origin/ours")
