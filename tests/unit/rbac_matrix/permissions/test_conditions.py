"""Which actions a condition speaks of; whatever isn't understood speaks of all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rbac_matrix.permissions.conditions import LONGEST_CONDITION, guarded_actions, same_condition

WRITE, DELETE = "Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete"
ROLE = "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals{1, 2}"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (f"(!(ActionMatches{{'{WRITE}'}})) OR ({ROLE})", (WRITE,)),
        (
            f"((!(ActionMatches{{'{WRITE}'}})) OR ({ROLE})) AND ((!(ActionMatches{{'{DELETE}'}})) OR ({ROLE}))",
            (WRITE, DELETE),
        ),
        (
            f"((!(ActionMatches{{'{WRITE}'}})) || ({ROLE})) && ((!(ActionMatches{{'{DELETE}'}})) || ({ROLE}))",
            (WRITE, DELETE),
        ),
        (f"(({ROLE}) OR !(ActionMatches{{'{WRITE}', '{DELETE}'}}))", (WRITE, DELETE)),
        (f"NOT (ActionMatches{{'{WRITE}'}} AND NOT SubOperationMatches{{'x'}}) OR {ROLE}", (WRITE,)),
        (f"( ( !(ActionMatches{{'a/*'}}) ) or ({ROLE} and {ROLE}) )", ("a/*",)),
        ("!(ActionMatches{'a'})", ("a",)),
        # One clause without such a guard speaks of every action.
        (f"((!(ActionMatches{{'{WRITE}'}})) OR ({ROLE})) AND {ROLE}", None),
        (ROLE, None),
        ("ActionMatches{'a'}", None),
        (f"ActionMatches{{'a'}} OR {ROLE}", None),
        # Not "unless it is this action": it may be another and still be refused.
        ("!(ActionMatches{'a'} OR @Resource[x] StringEquals 'y')", None),
        ("!(ActionMatches{'a'} AND @Resource[x] StringEquals 'y' OR @Resource[z] StringEquals 'y')", None),
        ("!(!(ActionMatches{'a'}))", None),
        # Words within texts are no operators.
        ("@Resource[x] StringEquals 'OR !(ActionMatches{''a''})'", None),
        ("@Resource[x] StringEquals ' OR ' OR !(ActionMatches{'a'})", ("a",)),
        ("", None),
        ("(" * 500 + "!(ActionMatches{'a'})" + ")" * 500, None),
        ("!(ActionMatches{'a'}) OR " * 4000 + "x", None),
    ],
)
def test_the_actions_that_a_condition_restricts(condition: str, expected: tuple[str, ...] | None) -> None:
    assert guarded_actions(condition) == expected


@given(
    st.recursive(
        st.sampled_from(["!(ActionMatches{'a'})", "x", "ActionMatches{'a'}"]),
        lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["AND", "OR"]), inner),
        max_leaves=8,
    )
)
def test_outside_of_the_guarded_actions_a_condition_always_holds(condition: str) -> None:
    """With x false: whatever isn't action a must be let through, if only a is said to be restricted."""
    python = condition.replace("!(ActionMatches{'a'})", "True").replace("ActionMatches{'a'}", "False")
    python = python.replace("x", "False").replace("AND", "and").replace("OR", "or")
    if guarded_actions(condition) is not None:
        assert eval(python) is True  # noqa: S307 - made of True, False, and, or


@given(st.text("!()'{}ANDORActionMatches ", max_size=60))
def test_no_text_makes_it_fail(condition: str) -> None:
    guarded_actions(condition)


def test_a_condition_of_monstrous_length_restricts_everything() -> None:
    assert guarded_actions("!(ActionMatches{'a'})" + " " * LONGEST_CONDITION) is None


def test_spaces_and_case_make_no_other_condition() -> None:
    assert same_condition(" @Request[x]  StringEquals\n'Y' ") == same_condition("@request[X] StringEquals 'y'")
