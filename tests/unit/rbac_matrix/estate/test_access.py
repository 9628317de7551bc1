"""Who may do something is who a plain reading of all assignments finds; what isn't known is said."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rbac_matrix.assignments import RoleAssignment, Timing
from rbac_matrix.estate.access import AccessIndex
from rbac_matrix.estate.explaining import explain, find
from rbac_matrix.estate.model import (
    DenyAssignment,
    DevOpsMembership,
    Directory,
    DirectoryObject,
    Estate,
    Gap,
    Part,
    PrincipalKind,
)
from rbac_matrix.permissions.catalogue import RoleCatalogue
from rbac_matrix.permissions.comparison import permits
from rbac_matrix.permissions.interface import Danger, PermissionBlock, Permissions, RoleDefinition
from rbac_matrix.principals import Principal, Principals
from rbac_matrix.scopes import lineage, scope_of
from verdicts import ConfigurationError, CouldNotCheckError, Location

SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"
GROUP_SCOPE = f"{SUBSCRIPTION}/resourceGroups/rg"
VAULT = f"{GROUP_SCOPE}/providers/Microsoft.KeyVault/vaults/kv"
SCOPES = (SUBSCRIPTION, GROUP_SCOPE, VAULT, f"{VAULT}x", "/")
DELETE = "Microsoft.KeyVault/vaults/delete"
HERE = Location("f.json", 1)
EVERYBODY = "00000000-0000-0000-0000-000000000000"


def id_of(name: str) -> str:
    return f"00000000-0000-0000-0000-{int.from_bytes(name.encode()):012d}"


def role(
    name: str, *actions: str, nots: Sequence[str] = (), data: Sequence[str] = (), unknown: str = ""
) -> RoleDefinition:
    block = PermissionBlock(actions=actions, not_actions=tuple(nots), data_actions=tuple(data))
    return RoleDefinition(id=id_of(name), name=name, permissions=Permissions((block,)), unknown=unknown)


ROLES = (
    role("all", "*"),
    role("vaults", "Microsoft.KeyVault/*", nots=["Microsoft.KeyVault/vaults/delete"], data=["Microsoft.KeyVault/*"]),
    role("reads", "*/read"),
    role("deletes", "Microsoft.KeyVault/vaults/delete"),
)
CATALOGUE = RoleCatalogue.built_in()
PEOPLE = ("p1", "p2", "p3")
GROUPS = ("g1", "g2", "g3")


def assigned(who: str, what: str = "all", where: str = VAULT, **more: Any) -> RoleAssignment:
    made = RoleAssignment(
        name=f"{who} {what} {where}",
        role_id=id_of(what),
        role_text=what,
        principal_id=id_of(who),
        principal_text=id_of(who),
        principal_type="Group" if who.startswith("g") else "User",
        scope=scope_of(where),
        location=HERE,
    )
    return dataclasses.replace(made, **more)


def directory(**members: Sequence[str]) -> Directory:
    objects = {id_of(one): DirectoryObject(id=id_of(one), kind=PrincipalKind.USER, name=one) for one in PEOPLE}
    objects |= {id_of(one): DirectoryObject(id=id_of(one), kind=PrincipalKind.GROUP, name=one) for one in GROUPS}
    return Directory(
        objects=objects,
        members={id_of(group): tuple(map(id_of, members.get(group, ()))) for group in GROUPS},
        whole=True,
    )


def estate(*assignments: RoleAssignment, known: Directory | None = None, **more: Any) -> Estate:
    made = Estate(
        covers=frozenset(Part), assignments=assignments, definitions=ROLES, directory=known or directory(), whole=True
    )
    return dataclasses.replace(made, **more)


def index(*assignments: RoleAssignment, known: Directory | None = None, **more: Any) -> AccessIndex:
    return AccessIndex(estate(*assignments, known=known, **more), CATALOGUE)


def names(ids: Sequence[str]) -> list[str]:
    return sorted(int(id.rpartition("-")[2]).to_bytes(2).decode() for id in ids)


memberships = st.fixed_dictionaries({group: st.lists(st.sampled_from(PEOPLE + GROUPS), max_size=4) for group in GROUPS})
grants = st.lists(
    st.tuples(st.sampled_from(PEOPLE + GROUPS), st.sampled_from([one.name for one in ROLES]), st.sampled_from(SCOPES)),
    max_size=6,
)
denials = st.lists(
    st.tuples(
        st.sampled_from((*PEOPLE, *GROUPS, "everybody")),
        st.none() | st.sampled_from(PEOPLE + GROUPS),
        st.sampled_from(SCOPES),
        st.booleans(),
        st.sampled_from(["*", "*/delete", "*/read"]),
    ),
    max_size=3,
)


def denying(who: str, spared: str | None, where: str, own: bool, what: str) -> DenyAssignment:
    return DenyAssignment(
        name="d",
        scope=where,
        permissions=(PermissionBlock(actions=(what,)),),
        principals=(EVERYBODY if who == "everybody" else id_of(who),),
        excluded=(id_of(spared),) if spared else (),
        own_scope_only=own,
        location=HERE,
    )


@given(
    memberships, grants, denials, st.sampled_from(SCOPES), st.sampled_from([DELETE, "Microsoft.KeyVault/vaults/read"])
)
def test_the_answer_is_that_of_a_plain_reading(
    members: dict[str, list[str]],
    given_: list[tuple[str, str, str]],
    denied: list[tuple[str, str | None, str, bool, str]],
    scope: str,
    action: str,
) -> None:
    asked = index(
        *(assigned(*one) for one in given_),
        known=directory(**members),
        denials=tuple(denying(*one) for one in denied),
    )
    answer = asked.who_can(action, scope)

    def around(person: str) -> set[str]:
        found, waiting = {person}, [person]
        while waiting:
            here = waiting.pop()
            fresh = {group for group in GROUPS if here in members[group]} - found
            found |= fresh
            waiting += fresh
        return found

    def has(person: str) -> bool:
        roles = {one.name: one.permissions for one in ROLES}
        return any(
            who in around(person) and lineage(where)[0] in lineage(scope) and permits(roles[what], action, data=False)
            for who, what, where in given_
        )

    def is_denied(person: str) -> bool:
        return any(
            (who == "everybody" or who in around(person))
            and not (spared is not None and spared in around(person))
            and (lineage(where)[0] == lineage(scope)[0] if own else lineage(where)[0] in lineage(scope))
            and permits(Permissions((PermissionBlock(actions=(what,)),)), action, data=False)
            for who, spared, where, own, what in denied
        )

    assert names(answer.people) == [one for one in PEOPLE if has(one) and not is_denied(one)]
    assert names(answer.denied) == [one for one in PEOPLE if has(one) and is_denied(one)]
    assert answer.undecided == ()
    for person in answer.people:
        ways = answer.ways(person) or [way for one in answer.through(person) for way in answer.ways(one.holder.id)]
        assert ways


class TestWhatIsNotKnown:
    def test_a_gap_makes_the_answer_incomplete(self) -> None:
        gap = Gap(part=Part.ASSIGNMENTS, detail="a page is missing", remedy="again")
        assert index(gaps=(gap,)).who_can(DELETE).undecided == ("role assignments: a page is missing",)

    def test_a_gap_in_something_else_does_not(self) -> None:
        gap = Gap(part=Part.RESOURCES, detail="a page is missing", remedy="again")
        assert index(gaps=(gap,)).who_can(DELETE).undecided == ()

    def test_an_unknown_role_might_permit_it(self) -> None:
        asked = index(assigned("p1", "nothing", role_text="Nothing known"))
        assert asked.who_can(DELETE, VAULT).undecided == ("the role Nothing known is not known",)
        assert asked.who_can(DELETE, SUBSCRIPTION).undecided == ()

    def test_a_role_that_is_known_in_part_might_permit_it(self) -> None:
        known = (role("part", "*/read", unknown="a parameter"),)
        asked = index(assigned("p1", "part"), definitions=known)
        assert asked.who_can("a/read", VAULT).undecided == ()
        assert asked.who_can(DELETE, VAULT).undecided == ("what part permits is not known: a parameter",)

    def test_a_group_whose_members_are_not_known(self) -> None:
        without = Directory(objects={id_of("g1"): DirectoryObject(id=id_of("g1"), kind=PrincipalKind.GROUP, name="g1")})
        answer = index(assigned("g1"), known=without).who_can(DELETE)
        assert answer.undecided == (f"not all members of the group g1 ({id_of('g1')}) are known",)
        assert answer.holders == (id_of("g1"),)

    def test_no_directory_at_all(self) -> None:
        answer = index(assigned("g1"), directory=None).who_can(DELETE)
        assert "no directory was given" in answer.undecided[0]
        assert index(assigned("p1"), directory=None).who_can(DELETE).undecided == ()

    def test_an_unknown_principal_and_an_unknown_scope(self) -> None:
        nobody = assigned("p1", principal_id=None, principal_text="[parameters('who')]")
        assert index(nobody).who_can(DELETE).undecided == ("it isn't known who [parameters('who')] is",)
        somewhere = assigned("p1", where="/subscriptions/{parameters('id')}")
        way = index(somewhere).who_can(DELETE, VAULT).ways(id_of("p1"))[0]
        assert way.provisos == ("if its scope, which isn't known, holds the place",)

    def test_what_was_not_given_is_noted(self) -> None:
        notes = index(covers=frozenset({Part.ASSIGNMENTS})).who_can(DELETE).notes
        assert len(notes) == 2


class TestProvisos:
    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"timing": Timing.ELIGIBLE}, "after activating it"),
            ({"condition": "x"}, "if its condition holds: x"),
            ({"condition": None}, "if a condition holds that isn't known"),
            ({"conditional": True}, "if the deployment makes it"),
            (
                {"scope": scope_of("/providers/Microsoft.Management/managementGroups/m")},
                "if the management group holds",
            ),
        ],
    )
    def test_what_it_depends_on_is_said(self, changes: dict[str, Any], says: str) -> None:
        way = index(assigned("p1", **changes)).who_can(DELETE, VAULT).ways(id_of("p1"))[0]
        assert says in way.provisos[0]

    def test_a_denial_that_is_not_certain_takes_nobody_out_and_is_said(self) -> None:
        denial = dataclasses.replace(denying("p1", None, VAULT, False, "*"), condition="x")
        answer = index(assigned("p1"), denials=(denial,)).who_can(DELETE, VAULT)
        assert names(answer.people) == ["p1"]
        assert "unless the deny assignment d takes it away" in answer.ways(id_of("p1"))[0].provisos[0]

    def test_a_denial_that_spares_unknown_people_takes_nobody_out(self) -> None:
        denial = denying("everybody", "zz", VAULT, False, "*")
        answer = index(assigned("p1"), denials=(denial,)).who_can(DELETE, VAULT)
        assert names(answer.people) == ["p1"]


class TestQuestions:
    def test_a_pattern_asks_for_anything_of_it(self) -> None:
        asked = index(assigned("p1", "deletes"), assigned("p2", "reads"), assigned("p3", "vaults"))
        assert names(asked.who_can("Microsoft.KeyVault/*/delete", VAULT).people) == ["p1", "p3"]
        assert names(asked.who_can("*/delete", VAULT).people) == ["p1", "p3"]
        assert names(asked.who_can("*/read", VAULT).people) == ["p2", "p3"]
        assert names(asked.who_can("*", VAULT, data=True).people) == ["p3"]

    def test_a_pattern_of_which_everything_is_denied_is_nobodys(self) -> None:
        denial = denying("p1", None, VAULT, False, "Microsoft.KeyVault/*")
        answer = index(assigned("p1", "deletes"), denials=(denial,)).who_can("*/delete", VAULT)
        assert (names(answer.people), names(answer.denied)) == ([], ["p1"])
        some = index(assigned("p1"), denials=(denial,)).who_can("*/delete", VAULT)
        assert names(some.people) == ["p1"]

    def test_what_is_assigned_below_does_not_hold_above(self) -> None:
        asked = index(assigned("p1"))
        assert asked.who_can(DELETE, SUBSCRIPTION).people == ()
        assert names(asked.who_can(DELETE).people) == ["p1"]

    def test_case_counts_nowhere(self) -> None:
        assert names(index(assigned("p1", "deletes")).who_can(DELETE.upper(), VAULT.upper()).people) == ["p1"]


class TestExplain:
    def test_groups_roles_and_the_worst_of_them(self) -> None:
        known = directory(g1=["g2"], g2=["p1"])
        asked = index(
            assigned("g1", "all"),
            assigned("p1", "reads"),
            assigned("g2", "vaults", timing=Timing.ELIGIBLE),
            known=known,
        )
        told = explain(asked, id_of("p1"))
        assert {group.name: [one.name for one in chain] for group, chain in told.groups} == {
            "g1": ["g2", "g1"],
            "g2": ["g2"],
        }
        assert [one.role for one in told.held] == ["all", "reads"]
        assert [one.name for one in told.held[0].through] == ["g2", "g1"]
        assert told.held[0].perils[0].danger is Danger.GRANTS
        assert [one.role for one in told.eligible] == ["vaults"]
        assert told.undecided == ()

    def test_personas_denials_and_memberships(self) -> None:
        entry = Principal(
            persona="data-scientist",
            object_id=id_of("g1"),
            identity="",
            resource_type="",
            type="Group",
            name="g1",
            location=HERE,
        )
        membership = DevOpsMembership(
            service="azure-devops", role="DOPA", group="Administrators", member=id_of("p1"), location=HERE
        )
        asked = index(
            known=directory(g1=["p1"]), denials=(denying("g1", None, VAULT, False, "*"),), memberships=(membership,)
        )
        told = explain(asked, id_of("p1"), Principals((entry,)))
        assert told.personas == {"data-scientist": id_of("g1")}
        assert [one.name for one in told.denials] == ["d"]
        assert told.memberships == (membership,)

    def test_a_group_of_unknown_members_might_hold_somebody(self) -> None:
        known = dataclasses.replace(directory(), members={})
        assert "the members of 3 groups are not known" in explain(index(known=known), id_of("p1")).undecided[0]

    def test_a_role_that_is_not_known_is_said_and_comes_first(self) -> None:
        told = explain(index(assigned("p1", "reads"), assigned("p1", "nothing")), id_of("p1"))
        assert told.held[0].unknown
        assert told.undecided == ("what the role nothing permits is not known",)

    def test_people_are_found_by_id_name_and_mail(self) -> None:
        anna = DirectoryObject(id=id_of("p1"), kind=PrincipalKind.USER, name="Anna", mail="anna@example.com")
        asked = index(assigned("p2", principal_name="ben@example.com"), known=Directory(objects={anna.id: anna}))
        for name in (id_of("p1").upper(), "anna", "Anna@Example.com"):
            assert find(asked, name) == id_of("p1")
        assert find(asked, "BEN@example.com") == id_of("p2")

    def test_a_name_of_several_or_of_nobody_is_an_error(self) -> None:
        objects = {id_of(one): DirectoryObject(id=id_of(one), kind=PrincipalKind.USER, name="Anna") for one in PEOPLE}
        with pytest.raises(ConfigurationError, match="the name of several"):
            find(index(known=Directory(objects=objects)), "Anna")
        with pytest.raises(ConfigurationError, match="nobody is called"):
            find(index(), "Anna")
        gap = Gap(part=Part.DIRECTORY, detail="a page is missing", remedy="again")
        with pytest.raises(CouldNotCheckError, match="which isn't all"):
            find(index(gaps=(gap,)), "Anna")
