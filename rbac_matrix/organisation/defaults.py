"""What holds beside the cells: rules of personas, workload identities, toxic combinations; and how they are read."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from pathlib import Path

from rbac_matrix.matrix import DATA, Access, Persona, PersonaKind, Role
from rbac_matrix.organisation.model import Combination, PersonaRules, Side, Workload, WorkloadGrant
from rbac_matrix.organisation.reading import children, identifier, known_names, role_labels, unknown
from rbac_matrix.principals import TYPES
from verdicts import InputDigest, Severity
from verdicts.digests import digest_file
from verdicts.documents import load_document
from verdicts.sections import Section

RULES_FILE, WORKLOADS_FILE, COMBINATIONS_FILE = "persona-rules.yml", "workloads.yml", "combinations.yml"

LONGEST_ACTIVATION = 24
"""Hours: the longest activation that Privileged Identity Management has."""
LONGEST_ASSIGNMENT = 366 * 24
_PLACES = ("hub", "project", "resource-group")


@functools.lru_cache(maxsize=8)
def built_in_rules(folder: Path = DATA) -> Mapping[str, PersonaRules]:
    """By persona id. Raises ConfigurationError."""
    top = _top(folder / RULES_FILE, "mlgate/rbac-persona-rules/v1")
    rules = {persona: read_rules(section, None) for persona, section in children(top.section("rules"))}
    top.finish()
    return rules


def built_in_workloads(roles: Mapping[str, Role], folder: Path = DATA) -> tuple[WorkloadGrant, ...]:
    """Every line of the table. Raises ConfigurationError."""
    top = _top(folder / WORKLOADS_FILE, "mlgate/rbac-workloads/v1")
    grants = []
    for section in top.sections("workloads"):
        grants.append(read_workload(section, roles))
        section.finish()
    top.finish()
    return tuple(grants)


def built_in_combinations(
    personas: Collection[str], roles: Mapping[str, Role], places: Collection[str], folder: Path = DATA
) -> tuple[Combination, ...]:
    """All of them. Raises ConfigurationError."""
    top = _top(folder / COMBINATIONS_FILE, "mlgate/rbac-combinations/v1")
    found = tuple(read_combination(one, personas, roles, places) for one in top.sections("combinations"))
    top.finish()
    return found


def digests(folder: Path = DATA) -> tuple[InputDigest, ...]:
    """Of the files that these come from."""
    names = (RULES_FILE, WORKLOADS_FILE, COMBINATIONS_FILE)
    return tuple(InputDigest(f"rbac_matrix/{name}", digest_file(folder / name)) for name in names)


def _top(path: Path, schema: str) -> Section:
    section = Section(load_document(path), str(path))
    if section.text("schema") != schema:
        raise section.error(f"'schema' must be {schema}", "schema")
    return section


def usual_rules(persona: Persona) -> PersonaRules:
    """Those of a persona of which nothing is said: people by groups, processes by their own identity."""
    types = {
        PersonaKind.PERSON: {"Group"},
        PersonaKind.PROCESS: {"ServicePrincipal"},
        PersonaKind.PERSON_OR_PROCESS: {"Group", "ServicePrincipal"},
    }[persona.kind]
    just_in_time = persona.access is Access.JUST_IN_TIME
    return PersonaRules(
        principal_types=frozenset(types),
        just_in_time=just_in_time,
        maximum_hours=LONGEST_ACTIVATION if just_in_time else None,
    )


def read_rules(section: Section, base: PersonaRules | None) -> PersonaRules:
    """A persona's rules; what isn't said is as in `base`, or missing where there is none. Doesn't finish the section
    where there is one.

    Raises:
        ConfigurationError: with file and line.
    """
    types = section.texts("principal_types", *(() if base is None else (tuple(sorted(base.principal_types)),)))
    for index, name in enumerate(types):
        if name not in TYPES:
            raise unknown(section, "type of principals", name, TYPES, "principal_types", index)
    if not types:
        raise section.error("'principal_types' is empty: nobody could be the persona", "principal_types")
    hours = None if base is None else base.maximum_hours
    if section.has("maximum_hours"):
        hours = section.integer("maximum_hours", minimum=1, maximum=LONGEST_ASSIGNMENT)
    rules = PersonaRules(
        principal_types=frozenset(types),
        just_in_time=section.boolean("just_in_time", *(() if base is None else (base.just_in_time,))),
        maximum_hours=hours,
        conditions=section.texts("conditions", () if base is None else base.conditions),
    )
    if base is None:
        section.finish()
    return rules


def read_workload(section: Section, roles: Mapping[str, Role]) -> WorkloadGrant:
    """One line of the table; the caller finishes the section. Raises ConfigurationError."""
    scope = section.text("scope")
    if scope not in _PLACES and "/" not in scope:
        raise unknown(
            section, "scope", scope, _PLACES, "scope", remedy="hub, project, resource-group, or a type of resources"
        )
    known = role_labels(roles.values())
    role = section.text("role")
    if role not in known:
        raise unknown(section, "role", role, known, "role")
    return WorkloadGrant(
        workload=section.choice("workload", Workload),
        scope=scope,
        role=known[role],
        condition=section.boolean("condition", False),
    )


def read_combination(
    section: Section, personas: Collection[str], roles: Mapping[str, Role], places: Collection[str]
) -> Combination:
    """A toxic combination. `places` are the names of matrices and environments. Raises ConfigurationError."""
    combination = Combination(
        id=identifier(section, "id"),
        reason=section.text("reason"),
        severity=section.choice("severity", Severity),
        first=_side(section.section("first"), personas, roles, places),
        second=_side(section.section("second"), personas, roles, places),
        source=section.text("source", ""),
    )
    if combination.severity is Severity.UNKNOWN:
        raise section.error("'severity' must be a severity", "severity")
    if combination.first == combination.second:
        raise section.error("both sides are the same: everybody who holds one would be a finding", "second")
    section.finish()
    return combination


def _side(section: Section, personas: Collection[str], roles: Mapping[str, Role], places: Collection[str]) -> Side:
    known = role_labels(roles.values())
    side = Side(
        personas=known_names(section, "persona", "personas", personas),
        roles=frozenset(known[name] for name in known_names(section, "role", "roles", known)),
        actions=section.texts("actions", ()),
        environments=known_names(section, "environment or matrix", "environments", places),
    )
    if not (side.personas or side.roles or side.actions):
        raise section.error("a side needs 'personas', 'roles' or 'actions'")
    for index, action in enumerate(side.actions):
        if "/" not in action or "*" in action:
            remedy = "as in Microsoft.Authorization/roleAssignments/write"
            raise section.error(f"{action!r} is no action", "actions", index, remedy=remedy)
    section.finish()
    return side
