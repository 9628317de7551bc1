"""The reader of Bicep files: resources, local modules, loops, conditions, nested and existing resources."""

from __future__ import annotations

from resource_readers.arm.given_parameters import ParameterFileMissing, load_parameters
from resource_readers.bicep.compiled import by_compiler
from resource_readers.bicep.expansion import BicepFile
from resource_readers.bicep.modules import Library
from resource_readers.interface import NotRead, ReadRequest, ReadResult, Resource
from resource_readers.project_files import ProjectFile, UnreadableFileError
from resource_readers.reading import Reading
from resource_readers.template_language.unknowns import LimitError
from verdicts import InputDigest

KIND = "bicep"


class BicepReader:
    """See interface.Reader."""

    @property
    def kind(self) -> str:
        """See interface.Reader."""
        return KIND

    def recognises(self, file: ProjectFile) -> bool:
        """By the ending: the language has no mark of its own."""
        return file.path.suffix.casefold() == ".bicep"

    def read(self, file: ProjectFile, request: ReadRequest) -> ReadResult:
        """See interface.Reader."""
        own = self._read(file, request)
        return own if request.bicep is None else by_compiler(file, request, own)

    def _read(self, file: ProjectFile, request: ReadRequest) -> ReadResult:
        """By our own front end."""
        files: list[InputDigest] = [file.digest]
        try:
            given = load_parameters(request, file)
            files += given.files
        except UnreadableFileError as error:
            return _nothing(NotRead(error.shown, None, f"can't be read: {error}"), files)
        except ParameterFileMissing as error:
            return _nothing(error.missing, files)
        reading = Reading(file.shown)
        reading.files.update({one.name: one for one in files})
        reading.not_read.update({(one.path, one.line, one.reason): one for one in given.not_read})
        resources: list[Resource] = []
        try:
            library = Library(request.root, request.session, request.bicep_modules)
            BicepFile(file, library, reading, (file.path,), given.values, None).expand(resources)
        except UnreadableFileError as error:
            reading.miss(None, f"can't be read: {error}")
        except LimitError as error:
            reading.miss(reading.at, f"stopped here: {error}")
        except RecursionError:
            reading.miss(reading.at, "stopped here: nested too deeply")
        return ReadResult(
            kind=KIND,
            resources=tuple(resources),
            not_read=tuple(reading.not_read.values()),
            files=tuple(reading.files.values()),
            parameters=given.shown,
        )


def _nothing(missing: NotRead, files: list[InputDigest]) -> ReadResult:
    return ReadResult(kind=KIND, not_read=(missing,), files=tuple(files))
