"""The check `policy`: our rules, and those that a project adds, over everything that was read."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploy_gate.static_checks.kept_outcomes import recalled
from deploy_gate.static_checks.kept_readings import written
from deploy_gate.static_checks.readings import Reading, Results
from deploy_gate.static_checks.settings import CheckSettings
from scanners.interface import Keeper, ScanContext, Scanner
from verdicts import CouldNotCheckError, NotCompleted, Outcome, Reason
from verdicts.digests import canonical_json, digest_bytes
from verdicts.outcome_json import outcome_to_json

if TYPE_CHECKING:
    from deploy_gate.policy_checks.rule_sets import RuleSet

POLICY = "policy"
_ASKS_THE_TIME = "utcnow"


def rules_for(settings: CheckSettings) -> RuleSet:
    """The rules that hold in a project.

    Raises:
        CouldNotCheckError: the rules themselves can't be read.
        ConfigurationError: the configuration names a rule that doesn't exist, or weakens one without a reason.
    """
    from deploy_gate.policy_checks.rule_sets import rule_set
    from policies.pack_sources import PackSourceError
    from policies.rules import RuleError, built_in_rules

    try:
        rules = built_in_rules()
    except (RuleError, PackSourceError) as error:
        raise CouldNotCheckError(f"the rules can't be read: {error}", remedy="install mlgate anew") from None
    if not settings.policies:
        return rule_set(rules, settings.profile, settings.rules)
    from deploy_gate.policy_checks.added_policies import added_rules

    added, notes = added_rules(settings.policies)
    made = rule_set((*rules, *added), settings.profile, settings.rules)
    return dataclasses.replace(made, notes=(*made.notes, *notes))


@dataclass(frozen=True, slots=True)
class PolicyCheck:
    """What is to be judged.

    Attributes:
        readings: everything that was read.
        only: names of the files that are judged; None for all.
        settings: which rules hold.
        keeper: keeps answers; None to judge anew.
    """

    readings: Sequence[Reading]
    only: frozenset[str] | None
    settings: CheckSettings
    keeper: Keeper | None

    def prepared(self) -> Scanner:
        """The scanner: one that knows its answer from an earlier run, or has the rules at hand.

        Raises:
            CouldNotCheckError, ConfigurationError: see `rules_for`.
        """
        key = self._key()
        if self.keeper is not None and key is not None:
            known = recalled(self.keeper, key, POLICY)
            if known is not None:
                return _Known(known)
        return _Judging(self, rules_for(self.settings), key)

    def _key(self) -> str | None:
        """Of everything that the answer depends on (mlgate's own rules are part of its release); None if not known."""
        if self.keeper is None or not all(written(one) for one in self.readings):
            return None
        settings = self.settings
        rules = {
            name: [one.enabled, one.severity.value if one.severity else None, dict(one.parameters), one.reason]
            for name, one in settings.rules.items()
        }
        added: list[Any] = []
        if settings.policies:
            from policies.pack_sources import PackSourceError, digest_of, read_inputs

            try:
                added = [[repr(one), digest_of(read_inputs(one.path))] for one in settings.policies]
            except PackSourceError:
                return None
        only = sorted(self.only) if self.only is not None else None
        read = [[one.shown, one.digest] for one in self.readings]
        try:
            return digest_bytes(canonical_json(["mlgate/judged/v1", settings.profile, rules, added, only, read]))
        except (TypeError, ValueError):
            return None


@dataclass(frozen=True, slots=True)
class _Known:
    """Gives an answer of an earlier run; see scanners.interface.Scanner."""

    outcomes: tuple[Outcome, ...]

    @property
    def id(self) -> str:
        return POLICY

    def scan(self, context: ScanContext) -> tuple[Outcome, ...]:
        return self.outcomes


@dataclass(frozen=True, slots=True)
class _Judging:
    """Judges; see scanners.interface.Scanner."""

    check: PolicyCheck
    rules: RuleSet
    key: str | None

    @property
    def id(self) -> str:
        return POLICY

    def scan(self, context: ScanContext) -> tuple[Outcome, ...]:
        from deploy_gate.policy_checks.judging import judge

        check = self.check
        if not check.readings:
            nothing = NotCompleted(
                scanner=POLICY,
                reason=Reason.NOTHING_EXAMINED,
                detail="there is no file of a kind that is read",
                remedy="name the folder that holds them; docs/inputs.md lists the kinds",
            )
            return (nothing,)
        outcomes = judge(Results(check.readings), self.rules, context.now, check.only)
        if check.keeper is not None and self.key is not None and not _ask_the_time(self.rules, check.settings):
            check.keeper.put(self.key, [outcome_to_json(dataclasses.replace(one, seconds=0.0)) for one in outcomes])
        return outcomes


def _ask_the_time(rules: RuleSet, settings: CheckSettings) -> bool:
    """Whether the answer of a rule may be another one tomorrow."""
    texts = (*(repr(rule.body) for rule in rules.rules.values()), repr(settings.rules), repr(settings.policies))
    return any(_ASKS_THE_TIME in text.lower() for text in texts)
