"""Which files of a project differ from a revision, as git tells it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from cloud_backends.local.git_repository import Repository, is_commit_id, open_repository
from deploy_gate.static_checks.selection import ChangedFiles
from verdicts import ConfigurationError, CouldNotCheckError
from verdicts.text import one_line

# Names of branches, tags and commits, and what git knows to add to them (~2, ^, @{upstream}, @{1.day.ago}).
_REVISION = re.compile(r"[A-Za-z0-9_@./][\w@./+~^{}-]*")
_MAXIMUM_REVISION = 250


def changed_since(root: Path, revision: str) -> ChangedFiles:
    """What differs from where HEAD left a revision: committed, staged, in the working tree, and new files.

    Args:
        root: the project's folder, somewhere in a repository.
        revision: a branch, tag or commit.

    Raises:
        ConfigurationError: git knows no such revision.
        CouldNotCheckError: no git, no repository, no common ancestor in the clone; says what to do.
    """
    top = root.resolve()
    with open_repository(top) as repository:
        commit = commit_named(repository, revision)
        base = _merge_base(repository, commit, revision)
        repository.read("update-ref", "--no-deref", "HEAD", base)
        repository.read("read-tree", base)
        asked = ("--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--ignored=no")
        listed = repository.read("status", *asked, "--", str(top))
        below = os.path.relpath(top, repository.top).replace(os.sep, "/")
    return _changes(listed, "" if below == "." else f"{below}/", revision, base)


def commit_named(repository: Repository, revision: str) -> str:
    """The commit that a person named. Raises ConfigurationError if that is no revision, or git knows none."""
    if not _REVISION.fullmatch(revision) or ".." in revision or len(revision) > _MAXIMUM_REVISION:
        raise ConfigurationError(
            f"{one_line(revision)!r} is no revision", remedy="name a branch, a tag or a commit, such as origin/main"
        )
    commit = repository.commit_of(revision)
    if commit is None:
        raise ConfigurationError(
            f"git knows no revision {revision!r} here",
            remedy="fetch it first; a pipeline needs the whole history (fetch-depth: 0)",
        )
    return commit


def _merge_base(repository: Repository, commit: str, revision: str) -> str:
    ended = repository.ask("merge-base", repository.head, commit)
    base = ended.stdout.decode("ascii", "replace").strip()
    if ended.exit_code == 0 and is_commit_id(base):
        return base
    if repository.shallow:
        raise CouldNotCheckError(
            f"the clone is shallow and ends before HEAD and {revision} meet",
            where=str(repository.top),
            remedy="type `git fetch --unshallow`, or let the pipeline check out the whole history (fetch-depth: 0)",
        )
    raise CouldNotCheckError(
        f"HEAD and {revision} have no commit in common", where=str(repository.top), remedy="name another revision"
    )


def _changes(listed: bytes, prefix: str, revision: str, base: str) -> ChangedFiles:
    """Reads `git status --porcelain=v1 -z`: two letters, a blank, a path; the paths count from the top."""
    files: set[str] = set()
    came_or_went: set[str] = set()
    folders: list[str] = []
    for entry in os.fsdecode(listed).split("\0"):
        if not entry:
            continue
        state, path = entry[:2], entry[3:]
        if not path.startswith(prefix):
            raise CouldNotCheckError(f"git status names a file outside of the project: {one_line(path)}")
        name = path.removeprefix(prefix)
        if name.endswith("/"):  # a repository of its own, of which git looks at nothing
            folders.append(name)
            continue
        files.add(name)
        if state != " M":
            came_or_went.add(name)
    return ChangedFiles(
        since=revision,
        commit=base,
        files=frozenset(files),
        came_or_went=frozenset(came_or_went),
        folders=tuple(folders),
    )
