"""Repositories that want more than to be read."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from cloud_backends.local.git_history import read_commit_people
from tests.fakes.git_clone import GIT, Clone
from verdicts import CouldNotCheckError


def everything_below(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


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
    clone.configure_email()
    for key, value in {**hostile_settings(trace), "core.hooksPath": str(hooks)}.items():
        clone.git("config", "--file", str(file), key, value)
    clone.change()
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
    clone.configure_email()
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
    clone.configure_email()
    clone.change()
    before = everything_below(clone.top)
    read_commit_people(clone.top, None)
    assert everything_below(clone.top) == before
