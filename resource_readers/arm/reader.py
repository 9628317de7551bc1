"""The reader of ARM templates in JSON, with their parameter files."""

from __future__ import annotations

from collections.abc import Mapping

from resource_readers.arm import parameter_files
from resource_readers.arm.template_files import TemplateFiles
from resource_readers.arm.template_parts import schema_of
from resource_readers.arm.templates import expand, open_template
from resource_readers.bicep import parameters as bicep_parameters
from resource_readers.interface import NotRead, ReadRequest, ReadResult, Value
from resource_readers.project_files import ProjectFile, UnreadableFileError, open_inside
from resource_readers.reading import Reading
from resource_readers.trees import lenient_json
from resource_readers.trees.nodes import ObjectNode
from verdicts import InputDigest

KIND = "arm"


class ArmJsonReader:
    """See interface.Reader."""

    @property
    def kind(self) -> str:
        """See interface.Reader."""
        return KIND

    def recognises(self, file: ProjectFile) -> bool:
        """By the schema's name, or by two keys that every template has; also where the file doesn't parse."""
        if file.path.suffix.casefold() not in (".json", ".jsonc", ".template", ".armtemplate"):
            return False
        head = file.data[:4_000].replace(b"\x00", b"").lower()
        if b"deploymentparameters.json" in head:
            return False
        return b"deploymenttemplate.json" in head or (
            b'"contentversion"' in file.data.lower() and b'"resources"' in file.data.lower()
        )

    def read(self, file: ProjectFile, request: ReadRequest) -> ReadResult:
        """See interface.Reader."""
        files: list[InputDigest] = [file.digest]
        try:
            supplied, opened = load_parameters(request)
            files += opened
        except UnreadableFileError as error:
            return _nothing(NotRead(error.shown, None, f"can't be read: {error}"), files)
        except ParameterFileMissing as error:
            return _nothing(error.missing, files)
        try:
            tree = lenient_json.parse(lenient_json.decode(file.data))
        except lenient_json.LenientJsonError as error:
            return _nothing(NotRead(file.shown, error.line, f"not JSON: {error}"), files)
        if not isinstance(tree, ObjectNode):
            return _nothing(NotRead(file.shown, 1, "no template: it is no JSON object"), files)
        reading = Reading(file.shown)
        if "deploymentparameters" in schema_of(tree).casefold():
            reading.miss(1, "no template: it is a parameter file")
        reading.files.update({one.name: one for one in files})
        place = TemplateFiles(request.root, request.session, (file.path,))
        resources = expand(open_template(tree, reading, supplied, files=place))
        return ReadResult(
            kind=KIND,
            resources=tuple(resources),
            not_read=tuple(reading.not_read.values()),
            files=tuple(reading.files.values()),
        )


class ParameterFileMissing(Exception):
    """The parameter file that was asked for can't be used: without it other values would be taken."""

    def __init__(self, missing: NotRead) -> None:
        super().__init__(missing.reason)
        self.missing = missing


def load_parameters(request: ReadRequest) -> tuple[Mapping[str, Value], tuple[InputDigest, ...]]:
    """Values by casefolded name, and the files that they are from. Raises ParameterFileMissing, UnreadableFileError."""
    if request.parameters is None:
        return {}, ()
    file = open_inside(request.root, request.parameters)
    try:
        if file.path.suffix.casefold() == ".bicepparam":
            return bicep_parameters.load(file, request)
        return parameter_files.parse_parameters(file.data), (file.digest,)
    except parameter_files.ParameterFileError as error:
        missing = NotRead(file.shown, error.line, f"no parameter file: {error}")
        raise ParameterFileMissing(missing) from None


def _nothing(missing: NotRead, files: list[InputDigest]) -> ReadResult:
    return ReadResult(kind=KIND, not_read=(missing,), files=tuple(files))
