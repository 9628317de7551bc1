"""Expressions as closures over a scope. Parameters are known when a rule is compiled, so that most become constants."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from policies.expressions import Call, Expression, Literal, Member, is_expression, parse, unescaped
from policies.fields import Collection, make_field
from policies.functions import FUNCTIONS, NOT_IN_POLICY, Function
from policies.functions.collections import member
from policies.functions.interface import boolean, check_limits, text
from policies.parameters import Parameters as Parameters
from policies.scope import Scope
from policies.values import DefinitionError, EvaluationError, Unknown, first_unknown, known, write_date
from verdicts.records import record

Evaluate = Callable[[Scope], Any]


@record(frozen=True, slots=True)
class Compiled:
    """An operand: a constant, or something to evaluate. Exactly one of both is meaningful.

    Attributes:
        constant: the value, if `evaluate` is None.
        evaluate: gives the value (JSON, None or Unknown); raises EvaluationError.
    """

    constant: Any = None
    evaluate: Evaluate | None = None

    def value(self, scope: Scope) -> Any:
        """The value in a scope."""
        return self.constant if self.evaluate is None else self.evaluate(scope)


def compile_value(value: Any, parameters: Parameters, path: str) -> Compiled:
    """Compiles a JSON value in which any text may be an expression. Raises DefinitionError."""
    if isinstance(value, str):
        if is_expression(value):
            return _compile(parse(value, path), parameters, path)
        return Compiled(unescaped(value))
    if isinstance(value, list):
        items = [compile_value(item, parameters, f"{path}[{index}]") for index, item in enumerate(value)]
        if all(item.evaluate is None for item in items):
            return Compiled([item.constant for item in items])
        return Compiled(evaluate=lambda scope: [item.value(scope) for item in items])
    if isinstance(value, dict):
        return _compile_object(value, parameters, path)
    return Compiled(value)


def _compile_object(value: Mapping[str, Any], parameters: Parameters, path: str) -> Compiled:
    """An object; its keys may be expressions, too."""
    members = [
        (compile_value(str(name), parameters, path), compile_value(item, parameters, f"{path}.{name}"))
        for name, item in value.items()
    ]

    def evaluate(scope: Scope) -> Any:
        result = {}
        for key, item in members:
            name = key.value(scope)
            if isinstance(name, Unknown):
                return name
            result[text("a key", name)] = item.value(scope)
        return result

    if all(key.evaluate is None and item.evaluate is None for key, item in members):
        return _folded(evaluate)
    return Compiled(evaluate=evaluate)


def _compile(expression: Expression, parameters: Parameters, path: str) -> Compiled:
    if isinstance(expression, Literal):
        return Compiled(expression.value)
    if isinstance(expression, Member):
        return _compile_member(expression, parameters, path)
    special = SPECIAL_FUNCTIONS.get(expression.name)
    if special is not None:
        return special(expression, parameters, path)
    function = FUNCTIONS.get(expression.name)
    if function is None:
        if expression.name in NOT_IN_POLICY or expression.name.startswith("list"):
            raise DefinitionError(f"{expression.name}() can't be used in a policy rule", path)
        raise DefinitionError(f"there is no function {expression.name}()", path)
    _check_count(expression, function.least, function.most, path)
    arguments = tuple(_compile(argument, parameters, path) for argument in expression.arguments)
    return _call(function, arguments)


def _check_count(call: Call, least: int, most: int | None, path: str) -> None:
    count = len(call.arguments)
    if count < least or (most is not None and count > most):
        raise DefinitionError(f"{call.name}() can't take {count} arguments", path)


def _call(function: Function, arguments: tuple[Compiled, ...]) -> Compiled:
    apply, deep = function.apply, function.deep
    keeps_text = function.name == "string"

    def evaluate(scope: Scope) -> Any:
        values = []
        for argument in arguments:
            value = argument.constant if argument.evaluate is None else argument.evaluate(scope)
            unknown = first_unknown(value) if deep else value if isinstance(value, Unknown) else None
            if unknown is not None:
                return value if keeps_text and unknown is value else unknown.without_text
            values.append(value)
        result = apply(*values)
        if not isinstance(result, bool | int):
            check_limits(result)
        return known(result)

    return (
        _folded(evaluate) if all(argument.evaluate is None for argument in arguments) else Compiled(evaluate=evaluate)
    )


def _folded(evaluate: Evaluate) -> Compiled:
    """A constant, if all that it needs is constant; an error stays where it is, for when it is evaluated."""
    try:
        value = evaluate(None)  # type: ignore[arg-type]
    except EvaluationError:
        return Compiled(evaluate=evaluate)
    return Compiled(evaluate=evaluate) if isinstance(value, Unknown) else Compiled(value)


def _compile_member(expression: Member, parameters: Parameters, path: str) -> Compiled:
    base = _compile(expression.base, parameters, path)
    key = _compile(expression.key, parameters, path)
    context = _context_of(expression)

    def evaluate(scope: Scope) -> Any:
        value, name = known(base.value(scope)), key.value(scope)
        if isinstance(value, Unknown):
            return value.without_text
        if isinstance(name, Unknown):
            return name.without_text
        if expression.safe:
            return known(FUNCTIONS["tryget"].apply(value, name))
        if context is not None:
            return _context_member(value, name, context)
        return known(member(value, name))

    return _folded(evaluate) if base.evaluate is None and key.evaluate is None else Compiled(evaluate=evaluate)


# What Azure always says of a resource group and so on; what may be missing there is null.
_ALWAYS: Mapping[str, frozenset[str]] = {
    "resourcegroup": frozenset({"id", "name", "type", "location", "properties"}),
    "subscription": frozenset({"id", "subscriptionid", "tenantid", "displayname"}),
    "requestcontext": frozenset({"apiversion", "identity"}),
    "policy": frozenset({"assignmentid", "definitionid"}),
}
_PERHAPS: Mapping[str, frozenset[str]] = {
    "resourcegroup": frozenset({"tags", "managedby"}),
    "subscription": frozenset({"tags", "managedbytenants", "state", "authorizationsource"}),
    "requestcontext": frozenset(),
    "policy": frozenset({"setdefinitionid", "definitionreferenceid"}),
}


def _context_of(expression: Member) -> str | None:
    """ "resourcegroup" for `resourceGroup().x`, "tags" for `resourceGroup().tags.x`, None for what is no context."""
    base = expression.base
    if isinstance(base, Call) and base.name in _ALWAYS:
        return base.name
    if isinstance(base, Member) and isinstance(base.key, Literal) and str(base.key.value).lower() == "tags":
        return "tags" if isinstance(base.base, Call) and base.base.name in ("resourcegroup", "subscription") else None
    return None


def _context_member(value: Any, name: Any, context: str) -> Any:
    """A member of a context function's object, which may say less than Azure would."""
    if context == "tags":
        # The built-in policies that inherit tags compare with it, and with "": a tag that isn't there is no failure.
        found = known(FUNCTIONS["tryget"].apply(value, name))
        return "" if found is None else found
    found = FUNCTIONS["tryget"].apply(value, name)
    lower = str(name).lower()
    if found is not None or lower in _PERHAPS[context]:
        return known(found)
    if lower in _ALWAYS[context]:
        return Unknown(f"{context}().{name} is not known before deployment")
    return member(value, name)


# Functions that need more than values


def _parameters(call: Call, parameters: Parameters, path: str) -> Compiled:
    _check_count(call, 1, 1, path)
    name = call.arguments[0]
    if not isinstance(name, Literal) or not isinstance(name.value, str):
        inner = _compile(name, parameters, path)

        def evaluate(scope: Scope) -> Any:
            wanted = inner.value(scope)
            if isinstance(wanted, Unknown):
                return wanted.without_text
            return _parameter(text("parameters", wanted), parameters)

        return Compiled(evaluate=evaluate)
    wanted = name.value
    if wanted.lower() not in parameters.declared:
        raise DefinitionError(f"there is no parameter {wanted!r}", path)
    return _folded(lambda _: _parameter(wanted, parameters))


def _parameter(name: str, parameters: Parameters) -> Any:
    lower = name.lower()
    if lower not in parameters.values:
        raise EvaluationError(f"the parameter {name!r} has no value")
    return known(parameters.values[lower])


def _field(call: Call, parameters: Parameters, path: str) -> Compiled:
    _check_count(call, 1, 1, path)
    name = _compile(call.arguments[0], parameters, path)
    if name.evaluate is None:
        try:
            fixed = make_field(text("field", name.constant))
        except EvaluationError as error:
            raise DefinitionError(str(error), path) from None
        return Compiled(evaluate=lambda scope: _field_value(fixed.get(scope.outer or scope)))

    def evaluate(scope: Scope) -> Any:
        wanted = name.value(scope)
        if isinstance(wanted, Unknown):
            return wanted.without_text
        return _field_value(make_field(text("field", wanted)).get(scope.outer or scope))

    return Compiled(evaluate=evaluate)


def _field_value(value: Any) -> Any:
    """What `field()` returns: "" for a missing value, an array for a collection.

    Members that lack the property select nothing: Microsoft's OSAndDataDiskCMKRequired_Deny compares the number of
    regions with the number of those that have an encryption set.
    """
    if isinstance(value, Collection):
        unknown = next((item for item in value.members if isinstance(item, Unknown)), None)
        return unknown.without_text if unknown is not None else [item for item in value.members if item is not None]
    return "" if value is None else value


def _current(call: Call, parameters: Parameters, path: str) -> Compiled:
    _check_count(call, 0, 1, path)
    name = _compile(call.arguments[0], parameters, path) if call.arguments else Compiled("")

    def evaluate(scope: Scope) -> Any:
        given = name.value(scope)
        if isinstance(given, Unknown):
            return given.without_text
        wanted = text("current", given).lower()
        if not scope.currents:
            raise EvaluationError("current() stands outside of a count")
        if wanted in scope.currents:
            return scope.currents[wanted]
        if wanted == "default" and "" in scope.currents:
            return scope.currents[""]
        if wanted == "":
            if len({key for key in scope.currents if key}) > 1 and "" not in scope.currents:
                raise EvaluationError("current() needs a name inside a count of a count")
            return next(value for key, value in scope.currents.items() if key)
        return _current_property(wanted, scope)

    return Compiled(evaluate=evaluate)


def _current_property(wanted: str, scope: Scope) -> Any:
    """`current('...[*].property')` of a field count: the alias, with the counted array at this round's member."""
    counted = [name for name in scope.currents if "[*]" in name and wanted.startswith(name)]
    if not counted:
        raise EvaluationError(f"current({wanted!r}) names no count")
    value = make_field(wanted).get(scope)
    if isinstance(value, Collection):
        # One value, unless the property goes on into another array.
        if wanted.count("[*]") == max(counted, key=len).count("[*]"):
            value = value.members[0] if value.members else None
        else:
            return _field_value(value)
    return "" if value is None else value


def _if(call: Call, parameters: Parameters, path: str) -> Compiled:
    _check_count(call, 3, 3, path)
    condition, yes, no = (_compile(argument, parameters, path) for argument in call.arguments)

    def evaluate(scope: Scope) -> Any:
        holds = condition.value(scope)
        if isinstance(holds, Unknown):
            return holds.without_text
        return (yes if boolean("if", holds) else no).value(scope)

    constant = condition.evaluate is None and yes.evaluate is None and no.evaluate is None
    return _folded(evaluate) if constant else Compiled(evaluate=evaluate)


def _logic(name: str, decisive: bool) -> Callable[[Call, Parameters, str], Compiled]:
    def make(call: Call, parameters: Parameters, path: str) -> Compiled:
        _check_count(call, 2, None, path)
        arguments = tuple(_compile(argument, parameters, path) for argument in call.arguments)

        def evaluate(scope: Scope) -> Any:
            unknown: Unknown | None = None
            try:
                for argument in arguments:
                    value = argument.value(scope)
                    if isinstance(value, Unknown):
                        unknown = value
                    elif boolean(name, value) is decisive:
                        return decisive
            except EvaluationError:
                if unknown is None:
                    raise
            return unknown.without_text if unknown is not None else not decisive

        constant = all(argument.evaluate is None for argument in arguments)
        return _folded(evaluate) if constant else Compiled(evaluate=evaluate)

    return make


def _coalesce(call: Call, parameters: Parameters, path: str) -> Compiled:
    _check_count(call, 1, None, path)
    arguments = tuple(_compile(argument, parameters, path) for argument in call.arguments)

    def evaluate(scope: Scope) -> Any:
        return next((value for argument in arguments if (value := argument.value(scope)) is not None), None)

    constant = all(argument.evaluate is None for argument in arguments)
    return _folded(evaluate) if constant else Compiled(evaluate=evaluate)


def _utc_now(call: Call, _parameters: Parameters, path: str) -> Compiled:
    _check_count(call, 0, 0, path)  # unlike in templates, there is one format only

    def evaluate(scope: Scope) -> Any:
        now = scope.surroundings.now.astimezone(dt.UTC)
        return write_date(now, now.microsecond * 10)

    return Compiled(evaluate=evaluate)


def _context(
    name: str, get: Callable[[Scope], Mapping[str, Any] | None]
) -> Callable[[Call, Parameters, str], Compiled]:
    def make(call: Call, _parameters: Parameters, path: str) -> Compiled:
        _check_count(call, 0, 0, path)

        def evaluate(scope: Scope) -> Any:
            value = get(scope)
            return Unknown(f"{name}() is not known before deployment") if value is None else dict(value)

        return Compiled(evaluate=evaluate)

    return make


def _request(scope: Scope) -> Mapping[str, Any] | None:
    given = scope.surroundings.request_context
    if given is not None:
        return given
    # A template says which API version it will be sent with; nothing else of the request is known.
    version = scope.resource.get("apiVersion")
    unknown = {"$unknown": "who will send the request is not known before deployment"}
    return {"apiVersion": version, "identity": unknown} if isinstance(version, str) else None


SPECIAL_FUNCTIONS: Mapping[str, Callable[[Call, Parameters, str], Compiled]] = {
    "parameters": _parameters,
    "field": _field,
    "current": _current,
    "if": _if,
    "and": _logic("and", decisive=False),
    "or": _logic("or", decisive=True),
    "coalesce": _coalesce,
    "utcnow": _utc_now,
    "requestcontext": _context("requestContext", _request),
    "subscription": _context("subscription", lambda scope: scope.surroundings.subscription),
    "resourcegroup": _context("resourceGroup", lambda scope: scope.surroundings.resource_group),
    "policy": _context("policy", lambda scope: scope.surroundings.policy),
}
