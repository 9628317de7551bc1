"""Attributes of Terraform resources, in the text of HCL."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from deploy_gate.fixes.texts import (
    Change,
    NotMechanicalError,
    Target,
    Value,
    begins_line,
    indentation,
    line_break,
    line_end,
    margin_at,
    offset,
)

if TYPE_CHECKING:
    from resource_readers.terraform.syntax import Block

_LITERAL = re.compile(r'"(?:[^"\\$%\n]|\\.|[$%](?!\{))*+"|true\b|false\b|null\b|-?\d+(?:\.\d+)?\b')
_REST_OF_LINE = re.compile(r"[ \t]*(?:#[^\n]*|//[^\n]*|/\*[^\n]*?\*/[ \t]*)?\r?(?=\n|\Z)")
_HEAD = re.compile(r'[\w-]+(?:[ \t]+(?:"(?:[^"\\\n]|\\.)*"|[\w-]+))*[ \t]*\{')


def set_in_terraform(text: str, target: Target) -> list[Change]:
    """Sets an attribute of a resource, or of the only block of a name in it. Raises NotMechanicalError."""
    from resource_readers.terraform.bodies import parse_file

    parsed = parse_file("", text)
    start = offset(text, target.line, 1)
    block = next((one for one in parsed.body.blocks if parsed.source.position(one.at).line == target.line), None)
    if block is None or parsed.broken or block.foreign or not start <= block.at:
        raise NotMechanicalError("its block is not understood well enough")
    for name in target.path[:-1]:
        inner = [one for one in block.body.blocks if one.type == name]
        dynamic = any(one.type == "dynamic" and one.labels == (name,) for one in block.body.blocks)
        if len(inner) != 1 or dynamic or name in block.body.attributes:
            raise NotMechanicalError(f"there is not exactly one block {name}")
        block = inner[0]
    name = target.path[-1]
    if len(target.path) == 1:
        name = _spelling(block, name)
    if any(name in (one.type, *one.labels[:1]) for one in block.body.blocks):
        raise NotMechanicalError(f"{name} is a block")
    attribute = block.body.attributes.get(name)
    if attribute is None:
        starts = [one.at for one in block.body.attributes.values() if not one.foreign]
        return _inserted(text, block.at, starts, name, target.value)
    if attribute.foreign:
        raise NotMechanicalError(f"{name} is set by an override file")
    value = re.compile(rf"{re.escape(name)}[ \t]*=[ \t]*").match(text, attribute.at)
    literal = _LITERAL.match(text, value.end()) if value is not None else None
    if literal is None or not re.compile(r"[ \t]*(?:#|//|/\*|\r?\n|\}|\Z)").match(text, literal.end()):
        raise NotMechanicalError(f"{name} is given by an expression")
    return [Change(literal.start(), literal.end(), _literal(target.value))]


def _spelling(block: Block, name: str) -> str:
    """The name under which the attribute is known in the file: older releases of azurerm have other ones."""
    from resource_readers.terraform.azurerm_tables import Leaf, mapping_of

    kind = block.labels[0] if block.type == "resource" and block.labels else block.type
    known = mapping_of(kind)
    leaves = [one for one in known.entries if isinstance(one, Leaf)] if known is not None else []
    leaf = next((one for one in leaves if name in one.names and not one.together), None)
    if leaf is None:
        raise NotMechanicalError(f"{kind} is not known to have {name}")
    if any(
        used in block.body.attributes
        for one in leaves
        if one is not leaf and one.target == leaf.target
        for used in one.names
    ):
        raise NotMechanicalError(f"another attribute says the same as {name}")
    present = [one for one in leaf.names if one in block.body.attributes]
    if len(present) > 1:
        raise NotMechanicalError(f"{' and '.join(present)} say the same")
    return present[0] if present else name


def _literal(value: Value) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
    return json.dumps(value)


def _inserted(text: str, at: int, attributes: list[int], name: str, value: Value) -> list[Change]:
    """A new attribute: behind the last one that stands on a line of its own, else at the block's beginning."""
    head = _HEAD.match(text, at)
    if head is None:
        raise NotMechanicalError("its block is not understood well enough")
    end_of_line, margin = line_break(text), margin_at(text, at)
    empty = re.compile(r"[ \t]*\}").match(text, head.end())
    if empty is not None:
        inner = f"{margin}{indentation(text)}"
        written = f"{end_of_line}{inner}{name} = {_literal(value)}{end_of_line}{margin}}}"
        return [Change(head.end(), empty.end(), written)]
    if not _REST_OF_LINE.match(text, head.end()):
        raise NotMechanicalError("its block stands on one line")
    for start in sorted(attributes, reverse=True):
        match = re.compile(r"([\w-]+)([ \t]*)=[ \t]*").match(text, start)
        literal = _LITERAL.match(text, match.end()) if match is not None else None
        if match is None or literal is None or not begins_line(text, start):
            continue
        if _REST_OF_LINE.match(text, literal.end()):
            # In line with the equals sign above, as `terraform fmt` has it.
            width = len(match[1]) + len(match[2]) - 1
            written = f"{margin_at(text, start)}{name.ljust(width)} = {_literal(value)}"
            end = line_end(text, literal.end())
            return [Change(end, end, f"{end_of_line}{written}")]
    end = line_end(text, head.end())
    return [Change(end, end, f"{end_of_line}{margin}{indentation(text)}{name} = {_literal(value)}")]
