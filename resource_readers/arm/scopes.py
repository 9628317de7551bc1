"""What parameters(), variables(), reference() and their like mean inside one ARM template."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from resource_readers.arm.expressions import expression_of
from resource_readers.interface import Unknown, Value
from resource_readers.reading import Reading
from resource_readers.template_language import resource_ids
from resource_readers.template_language.evaluation import Budget, Frame, evaluate
from resource_readers.template_language.functions import call_plain
from resource_readers.template_language.resource_ids import DeploymentScope
from resource_readers.template_language.unknowns import FunctionError, symbolic, unknown, unknown_call
from resource_readers.trees.nodes import Call, Literal, Node, ObjectNode, Unreadable

_ID_FUNCTIONS = frozenset(
    {"resourceid", "subscriptionresourceid", "tenantresourceid", "managementgroupresourceid", "extensionresourceid"}
)


def call_common(name: str, arguments: tuple[Value, ...], target: DeploymentScope) -> Value:
    """What means the same in ARM and Bicep: ids, the scope's own functions, and everything plain."""
    folded = name.casefold()
    if folded in _ID_FUNCTIONS:
        return resource_ids.call_id_function(folded, arguments, target)
    known = resource_ids.scope_functions(target).get(folded) if not arguments else None
    return known if known is not None else call_plain(name, arguments)


class Declarations:
    """The members of an object, evaluated when they are asked for, each once; a circle is an Unknown."""

    def __init__(self, what: str, nodes: Mapping[str, Node]) -> None:
        self._what = what
        self._nodes = nodes
        self._values: dict[str, Value] = {}
        self._open: set[str] = set()

    def names(self) -> tuple[str, ...]:
        """As given."""
        return tuple(self._nodes)

    def get(self, name: str, frame: Frame) -> Value:
        """The value; an Unknown if there is none or it depends on itself."""
        if name in self._values:
            return self._values[name]
        node = self._nodes.get(name)
        if node is None:
            return unknown(f"the {self._what} {name!r} is not declared")
        if name in self._open:
            return unknown(f"the {self._what} {name!r} depends on itself")
        self._open.add(name)
        try:
            value = evaluate(node, frame)
        finally:
            self._open.discard(name)
        self._values[name] = value
        return value


Outputs = Callable[[], Mapping[str, Value]]


class TemplateScope:
    """One template: its parameters, variables and what it deploys to.

    Args:
        reading: what the run collects.
        template: the template's tree.
        target: what it deploys to.
        supplied: parameter values by casefolded name.
    """

    def __init__(
        self, reading: Reading, template: ObjectNode, target: DeploymentScope, supplied: Mapping[str, Value]
    ) -> None:
        self.reading = reading
        self.target = target
        self.supplied = supplied
        self.parameters = Declarations("parameter", _defaults(template))
        self.variables = Declarations("variable", _variables(template))
        self.resource_ids: dict[str, str] = {}
        """Ids by the casefolded symbolic name (languageVersion 2.0) or plain name of a resource."""
        self.outputs: dict[str, Outputs] = {}
        """Outputs of nested deployments by casefolded id."""

    @property
    def budget(self) -> Budget:
        """See evaluation.Scope."""
        return self.reading.budget

    def unreadable(self, node: Unreadable) -> None:
        """See evaluation.Scope."""
        self.reading.miss(node.line, node.reason)

    def symbol(self, name: str, frame: Frame) -> Value:
        """ARM templates have no symbols; see evaluation.Scope."""
        return Unknown(f"{name!r} is no value")

    def call(self, name: str, arguments: tuple[Value, ...], frame: Frame) -> Value:
        """See evaluation.Scope."""
        folded = name.casefold()
        if folded in ("parameters", "variables"):
            return self._named(folded, arguments, frame)
        if folded in ("copyindex", "lambdavariables"):
            return _copy_index(arguments, frame) if folded == "copyindex" else _lambda_variable(arguments, frame)
        if name == UNSET:
            return unknown(f"the parameter {arguments[0]!r} has no value", "{parameters('" + str(arguments[0]) + "')}")
        if folded == "reference":
            return self._reference(arguments)
        return call_common(name, arguments, self.target)

    def _named(self, folded: str, arguments: tuple[Value, ...], frame: Frame) -> Value:
        if len(arguments) != 1 or not isinstance(arguments[0], str):
            return unknown_call(folded, arguments, "" if arguments else f"{folded}() without a name")
        name = arguments[0].casefold()
        outside = replace(frame, variables={}, copies={}, scope=self)
        if folded == "variables":
            return self.variables.get(name, outside)
        if name in self.supplied:
            return self.supplied[name]
        value = self.parameters.get(name, outside)
        if isinstance(value, Unknown) and not value.text:
            return unknown(value.reason, "{parameters('" + arguments[0] + "')}")
        return value

    def _reference(self, arguments: tuple[Value, ...]) -> Value:
        if not arguments:
            raise FunctionError("a resource is needed")
        target = symbolic(arguments[0])
        whole = len(arguments) > 2 and isinstance(arguments[2], str) and arguments[2].casefold() == "full"
        identifier = target if target.startswith("/") else self.resource_ids.get(target.casefold(), "")
        outputs = self.outputs.get((identifier or target).casefold())
        if outputs is not None:
            properties = {"outputs": {name: {"value": value} for name, value in outputs().items()}}
            return {"properties": properties} if whole else properties
        return unknown(
            "the properties of a deployed resource are known only during the deployment",
            "{reference('" + (identifier or target) + "')" + ("" if whole else ".properties") + "}",
            resource=identifier,
            path=() if whole else ("properties",),
        )


def _defaults(template: ObjectNode) -> dict[str, Node]:
    """Default values of the parameters, by casefolded name."""
    section = template.get("parameters")
    if not isinstance(section, ObjectNode):
        return {}
    made: dict[str, Node] = {}
    for entry in section.entries:
        if not isinstance(entry.key, str):
            continue
        default = entry.value.get("defaultValue") if isinstance(entry.value, ObjectNode) else None
        made[entry.key.casefold()] = (
            expression_of(default) if default is not None else _unset(entry.key, entry.value, entry.line)
        )
    return made


def _unset(name: str, definition: Node, line: int) -> Node:
    nullable = definition.get("nullable") if isinstance(definition, ObjectNode) else None
    if isinstance(nullable, Literal) and nullable.value is True:
        return Literal(None, line)
    return Call(UNSET, (Literal(name, line),), line)


UNSET = "parameter without value"
"""A function that no file can call: its result is the Unknown of a parameter that has no value."""


def _variables(template: ObjectNode) -> dict[str, Node]:
    section = template.get("variables")
    if not isinstance(section, ObjectNode):
        return {}
    evaluable = expression_of(section)
    assert isinstance(evaluable, ObjectNode)
    return {entry.key.casefold(): entry.value for entry in evaluable.entries if isinstance(entry.key, str)}


def _copy_index(arguments: tuple[Value, ...], frame: Frame) -> Value:
    name = arguments[0].casefold() if arguments and isinstance(arguments[0], str) else ""
    offset = arguments[-1] if arguments and not isinstance(arguments[-1], str) else 0
    if name not in frame.copies:
        raise FunctionError(f"no loop named {name!r} is around it" if name else "no loop is around it")
    index = frame.copies[name]
    if isinstance(index, int) and isinstance(offset, int) and not isinstance(offset, bool):
        return index + offset
    return unknown_call("copyIndex", arguments, "the number of rounds of the loop is not known")


def _lambda_variable(arguments: tuple[Value, ...], frame: Frame) -> Value:
    if len(arguments) == 1 and isinstance(arguments[0], str) and arguments[0] in frame.variables:
        return frame.variables[arguments[0]]
    raise FunctionError("no such variable")
