"""Values of parameters, put into the copy of a template that checkov gets; every line stays in its place.

checkov knows no parameters files: it judges a parameter by its default. A template whose default is closed and whose
parameters file opens it would come out as clean. So the copy's defaults are the values that will be deployed.

In Bicep it also forgets defaults that are false, 0 or empty, and every use of a parameter but the first; a property
that it doesn't know then passes (CKV_AZURE_3 with `param secure bool = false`). So in the copy a property or list item
that is nothing but the name of a parameter or variable with a known value is that value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, AnyStr

from verdicts import InputDigest
from verdicts.digests import digest_bytes
from verdicts.documents import DocumentError, parse_json, read_bounded

if TYPE_CHECKING:
    import tree_sitter

_DECODER = json.JSONDecoder()
_BLANK = " \t\r\n"
# Names that mean something else inside a loop or a lambda expression.
_BOUND = re.compile(r"\bfor\s*\(?\s*(\w+)(?:\s*,\s*(\w+)\s*\))?\s+in\b|\b(\w+)\s*=>|\(([\w\s,]+)\)\s*=>")
_LITERALS = frozenset({"boolean", "null", "number", "string"})

Edit = tuple[int, int, str]
"""Start, end and new text."""


def read_values(path: Path, shown: str) -> tuple[dict[str, Any], InputDigest]:
    """The values of an ARM parameters file (JSON), by name.

    A reference to a secret in a vault has no value here and is left out.

    Raises:
        DocumentError: it is not such a file.
        OSError: it can't be read.
    """
    data = read_bounded(path)
    content = parse_json(data)
    parameters = content.get("parameters") if isinstance(content, dict) else None
    if not isinstance(parameters, dict) or not all(isinstance(entry, dict) for entry in parameters.values()):
        raise DocumentError("is not an ARM parameters file")
    values = {name: entry["value"] for name, entry in parameters.items() if "value" in entry}
    return values, InputDigest(shown, digest_bytes(data))


def arm_with_values(text: str, values: Mapping[str, Any]) -> str:
    """A template (strict JSON) with other defaults. Raises DocumentError for a parameter that it doesn't declare."""
    wanted = {name.lower(): value for name, value in values.items()}
    edits: list[Edit] = []
    for key, start, _ in _members(text, text.index("{")):
        if key.lower() != "parameters" or text[start] != "{":
            continue
        for name, place, _ in _members(text, start):
            if name.lower() in wanted and text[place] == "{":
                edits.append(_arm_edit(text, place, wanted.pop(name.lower())))
    _refuse_undeclared(wanted)
    return _applied(text, edits, "\n")


def _arm_edit(text: str, start: int, value: Any) -> Edit:
    for key, begin, end in _members(text, start):
        if key.lower() == "defaultvalue":
            return begin, end, json.dumps(value)
    return start + 1, start + 1, f'"defaultValue": {json.dumps(value)}, '


def _members(text: str, start: int) -> Iterator[tuple[str, int, int]]:
    """Key, start and end of each value of the object that begins at `start`; the text is known to be strict JSON."""

    def skip(position: int, characters: str) -> int:
        while text[position] in characters:
            position += 1
        return position

    position = skip(start + 1, _BLANK)
    while text[position] != "}":
        key, position = _DECODER.raw_decode(text, position)
        begin = skip(position, _BLANK + ":")
        _, position = _DECODER.raw_decode(text, begin)
        yield key, begin, position
        position = skip(position, _BLANK + ",")


def bicep_with_values(text: str, values: Mapping[str, Any]) -> str:
    """A Bicep file with other defaults, and with known values in place of names.

    Raises DocumentError for a parameter that it doesn't declare.
    """
    import tree_sitter
    import tree_sitter_bicep

    source = text.encode()
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bicep.language()))
    root = parser.parse(source).root_node
    wanted = {name.lower(): value for name, value in values.items()}
    known: dict[str, str] = {}
    places: list[tuple[int, int, str]] = []  # in bytes, as tree-sitter counts
    for node in root.named_children:
        if node.type not in ("parameter_declaration", "variable_declaration"):
            continue
        name = next((_text(child) for child in node.children if child.type == "identifier"), "")
        equals = next((index for index, child in enumerate(node.children) if child.type == "="), None)
        default = node.children[equals + 1] if equals is not None and equals + 1 < len(node.children) else None
        if node.type == "parameter_declaration" and name.lower() in wanted:
            known[name] = _bicep_literal(wanted.pop(name.lower()))
            start, prefix = (default.start_byte, "") if default is not None else (node.end_byte, " = ")
            places.append((start, node.end_byte, prefix + known[name]))
        elif default is not None and default.type in _LITERALS and "${" not in _text(default):
            known[name] = _text(default)
    for bound in _BOUND.finditer(text):
        for name in re.findall(r"\w+", " ".join(filter(None, bound.groups()))):
            known.pop(name, None)
    places += [(node.start_byte, node.end_byte, known[_text(node)]) for node in _uses(root) if _text(node) in known]
    _refuse_undeclared(wanted)
    return _applied(source, [(start, end, new.encode()) for start, end, new in places], b"\n").decode()


def _text(node: tree_sitter.Node) -> str:
    return node.text.decode() if node.text is not None else ""


def _uses(root: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """Names that are a whole property value or a whole item of a list."""
    nodes = [root]
    while nodes:
        node = nodes.pop()
        nodes.extend(node.named_children)
        if node.type == "object_property":
            candidates = node.children[2:]
        elif node.type == "array":
            candidates = node.named_children
        else:
            continue
        yield from (child for child in candidates if child.type == "identifier")


def _bicep_literal(value: Any) -> str:
    """A JSON value as Bicep writes it, on one line. Raises DocumentError for a fraction, which Bicep doesn't have."""
    if value is None or isinstance(value, bool | int):
        return json.dumps(value)
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
        return "'" + escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + "'"
    if isinstance(value, list):
        return "[" + ", ".join(_bicep_literal(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_bicep_literal(key)}: {_bicep_literal(item)}" for key, item in value.items()) + " }"
    raise DocumentError(f"the parameter value {value!r} can't be written in Bicep")


def _refuse_undeclared(left: Mapping[str, Any]) -> None:
    if left:
        raise DocumentError(f"the parameters file sets {', '.join(sorted(left))}, which the template doesn't declare")


def _applied(text: AnyStr, edits: Sequence[tuple[int, int, AnyStr]], newline: AnyStr) -> AnyStr:
    """The text after the edits, with as many line breaks as before, so that findings keep their lines."""
    pieces: list[AnyStr] = []
    position = 0
    for start, end, new in sorted(edits):
        pieces += [text[position:start], new, newline * text.count(newline, start, end)]
        position = end
    pieces.append(text[position:])
    return newline[:0].join(pieces)
