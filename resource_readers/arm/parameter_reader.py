"""The reader of parameter files in JSON: they declare no resource, and are read to say so."""

from __future__ import annotations

from resource_readers.arm.parameter_files import ParameterFileError, parse_parameters
from resource_readers.arm.recognition import is_parameter_file
from resource_readers.interface import NotRead, ReadRequest, ReadResult
from resource_readers.project_files import ProjectFile

KIND = "arm-parameters"


class ArmParametersReader:
    """See interface.Reader."""

    @property
    def kind(self) -> str:
        """See interface.Reader."""
        return KIND

    def recognises(self, file: ProjectFile) -> bool:
        """By the schema's name, or by the file's name and the keys that every parameter file has."""
        return is_parameter_file(file)

    def read(self, file: ProjectFile, request: ReadRequest) -> ReadResult:
        """See interface.Reader."""
        try:
            parse_parameters(file.data)
        except ParameterFileError as error:
            missing = NotRead(file.shown, error.line, f"no parameter file: {error}", may_hold_resources=False)
            return ReadResult(kind=KIND, not_read=(missing,), files=(file.digest,))
        return ReadResult(kind=KIND, files=(file.digest,))
