"""What names and functions mean inside one Bicep file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from resource_readers.arm.scopes import Declarations, call_common, listed, referenced, secret
from resource_readers.bicep.expressions import INTERPOLATION, METHOD
from resource_readers.bicep.statements import Function, Parameter, Statement, Variable
from resource_readers.interface import Unknown, Value
from resource_readers.reading import Reading
from resource_readers.template_language.evaluation import Budget, Closure, Frame
from resource_readers.template_language.function_arguments import joined
from resource_readers.template_language.given_texts import typed
from resource_readers.template_language.resource_ids import DeploymentScope, Level, id_value, scope_functions
from resource_readers.template_language.text_functions import shown
from resource_readers.template_language.unknowns import ResourceHandle, symbolic, unknown, unknown_call
from resource_readers.trees.nodes import Unreadable

FileFunction = Callable[[str, tuple[Value, ...]], Value]
"""Called with a casefolded name ("loadtextcontent") and its arguments."""


class BicepScope:
    """One Bicep file: its parameters, variables, functions and resources.

    Args:
        reading: what the run collects.
        statements: the file's.
        target: what it deploys to.
        supplied: parameter values by casefolded name.
        load: the functions that read another file.
    """

    def __init__(
        self,
        reading: Reading,
        statements: Sequence[Statement],
        target: DeploymentScope,
        supplied: Mapping[str, Value],
        load: FileFunction,
    ) -> None:
        self.reading = reading
        self.target = target
        self._supplied = supplied
        self._load = load
        self._parameters = {one.name: one for one in statements if isinstance(one, Parameter)}
        self._defaults = Declarations(
            "parameter", {name: one.default for name, one in self._parameters.items() if one.default is not None}
        )
        self._variables = Declarations(
            "variable", {one.name: one.value for one in statements if isinstance(one, Variable)}
        )
        self._functions = {one.name: one.function for one in statements if isinstance(one, Function)}
        self.deployables: dict[str, Callable[[], Value]] = {}
        """What a resource's or module's symbol stands for."""
        self.nested: dict[str, Callable[[], Value]] = {}
        """What the symbol of a nested resource stands for, where nothing else has that name."""
        self.imported: dict[str, Callable[[], Value]] = {}
        """What an imported name stands for."""

    @property
    def budget(self) -> Budget:
        """See evaluation.Scope."""
        return self.reading.budget

    def unreadable(self, node: Unreadable) -> None:
        """See evaluation.Scope."""
        self.reading.miss(node.line, node.reason)

    def exported(self, name: str) -> Value:
        """A variable or function that another file imports; "*" is all of them by name."""
        frame = Frame(self)
        if name == "*":
            return {one: self.exported(one) for one in (*self._variables.names(), *self._functions)}
        if name in self._functions:
            return Closure(self._functions[name], frame)
        return self._variables.get(name, frame)

    def symbol(self, name: str, frame: Frame) -> Value:
        """See evaluation.Scope."""
        outside = replace(frame, variables={}, copies={}, scope=self)
        if name in self._parameters:
            return self._parameter(self._parameters[name], outside)
        if name in self._variables.names():
            return self._variables.get(name, outside)
        known = self.deployables.get(name) or self.imported.get(name) or self.nested.get(name)
        if known is not None:
            return known()
        if name in self._functions:
            return Closure(self._functions[name], outside)
        return unknown(f"the name {name!r} is not declared, or its declaration was not read", "{" + name + "}")

    def _parameter(self, parameter: Parameter, outside: Frame) -> Value:
        folded = parameter.name.casefold()
        given = typed(self._supplied.get(folded), parameter.name, parameter.written)
        # A null is as good as nothing given where there is a default.
        if given is not None or (folded in self._supplied and parameter.default is None):
            return given
        if parameter.default is not None:
            value = self._defaults.get(parameter.name, outside)
            if not isinstance(value, Unknown) or value.text:
                return value
            return unknown(value.reason, "{parameters('" + parameter.name + "')}")
        if parameter.nullable:
            return None
        return unknown(f"the parameter {parameter.name!r} has no value", "{parameters('" + parameter.name + "')}")

    def call(self, name: str, arguments: tuple[Value, ...], frame: Frame) -> Value:
        """See evaluation.Scope."""
        if name == INTERPOLATION:
            return joined([shown(one) for one in arguments])
        if name.startswith(METHOD):
            return _method(name.removeprefix(METHOD), arguments)
        own = self._functions.get(name)
        if own is not None:
            return Closure(own, replace(frame, variables={}, copies={}, scope=self))(*arguments)
        imported = self.imported.get(name)
        if imported is not None:
            function = imported()
            return function(*arguments) if isinstance(function, Closure) else unknown_call(name, arguments)
        folded = name.casefold()
        if folded.startswith("load"):
            return self._load(folded, arguments)
        if arguments and folded == "reference":
            whole = len(arguments) > 2 and isinstance(arguments[2], str) and arguments[2].casefold() == "full"
            return referenced(symbolic(arguments[0]), None, whole=whole)
        if arguments and folded.startswith("list"):
            return listed(name, symbolic(arguments[0]))
        if arguments and folded in ("resourcegroup", "subscription", "managementgroup"):
            return self._other_scope(folded, arguments)
        return call_common(name, arguments, self.target)

    def _other_scope(self, name: str, arguments: tuple[Value, ...]) -> Value:
        last = symbolic(arguments[-1])
        if name == "managementgroup":
            other = replace(self.target, level=Level.MANAGEMENT_GROUP, management_group=last)
        elif name == "subscription":
            other = replace(self.target, level=Level.SUBSCRIPTION, subscription=last)
        else:
            subscription = symbolic(arguments[0]) if len(arguments) > 1 else self.target.subscription
            other = replace(self.target, level=Level.RESOURCE_GROUP, subscription=subscription, group=last)
        made = dict(scope_functions(other)[name])
        return made | {"id": id_value(other.id)}


def _method(name: str, arguments: tuple[Value, ...]) -> Value:
    base = arguments[0]
    if isinstance(base, dict):  # a function of an imported file: file.function(...)
        function = base.get(name)
        if isinstance(function, Closure):
            return function(*arguments[1:])
    if isinstance(base, ResourceHandle) and name.casefold() == "getsecret":
        return secret(base.id, arguments[1] if len(arguments) > 1 else "")
    if isinstance(base, ResourceHandle):
        return listed(name, base.id)
    return unknown_call(name, arguments[1:], f"{name}() is known only during the deployment")
