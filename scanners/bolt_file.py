"""Writes a bbolt file (the key-value store of Go programs such as Trivy), format version 2.

Source of the layout: bbolt's own page.go, bucket.go and db.go. A file is pages of 4096 bytes: two meta pages, a free
list, then B+ trees of leaf and branch pages. A bucket's value names the root page of its tree, or holds a small leaf
page itself.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Union

Bucket = Mapping[str, Union["Bucket", bytes]]
"""Keys to values (bytes) and to further buckets."""

_PAGE = 4096
_BRANCH, _LEAF, _META, _FREE_LIST = 0x01, 0x02, 0x04, 0x10
_IS_BUCKET = 0x01
_MAGIC, _VERSION = 0xED0CDAED, 2
_HEADER = struct.Struct("<QHHI")  # page number, flags, count, overflow pages
_LEAF_ELEMENT = struct.Struct("<IIII")  # flags, position, key size, value size
_BRANCH_ELEMENT = struct.Struct("<IIQ")  # position, key size, page number
_BUCKET_HEADER = struct.Struct("<QQ")  # root page (0 for inline), sequence
_META_BODY = struct.Struct("<IIIIQQQQQ")
_FIRST_FREE = 3  # pages 0 and 1 are meta, 2 is the free list


@dataclass(frozen=True, slots=True)
class _Item:
    key: bytes
    flags: int
    value: bytes


def write_bolt(path: Path, root: Bucket) -> None:
    """Writes the file at once or not at all.

    Raises:
        ValueError: an empty key.
        OSError: it can't be written.
    """
    pages = _Pages()
    root_page = pages.tree(pages.items(root))
    metas = b""
    for transaction in (0, 1):
        body = _META_BODY.pack(_MAGIC, _VERSION, _PAGE, 0, root_page, 0, 2, pages.next_number, transaction)
        metas += _page(transaction, _META, 0, body + struct.pack("<Q", _fnv64a(body)))
    temporary = path.with_name(f".{path.name}.incoming")
    with temporary.open("wb") as stream:
        stream.write(metas)
        stream.write(_page(2, _FREE_LIST, 0, b""))
        stream.writelines(pages.images)
    temporary.replace(path)


def _fnv64a(data: bytes) -> int:
    """FNV-1a, 64 bits: the meta pages' checksum."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def _page(number: int, flags: int, count: int, body: bytes) -> bytes:
    """One page, with as many overflow pages behind it as the body needs."""
    pages = max(1, -(-(_HEADER.size + len(body)) // _PAGE))
    return (_HEADER.pack(number, flags, count, pages - 1) + body).ljust(pages * _PAGE, b"\0")


def _leaf_body(items: list[_Item]) -> bytes:
    heads, data, size = [], [], 0
    for index, item in enumerate(items):
        position = (len(items) - index) * _LEAF_ELEMENT.size + size  # counted from this element's own head
        heads.append(_LEAF_ELEMENT.pack(item.flags, position, len(item.key), len(item.value)))
        data += [item.key, item.value]
        size += len(item.key) + len(item.value)
    return b"".join(heads + data)


def _branch_body(children: list[tuple[bytes, int]]) -> bytes:
    heads, data, size = [], [], 0
    for index, (key, number) in enumerate(children):
        position = (len(children) - index) * _BRANCH_ELEMENT.size + size
        heads.append(_BRANCH_ELEMENT.pack(position, len(key), number))
        data.append(key)
        size += len(key)
    return b"".join(heads + data)


def _chunks(sizes: Iterable[int], minimum: int) -> list[slice]:
    """Splits elements of these sizes into runs that fit a page; each run has at least `minimum` elements."""
    runs, start, used, index = [], 0, _HEADER.size, -1
    for index, size in enumerate(sizes):
        if index - start >= minimum and used + size > _PAGE:
            runs.append(slice(start, index))
            start, used = index, _HEADER.size
        used += size
    return [*runs, slice(start, index + 1)]


class _Pages:
    """Page images from the first free number on."""

    def __init__(self) -> None:
        self.images: list[bytes] = []
        self.next_number = _FIRST_FREE

    def _add(self, flags: int, count: int, body: bytes) -> int:
        number = self.next_number
        image = _page(number, flags, count, body)
        self.images.append(image)
        self.next_number += len(image) // _PAGE
        return number

    def tree(self, items: list[_Item]) -> int:
        """A B+ tree over sorted items; returns its root page."""
        runs = _chunks((_LEAF_ELEMENT.size + len(item.key) + len(item.value) for item in items), 1)
        level = []
        for run in runs:
            part = items[run]
            level.append((part[0].key if part else b"", self._add(_LEAF, len(part), _leaf_body(part))))
        while len(level) > 1:
            above = []
            for run in _chunks((_BRANCH_ELEMENT.size + len(key) for key, _ in level), 2):
                children = level[run]
                above.append((children[0][0], self._add(_BRANCH, len(children), _branch_body(children))))
            level = above
        return level[0][1]

    def items(self, bucket: Bucket) -> list[_Item]:
        """A bucket's content as sorted leaf items; the trees of buckets below it are written first."""
        result = []
        for key, value in bucket.items():
            if not key:
                raise ValueError("a bbolt key can't be empty")
            if isinstance(value, bytes):
                result.append(_Item(key.encode(), 0, value))
            else:
                result.append(_Item(key.encode(), _IS_BUCKET, self._bucket(value)))
        return sorted(result, key=lambda item: item.key)

    def _bucket(self, bucket: Bucket) -> bytes:
        items = self.items(bucket)
        size = _HEADER.size + sum(_LEAF_ELEMENT.size + len(item.key) + len(item.value) for item in items)
        nested = any(item.flags & _IS_BUCKET for item in items)
        if not nested and size <= _PAGE // 4:  # bbolt's own bound for an inline bucket
            return _BUCKET_HEADER.pack(0, 0) + _HEADER.pack(0, _LEAF, len(items), 0) + _leaf_body(items)
        return _BUCKET_HEADER.pack(self.tree(items), 0)
