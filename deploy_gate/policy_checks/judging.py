"""Every resource against every rule that reaches it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, assert_never

from deploy_gate.policy_checks.changes import is_change, says
from deploy_gate.policy_checks.estate_facts import DEPLOYMENT, add_estate_facts
from deploy_gate.policy_checks.names import SCANNER as SCANNER
from deploy_gate.policy_checks.names import SECRETS as SECRETS
from deploy_gate.policy_checks.parts import is_frame, parts_of, templates_of
from deploy_gate.policy_checks.places import Found, Places
from deploy_gate.policy_checks.places import pointer_parts as pointer_parts
from deploy_gate.policy_checks.rule_sets import RuleSet
from deploy_gate.policy_checks.tally import Tally, declaration_of, note
from policies.aliases import built_in_aliases
from policies.evaluation import Answer, State
from policies.known_resources import KnownResources, evaluate_known_scope
from policies.rules import Rule
from policies.scope import Surroundings, scope_of
from resource_readers.interface import NotRead, ReadResult, Resource
from resource_readers.rendering import plain_resource
from verdicts import Completed, Evidence, Finding, Location, NotCompleted, Outcome, Reason

_MAXIMUM_NAMED = 50
"""How many obstacles of one kind are told one by one in a file."""

_WORKFLOWS = ("github.", "azure.")
_DECLARED = {
    "azure-pipeline": _WORKFLOWS,
    "github-workflow": _WORKFLOWS,
    "github-action": _WORKFLOWS,
    "dockerfile": ("docker.",),
    "conda": ("conda.",),
    "mlmodel": ("mlflow.",),
    "kubernetes": ("kubernetes.",),
    "azure-ml": ("microsoft.machinelearningservices/",),
}
"""How the types begin that files of a kind may declare; of other kinds any type."""


def judge(
    read: Sequence[tuple[str, ReadResult]],
    rules: RuleSet,
    now: dt.datetime,
    only: frozenset[str] | None = None,
) -> tuple[Outcome, ...]:
    """What the rules say of what was read.

    Args:
        read: see `resource_readers.projects.read_paths`.
        rules: those that hold.
        now: the moment of the check (aware, UTC).
        only: files that are judged; the others tell what there is besides. None for all.

    Returns:
        One Completed with all findings, and a NotCompleted for everything that was not read or can't be decided.
    """
    parts = parts_of(read)
    every = [
        (shown, resource, plain_resource(resource, str)) for shown, result in read for resource in result.resources
    ]
    views = [one for one in every if not one[1].existing]
    unread = {result.kind for _, result in read if any(one.may_hold_resources for one in result.not_read)}
    # What a pipeline takes from elsewhere declares jobs and steps, and no resource of Azure.
    missing = frozenset(start for kind in unread for start in _DECLARED.get(kind, ("",)))
    known = KnownResources((view for shown, _, view in every if shown not in parts), whole=not unread, missing=missing)
    declared_here = [(shown, view) for shown, _, view in views if shown not in parts]
    add_estate_facts(declared_here, whole=known.has_all(DEPLOYMENT))
    surroundings = Surroundings(aliases=built_in_aliases(), now=now)
    taken_in = _taken_in(views, parts)
    framed = parts | templates_of((shown, view) for shown, _, view in views)
    tally, places = Tally(), Places()
    for shown, resource, view in (one for one in every if not one[1].existing or is_change(one[1])):
        if only is not None and shown not in only and resource.location.path not in only:
            continue
        tally.judged += 1
        is_part = shown in parts
        declared = declaration_of(resource)
        judged_there = (is_part and declared in taken_in) or (shown in framed and is_frame(view))
        answers = tally.answers_of(declared)
        scope = scope_of(view, surroundings)
        for policy, applies in rules.pack.candidates(view, surroundings):
            if is_part and policy.existence is not None:
                continue  # what a part needs beside it may come from the file that takes it in
            rule = rules.rules[policy.definition.name]
            if resource.existing and (policy.existence is not None or not says(pointer_parts(rule.pointer), view)):
                continue  # what a change doesn't say may be right where the resource is declared
            if judged_there and rule.family != SECRETS:
                continue  # a default that nobody gets is none; a secret stands in the file whoever gets it
            answer = evaluate_known_scope(policy, scope, known, applies=applies)
            state = _state(rule, answer, is_part or resource.existing)
            note(answers, policy.definition.name, state)
            if state is State.UNKNOWN:
                where = f"{resource.id} (line {resource.location.line}): {answer.reason}"
                tally.undecided.setdefault((rule.id, resource.location.path), []).append(where)
            elif state is State.NON_COMPLIANT:
                found = places.of(rule, policy, resource, scope)
                tally.found(_finding(rule, rules, resource, answer, found), declared, is_part=is_part)
    judged = [result for shown, result in read if only is None or shown in only]
    hidden = [one for result in judged for one in result.not_read if one.may_hold_resources]
    # Files that were chosen and declare nothing were looked at all the same.
    empty = only is not None and not tally.judged and not hidden
    done = Completed(
        scanner=SCANNER,
        examined=len(judged) if empty else tally.judged,
        unit="files" if empty else "resources",
        findings=tally.findings(),
        evidence=Evidence(inputs=tuple(dict.fromkeys(digest for result in judged for digest in result.files))),
        notes=(*rules.notes, *(("no resource stands in these files",) if empty else ())),
        rules=tally.rules({name: rule.id for name, rule in rules.rules.items()}),
    )
    return done, *_unread(hidden), *_undecided(tally)


def _taken_in(
    views: Sequence[tuple[str, Resource, Mapping[str, Any]]], parts: frozenset[str]
) -> frozenset[tuple[str, int | None, int | None, str]]:
    """Resources of parts that a file which is none declares with the values that it gives: these are judged there."""
    if not parts:
        return frozenset()
    return frozenset(
        declaration_of(resource)
        for shown, resource, _ in views
        if shown not in parts and resource.location.path in parts
    )


def _state(rule: Rule, answer: Answer, is_part: bool) -> State:
    """What an answer means for a project's files: Compliant, NonCompliant, Unknown or NotApplicable."""
    match answer.state:
        case State.NON_COMPLIANT | State.CONFLICT | State.ERROR:
            return State.NON_COMPLIANT
        case State.UNKNOWN if is_part:
            return State.NOT_APPLICABLE  # what is left open here is given where it is taken in, and judged there
        case State.UNKNOWN if rule.family == SECRETS:
            return State.COMPLIANT  # a secret that isn't known doesn't stand in the files
        case State.UNKNOWN | State.COMPLIANT:
            return answer.state
        case State.NOT_APPLICABLE | State.EXEMPT:
            return State.NOT_APPLICABLE
    assert_never(answer.state)


def _finding(rule: Rule, rules: RuleSet, resource: Resource, answer: Answer, found: Found) -> Finding:
    failed = f" (the rule itself failed: {answer.reason})" if answer.state is State.ERROR else ""
    return Finding(
        rule_id=rule.id,
        scanner=SCANNER,
        severity=rules.severities[rule.id],
        message=f"{rule.synopsis}{found.words}{failed}",
        remediation=rule.remediation["text"],
        resource=resource.id,
        subject=rule.pointer,
        location=found.location,
        documentation=rule.page,
    )


def _unread(hidden: Sequence[NotRead]) -> Iterator[NotCompleted]:
    named: dict[str, int] = {}
    for one in hidden:
        named[one.path] = named.get(one.path, 0) + 1
        if named[one.path] <= _MAXIMUM_NAMED:
            yield NotCompleted(
                scanner=SCANNER,
                reason=Reason.UNREADABLE_INPUT,
                detail=f"{one.reason}; what stands there was not checked",
                remedy="correct it, or leave the file out in mlgate.yml with a reason",
                location=one.location,
            )
    for path, count in named.items():
        if count > _MAXIMUM_NAMED:
            yield NotCompleted(
                scanner=SCANNER,
                reason=Reason.UNREADABLE_INPUT,
                detail=f"{count - _MAXIMUM_NAMED} more parts of the file were not read",
                remedy="see `mlgate template expand`",
                location=Location(path),
            )


def _undecided(tally: Tally) -> Iterator[NotCompleted]:
    for (rule_id, path), places in tally.undecided.items():
        more = f", and {len(places) - 1} more in this file" if len(places) > 1 else ""
        yield NotCompleted(
            scanner=SCANNER,
            reason=Reason.INCOMPLETE,
            detail=f"{rule_id} can't be decided for {places[0]}{more}",
            remedy="give a parameter file with the values, or write them into the template",
            location=Location(path),
        )
