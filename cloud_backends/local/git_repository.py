"""Reading a git repository without running anything that its configuration names.

A repository's own `.git/config` can make git start programs: file system monitors, hooks, clean filters, signature
checkers, transports of a partial clone; and its index can hide changes (assume-unchanged, skip-worktree), as its
`info/exclude` can hide files. So the repository itself is only asked for paths and for the commits that HEAD and
revisions name. Everything else is asked of a view: an empty git folder of our own with our own configuration and an
index made from HEAD, which borrows the repository's objects and its working tree.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from scanners.process_runner import Command, ProcessError, ProcessResult, run
from verdicts import CouldNotCheckError

_TIMEOUT_S = 120.0
_MAXIMUM_SHALLOW_BYTES = 64 * 1024 * 1024
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")

# Command line settings win over every file. fsmonitor and hooks are what a repository could otherwise start.
_SETTINGS = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "core.untrackedCache=false", "core.commitGraph=false")
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_TERMINAL_PROMPT": "0",
    # No transport at all: older gits fetch missing objects of a partial clone by whatever its configuration says.
    "GIT_ALLOW_PROTOCOL": "none",
}


def is_commit_id(text: str) -> bool:
    """Whether the text is a whole commit id, and so can't be read as an option or a revision expression."""
    return _COMMIT.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository that may be read, and our view of it.

    Attributes:
        top: the working tree's folder.
        head: the commit of HEAD.
        shallow: commits whose parents are not in the clone, although they have some; empty in a complete clone.
    """

    top: Path
    head: str
    shallow: frozenset[str]
    _git: str
    _environment: Mapping[str, str]
    _own_environment: Mapping[str, str]

    def commit_of(self, revision: str) -> str | None:
        """The commit that a revision names in the repository itself; None if it names none.

        Whoever asks has seen to it that the revision is no option. Raises CouldNotCheckError if git can't be run.
        """
        arguments = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        ended = _run(self._git, self.top, self._own_environment, arguments)
        commit = ended.stdout.decode("ascii", "replace").strip()
        return commit if ended.exit_code == 0 and is_commit_id(commit) else None

    def ask(self, *arguments: str) -> ProcessResult:
        """Runs a git command in the view, whatever its exit code. Raises CouldNotCheckError if it can't be run."""
        return _run(self._git, self.top, self._environment, arguments)

    def read(self, *arguments: str) -> bytes:
        """What a git command in the view prints. Raises CouldNotCheckError if it fails."""
        return _succeeded(self.ask(*arguments), self.top, arguments)


@contextlib.contextmanager
def open_repository(root: Path) -> Iterator[Repository]:
    """The repository that holds the folder `root`.

    Raises:
        CouldNotCheckError: no git, no repository, one that belongs to somebody else, or no commit; says what to do.
    """
    git = _program()
    top = _top_folder(root.resolve())
    with tempfile.TemporaryDirectory(prefix="mlgate-git-") as scratch:
        safe = Path(scratch, "gitconfig")
        safe.write_text(f"[safe]\n\tdirectory = {_quoted(top)}\n", "utf-8", "surrogateescape")
        environment = {**_ENVIRONMENT, "GIT_CONFIG_GLOBAL": str(safe)}

        def path(*arguments: str) -> Path:
            output = _succeeded(_run(git, top, environment, ("rev-parse", *arguments)), top, arguments)
            return Path(os.fsdecode(output.removesuffix(b"\n")))

        if path("--show-toplevel") != top:
            raise _unreadable(top, "git takes another folder for the top of this repository (core.worktree?)")
        objects = path("--path-format=absolute", "--git-path", "objects")
        _require_trusted_owner(objects)
        shallow = _shallow(path("--path-format=absolute", "--git-path", "shallow"), top)
        head = _head(_run(git, top, environment, ("rev-parse", "--verify", "--quiet", "HEAD")), top)
        view = _make_view(Path(scratch, "view"), head, shallow)
        own = dict(environment)
        environment |= {
            "GIT_DIR": str(view),
            "GIT_WORK_TREE": str(top),
            "GIT_OBJECT_DIRECTORY": str(objects),
        }
        yield Repository(top, head, shallow, git, environment, own)


def configured_emails(top: Path) -> frozenset[str]:
    """Every `user.email` that git knows here: of the person, of the machine, of the repository. Runs nothing else.

    Raises:
        CouldNotCheckError: git can't be run, or can't read a configuration.
    """
    # The person's own configuration is meant here, so the real home; reading a configuration starts no program.
    home = {name: os.environ[name] for name in ("HOME", "XDG_CONFIG_HOME") if name in os.environ}
    arguments = ("-c", f"safe.directory={top}", "config", "--null", "--get-all", "user.email")
    result = _run(_program(), top, home, arguments)
    if result.exit_code == 1:  # no such key
        return frozenset()
    values = _succeeded(result, top, ("config", "user.email")).split(b"\0")
    return frozenset(value.decode("utf-8", "replace") for value in values if value)


def _program() -> str:
    found = shutil.which("git")
    if found is None or not os.path.isabs(found):
        raise CouldNotCheckError("git is not there", remedy="install git: it tells who wrote the release")
    return found


def _run(git: str, folder: Path, environment: Mapping[str, str], arguments: tuple[str, ...]) -> ProcessResult:
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    argv = (git, *settings, "--no-pager", "--literal-pathspecs", *arguments)
    try:
        return run(Command(argv=argv, environment=environment, working_directory=folder, timeout_s=_TIMEOUT_S))
    except ProcessError as error:
        raise CouldNotCheckError(f"git did not answer: {error}", where=str(folder)) from None


def _succeeded(result: ProcessResult, folder: Path, arguments: tuple[str, ...]) -> bytes:
    if result.exit_code != 0:
        command = next((part for part in arguments if not part.startswith("-")), "rev-parse")
        raise _unreadable(folder, f"git {command} failed: {result.error_tail(3)}")
    return result.stdout


def _unreadable(folder: Path, what: str) -> CouldNotCheckError:
    return CouldNotCheckError(what, where=str(folder), remedy="look at `git status` and `git fsck` there")


def _top_folder(root: Path) -> Path:
    for folder in (root, *root.parents):
        entry = folder / ".git"
        if os.path.lexists(entry):
            _require_trusted_owner(folder)
            _require_trusted_owner(entry)
            return folder
    raise CouldNotCheckError(
        "this is not in a git repository, so nobody knows who wrote what, or what changed",
        where=str(root),
        remedy="work in a clone: `git init`, `git add`, `git commit` begin one",
    )


def _require_trusted_owner(path: Path) -> None:
    """As git's own safe.directory: what another user can write is not to be asked who wrote it."""
    try:
        owner = path.lstat().st_uid
    except OSError as error:
        raise _unreadable(path, f"can't be read: {error.strerror}") from None
    if owner not in (os.geteuid(), 0):
        raise CouldNotCheckError(
            f"the repository belongs to another user (number {owner})",
            where=str(path),
            remedy="run mlgate as the owner, or clone it as yourself",
        )


def _quoted(path: Path) -> str:
    """A value in git's configuration syntax."""
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def _shallow(path: Path, top: Path) -> frozenset[str]:
    try:
        with path.open("rb") as stream:
            lines = stream.read(_MAXIMUM_SHALLOW_BYTES).decode("ascii", "replace").split()
    except FileNotFoundError:
        return frozenset()
    except OSError as error:
        raise _unreadable(path, f"can't be read: {error.strerror}") from None
    if not all(is_commit_id(line) for line in lines):
        raise _unreadable(top, "the list of shallow commits is damaged")
    return frozenset(lines)


def _head(result: ProcessResult, top: Path) -> str:
    head = result.stdout.decode("ascii", "replace").strip()
    if result.exit_code != 0 or not is_commit_id(head):
        raise CouldNotCheckError(
            "HEAD names no commit, so nobody knows who wrote what, or what changed",
            where=str(top),
            remedy="commit first",
        )
    return head


def _make_view(folder: Path, head: str, shallow: frozenset[str]) -> Path:
    """A git folder that holds nothing but HEAD and where the clone ends."""
    for name in ("objects", "refs"):
        (folder / name).mkdir(parents=True)
    (folder / "HEAD").write_text(f"{head}\n")
    (folder / "config").write_text(
        "[core]\n\trepositoryformatversion = 1\n\tbare = false\n"
        f"[extensions]\n\tobjectFormat = {'sha1' if len(head) == 40 else 'sha256'}\n"
    )
    if shallow:
        (folder / "shallow").write_text("".join(f"{commit}\n" for commit in sorted(shallow)))
    return folder
