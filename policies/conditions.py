"""Conditions and logical operators, compiled once into closures that answer true, false or Unknown.

What is unknown follows Kleene's logic: false and unknown is false, true or unknown is true, everything else with
unknown is unknown. Conditions are asked in the order in which they are written, and no further than needed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from policies.comparisons import compared, no_operand
from policies.compiled_expressions import Compiled, Parameters, compile_value
from policies.counts import Ask, Counted, count_field, count_value, judge
from policies.fields import Collection, Field, make_field, normal_location
from policies.operators import OPERATORS, check_literal
from policies.paths import parse_path
from policies.scope import Scope, TraceStep
from policies.values import DefinitionError, EvaluationError, Truth, Unknown
from verdicts.records import record

_SUBJECTS = frozenset({"field", "value", "count", "source"})
_OWN_ARRAYS = ("properties.", "azureml.", "estate.")
MAXIMUM_CONDITIONS = 4096
MAXIMUM_DEPTH = 100
MAXIMUM_FIELD_COUNTS = 5
MAXIMUM_VALUE_COUNTS = 10
"""Limits that Azure enforces when a definition is written; the depth is ours."""


@record(frozen=True, slots=True)
class Condition:
    """A compiled condition or tree of conditions.

    Attributes:
        ask: gives its truth; raises EvaluationError, InvalidAliasError.
        applicable: the same with all but type, name and kind taken for unknown (Microsoft: policy applicability).
        typed: the same with everything but type taken for unknown.
        identity: the same number where several definitions have the same condition; 0 where that isn't known.
    """

    ask: Ask
    applicable: Ask
    typed: Ask
    identity: int = 0


class SharedConditions:
    """Conditions that several definitions have in common. From its second user on, each is asked once for a scope."""

    def __init__(self) -> None:
        self._known: dict[Any, Condition] = {}
        self._remembering: set[int] = set()

    def common(self, key: Any, made: Condition) -> Condition:
        """The condition of that key; equal keys mean equal conditions."""
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = Condition(made.ask, made.applicable, made.typed, len(self._known) + 1)
        elif known.identity not in self._remembering:
            self._remembering.add(known.identity)
            known = Condition(remembering(known.ask), known.applicable, known.typed, known.identity)
            self._known[key] = known
        return known


@dataclass(slots=True)
class Facts:
    """What compiling learns of a rule.

    Attributes:
        aliases: lower-cased, as conditions and `field()` with a constant name use them.
        kinds: which of "type", "name", "kind", "location", "other" conditions there are.
        conditions: their number.
        counts: number of counts of each alias; of values, under "".
    """

    aliases: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    conditions: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def add_count(self, alias: str, most: int, path: str) -> None:
        """Takes in a count. Raises DefinitionError where there are too many."""
        self.counts[alias] = self.counts.get(alias, 0) + 1
        if self.counts[alias] > most:
            raise DefinitionError(f"more than {most} counts of {alias or 'values'}", path)


@dataclass(frozen=True, slots=True)
class Compiler:
    """Compiles conditions of one definition with one set of parameters.

    Attributes:
        parameters: bound.
        facts: receives what is learnt.
        traced: whether conditions write down what they saw, if a scope has a trace; it costs time.
        shared: what the definition may have in common with others; None for nothing.
        inside_count: whether these conditions are the `where` of a count.
    """

    parameters: Parameters
    facts: Facts
    traced: bool = False
    shared: SharedConditions | None = None
    inside_count: bool = False

    def compile(self, node: Any, path: str, depth: int = 0) -> Condition:
        """A condition tree. Raises DefinitionError with the path of what is wrong."""
        if not isinstance(node, dict) or not node:
            raise DefinitionError("a condition must be an object that isn't empty", path)
        if depth > MAXIMUM_DEPTH:
            raise DefinitionError(f"more than {MAXIMUM_DEPTH} levels of conditions", path)
        keys = {str(key).lower(): key for key in node}
        if len(keys) != len(node):
            raise DefinitionError("a key stands twice, in different case", path)
        for logical in ("allof", "anyof", "not"):
            if logical in keys:
                if len(keys) > 1:
                    others = ", ".join(str(key) for name, key in keys.items() if name != logical)
                    raise DefinitionError(f"{keys[logical]} can't stand beside {others}", path)
                return self._logical(logical, node[keys[logical]], f"{path}.{keys[logical]}", depth)
        return self._leaf(node, keys, path, depth)

    def _logical(self, logical: str, value: Any, path: str, depth: int) -> Condition:
        if logical == "not":
            inner = self.compile(value, path, depth + 1)
            return self._common(("not", inner.identity), _not_of(inner), inner.identity)
        if not isinstance(value, list):
            raise DefinitionError("an array of conditions is needed", path)
        parts = [self.compile(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]
        combine = _all_of if logical == "allof" else _any_of
        made = Condition(
            combine(tuple(part.ask for part in parts)),
            combine(tuple(part.applicable for part in parts)),
            combine(tuple(part.typed for part in parts)),
        )
        identities = tuple(part.identity for part in parts)
        return self._common((logical, identities), made, all(identities))

    def _common(self, key: Any, made: Condition, sharable: object) -> Condition:
        return made if self.shared is None or not sharable else self.shared.common(key, made)

    def _leaf(self, node: Mapping[str, Any], keys: Mapping[str, str], path: str, depth: int) -> Condition:
        subjects = [name for name in keys if name in _SUBJECTS]
        operators = [name for name in keys if name in OPERATORS]
        unknown = [keys[name] for name in keys if name not in _SUBJECTS and name not in OPERATORS]
        if unknown:
            raise DefinitionError(f"unknown key or operator {unknown[0]!r}", path)
        if len(subjects) != 1 or len(operators) != 1:
            raise DefinitionError("a condition needs one of field, value and count, and one operator", path)
        subject, operator = subjects[0], operators[0]
        if subject == "source":
            raise DefinitionError("'source' is no longer supported: use field type", path)
        self.facts.conditions += 1
        if self.facts.conditions > MAXIMUM_CONDITIONS:
            raise DefinitionError(f"more than {MAXIMUM_CONDITIONS} conditions", path)
        operand = compile_value(node[keys[operator]], self.parameters, f"{path}.{keys[operator]}")
        if operand.evaluate is None and not _is_parameter(node[keys[operator]]):
            check_literal(operator, operand.constant, f"{path}.{keys[operator]}")
        elif operand.evaluate is None and operand.constant is None:
            operand = Compiled(evaluate=no_operand)
        # Only a trace shows it.
        shown = (
            ""
            if not self.traced
            else f"{subject} {_short(node[keys[subject]])} {keys[operator]} {_short(node[keys[operator]])}"
        )
        value_path = f"{path}.{keys[subject]}"
        if subject == "count":
            made = self._count(node[keys[subject]], operator, operand, value_path, shown, depth)
        elif subject == "field":
            made = self._field(node[keys[subject]], operator, operand, value_path, shown)
        else:
            self.facts.kinds.add("other")
            value = compile_value(node[keys[subject]], self.parameters, value_path)
            ask = self._asked(compared(value.value, operator, operand), path, shown, value.value)
            made = Condition(ask, _maybe, _maybe)
        if self.shared is None:
            return made
        key = _meaning(node, node[keys[subject]], subject, operator, operand)
        return self._common(key, made, key is not None)

    def _field(self, name: Any, operator: str, operand: Compiled, path: str, shown: str) -> Condition:
        if not isinstance(name, str):
            raise DefinitionError("a field's name must be text", path)
        compiled = compile_value(name, self.parameters, path)
        if compiled.evaluate is None:
            asked = self._named_field(compiled.constant, path)
            getter = asked.get
            if asked.kind == "location":
                operand = _normalised(operand)
        else:
            asked = Field(name, lambda scope: _dynamic_field(compiled, scope))
            getter = asked.get
        self.facts.kinds.add(asked.kind)
        ask = self._asked(compared(getter, operator, operand), path, shown, getter)
        return Condition(
            ask,
            ask if asked.kind in ("type", "name", "kind") else _maybe,
            ask if asked.kind == "type" else _maybe,
        )

    def _asked(self, ask: Ask, path: str, shown: str, get: Callable[[Scope], Any]) -> Ask:
        return _traced(ask, path, shown, get) if self.traced else ask

    def _named_field(self, name: Any, path: str) -> Field:
        try:
            made = make_field(str(name))
        except EvaluationError as error:
            raise DefinitionError(str(error), path) from None
        if made.alias is not None:
            self.facts.aliases.add(made.alias)
        return made

    def _count(self, node: Any, operator: str, operand: Compiled, path: str, shown: str, depth: int) -> Condition:
        if not isinstance(node, dict):
            raise DefinitionError("count needs an object", path)
        keys = {str(key).lower(): key for key in node}
        strange = [keys[name] for name in keys if name not in ("field", "value", "name", "where")]
        if strange or ("field" in keys) == ("value" in keys):
            raise DefinitionError(
                f"count needs field or value, {f'not {strange[0]!r}' if strange else 'one of both'}", path
            )
        self.facts.kinds.add("other")
        # Each member is asked in a scope of its own: there is nothing to remember.
        inner = Compiler(self.parameters, self.facts, self.traced, inside_count=True)
        where = (
            inner.compile(node[keys["where"]], f"{path}.{keys['where']}", depth + 1).ask if "where" in keys else None
        )
        if "field" in keys:
            if "name" in keys:
                raise DefinitionError("only a count of values has a name", path)
            counted = self._counted_field(node[keys["field"]], where, f"{path}.{keys['field']}")
        else:
            name = node[keys["name"]] if "name" in keys else None
            counted = self._counted_value(node[keys["value"]], name, where, f"{path}.{keys['value']}")
        ask = _counting(counted, operator, operand, path, shown if self.traced else None)
        return Condition(ask, _maybe, _maybe)

    def _counted_field(self, name: Any, where: Ask | None, path: str) -> Counted:
        compiled = compile_value(name, self.parameters, path)
        if compiled.evaluate is not None or not isinstance(compiled.constant, str) or "[*]" not in compiled.constant:
            raise DefinitionError("count.field must be an alias with [*]", path)
        name = compiled.constant.strip()
        alias = self._named_field(name, path).alias
        # Azure takes aliases only; types that Azure doesn't know have none, so mlgate's own rules name the path.
        plain = parse_path(name) if alias is None and name.lower().startswith(_OWN_ARRAYS) else None
        if alias is None and plain is None:
            raise DefinitionError("count.field must be an alias with [*]", path)
        counted = alias if alias is not None else name.lower()
        self.facts.add_count(counted, MAXIMUM_FIELD_COUNTS, path)
        return count_field(counted, where, plain)

    def _counted_value(self, value: Any, name: Any, where: Ask | None, path: str) -> Counted:
        if name is None and self.inside_count:
            raise DefinitionError("a count of values inside a count needs a name", path)
        if name is not None and not isinstance(name, str):
            raise DefinitionError("count.name must be text", path)
        self.facts.add_count("", MAXIMUM_VALUE_COUNTS, path)
        return count_value(compile_value(value, self.parameters, path), (name or "default").lower(), where)


def _is_parameter(value: Any) -> bool:
    # A parameter of the wrong type is the assignment's mistake: an evaluation failure, not a broken definition.
    return isinstance(value, str) and value.startswith("[") and not value.startswith("[[")


def _meaning(
    node: Mapping[str, Any], subject: Any, kind: str, operator: str, operand: Compiled
) -> tuple[str, ...] | None:
    """A key that two conditions have in common only if they mean the same; None where parameters may differ."""
    if kind == "field" and operand.evaluate is None and "[" not in subject[:1]:
        return (kind, subject.strip().lower(), operator, json.dumps(operand.constant))
    text = json.dumps(node)
    return (kind, text) if "parameters" not in text.lower() else None


def _short(value: Any) -> str:
    shown = value if isinstance(value, str) else repr(value)
    return shown if len(shown) <= 120 else f"{shown[:117]}..."


_NOT_CONSIDERED = Unknown("not considered for applicability")


def _maybe(_scope: Scope) -> Truth:
    return _NOT_CONSIDERED


def remembering(ask: Ask) -> Ask:
    """The same, asked once for a scope."""

    def remembered(scope: Scope) -> Truth:
        truth = scope.answers.get(ask)
        if truth is None:
            truth = scope.answers[ask] = ask(scope)
        return truth

    return remembered


def _not_of(inner: Condition) -> Condition:
    return Condition(_not(inner.ask), _not(inner.applicable), _not(inner.typed))


def _not(inner: Ask) -> Ask:
    def ask(scope: Scope) -> Truth:
        truth = inner(scope)
        return truth if isinstance(truth, Unknown) else not truth

    return ask


def _all_of(parts: tuple[Ask, ...]) -> Ask:
    return settled_by(parts, decisive=False)


def _any_of(parts: tuple[Ask, ...]) -> Ask:
    return settled_by(parts, decisive=True)


def settled_by(parts: tuple[Ask, ...], decisive: bool) -> Ask:
    """The conditions in order, up to one that comes to `decisive`."""

    def ask(scope: Scope) -> Truth:
        unknown: Unknown | None = None
        try:
            for part in parts:
                truth = part(scope)
                if truth is decisive:
                    return decisive
                if type(truth) is Unknown:
                    unknown = truth
        except EvaluationError:
            if unknown is None:
                raise
            # Azure would perhaps have stopped at what isn't known, and not come to what fails.
            return unknown
        return not decisive if unknown is None else unknown

    return ask


def _counting(counted: Counted, operator: str, operand: Compiled, path: str, shown: str | None) -> Ask:
    """The condition of a count; `shown` is what a trace says of it, None where there is none."""

    def ask(scope: Scope) -> Truth:
        tally = counted(scope)
        result = judge(tally, scope, operator, operand)
        if shown is not None and scope.trace is not None:
            seen = tally.sure if tally.why is None else tally.why
            scope.trace.steps.append(TraceStep(path, shown, seen, result))
        return result

    return ask


def _dynamic_field(name: Compiled, scope: Scope) -> Any:
    wanted = name.value(scope)
    if isinstance(wanted, Unknown):
        return wanted
    if not isinstance(wanted, str):
        raise EvaluationError("a field's name must be text")
    return make_field(wanted).get(scope)


def _normalised(operand: Compiled) -> Compiled:
    """A location, or a list of them, to compare with."""

    def normal(value: Any) -> Any:
        return [normal_location(item) for item in value] if isinstance(value, list) else normal_location(value)

    if operand.evaluate is None:
        return Compiled(normal(operand.constant))
    evaluate = operand.evaluate
    return Compiled(evaluate=lambda scope: normal(evaluate(scope)))


def _traced(ask: Ask, path: str, shown: str, get: Callable[[Scope], Any]) -> Ask:
    def traced(scope: Scope) -> Truth:
        if scope.trace is None:
            return ask(scope)
        result = ask(scope)
        seen = get(scope)
        scope.trace.steps.append(
            TraceStep(path, shown, list(seen.members) if isinstance(seen, Collection) else seen, result)
        )
        return result

    return traced
