"""Parameter values from a `.bicepparam` file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from resource_readers.arm.parameter_files import ParameterFileError
from resource_readers.bicep.imports import bind_all
from resource_readers.bicep.modules import MAXIMUM_MODULE_DEPTH, Library
from resource_readers.bicep.scopes import BicepScope
from resource_readers.bicep.statements import Misread, Parameter, ParameterSource, Statement
from resource_readers.interface import ReadRequest, Value
from resource_readers.project_files import ProjectFile, UnreadableFileError
from resource_readers.reading import Reading
from resource_readers.template_language.evaluation import Frame
from resource_readers.template_language.resource_ids import DeploymentScope, Level
from resource_readers.template_language.unknowns import LimitError, unknown_call
from verdicts import InputDigest

_GIVEN_LATER = {
    "getsecret": "it is a Key Vault secret",
    "readenvironmentvariable": "it is in the environment of whoever deploys",
    "readenvvar": "it is in the environment of whoever deploys",
    "readcliarg": "whoever deploys gives it",
    "externalinput": "whoever deploys gives it",
}


@dataclass(frozen=True, slots=True)
class ParameterFile:
    """What a parameter file says.

    Attributes:
        values: by casefolded name.
        template: what it is for, or None where it doesn't say.
        folder: what the template's path is relative to.
    """

    values: Mapping[str, Value]
    template: ParameterSource | None
    folder: Path


def load(file: ProjectFile, request: ReadRequest) -> tuple[Mapping[str, Value], tuple[InputDigest, ...]]:
    """The values by casefolded name, and every file that was opened for them.

    Raises:
        ParameterFileError: with the line; a parameter that can't be read is an error, since its default would be taken
            instead.
    """
    reading = Reading(file.shown)
    reading.files[file.shown] = file.digest
    made = parse(file, Library(request.root, request.session, request.bicep_modules), reading)
    missed = next(iter(reading.not_read.values()), None)
    if missed is not None:
        raise ParameterFileError(missed.reason, missed.line)
    return made.values, tuple(reading.files.values())


def parse(file: ProjectFile, library: Library, reading: Reading) -> ParameterFile:
    """What the file says. Raises ParameterFileError."""
    try:
        return _parsed(file, library, reading, (file.path,))
    except UnreadableFileError as error:
        raise ParameterFileError(f"{error.shown}: {error}") from None
    except (LimitError, RecursionError) as error:
        raise ParameterFileError(f"it takes too much to evaluate: {error}") from None


def _parsed(file: ProjectFile, library: Library, reading: Reading, opened: tuple[Path, ...]) -> ParameterFile:
    statements = library.statements(file)
    missed = next((one for one in statements if isinstance(one, Misread)), None)
    if missed is not None:
        raise ParameterFileError(missed.reason, missed.line)
    template, base = None, None
    for one in statements:
        if isinstance(one, ParameterSource) and one.keyword == "extends":
            base = _extended(one, file, library, reading, opened)
        elif isinstance(one, ParameterSource):
            template = one
    scope = _Names(reading, statements, file, library)
    bind_all(statements, scope, library, file, opened)
    inherited = base.values if base is not None else {}
    scope.imported["base"] = lambda: dict(inherited)
    frame = Frame(scope)
    own = {one.name.casefold(): scope.symbol(one.name, frame) for one in statements if isinstance(one, Parameter)}
    if template is None and base is not None:
        return ParameterFile({**inherited, **own}, base.template, base.folder)
    return ParameterFile({**inherited, **own}, template, file.path.parent)


def _extended(
    one: ParameterSource, file: ProjectFile, library: Library, reading: Reading, opened: tuple[Path, ...]
) -> ParameterFile:
    other = library.open(file.path.parent / one.path, reading)
    if other.path in opened or len(opened) > MAXIMUM_MODULE_DEPTH:
        raise ParameterFileError("the parameter files extend each other", one.line)
    try:
        return _parsed(other, library, reading.part(other.shown), (*opened, other.path))
    except ParameterFileError as error:
        raise ParameterFileError(f"it extends {one.path}, line {error.line or 1}: {error}", one.line) from None


class _Names(BicepScope):
    """What names and functions mean inside a parameter file."""

    def __init__(self, reading: Reading, statements: Sequence[Statement], file: ProjectFile, library: Library) -> None:
        folder = file.path.parent
        target = DeploymentScope(Level.RESOURCE_GROUP)
        super().__init__(
            reading, statements, target, {}, lambda name, given: library.load(folder, name, given, reading)
        )

    def call(self, name: str, arguments: tuple[Value, ...], frame: Frame) -> Value:
        """See evaluation.Scope."""
        later = _GIVEN_LATER.get(name.casefold())
        return super().call(name, arguments, frame) if later is None else unknown_call(name, arguments, later)
