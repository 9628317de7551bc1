"""The reader of `.bicepparam` files: the resources of the template that one names, with its values."""

from __future__ import annotations

from dataclasses import replace

from resource_readers.arm.parameter_files import ParameterFileError
from resource_readers.arm.reader import ArmJsonReader
from resource_readers.bicep import parameters
from resource_readers.bicep.modules import Library
from resource_readers.bicep.reader import KIND, BicepReader
from resource_readers.interface import Reader, ReadRequest, ReadResult
from resource_readers.project_files import ProjectFile, UnreadableFileError
from resource_readers.reading import Reading
from resource_readers.template_language.unknowns import LimitError


class BicepParametersReader:
    """See interface.Reader."""

    @property
    def kind(self) -> str:
        """See interface.Reader."""
        return KIND

    def recognises(self, file: ProjectFile) -> bool:
        """By the ending: the language has no mark of its own."""
        return file.path.suffix.casefold() == ".bicepparam"

    def read(self, file: ProjectFile, request: ReadRequest) -> ReadResult:
        """See interface.Reader. One that names no template (`using none`) makes no resources."""
        reading = Reading(file.shown)
        reading.files[file.shown] = file.digest
        library = Library(request.root, request.session, request.bicep_modules)
        line: int | None = None
        try:
            made = parameters.parse(file, library, reading)
            if made.template is None or not made.template.path:
                return _result(reading)
            line = made.template.line if made.folder == file.path.parent else None
            template = library.module(made.folder, made.template.path, reading)
        except ParameterFileError as error:
            reading.miss(error.line, f"no parameter file: {error}")
            return _result(reading)
        except (UnreadableFileError, LimitError) as error:
            reading.miss(line, f"its template is not read: {error}")
            return _result(reading)
        reader: Reader = BicepReader() if template.path.suffix.casefold() == ".bicep" else ArmJsonReader()
        found = reader.read(template, replace(request, path=template.path, parameters=file.path))
        reading.files.update({one.name: one for one in found.files})
        reading.not_read.update({(one.path, one.line, one.reason): one for one in found.not_read})
        return replace(_result(reading), resources=found.resources)


def _result(reading: Reading) -> ReadResult:
    return ReadResult(kind=KIND, not_read=tuple(reading.not_read.values()), files=tuple(reading.files.values()))
