"""Which of the read files are judged: all, those of some paths, or those that a change concerns.

Everything is read in any case: what stands elsewhere in the project (a private endpoint, a pipeline's values) belongs
to the truth about each file.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy_gate.static_checks.readings import Reading
from deploy_gate.static_checks.settings import CheckSettings
from resource_readers.pipeline_parameters import KINDS
from resource_readers.project_files import NAMES

_IGNORE_FILE = ".gitignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFiles:
    """What differs from a revision.

    Attributes:
        since: the revision as the person named it.
        commit: the commit that was compared with.
        files: changed, new and removed ones, relative to the project's root, with forward slashes.
        came_or_went: the new and removed ones among them.
        folders: in which everything counts as changed (repositories of their own), ending with a slash.
    """

    since: str
    commit: str
    files: frozenset[str]
    came_or_went: frozenset[str]
    folders: tuple[str, ...] = ()

    def __contains__(self, name: str) -> bool:
        return name in self.files or any(name.startswith(folder) for folder in self.folders)

    def __bool__(self) -> bool:
        return bool(self.files or self.folders)


@dataclass(frozen=True, slots=True)
class Selection:
    """What is judged.

    Attributes:
        only: names of the files; None for all.
        notes: why, for the report.
    """

    only: frozenset[str] | None
    notes: tuple[str, ...]

    def __contains__(self, shown: str) -> bool:
        return self.only is None or shown in self.only


def select(
    readings: Sequence[Reading],
    named: frozenset[str] | None,
    changed: ChangedFiles | None,
    settings: CheckSettings,
    root: Path,
) -> Selection:
    """What is judged of a project.

    Args:
        readings: everything that was read.
        named: names of the files below the paths that were given; None for the whole project.
        changed: what differs from a revision; None if that wasn't asked.
        settings: what the project demands.
        root: the project's folder.
    """
    notes: list[str] = []
    only = named
    if named is not None:
        count = sum(one.shown in named for one in readings)
        notes.append(f"checked are {count} of {len(readings)} files; the others only tell what there is besides")
    if changed is not None:
        why = _concerns_everything(changed, settings, root)
        if why:
            notes.append(f"{why} differs from {changed.since}, so every file is checked")
        else:
            concerned = _concerned(readings, changed, root)
            only = concerned if named is None else named & concerned
            notes.append(_about(changed, len(only), len(readings)))
    return Selection(only, tuple(notes))


def _about(changed: ChangedFiles, checked: int, all_: int) -> str:
    if not changed:
        return f"nothing changed since {changed.since} ({changed.commit[:12]})"
    return (
        f"checked are the {checked} of {all_} files that differ from {changed.since} ({changed.commit[:12]}) "
        "or take in one that does"
    )


def _concerns_everything(changed: ChangedFiles, settings: CheckSettings, root: Path) -> str:
    """The changed file that says what is checked at all, or ""."""
    for path in settings.steering_files:
        name = _name(root, str(path))
        if name in changed or any(one.startswith(name + "/") for one in changed.files):
            return name
    return next((name for name in sorted(changed.files) if name.rpartition("/")[2] == _IGNORE_FILE), "")


def _concerned(readings: Sequence[Reading], changed: ChangedFiles, root: Path) -> frozenset[str]:
    pipelines = {one.shown for one in readings if one.kind in KINDS}
    # A pipeline that is gone may have given values to any template.
    pipelines |= {one for one in changed.files if one.endswith((".yml", ".yaml")) and not (root / one).exists()}
    with_values = any(name in changed for name in pipelines)
    return frozenset(
        one.shown for one in readings if _depends(one, changed, root) or (with_values and one.kind in ("arm", "bicep"))
    )


def _depends(reading: Reading, changed: ChangedFiles, root: Path) -> bool:
    if reading.shown in changed or any(digest.name in changed for digest in reading.files):
        return True
    if reading.asked is None or not reading.asked.repeatable:
        return bool(changed)
    for kind, _, path, _ in reading.asked.answers:
        name = _name(root, path)
        if name in changed:
            return True
        if kind == NAMES and any(os.path.dirname(one) == name.removeprefix(".") for one in changed.came_or_went):
            return True
    return False


def _name(root: Path, path: str) -> str:
    """A path as git and reports name it: relative to the root."""
    return os.path.relpath(os.path.join(root, path), root).replace(os.sep, "/")


def without(names: Iterable[str], changed: ChangedFiles | None) -> bool:
    """Whether none of the files changed; False where that wasn't asked."""
    return changed is not None and not any(name in changed for name in names)
