"""Reading pickle opcodes one at a time, within bounds, and byte for byte as the unpickler reads them.

The table of opcodes is the standard library's (`pickletools.opcodes`); the arguments are read here, because
`pickletools.genops` loads each argument whole before anybody can refuse it, and because it decodes escapes in the
arguments of GLOBAL and INST, which the unpickler doesn't: two readers that see two names are a way around a check.
"""

from __future__ import annotations

import enum
import pickletools
import re
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

_OPCODES = {opcode.code.encode("latin-1")[0]: opcode for opcode in pickletools.opcodes}
_LINE_PAIR = "stringnl_noescape_pair"
# Width and signedness of the length that stands before an argument.
_LENGTHS = {
    pickletools.TAKEN_FROM_ARGUMENT1: (1, False),
    pickletools.TAKEN_FROM_ARGUMENT4: (4, True),
    pickletools.TAKEN_FROM_ARGUMENT4U: (4, False),
    pickletools.TAKEN_FROM_ARGUMENT8U: (8, False),
}
_UNICODE = frozenset({"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"})
_TEXTS = _UNICODE | {"BINSTRING", "SHORT_BINSTRING"}
_DECIMAL = re.compile(rb"[+-]?[0-9]{1,20}")

# No module, attribute, dtype or key that the walker has to know is longer.
MAXIMUM_KEPT_TEXT = 512
# Module and name of an import.
MAXIMUM_NAME_LINE = 4_096


def is_opcode(byte: int) -> bool:
    """Whether a pickle may begin with this byte."""
    return byte in _OPCODES


class PickleStreamError(Exception):
    """The stream can't be read further from `offset` on."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class TruncatedPickleError(PickleStreamError):
    """The stream ends before its STOP opcode."""


class MalformedPickleError(PickleStreamError):
    """The unpickler would refuse the stream here."""


class PickleLimitError(PickleStreamError):
    """The stream exceeds a bound of the walker."""


class UnsupportedPickleError(PickleStreamError):
    """The stream is meant for a loader of its own, in a way that can't be followed."""


class Opaque(enum.Enum):
    """A value that the walker does not follow."""

    ANYTHING = "what a call returns, or a text too long to be a name"
    NOT_TEXT = "bytes, a number, a list, an instance: nothing that can name an import"


OPAQUE = Opaque.ANYTHING
NOT_TEXT = Opaque.NOT_TEXT


@dataclass(frozen=True, slots=True)
class ImportName:
    """Module and name as they stand in the stream."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class Blob(NamedTuple):
    """Bytes or text in the stream, by place."""

    start: int
    length: int


class Instruction(NamedTuple):
    """One opcode.

    Attributes:
        name: as in `pickletools` ("STACK_GLOBAL").
        offset: of the opcode's byte.
        value: the argument where the walker follows it (str, int, bool, ImportName), else an Opaque.
        blob: where the argument's bytes stand, for opcodes that push text or bytes.
    """

    name: str
    offset: int
    value: object
    blob: Blob | None


class OpcodeReader:
    """A bounded part of a seekable stream.

    Args:
        stream: opened in binary mode.
        start, end: the part that may be read; `end` is the stream's size or less.
        maximum_line: bytes of a newline-terminated argument.
    """

    def __init__(self, stream: BinaryIO, start: int, end: int, *, maximum_line: int) -> None:
        self._stream = stream
        self._end = end
        self._maximum_line = maximum_line
        self.position = start
        stream.seek(start)

    @property
    def remaining(self) -> int:
        """Bytes between here and the end."""
        return self._end - self.position

    def read(self, count: int) -> bytes:
        """Exactly `count` bytes. Raises TruncatedPickleError."""
        if count > self.remaining:
            raise TruncatedPickleError("the file ends within a value", self.position)
        data = self._stream.read(count)
        if len(data) != count:
            raise TruncatedPickleError("the file became shorter while it was read", self.position)
        self.position += count
        return data

    def skip(self, count: int) -> None:
        """Goes on behind `count` bytes. Raises TruncatedPickleError."""
        if count > self.remaining:
            raise TruncatedPickleError("the file ends within a value", self.position)
        self.position += count
        self._stream.seek(self.position)

    def peek_at(self, blob: Blob, maximum: int) -> bytes:
        """The first `maximum` bytes of a blob; the position stays."""
        self._stream.seek(blob.start)
        data = self._stream.read(min(blob.length, maximum))
        self._stream.seek(self.position)
        return data

    def last_byte(self, blob: Blob) -> bytes:
        """The blob's last byte; the position stays."""
        return self.peek_at(Blob(blob.start + blob.length - 1, 1), 1)

    def _line(self, maximum: int) -> bytes:
        start = self.position
        line = self._stream.readline(min(maximum, self.remaining))
        self.position += len(line)
        if not line.endswith(b"\n"):
            if len(line) == maximum:
                raise PickleLimitError(f"a line of more than {maximum:,} bytes", start)
            raise TruncatedPickleError("the file ends within a line", start)
        return line[:-1]

    def next(self) -> Instruction:
        """The next opcode with its argument. Raises PickleStreamError."""
        offset = self.position
        if self.remaining <= 0:
            raise TruncatedPickleError("the file ends before the pickle does", offset)
        code = self.read(1)[0]
        opcode = _OPCODES.get(code)
        if opcode is None:
            raise MalformedPickleError(f"0x{code:02x} is not a pickle opcode", offset)
        argument = opcode.arg
        if argument is None:
            return Instruction(opcode.name, offset, NOT_TEXT, None)
        if argument.name == _LINE_PAIR:
            return Instruction(opcode.name, offset, self._import_name(opcode.name, offset), None)
        if argument.n == pickletools.UP_TO_NEWLINE:
            start = self.position
            line = self._line(self._maximum_line)
            return Instruction(opcode.name, offset, _line_value(opcode.name, line, offset), Blob(start, len(line)))
        if argument.n in _LENGTHS:
            return self._counted(opcode.name, argument.n, offset)
        return Instruction(opcode.name, offset, _fixed_value(argument.name, self.read(argument.n)), None)

    def _import_name(self, opcode: str, offset: int) -> ImportName:
        encoding = "ascii" if opcode == "INST" else "utf-8"
        parts = [self._line(MAXIMUM_NAME_LINE) for _ in range(2)]
        try:
            return ImportName(parts[0].decode(encoding), parts[1].decode(encoding))
        except UnicodeDecodeError:
            raise MalformedPickleError(f"an import whose name is not {encoding}", offset) from None

    def _counted(self, opcode: str, kind: int, offset: int) -> Instruction:
        width, signed = _LENGTHS[kind]
        length = int.from_bytes(self.read(width), "little", signed=signed)
        if length < 0:
            raise MalformedPickleError("a negative length", offset)
        blob = Blob(self.position, length)
        if length > MAXIMUM_KEPT_TEXT:
            self.skip(length)
            return Instruction(opcode, offset, OPAQUE if opcode in _TEXTS else NOT_TEXT, blob)
        return Instruction(opcode, offset, _counted_value(opcode, self.read(length), offset), blob)


def _counted_value(opcode: str, data: bytes, offset: int) -> object:
    if opcode in ("LONG1", "LONG4"):
        return int.from_bytes(data, "little", signed=True)
    if opcode in _UNICODE:
        try:
            return data.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise MalformedPickleError("a text that is not UTF-8", offset) from None
    if opcode in _TEXTS:
        # Python 2 texts: the unpickler makes text of them, by default from ASCII.
        return data.decode("ascii") if data.isascii() else OPAQUE
    return NOT_TEXT  # bytes


def _line_value(opcode: str, line: bytes, offset: int) -> object:
    if opcode in ("GET", "PUT"):
        try:
            return int(line)  # as the unpickler does: with spaces and underscores
        except ValueError:
            raise MalformedPickleError("a memo index that is not a number", offset) from None
    if opcode == "INT":
        if line in (b"00", b"01"):
            return line == b"01"
        return int(line) if _DECIMAL.fullmatch(line) else NOT_TEXT
    if opcode == "LONG":
        digits = line.removesuffix(b"L")
        return int(digits) if _DECIMAL.fullmatch(digits) else NOT_TEXT
    if opcode == "FLOAT":
        return NOT_TEXT
    if len(line) > MAXIMUM_KEPT_TEXT:
        return OPAQUE
    try:
        if opcode == "UNICODE":
            return line.decode("raw-unicode-escape")
        if opcode == "STRING" and len(line) >= 2 and line[0] == line[-1] and line[:1] in (b"'", b'"'):
            # With an escape it may be any text; no pickler names an import so.
            return line[1:-1].decode("ascii") if line.isascii() and b"\\" not in line else OPAQUE
    except ValueError:
        return OPAQUE
    return OPAQUE


def _fixed_value(kind: str, data: bytes) -> object:
    if kind in ("uint1", "uint2", "uint4", "uint8"):
        return int.from_bytes(data, "little")
    if kind == "int4":
        return int.from_bytes(data, "little", signed=True)
    return NOT_TEXT  # float8
