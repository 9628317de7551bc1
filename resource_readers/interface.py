"""What every reader gives: resources, and the name of everything that it did not read.

A reader turns one file into resources as Azure Resource Manager names them. It never raises for what stands in the
file: what it can't read is a `NotRead` with file and line, and a value that can't be known before the deployment is an
`Unknown` that says why. Both are answers; silence isn't one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

from resource_readers.notes import Notes, note_all, taking_notes
from resource_readers.project_files import ProjectFile
from resource_readers.trees.nodes import Position
from verdicts import InputDigest, Location
from verdicts.records import record

T = TypeVar("T")

UNKNOWN_KIND = "unknown"
"""The kind of what no reader could look at."""

Value = Any
"""str, int, float, bool, None, a list or dict (keys: str) of values, or an Unknown at any place in them."""


@record(frozen=True, slots=True)
class Unknown:
    """A value that can't be known from the files alone.

    Attributes:
        reason: why, in a few words ("the parameter 'location' has no value").
        text: as far as it is known as text, with `{...}` for what isn't ("kv-{uniqueString(resourceGroup().id)}"). The
            same text means the same value within one deployment. Never to be compared with a plain text.
        resource: the id of the resource that it is read from, in the form of `text`; "" if it is no such value.
        path: the property of that resource, from its top ("identity", "principalId").
    """

    reason: str
    text: str = ""
    resource: str = ""
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotRead:
    """A part of a file that was not read.

    Attributes:
        path: the file, relative to the root.
        line: 1-based, or None where it is the whole file.
        reason: why, in a sentence without full stop.
        may_hold_resources: False only where what was not read can't declare a resource.
    """

    path: str
    line: int | None
    reason: str
    may_hold_resources: bool = True

    @property
    def location(self) -> Location:
        """The place, as findings give it."""
        return Location(self.path, self.line)


class SourceMap(Protocol):
    """Where the properties of a resource stand."""

    def position(self, path: tuple[str | int, ...]) -> Position:
        """Place of the property at `path`, or of the nearest one around it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource that a file would create, or refers to (`existing`).

    Attributes:
        type: whole type with the name space, as written ("Microsoft.KeyVault/vaults/secrets").
        api_version: as written; "" if there is none.
        name: whole name with those of its parents ("vault/secret"), or an Unknown.
        id: whole resource id with `{...}` for what isn't known.
        scope: id of what it is deployed to or extends, in the same form: a resource group, a subscription, a management
            group, the tenant ("/") or, for an extension resource, another resource.
        properties: its `properties`, or an Unknown.
        fields: everything else that stands on its top level (location, sku, identity, tags, kind ...), evaluated.
        location: file and line of the declaration.
        condition: True, or an Unknown if it depends on something unknown (one that is false isn't listed).
        repeated: it stands for an unknown number of resources (a loop over something unknown).
        existing: it is referred to, not created.
        source: where its properties stand.
    """

    type: str
    api_version: str
    name: Value
    id: str
    scope: str
    properties: Value
    location: Location
    fields: Mapping[str, Value] = field(default_factory=dict)
    condition: Value = True
    repeated: bool = False
    existing: bool = False
    source: SourceMap | None = None

    def place(self, *path: str | int) -> Position:
        """Line and column of a property, counted from the resource's top ("properties", "roleDefinitionId")."""
        return self.source.position(path) if self.source is not None else Position(self.location.line or 1)

    def line(self, *path: str | int) -> int:
        """Line of a property, see `place`."""
        return self.place(*path).line


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadResult:
    """What a reader made of one file and those that it refers to.

    Attributes:
        kind: "arm", "bicep", ...
        resources: in the file's order.
        not_read: everything that was not read; empty means the file was read whole.
        files: every file that was opened, with the digest of what was read.
        parameters: the file that the parameters' values are from, relative to the root; "" if there is none.
    """

    kind: str
    resources: tuple[Resource, ...] = ()
    not_read: tuple[NotRead, ...] = ()
    files: tuple[InputDigest, ...] = ()
    parameters: str = ""


class Session:
    """What the reads of one run share, so that a file which ten others use is parsed once. Not for several threads."""

    MAXIMUM_KEPT = 500

    def __init__(self) -> None:
        self._kept: dict[tuple[object, ...], tuple[object, Notes]] = {}

    def once(self, make: Callable[[], T], *key: object) -> T:
        """What `make` gave for the key when it was first asked, as long as it is kept.

        Args:
            make: gives the value; what it raises isn't kept.
            key: the making module's name, then whatever the value depends on (a digest, not a path alone).
        """
        if key in self._kept:
            self._kept[key] = self._kept.pop(key)  # moves it to the end: the one used longest ago goes first
        else:
            while len(self._kept) >= self.MAXIMUM_KEPT:
                del self._kept[next(iter(self._kept))]
            with taking_notes() as notes:
                made = make()
            self._kept[key] = (made, notes)
            return made
        value, notes = self._kept[key]
        note_all(notes)
        return cast(T, value)


class BicepCompiler(Protocol):
    """The `bicep` CLI, where there is a healthy one."""

    def compile(self, file: Path) -> bytes:
        """The ARM template (JSON) of a Bicep file. Raises verdicts.CouldNotCheckError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """What to read.

    Attributes:
        root: the project's folder; nothing outside it is read, also not by a link.
        path: the file, absolute or relative to the root.
        parameters: a file with parameter values, or None.
        given: values of parameters by casefolded name, which win over those of files.
        neighbours: where `parameters` is None, whether a parameter file beside the template that is named after it
            gives the values.
        bicep: compiles Bicep files; None for our own front end.
        bicep_modules: folders outside of the root in which the bicep CLI keeps the modules that it restored from
            registries (by default it has one, `~/.bicep`); nothing else in them is read.
        session: shared by the requests of one run.
    """

    root: Path
    path: Path
    parameters: Path | None = None
    given: Mapping[str, Value] = field(default_factory=dict)
    neighbours: bool = False
    bicep: BicepCompiler | None = None
    bicep_modules: tuple[Path, ...] = ()
    session: Session = field(default_factory=Session)


class Reader(Protocol):
    """One kind of file."""

    @property
    def kind(self) -> str:
        """Stable name of the kind."""

    def recognises(self, file: ProjectFile) -> bool:
        """Whether the file is of this kind, by its content (and its name where the content can't tell).

        Also true for a file that is meant to be of this kind and is broken: `read` then says so.
        """

    def read(self, file: ProjectFile, request: ReadRequest) -> ReadResult:
        """The file's resources. Doesn't raise for anything that stands in files."""
