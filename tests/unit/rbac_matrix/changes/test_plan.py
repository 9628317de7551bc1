"""What a plan creates, deletes and leaves alone, and what it writes as Bicep and Terraform."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy_gate.role_extraction import extract
from rbac_matrix.assignments import RoleAssignment, Timing
from rbac_matrix.changes.generation import bicep, terraform
from rbac_matrix.changes.plan import MARK, Plan, WantedAssignment, plan, wanted_assignments
from rbac_matrix.estate.model import Estate, Gap, Part
from rbac_matrix.organisation.loading import load_organisation
from rbac_matrix.organisation.model import BreakGlass, Organisation, Setup
from rbac_matrix.principals import Principal, Principals
from rbac_matrix.scopes import scope_of
from resource_readers.interface import ReadRequest
from resource_readers.registry import read_resources
from verdicts import ConfigurationError, Location

HERE = Location("rbac.yml", 9)
GROUP = "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-ml"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/ws"
LEADS, SUPPORT, OTHER = (f"00000000-0000-4000-8000-00000000000{digit}" for digit in "123")
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"


def principal(persona: str, object_id: str = "", group: str = "") -> Principal:
    return Principal(
        persona=persona,
        object_id=object_id,
        identity="",
        resource_type="",
        type="Group",
        name=group or f"grp-{persona}",
        group=group,
        location=HERE,
    )


BOTH = (principal("project-lead", LEADS), principal("platform-technical-support", SUPPORT))


def organisation(
    *entries: Principal, resources: Mapping[str, tuple[str, ...]] | None = None, glass: tuple[str, ...] = ()
) -> Organisation:
    setup = Setup(
        name="credit",
        environment="production",
        resources={"ml-workspace": (WORKSPACE,), "key-vault": (VAULT,)} if resources is None else resources,
        location=HERE,
    )
    accounts = tuple(BreakGlass(object_id=one, reason="fire", location=HERE) for one in glass)
    built_in = load_organisation(None)
    return dataclasses.replace(built_in, setups=(setup,), principals=Principals(entries), break_glass=accounts)


def there(role: str, who: str, on: str, **changes: Any) -> RoleAssignment:
    made = RoleAssignment(
        name="x",
        role_id=role,
        role_text=role,
        principal_id=who,
        principal_text=who,
        scope=scope_of(on),
        location=HERE,
    )
    return dataclasses.replace(made, **changes)


def made(one: WantedAssignment) -> RoleAssignment:
    timing = Timing.ELIGIBLE if one.eligible else Timing.PERMANENT
    return there(one.role_id, one.principal_id, one.scope, timing=timing, description=one.description)


def planned(own: Organisation, *assignments: RoleAssignment, whole: bool = True, **options: Any) -> Plan:
    settings = {"group_ids": {}, "remove_unmanaged": False, **options}
    gaps = settings.pop("gaps", ())
    estate = Estate(assignments=assignments, whole=whole, gaps=gaps)
    return plan(wanted_assignments(own, "production"), estate, own, "production", **settings)


def test_everything_that_the_matrix_demands_is_created_in_an_empty_estate() -> None:
    result = planned(organisation(*BOTH))
    told = {(one.persona, one.service, one.role_name, one.eligible) for one in result.creations}
    assert told == {
        ("project-lead", "ml-workspace", "Reader", False),
        ("project-lead", "key-vault", "Reader", False),
        ("project-lead", "key-vault", "Key Vault Reader", False),
        ("platform-technical-support", "ml-workspace", "Owner", True),
        ("platform-technical-support", "key-vault", "Owner", True),
        ("platform-technical-support", "key-vault", "Key Vault Administrator", True),
    }
    assert all(one.description.startswith(MARK) for one in result.creations)


def test_a_second_plan_has_nothing_to_do() -> None:
    own = organisation(*BOTH)
    first = planned(own)
    second = planned(own, *map(made, first.creations))
    assert (second.creations, second.deletions) == ((), ())
    assert second.unchanged == len(first.creations)
    assert [one.name for one in planned(own).creations] == [one.name for one in first.creations]


def test_only_what_a_plan_made_is_deleted_unless_told() -> None:
    own = organisation(*BOTH)
    theirs, ours = there(OWNER, OTHER, VAULT), there(OWNER, LEADS, VAULT, description=f"{MARK} x")
    result = planned(own, theirs, ours)
    assert result.deletions == (ours,)
    assert [one.assignment for one in result.kept] == [theirs]
    assert set(planned(own, theirs, ours, remove_unmanaged=True).deletions) == {theirs, ours}


def test_break_glass_is_never_deleted() -> None:
    result = planned(organisation(*BOTH, glass=(OTHER,)), there(OWNER, OTHER, VAULT), remove_unmanaged=True)
    assert result.deletions == ()
    assert "break-glass" in result.kept[0].reason


def test_a_break_glass_account_stays_when_its_time_is_over() -> None:
    own = organisation(*BOTH)
    expired = BreakGlass(object_id=OTHER, reason="fire", location=HERE, expires=dt.date(2020, 1, 1))
    own = dataclasses.replace(own, break_glass=(expired,))
    assert planned(own, there(OWNER, OTHER, VAULT), remove_unmanaged=True).deletions == ()


def test_elsewhere_nothing_is_deleted() -> None:
    far = there(OWNER, OTHER, GROUP.replace("rg-ml", "rg-other"), description=f"{MARK} x")
    above = there(OWNER, OTHER, GROUP, description=f"{MARK} x")
    result = planned(organisation(*BOTH), far, above, remove_unmanaged=True)
    assert result.deletions == ()


@pytest.mark.parametrize(
    "estate", [{"whole": False}, {"gaps": (Gap(part=Part.ASSIGNMENTS, detail="cut", remedy="read again"),)}]
)
def test_nothing_is_deleted_where_the_estate_is_not_known_whole(estate: dict[str, Any]) -> None:
    result = planned(organisation(*BOTH), there(OWNER, LEADS, VAULT, description=f"{MARK} x"), **estate)
    assert result.deletions == ()
    assert any("whole" in one.reason for one in result.kept)
    assert result.obstacles


def test_permanent_access_of_a_just_in_time_persona_becomes_eligible() -> None:
    own = organisation(principal("platform-technical-support", SUPPORT), resources={"ml-workspace": (WORKSPACE,)})
    standing = there(OWNER, SUPPORT, WORKSPACE, description=f"{MARK} x")
    result = planned(own, standing)
    assert [one.eligible for one in result.creations] == [True]
    assert result.deletions == (standing,)


def test_what_can_not_be_planned_is_told() -> None:
    told = "\n".join(planned(organisation(principal("project-lead", group="grp-leads"))).obstacles)
    assert "nobody stands for ci-cd in credit" in told
    assert "credit (production) names no Container Registry" in told
    assert "Azure DevOps is not part of Azure: give ci-cd of credit its access there by hand" in told
    assert "there is no group grp-leads yet" in told
    no_setup = dataclasses.replace(organisation(), setups=())
    assert "declares no setup in production" in planned(no_setup).obstacles[0]


def test_a_group_that_is_known_by_name_is_found_in_the_directory() -> None:
    own = organisation(principal("project-lead", group="Grp-Leads"), resources={"ml-workspace": (WORKSPACE,)})
    (creation,) = planned(own, group_ids={"grp-leads": LEADS}).creations
    assert creation.principal_id == LEADS
    (again,) = planned(
        organisation(principal("project-lead", LEADS), resources={"ml-workspace": (WORKSPACE,)})
    ).creations
    assert again.name == creation.name


def read_back(path: Path) -> set[tuple[str | None, str | None, str, Timing]]:
    result = read_resources(ReadRequest(root=path.parent, path=path))
    assert not result.not_read
    found = extract(result.resources).assignments
    return {(one.role_id, one.principal_id, one.scope.resource_type, one.timing) for one in found}


def test_the_generated_files_are_read_back_as_what_was_wanted(tmp_path: Path) -> None:
    wanted = wanted_assignments(organisation(*BOTH), "production").assignments
    expected = {
        (
            one.role_id,
            one.principal_id,
            scope_of(one.scope).resource_type,
            Timing.ELIGIBLE if one.eligible else Timing.PERMANENT,
        )
        for one in wanted
    }
    for name, text in (("roles.bicep", bicep(wanted)), ("roles.tf", terraform(wanted))):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_text(text, encoding="utf-8")
        assert read_back(folder / name) == expected, name


def test_groups_without_an_object_id_are_generated() -> None:
    wanted = wanted_assignments(organisation(principal("project-lead", group="grp-leads")), "production").assignments
    assert 'resource "azuread_group" "group1_grp_leads"' in terraform(wanted)
    assert "azuread_group.group1_grp_leads.object_id" in terraform(wanted)
    assert "extension microsoftGraphV1" in bicep(wanted)
    assert "principalId: group1_grp_leads.id" in bicep(wanted)


@pytest.mark.parametrize("name", ["g'${resourceGroup().id}", 'g"${file(1)}%{ if x }', "g\\'", "日本"])
def test_a_hostile_name_stays_a_literal(name: str, tmp_path: Path) -> None:
    wanted = wanted_assignments(organisation(principal("project-lead", group=name)), "production").assignments
    for file, text, kind in (("g.bicep", bicep(wanted), "groups"), ("g.tf", terraform(wanted), "azuread_group")):
        folder = tmp_path / file
        folder.mkdir()
        (folder / file).write_text(text, encoding="utf-8")
        result = read_resources(ReadRequest(root=folder, path=folder / file))
        assert not result.not_read
        assert kind in text
        for one in result.resources:
            if one.type.casefold().endswith("groups") and isinstance(one.properties, dict):
                assert one.properties.get("displayName", name) == name


def test_control_characters_are_refused() -> None:
    wanted = wanted_assignments(organisation(principal("project-lead", group="a\nb")), "production").assignments
    for write in (bicep, terraform):
        with pytest.raises(ConfigurationError):
            write(wanted)


def test_a_bicep_file_is_for_one_resource_group() -> None:
    other = VAULT.replace("rg-ml", "rg-two")
    own = organisation(*BOTH, resources={"ml-workspace": (WORKSPACE,), "key-vault": (other,)})
    with pytest.raises(ConfigurationError, match="2 resource groups"):
        bicep(wanted_assignments(own, "production").assignments)
    own = organisation(*BOTH, resources={"ml-workspace": (GROUP.partition("/resourceGroups")[0],)})
    with pytest.raises(ConfigurationError, match="is a subscription"):
        bicep(wanted_assignments(own, "production").assignments)
    assert "azurerm_role_assignment" in terraform(wanted_assignments(own, "production").assignments)


def test_what_somebody_activated_ends_by_itself() -> None:
    own = organisation(*BOTH)
    active = there(OWNER, OTHER, WORKSPACE, timing=Timing.TIME_BOUND, activated=True)
    found = planned(own, active, remove_unmanaged=True)
    assert not found.deletions
    assert [one.reason for one in found.kept] == ["somebody activated it, and it ends by itself"]
