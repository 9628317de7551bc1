"""Which files of a project are checked: everything but what git ignores and what the configuration leaves out."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from deploy_gate.static_checks.settings import Exclusion
from verdicts import ConfigurationError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_MAXIMUM_IGNORE_FILE = 1 << 20


@dataclass(slots=True)
class IgnoredFiles:
    """Answers what is left out (see `resource_readers.discovery.Ignored`), and counts what each exclusion left out."""

    root: Path
    exclusions: Sequence[Exclusion]
    left_out: dict[str, int] = field(default_factory=dict)
    _chains: dict[str, tuple[tuple[int, GitIgnoreSpec], ...]] = field(default_factory=dict)
    _excluded: list[tuple[Exclusion, GitIgnoreSpec]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._excluded = [(one, _patterns([one.pattern], "exclude")) for one in self.exclusions]

    def __call__(self, path: str, is_folder: bool) -> bool:
        name = path + "/" if is_folder else path
        for exclusion, patterns in self._excluded:
            if patterns.match_file(name):
                self.left_out[exclusion.pattern] = self.left_out.get(exclusion.pattern, 0) + 1
                return True
        return self._by_git(name)

    def _by_git(self, name: str) -> bool:
        """As the .gitignore files from the root down say; a deeper one has the last word."""
        verdict = False
        for start, patterns in self._above(name.rstrip("/").rpartition("/")[0]):
            answer = patterns.check_file(name[start:]).include
            if answer is not None:
                verdict = answer
        return verdict

    def _above(self, folder: str) -> tuple[tuple[int, GitIgnoreSpec], ...]:
        """The patterns that hold in a folder, each with where the paths that it sees begin; cached, as few have any."""
        known = self._chains.get(folder)
        if known is None:
            parent = self._above(folder.rpartition("/")[0]) if folder else ()
            own = self._of(folder)
            here = ((len(folder) + 1 if folder else 0, own),) if own is not None else ()
            known = self._chains[folder] = (*parent, *here)
        return known

    def _of(self, folder: str) -> GitIgnoreSpec | None:
        return _ignore_file(self.root / folder / ".gitignore")


def _ignore_file(path: Path) -> GitIgnoreSpec | None:
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _MAXIMUM_IGNORE_FILE:
            return None
        return _lenient(path.read_text(encoding="utf-8", errors="replace").splitlines())
    except OSError:
        # What isn't known to be ignored is checked.
        return None


def _lenient(lines: list[str]) -> GitIgnoreSpec:
    """The patterns that are any; git passes over the others, too."""
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError:
        kept = []
        for line in lines:
            with contextlib.suppress(ValueError):
                GitIgnoreSpec.from_lines([line])
                kept.append(line)
        return GitIgnoreSpec.from_lines(kept)


def _patterns(lines: list[str], where: str) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError as error:
        raise ConfigurationError(f"no pattern: {error}", where=where) from None
