"""The text of an export in windows: UTF-8, or UTF-16 as PowerShell writes it, with and without byte order mark."""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from verdicts import ConfigurationError

WINDOW = 256 * 1024
"""Bytes that are read at a time: what is made of them should fit into the caches of a processor core."""


@dataclass(frozen=True, slots=True)
class Range:
    """Bytes of a file, from `start` up to `end` (None: up to its end)."""

    start: int = 0
    end: int | None = None


WHOLE = Range()


def windows(path: Path, shown_as: str, part: Range = WHOLE) -> Iterator[str]:
    """The text of a file. Raises ConfigurationError where it is no file, can't be read, or is in another encoding."""
    try:
        # Not blocking: a pipe without writer would be waited for without end.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ConfigurationError("is no file", where=shown_as)
            yield from _decoded(stream, shown_as, part)
    except OSError as error:
        raise ConfigurationError(f"can't be read: {error.strerror or error}", where=shown_as) from None
    except ValueError as error:  # a name that no file can have
        raise ConfigurationError(f"can't be read: {error}", where=shown_as) from None


def encoding_of(head: bytes) -> str:
    """The encoding of a text that starts with these bytes."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head[1:2] == b"\0":
        return "utf-16-le"
    return "utf-16-be" if head[:1] == b"\0" else "utf-8-sig"


def _decoded(stream: BinaryIO, shown_as: str, part: Range) -> Iterator[str]:
    encoding = encoding_of(stream.read(4))
    stream.seek(part.start)
    decoder = codecs.getincrementaldecoder(encoding)()
    line, left = 1, part.end - part.start if part.end is not None else None
    while True:
        data = stream.read(WINDOW if left is None else min(WINDOW, left))
        if left is not None:
            left -= len(data)
        try:
            text = decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            lines = data[: error.start].count(b"\n") if encoding == "utf-8-sig" else 0
            raise ConfigurationError(
                f"not {encoding.removesuffix('-sig').upper()}",
                where=f"{shown_as}:{line + lines}",
                remedy="save it as UTF-8",
            ) from None
        if text:
            yield text
        if not data:
            return
        if encoding != "utf-8-sig" or part is not WHOLE:
            continue
        line += text.count("\n")
