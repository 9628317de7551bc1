"""What parameters(), variables(), reference() and their like mean inside one ARM template."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from resource_readers.arm.expressions import expression_of
from resource_readers.arm.template_files import TemplateFiles
from resource_readers.arm.template_parts import literal_text
from resource_readers.arm.user_functions import user_functions
from resource_readers.interface import Unknown, Value
from resource_readers.reading import Reading
from resource_readers.template_language import resource_ids
from resource_readers.template_language.evaluation import Budget, Frame, evaluate, member
from resource_readers.template_language.functions import call_plain
from resource_readers.template_language.given_texts import GivenText, typed
from resource_readers.template_language.resource_ids import DeploymentScope
from resource_readers.template_language.unknowns import FunctionError, size_of, symbolic, unknown, unknown_call
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
        frame.scope.budget.spend(size_of(value))
        self._values[name] = value
        return value


Outputs = Callable[[], Mapping[str, Value] | None]
"""None where they can't be known."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """What reference() and its like can know of a resource of the template.

    Attributes:
        id, type, api_version: as interface.Resource has them.
        name: as written.
        outputs: of a nested deployment; None for anything else.
    """

    id: str
    type: str
    name: Value
    api_version: str = ""
    outputs: Outputs | None = None


class TemplateScope:
    """One template: its parameters, variables and what it deploys to.

    Args:
        reading: what the run collects.
        template: the template's tree.
        target: what it deploys to.
        supplied: parameter values by casefolded name.
        files: the files that it may link to.
    """

    def __init__(
        self,
        reading: Reading,
        template: ObjectNode,
        target: DeploymentScope,
        supplied: Mapping[str, Value],
        files: TemplateFiles | None = None,
    ) -> None:
        self.reading = reading
        self.target = target
        self.supplied = supplied
        self.files = files
        self.parameters = Declarations("parameter", _defaults(template))
        self._with_default = _names_with_default(template)
        self._types = _types(template)
        self._charged: set[str] = set()
        self.variables = Declarations("variable", _variables(template))
        self.functions = user_functions(template)
        self._untold: list[Callable[[], None]] = []
        self.deployed: dict[str, Deployed] = {}
        """Told so far, by the casefolded symbolic name (languageVersion 2.0; "vm[0]" in a loop), plain name, or id."""
        self.loops: dict[str, tuple[Deployed, ...] | Unknown] = {}
        """By the casefolded symbolic name of a loop; an Unknown where nobody can say how many."""
        self._opened: dict[tuple[object, ...], tuple[Node, object]] = {}
        self._registered: dict[tuple[object, ...], Node | None] = {}

    def once(self, node: Node, frame: Frame, make: Callable[[], object]) -> object:
        """What `make` gave for a declaration in a round of its loop; None while it is being made."""
        key = (id(node), *frame.copies.items())
        if key not in self._opened:
            self._opened[key] = (node, None)
            self._opened[key] = (node, make())
        return self._opened[key][1]

    def later(self, tell: Callable[[], None]) -> None:
        """Has the resources of a template told when one is asked for: most templates never ask."""
        self._untold.append(tell)

    def _told(self) -> None:
        while self._untold:
            self._untold.pop(0)()

    def first_time(self, section: Node | None, frame: Frame) -> bool:
        """Whether it is asked for the first time for the resources of a template in a round of its loop."""
        key = (id(section), *frame.copies.items())
        known = key in self._registered
        self._registered[key] = section
        return not known

    @property
    def budget(self) -> Budget:
        """See evaluation.Scope."""
        return self.reading.budget

    def unreadable(self, node: Unreadable) -> None:
        """See evaluation.Scope."""
        if not node.refused:
            self.reading.miss(node.line, node.reason)

    def symbol(self, name: str, frame: Frame) -> Value:
        """ARM templates have no symbols; see evaluation.Scope."""
        return Unknown(f"{name!r} is no value")

    def call(self, name: str, arguments: tuple[Value, ...], frame: Frame) -> Value:
        """See evaluation.Scope."""
        folded = name.casefold()
        own = _OWN.get(folded)
        if own is not None:
            return own(self, folded, arguments, frame)
        if name == UNSET:
            return unset(str(arguments[0]))
        if folded in self.functions:
            return self.functions[folded].call(self, arguments, frame)
        if folded.startswith("list") and arguments:
            return self._listed(name, arguments)
        return call_common(name, arguments, self.target)

    def _named(self, folded: str, arguments: tuple[Value, ...], frame: Frame) -> Value:
        if len(arguments) != 1 or not isinstance(arguments[0], str):
            return unknown_call(folded, arguments, "" if arguments else f"{folded}() without a name")
        name = arguments[0].casefold()
        outside = Frame(self, depth=frame.depth)
        if folded == "variables":
            return self.variables.get(name, outside)
        given = self.supplied.get(name)
        if isinstance(given, GivenText):
            given = typed(given, arguments[0], self._types.get(name, ""))
        # A null is as good as nothing given where there is a default.
        if given is not None or (name in self.supplied and name not in self._with_default):
            if name not in self._charged:
                self._charged.add(name)
                self.budget.spend(size_of(given))
            return given
        value = self.parameters.get(name, outside)
        if isinstance(value, Unknown) and not value.text:
            return unknown(value.reason, "{parameters('" + arguments[0] + "')}")
        return value

    def _copy_index(self, folded: str, arguments: tuple[Value, ...], frame: Frame) -> Value:
        return _copy_index(arguments, frame)

    def _lambda_variable(self, folded: str, arguments: tuple[Value, ...], frame: Frame) -> Value:
        return _lambda_variable(arguments, frame)

    def _find(self, value: Value) -> tuple[str, Deployed | None]:
        """The id that a reference names, as far as it is one, and the resource of this template that has it."""
        self._told()
        target = symbolic(value)
        known = self.deployed.get(target.casefold())
        if known is not None:
            return known.id, known
        return (target if target.startswith("/") else ""), None

    def _reference(self, folded: str, arguments: tuple[Value, ...], frame: Frame) -> Value:
        if not arguments:
            raise FunctionError("a resource is needed")
        identifier, known = self._find(arguments[0])
        whole = len(arguments) > 2 and isinstance(arguments[2], str) and arguments[2].casefold() == "full"
        return referenced(identifier or symbolic(arguments[0]), known, whole=whole)

    def _references(self, folded: str, arguments: tuple[Value, ...], frame: Frame) -> Value:
        if not arguments:
            raise FunctionError("a symbolic name is needed")
        self._told()
        loop = self.loops.get(symbolic(arguments[0]).casefold())
        if not isinstance(loop, tuple):
            return unknown_call("references", arguments[:1], loop.reason if loop is not None else "no such loop")
        whole = len(arguments) > 1 and isinstance(arguments[1], str) and arguments[1].casefold() == "full"
        return [referenced(one.id, one, whole=whole) for one in loop]

    def _resource_info(self, folded: str, arguments: tuple[Value, ...], frame: Frame) -> Value:
        if not arguments:
            raise FunctionError("a symbolic name is needed")
        _, known = self._find(arguments[0])
        if known is None:
            return unknown_call("resourceInfo", arguments)
        reason = "ids of the subscription and its parts are known only during the deployment"
        return {
            "id": resource_ids.id_value(known.id, reason),
            "name": known.name,
            "type": known.type,
            "apiVersion": known.api_version,
        }

    def _listed(self, name: str, arguments: tuple[Value, ...]) -> Value:
        """listKeys('symbol', ...) and its like: the text has the id."""
        identifier, known = self._find(arguments[0])
        if name.casefold() == "listoutputswithsecurevalues" and known is not None and known.outputs is not None:
            outputs = known.outputs()
            if outputs is not None:
                return dict(outputs)
        return listed(name, identifier or symbolic(arguments[0]))


def listed(name: str, identifier: str) -> Unknown:
    """What a list function of a resource gives."""
    return unknown(f"{name}() is known only during the deployment", "{" + f"{name}('{identifier}')" + "}")


def declared_names(template: ObjectNode) -> list[str]:
    """Names of a template's parameters."""
    section = template.get("parameters")
    return [str(entry.key) for entry in section.entries] if isinstance(section, ObjectNode) else []


def unknown_values(names: list[str], whole: Value) -> dict[str, Value]:
    """Every parameter of a nested template as unknown: with its defaults quite other values might be taken."""
    around = whole if isinstance(whole, Unknown) else Unknown("the parameters of a nested deployment are not known")
    return {name.casefold(): member(member(around, name, safe=False), "value", safe=False) for name in names}


def secret(vault: str, name: Value) -> Unknown:
    """The secret of a Key Vault."""
    return unknown("it is a Key Vault secret", "{" + f"getSecret('{vault}', '{symbolic(name)}')" + "}")


def unset(name: str) -> Unknown:
    """A parameter that nobody gave a value."""
    return unknown(f"the parameter {name!r} has no value", "{parameters('" + name + "')}")


def referenced(identifier: str, known: Deployed | None, *, whole: bool) -> Value:
    """What reference() gives: the properties of a resource, or with `whole` all of it."""
    outputs = known.outputs() if known is not None and known.outputs is not None else None
    if outputs is not None:
        properties = {"outputs": {name: {"value": value} for name, value in outputs.items()}}
        return {"properties": properties} if whole else properties
    return unknown(
        "the properties of a deployed resource are known only during the deployment",
        "{reference('" + identifier + "')" + ("" if whole else ".properties") + "}",
        resource=identifier if identifier.startswith("/") else "",
        path=() if whole else ("properties",),
    )


_OWN: Mapping[str, Callable[[TemplateScope, str, tuple[Value, ...], Frame], Value]] = {
    "parameters": TemplateScope._named,
    "variables": TemplateScope._named,
    "copyindex": TemplateScope._copy_index,
    "lambdavariables": TemplateScope._lambda_variable,
    "reference": TemplateScope._reference,
    "references": TemplateScope._references,
    "resourceinfo": TemplateScope._resource_info,
}
"""What only a template can answer, by casefolded name."""


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
            expression_of(default) if default is not None else _unset(entry.key, entry.value, entry.line, template)
        )
    return made


def _types(template: ObjectNode) -> dict[str, str]:
    """Types of the parameters, by casefolded name."""
    section = template.get("parameters")
    return {
        entry.key.casefold(): literal_text(entry.value.get("type"))
        for entry in (section.entries if isinstance(section, ObjectNode) else ())
        if isinstance(entry.key, str) and isinstance(entry.value, ObjectNode)
    }


def _names_with_default(template: ObjectNode) -> frozenset[str]:
    section = template.get("parameters")
    return frozenset(
        entry.key.casefold()
        for entry in (section.entries if isinstance(section, ObjectNode) else ())
        if isinstance(entry.key, str)
        and isinstance(entry.value, ObjectNode)
        and entry.value.get("defaultValue") is not None
    )


def _unset(name: str, definition: Node, line: int, template: ObjectNode) -> Node:
    """What a parameter without a default is when nobody gives a value: null where its type takes it."""
    definitions = template.get("definitions")
    for _ in range(_MAXIMUM_ALIASES):
        if not isinstance(definition, ObjectNode):
            break
        nullable, reference = definition.get("nullable"), definition.get("$ref")
        if isinstance(nullable, Literal) and nullable.value is True:
            return Literal(None, line)
        if not (
            isinstance(reference, Literal) and isinstance(reference.value, str) and isinstance(definitions, ObjectNode)
        ):
            break
        definition = definitions.get(reference.value.rpartition("/")[2]) or definition
    return Call(UNSET, (Literal(name, line),), line)


_MAXIMUM_ALIASES = 20
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
