"""Containment and comparison beside the oracle; and what a hostile role can't do."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rbac_matrix.permissions.comparison import compare, conditions_of, contains, permits, worst_of
from rbac_matrix.permissions.interface import Danger, PermissionBlock, Permissions, Relation
from tests.fakes.permission_oracle import block_permits, counterexample, matches
from verdicts import CouldNotCheckError

# Azure takes one star in a pattern; most of these have at most one.
PATTERNS = st.one_of(
    st.builds("{}*{}".format, st.text("ab/", max_size=3), st.text("ab/", max_size=3)), st.text("abAB/**", max_size=6)
)
SOME = st.lists(PATTERNS, max_size=3).map(tuple)
BLOCKS = st.builds(
    PermissionBlock,
    actions=SOME,
    not_actions=SOME,
    data_actions=st.lists(PATTERNS, max_size=2).map(tuple),
    not_data_actions=st.lists(PATTERNS, max_size=1).map(tuple),
    condition=st.sampled_from(["", "", "", "one", "other"]),
)
PERMISSIONS = st.lists(BLOCKS, max_size=3).map(tuple).map(Permissions)


def of(*actions: str, without: tuple[str, ...] = (), data: tuple[str, ...] = (), condition: str = "") -> Permissions:
    return Permissions((PermissionBlock(actions=actions, not_actions=without, data_actions=data, condition=condition),))


@given(PERMISSIONS, PERMISSIONS)
def test_one_contains_the_other_exactly_if_there_is_no_counterexample(outer: Permissions, inner: Permissions) -> None:
    assert contains(outer, inner) == (counterexample(inner, outer) is None)


@given(PERMISSIONS)
def test_everything_contains_itself_and_nothing(permissions: Permissions) -> None:
    turned = Permissions(tuple(reversed(permissions.blocks)))
    assert contains(permissions, turned)
    assert contains(permissions, Permissions())
    assert compare(permissions, turned).relation is Relation.EQUAL


@given(PERMISSIONS, PERMISSIONS)
def test_both_together_contain_each_of_them(one: Permissions, other: Permissions) -> None:
    assert contains(one + other, one)
    assert contains(one + other, other)


@given(PERMISSIONS, st.text("abAB/c", min_size=1, max_size=7), st.booleans())
def test_an_action_is_permitted_as_the_blocks_say(permissions: Permissions, action: str, data: bool) -> None:
    conditions = {block.condition for block in permissions.blocks if block_permits(block, action, data=data)}
    assert permits(permissions, action, data=data) == bool(conditions)
    assert conditions_of(permissions, action, data=data) == (("",) if "" in conditions else tuple(sorted(conditions)))


@given(PERMISSIONS, PERMISSIONS)
def test_a_comparison_says_what_the_oracle_says(held: Permissions, allowed: Permissions) -> None:
    found = compare(held, allowed)
    excess, lacking = counterexample(held, allowed) is not None, counterexample(allowed, held) is not None
    expected = {
        (False, False): Relation.EQUAL,
        (False, True): Relation.SUBSET,
        (True, False): Relation.EXCESS,
        (True, True): Relation.DIFFERENT,
    }[excess, lacking]
    assert found.relation is expected
    assert bool(found.excess) == excess
    assert bool(found.lacking) == lacking
    assert set(found.lacking) <= {one for block in allowed.blocks for one in (*block.actions, *block.data_actions)}


@given(PERMISSIONS, PERMISSIONS)
def test_each_example_proves_the_excess_that_it_stands_beside(held: Permissions, allowed: Permissions) -> None:
    found = compare(held, allowed)
    for one in found.excess:
        assert "*" not in one.example
        assert matches(one.pattern, one.example)
        own = {block.condition for block in held.blocks if block_permits(block, one.example, data=one.data)}
        other = {block.condition for block in allowed.blocks if block_permits(block, one.example, data=one.data)}
        assert "" not in other
        assert own - other
    dangers = [one.danger for one in found.excess]
    assert dangers == sorted(dangers, reverse=True)


@given(PERMISSIONS, PERMISSIONS)
def test_the_excess_names_all_that_is_too_much(held: Permissions, allowed: Permissions) -> None:
    """Whatever is held within no pattern of the excess is allowed."""
    found = compare(held, allowed)
    control = tuple(one.pattern for one in found.excess if not one.data)
    data = tuple(one.pattern for one in found.excess if one.data)
    rest = Permissions(
        tuple(
            PermissionBlock(
                actions=block.actions,
                not_actions=(*block.not_actions, *control),
                data_actions=block.data_actions,
                not_data_actions=(*block.not_data_actions, *data),
                condition=block.condition,
            )
            for block in held.blocks
        )
    )
    assert counterexample(rest, allowed) is None


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        (of("*"), of("*/read"), True),
        (of("*/read"), of("*"), False),
        (of("*", without=("a/*",)), of("a/read"), False),
        (of("*", without=("a/*",)), of("*", without=("a/*", "b/*")), True),
        (of("*", without=("a/*",)), of("*", without=("A/*",)), True),
        (of("*", without=("a/*",)) + of("a/*"), of("*"), True),
        (of("*", without=("a/*",)) + of("a/*", without=("a/b/*",)), of("*"), False),
        (of("*", without=("a/*",)) + of("a/*", without=("a/b/*",)) + of("*", without=("a/c*",)), of("*"), True),
        (of("a/*/read"), of("a/read"), False),
        (of("a/*/read", "a/*/write", "a/*/delete", "a/*/action"), of("a/*"), False),
        (of("a"), of(data=("a",)), False),
        (of("a", condition="c"), of("a"), False),
        (of("a"), of("a", condition="c"), True),
        (of("a", condition=" C  d"), of("a", condition="c d"), True),
        (of(""), of("*"), False),
        (of("a"), of(""), True),
    ],
)
def test_containment_in_words(outer: Permissions, inner: Permissions, expected: bool) -> None:
    assert contains(outer, inner) is expected


def test_a_condition_on_some_actions_leaves_the_others_of_its_block_free() -> None:
    condition = "((!(ActionMatches{'r/write'})) OR (@Request[r:Id] ForAnyOfAnyValues:GuidEquals{1}))"
    held = of("r/write", "b/*", condition=condition)
    assert contains(held, of("b/*"))
    assert not contains(held, of("r/write"))
    assert conditions_of(held, "b/read", data=False) == ("",)
    assert conditions_of(held, "r/write", data=False) == (" ".join(condition.split()).casefold(),)
    assert contains(of("b/*", "r/write"), held)
    assert not contains(of("b/*"), held)


def test_the_worst_of_a_surplus_is_what_is_too_much_not_what_its_pattern_could_be() -> None:
    contributor = of("*", without=("Microsoft.Authorization/*/write", "Microsoft.Authorization/*/delete"))
    (excess,) = compare(of("*"), contributor).excess
    assert (excess.pattern, excess.danger) == ("*", Danger.GRANTS)
    assert excess.example == "Microsoft.Authorization/roleAssignments/write"
    (excess,) = compare(of("Microsoft.KeyVault/*"), of("*/write", "*/action", "*/delete")).excess
    assert excess.danger is Danger.READS
    assert excess.example.casefold().startswith("microsoft.keyvault/")


def test_an_example_is_an_action_that_there_is_where_one_is_known() -> None:
    (excess,) = compare(of("Microsoft.Storage/storageAccounts/*"), of("*/read", "*/write", "*/action")).excess
    assert (excess.danger, excess.example) == (Danger.DELETES, "Microsoft.Storage/storageAccounts/delete")
    (excess,) = compare(of("Contoso.Unknown/Things/*"), of("*/read", "*/delete")).excess
    assert excess.example == "Contoso.Unknown/Things/write"


def test_narrow_patterns_are_told_by_the_wider_one_of_the_same_role() -> None:
    found = compare(of("*/read", "Microsoft.Web/sites/read", "Microsoft.Web/*", "Microsoft.Web/sites/*"), of())
    assert [one.pattern for one in found.excess] == ["Microsoft.Web/*", "*/read"]


def test_the_worst_of_permissions_counts_what_they_take_away() -> None:
    assert worst_of(of("*")) is Danger.GRANTS
    assert (
        worst_of(of("*", without=("Microsoft.Authorization/*", "Microsoft.Resources/*", "Microsoft.Blueprint/*")))
        is Danger.SECRETS
    )
    assert worst_of(of("*/read")) is Danger.READS
    assert worst_of(of()) is Danger.READS


MANY = tuple(f"Microsoft.Thing{number}/things/read" for number in range(100_000))


@pytest.mark.slow
def test_a_hundred_thousand_actions_are_compared() -> None:
    found = compare(of(*MANY), of(*MANY[:50_000]))
    assert (found.relation, len(found.excess)) == (Relation.EXCESS, 50_000)
    assert contains(of("*", without=MANY[1:]), of(MANY[0]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("held", "allowed"),
    [
        (of("*", without=MANY), of("*", without=tuple(f"{one}/*" for one in MANY))),
        (of(*(f"a*{one}*" for one in MANY)), of(*(f"*{one}*c" for one in MANY))),
        (of(*(f"*{one}" for one in MANY)), of(*MANY)),
    ],
)
def test_what_would_take_too_long_ends_as_could_not_check(held: Permissions, allowed: Permissions) -> None:
    with pytest.raises(CouldNotCheckError, match="too many"):
        compare(held, allowed)


@pytest.mark.parametrize("stars", [30, 1000])
def test_wild_patterns_under_not_actions_end_as_could_not_check(stars: int) -> None:
    with pytest.raises(CouldNotCheckError, match="too many wildcards"):
        contains(of("*", without=("*b" * stars + "*",)), of("*a" * stars + "*"))


def test_blocks_that_take_away_different_things_are_gone_through_to_the_end() -> None:
    blocks = [of("*", without=(f"a{number}*", f"*b{number}", f"*c{number}*")) for number in range(12)]
    together = sum(blocks, Permissions())
    assert contains(together, of("*")) == (counterexample(of("*"), sum(blocks[:2], Permissions())) is None)


def test_a_hole_in_all_of_many_blocks_is_found() -> None:
    blocks = [of("*", without=(f"x{number}*", "*/hole/*")) for number in range(30)]
    assert not contains(sum(blocks, Permissions()), of("*"))
    assert contains(sum(blocks, Permissions()) + of("*/hole/*"), of("*"))


def test_letters_that_every_pattern_uses_up_still_leave_an_example() -> None:
    letters = [chr(code) for code in itertools.chain(range(0x21, 0x2A), range(0x2B, 0x7F), range(0x2460, 0x2470))]
    allowed = of(*(f"*{letter}*" for letter in letters))
    (excess,) = compare(of("*"), allowed).excess
    assert not any(matches(pattern, excess.example) for block in allowed.blocks for pattern in block.actions)
