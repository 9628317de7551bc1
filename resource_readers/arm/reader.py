"""The reader of ARM templates in JSON, with their parameter files."""

from __future__ import annotations

from resource_readers.arm.given_parameters import ParameterFileMissing, load_parameters
from resource_readers.arm.recognition import is_template
from resource_readers.arm.template_files import TemplateFiles
from resource_readers.arm.template_parts import schema_of
from resource_readers.arm.templates import expand, open_template
from resource_readers.interface import NotRead, ReadRequest, ReadResult
from resource_readers.project_files import ProjectFile, UnreadableFileError
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
        return is_template(file)

    def read(self, file: ProjectFile, request: ReadRequest) -> ReadResult:
        """See interface.Reader."""
        files: list[InputDigest] = [file.digest]
        try:
            given = load_parameters(request, file)
            files += given.files
        except UnreadableFileError as error:
            return _nothing(NotRead(error.shown, None, f"can't be read: {error}"), files)
        except ParameterFileMissing as error:
            return _nothing(error.missing, files)
        place = TemplateFiles(request.root, request.session, (file.path,))
        try:
            tree = place.parsed(file)
        except lenient_json.LenientJsonError as error:
            return _nothing(NotRead(file.shown, error.line, f"not JSON: {error}"), files)
        if not isinstance(tree, ObjectNode):
            return _nothing(NotRead(file.shown, 1, "no template: it is no JSON object"), files)
        reading = Reading(file.shown)
        reading.not_read.update({(one.path, one.line, one.reason): one for one in given.not_read})
        if "deploymentparameters" in schema_of(tree).casefold():
            reading.miss(1, "no template: it is a parameter file")
        reading.files.update({one.name: one for one in files})
        resources = expand(open_template(tree, reading, given.values, files=place))
        return ReadResult(
            kind=KIND,
            resources=tuple(resources),
            not_read=tuple(reading.not_read.values()),
            files=tuple(reading.files.values()),
            parameters=given.shown,
        )


def _nothing(missing: NotRead, files: list[InputDigest]) -> ReadResult:
    return ReadResult(kind=KIND, not_read=(missing,), files=tuple(files))
