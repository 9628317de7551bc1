"""`guid` and `uniqueString`: names made of texts, the same ones each time.

Source: Microsoft's page "String functions for Bicep" says how a guid is made (version 5 over the arguments joined by
"-", in a namespace of its own). uniqueString is the same text in a 64-bit Murmur hash of two 32-bit halves, written in
13 letters of base 32; the golden cases hold it against names that Microsoft's own library gave.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable

_NAMESPACE = uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830").bytes
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_MASK = 0xFFFFFFFF
_FIRST, _SECOND = 0xAB0E9789, 0x239B961B


def _joined(texts: Iterable[str]) -> bytes:
    return "-".join(texts).encode("utf-8", "surrogatepass")


def guid(texts: Iterable[str]) -> str:
    """guid(text, ...) in lower case."""
    # uuid.uuid5 takes text only; what a resource holds need not be valid Unicode.
    digest = hashlib.sha1(_NAMESPACE + _joined(texts), usedforsecurity=False).digest()
    return str(uuid.UUID(bytes=digest[:16], version=5))


def unique_string(texts: Iterable[str]) -> str:
    """uniqueString(text, ...): 13 characters."""
    number = murmur_hash(_joined(texts)) << 1  # 64 bits fill twelve letters and four fifths of one
    return "".join([_LETTERS[number >> shift & 31] for shift in range(60, -1, -5)])


def murmur_hash(content: bytes) -> int:
    """The hash behind uniqueString: 64 bits."""
    one = two = 0
    whole = len(content) // 8 * 8
    for position in range(0, whole, 8):
        one ^= _mixed(content[position : position + 4], _SECOND, 15, _FIRST)
        one = ((_rotated(one, 19) + two) * 5 + 0x561CCD1B) & _MASK
        two ^= _mixed(content[position + 4 : position + 8], _FIRST, 17, _SECOND)
        two = ((_rotated(two, 13) + one) * 5 + 0x0BCAA747) & _MASK
    one ^= _mixed(content[whole : whole + 4], _SECOND, 15, _FIRST)
    two ^= _mixed(content[whole + 4 :], _FIRST, 17, _SECOND)
    two ^= len(content)
    one = ((one ^ len(content)) + two) & _MASK
    two = (two + one) & _MASK
    one, two = _finished(one), _finished(two)
    one = (one + two) & _MASK
    return ((two + one) & _MASK) << 32 | one


def _rotated(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (32 - bits))) & _MASK


def _mixed(part: bytes, first: int, bits: int, second: int) -> int:
    return _rotated(int.from_bytes(part, "little") * first & _MASK, bits) * second & _MASK


def _finished(value: int) -> int:
    value = (value ^ (value >> 16)) * 0x85EBCA6B & _MASK
    value = (value ^ (value >> 13)) * 0xC2B2AE35 & _MASK
    return value ^ (value >> 16)
