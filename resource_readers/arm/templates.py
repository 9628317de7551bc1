"""ARM templates: the resources that a JSON template would create."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from resource_readers.arm import nested_deployments
from resource_readers.arm.identities import (
    DEPLOYMENT,
    Identity,
    LoopError,
    Parent,
    declared_type,
    identity_of,
    rounds_of,
)
from resource_readers.arm.json_values import value_of
from resource_readers.arm.nested_deployments import Nested
from resource_readers.arm.scopes import TemplateScope
from resource_readers.arm.sources import TemplateSource
from resource_readers.arm.template_files import TemplateFiles
from resource_readers.arm.template_parts import level_of, resource_entries, schema_of
from resource_readers.interface import Resource, Unknown, Value
from resource_readers.reading import Reading
from resource_readers.template_language.evaluation import Frame
from resource_readers.template_language.resource_ids import DeploymentScope
from resource_readers.template_language.unknowns import LimitError, size_of, symbolic, unknown
from resource_readers.trees.nodes import ArrayNode, Literal, Node, ObjectNode
from verdicts import Location

MAXIMUM_RESOURCES = 20_000
"""Azure Resource Manager takes 800 in one template; nested ones come on top."""
_NOT_FIELDS = frozenset(
    {"type", "apiversion", "name", "properties", "resources", "condition", "copy", "dependson", "comments", "scope"}
    | {"existing", "metadata", "import", "@options", "$comments"}
)
_TARGET_FIELDS = frozenset({"resourcegroup", "subscriptionid"})
"""Where an existing resource is, and a deployment goes: its scope says it."""


def open_template(
    template: ObjectNode,
    reading: Reading,
    supplied: Mapping[str, Value],
    target: DeploymentScope | None = None,
    files: TemplateFiles | None = None,
) -> Nested:
    """A template, ready to be expanded. By default its schema says what it goes to."""
    place = target if target is not None else DeploymentScope(level_of(schema_of(template)))
    scope = TemplateScope(reading, template, place, supplied, files)
    return Nested(template, Frame(scope), place, reading)


def expand(opened: Nested) -> list[Resource]:
    """All resources of a template; what can't be read goes to its reading."""
    expander = Expander(opened.reading)
    try:
        expander.template(opened)
    except LimitError as error:
        opened.reading.miss(expander.line, f"stopped here: {error}")
    except RecursionError:
        opened.reading.miss(expander.line, "stopped here: nested too deeply")
    return expander.resources


class Expander:
    """Walks over the resources of a template and of those nested in it."""

    def __init__(self, reading: Reading) -> None:
        self.resources: list[Resource] = []
        self.line: int | None = None
        """Line of the resource at which it works, in the file that was asked for."""
        self._reading = reading
        self._asked_for = reading
        self._symbolic = False
        """Whether the resources of the template at which it works have symbolic names."""
        self._doubt: Value = True
        """True, or the unknown condition or loop of the deployment or parent around the resource at which it works."""

    def template(self, opened: Nested) -> None:
        """All resources of one template."""
        template, frame, target = opened.template, opened.frame, opened.target
        section = template.get("resources")
        if section is None:
            if template.get("$schema") is None:
                self._reading.miss(template.line, "the template has no resources")
            return
        if not isinstance(section, ArrayNode | ObjectNode):
            self._reading.miss(section.line, "'resources' is neither a list nor an object")
            return
        entries = list(resource_entries(section))
        frame.scope.budget.spend(len(entries))
        around, self._symbolic = self._symbolic, isinstance(section, ObjectNode)
        before, self._reading = self._reading, opened.reading
        nested_deployments.register(section, frame, target, self._reading)
        for entry in entries:
            self._resource(entry.value, frame, target, None)
        self._symbolic, self._reading = around, before

    def _resource(self, node: Node, frame: Frame, target: DeploymentScope, parent: Parent | None) -> None:
        if not isinstance(node, ObjectNode):
            self._reading.miss(node.line, "a resource that is no object")
            return
        if self._reading is self._asked_for:
            self.line = node.line
        keys = [entry.key.casefold() for entry in node.entries if isinstance(entry.key, str)]
        if len(set(keys)) != len(keys):
            self._reading.miss(node.line, "a resource with a key that stands twice in different case")
            return
        try:
            for inner, certain in rounds_of(node, frame):
                self._one(node, inner, target, parent, certain)
        except LoopError as error:
            self._reading.miss(error.line, str(error))

    def _one(
        self, node: ObjectNode, frame: Frame, target: DeploymentScope, parent: Parent | None, certain: bool
    ) -> None:
        condition = value_of(node.get("condition"), frame, True)
        if isinstance(condition, str) and condition.casefold() == "true":
            condition = True
        if condition is False:
            return
        declared = declared_type(node, frame)
        if not declared:
            self._reading.miss(node.line, "a resource without a type that is known")
            return
        if len(self.resources) >= MAXIMUM_RESOURCES:
            raise LimitError(f"more than {MAXIMUM_RESOURCES:,} resources")
        # Resources of an extension (Kubernetes, Microsoft Graph) are named inside of their properties.
        extended = node.get("import") is not None or node.get("extension") is not None
        if node.get("name") is None and not extended:
            self._reading.miss(node.line, "a resource without a name", may_hold_resources=False)
        identity = identity_of(declared, node, frame, target, parent)
        deployment = declared.casefold() == DEPLOYMENT
        # Without symbolic names the word means nothing, and the resource is made.
        written = node.get("existing") if self._symbolic else None
        existing = isinstance(written, Literal) and written.value is True
        nested = nested_deployments.open_nested(node, frame, target, self._reading) if deployment else None
        uncertain = condition if isinstance(condition, Unknown) else unknown("its condition is no truth value")
        resource = Resource(
            type=identity.type,
            api_version=symbolic(value_of(node.get("apiVersion"), frame, "")),
            name=identity.name,
            id=identity.id,
            scope=identity.scope,
            properties=_deployment_properties(node, frame, nested)
            if deployment
            else value_of(node.get("properties"), frame, {}),
            location=Location(self._reading.shown, node.line),
            fields=_fields(node, frame, _TARGET_FIELDS if existing or deployment else frozenset()),
            condition=self._doubt if condition is True else uncertain,
            repeated=not certain,
            existing=existing,
            source=TemplateSource(node),
        )
        frame.scope.budget.spend(size_of(resource.properties))
        self.resources.append(resource)
        before, self._doubt = self._doubt, resource.condition if certain else unknown("a loop over something unknown")
        if nested is not None:
            self.template(replace(nested, frame=nested.frame.deeper()))
        self._children(node, identity, frame, target)
        self._doubt = before

    def _children(self, node: ObjectNode, identity: Identity, frame: Frame, target: DeploymentScope) -> None:
        children = node.get("resources")
        if children is not None and not isinstance(children, ArrayNode | ObjectNode):
            self._reading.miss(children.line, "'resources' is neither a list nor an object")
        here = Parent(identity.type, identity.name, identity.scope)
        for entry in resource_entries(children):
            self._resource(entry.value, frame, target, here)


def _fields(node: ObjectNode, frame: Frame, left_out: frozenset[str]) -> dict[str, Value]:
    return {
        entry.key: value_of(entry.value, frame, None)
        for entry in node.entries
        if isinstance(entry.key, str) and (folded := entry.key.casefold()) not in _NOT_FIELDS and folded not in left_out
    }


def _deployment_properties(node: ObjectNode, frame: Frame, nested: Nested | None) -> Value:
    """What stands beside the template and its parameters; `$file` in the link says which file it was found in."""
    section = node.get("properties")
    if not isinstance(section, ObjectNode):
        return value_of(section, frame, {})
    made = {
        entry.key: value_of(entry.value, frame, None)
        for entry in section.entries
        if isinstance(entry.key, str) and entry.key.casefold() not in ("template", "parameters")
    }
    for key, value in made.items():
        if key.casefold() == "templatelink" and isinstance(value, dict) and nested is not None and nested.linked:
            made[key] = {**value, "$file": nested.linked}
    return made
