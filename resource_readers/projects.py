"""Files and folders, read in one run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from resource_readers.discovery import Ignored, may_be_of_a_kind, nothing_ignored, walk_paths
from resource_readers.interface import UNKNOWN_KIND, NotRead, ReadRequest, ReadResult
from resource_readers.pipeline_parameters import KINDS, PipelineValues, pipeline_values
from resource_readers.project_files import MAXIMUM_BYTES, shown_name


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that may be of a kind that is read.

    Attributes:
        shown: its name in reports.
        path: absolute, or relative to the root.
        named: it was given itself, not found in a folder.
        large: it is too large to be read.
    """

    shown: str
    path: Path
    named: bool = False
    large: bool = False

    @property
    def may_be_pipeline(self) -> bool:
        """Whether it may be a workflow, which may say with which values templates are deployed."""
        return self.path.suffix.casefold() in (".yml", ".yaml")


def find_files(
    request: ReadRequest, paths: Sequence[Path], ignored: Ignored = nothing_ignored
) -> Iterator[FoundFile | NotRead]:
    """The files that `read_paths` reads, in order, each once; and what of the folders can't be looked at."""
    seen: set[str] = set()
    for path in paths:
        if not (request.root / path).is_dir():
            shown = shown_name(request.root, path)
            if shown not in seen:
                seen.add(shown)
                yield FoundFile(shown, path, named=True)
            continue
        for found in walk_paths(request.root, path, ignored):
            if isinstance(found, NotRead):
                yield found
            elif found.shown not in seen:
                seen.add(found.shown)
                yield FoundFile(found.shown, Path(found.path), large=found.size > MAXIMUM_BYTES)


def read_file(request: ReadRequest, found: FoundFile) -> ReadResult | None:
    """What a file gave; None for one that was found and is of none of our kinds."""
    # The readers are imported by whoever reads; who recalls what was read doesn't need them.
    from resource_readers.registry import read_if_recognised, read_resources

    request = replace(request, path=found.path)
    if found.named:
        return read_resources(request)
    # A large file of data is nothing that anybody deploys.
    if found.large and not may_be_of_a_kind(found.path):
        return None
    return read_if_recognised(request)


def nothing_read(missing: NotRead) -> ReadResult:
    """Something that can't be looked at, as a result."""
    return ReadResult(kind=UNKNOWN_KIND, not_read=(missing,))


def values_of(request: ReadRequest, results: Iterable[ReadResult]) -> Mapping[str, PipelineValues]:
    """With which values the pipelines among the results deploy templates, by the template's name in reports."""
    if request.parameters is not None or not request.neighbours:
        return {}
    return pipeline_values(one for one in results if one.kind in KINDS)


def with_values(request: ReadRequest, values: PipelineValues | None) -> ReadRequest:
    """The request for a template to which pipelines give values."""
    if values is None:
        return request
    file = values.file if values.file is not None and (request.root / values.file).is_file() else None
    return replace(request, parameters=file, given=values.given)


def read_paths(
    request: ReadRequest, paths: Sequence[Path], ignored: Ignored = nothing_ignored
) -> Iterator[tuple[str, ReadResult]]:
    """What every file gave, in order, each file once.

    Of a folder those files are read that are of one of our kinds; whatever can't be looked at is named. A file that is
    given itself is named also if it is of none.

    Args:
        request: holds for all; its `path` is not looked at.
        paths: files and folders, absolute or relative to the root.
        ignored: what to leave out of folders.
    """
    from resource_readers.registry import read_if_recognised

    files = list(find_files(request, paths, ignored))
    # Pipelines first; one that is given itself says nothing of other files.
    early: dict[str, ReadResult] = {}
    if request.parameters is None and request.neighbours:
        for found in files:
            if isinstance(found, FoundFile) and found.may_be_pipeline and not found.named and not found.large:
                result = read_if_recognised(replace(request, path=found.path), KINDS)
                if result is not None and result.kind in KINDS:
                    early[found.shown] = result
    values = values_of(request, early.values())
    for found in files:
        if isinstance(found, NotRead):
            yield found.path, nothing_read(found)
            continue
        known = early.pop(found.shown, None)
        result = known or read_file(with_values(request, values.get(found.shown)), found)
        if result is not None:
            yield found.shown, result
