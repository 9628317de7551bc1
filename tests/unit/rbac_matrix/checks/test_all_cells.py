"""For each of the 96 cells of both matrices: an exact, a missing, an excess and a subset assignment.

What can't exist in a cell is said by the generator with the reason, and a test counts that nothing else is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from rbac_matrix.assignments import RoleAssignment, Timing
from rbac_matrix.cells import CellState
from rbac_matrix.estate.model import Estate
from rbac_matrix.matrix import MATRIX_NAMES, Matrix, load_matrix
from rbac_matrix.permissions.catalogue import RoleCatalogue
from rbac_matrix.permissions.comparison import compare
from rbac_matrix.permissions.interface import PermissionBlock, Permissions, Relation, RoleDefinition
from tests.fakes.rbac import HERE, TYPES, assignment, cell, estate, judged, membership, role_id
from verdicts import Severity

DATA_ROLE = "11111111-1111-4111-8111-111111111111"
RANKS = {"azure-devops": ["R", "C", "DOPA", "DOPCA"], "azure-artifacts": ["R", "C", "O"]}
KINDS = ("exact", "missing", "excess", "subset")


@dataclass(frozen=True)
class Case:
    """One cell with what is assigned. `impossible` says why there is no such assignment."""

    matrix: str
    persona: str
    service: str
    kind: str
    roles: tuple[str, ...] = ()
    impossible: str = ""

    def __str__(self) -> str:
        return f"{self.matrix}-{self.persona}-{self.service}-{self.kind}"


def cases() -> Iterator[Case]:
    for name in MATRIX_NAMES:
        matrix = load_matrix(name)
        for persona in matrix.personas:
            for service in matrix.services:
                labels = tuple(role.label for role in matrix.cell(persona, service))
                for kind in KINDS:
                    roles, impossible = chosen(matrix, service, labels, kind)
                    yield Case(name, persona, service, kind, roles, impossible)


def chosen(matrix: Matrix, service: str, labels: tuple[str, ...], kind: str) -> tuple[tuple[str, ...], str]:
    """Roles to assign, or why there are none."""
    match kind:
        case "exact":
            return labels, ""
        case "missing":
            return (), "" if labels else "nothing is demanded in an empty cell, so nothing is missing"
        case "excess" if service in RANKS:
            return more_in_devops(service, labels)
        case "excess":
            # Owner permits everything but data; a cell with Owner is exceeded by a right on data alone.
            return (("O",) if "O" not in labels else (*labels, DATA_ROLE)), ""
        case "subset" if not labels:
            return (), "less than nothing can't be assigned"
        case "subset" if service in RANKS:
            return less_in_devops(service, labels)
        case _:
            return less(matrix, labels), ""


def more_in_devops(service: str, labels: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    ranks = RANKS[service]
    top = max((ranks.index(one) for one in labels), default=-1)
    if top == len(ranks) - 1:
        return (), f"{ranks[top]} is the highest role there is"
    return (ranks[top + 1],), ""


def less_in_devops(service: str, labels: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    ranks = RANKS[service]
    top = max(ranks.index(one) for one in labels)
    return ((ranks[top - 1],), "") if top else ((), f"{ranks[0]} is the lowest role there is")


def less(matrix: Matrix, labels: tuple[str, ...]) -> tuple[str, ...]:
    """One of several roles of the cell, or a role that permits less than its only one."""
    whole = Permissions()
    for label in labels:
        whole += permissions(label)
    for label in (*labels, *matrix.roles):
        if matrix.roles[label].id and compare(permissions(label), whole).relation is Relation.SUBSET:
            return (label,)
    raise AssertionError(f"no role permits less than {labels}")


def permissions(label: str) -> Permissions:
    found = RoleCatalogue.built_in().with_id(role_id(label))
    assert found is not None
    return found.permissions


CASES = tuple(cases())


def made(case: Case) -> Estate:
    """A whole estate in which only this persona has something on this service."""
    if case.service in RANKS:
        members = tuple(membership(role, case.persona, case.service) for role in case.roles)
        return estate(memberships=members)
    timing = Timing.ELIGIBLE if case.persona == "platform-technical-support" else Timing.PERMANENT
    given: list[RoleAssignment] = []
    for role in case.roles:
        one = assignment("R" if role == DATA_ROLE else role, case.persona, case.service, timing=timing)
        given.append(one if role != DATA_ROLE else replace(one, role_id=DATA_ROLE, role_text=DATA_ROLE))
    return estate(*given, definitions=(data_role(case.service),), memberships=())


def data_role(service: str) -> RoleDefinition:
    # Key Vault Administrator has all data of a vault: beyond it there is only what has no effect on a vault.
    action = f"{TYPES[service if service != 'key-vault' else 'storage-account']}/somethingNew/read"
    block = PermissionBlock(data_actions=(action,))
    return RoleDefinition(id=DATA_ROLE, name="reads data", permissions=Permissions((block,)), location=HERE)


STATES = {
    "exact": {CellState.EXACT, CellState.EMPTY},
    "missing": {CellState.MISSING},
    "excess": {CellState.EXCESS, CellState.DIFFERENT},
    "subset": {CellState.SUBSET},
}


@pytest.mark.parametrize("case", [one for one in CASES if not one.impossible], ids=str)
def test_the_cell_has_the_right_state_and_rule(case: Case) -> None:
    matrix = load_matrix(case.matrix)
    allowed = matrix.cell(case.persona, case.service)
    result = judged(made(case), case.matrix)
    found = cell(result, case.persona, case.service)
    states = STATES[case.kind] if case.kind != "exact" else {CellState.EXACT if allowed else CellState.EMPTY}
    assert found.state in states
    assert found.allowed == tuple(role.label for role in allowed)
    own = f"{case.persona} on {case.service}"
    others = [one for one in result.findings if one.resource.endswith(f" on {case.service}") and one.resource != own]
    mine = [one for one in result.findings if one not in others and not one.resource.startswith(_demands(case))]
    devops = case.service in RANKS
    expected: set[tuple[str, Severity | None]] = set()
    match case.kind:
        case "missing":
            expected = {("MLG-RBAC-DEVOPS" if devops else "MLG-RBAC-MISSING", Severity.MEDIUM)}
        case "subset":
            expected = {("MLG-RBAC-DEVOPS" if devops else "MLG-RBAC-SUBSET", Severity.LOW)}
        case "excess":
            empty = case.matrix == "production" and not allowed
            rule = "MLG-RBAC-DEVOPS" if devops else "MLG-RBAC-PRODUCTION" if empty else "MLG-RBAC-EXCESS"
            expected = {(rule, None)}
    assert {one.rule_id for one in mine} == {rule for rule, _ in expected}
    for rule, severity in expected:
        (finding,) = [one for one in mine if one.rule_id == rule]
        assert severity in (None, finding.severity)
        if case.kind == "excess" and not devops:
            data_only = Severity.LOW if case.service == "key-vault" else Severity.MEDIUM
            assert finding.severity is (data_only if DATA_ROLE in case.roles else Severity.CRITICAL)
    if not devops and case.kind not in ("missing",):
        assert len(found.assignments) == len(case.roles)


def _demands(case: Case) -> tuple[str, ...]:
    """How findings about other cells begin."""
    matrix = load_matrix(case.matrix)
    return tuple(
        f"{persona} on {service}"
        for persona in matrix.personas
        for service in matrix.services
        if (persona, service) != (case.persona, case.service)
    )


def test_nothing_is_left_out_without_a_reason() -> None:
    assert len(CASES) == 2 * 96 * 4
    for name in MATRIX_NAMES:
        matrix = load_matrix(name)
        cells = [matrix.cell(persona, service) for persona in matrix.personas for service in matrix.services]
        empty = sum(not one for one in cells)
        impossible = Counter(one.kind for one in CASES if one.matrix == name and one.impossible)
        assert impossible["exact"] == 0
        assert impossible["missing"] == empty
        tops = sum(
            matrix.cell(persona, service)[-1:] == (matrix.roles[ranks[-1]],)
            for persona in matrix.personas
            for service, ranks in RANKS.items()
        )
        assert impossible["excess"] == tops == 4
        bottoms = sum(
            [role.label for role in matrix.cell(persona, service)] == ["R"]
            for persona in matrix.personas
            for service in RANKS
        )
        assert impossible["subset"] == empty + bottoms
