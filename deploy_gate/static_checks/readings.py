"""Every file of a project with what its reader made of it, from this run or from an earlier one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import overload

from resource_readers.interface import NotRead, ReadResult, SourceMap
from resource_readers.notes import Notes
from resource_readers.trees.nodes import Position
from verdicts import InputDigest

Path = tuple[str | int, ...]
Places = dict[int, Mapping[Path, Position]]
"""Places of properties, by the number of the resource in its file."""


@dataclass(slots=True)
class NotedPlaces:
    """Places of a resource's properties, noted as they are asked for. Satisfies resource_readers.interface.SourceMap.

    Attributes:
        source: gives the file's own answers; it may have to read the file again.
        known: what was asked so far, by path.
        asked_more: something was asked that wasn't known.
    """

    source: Callable[[], SourceMap | None]
    known: dict[Path, Position] = field(default_factory=dict)
    asked_more: bool = False

    def position(self, path: Path) -> Position:
        """See resource_readers.interface.SourceMap."""
        place = self.known.get(path)
        if place is None:
            source = self.source()
            place = self.known[path] = source.position(path) if source is not None else Position(1)
            self.asked_more = True
        return place


@dataclass(slots=True, kw_only=True)
class Reading:
    """One file; its resources are made when they are first asked for.

    Attributes:
        shown: relative to the root.
        kind, files, not_read, parameters: see ReadResult.
        asked: what the reading depends on; None where that isn't known.
        declared: line of the declaration by the resource's id.
        examined: number of resources that the file creates.
        kept: it is from an earlier run.
        digest: of all that it says; "" where it can't be told.
        body: the resources as `reading_json` writes them; "" where they aren't written.
        skipping: those of the files in which a skip stands (`inline_skips`); None where nobody has looked.
        make: gives the resources, and the list that gets the places that are asked of them.
    """

    shown: str
    kind: str
    files: tuple[InputDigest, ...]
    not_read: tuple[NotRead, ...]
    parameters: str
    asked: Notes | None
    declared: Mapping[str, int]
    examined: int
    kept: bool
    digest: str
    body: str
    make: Callable[[list[NotedPlaces]], ReadResult]
    skipping: frozenset[str] | None = None
    _places: list[NotedPlaces] = field(default_factory=list)
    _result: ReadResult | None = None

    @property
    def result(self) -> ReadResult:
        """What the reader gave."""
        if self._result is None:
            self._result = self.make(self._places)
        return self._result

    @property
    def asked_more(self) -> bool:
        """Places were asked that weren't known before this run."""
        return any(one.asked_more for one in self._places)

    def places(self) -> Places:
        """Every place that is known."""
        return {number: one.known for number, one in enumerate(self._places) if one.known}


class Results(Sequence[tuple[str, ReadResult]]):
    """Readings as `resource_readers.projects.read_paths` gives them, each made when it is asked for."""

    def __init__(self, readings: Sequence[Reading]) -> None:
        """Takes the readings, in order."""
        self.readings = readings

    def __len__(self) -> int:
        return len(self.readings)

    @overload
    def __getitem__(self, at: int) -> tuple[str, ReadResult]: ...
    @overload
    def __getitem__(self, at: slice) -> Results: ...
    def __getitem__(self, at: int | slice) -> tuple[str, ReadResult] | Results:
        if isinstance(at, slice):
            return Results(self.readings[at])
        reading = self.readings[at]
        return reading.shown, reading.result


def reading_of(shown: str, result: ReadResult, notes: Notes | None) -> Reading:
    """A reading of this run. Places are noted where `notes` tell what it depends on, so that it may be kept."""

    def make(places: list[NotedPlaces]) -> ReadResult:
        if notes is None:
            return result
        places += [NotedPlaces(partial(_itself, one.source)) for one in result.resources]
        noted = [
            replace(one, source=place) if one.source is not None else one
            for one, place in zip(result.resources, places, strict=True)
        ]
        return replace(result, resources=tuple(noted))

    return Reading(
        shown=shown,
        kind=result.kind,
        files=result.files,
        not_read=result.not_read,
        parameters=result.parameters,
        asked=notes,
        declared={one.id: one.location.line for one in result.resources if one.location.line is not None},
        examined=sum(not one.existing for one in result.resources),
        kept=False,
        digest="",
        body="",
        make=make,
    )


def _itself(source: SourceMap | None) -> SourceMap | None:
    return source
