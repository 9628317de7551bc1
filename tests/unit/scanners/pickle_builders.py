"""Pieces of pickles as bytes, and the register of bad artefacts. Nothing here is ever unpickled."""

from __future__ import annotations

import struct
from collections.abc import Callable

Builder = Callable[[], bytes]
BAD_ARTEFACTS: dict[str, Builder] = {}


def bad(builder: Builder) -> Builder:
    """Registers a builder under its name."""
    BAD_ARTEFACTS[builder.__name__.replace("_", "-")] = builder
    return builder


def line_import(module: str, name: str) -> bytes:
    """GLOBAL."""
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n"


def text(value: str) -> bytes:
    """BINUNICODE."""
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def short(value: str) -> bytes:
    """SHORT_BINUNICODE."""
    data = value.encode()
    return b"\x8c" + bytes([len(data)]) + data


def stack_import(module: str, name: str) -> bytes:
    """STACK_GLOBAL."""
    return short(module) + short(name) + b"\x93"


def call(module: str, name: str, *arguments: str) -> bytes:
    """A pickle of protocol 4 that calls a global with texts."""
    return b"\x80\x04" + stack_import(module, name) + b"(" + b"".join(map(text, arguments)) + b"tR."
