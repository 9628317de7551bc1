"""Groups, nesting, cycles, orphans and other tenants, as Microsoft Graph tells of them."""

from __future__ import annotations

import pytest

from cloud_backends.azure.estate import read_estate
from rbac_matrix.estate.directory import Memberships
from rbac_matrix.estate.model import Directory, Estate, Part, PrincipalKind
from tests.fakes.azure import shapes
from tests.fakes.azure.cloud import Cloud
from tests.fakes.azure.server import HTML, Answer, Asked, failed
from tests.fakes.azure.shapes import GROUP_ID, READER, SUBSCRIPTION, SUBSCRIPTION_ID, Body


def read(cloud: Cloud, *, also: tuple[str, ...] = (), named: tuple[str, ...] = ()) -> Estate:
    with cloud.connected() as connection:
        return read_estate(connection, [SUBSCRIPTION], also=also, named=named)


def directory(estate: Estate) -> Directory:
    assert estate.directory is not None
    return estate.directory


def assign(cloud: Cloud, *principals: Body, kind: str = "Group") -> None:
    cloud.azure.assignments += [shapes.assignment(SUBSCRIPTION_ID, READER, one["id"], kind=kind) for one in principals]


def test_a_group_of_2500_members_is_read_to_its_last_page(cloud: Cloud) -> None:
    team, people = shapes.group(1), [shapes.user(number, guest=number % 7 == 0) for number in range(2500)]
    cloud.azure.join(team, *people)
    cloud.azure.page = 999
    assign(cloud, team)
    estate = read(cloud)
    assert estate.gaps == ()
    found = directory(estate)
    assert set(found.members[team["id"]]) == {one["id"] for one in people}
    assert sum(one.guest for one in found.objects.values()) == len(range(0, 2500, 7))
    assert {one.query["$top"] for one in cloud.server.asked_for("/members$")} == {"999"}


def test_2500_principals_are_asked_for_in_batches(cloud: Cloud) -> None:
    people = [shapes.user(number) for number in range(2500)]
    cloud.azure.know(*people)
    assign(cloud, *people, kind="User")
    estate = read(cloud)
    assert estate.gaps == ()
    assert len(directory(estate).objects) == 2500
    assert [len(one.json["ids"]) for one in cloud.server.asked_for("/getbyids", "POST")] == [1000, 1000, 500]


def test_groups_in_groups_and_cycles_are_read_once_each(cloud: Cloud) -> None:
    groups = [shapes.group(number) for number in range(6)]
    person = shapes.user(1)
    for outer, inner in zip(groups, [*groups[1:], groups[0]], strict=True):
        cloud.azure.join(outer, inner)
    cloud.azure.join(groups[3], person, groups[3])
    assign(cloud, groups[0])
    estate = read(cloud)
    assert estate.gaps == ()
    assert set(directory(estate).members) == {one["id"] for one in groups}
    assert len(cloud.server.asked_for("/members$")) == 6
    assert set(Memberships(directory(estate)).persons_in(groups[0]["id"])) == {person["id"]}


def test_service_principals_in_groups_are_found_although_the_list_leaves_them_out(cloud: Cloud) -> None:
    team, program = shapes.group(1), shapes.service_principal(1, f"{GROUP_ID}/providers/A.B/c/d")
    cloud.azure.join(team, program)
    assign(cloud, team)
    found = directory(read(cloud))
    assert found.members[team["id"]] == (program["id"],)
    assert found.objects[program["id"]].managed_identity.endswith("/A.B/c/d")


def test_a_page_of_members_that_is_missing_is_a_gap_by_the_count(cloud: Cloud) -> None:
    team = shapes.group(1)
    cloud.azure.join(team, *(shapes.user(number) for number in range(30)))
    cloud.azure.page = 10
    assign(cloud, team)

    def without_link(asked: Asked, good: Answer) -> Answer:
        return Answer(200, {k: v for k, v in good.body.items() if k != "@odata.nextLink"})

    cloud.server.fault("/members$", without_link, after=1)
    estate = read(cloud)
    assert team["id"] not in directory(estate).members
    assert any("20 of 30" in gap.detail for gap in estate.gaps)


def test_hidden_members_are_not_no_members(cloud: Cloud) -> None:
    hidden, empty = shapes.group(1, visibility="HiddenMembership"), shapes.group(2)
    cloud.azure.know(hidden, empty)
    assign(cloud, hidden, empty)
    estate = read(cloud)
    assert directory(estate).members == {empty["id"]: ()}
    assert [gap.part for gap in estate.gaps] == [Part.DIRECTORY]
    assert "hidden" in estate.gaps[0].detail


def test_one_group_that_may_not_be_read_is_a_gap_and_the_others_are_read(cloud: Cloud) -> None:
    groups = [shapes.group(number) for number in range(4)]
    cloud.azure.know(*groups)
    assign(cloud, *groups)
    cloud.server.fault(f"/groups/{groups[2]['id']}/members$", failed(403, "Authorization_RequestDenied"))
    estate = read(cloud)
    assert set(directory(estate).members) == {one["id"] for at, one in enumerate(groups) if at != 2}
    assert groups[2]["id"] in estate.gaps[0].detail
    assert "docs/azure-live.md" in estate.gaps[0].remedy


def test_only_what_the_directory_says_it_does_not_have_is_gone(cloud: Cloud) -> None:
    gone, hidden = shapes.user(1), shapes.user(2)
    assign(cloud, gone, hidden, kind="User")
    cloud.azure.know(hidden)
    cloud.server.fault("/getbyids", Answer(200, {"value": []}), method="POST")
    estate = read(cloud)
    assert directory(estate).gone == {gone["id"]}
    assert directory(estate).is_orphan(gone["id"])
    assert directory(estate).objects[hidden["id"]].kind is PrincipalKind.USER
    assert estate.gaps == ()


@pytest.mark.parametrize(
    "answer",
    [
        failed(403, "Authorization_RequestDenied"),
        failed(404, "BadRequest"),
        Answer(404, HTML.body, HTML.headers),
        Answer(404, b""),
        failed(500, "x"),
        HTML,
        Answer(200, {}),
        Answer(200, shapes.user(5)),
    ],
)
def test_no_answer_makes_nobody_an_orphan(cloud: Cloud, answer: Answer) -> None:
    assign(cloud, shapes.user(1), kind="User")
    cloud.server.fault("/directoryobjects/aa", answer)
    estate = read(cloud)
    assert directory(estate).gone == frozenset()
    assert [gap.part for gap in estate.gaps] == [Part.DIRECTORY]


def test_in_another_tenant_s_directory_nobody_is_an_orphan(cloud: Cloud) -> None:
    assign(cloud, shapes.user(1), kind="User")
    cloud.azure.directory_tenant = shapes.guid(9, "7e")
    estate = read(cloud)
    assert directory(estate).gone == frozenset()
    assert any("tenant" in gap.detail for gap in estate.gaps)


def test_where_the_tenant_is_not_told_nobody_is_an_orphan(cloud: Cloud) -> None:
    assign(cloud, shapes.user(1), kind="User")
    cloud.server.fault("/organization", failed(403, "Authorization_RequestDenied"))
    estate = read(cloud)
    assert directory(estate).gone == frozenset()
    assert any("another tenant" in gap.detail for gap in estate.gaps)


def test_groups_of_other_tenants_are_neither_orphans_nor_empty(cloud: Cloud) -> None:
    foreign = shapes.group(1)
    assign(cloud, foreign, kind="ForeignGroup")
    estate = read(cloud)
    found = directory(estate)
    assert not found.is_orphan(foreign["id"])
    assert found.objects[foreign["id"]].kind is PrincipalKind.UNKNOWN
    assert foreign["id"] not in found.members


def test_users_of_whom_only_the_id_is_told_are_a_gap(cloud: Cloud) -> None:
    team, person = shapes.group(1), shapes.user(1)
    limited: Body = {key: value if key in ("id", "@odata.type") else None for key, value in shapes.user(2).items()}
    cloud.azure.join(team, person, limited)
    assign(cloud, team)
    estate = read(cloud)
    assert limited["id"] in estate.gaps[0].detail
    assert person["id"] not in estate.gaps[0].detail


def test_old_guests_without_a_user_type_are_guests(cloud: Cloud) -> None:
    guest, member = shapes.user(1, guest=True), shapes.user(2)
    guest["userType"] = member["userType"] = None
    cloud.azure.know(guest, member)
    assign(cloud, guest, member, kind="User")
    found = directory(read(cloud))
    assert (found.objects[guest["id"]].guest, found.objects[member["id"]].guest) == (True, False)


def test_groups_without_assignments_are_read_if_asked_for(cloud: Cloud) -> None:
    team, person = shapes.group(1), shapes.user(1)
    cloud.azure.join(team, person)
    estate = read(cloud, also=(team["id"].upper(),))
    assert directory(estate).members == {team["id"]: (person["id"],)}


def test_who_may_only_read_groups_reads_their_members(cloud: Cloud) -> None:
    team, nested, person = shapes.group(1), shapes.group(2), shapes.user(1)
    cloud.azure.join(team, nested)
    cloud.azure.join(nested, person)
    assign(cloud, team)
    assign(cloud, person, kind="User")
    cloud.server.fault("/getbyids", failed(403, "Authorization_RequestDenied"), method="POST")
    estate = read(cloud)
    assert directory(estate).members == {team["id"]: (nested["id"],), nested["id"]: (person["id"],)}
    assert directory(estate).gone == frozenset()
    assert [gap.part for gap in estate.gaps] == [Part.DIRECTORY]


def test_groups_are_found_by_name_with_every_other_of_that_name(cloud: Cloud) -> None:
    person = shapes.user(1)
    named = [shapes.group(number, f"grp-Straße {number} & 'co'") for number in range(40)]
    for one in named:
        cloud.azure.join(one, person)
    impostor = shapes.group(100, named[0]["displayName"].upper())
    cloud.azure.know(impostor, shapes.group(101, "grp-other"))
    assign(cloud, impostor)
    cloud.azure.page = 4
    estate = read(cloud, named=tuple(one["displayName"] for one in named))
    assert estate.gaps == ()
    found = directory(estate)
    assert set(found.members) == {one["id"] for one in (*named, impostor)}
    assert found.objects[impostor["id"]].name.casefold() == found.objects[named[0]["id"]].name.casefold()


def test_names_that_can_not_be_looked_up_are_a_gap(cloud: Cloud) -> None:
    cloud.server.fault("/v1.0/groups$", failed(403, "Authorization_RequestDenied"))
    estate = read(cloud, named=("grp-ml",))
    assert "grp-ml" in estate.gaps[0].detail
