"""ARM templates: the resources that a JSON template would create."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from resource_readers.arm import nested_deployments
from resource_readers.arm.expressions import expression_of
from resource_readers.arm.scopes import TemplateScope
from resource_readers.arm.template_parts import level_of, resource_entries, schema_of, scope_id
from resource_readers.interface import Resource, Unknown, Value
from resource_readers.reading import Reading
from resource_readers.template_language import resource_ids
from resource_readers.template_language.evaluation import Frame, evaluate, iterations, round_frame
from resource_readers.template_language.resource_ids import DeploymentScope
from resource_readers.template_language.unknowns import LimitError, size_of, symbolic, unknown
from resource_readers.trees.nodes import ArrayNode, Literal, Loop, Node, NodeSource, ObjectNode
from verdicts import Location

MAXIMUM_RESOURCES = 20_000
"""Azure Resource Manager takes 800 in one template; nested ones come on top."""
_NOT_FIELDS = frozenset(
    {"type", "apiversion", "name", "properties", "resources", "condition", "copy", "dependson", "comments", "scope"}
    | {"existing", "metadata", "import", "@options"}
)
_DEPLOYMENT = "microsoft.resources/deployments"


@dataclass(frozen=True, slots=True)
class Parent:
    """The resource around a nested one."""

    type: str
    name: Value
    scope: str


def expand(
    template: ObjectNode,
    reading: Reading,
    supplied: Mapping[str, Value],
    *,
    target: DeploymentScope | None = None,
) -> list[Resource]:
    """All resources of a template; what can't be read goes to `reading`. By default its schema says what it goes to."""
    place = target if target is not None else DeploymentScope(level_of(schema_of(template)))
    scope = TemplateScope(reading, template, place, supplied)
    expander = Expander(reading)
    try:
        expander.template(template, Frame(scope), scope.target)
    except LimitError as error:
        reading.miss(expander.line, f"stopped here: {error}")
    except RecursionError:
        reading.miss(expander.line, "stopped here: nested too deeply")
    return expander.resources


class Expander:
    """Walks over the resources of a template and of those nested in it."""

    def __init__(self, reading: Reading) -> None:
        self.resources: list[Resource] = []
        self.line: int | None = None
        """Line of the resource at which it works."""
        self._reading = reading
        self._symbolic = False
        """Whether the resources of the template at which it works have symbolic names."""
        self._doubt: Value = True
        """True, or the unknown condition or loop of the deployment or parent around the resource at which it works."""

    def template(self, template: ObjectNode, frame: Frame, target: DeploymentScope) -> None:
        """All resources of one template, evaluated in `frame`, deployed to `target`."""
        section = template.get("resources")
        if section is None:
            if template.get("$schema") is None:
                self._reading.miss(template.line, "the template has no resources")
            return
        entries = list(resource_entries(section))
        if not entries and not isinstance(section, ArrayNode | ObjectNode):
            self._reading.miss(section.line, "'resources' is neither a list nor an object")
        frame.scope.budget.spend(len(entries))
        nested_deployments.register(entries, frame, target, self._reading)
        around, self._symbolic = self._symbolic, isinstance(section, ObjectNode)
        for entry in entries:
            self._resource(entry.value, frame, target, None)
        self._symbolic = around

    def _resource(self, node: Node, frame: Frame, target: DeploymentScope, parent: Parent | None) -> None:
        if not isinstance(node, ObjectNode):
            self._reading.miss(node.line, "a resource that is no object")
            return
        self.line = node.line
        keys = [entry.key.casefold() for entry in node.entries if isinstance(entry.key, str)]
        if len(set(keys)) != len(keys):
            self._reading.miss(node.line, "a resource with a key that stands twice in different case")
            return
        for inner, certain in self._rounds(node, frame):
            self._one(node, inner, target, parent, certain)

    def _rounds(self, node: ObjectNode, frame: Frame) -> Iterator[tuple[Frame, bool]]:
        """A frame for each resource that the declaration makes; False where nobody knows how many they are."""
        copy = node.get("copy")
        if copy is None:
            yield frame, True
            return
        count = copy.get("count") if isinstance(copy, ObjectNode) else None
        name = copy.get("name") if isinstance(copy, ObjectNode) else None
        if count is None or not (isinstance(name, Literal) and isinstance(name.value, str)):
            self._reading.miss(copy.line, "a copy loop without name or count")
            return
        loop = Loop(expression_of(count), name.value, "", None, Literal(None, copy.line), True, copy.line)
        rounds = iterations(loop, frame)
        if isinstance(rounds, Unknown):
            inner = round_frame(loop, frame, None, rounds)
            yield replace(inner, copies={**inner.copies, "": rounds}), False
            return
        for one in rounds:
            yield replace(one.frame, copies={**one.frame.copies, "": one.frame.copies[name.value.casefold()]}), True

    def _one(
        self, node: ObjectNode, frame: Frame, target: DeploymentScope, parent: Parent | None, certain: bool
    ) -> None:
        condition = _evaluate(node.get("condition"), frame, True)
        if isinstance(condition, str) and condition.casefold() == "true":
            condition = True
        if condition is False:
            return
        declared = _evaluate(node.get("type"), frame, None)
        if not isinstance(declared, str) or not declared:
            self._reading.miss(node.line, "a resource without a type that is known")
            return
        if len(self.resources) >= MAXIMUM_RESOURCES:
            raise LimitError(f"more than {MAXIMUM_RESOURCES:,} resources")
        resource_type, name, scope = self._identity(declared, node, frame, target, parent)
        uncertain = condition if isinstance(condition, Unknown) else unknown("its condition is no truth value")
        # Without symbolic names the word means nothing, and the resource is made.
        existing = node.get("existing") if self._symbolic else None
        resource = Resource(
            type=resource_type,
            api_version=symbolic(_evaluate(node.get("apiVersion"), frame, "")),
            name=name,
            id=resource_ids.resource_id(scope, resource_type, symbolic(name)),
            scope=scope,
            properties={} if resource_type.casefold() == _DEPLOYMENT else _evaluate(node.get("properties"), frame, {}),
            location=Location(self._reading.shown, node.line),
            fields={
                entry.key: _evaluate(entry.value, frame, None)
                for entry in node.entries
                if isinstance(entry.key, str) and entry.key.casefold() not in _NOT_FIELDS
            },
            condition=self._doubt if condition is True else uncertain,
            repeated=not certain,
            existing=isinstance(existing, Literal) and existing.value is True,
            source=NodeSource(node),
        )
        frame.scope.budget.spend(size_of(resource.properties))
        self.resources.append(resource)
        before, self._doubt = self._doubt, resource.condition if certain else unknown("a loop over something unknown")
        if resource_type.casefold() == _DEPLOYMENT:
            self._nested(node, frame, target)
        here = Parent(resource_type, name, scope)
        children = node.get("resources")
        if children is not None and not isinstance(children, ArrayNode | ObjectNode):
            self._reading.miss(children.line, "'resources' is neither a list nor an object")
        for entry in resource_entries(children):
            self._resource(entry.value, frame, target, here)
        self._doubt = before

    def _identity(
        self, declared: str, node: ObjectNode, frame: Frame, target: DeploymentScope, parent: Parent | None
    ) -> tuple[str, Value, str]:
        """Whole type, whole name and scope."""
        name = _evaluate(node.get("name"), frame, None)
        if name is None:
            self._reading.miss(node.line, "a resource without a name", may_hold_resources=False)
            name = unknown("it has no name")
        scope = parent.scope if parent is not None else target.id
        if parent is not None and "." not in declared.split("/", 1)[0]:
            declared, name = f"{parent.type}/{declared}", _name(parent.name, name)
        elif parent is not None and declared.casefold().startswith(parent.type.casefold() + "/"):
            extra = declared.count("/") - parent.type.count("/")
            if len(resource_ids.split_segments(symbolic(name))) == extra:
                name = _name(parent.name, name)
        elif parent is not None and node.get("scope") is None:
            # An extension resource written below the one that it extends.
            scope = resource_ids.resource_id(parent.scope, parent.type, symbolic(parent.name))
        explicit = node.get("scope")
        if explicit is not None and declared.casefold() != _DEPLOYMENT:
            return declared, name, scope_id(_evaluate(explicit, frame, ""), target)
        extension = resource_ids.extension_parts(declared, symbolic(name))
        if extension is None:
            return declared, name, scope
        parent_type, parent_name, own_type, own_name = extension
        extended = resource_ids.resource_id(scope, parent_type, parent_name)
        return own_type, resource_ids.id_value(own_name, "a part of the name is not known"), extended

    def _nested(self, node: ObjectNode, frame: Frame, target: DeploymentScope) -> None:
        nested = nested_deployments.open_nested(node, frame, target, self._reading)
        if nested is not None:
            line = self.line
            self.template(nested.template, nested.frame.deeper(), nested.target)
            self.line = line


def _evaluate(node: Node | None, frame: Frame, default: Value) -> Value:
    return default if node is None else evaluate(expression_of(node), frame)


def _name(parent: Value, own: Value) -> Value:
    if isinstance(parent, Unknown) or isinstance(own, Unknown):
        inner = own if isinstance(own, Unknown) else parent
        return unknown(inner.reason, f"{symbolic(parent)}/{symbolic(own)}")
    return f"{parent}/{own}"
