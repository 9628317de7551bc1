"""Why an answer is what it is: every condition that was asked, where it stands, what it saw, what came of it."""

from __future__ import annotations

import copy
import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policies.cases import answer_json
from policies.definitions import CompiledPolicy, traced
from policies.effects import Effect, changed
from policies.evaluation import Answer
from policies.json_positions import DefinitionLines
from policies.known_resources import KnownResources, evaluate_known
from policies.scope import InvalidAliasError, Surroundings, Trace, TraceStep, scope_of
from policies.values import EvaluationError, Unknown
from verdicts.text import clean_text, one_line, redact

_MAXIMUM_STEPS = 2_000
_SHOWN_VALUE = 160


@dataclass(frozen=True, slots=True)
class AskedCondition:
    """One condition that was asked.

    Attributes:
        path: in the policy rule ("if.allOf[1].field").
        line: in the definition's file; None if it isn't known.
        condition: as written, shortened.
        seen: the value; an Unknown is {"$unknown": reason}.
        result: True, False, or {"$unknown": reason}.
        times: how often it was asked with this value and result, in the rounds of a count; 1 outside of counts.
    """

    path: str
    line: int | None
    condition: str
    seen: Any
    result: Any
    times: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """An answer with its reasons.

    Attributes:
        answer: see `policies.evaluation`.
        conditions: in the order in which they were asked; they end where no further one was needed.
        left_out: how many more there were than are kept.
        before, after: the resource now and as it would become; None if nothing is changed.
    """

    answer: Answer
    conditions: tuple[AskedCondition, ...]
    left_out: int = 0
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


def explain(
    policy: CompiledPolicy,
    resource: Mapping[str, Any],
    surroundings: Surroundings,
    known: KnownResources,
    lines: DefinitionLines | None = None,
) -> Explanation:
    """Evaluates a policy over a resource and keeps what was asked. The arguments are those of `evaluate_known`."""
    trace = Trace()
    answer = evaluate_known(traced(policy), resource, surroundings, known, trace=trace)
    conditions = _asked(trace.steps, lines or DefinitionLines())
    after = None
    if answer.changes and answer.effect in (Effect.MODIFY.value, Effect.APPEND.value):
        try:
            after = changed(resource, answer.changes, scope_of(resource, surroundings))
        except (EvaluationError, InvalidAliasError):
            after = None  # the answer says so, or the table of aliases lacks the field
    return Explanation(
        answer,
        tuple(conditions[:_MAXIMUM_STEPS]),
        max(0, len(conditions) - _MAXIMUM_STEPS),
        copy.deepcopy(dict(resource)) if after is not None else None,
        after,
    )


def _asked(steps: Sequence[TraceStep], lines: DefinitionLines) -> list[AskedCondition]:
    """One for each condition, value and result. Outside of counts one is asked again only to see what is applicable."""
    found: dict[tuple[str, str, str], AskedCondition] = {}
    for step in steps:
        seen, result = plain(step.seen), plain(step.result)
        key = (step.path, _written(seen), _written(result))
        times = found[key].times + 1 if key in found and ".where" in step.path.lower() else 1
        found[key] = AskedCondition(step.path, lines.line(step.path), step.condition, seen, result, times)
    return list(found.values())


def plain(value: Any) -> Any:
    """A value with every Unknown as {"$unknown": reason}, and without what looks like a secret."""
    if isinstance(value, Unknown):
        return {"$unknown": redact(value.reason)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return redact(value) if isinstance(value, str) else value


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


# What people and programs read


def explanation_json(explanation: Explanation) -> dict[str, Any]:
    """The explanation as JSON values."""
    shown = plain(answer_json(explanation.answer))
    shown["conditions"] = [
        {
            "path": one.path,
            "line": one.line,
            "condition": redact(one.condition),
            "saw": one.seen,
            "result": one.result,
            "times": one.times,
        }
        for one in explanation.conditions
    ]
    shown["conditions_left_out"] = explanation.left_out
    shown["resource_after"] = plain(explanation.after)
    return shown  # type: ignore[no-any-return]


def explanation_text(explanation: Explanation, source: str) -> Iterator[str]:
    """The explanation in lines of cleaned text; `source` is the definition's file."""
    answer = explanation.answer
    yield f"{answer.state.value}: {answer.effect or 'no effect'} ({one_line(answer.reason)})"
    if explanation.conditions:
        yield ""
    for one in explanation.conditions:
        place = f"{source}:{one.line}" if one.line else source
        yield f"{_mark(one.result):<7}  {clean_text(place)}  {clean_text(one.path)}"
        yield f"         {one_line(one.condition)}"
        again = f"  ({one.times} times)" if one.times > 1 else ""
        yield f"         saw {_shown(one.seen)}{again}"
    if explanation.left_out:
        yield f"         and {explanation.left_out:,} more"
    if explanation.after is not None:
        yield ""
        yield from resource_difference(explanation.before or {}, explanation.after)


def _mark(result: Any) -> str:
    return "unknown" if isinstance(result, dict) else "true" if result else "false"


def _shown(value: Any) -> str:
    if isinstance(value, dict) and set(value) == {"$unknown"}:
        return f"what isn't known: {one_line(str(value['$unknown']))}"
    return "nothing" if value is None else one_line(_written(value), maximum=_SHOWN_VALUE)


def resource_difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """What would change, as a unified diff of the resource in JSON."""
    old, new = (_pretty(resource) for resource in (before, after))
    for line in difflib.unified_diff(old, new, "resource", "resource as it would become", lineterm="", n=2):
        yield clean_text(line)


def _pretty(resource: Mapping[str, Any]) -> list[str]:
    shown = {key: value for key, value in plain(dict(resource)).items() if not key.startswith("$")}
    return json.dumps(shown, indent=2, ensure_ascii=False).splitlines()
