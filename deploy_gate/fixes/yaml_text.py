"""Properties of Azure ML assets, in the text of YAML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deploy_gate.fixes.texts import (
    Change,
    NotMechanicalError,
    Target,
    Value,
    begins_line,
    line_break,
    line_end,
    margin_at,
)

if TYPE_CHECKING:
    import yaml

_STEP = "  "


def set_in_yaml(text: str, target: Target) -> list[Change]:
    """Sets a property of the document that holds the line. Raises NotMechanicalError."""
    import yaml

    try:
        documents = [one for one in yaml.compose_all(text, Loader=yaml.SafeLoader) if one is not None]
    except (yaml.YAMLError, RecursionError):
        raise NotMechanicalError("the file is not plain YAML") from None
    before = [one for one in documents if one.start_mark.line + 1 <= target.line]
    node = documents[0] if len(documents) == 1 else before[-1] if before else None
    for depth, name in enumerate(target.path):
        if not isinstance(node, yaml.MappingNode):
            raise NotMechanicalError(f"what {name} belongs to is no mapping")
        same = [(key, value) for key, value in node.value if getattr(key, "value", None) == name]
        if not same:
            return _inserted(text, node, target.path[depth:], target.value)
        if len(same) > 1:
            raise NotMechanicalError(f"{name} stands more than once")
        key, value = same[0]
        if value.start_mark.index < key.end_mark.index:
            raise NotMechanicalError(f"{name} is an alias of what stands elsewhere")
        if depth == len(target.path) - 1:
            return [_replaced(text, name, value, target.value)]
        node = value
    raise NotMechanicalError("there is nothing to set")


def _replaced(text: str, name: str, node: yaml.Node, value: Value) -> Change:
    import yaml

    start, end = node.start_mark.index, node.end_mark.index
    old = text[start:end]
    if not isinstance(node, yaml.ScalarNode) or not old or old[:1] in "&!*|>":
        raise NotMechanicalError(f"{name} holds something else than a plain value")
    if "{{" in old or "$(" in old or "#{" in old or "${" in old:
        raise NotMechanicalError(f"{name} is given by an expression: {old[:60]}")
    return Change(start, end, _literal(value, old[0] if old[0] in "'\"" else ""))


def _literal(value: Value, quote: str = "") -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if not quote and re.fullmatch(r"[A-Za-z][A-Za-z0-9_./-]*", value) and value.casefold() not in _WORDS:
        return value
    if quote != '"' and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    import json

    return json.dumps(value)


_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def _inserted(text: str, node: yaml.MappingNode, path: tuple[str, ...], value: Value) -> list[Change]:
    import yaml

    end_of_line = line_break(text)
    if node.flow_style:
        last = node.value[-1][1].end_mark.index if node.value else node.start_mark.index + 1
        comma = ", " if node.value else ""
        written = "".join(f"{name}: {{" for name in path[:-1])
        return [Change(last, last, f"{comma}{written}{path[-1]}: {_literal(value)}{'}' * (len(path) - 1)}")]
    if not node.value:
        raise NotMechanicalError("its mapping is empty")
    first = node.value[0][0].start_mark.index
    # Behind the name rather than behind the schema, which stands first by custom.
    for key, one in sorted(node.value, key=lambda pair: str(pair[0].value) == "$schema"):
        start, end = key.start_mark.index, one.end_mark.index
        plain = isinstance(one, yaml.ScalarNode) and one.start_mark.index >= key.end_mark.index
        if plain and begins_line(text, start) and "\n" not in text[start:end]:
            at, margin = line_end(text, end), margin_at(text, start)
            return [Change(at, at, f"{end_of_line}{_lines(path, value, margin, end_of_line)}")]
    if not begins_line(text, first):
        raise NotMechanicalError("its mapping begins behind something else")
    margin = margin_at(text, first)
    at = first - len(margin)
    return [Change(at, at, f"{_lines(path, value, margin, end_of_line)}{end_of_line}")]


def _lines(path: tuple[str, ...], value: Value, margin: str, end_of_line: str) -> str:
    lines = [f"{margin}{_STEP * depth}{name}:" for depth, name in enumerate(path)]
    lines[-1] += f" {_literal(value)}"
    return end_of_line.join(lines)
