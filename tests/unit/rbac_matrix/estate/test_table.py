"""A table is a sequence of the very assignments that were put into it."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st

from rbac_matrix.assignments import AssignmentScope, ManagedIdentity, RoleAssignment, ScopeKind, Timing
from rbac_matrix.estate.table import ELIGIBLE, LISTED, AssignmentTable
from verdicts import Location

few = st.sampled_from(["", "a", "b"])
assignments = st.builds(
    RoleAssignment,
    name=st.sampled_from(["one", LISTED + "two", ELIGIBLE + "three", LISTED]),
    role_id=few | st.none(),
    role_text=few,
    custom_role=few,
    principal_id=few | st.none(),
    identity=st.none() | st.builds(ManagedIdentity, few, few),
    principal_text=few,
    principal_type=few,
    scope=st.builds(AssignmentScope, st.sampled_from(ScopeKind), few, few),
    timing=st.sampled_from(Timing),
    hours=st.none() | st.sampled_from([1.0, 8.0]),
    condition=few | st.none(),
    conditional=st.booleans(),
    principal_name=few,
    description=few,
    location=st.builds(Location, st.sampled_from(["f.json", "g.bicep"]), st.sampled_from([None, 1, 7]), st.none()),
)
lists = st.lists(assignments, max_size=6)


@given(lists)
def test_what_was_put_in_comes_out(made: list[RoleAssignment]) -> None:
    table = AssignmentTable.of(made)
    assert list(table) == made
    assert [table[index] for index in range(len(table))] == made
    assert list(table[1:4]) == made[1:4]
    assert AssignmentTable.of(table) is table
    assert list(pickle.loads(pickle.dumps(table))) == made


@given(lists, lists, st.frozensets(st.integers(0, 11)))
def test_tables_can_be_joined_and_shortened(
    one: list[RoleAssignment], other: list[RoleAssignment], out: frozenset[int]
) -> None:
    table = AssignmentTable.of(one)
    table.extend(AssignmentTable.of(other))
    assert list(table) == one + other
    assert list(table.without(out)) == [each for index, each in enumerate(one + other) if index not in out]
