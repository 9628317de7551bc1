"""What loadTextContent(), loadJsonContent() and their like give for the bytes of a file."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping

from resource_readers.interface import Value
from resource_readers.template_language.unknowns import FunctionError
from resource_readers.trees import lenient_json, yaml_tree
from resource_readers.trees.plain import TooManyValuesError, plain

_ENCODINGS = {
    "utf-8": "utf-8-sig",
    "us-ascii": "ascii",
    "iso-8859-1": "latin-1",
    "utf-16": "utf-16",
    "utf-16be": "utf-16-be",
}
_STEP = re.compile(r"\.?([A-Za-z_][\w-]*)|\[([0-9]{1,9})\]|\[(?:'([^']*)'|\"([^\"]*)\")\]")


class NotEvaluatedError(Exception):
    """The function is used in a form whose value isn't known here."""


def loaded(name: str, data: bytes, arguments: tuple[str, ...]) -> Value:
    """The value.

    Args:
        name: casefolded.
        data: the file.
        arguments: those behind the path.

    Raises:
        FunctionError: the file isn't what the function takes.
        NotEvaluatedError: see there.
    """
    function = _FUNCTIONS.get(name)
    if function is None:
        raise NotEvaluatedError(f"{name}() is not evaluated")
    try:
        return function(data, arguments)
    except (UnicodeDecodeError, lenient_json.LenientJsonError, yaml_tree.YamlError, TooManyValuesError) as error:
        raise FunctionError(str(error)) from None


def _text(data: bytes, arguments: tuple[str, ...]) -> str:
    if not arguments:
        return lenient_json.decode(data)
    encoding = _ENCODINGS.get(arguments[0].casefold())
    if encoding is None:
        raise FunctionError(f"{arguments[0]!r} is no encoding that Bicep knows")
    return data.decode(encoding)


def _base64(data: bytes, _arguments: tuple[str, ...]) -> str:
    return base64.b64encode(data).decode("ascii")


def _json(data: bytes, arguments: tuple[str, ...]) -> Value:
    return _selected(plain(lenient_json.parse(_text(data, arguments[1:]))), arguments)


def _yaml(data: bytes, arguments: tuple[str, ...]) -> Value:
    return _selected(plain(yaml_tree.parse(_text(data, arguments[1:]))), arguments)


def _selected(value: Value, arguments: tuple[str, ...]) -> Value:
    """What a path of names and indexes ("$.a.b[0]") leads to."""
    path = arguments[0].removeprefix("$") if arguments else ""
    at = 0
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            raise NotEvaluatedError(f"the path {path!r} is more than names and indexes")
        at = step.end()
        name = next((step.group(one) for one in (1, 3, 4) if step.group(one) is not None), None)
        if name is not None and isinstance(value, dict) and name in value:
            value = value[name]
        elif name is None and isinstance(value, list) and int(step.group(2)) < len(value):
            value = value[int(step.group(2))]
        else:
            raise FunctionError(f"nothing stands at {path!r}")
    return value


_FUNCTIONS: Mapping[str, Callable[[bytes, tuple[str, ...]], Value]] = {
    "loadtextcontent": _text,
    "loadfileasbase64": _base64,
    "loadjsoncontent": _json,
    "loadyamlcontent": _yaml,
}
