"""Who wrote a release: real repositories, and hostile ones."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from cloud_backends.local.git_history import GitHistory, read_commit_people
from deploy_gate.ports import SourceHistory
from verdicts import CouldNotCheckError

GIT = shutil.which("git") or "git"
UNKNOWN = "0123456789" * 4


class Clone:
    """A repository with a working tree, driven as a person would."""

    def __init__(self, top: Path) -> None:
        self.top = top

    @classmethod
    def new(cls, top: Path) -> Clone:
        top.mkdir(parents=True, exist_ok=True)
        clone = cls(top)
        clone.git("init", "--quiet", "--initial-branch=main")
        return clone

    def git(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        clean = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.top.parent),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "x",
            "GIT_COMMITTER_NAME": "x",
            "GIT_AUTHOR_EMAIL": "author@example.com",
            "GIT_COMMITTER_EMAIL": "committer@example.com",
        }
        done = subprocess.run(
            [GIT, *arguments],
            cwd=self.top,
            env=clean | dict(environment or {}),
            capture_output=True,
            check=True,
        )
        return done.stdout.decode().strip()

    def commit(
        self,
        name: str = "file.txt",
        *,
        author: str = "author@example.com",
        committer: str = "committer@example.com",
        message: str = "change",
    ) -> str:
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as stream:
            stream.write("line\n")
        self.git("--literal-pathspecs", "add", "--force", "--", name)
        self.git(
            "commit",
            "--quiet",
            "--cleanup=verbatim",
            "--message",
            message,
            environment={"GIT_AUTHOR_EMAIL": author, "GIT_COMMITTER_EMAIL": committer},
        )
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    # A person without any configuration, in a home of its own.
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    return Clone.new(tmp_path / "project")


def everything_below(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


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


def configure_email(clone: Clone, address: str = "Me@Example.com") -> None:
    (clone.top.parent / ".gitconfig").write_text(f"[user]\n\temail = {address}\n")


def change(clone: Clone) -> None:
    (clone.top / "file.txt").write_text("changed\n")


def test_uncommitted_changes_by_nobody_known_are_not_checked(clone: Clone) -> None:
    clone.commit()
    change(clone)
    with pytest.raises(CouldNotCheckError, match="uncommitted changes by nobody known"):
        read_commit_people(clone.top, None)


def test_uncommitted_changes_add_whoever_works_here(clone: Clone) -> None:
    clone.commit()
    configure_email(clone)
    change(clone)
    found = read_commit_people(clone.top, None)
    assert found.dirty
    assert found.people == {"author@example.com", "committer@example.com", "me@example.com"}


def test_an_address_in_the_repository_does_not_hide_the_persons_own(clone: Clone) -> None:
    clone.commit()
    configure_email(clone, "real@example.com")
    clone.git("config", "user.email", "mask@example.com")
    change(clone)
    assert {"real@example.com", "mask@example.com"} <= read_commit_people(clone.top, None).people


@pytest.mark.parametrize("kind", ["untracked", "deleted", "staged", "mode", "renamed", "nested repository"])
def test_every_kind_of_change_makes_it_dirty(clone: Clone, kind: str) -> None:
    clone.commit()
    configure_email(clone)
    assert not read_commit_people(clone.top, None).dirty
    if kind == "untracked":
        (clone.top / "new.txt").write_text("x")
    elif kind == "deleted":
        (clone.top / "file.txt").unlink()
    elif kind == "staged":
        change(clone)
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
    configure_email(clone)
    clone.git("update-index", flag, "file.txt")
    change(clone)
    assert read_commit_people(clone.top, None).dirty


def test_a_private_exclude_file_hides_nothing(clone: Clone) -> None:
    clone.commit()
    configure_email(clone)
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


# --- hostile repositories --------------------------------------------------------------------------------------------


def hostile_settings(trace: Path) -> dict[str, str]:
    command = f"touch {trace}; cat; true"
    return {
        "core.fsmonitor": f"touch {trace}; false",
        "core.pager": command,
        "core.editor": command,
        "core.sshCommand": command,
        "core.alternateRefsCommand": command,
        "core.askPass": command,
        "pager.log": command,
        "diff.external": command,
        "filter.evil.clean": command,
        "filter.evil.smudge": command,
        "filter.evil.required": "true",
        "filter.evil2.process": command,
        "diff.evil.textconv": command,
        "gpg.program": command,
        "log.showSignature": "true",
        "credential.helper": f"!{command}",
        "alias.status": f"!{command}",
        "alias.log": f"!{command}",
        "core.untrackedCache": "true",
    }


@pytest.mark.parametrize("place", ["repository", "person"])
def test_no_program_that_a_configuration_names_is_run(clone: Clone, place: str, tmp_path: Path) -> None:
    (clone.top / ".gitattributes").write_text("* filter=evil diff=evil\nother.txt filter=evil2\n")
    clone.git("add", ".gitattributes")
    clone.commit("other.txt")
    clone.commit()
    trace = tmp_path / "trace"
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-index-change", "pre-commit", "post-checkout", "reference-transaction"):
        for folder in (hooks, clone.top / ".git" / "hooks"):
            folder.mkdir(exist_ok=True)
            (folder / name).write_text(f"#!/bin/sh\ntouch {trace}\n")
            (folder / name).chmod(0o755)
    file = clone.top / ".git" / "config" if place == "repository" else tmp_path / ".gitconfig"
    configure_email(clone)
    for key, value in {**hostile_settings(trace), "core.hooksPath": str(hooks)}.items():
        clone.git("config", "--file", str(file), key, value)
    change(clone)
    (clone.top / "other.txt").write_text("changed too\n")
    found = read_commit_people(clone.top, None)
    assert found.dirty
    assert "me@example.com" in found.people
    assert not trace.exists()
    # The trap is a real one: plain git falls into it.
    subprocess.run(
        [GIT, "status"], cwd=clone.top, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)}, capture_output=True
    )
    assert trace.exists()


def test_a_partial_clone_does_not_fetch_what_is_missing(clone: Clone, tmp_path: Path) -> None:
    commit = clone.commit()
    trace = tmp_path / "trace"
    clone.git("config", "core.repositoryFormatVersion", "1")
    clone.git("config", "extensions.partialClone", "origin")
    clone.git("config", "remote.origin.url", str(clone.top))
    clone.git("config", "remote.origin.promisor", "true")
    clone.git("config", "remote.origin.uploadpack", f"touch {trace}; git-upload-pack")
    (clone.top / ".git" / "objects" / commit[:2] / commit[2:]).unlink()
    with pytest.raises(CouldNotCheckError):
        read_commit_people(clone.top, None)
    assert not trace.exists()


def test_a_configured_working_tree_elsewhere_is_refused(clone: Clone, tmp_path: Path) -> None:
    clone.commit()
    (tmp_path / "clean").mkdir()
    clone.git("config", "core.worktree", str(tmp_path / "clean"))
    with pytest.raises(CouldNotCheckError, match="another folder"):
        read_commit_people(clone.top, None)


def test_the_callers_variables_do_not_lead_elsewhere(
    clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = clone.commit()
    other = Clone.new(tmp_path / "other")
    other.commit(author="stranger@example.com")
    monkeypatch.setenv("GIT_DIR", str(other.top / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.top))
    found = read_commit_people(clone.top, None)
    assert found.commit == commit
    assert "stranger@example.com" not in found.people


def test_replaced_commits_do_not_rename_anybody(clone: Clone) -> None:
    mine = clone.commit(author="mine@example.com")
    tree = clone.git("rev-parse", "HEAD^{tree}")
    forged = clone.git("commit-tree", tree, "-m", "x", environment={"GIT_AUTHOR_EMAIL": "forged@example.com"})
    clone.git("replace", mine, forged)
    people = read_commit_people(clone.top, None).people
    assert "mine@example.com" in people
    assert "forged@example.com" not in people


@pytest.mark.parametrize("name", ["-rf", "--all", ":(exclude)*", "*", "a b\tc", "ümlaut", "new\nline", 'quo"te\\'])
def test_hostile_file_and_folder_names_are_only_names(clone: Clone, name: str) -> None:
    configure_email(clone)
    clone.commit(f"{name}/file.txt")
    clone.commit("clean/file.txt")
    assert not read_commit_people(clone.top / name, None).dirty
    (clone.top / name / name).write_text("x")
    assert read_commit_people(clone.top / name, None).dirty
    assert not read_commit_people(clone.top / "clean", None).dirty


@pytest.mark.parametrize("name", ["-project", "a b", 'quo"te\\', "new\nline", "semi;colon#hash"])
def test_a_repository_in_a_folder_of_any_name_is_read(tmp_path: Path, name: str, clone: Clone) -> None:
    other = Clone.new(tmp_path / "x" / name)
    commit = other.commit()
    assert read_commit_people(other.top, None).commit == commit


def test_a_branch_of_any_name_is_read(clone: Clone) -> None:
    clone.commit()
    commit = clone.git("rev-parse", "HEAD")
    (clone.top / ".git" / "refs" / "heads" / "--upload-pack=x").write_text(f"{commit}\n")
    (clone.top / ".git" / "HEAD").write_text("ref: refs/heads/--upload-pack=x\n")
    assert read_commit_people(clone.top, None).commit == commit


def test_a_linked_working_tree_is_read(clone: Clone, tmp_path: Path) -> None:
    clone.commit()
    clone.git("worktree", "add", "--quiet", "-b", "linked", str(tmp_path / "linked"))
    linked = Clone(tmp_path / "linked")
    commit = linked.commit(author="linked@example.com")
    found = read_commit_people(linked.top, None)
    assert (found.commit, found.dirty) == (commit, False)
    assert "linked@example.com" in found.people


def test_packed_objects_and_refs_are_read(clone: Clone) -> None:
    deployed = clone.commit()
    commit = clone.commit(author="ann@example.com")
    clone.git("gc", "--quiet")
    found = read_commit_people(clone.top, deployed)
    assert (found.commit, found.dirty) == (commit, False)
    assert "ann@example.com" in found.people


def test_a_repository_with_long_hashes_is_read(tmp_path: Path, clone: Clone) -> None:
    top = tmp_path / "long"
    top.mkdir()
    long = Clone(top)
    long.git("init", "--quiet", "--object-format=sha256", "--initial-branch=main")
    first = long.commit()
    long.commit(author="ann@example.com")
    assert "ann@example.com" in read_commit_people(top, first).people


def test_reading_leaves_the_repository_as_it_was(clone: Clone) -> None:
    clone.commit()
    configure_email(clone)
    change(clone)
    before = everything_below(clone.top)
    read_commit_people(clone.top, None)
    assert everything_below(clone.top) == before
