"""Rows and their roll-up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.compliance import Level, Row, compliant_share, roll_up, roll_up_by
from policies.evaluation import State

N, C, K, X, U, E = (
    State.NON_COMPLIANT,
    State.COMPLIANT,
    State.CONFLICT,
    State.EXEMPT,
    State.UNKNOWN,
    State.ERROR,
)
STATES = st.lists(st.sampled_from(list(State)), max_size=12)


def row(
    state: State = C,
    *,
    resource: str = "r",
    definition: str = "d",
    initiative: str = "",
    groups: tuple[str, ...] = (),
    assignment: str = "a",
) -> Row:
    return Row(
        assignment=assignment,
        initiative=initiative,
        reference="x" if initiative else "",
        groups=groups,
        definition=definition,
        definition_name="",
        resource=resource,
        resource_type="t",
        state=state,
        effect="deny",
        takes_hold=False,
        enforced=True,
        reason="",
    )


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([N, C, K, X, U], N),
        ([C, K, X, U], C),
        ([K, X, U], K),
        ([X, U], X),
        ([U], U),
        ([C] * 9 + [X], C),
        ([C] * 99 + [N], N),
        ([E, C], N),
        ([], None),
        ([State.NOT_APPLICABLE], None),
        ([State.NOT_APPLICABLE, X], X),
    ],
)
def test_states_roll_up_in_the_documented_rank(states: list[State], expected: State | None) -> None:
    assert roll_up(states).state is expected


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([C], True),
        ([C, X], True),
        ([X], True),
        ([C, State.NOT_APPLICABLE], True),
        ([C, U], False),
        ([X, U], False),
        ([C, K], False),
        ([C, E], False),
        ([C, N], False),
        ([], False),
        ([State.NOT_APPLICABLE], False),
    ],
)
def test_a_verdict_is_ok_only_if_something_was_looked_at_and_nothing_is_open(
    states: list[State], expected: bool
) -> None:
    assert roll_up(states).verdict_ok is expected


def test_a_rolled_up_compliant_does_not_hide_what_is_unknown() -> None:
    found = roll_up([C, C, U])
    assert found.state is C
    assert found.counts == {C: 2, U: 1}
    assert found.total == 3
    assert not found.verdict_ok


@given(STATES, STATES, STATES)
def test_roll_ups_add_up_in_any_order(one: list[State], two: list[State], three: list[State]) -> None:
    a, b, c = roll_up(one), roll_up(two), roll_up(three)
    assert (a + b) + c == a + (b + c) == roll_up([*three, *one, *two])
    assert a + b == b + a
    assert a + roll_up([]) == a


@given(STATES, STATES)
def test_nothing_added_makes_a_bad_verdict_good(one: list[State], two: list[State]) -> None:
    first = roll_up(one)
    if first.total and not first.verdict_ok:
        assert not (first + roll_up(two)).verdict_ok


ROWS = [
    row(N, resource="r1", definition="d1", initiative="i1", groups=("g1", "g2")),
    row(C, resource="r1", definition="d2", initiative="i1", groups=("g2",)),
    row(C, resource="r2", definition="d1", initiative="i1", groups=("g1", "g2")),
    row(U, resource="r2", definition="d3", assignment="b"),
]


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (Level.RESOURCE, {("r1",): N, ("r2",): C}),
        (Level.POLICY, {("d1",): N, ("d2",): C, ("d3",): U}),
        (Level.INITIATIVE, {("i1",): N}),
        (Level.GROUP, {("i1", "g1"): N, ("i1", "g2"): N}),
        (Level.ASSIGNMENT, {("a",): N, ("b",): U}),
    ],
)
def test_rows_roll_up_by_each_level(level: Level, expected: dict[tuple[str, ...], State]) -> None:
    found = roll_up_by(ROWS, level)
    assert {key: item.state for key, item in found.items()} == expected
    assert list(found) == sorted(found)


def test_groups_of_two_initiatives_with_one_name_stay_apart() -> None:
    rows = [row(N, initiative="i1", groups=("g",)), row(C, initiative="i2", groups=("g",))]
    assert {key: item.state for key, item in roll_up_by(rows, Level.GROUP).items()} == {("i1", "g"): N, ("i2", "g"): C}


def test_a_resource_that_is_partly_unknown_is_compliant_for_azure_and_not_ok_for_us() -> None:
    found = roll_up_by(ROWS, Level.RESOURCE)[("r2",)]
    assert found.state is C
    assert not found.verdict_ok


@given(st.lists(st.builds(row, st.sampled_from([N, C, K, X, U, E]), resource=st.sampled_from("abc")), max_size=10))
def test_every_row_counts_once_by_resource_policy_and_assignment(rows: list[Row]) -> None:
    for level in (Level.RESOURCE, Level.POLICY, Level.ASSIGNMENT):
        assert sum(item.total for item in roll_up_by(rows, level).values()) == len(rows)


def test_the_share_counts_distinct_resources() -> None:
    assert compliant_share(ROWS) == (1, 2)
    assert compliant_share([]) == (0, 0)
    assert compliant_share([row(X), row(U, resource="u"), row(K, resource="k"), row(E, resource="e")]) == (2, 4)
