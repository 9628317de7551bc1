"""YAML and JSON from outside: bounded, without surprises, and with the line of every key.

Used for the files that steer the gate (release, configuration, allowlist, waivers, matrix) and for what tools print.
Bounds stop alias bombs, deep nesting and huge files; a key that stands twice is refused, since two readers could see
two different documents; timestamps stay text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verdicts.errors import ConfigurationError

if TYPE_CHECKING:
    import yaml

Pointer = tuple[str | int, ...]

MAXIMUM_BYTES = 16 * 1024 * 1024
MAXIMUM_DEPTH = 100
MAXIMUM_NODES = 1_000_000

_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


class DocumentError(ValueError):
    """The text is not a document that can be trusted. `line` is 1-based or None."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Document:
    """Parsed content and where it stood.

    Attributes:
        content: dict, list, str, int, float, bool or None.
        lines: 1-based line of each node, by its path of keys and indexes.
    """

    content: Any
    lines: Mapping[Pointer, int] = field(default_factory=dict)

    def line(self, pointer: Pointer) -> int | None:
        """Line of the node, or of the nearest one around it."""
        for end in range(len(pointer), -1, -1):
            if pointer[:end] in self.lines:
                return self.lines[pointer[:end]]
        return None


def read_bounded(path: Path, maximum: int = MAXIMUM_BYTES) -> bytes:
    """The whole file. Raises OSError, and DocumentError if it is larger than `maximum` bytes."""
    with path.open("rb") as stream:
        data = stream.read(maximum + 1)
    if len(data) > maximum:
        raise DocumentError(f"larger than {maximum:,} bytes")
    return data


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(f"not UTF-8 (byte {error.start})", data[: error.start].count(b"\n") + 1) from None


def parse_json(data: bytes) -> Any:
    """Strict JSON. Raises DocumentError for bad syntax, duplicate keys, NaN, and nesting beyond the bound."""

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(items)
        if len(result) != len(items):
            seen: set[str] = set()
            twice = next(key for key, _ in items if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            raise DocumentError(f"the key {twice!r} stands twice")
        return result

    def no_constant(name: str) -> Any:
        raise DocumentError(f"{name} is not JSON")

    def finite(digits: str) -> float:
        number = float(digits)
        if not math.isfinite(number):
            raise DocumentError(f"{digits[:40]} is larger than a number can be")
        return number

    try:
        return json.loads(_text(data), object_pairs_hook=pairs, parse_constant=no_constant, parse_float=finite)
    except json.JSONDecodeError as error:
        raise DocumentError(f"not JSON: {error.msg}", error.lineno) from None
    except RecursionError:
        raise DocumentError("nested too deeply") from None
    except DocumentError:
        raise
    except ValueError as error:  # an integer with more digits than Python converts
        raise DocumentError(str(error)) from None


def parse_yaml(data: bytes) -> Document:
    """One YAML document with positions. Raises DocumentError."""
    import yaml

    loader_class: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = _text(data)
    try:
        _check_depth(text, loader_class)
        loader = loader_class(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise DocumentError(f"not YAML: {error.problem or error.context}", mark.line + 1 if mark else None) from None
    except yaml.YAMLError as error:
        raise DocumentError(f"not YAML: {error}") from None
    except RecursionError:
        raise DocumentError("nested too deeply") from None
    builder = _YamlBuilder()
    content = builder.build(node, (), 0) if node is not None else None
    return Document(content, builder.lines)


def _check_depth(text: str, loader_class: Any) -> None:
    """Refuses deep nesting before nodes are made: the C composer is recursive, and would end the whole process."""
    import yaml

    opened = (yaml.SequenceStartEvent, yaml.MappingStartEvent)
    closed = (yaml.SequenceEndEvent, yaml.MappingEndEvent)
    depth = 0
    for event in yaml.parse(text, Loader=loader_class):
        if isinstance(event, opened):
            depth += 1
            if depth > MAXIMUM_DEPTH:
                mark = event.start_mark
                raise DocumentError(f"nested deeper than {MAXIMUM_DEPTH} levels", mark.line + 1 if mark else None)
        elif isinstance(event, closed):
            depth -= 1


class _YamlBuilder:
    """Turns YAML nodes into plain values; counts what it makes, so that aliases can't multiply without end."""

    def __init__(self) -> None:
        self.lines: dict[Pointer, int] = {}
        self._made = 0

    def build(self, node: yaml.Node, pointer: Pointer, depth: int) -> Any:
        import yaml

        line = node.start_mark.line + 1
        self._made += 1
        if self._made > MAXIMUM_NODES:
            raise DocumentError(f"more than {MAXIMUM_NODES:,} values (an alias bomb?)", line)
        if depth > MAXIMUM_DEPTH:
            raise DocumentError(f"nested deeper than {MAXIMUM_DEPTH} levels", line)
        self.lines.setdefault(pointer, line)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if node.tag not in ("tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"):
            raise DocumentError(f"the tag {node.tag!r} is not supported", line)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*pointer, index), depth + 1) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            result: dict[str, Any] = {}
            for key_node, value_node in node.value:
                key = self._key(key_node)
                if key in result:
                    raise DocumentError(f"the key {key!r} stands twice", key_node.start_mark.line + 1)
                self.lines[(*pointer, key)] = key_node.start_mark.line + 1
                result[key] = self.build(value_node, (*pointer, key), depth + 1)
            return result
        raise DocumentError("an unknown kind of YAML node", line)

    def _key(self, node: yaml.Node) -> str:
        import yaml

        line = node.start_mark.line + 1
        if not isinstance(node, yaml.ScalarNode):
            raise DocumentError("a key that is not text", line)
        if node.tag == "tag:yaml.org,2002:merge":
            raise DocumentError("merge keys (<<) are not supported: write the keys out", line)
        return str(node.value)

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        value = str(node.value)
        line = node.start_mark.line + 1
        kind = node.tag.removeprefix("tag:yaml.org,2002:")
        if kind in ("str", "timestamp", "value", "merge"):
            return value
        if kind == "null" and value.lower() in ("", "~", "null"):
            return None
        if kind == "bool" and value.lower() in _BOOLEANS:
            return _BOOLEANS[value.lower()]
        if kind == "int":
            return self._integer(value, line)
        if kind == "float":
            return self._float(value, line)
        raise DocumentError(f"the tag {node.tag!r} is not supported for {value[:40]!r}", line)

    @staticmethod
    def _integer(value: str, line: int) -> int | str:
        digits = value.replace("_", "")
        if ":" in digits:  # YAML 1.1 reads 1:30 as 90; nobody means that
            return value
        try:
            # YAML 1.1 octal is written 017; Python wants 0o17.
            unsigned = digits.lstrip("+-")
            if len(unsigned) > 1 and unsigned.startswith("0") and unsigned.isdigit():
                return int(digits, 8)
            return int(digits, 0)
        except ValueError:
            raise DocumentError(f"{value[:40]!r} is not a number", line) from None

    @staticmethod
    def _float(value: str, line: int) -> float | str:
        if ":" in value:
            return value
        try:
            return float(value.lower().replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))
        except ValueError:
            raise DocumentError(f"{value[:40]!r} is not a number", line) from None


def load_document(path: Path, *, shown_as: str | None = None) -> Document:
    """A file that steers the gate, YAML or JSON by its ending.

    Raises:
        ConfigurationError: with file and line, if it is missing, too large, or not a document.
    """
    name = shown_as or str(path)
    try:
        data = read_bounded(path)
        if path.suffix.lower() == ".json":
            return Document(parse_json(data))
        return parse_yaml(data)
    except OSError as error:
        raise ConfigurationError(f"can't be read: {error.strerror or error}", where=name) from None
    except DocumentError as error:
        where = f"{name}:{error.line}" if error.line else name
        raise ConfigurationError(str(error), where=where) from None
    except ValueError as error:  # a name that no file can have
        raise ConfigurationError(f"can't be read: {error}", where=name) from None
