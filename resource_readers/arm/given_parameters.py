"""The parameter values that a template is read with: from the file that was named, or from one beside the template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from resource_readers.arm import parameter_files, recognition
from resource_readers.bicep import parameters as bicep_parameters
from resource_readers.bicep.modules import Library
from resource_readers.interface import NotRead, ReadRequest, Value
from resource_readers.project_files import ProjectFile, UnreadableFileError, entries_of, open_inside, place_of
from resource_readers.reading import Reading
from verdicts import InputDigest

_MAXIMUM_ENTRIES = 5_000
_MAXIMUM_TEMPLATES = 20
_WITH_STEM = (".parameters.json", ".parameters.jsonc", ".bicepparam")
_WITHOUT_STEM = ("parameters.json", "parameters.jsonc")


@dataclass(frozen=True, slots=True)
class Given:
    """Parameter values.

    Attributes:
        values: by casefolded name.
        files: every file that was opened for them.
        shown: the parameter file, relative to the root; "" if there is none.
        not_read: a file beside the template that would be taken and can't be read.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    files: tuple[InputDigest, ...] = ()
    shown: str = ""
    not_read: tuple[NotRead, ...] = ()


class ParameterFileMissing(Exception):
    """The parameter file that was asked for can't be used: without it other values would be taken."""

    def __init__(self, missing: NotRead) -> None:
        super().__init__(missing.reason)
        self.missing = missing


def load_parameters(request: ReadRequest, template: ProjectFile) -> Given:
    """The values for a template. Raises ParameterFileMissing and UnreadableFileError for a file that was asked for."""
    given = _of_files(request, template)
    return replace(given, values={**given.values, **request.given}) if request.given else given


def _of_files(request: ReadRequest, template: ProjectFile) -> Given:
    if request.parameters is not None:
        return _load(open_inside(request.root, request.parameters), request)
    if not request.neighbours:
        return Given()
    found = neighbour(request, template)
    if found is None:
        return Given()
    try:
        file = open_inside(request.root, found)
        return _load(file, request) if file.data.strip() else Given()
    except ParameterFileMissing as error:
        return Given(not_read=(error.missing,))
    except UnreadableFileError as error:
        return Given(not_read=(NotRead(error.shown, None, f"can't be read: {error}", may_hold_resources=False),))


def _load(file: ProjectFile, request: ReadRequest) -> Given:
    try:
        if file.path.suffix.casefold() == ".bicepparam":
            values, files = bicep_parameters.load(file, request)
            return Given(values, files, file.shown)
        return Given(parameter_files.parse_parameters(file.data), (file.digest,), file.shown)
    except parameter_files.ParameterFileError as error:
        missing = NotRead(file.shown, error.line, f"no parameter file: {error}")
        raise ParameterFileMissing(missing) from None


def neighbour(request: ReadRequest, template: ProjectFile) -> Path | None:
    """The parameter file beside a template that is meant for it; None if there is none, or more than one."""
    folder, stem = template.path.parent, template.path.stem.casefold()
    try:
        names = [entry.name for entry in entries_of(folder, maximum=_MAXIMUM_ENTRIES)]
    except OSError:
        return None
    wanted = {stem + ending for ending in _WITH_STEM}
    named = [name for name in names if name.casefold() in wanted and _meant(folder / name, request, template)]
    if not named:
        general = [name for name in names if name.casefold() in _WITHOUT_STEM]
        named = general if general and _only_template(names, folder, request, template) else []
    return folder / named[0] if len(named) == 1 else None


def _meant(path: Path, request: ReadRequest, template: ProjectFile) -> bool:
    """Whether a file with the template's stem is for it: one in Bicep names its template."""
    if path.suffix.casefold() != ".bicepparam":
        return True
    try:
        file = open_inside(request.root, path)
        library = Library(request.root, request.session, request.bicep_modules)
        made = bicep_parameters.parse(file, library, Reading(file.shown))
        if made.template is None or not made.template.path:
            return False
        return place_of(made.folder / made.template.path).real == template.path
    except (UnreadableFileError, parameter_files.ParameterFileError, OSError):
        return False


def _only_template(names: list[str], folder: Path, request: ReadRequest, template: ProjectFile) -> bool:
    """Whether no other template stands beside it (one that was compiled from it, or it from, isn't another)."""
    looked = 0
    for name in names:
        path = folder / name
        if path.stem.casefold() == template.path.stem.casefold():
            continue
        suffix = path.suffix.casefold()
        if suffix == ".bicep":
            return False
        if suffix in (".json", ".jsonc"):
            looked += 1
            if looked > _MAXIMUM_TEMPLATES:
                return False
            try:
                if recognition.is_template(open_inside(request.root, path)):
                    return False
            except UnreadableFileError:
                return False
    return True
