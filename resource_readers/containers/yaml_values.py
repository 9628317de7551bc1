"""Values of a YAML file in which a template tool may fill in something before it is used."""

from __future__ import annotations

from typing import Any

from resource_readers.interface import NotRead, Unknown, Value
from resource_readers.project_files import ProjectFile
from resource_readers.template_language.unknowns import unknown
from resource_readers.trees.nodes import Literal, Node, Unreadable
from resource_readers.trees.placeholders import symbolic_text
from resource_readers.trees.plain import TooManyValuesError, plain
from resource_readers.trees.yaml_tree import YamlError, parse

FILLED_IN = "a placeholder that is filled in before the file is used"


def decoded(file: ProjectFile) -> str | NotRead:
    """The file's text; NotRead if it is no UTF-8 (or UTF-16 with a mark)."""
    encoding = "utf-16" if file.data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return file.data.decode(encoding)
    except UnicodeDecodeError as error:
        return NotRead(file.shown, file.data[: error.start].count(b"\n") + 1, "not UTF-8")


def tree_of(file: ProjectFile) -> Node | NotRead:
    """The file's only document."""
    text = decoded(file)
    if isinstance(text, NotRead):
        return text
    try:
        return parse(text, templated=True)
    except YamlError as error:
        return NotRead(file.shown, error.line, str(error))


def values_of(tree: Node, shown: str) -> Any | NotRead:
    """The tree as plain values, placeholders as Unknown."""
    try:
        return plain(tree, convert)
    except TooManyValuesError as error:
        return NotRead(shown, tree.line, str(error))


def convert(node: Literal | Unreadable) -> Value:
    """The value of a scalar."""
    if isinstance(node, Unreadable):
        return Unknown(node.reason)
    if isinstance(node.value, str):
        filled = symbolic_text(node.value, script=True)
        return node.value if filled is None else unknown(FILLED_IN, filled)
    return node.value


def with_variables(value: Value) -> Value:
    """A text that is no script: `$(x)`, `${X}` and `<x>` are placeholders in it, too."""
    filled = symbolic_text(value) if isinstance(value, str) else None
    return value if filled is None else unknown(FILLED_IN, filled)


def member(value: Value, *path: str | int) -> Value:
    """What stands at a path: None where there is nothing, an Unknown where something on the way is one."""
    for part in path:
        if isinstance(value, Unknown):
            return value
        if isinstance(value, dict) and isinstance(part, str):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value
