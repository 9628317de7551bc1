"""All rules. Adding one: its function, a line here, its page in docs/rules and a case for and against it.

Of each family an assignment gets one finding at most, by the first rule that has something to say: one mistake is one
finding. The families say different things: to whom, what (and on how much), how long, under which condition.
"""

from __future__ import annotations

from collections.abc import Callable

from rbac_matrix.checks import cells, devops, estate_rules, excess, reach, separation, terms, who, workload_rules
from rbac_matrix.checks.case import Case
from rbac_matrix.checks.collecting import Collector
from rbac_matrix.checks.world import World
from verdicts import Finding

AssignmentRule = Callable[[Case], Finding | None]
EstateRule = Callable[[World, Collector], None]
Family = tuple[AssignmentRule, ...]

WHAT: Family = (
    workload_rules.workload_excess,
    workload_rules.storage_condition,
    reach.privileged,
    reach.wide_scope,
    excess.production,
    excess.excess,
)
"""What somebody gets and on how much. May depend on role, place, personas, workloads, denials, and on whether the
assignment has a condition; on nothing else (see `verdicts_of.what_verdict`)."""

TERMS: tuple[Family, ...] = (
    (who.orphan, who.guest, who.unknown_principal, who.user, who.principal_type),
    (terms.permanent, terms.time),
    (terms.condition,),
)
"""To whom, how long, under which condition. May depend on the principal's kind, the terms, the kind of scope, and on
whether the role grants; on nothing else (see `verdicts_of.terms_verdict`)."""

ESTATE_RULES: tuple[EstateRule, ...] = (
    estate_rules.custom_roles,
    estate_rules.shared_identities,
    estate_rules.guests_in_groups,
    estate_rules.expired_break_glass,
)

RULES = (
    who.ORPHAN,
    who.GUEST,
    who.UNKNOWN_PRINCIPAL,
    who.USER,
    who.PRINCIPAL_TYPE,
    workload_rules.WORKLOAD_EXCESS,
    workload_rules.STORAGE_CONDITION,
    reach.PRIVILEGED,
    reach.WIDE_SCOPE,
    excess.PRODUCTION,
    excess.EXCESS,
    terms.PERMANENT,
    terms.TIME,
    terms.CONDITION,
    cells.MISSING,
    cells.SUBSET,
    devops.DEVOPS,
    separation.SEPARATION,
    estate_rules.SHARED_IDENTITY,
    estate_rules.BREAK_GLASS,
    estate_rules.CUSTOM_ROLE_WILDCARD,
)
"""Ids of all rules, in the order of their families; the last ones look at the estate as a whole."""
