"""Deployments inside of deployments (Microsoft.Resources/deployments): their scope, parameters and outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from resource_readers.arm.expressions import expression_of
from resource_readers.arm.scopes import Declarations, Outputs, TemplateScope
from resource_readers.arm.template_parts import level_of, literal_text, resource_entries, schema_of, scope_id
from resource_readers.interface import Unknown, Value
from resource_readers.reading import Reading
from resource_readers.template_language import resource_ids
from resource_readers.template_language.evaluation import Frame, evaluate
from resource_readers.template_language.resource_ids import DeploymentScope, Level
from resource_readers.template_language.unknowns import symbolic, unknown
from resource_readers.trees.nodes import Entry, Node, ObjectNode

_TYPE = "microsoft.resources/deployments"


@dataclass(frozen=True, slots=True)
class Nested:
    """A nested template, ready to be expanded."""

    template: ObjectNode
    frame: Frame
    target: DeploymentScope


def target_of(node: ObjectNode, frame: Frame, outer: DeploymentScope, template: ObjectNode | None) -> DeploymentScope:
    """Where a nested deployment goes."""

    def text(key: str) -> str:
        value = node.get(key)
        return symbolic(evaluate(expression_of(value), frame)) if value is not None else ""

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


def open_nested(node: ObjectNode, frame: Frame, outer: DeploymentScope, reading: Reading) -> Nested | None:
    """The template of a nested deployment; None if it has to be named as not read."""
    properties = node.get("properties")
    if not isinstance(properties, ObjectNode):
        reading.miss(node.line, "a nested deployment without properties")
        return None
    template = properties.get("template")
    if not isinstance(template, ObjectNode):
        link = properties.get("templateLink")
        what = "a linked template" if link is not None else "a nested deployment without a template in it"
        reading.miss((link or properties).line, f"{what} is not followed")
        return None
    target = target_of(node, frame, outer, template)
    options = properties.get("expressionEvaluationOptions")
    inner = isinstance(options, ObjectNode) and literal_text(options.get("scope")).casefold() == "inner"
    if not inner:
        return Nested(template, frame, target)
    supplied = _supplied(properties.get("parameters"), frame)
    if supplied is None:
        # Without them the defaults would be taken, which may be quite other values.
        reading.miss(properties.line, "the parameters of a nested deployment are not known")
        return None
    scope = TemplateScope(reading, template, target, supplied)
    return Nested(template, Frame(scope, depth=frame.depth), target)


def _supplied(node: Node | None, frame: Frame) -> Mapping[str, Value] | None:
    """Parameter values that the outer template hands in, by casefolded name; None if they aren't known."""
    if node is None:
        return {}
    if not isinstance(node, ObjectNode):
        whole = evaluate(expression_of(node), frame)
        if not isinstance(whole, dict) or not all(isinstance(one, dict) and "value" in one for one in whole.values()):
            return None
        return {name.casefold(): one["value"] for name, one in whole.items()}
    values: dict[str, Value] = {}
    for entry in node.entries:
        if not isinstance(entry.key, str):
            continue
        handed = entry.value.get("value") if isinstance(entry.value, ObjectNode) else None
        if handed is not None:
            values[entry.key.casefold()] = evaluate(expression_of(handed), frame)
        elif isinstance(entry.value, ObjectNode):
            values[entry.key.casefold()] = unknown("it is a Key Vault secret", "{parameters('" + entry.key + "')}")
        else:
            whole = evaluate(expression_of(entry.value), frame)
            values[entry.key.casefold()] = (
                whole["value"]
                if isinstance(whole, dict) and "value" in whole
                else Unknown("a parameter without a value")
            )
    return values


def register(entries: Sequence[Entry], frame: Frame, target: DeploymentScope, reading: Reading) -> None:
    """Tells the scope the ids of a template's resources, and the outputs of the deployments nested in it."""
    scope = frame.scope
    if not isinstance(scope, TemplateScope):
        return
    for entry in entries:
        node = entry.value
        if not isinstance(node, ObjectNode) or node.get("copy") is not None:
            continue
        resource_type = literal_text(node.get("type"))
        name = node.get("name")
        if not resource_type or name is None:
            continue
        own_name = symbolic(evaluate(expression_of(name), frame))
        nested = resource_type.casefold() == _TYPE
        place = target_of(node, frame, target, None).id if nested else target.id
        explicit = node.get("scope")
        if explicit is not None and not nested:
            place = scope_id(evaluate(expression_of(explicit), frame), target)
        identifier = resource_ids.resource_id(place, resource_type, own_name)
        for key in (entry.key, own_name):
            if isinstance(key, str) and key:
                scope.resource_ids.setdefault(key.casefold(), identifier)
        if nested:
            outputs = _outputs(node, frame, target, reading)
            scope.outputs.setdefault(identifier.casefold(), outputs)
            scope.outputs.setdefault(own_name.casefold(), outputs)


def _outputs(node: ObjectNode, frame: Frame, target: DeploymentScope, reading: Reading) -> Outputs:
    """Outputs when they are asked for; one that leads back to itself is an Unknown."""
    made: list[dict[str, Value]] = []
    opened: list[None] = []

    def outputs() -> Mapping[str, Value]:
        if made:
            return made[0]
        if opened:
            return {}
        opened.append(None)
        # What can't be read is named when the deployment itself is expanded.
        nested = open_nested(node, frame.deeper(), target, Reading(reading.shown, reading.budget))
        values: dict[str, Value] = {}
        section = nested.template.get("outputs") if nested is not None else None
        if nested is not None and isinstance(section, ObjectNode):
            resources = nested.template.get("resources")
            register(list(resource_entries(resources)), nested.frame, nested.target, reading)
            values = _output_values(section, nested.frame)
        made.append(values)
        return values

    return outputs


def _output_values(section: ObjectNode, frame: Frame) -> dict[str, Value]:
    nodes = {
        entry.key: expression_of(value)
        for entry in section.entries
        if isinstance(entry.key, str)
        and isinstance(entry.value, ObjectNode)
        and (value := entry.value.get("value")) is not None
    }
    declarations = Declarations("output", nodes)
    return {name: declarations.get(name, frame) for name in declarations.names()}
