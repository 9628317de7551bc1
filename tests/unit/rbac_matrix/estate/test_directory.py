"""Memberships are those that a plain walk finds: through groups, in cycles, and where something isn't known."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from rbac_matrix.estate.directory import Memberships
from rbac_matrix.estate.model import Directory, DirectoryObject, PrincipalKind

GROUPS = [f"g{number}" for number in range(7)]
PEOPLE = [f"p{number}" for number in range(6)]


def directory(members: Mapping[str, list[str]], *, unknown: frozenset[str] = frozenset()) -> Directory:
    objects = {id: DirectoryObject(id=id, kind=PrincipalKind.GROUP) for id in GROUPS}
    objects |= {id: DirectoryObject(id=id, kind=PrincipalKind.USER) for id in PEOPLE if id not in unknown}
    return Directory(objects=objects, members={group: tuple(ids) for group, ids in members.items()})


def reachable(members: Mapping[str, list[str]], group: str) -> set[str]:
    """Everything below a group, by a plain walk."""
    found: set[str] = set()
    waiting = [group]
    while waiting:
        for id in members.get(waiting.pop(), []):
            if id not in found:
                found.add(id)
                waiting.append(id)
    return found


members_of_groups = st.dictionaries(st.sampled_from(GROUPS), st.lists(st.sampled_from(GROUPS + PEOPLE), max_size=5))


@given(members_of_groups)
def test_persons_and_groups_are_those_of_a_plain_walk(members: dict[str, list[str]]) -> None:
    memberships = Memberships(directory(members))
    for group in GROUPS:
        below = reachable(members, group)
        assert set(memberships.persons_in(group)) == below & set(PEOPLE)
        assert memberships.persons(memberships.mask(group)) == memberships.persons_in(group)
    for id in GROUPS + PEOPLE:
        expected = {group for group in GROUPS if id in reachable(members, group)} - {id}
        assert set(memberships.groups_of(id)) == expected
        assert {group for group in GROUPS if memberships.holds(group, id)} - {id} == expected


@given(members_of_groups, st.frozensets(st.sampled_from(PEOPLE)))
def test_what_is_not_known_below_a_group_is_named(members: dict[str, list[str]], unknown: frozenset[str]) -> None:
    memberships = Memberships(directory(members, unknown=unknown))
    for group in GROUPS:
        below = reachable(members, group) | {group}
        expected = {id for id in below if id in GROUPS and id not in members} | (below & unknown)
        assert set(memberships.unknown_below(group)) == expected


@given(members_of_groups)
def test_a_chain_is_a_shortest_way_of_direct_memberships(members: dict[str, list[str]]) -> None:
    memberships = Memberships(directory(members))
    for id in GROUPS + PEOPLE:
        for group in GROUPS:
            chain = memberships.chain(id, group)
            if id not in reachable(members, group):
                assert chain == ()
                continue
            assert chain[-1] == group
            for inner, outer in zip([id, *chain], chain, strict=False):
                assert inner in members[outer]
            assert len(set(chain)) == len(chain)


def test_a_long_chain_of_groups_is_no_recursion() -> None:
    count = 20_000
    members = {f"x{number}": (f"x{number + 1}",) for number in range(count)} | {f"x{count}": ("x0", "person")}
    memberships = Memberships(Directory(members=members))
    assert memberships.persons_in("x0") == ("person",)
    assert memberships.persons_in(f"x{count}") == ("person",)
    assert len(memberships.groups_of("person")) == count + 1


def test_somebody_of_an_unknown_kind_may_be_a_group_unless_the_directory_is_whole() -> None:
    members = {"g": ("somebody",)}
    assert Memberships(Directory(members=members)).unknown_below("g") == ("somebody",)
    assert Memberships(Directory(members=members, whole=True)).unknown_below("g") == ()
    assert Memberships(Directory(members=members, gone=frozenset({"somebody"}))).unknown_below("g") == ()


def test_what_is_no_group_has_no_members_and_its_members_are_unknown() -> None:
    memberships = Memberships(directory({"g0": ["p0"]}))
    assert memberships.persons_in("nobody") == ()
    assert memberships.unknown_below("nobody") == ("nobody",)
    assert memberships.groups_of("nobody") == ()
    assert not memberships.holds("nobody", "p0")
