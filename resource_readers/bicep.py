"""The reader of Bicep files."""

from __future__ import annotations

from pathlib import Path

from resource_readers.interface import NotRead, ReadRequest, ReadResult
from resource_readers.project_files import shown_name

KIND = "bicep"


class BicepReader:
    """See interface.Reader."""

    @property
    def kind(self) -> str:
        """See interface.Reader."""
        return KIND

    def recognises(self, path: Path, data: bytes) -> bool:  # noqa: ARG002 - the protocol's
        """By the ending: the language has no mark of its own."""
        return path.suffix.casefold() == ".bicep"

    def read(self, request: ReadRequest) -> ReadResult:
        """See interface.Reader."""
        missing = NotRead(shown_name(request.root, request.path), None, "Bicep is not read yet")
        return ReadResult(kind=KIND, not_read=(missing,))
