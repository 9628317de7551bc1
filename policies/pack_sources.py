"""Where packs come from: a folder of JSON files, or one file with a definition a line (`{"path": ..., "body": ...}`).

Bounded, and without surprises: no file outside of the folder is opened, also not by a link; a key that stands twice is
refused, since two readers could see two definitions. What can't be read is a `Body` with an error, never left out.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAXIMUM_FILE = 16 * 1024 * 1024
MAXIMUM_LINES_FILE = 256 * 1024 * 1024  # unpacked; the public definitions have 12 MB
MAXIMUM_FILES = 100_000


class PackSourceError(Exception):
    """The place that was named holds no pack."""


@dataclass(frozen=True, slots=True)
class Body:
    """A definition as it was found.

    Attributes:
        source: its file, relative to the folder; as the line says where there is a definition a line.
        value: the JSON value.
        text: JSON text {"path": source, "body": value}; None where it comes from memory.
        error: why there is no value, or "".
    """

    source: str
    value: Any
    text: str | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Input:
    """One file's content: the name that it is known by, and the bytes or why there are none."""

    name: str
    data: bytes
    error: str = ""


def from_values(values: Iterable[tuple[str, Any]]) -> Iterator[Body]:
    """Bodies from memory: (source, JSON value)."""
    return (Body(source, value) for source, value in values)


def read_inputs(source: Path) -> list[Input]:
    """The content of a folder's JSON files in the order of their names, or of one file.

    Raises:
        PackSourceError: it isn't there, or it is too large.
    """
    if not source.is_dir():
        try:
            return [Input(source.name, read_regular(source, MAXIMUM_LINES_FILE))]
        except OSError as error:
            raise PackSourceError(f"{source} can't be read: {error.strerror or error}") from None
    inputs = []
    for name in _json_files(source):
        try:
            inputs.append(Input(name, read_regular(source / name, MAXIMUM_FILE)))
        except OSError as error:
            inputs.append(Input(name, b"", f"can't be read: {error.strerror or error}"))
    return inputs


def _json_files(folder: Path) -> list[str]:
    names: list[str] = []

    def fail(error: OSError) -> None:
        raise PackSourceError(f"{error.filename} can't be read: {error.strerror}") from None

    for current, folders, files in os.walk(folder, onerror=fail):
        here = Path(current)
        # A linked folder is not entered: opening it as a file says so.
        linked = [name for name in folders if (here / name).is_symlink()]
        folders[:] = [name for name in folders if not name.startswith(".")]
        named = [name for name in files if name.lower().endswith(".json")]
        names += [(here / name).relative_to(folder).as_posix() for name in (*named, *linked)]
        if len(names) > MAXIMUM_FILES:
            raise PackSourceError(f"{folder} holds more than {MAXIMUM_FILES:,} files")
    return sorted(names)


def read_regular(path: Path, maximum: int, *, private: bool = False) -> bytes:
    """A regular file that is no link.

    Args:
        private: whether it must belong to this user, and nobody else may be able to write it.

    Raises:
        OSError: it isn't that, or it is larger than `maximum` bytes.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError("it is no regular file")
        if private and (status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
            raise OSError("it isn't this user's own")
        with open(descriptor, "rb", closefd=False) as stream:
            data = stream.read(maximum + 1)
    finally:
        os.close(descriptor)
    if len(data) > maximum:
        raise OSError(f"it is larger than {maximum:,} bytes")
    return data


def digest_of(inputs: Iterable[Input]) -> str:
    """SHA-256 (hex) over names and contents."""
    whole = hashlib.sha256()
    for item in inputs:
        whole.update(json.dumps([item.name, item.error, len(item.data)]).encode() + b"\n")
        whole.update(item.data)
    return whole.hexdigest()


def bodies_of(inputs: Iterable[Input]) -> Iterator[Body]:
    """The definitions in the inputs. Raises PackSourceError for a file of lines that can't be unpacked."""
    for item in inputs:
        if item.name.endswith((".jsonl", ".jsonl.gz")):
            yield from _lines(item)
        elif item.error:
            yield Body(item.name, None, error=item.error)
        else:
            yield _whole(item)


def _whole(item: Input) -> Body:
    try:
        text = item.data.decode("utf-8-sig")
        value = _strict(text)
    except (ValueError, RecursionError) as error:
        return Body(item.name, None, error=_why(error))
    return Body(item.name, value, f'{{"path":{json.dumps(item.name)},"body":{text}}}')


def _lines(item: Input) -> Iterator[Body]:
    data = _unpacked(item) if item.name.endswith(".gz") else item.data
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        place = f"{item.name}:{number}"
        try:
            text = line.decode()
            row = _strict(text)
        except (ValueError, RecursionError) as error:
            yield Body(place, None, error=_why(error))
            continue
        if not isinstance(row, dict) or row.keys() != {"path", "body"} or not isinstance(row["path"], str):
            yield Body(place, None, error='the line is no object {"path": text, "body": definition}')
            continue
        yield Body(row["path"], row["body"], text)


def _unpacked(item: Input) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        data = unpacker.decompress(item.data, MAXIMUM_LINES_FILE)
    except zlib.error as error:
        raise PackSourceError(f"{item.name} can't be unpacked: {error}") from None
    if not unpacker.eof:
        raise PackSourceError(f"{item.name} is cut off, or larger than {MAXIMUM_LINES_FILE:,} bytes unpacked")
    if unpacker.unused_data:
        raise PackSourceError(f"{item.name} goes on behind its end")
    return data


def _pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(items)
    if len(result) != len(items):
        seen: set[str] = set()
        twice = next(key for key, _ in items if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {twice!r} stands twice")
    return result


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_no_constant)


def _strict(text: str) -> Any:
    return _DECODER.decode(text)


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} (line {error.lineno})"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 (byte {error.start})"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)
