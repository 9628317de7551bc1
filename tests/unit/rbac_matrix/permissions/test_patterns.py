"""Patterns as languages, beside automata that decide the same questions in another way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rbac_matrix.permissions.patterns import LONGEST_PATTERN, Budget, PatternSet, common, covers, fold, overlaps
from tests.fakes.permission_oracle import matches, word_where
from verdicts import CouldNotCheckError

PATTERNS = st.text("ab/**", max_size=7).map(fold)
WORDS = st.text("ab/c", max_size=8)


@given(PATTERNS, WORDS)
def test_a_pattern_stands_for_the_words_that_a_regular_expression_says(pattern: str, word: str) -> None:
    assert covers(pattern, word) == matches(pattern, word)


@given(PATTERNS, PATTERNS)
def test_a_pattern_covers_another_exactly_if_no_word_is_in_the_other_alone(outer: str, inner: str) -> None:
    alone = word_where([outer, inner], lambda found: found[1] and not found[0])
    assert covers(outer, inner) == (alone is None)


@given(PATTERNS, PATTERNS)
def test_two_patterns_overlap_exactly_if_a_word_is_in_both(one: str, other: str) -> None:
    assert overlaps(one, other) == (word_where([one, other], all) is not None)


@given(PATTERNS, PATTERNS)
def test_what_two_patterns_have_in_common_is_exactly_the_words_in_both(one: str, other: str) -> None:
    parts = common(one, other, Budget())
    assert word_where([one, other, *parts], lambda found: (found[0] and found[1]) != any(found[2:])) is None


@given(st.lists(PATTERNS, max_size=6), PATTERNS)
def test_a_set_covers_and_overlaps_as_its_patterns_do(patterns: list[str], inner: str) -> None:
    found = PatternSet(patterns)
    assert found.covers(inner, Budget()) == any(covers(one, inner) for one in patterns)
    others = {one for one in patterns if one != inner}
    assert found.covers(inner, Budget(), by_another=True) == any(covers(one, inner) for one in others)
    assert set(found.overlapping(inner, Budget())) == {one for one in patterns if overlaps(one, inner)}


@given(st.lists(PATTERNS, min_size=1, max_size=4), PATTERNS)
def test_a_union_covers_a_pattern_only_if_one_of_its_members_does(patterns: list[str], inner: str) -> None:
    alone = word_where([inner, *patterns], lambda found: found[0] and not any(found[1:]))
    assert any(covers(one, inner) for one in patterns) == (alone is None)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a/*", "*/read", {"a/*/read", "a/read"}),
        ("*/read", "*/write", set()),
        ("microsoft.a/*", "microsoft.b/*", set()),
        ("ab*", "*ba", {"ab*ba", "aba"}),
        ("a*a", "*", {"a*a"}),
        ("aba", "a*", {"aba"}),
        ("abc*", "*bcd", {"abc*bcd", "abcd"}),
        ("ab*ba", "*aba", {"ab*aba"}),
    ],
)
def test_what_is_common_to_patterns_of_one_star(one: str, other: str, expected: set[str]) -> None:
    assert set(common(one, other, Budget())) == expected == set(common(other, one, Budget()))


def test_case_and_doubled_stars_count_for_nothing() -> None:
    assert fold("Microsoft.Web/***/READ") == "microsoft.web/*/read"


def test_a_pattern_of_monstrous_length_is_refused() -> None:
    with pytest.raises(CouldNotCheckError, match="4,097 characters"):
        fold("a" * (LONGEST_PATTERN + 1))


@pytest.mark.parametrize("stars", [20, 300, 1500])
def test_many_stars_on_both_sides_end_as_could_not_check(stars: int) -> None:
    with pytest.raises(CouldNotCheckError, match="too many wildcards"):
        common("*a" * stars + "*", "*b" * stars + "*", Budget())


def test_many_stars_are_no_trouble_for_what_is_covered() -> None:
    assert covers("*a" * 1500 + "*", "*a" * 2000 + "*")
    assert not covers("*a" * 1500 + "*", "*a" * 1499 + "*")
    assert overlaps("*a" * 1500 + "*", "*b" * 1500 + "*")
