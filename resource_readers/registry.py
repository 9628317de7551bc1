"""All readers. A new kind of file is a new module and a line here."""

from __future__ import annotations

from resource_readers.arm.reader import ArmJsonReader
from resource_readers.bicep.reader import BicepReader
from resource_readers.interface import NotRead, Reader, ReadRequest, ReadResult
from resource_readers.project_files import UnreadableFileError, open_inside

READERS: tuple[Reader, ...] = (ArmJsonReader(), BicepReader())

UNKNOWN_KIND = "unknown"


def read_resources(request: ReadRequest) -> ReadResult:
    """Reads a file by the reader that recognises it; a file that none recognises is named as not read."""
    try:
        file = open_inside(request.root, request.path)
    except UnreadableFileError as error:
        missing = NotRead(error.shown, None, f"can't be read: {error}")
        return ReadResult(kind=UNKNOWN_KIND, not_read=(missing,))
    reader = next((one for one in READERS if one.recognises(file)), None)
    if reader is None:
        kinds = ", ".join(one.kind for one in READERS)
        missing = NotRead(file.shown, None, f"no reader recognises it (known kinds: {kinds})")
        return ReadResult(kind=UNKNOWN_KIND, not_read=(missing,), files=(file.digest,))
    return reader.read(file, request)
