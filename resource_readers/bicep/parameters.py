"""Parameter values from a `.bicepparam` file."""

from __future__ import annotations

from collections.abc import Mapping

from resource_readers.arm.parameter_files import ParameterFileError
from resource_readers.bicep.parser import parse_bicep
from resource_readers.bicep.scopes import BicepScope
from resource_readers.bicep.statements import Misread, Parameter
from resource_readers.interface import Unknown, Value
from resource_readers.project_files import ProjectFile
from resource_readers.reading import Reading
from resource_readers.template_language.evaluation import Frame
from resource_readers.template_language.resource_ids import DeploymentScope, Level
from resource_readers.template_language.unknowns import LimitError
from resource_readers.trees import lenient_json


def parse_parameters(file: ProjectFile) -> Mapping[str, Value]:
    """Values by casefolded name. Raises ParameterFileError."""
    try:
        statements = parse_bicep(lenient_json.decode(file.data))
    except lenient_json.LenientJsonError as error:
        raise ParameterFileError(str(error), error.line) from None
    missed = next((one for one in statements if isinstance(one, Misread)), None)
    if missed is not None:
        raise ParameterFileError(missed.reason, missed.line)
    reading = Reading(file.shown)
    scope = BicepScope(reading, statements, DeploymentScope(Level.RESOURCE_GROUP), {}, _no_file)
    frame = Frame(scope)
    try:
        return {one.name.casefold(): scope.symbol(one.name, frame) for one in statements if isinstance(one, Parameter)}
    except (LimitError, RecursionError) as error:
        raise ParameterFileError(f"it takes too much to evaluate: {error}") from None


def _no_file(name: str, arguments: tuple[Value, ...]) -> Value:  # noqa: ARG001 - the shape of a FileFunction
    return Unknown(f"{name}() is not evaluated in a parameter file")
