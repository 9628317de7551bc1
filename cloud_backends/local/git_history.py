"""Who wrote a release, as git tells it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from cloud_backends.local.git_repository import Repository, configured_emails, is_commit_id, open_repository
from deploy_gate.source_history import CommitPeople
from verdicts import CouldNotCheckError

_CO_AUTHOR = re.compile(r"^[ \t]*co-authored-by[ \t]*:[ \t]*(.*)$", re.IGNORECASE | re.MULTILINE)
_IN_BRACKETS = re.compile(r"<([^<>]*)>")
# Commit, author, committer, message; not %aE and %cE, which a .mailmap in the repository would rewrite.
_FORMAT = "--format=tformat:%H%x00%ae%x00%ce%x00%B"


class GitHistory:
    """`deploy_gate.ports.SourceHistory` from the git repository around the project."""

    def people(self, root: Path, since: str | None) -> CommitPeople:
        """See `read_commit_people`."""
        return read_commit_people(root, since)


def read_commit_people(root: Path, since: str | None) -> CommitPeople:
    """The commit of HEAD and everyone behind what it adds to the commit `since`.

    These are the people of HEAD itself and of every commit that HEAD has and `since` doesn't, on all sides of a merge.
    Without `since`: of HEAD, and if it is a merge, of all that it merged. Where `since` is not an ancestor (history
    was rewritten, an older state is released again) the same rule holds; where a complete clone doesn't have it at
    all, the whole history counts.

    Args:
        root: the project's folder, somewhere in a repository.
        since: the whole id of the commit that is deployed now, or None.

    Raises:
        CouldNotCheckError: no repository, no commit, commits missing from a shallow clone, a commit without an
            address, submodules (their commits aren't looked at); says what to do.
    """
    if since is not None and not is_commit_id(since):
        raise CouldNotCheckError(f"{since!r} is not the id of a commit", where=str(root))
    with open_repository(root) as repository:
        commits = _commits(repository, "--no-walk", repository.head)
        commits |= _new_commits(repository, since)
        people = frozenset[str]().union(*(commit.people for commit in commits))
        dirty = _is_dirty(repository, root.resolve())
        at_work = _people_at_work(repository.top) if dirty else frozenset()
    return CommitPeople(commit=repository.head, people=people | at_work, dirty=dirty, anonymous=dirty and not at_work)


@dataclass(frozen=True, slots=True)
class _Commit:
    id: str
    people: frozenset[str]


def _new_commits(repository: Repository, since: str | None) -> set[_Commit]:
    """What HEAD adds to `since`; without `since`, what a merge adds to its first parent."""
    if since is None:
        parents = _parents(repository)
        if len(parents) < 2:
            return set()
        since = parents[0]
    elif not _has(repository, since):
        if repository.shallow:
            raise _incomplete(repository, f"the clone is shallow and doesn't have the commit {since}")
        return _commits(repository, repository.head)
    commits = _commits(repository, repository.head, f"^{since}")
    if any(commit.id in repository.shallow for commit in commits):
        raise _incomplete(repository, f"the clone is shallow and ends before the commit {since}")
    return commits


def _parents(repository: Repository) -> list[str]:
    """Parents of HEAD as the commit itself names them (the view of a shallow clone has none)."""
    raw = repository.read("cat-file", "commit", repository.head)
    header = raw.split(b"\n\n", 1)[0].decode("ascii", "replace").splitlines()
    parents = [line.removeprefix("parent ") for line in header if line.startswith("parent ")]
    if len(parents) > 1 and repository.head in repository.shallow:
        raise _incomplete(repository, "HEAD is a merge, and the clone is shallow: what it merged is not there")
    return parents


def _has(repository: Repository, commit: str) -> bool:
    return repository.ask("cat-file", "-e", f"{commit}^{{commit}}").exit_code == 0


def _incomplete(repository: Repository, what: str) -> CouldNotCheckError:
    return CouldNotCheckError(
        f"{what}, so not everyone who wrote the release is known",
        where=str(repository.top),
        remedy="type `git fetch --unshallow`, or let the pipeline check out the whole history (fetch-depth: 0)",
    )


def _commits(repository: Repository, *revisions: str) -> set[_Commit]:
    output = repository.read("log", "-z", _FORMAT, "--no-show-signature", "--no-color", *revisions, "--")
    fields = output.decode("utf-8", "replace").split("\0")
    if fields.pop() != "" or len(fields) % 4:
        raise CouldNotCheckError("git log gave something that can't be read", where=str(repository.top))
    return {_commit(*fields[start : start + 4], top=repository.top) for start in range(0, len(fields), 4)}


def _commit(commit: str, author: str, committer: str, message: str, *, top: Path) -> _Commit:
    people = {_normal(author), _normal(committer)}
    if "" in people:
        raise CouldNotCheckError(
            f"the commit {commit} has an author or committer without an address",
            where=str(top),
            remedy="commit it again with user.email set",
        )
    return _Commit(commit, frozenset(people | _co_authors(message)))


def _co_authors(message: str) -> set[str]:
    """Addresses of all co-authors, wherever in the message they stand; of a name without an address, the name."""
    found: set[str] = set()
    for line in _CO_AUTHOR.findall(message):
        found.update(map(_normal, _IN_BRACKETS.findall(line) or [line]))
    return found - {""}


def _normal(address: str) -> str:
    return address.strip().casefold()


def _is_dirty(repository: Repository, root: Path) -> bool:
    """Whether something below `root` is in no commit. Files that a committed .gitignore names don't count."""
    repository.read("read-tree", repository.head)
    tracked = repository.read("ls-files", "--stage", "-z", "--full-name", "--", str(root))
    if any(entry.startswith(b"160000 ") for entry in tracked.split(b"\0")):
        raise CouldNotCheckError(
            "there are submodules below the project, and who wrote them is not in this repository",
            where=str(root),
            remedy="move them out of the project's folder, or commit their files here",
        )
    changes = repository.read(
        "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=normal", "--", str(root)
    )
    if not tracked and not changes:
        raise CouldNotCheckError(
            "no file of the project is committed",
            where=str(root),
            remedy="look at .gitignore, and commit what is to be released",
        )
    return bool(changes)


def _people_at_work(top: Path) -> frozenset[str]:
    """Whoever may have made what is in no commit; empty where git knows nobody."""
    return frozenset(map(_normal, configured_emails(top))) - {""}
