"""Everything that a project holds, read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy_gate.static_checks.inputs import IgnoredFiles
from deploy_gate.static_checks.kept_readings import KeptReadings
from deploy_gate.static_checks.readings import Reading
from deploy_gate.static_checks.settings import CheckSettings
from resource_readers.interface import NotRead, ReadRequest
from resource_readers.pipeline_parameters import KINDS
from resource_readers.projects import FoundFile, find_files, values_of


@dataclass(frozen=True, slots=True)
class ProjectReadings:
    """What was read.

    Attributes:
        readings: every file of our kinds, and everything that can't be looked at.
        named: names of the files below the paths that were given; None where the whole project was.
        notes: what was left out.
    """

    readings: tuple[Reading, ...]
    named: frozenset[str] | None
    notes: tuple[str, ...]


def read_project(
    memory: KeptReadings, request: ReadRequest, paths: Sequence[Path], settings: CheckSettings
) -> ProjectReadings:
    """Reads the whole project, whatever part of it is to be judged, and files that are given by name.

    Args:
        memory: reads, or recalls.
        request: holds for all files.
        paths: files and folders, absolute or relative to the root.
        settings: what is left out.
    """
    root = request.root
    ignored = IgnoredFiles(root, settings.exclude)
    whole = any(_is_root(path, root) for path in paths)
    folders = [path for path in paths if (root / path).is_dir()]
    files = [path for path in paths if not (root / path).is_dir()]
    # Files that are given themselves are read also where they would be left out; so are folders of tools.
    found = list(dict.fromkeys(find_files(request, [*files, root, *folders], ignored)))
    named = None if whole else _names(find_files(request, paths, IgnoredFiles(root, settings.exclude)))
    notes = tuple(
        f"left out by {one.pattern!r} ({ignored.left_out.get(one.pattern, 0)} files and folders): {one.reason}"
        for one in settings.exclude
    )
    return ProjectReadings(tuple(_read(memory, request, found)), named, notes)


def _is_root(path: Path, root: Path) -> bool:
    return (root / path).resolve() == root.resolve()


def _names(found: Iterable[FoundFile | NotRead]) -> frozenset[str]:
    return frozenset(one.path if isinstance(one, NotRead) else one.shown for one in found)


def _read(memory: KeptReadings, request: ReadRequest, found: Sequence[FoundFile | NotRead]) -> Iterator[Reading]:
    """Pipelines first: they may say with which values templates are deployed."""
    early = {
        one.shown: memory.read(one)
        for one in found
        if isinstance(one, FoundFile) and one.may_be_pipeline and not one.named and not one.large
    }
    values = values_of(request, (one.result for one in early.values() if one is not None and one.kind in KINDS))
    for one in found:
        given = None if isinstance(one, NotRead) else values.get(one.shown)
        known = not isinstance(one, NotRead) and given is None and one.shown in early
        reading = early[one.shown] if known and isinstance(one, FoundFile) else memory.read(one, given)
        if reading is not None:
            yield reading
