"""Files and folders, read in one run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from resource_readers.discovery import Ignored, may_be_of_a_kind, nothing_ignored, walk
from resource_readers.interface import NotRead, ReadRequest, ReadResult
from resource_readers.pipeline_parameters import KINDS, PipelineValues, pipeline_values
from resource_readers.project_files import MAXIMUM_BYTES, shown_name
from resource_readers.registry import UNKNOWN_KIND, read_if_recognised, read_resources


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
    seen: set[str] = set()
    known = _pipelines(request, paths, ignored)
    values = pipeline_values(known.values())
    for path in paths:
        if not (request.root / path).is_dir():
            shown = shown_name(request.root, path)
            if shown not in seen:
                seen.add(shown)
                yield shown, read_resources(_with_values(replace(request, path=path), values.get(shown)))
            continue
        for found in walk(request.root, path, ignored):
            if isinstance(found, NotRead):
                yield found.path, ReadResult(kind=UNKNOWN_KIND, not_read=(found,))
                continue
            shown = shown_name(request.root, found)
            if shown in seen:
                continue
            seen.add(shown)
            result = known.pop(shown, None) or _found(_with_values(replace(request, path=found), values.get(shown)))
            if result is not None:
                yield shown, result


def _pipelines(request: ReadRequest, paths: Sequence[Path], ignored: Ignored) -> dict[str, ReadResult]:
    """The workflows and pipelines in the folders, which may say with which values templates are deployed."""
    if request.parameters is not None or not request.neighbours:
        return {}
    results: dict[str, ReadResult] = {}
    for folder in paths:
        if not (request.root / folder).is_dir():
            continue
        for found in walk(request.root, folder, ignored):
            if isinstance(found, Path) and found.suffix.casefold() in (".yml", ".yaml"):
                result = read_if_recognised(replace(request, path=found), KINDS)
                if result is not None and result.kind in KINDS:
                    results[shown_name(request.root, found)] = result
    return results


def _with_values(request: ReadRequest, values: PipelineValues | None) -> ReadRequest:
    if values is None:
        return request
    file = values.file if values.file is not None and (request.root / values.file).is_file() else None
    return replace(request, parameters=file, given=values.given)


def _found(request: ReadRequest) -> ReadResult | None:
    try:
        large = request.path.stat().st_size > MAXIMUM_BYTES
    except OSError:
        large = False
    # A large file of data is nothing that anybody deploys.
    if large and not may_be_of_a_kind(request.path):
        return None
    return read_if_recognised(request)
