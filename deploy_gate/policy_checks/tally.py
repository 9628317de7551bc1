"""What the rules answered, gathered: findings, what can't be decided, and how often a rule answered what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from policies.evaluation import State
from resource_readers.interface import Resource
from verdicts import Finding, RuleAnswers

_WORSE = (State.NOT_APPLICABLE, State.COMPLIANT, State.UNKNOWN, State.NON_COMPLIANT)
_RANK = {state: rank for rank, state in enumerate(_WORSE)}

Declaration = tuple[str, int | None, int | None, str]
"""Path, line and column of a declaration, and the type in lower case."""


@dataclass(slots=True)
class Tally:
    """Gathers answers.

    A declaration may be judged several times: a module by itself, and wherever it is taken in, with other values each
    time. It is counted once, under its worst answer; and what is found by itself isn't told again where the same is
    found in the whole, since both are one mistake in one line.

    Attributes:
        undecided: descriptions of resources, by rule and file.
        judged: number of resources.
    """

    undecided: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    judged: int = 0
    _findings: dict[tuple[str, str, int | None, str], tuple[Finding, Declaration, bool]] = field(default_factory=dict)
    _in_whole: set[tuple[str, Declaration]] = field(default_factory=set)
    _worst: dict[Declaration, dict[str, State]] = field(default_factory=dict)

    def found(self, finding: Finding, declared: Declaration, *, is_part: bool) -> None:
        """Takes in a finding; `is_part` where the declaration was judged by itself and others take it in."""
        place = finding.location
        key = (finding.rule_id, place.path if place else "", place.line if place else None, finding.resource)
        self._findings.setdefault(key, (finding, declared, is_part))
        if not is_part:
            self._in_whole.add((finding.rule_id, declared))

    def findings(self) -> tuple[Finding, ...]:
        """In the order in which they came."""
        return tuple(
            finding
            for finding, declared, is_part in self._findings.values()
            if not is_part or (finding.rule_id, declared) not in self._in_whole
        )

    def answers_of(self, declared: Declaration) -> dict[str, State]:
        """Where the answers about a declaration are noted, see `note`."""
        return self._worst.setdefault(declared, {})

    def rules(self, ids: Mapping[str, str]) -> tuple[RuleAnswers, ...]:
        """The rules with their answers, by id; `ids` are theirs by the name of the definition."""
        counts: dict[str, list[int]] = {name: [0] * len(_WORSE) for name in ids}
        for answers in self._worst.values():
            for name, state in answers.items():
                counts[name][_RANK[state]] += 1
        return tuple(_rule_answers(rule_id, counts[name]) for name, rule_id in _by_id(ids))


def note(answers: dict[str, State], name: str, state: State) -> None:
    """Takes in what the definition of that name answered: one of the four states of `_WORSE`."""
    before = answers.get(name)
    if before is None or _RANK[state] > _RANK[before]:
        answers[name] = state


def declaration_of(resource: Resource) -> Declaration:
    """What several judgements of one declaration have in common."""
    place = resource.location
    return place.path, place.line, place.column, resource.type.casefold()


def _by_id(ids: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    return sorted(ids.items(), key=lambda item: item[1])


def _rule_answers(rule_id: str, counts: Sequence[int]) -> RuleAnswers:
    not_applicable, compliant, unknown, non_compliant = counts
    return RuleAnswers(rule_id, compliant, non_compliant, unknown, not_applicable)
