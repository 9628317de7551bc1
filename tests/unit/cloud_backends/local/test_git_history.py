"""Who wrote a release, and who works on it now."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cloud_backends.local.git_history import GitHistory, read_commit_people
from deploy_gate.ports import SourceHistory
from tests.fakes.git_clone import Clone
from verdicts import CouldNotCheckError

UNKNOWN = "0123456789" * 4


def test_the_class_is_the_port() -> None:
    history: SourceHistory = GitHistory()
    assert callable(history.people)


# --- what can't be known ---------------------------------------------------------------------------------------------


def test_a_folder_outside_a_repository_is_not_checked(tmp_path: Path) -> None:
    with pytest.raises(CouldNotCheckError, match="not in a git repository"):
        read_commit_people(tmp_path, None)


def test_a_repository_without_a_commit_is_not_checked(clone: Clone) -> None:
    with pytest.raises(CouldNotCheckError, match="names no commit"):
        read_commit_people(clone.top, None)


def test_a_damaged_repository_is_not_checked(clone: Clone) -> None:
    commit = clone.commit()
    (clone.top / ".git" / "objects" / commit[:2] / commit[2:]).unlink()
    with pytest.raises(CouldNotCheckError, match="git"):
        read_commit_people(clone.top, None)


def test_an_empty_git_folder_is_not_taken_for_the_repository_above(clone: Clone) -> None:
    clone.commit("inner/file.txt")
    (clone.top / "inner" / ".git").mkdir()
    with pytest.raises(CouldNotCheckError, match="another folder"):
        read_commit_people(clone.top / "inner", None)


def test_without_git_nothing_is_checked(clone: Clone, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clone.commit()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CouldNotCheckError, match="git is not there"):
        read_commit_people(clone.top, None)


def test_a_repository_of_another_user_is_not_asked(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    clone.commit()
    if os.geteuid() == 0:
        os.chown(clone.top / ".git", 12345, 12345)
    else:
        monkeypatch.setattr("os.geteuid", lambda: 12345)
    with pytest.raises(CouldNotCheckError, match="belongs to another user"):
        read_commit_people(clone.top, None)


def test_a_commit_without_an_address_is_not_checked(clone: Clone) -> None:
    clone.commit(author="")
    with pytest.raises(CouldNotCheckError, match="without an address"):
        read_commit_people(clone.top, None)


@pytest.mark.parametrize("since", ["HEAD", "main", "--all", "", "abc1234", "g" * 40])
def test_since_is_a_whole_commit_id_and_nothing_else(clone: Clone, since: str) -> None:
    clone.commit()
    with pytest.raises(CouldNotCheckError, match="not the id of a commit"):
        read_commit_people(clone.top, since)


# --- who counts ------------------------------------------------------------------------------------------------------


def test_author_and_committer_of_head_count_in_lower_case(clone: Clone) -> None:
    clone.commit(author="Older@Example.com")
    commit = clone.commit(author="Ann@Example.COM", committer="BOB@example.com")
    found = read_commit_people(clone.top, None)
    assert (found.commit, found.people, found.dirty) == (
        commit,
        frozenset({"ann@example.com", "bob@example.com"}),
        False,
    )


@pytest.mark.parametrize(
    "line",
    [
        "Co-authored-by: Cat <cat@example.com>",
        "co-authored-by: Cat <Cat@Example.com>",
        "CO-AUTHORED-BY:Cat<cat@example.com>",
        "  Co-Authored-By : cat@example.com  ",
        "Co-authored-by: Cat <cat@example.com>\r",
        "Co-authored-by: Cat <cat@example.com>\n\nand more text after it",
    ],
)
def test_co_authors_count_however_they_are_spelled(clone: Clone, line: str) -> None:
    clone.commit(message=f"subject\n\nbody\n\n{line}\n")
    assert "cat@example.com" in read_commit_people(clone.top, None).people


def test_several_co_authors_count(clone: Clone) -> None:
    clone.commit(message="s\n\nCo-authored-by: A <a@example.com>\nCo-authored-by: B <b@example.com>\n")
    assert {"a@example.com", "b@example.com"} <= read_commit_people(clone.top, None).people


def test_a_mailmap_does_not_rename_anybody(clone: Clone) -> None:
    (clone.top / ".mailmap").write_text("Somebody <else@example.com> <ann@example.com>\n")
    clone.git("add", ".mailmap")
    clone.commit(author="ann@example.com")
    people = read_commit_people(clone.top, None).people
    assert "ann@example.com" in people
    assert "else@example.com" not in people


def test_everyone_after_the_deployed_commit_counts_and_nobody_before(clone: Clone) -> None:
    clone.commit(author="before@example.com")
    deployed = clone.commit(author="deployed@example.com")
    clone.commit(author="one@example.com")
    clone.commit(author="two@example.com")
    found = read_commit_people(clone.top, deployed)
    assert found.people == {"one@example.com", "two@example.com", "committer@example.com"}


def test_releasing_the_deployed_commit_again_still_has_its_people(clone: Clone) -> None:
    deployed = clone.commit(author="ann@example.com")
    assert "ann@example.com" in read_commit_people(clone.top, deployed).people


def merged(clone: Clone) -> str:
    """main: base - left - merge; branch: base - right. Returns base."""
    base = clone.commit(author="base@example.com")
    clone.git("checkout", "--quiet", "-b", "side")
    clone.commit("right.txt", author="right@example.com")
    clone.git("checkout", "--quiet", "main")
    clone.commit("left.txt", author="left@example.com")
    clone.git("merge", "--quiet", "--no-ff", "--message", "merge", "side")
    return base


def test_all_sides_of_a_merge_count(clone: Clone) -> None:
    base = merged(clone)
    people = read_commit_people(clone.top, base).people
    assert {"left@example.com", "right@example.com"} <= people
    assert "base@example.com" not in people


def test_a_merge_that_is_released_first_has_the_people_that_it_merged(clone: Clone) -> None:
    merged(clone)
    people = read_commit_people(clone.top, None).people
    assert "right@example.com" in people
    assert "left@example.com" not in people


def test_after_a_rewritten_history_all_that_is_new_counts(clone: Clone) -> None:
    base = clone.commit(author="base@example.com")
    deployed = clone.commit(author="gone@example.com")
    clone.git("reset", "--quiet", "--hard", base)
    clone.commit(author="one@example.com")
    clone.commit(author="two@example.com")
    people = read_commit_people(clone.top, deployed).people
    assert {"one@example.com", "two@example.com"} <= people
    assert not {"base@example.com", "gone@example.com"} & people


def test_a_deployed_commit_that_a_complete_clone_lacks_makes_everyone_count(clone: Clone) -> None:
    clone.commit(author="one@example.com")
    clone.commit(author="two@example.com")
    assert {"one@example.com", "two@example.com"} <= read_commit_people(clone.top, UNKNOWN).people


# --- shallow clones --------------------------------------------------------------------------------------------------


def shallow(clone: Clone, depth: int) -> Clone:
    target = clone.top.parent / "shallow"
    clone.git("clone", "--quiet", f"--depth={depth}", f"file://{clone.top}", str(target))
    return Clone(target)


def test_a_shallow_clone_without_the_deployed_commit_is_not_checked(clone: Clone) -> None:
    deployed = clone.commit()
    clone.commit()
    clone.commit()
    with pytest.raises(CouldNotCheckError, match="fetch --unshallow"):
        read_commit_people(shallow(clone, 1).top, deployed)


def test_a_shallow_clone_that_reaches_the_deployed_commit_is_enough(clone: Clone) -> None:
    clone.commit()
    deployed = clone.commit()
    clone.commit(author="new@example.com")
    people = read_commit_people(shallow(clone, 2).top, deployed).people
    assert people == {"new@example.com", "committer@example.com"}


def test_a_shallow_clone_that_cuts_a_side_of_a_merge_is_not_checked(clone: Clone) -> None:
    base = clone.commit()
    clone.git("checkout", "--quiet", "-b", "side")
    clone.commit("right.txt", author="hidden@example.com")
    clone.commit("right.txt")
    clone.git("checkout", "--quiet", "main")
    deployed = base
    clone.git("merge", "--quiet", "--no-ff", "--message", "merge", "side")
    cut = shallow(clone, 2)
    cut.git("cat-file", "-e", deployed)  # the deployed commit is there: the first parent of the merge
    with pytest.raises(CouldNotCheckError, match="shallow"):
        read_commit_people(cut.top, deployed)


def test_a_shallow_merge_is_not_checked_even_without_a_deployed_commit(clone: Clone) -> None:
    merged(clone)
    with pytest.raises(CouldNotCheckError, match="merge"):
        read_commit_people(shallow(clone, 1).top, None)


def test_a_shallow_plain_commit_is_enough_without_a_deployed_commit(clone: Clone) -> None:
    clone.commit()
    clone.commit(author="ann@example.com")
    assert "ann@example.com" in read_commit_people(shallow(clone, 1).top, None).people


# --- uncommitted changes ---------------------------------------------------------------------------------------------


def test_uncommitted_changes_by_nobody_known_are_anonymous(clone: Clone) -> None:
    clone.commit()
    assert not read_commit_people(clone.top, None).anonymous
    clone.change()
    found = read_commit_people(clone.top, None)
    assert found.dirty
    assert found.anonymous


def test_uncommitted_changes_add_whoever_works_here(clone: Clone) -> None:
    clone.commit()
    clone.configure_email()
    clone.change()
    found = read_commit_people(clone.top, None)
    assert found.dirty
    assert found.people == {"author@example.com", "committer@example.com", "me@example.com"}


def test_an_address_in_the_repository_does_not_hide_the_persons_own(clone: Clone) -> None:
    clone.commit()
    clone.configure_email("real@example.com")
    clone.git("config", "user.email", "mask@example.com")
    clone.change()
    assert {"real@example.com", "mask@example.com"} <= read_commit_people(clone.top, None).people


@pytest.mark.parametrize("kind", ["untracked", "deleted", "staged", "mode", "renamed", "nested repository"])
def test_every_kind_of_change_makes_it_dirty(clone: Clone, kind: str) -> None:
    clone.commit()
    clone.configure_email()
    assert not read_commit_people(clone.top, None).dirty
    if kind == "untracked":
        (clone.top / "new.txt").write_text("x")
    elif kind == "deleted":
        (clone.top / "file.txt").unlink()
    elif kind == "staged":
        clone.change()
        clone.git("add", "file.txt")
    elif kind == "mode":
        (clone.top / "file.txt").chmod(0o755)
    elif kind == "renamed":
        clone.git("mv", "file.txt", "other.txt")
    else:
        Clone.new(clone.top / "nested").commit()
    assert read_commit_people(clone.top, None).dirty


def test_changes_outside_the_project_do_not_count(clone: Clone) -> None:
    clone.commit("project/file.txt")
    clone.commit("elsewhere/file.txt")
    (clone.top / "elsewhere" / "file.txt").write_text("changed")
    assert not read_commit_people(clone.top / "project", None).dirty


def test_what_a_committed_gitignore_names_does_not_count(clone: Clone) -> None:
    (clone.top / ".gitignore").write_text(".mlgate/\n")
    clone.git("add", ".gitignore")
    clone.commit()
    (clone.top / ".mlgate").mkdir()
    (clone.top / ".mlgate" / "state").write_text("x")
    assert not read_commit_people(clone.top, None).dirty


def test_a_project_whose_files_are_all_ignored_is_not_checked(clone: Clone) -> None:
    (clone.top / ".gitignore").write_text("project/\n")
    clone.git("add", ".gitignore")
    clone.commit()
    (clone.top / "project").mkdir()
    (clone.top / "project" / "score.py").write_text("x")
    with pytest.raises(CouldNotCheckError, match="no file of the project is committed"):
        read_commit_people(clone.top / "project", None)


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_an_index_that_hides_changes_hides_nothing(clone: Clone, flag: str) -> None:
    clone.commit()
    clone.configure_email()
    clone.git("update-index", flag, "file.txt")
    clone.change()
    assert read_commit_people(clone.top, None).dirty


def test_a_private_exclude_file_hides_nothing(clone: Clone) -> None:
    clone.commit()
    clone.configure_email()
    (clone.top / ".git" / "info").mkdir(exist_ok=True)
    (clone.top / ".git" / "info" / "exclude").write_text("*\n")
    (clone.top / "hidden.py").write_text("x")
    assert read_commit_people(clone.top, None).dirty


def test_a_submodule_in_the_project_is_not_checked(clone: Clone) -> None:
    clone.commit()
    clone.git("update-index", "--add", "--cacheinfo", f"160000,{UNKNOWN},module")
    clone.git("commit", "--quiet", "--message", "module")
    with pytest.raises(CouldNotCheckError, match="submodules"):
        read_commit_people(clone.top, None)


def test_a_sparse_checkout_of_the_project_counts_as_changed(clone: Clone) -> None:
    clone.commit("kept/file.txt")
    clone.commit("left/file.txt")
    clone.configure_email()
    clone.git("sparse-checkout", "set", "kept")
    assert read_commit_people(clone.top, None).dirty
    assert not read_commit_people(clone.top / "kept", None).dirty
