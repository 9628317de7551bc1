"""What came of an evaluation: rows for people, JSON for programs, an exit code."""

from __future__ import annotations

import collections
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from cli.exit_codes import ExitCode
from cli.tables import print_table
from verdicts.text import one_line

if TYPE_CHECKING:
    from cli.policy_inputs import OneDefinition
    from policies.definitions import PolicyDefinition
    from policies.evaluation import Answer
    from policies.known_resources import KnownResources
    from policies.pack import Member, Pack
    from policies.resource_files import ResourceFile
    from policies.scope import Surroundings

SCHEMA = "mlgate/policy-evaluation/v1"
_SETTLED = frozenset({"Compliant", "NotApplicable", "Exempt"})
_OPEN = frozenset({"Unknown", "Error", "Conflict"})


@dataclass(frozen=True, slots=True)
class Judged:
    """One resource under one definition."""

    resource: Mapping[str, Any]
    definition: PolicyDefinition
    answer: Answer

    def exit_code(self, fail_on: str) -> ExitCode:
        """See Judgement."""
        state = self.answer.state.value
        if state == "NonCompliant" and (fail_on == "audit" or self.answer.effect == "deny"):
            return ExitCode.DENIED
        return ExitCode.COULD_NOT_CHECK if state in _OPEN else ExitCode.ALLOWED


@dataclass(slots=True)
class Judgement:
    """All answers of an evaluation.

    Attributes:
        judged: answers, without those that a pack's index gave (NotApplicable).
        resources, definitions: how many there were.
        not_applicable: pairs that the index answered.
        not_read: templates, or parts of them, that could not be read.
        not_loaded: definitions that could not be loaded.
        not_evaluated: definitions of modes that only their resource provider evaluates, as (file, mode).
        referred: resources that templates only refer to; they are not judged.
    """

    judged: list[Judged] = field(default_factory=list)
    resources: int = 0
    definitions: int = 0
    not_applicable: int = 0
    not_read: tuple[str, ...] = ()
    not_loaded: tuple[str, ...] = ()
    not_evaluated: tuple[tuple[str, str], ...] = ()
    referred: int = 0

    @classmethod
    def of_definition(
        cls, one: OneDefinition, file: ResourceFile, around: Surroundings, known: KnownResources
    ) -> Judgement:
        """One definition over all resources."""
        from policies.known_resources import evaluate_known

        result = cls(definitions=1, not_read=file.not_read)
        for resource in result._deployed(file):
            answer = evaluate_known(one.policy, resource, around, known)
            result.judged.append(Judged(resource, one.policy.definition, answer))
        return result

    @classmethod
    def of_pack(cls, pack: Pack, file: ResourceFile, around: Surroundings, known: KnownResources) -> Judgement:
        """All definitions of a pack over all resources."""
        from policies.known_resources import evaluate_known

        usable = pack.where(_evaluated_here)
        result = cls(
            definitions=len(pack),
            not_read=file.not_read,
            not_loaded=tuple(str(error) for error in pack.errors),
            not_evaluated=tuple(
                (member.source, member.facts.mode) for member in pack.members if not _evaluated_here(member)
            ),
        )
        for resource in result._deployed(file):
            candidates = usable.candidates(resource, around)
            result.not_applicable += len(usable) - len(candidates)
            for policy, applies in candidates:
                answer = evaluate_known(policy, resource, around, known, applies=applies)
                result.judged.append(Judged(resource, policy.definition, answer))
        return result

    def _deployed(self, file: ResourceFile) -> Iterator[Mapping[str, Any]]:
        for resource in file.resources:
            if resource.get("$existing"):
                self.referred += 1
            else:
                self.resources += 1
                yield resource

    def exit_code(self, fail_on: str) -> ExitCode:
        """1 if a resource is denied (or, with "audit", not compliant), 3 if anything is open, else 0."""
        codes = {one.exit_code(fail_on) for one in self.judged}
        if ExitCode.DENIED in codes:
            return ExitCode.DENIED
        whole = self.resources and not (self.not_read or self.not_loaded or self.not_evaluated)
        return ExitCode.ALLOWED if whole and ExitCode.COULD_NOT_CHECK not in codes else ExitCode.COULD_NOT_CHECK

    def states(self) -> dict[str, int]:
        """How many answers of each state there are."""
        counts = collections.Counter(one.answer.state.value for one in self.judged)
        counts["NotApplicable"] += self.not_applicable
        return {state: count for state, count in sorted(counts.items()) if count}

    def shown(self, everything: bool) -> list[Judged]:
        """The answers that somebody wants to see: those that aren't settled, or all that the index left."""
        return [one for one in self.judged if everything or one.answer.state.value not in _SETTLED]


def _evaluated_here(member: Member) -> bool:
    from policies.definitions import MACHINE_LEARNING_MODES, RESOURCE_MANAGER_MODES, STATIC

    return member.facts.mode in (RESOURCE_MANAGER_MODES | MACHINE_LEARNING_MODES | {STATIC})


def shown_resource(resource: Mapping[str, Any]) -> str:
    """A resource in a few words."""
    name = resource.get("name")
    if isinstance(name, dict):
        name = name.get("text") or "a name that isn't known"
    place = f" [{resource['$file']}:{resource.get('$line')}]" if resource.get("$file") else ""
    shown = one_line(str(name or "without a name"), maximum=60)
    return one_line(f"{shown} ({resource.get('type')}){place}")


def describe(judged: Judged) -> dict[str, Any]:
    """Which resource and which definition, as JSON values."""
    resource, definition = judged.resource, judged.definition
    return {
        "resource": {
            key.lstrip("$"): resource[key] for key in ("type", "name", "id", "$file", "$line") if key in resource
        },
        "definition": {
            "id": definition.id,
            "name": definition.name,
            "display_name": definition.display_name,
            "version": definition.version,
            "file": definition.source,
        },
    }


def show_json(judgement: Judgement, everything: bool) -> None:
    """Writes one JSON document, in ASCII."""
    from policies.cases import answer_json
    from policies.explanations import plain

    document = {
        "schema": SCHEMA,
        "resources": judgement.resources,
        "definitions": judgement.definitions,
        "states": judgement.states(),
        "answers": [{**describe(one), **plain(answer_json(one.answer))} for one in judgement.shown(everything)],
        "not_read": list(judgement.not_read),
        "not_loaded": list(judgement.not_loaded),
        "not_evaluated": [{"file": file, "mode": mode} for file, mode in judgement.not_evaluated],
        "only_referred_to": judgement.referred,
    }
    click.echo(json.dumps(document, indent=2))


def show_table(judgement: Judgement, everything: bool) -> None:
    """Prints the answers and a summary."""
    rows = [_row(one) for one in judgement.shown(everything or judgement.definitions == 1)]
    if rows:
        print_table(["state", "effect", "resource", "definition", "reason"], rows)
        click.echo()
    states = ", ".join(f"{count:,} {state}" for state, count in judgement.states().items()) or "nothing to judge"
    click.echo(f"{judgement.resources:,} resources, {judgement.definitions:,} definitions: {states}")
    if judgement.referred:
        click.echo(f"{judgement.referred:,} resources are only referred to and were not judged")
    for title, lines in (
        ("not read", judgement.not_read),
        ("not loaded", judgement.not_loaded),
        ("not evaluated here", tuple(f"{file}: mode {mode}" for file, mode in judgement.not_evaluated)),
    ):
        for line in lines[:20]:
            click.echo(f"{title}: {one_line(line)}", err=True)
        if len(lines) > 20:
            click.echo(f"{title}: and {len(lines) - 20:,} more (--json lists all)", err=True)


def _row(judged: Judged) -> tuple[str, str, str, str, str]:
    answer, definition = judged.answer, judged.definition
    title = definition.display_name or definition.name or definition.source
    return (
        answer.state.value,
        answer.effect or "",
        shown_resource(judged.resource),
        one_line(title, maximum=90),
        one_line(answer.reason, maximum=120),
    )
