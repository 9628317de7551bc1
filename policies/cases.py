"""`mlgate policy evaluate --cases`: one JSON object a line in, one answer a line out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from policies.aliases import built_in_aliases, given_aliases
from policies.definitions import compile_definition, read_definition
from policies.effects import Effect
from policies.evaluation import Answer, State, evaluate
from policies.scope import Aliases, Surroundings
from policies.values import DefinitionError, EvaluationError, parse_date

_KEYS = frozenset({"id", "policy", "resource", "parameters", "context", "related", "aliases"})
# What people and test suites write beside a case; it says nothing to the engine.
_ANNOTATIONS = frozenset({"name", "title", "description", "comment", "note", "rule", "source", "expect", "expected"})
_CONTEXT = frozenset({"requestContext", "subscription", "resourceGroup", "utcNow", "policy"})


def answer_case(case: Any, now: dt.datetime, table: Aliases | None = None) -> dict[str, Any]:
    """The answer to one case: `effect`, `state`, `details`, `reason`, and the case's `id` if it has one.

    Args:
        case: `policy` and `resource`, optional `parameters`, `context`, `related`, `aliases` (docs/azure-policy.md).
        now: the moment, where the case gives no `utcNow`.
        table: aliases, where the case gives none; None for the built-in ones.
    """
    shown = {"id": case["id"]} if isinstance(case, dict) and "id" in case else {}
    try:
        answer = _answer(case, now, table)
    except (DefinitionError, EvaluationError) as error:
        return {**shown, **error_json(str(error))}
    except RecursionError:
        return {**shown, **error_json("nested too deeply")}
    return {**shown, **answer_json(answer)}


def error_json(reason: str) -> dict[str, Any]:
    """The answer where there is nothing to evaluate, or the evaluation failed."""
    return {"effect": None, "state": State.ERROR.value, "details": None, "reason": reason}


def answer_json(answer: Answer) -> dict[str, Any]:
    """An answer as the command line writes it."""
    details: Any = None
    if answer.changes or answer.effect in (Effect.MODIFY.value, Effect.APPEND.value):
        details = [change.as_json() for change in answer.changes]
    elif answer.settings is not None:
        details = answer.settings
    return {"effect": answer.effect, "state": answer.state.value, "details": details, "reason": answer.reason}


def _answer(case: Any, now: dt.datetime, table: Aliases | None) -> Answer:
    if not isinstance(case, dict):
        raise DefinitionError("a case must be an object")
    unknown = [key for key in case if key not in _KEYS and key not in _ANNOTATIONS]
    if unknown:
        raise DefinitionError(f"unknown key {unknown[0]!r} in a case")
    resource, parameters = case.get("resource"), _given(case, "parameters")
    if not isinstance(resource, dict) or not isinstance(parameters, dict):
        raise DefinitionError("a case needs a resource, and parameters must be an object")
    related = case.get("related") if case.get("related") is not None else [] if "related" in case else None
    if related is not None and not (isinstance(related, list) and all(isinstance(item, dict) for item in related)):
        raise DefinitionError("related must be a list of resources, or null")
    policy = compile_definition(read_definition(case.get("policy")), parameters)
    surroundings = read_surroundings(_given(case, "context"), _aliases(case.get("aliases"), table), now)
    return evaluate(policy, resource, surroundings, related=related)


def _given(case: dict[str, Any], key: str) -> Any:
    value = case.get(key)
    return {} if value is None else value


def _aliases(given: Any, table: Aliases | None) -> Aliases:
    if given is None:
        return table if table is not None else built_in_aliases()
    if not isinstance(given, dict) or not all(isinstance(path, str) for path in given.values()):
        raise DefinitionError("aliases must be an object: alias -> path")
    return given_aliases(given)


def read_surroundings(context: Any, aliases: Aliases, now: dt.datetime) -> Surroundings:
    """The surroundings that a case's `context` describes; `now` where it gives no `utcNow`.

    Raises:
        DefinitionError: an unknown key, or a part that is no object.
        EvaluationError: `utcNow` is no moment.
    """
    if not isinstance(context, dict):
        raise DefinitionError("context must be an object")
    unknown = [key for key in context if key not in _CONTEXT]
    if unknown:
        raise DefinitionError(f"unknown key {unknown[0]!r} in the context")
    moment = now
    if context.get("utcNow") is not None:
        parsed = parse_date(str(context["utcNow"]))
        if parsed is None:
            raise EvaluationError(f"utcNow {context['utcNow']!r} is no moment")
        moment = parsed[0] + dt.timedelta(microseconds=parsed[1] // 10)

    def mapping(name: str) -> Mapping[str, Any] | None:
        value = context.get(name)
        if value is not None and not isinstance(value, dict):
            raise DefinitionError(f"{name} must be an object")
        return value

    return Surroundings(
        aliases=aliases,
        now=moment,
        request_context=mapping("requestContext"),
        subscription=mapping("subscription"),
        resource_group=mapping("resourceGroup"),
        policy=mapping("policy"),
    )
