"""Assignments with the definitions that they stand for, each compiled when it is first needed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from policies.assignments import Assignment
from policies.compiled_expressions import Parameters
from policies.definitions import CompiledPolicy, PolicyDefinition, compile_definition
from policies.effects import EFFECTS
from policies.evaluation import State
from policies.expressions import is_expression
from policies.initiatives import Initiative, Reference, passed_parameters
from policies.libraries import Found, Library
from policies.parameters import bind
from policies.selectors import SelectorKind
from policies.type_index import Types, reach_of
from policies.values import DefinitionError, EvaluationError, same
from policies.versions import Fit, VersionPin


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a policy can't be evaluated at all; `state` is Unknown (something isn't at hand) or Error (it is wrong)."""

    state: State
    reason: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A policy ready to be evaluated.

    Attributes:
        compiled: see `policies.definitions`.
        types: lower-cased resource types outside of which it is not applicable; None for any.
        problem: why it isn't exactly what Azure would evaluate; "" if it is.
    """

    compiled: CompiledPolicy
    types: Types
    problem: str = ""


class Compilations:
    """Compiled policies, so that what several assignments and initiatives have in common is compiled once."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, str, bool, str], tuple[PolicyDefinition, CompiledPolicy]] = {}

    def compile(
        self, definition: PolicyDefinition, effect: str, values: Mapping[str, Any], exact: bool
    ) -> CompiledPolicy:
        """`compile_definition`, with another effect if one is given. Raises DefinitionError, EvaluationError."""
        key = (id(definition), effect, exact, json.dumps(values, sort_keys=True, default=str))
        made = self._made.get(key)
        if made is None:
            changed = definition if not effect else _with_effect(definition, effect)
            # The definition is kept, so that its identity stays its own.
            made = self._made[key] = (definition, compile_definition(changed, values, exact=exact))
        return made[1]


@dataclass(frozen=True, kw_only=True)
class AssignedPolicy:
    """One policy of an assignment.

    Attributes:
        assignment: that it belongs to.
        initiative: through which; None if a definition is assigned.
        reference: in the initiative; None likewise.
        definition_id: lower-cased.
        pin: which versions of the definition will do.
        definitions: where it is looked for.
        compilations: that it shares with others.
        parameters: values for the definition, or why there are none.
        problem: of the assignment as a whole (an initiative in another version); "" if there is none.
    """

    assignment: Assignment
    initiative: Initiative | None
    reference: Reference | None
    definition_id: str
    pin: VersionPin | None
    definitions: Library[PolicyDefinition]
    compilations: Compilations = field(compare=False, repr=False)
    parameters: Mapping[str, Any] | Failure
    problem: str = ""
    _prepared: dict[tuple[str, str], Prepared | Failure] = field(default_factory=dict, compare=False, repr=False)

    @property
    def reference_id(self) -> str:
        """As written; "" if a definition is assigned."""
        return self.reference.id if self.reference is not None else ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is told apart and ordered by."""
        return (self.assignment.id or self.assignment.name, self.assignment.source, self.reference_id.lower())

    def prepare(self, effect: str = "", pin: VersionPin | None = None) -> Prepared | Failure:
        """Compiles it, once for each effect and version.

        Args:
            effect: that an override puts in place of the definition's; "" for none.
            pin: that an override puts in place of its own; None for none.
        """
        key = (effect, pin.text if pin is not None else "")
        made = self._prepared.get(key)
        if made is None:
            made = self._prepared[key] = self._prepare(effect, pin or self.pin)
        return made

    def _prepare(self, effect: str, pin: VersionPin | None) -> Prepared | Failure:
        if isinstance(self.parameters, Failure):
            return self.parameters
        try:
            found = self.definitions.find(self.definition_id, pin, self._near())
        except DefinitionError as error:
            return Failure(State.UNKNOWN, str(error))
        if found is None:
            return Failure(State.UNKNOWN, f"the definition {self.definition_id} is not at hand")
        problem = found.problem(pin) or self.problem
        values, dropped = self._known_values(found.document, self.parameters)
        if dropped:
            names = ", ".join(sorted(dropped))
            problem = problem or f"the initiative passes parameters that the definition doesn't have: {names}"
        try:
            # Microsoft's own initiatives pass allowed values in another case; assignments may not.
            compiled = self.compilations.compile(found.document, effect, values, self.reference is None)
            return Prepared(compiled, reach_of(compiled).types, problem)
        except (DefinitionError, EvaluationError) as error:
            if found.fit is not Fit.CONTENT:
                return Failure(State.UNKNOWN, f"{problem}; {error}")
            return Failure(State.ERROR, str(error))

    def _near(self) -> str:
        return self.initiative.source if self.initiative is not None else self.assignment.source

    def _known_values(
        self, definition: PolicyDefinition, values: Mapping[str, Any]
    ) -> tuple[Mapping[str, Any], list[str]]:
        """Values without those that an initiative passes to another version: no rule can ask for them."""
        if self.reference is None:
            return values, []
        dropped = [name for name in values if name.lower() not in definition.parameters]
        return {name: value for name, value in values.items() if name not in dropped}, dropped


def _with_effect(definition: PolicyDefinition, effect: str) -> PolicyDefinition:
    """The definition with another effect. Raises DefinitionError where Azure wouldn't take the override."""
    written = definition.rule_then.get("effect")
    if isinstance(written, str) and is_expression(written):
        for parameter in definition.parameters.values():
            if f"parameters('{parameter.name.lower()}')" != written[1:-1].replace(" ", "").lower():
                continue
            if parameter.allowed is not None and not any(same(effect, allowed) for allowed in parameter.allowed):
                raise DefinitionError(f"the override to {effect} isn't among the allowed values of {parameter.name}")
    return dataclasses.replace(definition, rule_then={**definition.rule_then, "effect": EFFECTS[effect].value})


@dataclass(frozen=True, kw_only=True)
class ResolvedAssignment:
    """An assignment with its policies.

    Attributes:
        assignment: as read.
        initiative: that it assigns; None if it is a definition, or not at hand.
        policies: one, or one for each reference of the initiative, in order.
        problems: what doesn't fit, each in a sentence; the same stands in every row that it concerns.
    """

    assignment: Assignment
    initiative: Initiative | None
    policies: tuple[AssignedPolicy, ...]
    problems: tuple[str, ...]

    @property
    def reference_ids(self) -> frozenset[str]:
        """Lower-cased reference ids of its policies."""
        return frozenset(policy.reference_id.lower() for policy in self.policies if policy.reference_id)


def resolve_assignments(
    assignments: Iterable[Assignment], definitions: Library[PolicyDefinition], initiatives: Library[Initiative]
) -> tuple[ResolvedAssignment, ...]:
    """`resolve_assignment` for several, which share what they compile."""
    compilations = Compilations()
    return tuple(resolve_assignment(item, definitions, initiatives, compilations) for item in assignments)


def resolve_assignment(
    assignment: Assignment,
    definitions: Library[PolicyDefinition],
    initiatives: Library[Initiative],
    compilations: Compilations | None = None,
) -> ResolvedAssignment:
    """Finds what an assignment stands for. What isn't at hand becomes a policy whose state is Unknown everywhere."""
    compilations = compilations or Compilations()
    if not assignment.of_initiative:
        policy = AssignedPolicy(
            assignment=assignment,
            initiative=None,
            reference=None,
            definition_id=assignment.definition_id,
            pin=assignment.pin,
            definitions=definitions,
            compilations=compilations,
            parameters=assignment.parameters,
        )
        return ResolvedAssignment(
            assignment=assignment, initiative=None, policies=(policy,), problems=_problems(assignment, (policy,))
        )
    try:
        found = initiatives.find(assignment.definition_id, assignment.pin, assignment.source)
    except DefinitionError as error:
        return _not_at_hand(assignment, definitions, str(error))
    if found is None:
        return _not_at_hand(assignment, definitions, f"the initiative {assignment.definition_id} is not at hand")
    policies = _policies_of(assignment, found, definitions, compilations)
    return ResolvedAssignment(
        assignment=assignment,
        initiative=found.document,
        policies=policies,
        problems=_problems(assignment, policies, found.document),
    )


def _policies_of(
    assignment: Assignment,
    found: Found[Initiative],
    definitions: Library[PolicyDefinition],
    compilations: Compilations,
) -> tuple[AssignedPolicy, ...]:
    initiative = found.document
    parameters: Parameters | Failure
    try:
        parameters = bind(initiative.parameters, assignment.parameters)
    except EvaluationError as error:
        parameters = Failure(State.ERROR, f"the assignment's parameters: {error}")
    return tuple(
        AssignedPolicy(
            assignment=assignment,
            initiative=initiative,
            reference=reference,
            definition_id=reference.definition_id,
            pin=reference.pin,
            definitions=definitions,
            compilations=compilations,
            parameters=_passed(reference, parameters),
            problem=found.problem(assignment.pin),
        )
        for reference in initiative.references
    )


def _passed(reference: Reference, parameters: Parameters | Failure) -> Mapping[str, Any] | Failure:
    if isinstance(parameters, Failure):
        return parameters
    try:
        return passed_parameters(reference, parameters)
    except (DefinitionError, EvaluationError) as error:
        return Failure(State.ERROR, str(error))


def _not_at_hand(assignment: Assignment, definitions: Library[PolicyDefinition], reason: str) -> ResolvedAssignment:
    policy = AssignedPolicy(
        assignment=assignment,
        initiative=None,
        reference=None,
        definition_id=assignment.definition_id,
        pin=assignment.pin,
        definitions=definitions,
        compilations=Compilations(),
        parameters=Failure(State.UNKNOWN, reason),
    )
    return ResolvedAssignment(assignment=assignment, initiative=None, policies=(policy,), problems=(reason,))


def _problems(
    assignment: Assignment, policies: tuple[AssignedPolicy, ...], initiative: Initiative | None = None
) -> tuple[str, ...]:
    """What doesn't fit: versions and definitions that aren't at hand, and names of policies that don't exist."""
    problems: dict[str, None] = {}
    for policy in policies:
        label = f"{policy.reference_id}: " if policy.reference_id else ""
        if isinstance(policy.parameters, Failure):
            problems.setdefault(f"{label}{policy.parameters.reason}")
            continue
        try:
            found = policy.definitions.find(policy.definition_id, policy.pin, policy._near())
        except DefinitionError as error:
            problems.setdefault(f"{label}{error}")
            continue
        if found is None:
            problems.setdefault(f"{label}the definition {policy.definition_id} is not at hand")
        elif found.problem(policy.pin):
            problems.setdefault(f"{label}{found.problem(policy.pin)}")
        if policy.problem:
            problems.setdefault(policy.problem)
    known = {reference.id.lower() for reference in initiative.references} if initiative is not None else set()
    for named in _named_references(assignment):
        if named not in known:
            problems.setdefault(f"there is no policy {named!r} in what is assigned")
    return tuple(problems)


def _named_references(assignment: Assignment) -> list[str]:
    named = [name for name in assignment.messages if name]
    for override in assignment.overrides:
        for selector in override.selectors:
            if selector.kind is SelectorKind.REFERENCE:
                named.extend(sorted(selector.values))
    return named
