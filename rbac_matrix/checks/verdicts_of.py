"""What the rules say of assignments that are alike.

A million assignments have few kinds: what is too much depends on role and cell, everything else on the principal's kind
and the terms. Rules run once for each kind; a verdict counts how often it was met.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rbac_matrix.assignments import ScopeKind
from rbac_matrix.checks.case import Case
from rbac_matrix.checks.holders import HolderClass
from rbac_matrix.checks.places import PlaceClass, apart
from rbac_matrix.checks.registry import TERMS, WHAT, AssignmentRule, Family
from rbac_matrix.checks.terms import hours_unknown
from rbac_matrix.checks.workload_rules import portal_grant, works_in_portal
from rbac_matrix.checks.world import World
from rbac_matrix.matrix import Persona, Role
from verdicts import CouldNotCheckError, Severity

Broken = tuple[AssignmentRule, str, Severity]
"""A rule that finds something, its id, and how bad it is."""


@dataclass(slots=True)
class Verdict:
    """What all assignments of a kind come to.

    Attributes:
        broken: rules that find something, each with its id and the severity.
        open: something that isn't known keeps rules from looking.
        in_cells: the assignment counts in the cells of its personas.
        count: how many assignments are of that kind.
        telling: whether some of its findings are still told one by one.
    """

    broken: tuple[Broken, ...] = ()
    open: bool = False
    in_cells: bool = False
    count: int = 0
    telling: bool = True


def kind_of(world: World, holder: HolderClass, place: PlaceClass) -> tuple[object, ...]:
    """Everything about principal and place that decides what is too much; see `what_verdict`."""
    personas = [world.matrix.personas[one] for one in holder.personas]
    cell: tuple[Role, ...] = ()
    if place.service is not None:
        roles = {role for one in personas for role in world.matrix.cell(one.id, place.service.id)}
        cell = tuple(sorted(roles, key=lambda role: role.label))
    return (
        place,
        cell,
        apart(holder.setups, place.setups),
        _columns(world, personas) if place.kind is ScopeKind.RESOURCE_GROUP else bool(personas),
        holder.undecidable,
        works_in_portal(world, personas),
        holder.workloads,
    )


def _columns(world: World, personas: Sequence[Persona]) -> tuple[frozenset[str], ...]:
    """What the personas may have in each column, which a whole group reaches; nothing for nobody."""
    cells = world.matrix.cells
    services = world.matrix.services if personas else ()
    return tuple(frozenset(label for one in personas for label in cells.get((one.id, id), ())) for id in services)


def what_verdict(case: Case) -> Verdict:
    """What the assignment gives and on how much. Depends on `kind_of`, the role, what is denied, and the condition."""
    counted = (
        case.place.alike.kind is not ScopeKind.UNKNOWN
        and not case.holder.alike.workloads
        and portal_grant(case) is None
    )
    found, doubt = _all_of(WHAT, case)
    return Verdict(() if found is None else (found,), bool(_open_about_role(case, found, doubt)), counted)


def terms_verdict(case: Case) -> Verdict:
    """To whom, how long, under which condition. Depends on the principal's kind, the terms, and if the role grants."""
    found = (_first(family, case) for family in TERMS)
    return Verdict(tuple(one for one in found if one is not None), bool(open_about_terms(case)))


def _first(family: Family, case: Case) -> Broken | None:
    for rule in family:
        finding = rule(case)
        if finding is not None:
            return rule, finding.rule_id, finding.severity
    return None


def _all_of(family: Family, case: Case) -> tuple[Broken | None, str]:
    """The first rule that is broken, and why one of them can't say whether it is; "" if each can."""
    broken, doubt = None, ""
    for rule in family:
        try:
            finding = rule(case)
        except CouldNotCheckError as error:
            doubt = doubt or str(error)
            continue
        if finding is not None and broken is None:
            broken = rule, finding.rule_id, finding.severity
    return broken, doubt


def open_about_role(case: Case) -> list[str]:
    """What isn't known of role, place and cell and would have to be, each as half a sentence."""
    return _open_about_role(case, *_all_of(WHAT, case))


def _open_about_role(case: Case, broken: Broken | None, doubt: str) -> list[str]:
    assignment, alike, role = case.assignment, case.holder.alike, case.role
    reasons = []
    if role is None:
        reasons.append(f"its role is not known ({assignment.role_text})")
    elif role.unknown and (alike.personas or alike.workloads or alike.undecidable) and broken is None:
        reasons.append(role.unknown)
    if assignment.scope.kind is ScopeKind.UNKNOWN:
        reasons.append(f"its scope is not known ({assignment.scope.text})")
    if case.cell and role is not None:
        reasons += filter(None, [case.world.roles.allowed(case.cell).unknown])
    grant = portal_grant(case)
    if assignment.condition is None and grant is not None and grant.condition:
        reasons.append("its condition is not known")
    return [*reasons, doubt] if doubt else reasons


def open_about_terms(case: Case) -> list[str]:
    """What isn't known of principal and terms and would have to be, each as half a sentence."""
    reasons = []
    if case.holder.alike.undecidable:
        reasons.append(f"its principal is not known ({case.assignment.principal_text})")
    if hours_unknown(case):
        reasons.append("how long it lasts is not known")
    if case.assignment.condition is None and any(one.conditions for one in case.rules):
        reasons.append("its condition is not known")
    return reasons
