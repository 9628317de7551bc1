"""Groups by their names."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from rbac_matrix.organisation.naming import resolve_names
from rbac_matrix.principals import Principal, Principals
from tests.unit.rbac_matrix.organisation.organisation_files import GROUP, OTHER, SETUP, load
from verdicts import Location

PATTERN = "groups: [{pattern: 'grp-{setup}-{environment}-{persona}', names: {data-scientist: ds}}]\n"
TWO = SETUP + "  - {name: credit, environment: development}\n"


def entry(persona: str, *, group: str = "", object_id: str = "") -> Principal:
    return Principal(
        persona=persona,
        object_id=object_id,
        identity="",
        resource_type="",
        type="Group",
        name=group,
        location=Location("rbac.yml", 1),
        group=group,
    )


def test_a_pattern_is_written_out_for_every_setup_and_persona(tmp_path: Path) -> None:
    principals = load(tmp_path, TWO + PATTERN).principals
    assert len(principals.entries) == 24
    one = principals.with_group_name("GRP-credit-production-DS")
    assert one is not None
    assert one.persona == "data-scientist"
    assert one.setups == {("credit", "production")}
    assert principals.with_group_name("grp-credit-production-data-scientist") is None
    assert principals.with_group_name("grp-credit-production-dsx") is None


def test_a_setups_own_group_takes_the_place_of_the_pattern(tmp_path: Path) -> None:
    text = SETUP.replace("}}\n", f"}}, groups: {{data-scientist: [{{object_id: {GROUP}, type: Group}}]}}}}\n") + PATTERN
    principals = load(tmp_path, text).principals
    assert principals.with_group_name("grp-credit-production-ds") is None
    named = principals.with_object_id(GROUP)
    assert named is not None
    assert named.setups == {("credit", "production")}


def test_a_pattern_with_an_environment_is_for_that_one_only(tmp_path: Path) -> None:
    text = "groups: [{pattern: 'grp-{environment}-support', personas: [platform-technical-support]}]\n"
    principals = load(tmp_path, text).principals
    assert {one.group for one in principals.entries} == {
        f"grp-{environment}-support" for environment in ("staging", "test", "production", "development")
    }
    assert all({one.group} == {f"grp-{name}-support" for _, name in one.setups} for one in principals.entries)


def test_a_pattern_without_place_is_for_everywhere(tmp_path: Path) -> None:
    text = "groups: [{pattern: 'grp-{persona}', personas: [platform-technical-support]}]\n"
    (one,) = load(tmp_path, text).principals.entries
    assert not one.setups


def test_a_name_becomes_the_object_that_has_it() -> None:
    principals = Principals((entry("ci-cd", group="robots"), entry("monitoring", group="watchers")))
    found = resolve_names(principals, [(GROUP.upper(), "Robots"), (OTHER, "somebody else")])
    robots = found.principals.with_object_id(GROUP)
    assert robots is not None
    assert robots.persona == "ci-cd"
    assert [one.group for one in found.absent] == ["watchers"]
    assert (found.undecided, found.ambiguous) == ((), frozenset())


def test_a_name_that_two_groups_have_is_nobodys() -> None:
    found = resolve_names(Principals((entry("ci-cd", group="robots"),)), [(GROUP, "robots"), (OTHER, "ROBOTS")])
    assert found.principals.with_object_id(GROUP) is None
    assert found.ambiguous == {GROUP, OTHER}
    assert "2 groups are called robots" in found.undecided[0]


def test_a_group_that_is_one_persona_by_id_and_another_by_name_is_not_decided() -> None:
    principals = Principals((entry("ci-cd", object_id=GROUP), entry("monitoring", group="watchers")))
    found = resolve_names(principals, [(GROUP, "watchers")])
    assert found.ambiguous == {GROUP}
    assert "monitoring by its name, and ci-cd by its object id" in found.undecided[0]
    same = Principals((entry("ci-cd", object_id=GROUP), entry("ci-cd", group="robots")))
    assert resolve_names(same, [(GROUP, "robots")]).undecided == ()


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(["robots", "Robots", "watchers", "x"])), max_size=8)
)
def test_no_object_is_ever_two_personas(groups: list[tuple[str, str]]) -> None:
    principals = Principals((entry("ci-cd", group="robots"), entry("monitoring", group="watchers")))
    found = resolve_names(principals, groups)
    ids = [one.object_id for one in found.principals.entries if one.object_id]
    names: dict[str, set[str]] = {}
    for object_id, name in groups:
        names.setdefault(name.casefold(), set()).add(object_id)
    for one in found.principals.entries:
        if one.object_id:
            assert names[one.group] == {one.object_id}
    assert len(ids) == len(set(ids))
