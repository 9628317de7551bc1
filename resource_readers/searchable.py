"""What kinds of files are recognised by: a file's content in the shape that nearly all files have.

Readers recognise their files by searching for lines such as `kind: Pod`, which is quick. The same content may be
written in another encoding, with other line ends, as JSON in a YAML file, indented as a whole, or with quoted keys.
Such a file must not pass as one that is of no kind, so what is searched is brought into shape first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# YAML's other line ends, as UTF-8: next line, line separator, paragraph separator.
_OTHER_LINE_ENDS = re.compile(rb"\xc2\x85|\xe2\x80[\xa8\xa9]")
# Letters, digits and `$` that needn't be escaped.
_ESCAPED = re.compile(rb"\\u00(24|3[0-9]|[46][1-9a-fA-F]|[57][0-9aA])")
_YAML = (".yml", ".yaml")
# The first sign of the content, after comments, directives and the mark of a document.
_FIRST = re.compile(rb"(?:[ \t]*(?:#[^\n]*|%[^\n]*|---[ \t]*)?\r?\n)*+(?:---[ \t]+)?([ \t]*)([^\s])")
# A key that isn't plainly written, where plain ones begin.
_ODD_KEY = re.compile(
    rb"^(?:[\"'?{!&]|---[ \t]+[^\s#]|---[ \t]*(?:#[^\n]*)?\r?\n(?:[ \t]*(?:#[^\n]*)?\r?\n)*+[ \t]+\S)", re.M
)
_MAXIMUM_EVENTS = 1_000_000
_MAXIMUM_LEVELS = 12
_MAXIMUM_TEXT = 200


def searchable(name: str, data: bytes) -> bytes:
    """The content as UTF-8 without byte order mark, lines ending with line feeds; YAML as blocks with plain keys.

    Args:
        name: of the file; its ending tells YAML.
        data: its content.
    """
    if data.startswith(_UTF_16):
        data = data.decode("utf-16", "replace").encode("utf-8", "replace")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\x00" in data:  # UTF-16 without a mark, UTF-32: letters become readable, which is enough to name the file
        data = data.replace(b"\x00", b"")
    if b"\r" in data and b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    if not name.casefold().endswith(_YAML):
        return _ESCAPED.sub(_unescaped, data) if b"\\u00" in data else data
    if _OTHER_LINE_ENDS.search(data):
        data = _OTHER_LINE_ENDS.sub(b"\n", data)
    first = _FIRST.match(data)
    if (first is not None and first[1]) or _ODD_KEY.search(data):
        return b"\n".join(_blocks(data)) + b"\n"
    return data


def _unescaped(match: re.Match[bytes]) -> bytes:
    return bytes((int(match[1], 16),))


def _blocks(data: bytes) -> Iterator[bytes]:
    """YAML in whatever style as lines of blocks, as far as it can be parsed. For searching only."""
    import yaml

    stack: list[_Level] = []
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        for number, event in enumerate(yaml.parse(data.decode("utf-8", "replace"), Loader=loader)):
            if number > _MAXIMUM_EVENTS:
                yield data  # more than is ever read; what shows by itself still names the file
                return
            if isinstance(event, yaml.DocumentStartEvent):
                yield b"---"
            elif isinstance(event, yaml.CollectionEndEvent):
                stack.pop()
            elif isinstance(event, yaml.CollectionStartEvent):
                inner = stack[-1].opened() if stack else _Level("", "")
                if inner.line is not None and len(stack) < _MAXIMUM_LEVELS:
                    yield inner.line.encode("utf-8", "replace")
                inner.is_mapping = isinstance(event, yaml.MappingStartEvent)
                stack.append(inner)
            elif isinstance(event, yaml.ScalarEvent | yaml.AliasEvent) and stack:
                text = event.value if isinstance(event, yaml.ScalarEvent) else f"*{event.anchor}"
                line = stack[-1].scalar(" ".join(text[:_MAXIMUM_TEXT].split()))
                if line is not None and len(stack) <= _MAXIMUM_LEVELS:
                    yield line.encode("utf-8", "replace")
    except yaml.YAMLError:
        return


class _Level:
    """A mapping or list that is open."""

    def __init__(self, first: str, indent: str) -> None:
        self.is_mapping = False
        self.line: str | None = None
        self._prefix = first
        self._indent = indent
        self._key: str | None = None

    def scalar(self, text: str) -> str | None:
        """The line that a text completes."""
        if self.is_mapping and self._key is None:
            self._key = f"{self._start()}{text}:"
            return None
        if self.is_mapping:
            line, self._key = f"{self._key} {text}", None
            return line
        return f"{self._start()}- {text}"

    def opened(self) -> _Level:
        """The level of a collection that begins here."""
        if not self.is_mapping:
            return _Level(f"{self._start()}- ", self._indent + "  ")
        if self._key is None:  # a collection as a key
            self._key = f"{self._start()}?:"
            return _Level("", self._indent + "    ")
        inner = _Level(self._indent + "  ", self._indent + "  ")
        inner.line, self._key = self._key, None
        return inner

    def _start(self) -> str:
        start, self._prefix = self._prefix, self._indent
        return start
