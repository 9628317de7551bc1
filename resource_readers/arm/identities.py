"""What a declaration in a template makes: how many resources, and the type, name and scope of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from resource_readers.arm.expressions import expression_of
from resource_readers.arm.json_values import value_of
from resource_readers.arm.template_parts import level_of, literal_text, schema_of, scope_id
from resource_readers.interface import Unknown, Value
from resource_readers.template_language import resource_ids
from resource_readers.template_language.evaluation import Frame, iterations, round_frame
from resource_readers.template_language.resource_ids import DeploymentScope, Level
from resource_readers.template_language.unknowns import symbolic, unknown
from resource_readers.trees.nodes import Literal, Loop, ObjectNode

DEPLOYMENT = "microsoft.resources/deployments"


@dataclass(frozen=True, slots=True)
class Parent:
    """The resource around a nested one."""

    type: str
    name: Value
    scope: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Whole type, whole name, and the id of what the resource is deployed to or extends."""

    type: str
    name: Value
    scope: str

    @property
    def id(self) -> str:
        """Whole id."""
        return resource_ids.resource_id(self.scope, self.type, symbolic(self.name))


class LoopError(Exception):
    """A `copy` that says neither how often nor under which name; `line` is where it stands."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def rounds_of(node: ObjectNode, frame: Frame) -> Iterator[tuple[Frame, bool]]:
    """A frame for each resource of a declaration; False where nobody knows how many they are. Raises LoopError."""
    copy = node.get("copy")
    if copy is None:
        yield frame, True
        return
    count = copy.get("count") if isinstance(copy, ObjectNode) else None
    name = copy.get("name") if isinstance(copy, ObjectNode) else None
    if count is None or not (isinstance(name, Literal) and isinstance(name.value, str)):
        raise LoopError("a copy loop without name or count", copy.line)
    loop = Loop(expression_of(count), name.value, "", None, Literal(None, copy.line), True, copy.line)
    rounds = iterations(loop, frame)
    if isinstance(rounds, Unknown):
        inner = round_frame(loop, frame, None, rounds)
        yield replace(inner, copies={**inner.copies, "": rounds}), False
        return
    for one in rounds:
        yield replace(one.frame, copies={**one.frame.copies, "": one.frame.copies[name.value.casefold()]}), True


def identity_of(
    declared: str, node: ObjectNode, frame: Frame, target: DeploymentScope, parent: Parent | None
) -> Identity:
    """Who the resource is."""
    name = value_of(node.get("name"), frame, None)
    if name is None:
        name = unknown("it has no name")
    if declared.casefold() == DEPLOYMENT:
        template = _inline_template(node)
        return Identity(declared, name, target_of(node, frame, target, template).id)
    scope = parent.scope if parent is not None else target.id
    if parent is not None and "." not in declared.split("/", 1)[0]:
        declared, name = f"{parent.type}/{declared}", _joined(parent.name, name)
    elif parent is not None and declared.casefold().startswith(parent.type.casefold() + "/"):
        extra = declared.count("/") - parent.type.count("/")
        if len(resource_ids.split_segments(symbolic(name))) == extra:
            name = _joined(parent.name, name)
    elif parent is not None and node.get("scope") is None:
        # An extension resource written below the one that it extends.
        scope = resource_ids.resource_id(parent.scope, parent.type, symbolic(parent.name))
    explicit = node.get("scope")
    if explicit is not None:
        return Identity(declared, name, scope_id(value_of(explicit, frame, ""), target))
    if node.get("resourceGroup") is not None or node.get("subscriptionId") is not None:
        return Identity(declared, name, target_of(node, frame, target, None).id)  # one that exists elsewhere
    extension = resource_ids.extension_parts(declared, symbolic(name))
    if extension is None:
        return Identity(declared, name, scope)
    parent_type, parent_name, own_type, own_name = extension
    extended = resource_ids.resource_id(scope, parent_type, parent_name)
    return Identity(own_type, resource_ids.id_value(own_name, "a part of the name is not known"), extended)


def _inline_template(node: ObjectNode) -> ObjectNode | None:
    properties = node.get("properties")
    template = properties.get("template") if isinstance(properties, ObjectNode) else None
    return template if isinstance(template, ObjectNode) else None


def _joined(parent: Value, own: Value) -> Value:
    if isinstance(parent, Unknown) or isinstance(own, Unknown):
        inner = own if isinstance(own, Unknown) else parent
        return unknown(inner.reason, f"{symbolic(parent)}/{symbolic(own)}")
    return f"{parent}/{own}"


def target_of(node: ObjectNode, frame: Frame, outer: DeploymentScope, template: ObjectNode | None) -> DeploymentScope:
    """Where a nested deployment goes (or an existing resource is)."""

    def text(key: str) -> str:
        return symbolic(value_of(node.get(key), frame, ""))

    subscription = text("subscriptionId") or outer.subscription
    group, scope = text("resourceGroup"), text("scope")
    if group:
        return replace(outer, level=Level.RESOURCE_GROUP, subscription=subscription, group=group)
    if scope:
        return scope_target(scope, outer)
    if node.get("subscriptionId") is not None:
        return replace(outer, level=Level.SUBSCRIPTION, subscription=subscription)
    schema = schema_of(template) if template is not None else ""
    if outer.level is not Level.RESOURCE_GROUP and schema and level_of(schema) is not Level.RESOURCE_GROUP:
        return replace(outer, level=level_of(schema))
    return outer


def scope_target(scope: str, outer: DeploymentScope) -> DeploymentScope:
    """The scope that an id (or "/", or a management group's relative one) names."""
    parts = resource_ids.split_segments(scope.strip("/"))
    folded = [part.casefold() for part in parts]
    if scope == "/":
        return replace(outer, level=Level.TENANT)
    if "managementgroups" in folded and folded.index("managementgroups") + 1 < len(parts):
        at = folded.index("managementgroups")
        return replace(outer, level=Level.MANAGEMENT_GROUP, management_group=parts[at + 1])
    if folded[0] == "subscriptions" and len(parts) == 2:
        return replace(outer, level=Level.SUBSCRIPTION, subscription=parts[1])
    if folded[0] == "subscriptions" and len(parts) == 4 and folded[2] == "resourcegroups":
        return replace(outer, level=Level.RESOURCE_GROUP, subscription=parts[1], group=parts[3])
    return replace(outer, level=Level.RESOURCE_GROUP, group="{" + scope.strip("{}") + "}")


def declared_type(node: ObjectNode, frame: Frame) -> str:
    """The type as declared, or "" where it isn't known."""
    written = literal_text(node.get("type"))
    if written and not written.startswith("["):
        return written
    value = value_of(node.get("type"), frame, None)
    return value if isinstance(value, str) else ""
