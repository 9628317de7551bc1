"""What is read off a template or resource before anything is evaluated, and values as trees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from resource_readers.interface import Value
from resource_readers.template_language.resource_ids import DeploymentScope, Level
from resource_readers.template_language.unknowns import symbolic
from resource_readers.trees.nodes import ArrayNode, Entry, Literal, Node, ObjectNode


def literal_text(node: Node | None) -> str:
    """The text of a literal; "" for anything else."""
    return node.value if isinstance(node, Literal) and isinstance(node.value, str) else ""


def level_of(schema: str) -> Level:
    """What a template is deployed to, by its `$schema`."""
    name = schema.rstrip("#").rsplit("/", 1)[-1].casefold()
    return {
        "subscriptiondeploymenttemplate.json": Level.SUBSCRIPTION,
        "managementgroupdeploymenttemplate.json": Level.MANAGEMENT_GROUP,
        "tenantdeploymenttemplate.json": Level.TENANT,
    }.get(name, Level.RESOURCE_GROUP)


def schema_of(template: ObjectNode) -> str:
    """Its `$schema`, or ""."""
    return literal_text(template.get("$schema"))


def resource_entries(section: Node | None) -> Iterator[Entry]:
    """The declarations in `resources`: a list, or an object with symbolic names as keys (languageVersion 2.0)."""
    if isinstance(section, ArrayNode):
        for item in section.items:
            yield Entry("", item, item.line, item.column)
    elif isinstance(section, ObjectNode):
        yield from section.entries


def scope_id(value: Value, target: DeploymentScope) -> str:
    """Id of the resource that a `scope` names: a whole id, or one relative to what the deployment goes to."""
    text = symbolic(value)
    if text.startswith("/") or not text:
        return text or target.id
    if "{" in text.split("/", 1)[0] or "." not in text.split("/", 1)[0]:
        return text if text.startswith("{") else "{" + text + "}"
    if text.casefold().startswith("microsoft.management/managementgroups/"):
        return f"/providers/{text}"
    return f"{target.id.rstrip('/')}/providers/{text}"


def tree_of(value: Value, line: int, column: int) -> Node:
    """A value as a tree whose nodes all stand at one place; an Unknown in it is a literal that evaluates to itself."""
    if isinstance(value, dict):
        entries = tuple(Entry(key, tree_of(one, line, column), line, column) for key, one in value.items())
        return ObjectNode(entries, line, column)
    if isinstance(value, list):
        return ArrayNode(tuple(tree_of(one, line, column) for one in value), line, column)
    return Literal(cast(Any, value), line, column)
