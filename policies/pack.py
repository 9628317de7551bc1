"""Packs: many definitions, read and compiled together, and evaluated over many resources through an index.

A definition that can't be read or compiled is an error with file and path; none is left out silently. In a fresh pack
everything is compiled. In one that comes from the cache (`policies.pack_cache`), which holds only what was compiled
before by the same engine, a definition is compiled when it is first asked.
"""

from __future__ import annotations

import contextlib
import gc
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policies.conditions import SharedConditions
from policies.definitions import CompiledPolicy, PolicyDefinition, compile_definition, read_definition
from policies.evaluation import Answer, evaluate_scope, reaches
from policies.pack_sources import Body
from policies.resource_types import resource_type
from policies.scope import Aliases, Surroundings, scope_of
from policies.type_index import Reach, TypeIndex, reach_of
from policies.values import UNKNOWN_KEY, DefinitionError, EvaluationError, get_key

GivenParameters = Mapping[str, Mapping[str, Any]]
"""Parameters of definitions, by the definition's name or id."""

Related = Sequence[Mapping[str, Any]] | Callable[[int], Sequence[Mapping[str, Any]] | None] | None
"""Resources in which existence conditions look: for all alike, or by the resource's index; None if not known."""

_MAXIMUM_MEMORY = 4096  # types (as written, with their kinds) whose candidates are remembered
_OPEN = {UNKNOWN_KEY: "differs from resource to resource"}


@dataclass(frozen=True, slots=True)
class PackError:
    """A definition that is not in the pack.

    Attributes:
        source: its file.
        path: where in it ("policyRule.if.allOf[1]"), or "".
        what: what is wrong.
    """

    source: str
    path: str
    what: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.source, self.path, self.what) if part)


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """What is known of a definition without compiling it.

    Attributes:
        id, name: lower-cased.
        mode: lower-cased.
        effect: lower-cased; None where it can't be told.
        reach: the resources that it may judge.
    """

    id: str
    name: str
    mode: str
    effect: str | None
    reach: Reach


class Member:
    """One definition of a pack."""

    __slots__ = ("_given", "_policy", "_shared", "facts", "source", "text")

    def __init__(
        self,
        source: str,
        facts: MemberFacts,
        *,
        text: str | bytes | None,
        given: Mapping[str, Any],
        shared: SharedConditions,
        policy: CompiledPolicy | None = None,
    ) -> None:
        """Takes the policy, or the text (see `policies.pack_sources.Body`) and parameters to compile it from."""
        self._shared = shared
        self.source = source
        self.facts = facts
        self.text = text
        self._given = given
        self._policy = policy

    @property
    def policy(self) -> CompiledPolicy:
        """Compiled; now, if it wasn't before."""
        if self._policy is None:
            assert self.text is not None
            body = json.loads(self.text)["body"]
            self._policy = compile_definition(read_definition(body, self.source), self._given, self._shared)
        return self._policy

    @property
    def definition(self) -> PolicyDefinition:
        """As it was read."""
        return self.policy.definition


@dataclass(slots=True)
class Counts:
    """What an evaluation went through so far.

    Attributes:
        resources: judged ones.
        pairs: of a resource and a definition.
        not_applicable: those of them that the index answered, as NotApplicable; the others have an answer of their own.
    """

    resources: int = 0
    pairs: int = 0
    not_applicable: int = 0


class Evaluation:
    """Iterates over (index of the resource, definition, answer) where a definition may apply; counts what it does."""

    def __init__(self, answers: Iterator[tuple[int, PolicyDefinition, Answer]], counts: Counts) -> None:
        """Takes the answers, and the counts that they keep."""
        self.counts = counts
        self._answers = answers

    def __iter__(self) -> Iterator[tuple[int, PolicyDefinition, Answer]]:
        return self._answers


Candidates = tuple[tuple[CompiledPolicy, bool], ...]
"""Policies that may apply to a resource, each with whether it certainly does."""


class Pack:
    """Definitions that are evaluated together."""

    def __init__(
        self, members: Sequence[Member], errors: Sequence[PackError] = (), skipped: Sequence[str] = ()
    ) -> None:
        """Takes the members, what could not be loaded, and the sources that hold initiatives instead."""
        self.members = tuple(members)
        self.errors = tuple(errors)
        self.skipped = tuple(skipped)
        self._index = TypeIndex(member.facts.reach.types for member in self.members)
        # By type and kind; the table of aliases says of which types a rule is, too.
        self._remembered: dict[tuple[str, str | None], Candidates] = {}
        self._aliases: Aliases | None = None

    def __len__(self) -> int:
        return len(self.members)

    def where(self, keep: Callable[[Member], bool]) -> Pack:
        """A pack of some of the members; errors and skipped sources stay."""
        return Pack([member for member in self.members if keep(member)], self.errors, self.skipped)

    def compile(self) -> None:
        """Compiles what isn't yet."""
        with no_collection():
            for member in self.members:
                _ = member.policy

    def candidates(self, resource: Mapping[str, Any], surroundings: Surroundings) -> Candidates:
        """The policies that may apply to a resource; all others answer NotApplicable."""
        type_ = resource_type(resource)
        if type(type_) is not str:
            told = {key: value for key, value in resource.items() if key.lower() in ("type", "kind")}
            return self._asked(told, range(len(self.members)), surroundings)
        kind = get_key(resource, "kind", "kind")
        if kind is not None and type(kind) is not str:
            return self._asked({"type": type_, "kind": kind}, self._index.positions(type_), surroundings)
        if surroundings.aliases is not self._aliases:
            self._remembered = {}
            self._aliases = surroundings.aliases
        found = self._remembered.get((type_, kind))
        if found is None:
            if len(self._remembered) >= _MAXIMUM_MEMORY:
                self._remembered.clear()
            told = {"type": type_} if kind is None else {"type": type_, "kind": kind}
            found = self._asked(told, self._index.positions(type_), surroundings)
            self._remembered[(type_, kind)] = found
        return found

    def _asked(self, told: Mapping[str, Any], positions: Iterable[int], surroundings: Surroundings) -> Candidates:
        """Those that reach a resource of which only this is known."""
        scope = scope_of({**told, "name": _OPEN, "fullName": _OPEN, "id": _OPEN}, surroundings)
        # The type of some depends on the name, too.
        exact = scope.type == str(told.get("type")).lower()
        found = []
        for position in positions:
            member = self.members[position]
            policy = member.policy
            if not member.facts.reach.told:
                found.append((policy, False))
            elif reaches(policy, scope) is not False:
                # Type and kind are the resource's own: where no condition asks for the name, nothing is left open.
                found.append((policy, exact and "name" not in policy.facts.kinds))
        return tuple(found)

    def evaluate(
        self, resources: Iterable[Mapping[str, Any]], surroundings: Surroundings, *, related: Related = None
    ) -> Evaluation:
        """Evaluates every definition over every resource.

        Args:
            resources: ARM-shaped (see `policies.evaluation.evaluate`); read as the answers are taken.
            surroundings: aliases, time and context.
            related: where existence conditions look.
        """
        counts = Counts()
        return Evaluation(self._answers(resources, surroundings, related, counts), counts)

    def _answers(
        self, resources: Iterable[Mapping[str, Any]], surroundings: Surroundings, related: Related, counts: Counts
    ) -> Iterator[tuple[int, PolicyDefinition, Answer]]:
        total = len(self.members)
        for index, resource in enumerate(resources):
            candidates = self.candidates(resource, surroundings)
            counts.resources += 1
            counts.pairs += total
            counts.not_applicable += total - len(candidates)
            found = related(index) if callable(related) else related
            scope = scope_of(resource, surroundings)
            for policy, applies in candidates:
                yield index, policy.definition, evaluate_scope(policy, scope, found, applies=applies)


@contextlib.contextmanager
def no_collection() -> Iterator[None]:
    """Holds back the cyclic garbage collector, which would walk a growing pack over and over.

    Afterwards it passes over what is there: a pack has no cycles, so that it goes when nobody needs it any more.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was:
            gc.enable()


def make_pack(bodies: Iterable[Body], parameters: GivenParameters | None = None) -> Pack:
    """A pack of definitions; everything is compiled.

    Args:
        bodies: see `policies.pack_sources`, which reads them from files.
        parameters: where the defaults won't do.
    """
    given = {name.lower(): values for name, values in (parameters or {}).items()}
    members: list[Member] = []
    errors: list[PackError] = []
    skipped: list[str] = []
    shared = SharedConditions()
    with no_collection():
        for body in bodies:
            if body.error:
                errors.append(PackError(body.source, "", body.error))
            elif is_initiative(body.value):
                skipped.append(body.source)
            else:
                try:
                    members.append(_member(body, given, shared))
                except DefinitionError as error:
                    errors.append(PackError(body.source, error.path, error.what))
                except EvaluationError as error:
                    errors.append(PackError(body.source, "parameters", str(error)))
                except RecursionError:
                    errors.append(PackError(body.source, "", "nested too deeply"))
    known = {name for member in members for name in (member.facts.id, member.facts.name)}
    errors += [
        PackError(name, "parameters", "no definition of this name or id was loaded") for name in given.keys() - known
    ]
    return Pack(members, errors, skipped)


def given_for(facts_id: str, name: str, parameters: GivenParameters) -> Mapping[str, Any]:
    """The parameters of one definition, by its lower-cased id or name."""
    return parameters.get(facts_id) or parameters.get(name) or {}


def _member(body: Body, parameters: GivenParameters, shared: SharedConditions) -> Member:
    definition = read_definition(body.value, body.source)
    name = definition.name.lower()
    given = given_for(definition.id, name, parameters)
    policy = compile_definition(definition, given, shared)
    effect = policy.effect.value if policy.effect is not None else None
    facts = MemberFacts(definition.id, name, definition.mode, effect, reach_of(policy))
    return Member(body.source, facts, text=body.text, given=given, shared=shared, policy=policy)


def is_initiative(value: Any) -> bool:
    """Whether it is a set of definitions, not one."""
    properties = value.get("properties", value) if isinstance(value, dict) else None
    return isinstance(properties, dict) and "policyDefinitions" in properties and "policyRule" not in properties
