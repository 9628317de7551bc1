"""What a plan says about where a value comes from that isn't known yet."""

from __future__ import annotations

import re
from typing import Any

from resource_readers.interface import Unknown, Value
from resource_readers.terraform.resources import computed
from resource_readers.trees.nodes import Node
from resource_readers.trees.plain import plain

_KEYS = re.compile(r'\[(?:"(?:[^"\\]|\\.)*"|\d+)\]')


class References:
    """The expressions in a plan's `configuration`."""

    def __init__(self, configuration: Node | None) -> None:
        tree = plain(configuration) if configuration is not None else None
        self._root: Any = tree.get("root_module") if isinstance(tree, dict) else None
        self._found: dict[tuple[str, str, str, str], dict[str, Any] | None] = {}

    def applied(self, values: dict[str, Value], module: str, mode: str, kind: str, name: str) -> dict[str, Value]:
        """The values with what the configuration tells of them.

        What the resource computes by itself (it isn't known and isn't written in its block) is left out. An id that
        isn't known and is written as a reference to another resource's id is an Unknown that names that resource.
        """
        expressions = self._expressions(module, mode, kind, name)
        if expressions is None:
            return values
        result: dict[str, Value] = {}
        for key, value in values.items():
            if not isinstance(value, Unknown):
                result[key] = value
            elif key in expressions:
                result[key] = _referred(key, expressions[key], module) or value
            elif value.reason.startswith("sensitive"):
                result[key] = value
        return result

    def _expressions(self, module: str, mode: str, kind: str, name: str) -> dict[str, Any] | None:
        plain_module = _KEYS.sub("", module)
        key = (plain_module, mode, kind, name)
        if key not in self._found:
            self._found[key] = self._searched(plain_module, mode, kind, name)
        return self._found[key]

    def _searched(self, module: str, mode: str, kind: str, name: str) -> dict[str, Any] | None:
        at = self._root
        for call in module.split("module.")[1:] if module else []:
            calls = at.get("module_calls") if isinstance(at, dict) else None
            found = calls.get(call.rstrip(".")) if isinstance(calls, dict) else None
            at = found.get("module") if isinstance(found, dict) else None
        resources = at.get("resources") if isinstance(at, dict) else None
        for one in resources if isinstance(resources, list) else []:
            if isinstance(one, dict) and (one.get("mode"), one.get("type"), one.get("name")) == (mode, kind, name):
                expressions = one.get("expressions")
                return expressions if isinstance(expressions, dict) else {}
        return None


def _referred(key: str, expression: Any, module: str) -> Unknown | None:
    """The resource whose id the attribute is, where it can be nothing else."""
    references = expression.get("references") if isinstance(expression, dict) else None
    if not isinstance(references, list) or not (key.endswith("_id") or key == "scope"):
        return None
    ids = [one for one in references if isinstance(one, str) and one.endswith(".id") and "each." not in one]
    others = [one for one in references if not any(isinstance(one, str) and whole.startswith(one) for whole in ids)]
    if len(ids) != 1 or others or ids[0].startswith(("var.", "local.", "module.", "each.", "data.")):
        return None
    return computed((module + "." if module else "") + ids[0].removesuffix(".id"), ("id",))
