"""The rules that hold in one place: those of a profile, with what the project changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy_gate.policy_checks.rule_changes import RuleChange as RuleChange
from policies.pack import Pack, make_pack
from policies.pack_sources import from_values
from policies.rules import PROFILES, Rule
from verdicts import ConfigurationError, Severity


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules, ready to be evaluated.

    Attributes:
        profile: "development", "test" or "production".
        rules: those that are on, by the lower-cased name of their definition.
        severities: by id, what findings get.
        pack: their definitions, compiled with the parameters that hold.
        notes: what the project switched off or weakened, for every report.
    """

    profile: str
    rules: Mapping[str, Rule]
    severities: Mapping[str, Severity]
    pack: Pack
    notes: tuple[str, ...]


def rule_set(rules: Sequence[Rule], profile: str, changes: Mapping[str, RuleChange] | None = None) -> RuleSet:
    """The rules of a profile.

    Args:
        rules: all that there are.
        profile: see PROFILES.
        changes: by rule id.

    Raises:
        ConfigurationError: an unknown profile, rule or parameter, or a weakening without a reason.
    """
    if profile not in PROFILES:
        raise ConfigurationError(f"there is no profile {profile!r}", remedy=f"there are: {', '.join(PROFILES)}")
    wanted = dict(changes or {})
    known = {rule.id: rule for rule in rules}
    foreign = sorted(set(wanted) - set(known))
    if foreign:
        raise ConfigurationError(f"there is no rule {foreign[0]!r}", remedy="see `mlgate rule list`")
    notes: list[str] = []
    chosen: list[Rule] = []
    severities: dict[str, Severity] = {}
    parameters: dict[str, Mapping[str, Any]] = {}
    for rule in rules:
        change = wanted.get(rule.id, RuleChange())
        on = profile in rule.profiles if change.enabled is None else change.enabled
        severity = change.severity or rule.severity
        _note(rule, change, profile, notes)
        if not on:
            continue
        chosen.append(rule)
        severities[rule.id] = severity
        given = {**rule.parameters.get(profile, {}), **change.parameters}
        if given:
            parameters[rule.definition.name] = given
    pack = make_pack(from_values((rule.source, rule.body) for rule in chosen), parameters)
    if pack.errors:
        raise ConfigurationError(f"a rule can't be used: {pack.errors[0]}")
    return RuleSet(profile, {rule.definition.name: rule for rule in chosen}, severities, pack, tuple(notes))


def _note(rule: Rule, change: RuleChange, profile: str, notes: list[str]) -> None:
    weaker = []
    if change.enabled is False and profile in rule.profiles:
        weaker.append("switched off")
    if change.severity is not None and change.severity.rank < rule.severity.rank:
        weaker.append(f"{change.severity.value} instead of {rule.severity.value}")
    if change.parameters:
        weaker.append("with parameters of the project's own: " + ", ".join(sorted(change.parameters)))
    if not weaker:
        return
    if not change.reason.strip():
        raise ConfigurationError(f"{rule.id} is {weaker[0]} without a reason", remedy="write reason: beside it")
    notes.append(f"{rule.id} is {' and '.join(weaker)}: {change.reason}")
