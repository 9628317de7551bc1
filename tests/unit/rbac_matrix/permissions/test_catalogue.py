"""The built-in roles as they ship, and those of an organisation beside them."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from rbac_matrix.permissions.catalogue import DATA, RoleCatalogue, actions_within
from rbac_matrix.permissions.interface import PermissionBlock, Permissions, RoleDefinition

ROOT = Path(__file__).resolve().parents[4]
SHARED = Path("/work/shared/data/azure-built-in-roles.json")
with_shared = pytest.mark.skipif(not SHARED.is_file(), reason="the shared folder is not here")

READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
OWN = "00000000-0000-4000-8000-000000000001"


def role(name: str, *actions: str, role_id: str = OWN, built_in: bool = False, unknown: str = "") -> RoleDefinition:
    permissions = Permissions((PermissionBlock(actions=actions),))
    return RoleDefinition(id=role_id, name=name, permissions=permissions, built_in=built_in, unknown=unknown)


def shared_roles() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(SHARED.read_bytes())
    return found


def builder() -> ModuleType:
    specification = importlib.util.spec_from_file_location("build_roles", ROOT / "locks" / "build_roles.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.shared
@with_shared
def test_what_ships_is_the_shared_data_role_by_role() -> None:
    catalogue = RoleCatalogue.built_in()
    roles = shared_roles()
    assert len(roles) == len(catalogue) == 928
    for expected in roles:
        found = catalogue.with_id(expected["name"].upper())
        assert found is not None
        assert (found.id, found.name, found.built_in) == (expected["name"].lower(), expected["roleName"], True)
        assert list(found.assignable_scopes) == expected["assignableScopes"]
        assert found.unknown == ""
        assert [
            {
                "actions": list(block.actions),
                "notActions": list(block.not_actions),
                "dataActions": list(block.data_actions),
                "notDataActions": list(block.not_data_actions),
                "condition": block.condition or None,
            }
            for block in found.permissions.blocks
        ] == [
            {key: value for key, value in block.items() if key != "conditionVersion"}
            for block in expected["permissions"]
        ]
        assert catalogue.with_name(expected["roleName"].upper()) == found


@pytest.mark.shared
@with_shared
def test_the_table_is_made_anew_byte_by_byte_whatever_the_order_of_the_roles() -> None:
    assert builder().table_bytes(reversed(shared_roles())) == DATA.read_bytes()


def test_the_readers_know_the_same_roles_by_name() -> None:
    names = json.loads((ROOT / "resource_readers" / "terraform" / "data" / "built-in-roles.json").read_bytes())
    assert names == {definition.name.lower(): definition.id for definition in RoleCatalogue.built_in()}


def test_the_generator_refuses_a_role_that_is_none_of_microsofts() -> None:
    with pytest.raises(SystemExit, match="Mine is no built-in role"):
        builder().table_bytes(
            [{"name": OWN, "roleName": "Mine", "roleType": "CustomRole", "assignableScopes": ["/"], "permissions": []}]
        )


def test_importing_the_catalogue_reads_nothing() -> None:
    code = (
        "import builtins, io, pathlib, sys; before = pathlib.Path.read_bytes\n"
        "def refuse(self): raise SystemExit(f'read {self}')\n"
        "pathlib.Path.read_bytes = refuse\n"
        "from rbac_matrix.permissions import catalogue, comparison, effects\n"
        "assert 'yaml' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=60)


def test_a_role_is_found_by_its_guid_whatever_stands_before_it() -> None:
    catalogue = RoleCatalogue.built_in()
    reader = catalogue.with_id(READER)
    assert reader is not None
    assert reader.name == "Reader"
    provider = "providers/Microsoft.Authorization/roleDefinitions"
    assert catalogue.with_id(f"/{provider}/{READER.upper()}") is reader
    assert catalogue.with_id(f"/subscriptions/x/{provider}/{READER}") is reader


@pytest.mark.parametrize("wrong", ["", "/", READER[:-1], f"{READER}/", "Reader"])
def test_what_is_no_known_role_is_none(wrong: str) -> None:
    assert RoleCatalogue.built_in().with_id(wrong) is None
    assert RoleCatalogue.built_in().with_name("Reeder") is None


def test_roles_of_an_organisation_are_found_by_id_and_name() -> None:
    own, nameless = role("Mine", "a/read"), role("Without id", "b/read", role_id="")
    catalogue = RoleCatalogue.built_in().with_custom([own, nameless])
    assert catalogue.with_id(OWN.upper()) == own
    assert catalogue.with_name("MINE") == own
    assert catalogue.with_name("without ID") == nameless
    assert catalogue.with_id("") is None
    assert len(catalogue) == len(list(catalogue)) == 930
    assert RoleCatalogue.built_in().with_id(OWN) is None


def test_nobody_takes_the_place_of_a_built_in_role() -> None:
    catalogue = RoleCatalogue.built_in().with_custom([role("Reader", "*", role_id=READER)])
    found = catalogue.with_id(READER)
    assert found is not None
    assert found.permissions == Permissions((PermissionBlock(actions=("*/read",)),))
    assert found.unknown != ""


def test_an_estates_own_copy_of_a_built_in_role_is_the_fresher_one() -> None:
    fresh = role("Reader", "*/read", "*/list", role_id=READER, built_in=True)
    catalogue = RoleCatalogue.built_in().with_custom([fresh])
    assert catalogue.with_id(READER) == fresh
    assert catalogue.with_name("reader") == fresh
    assert len(catalogue) == 928


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_definitions_that_differ_none_is_believed(turned: bool) -> None:
    both = [role("Mine", "a/read"), role("Mine", "*")]
    found = RoleCatalogue.built_in().with_custom(both[::-1] if turned else both).with_id(OWN)
    assert found is not None
    assert found.unknown == "two definitions with this id permit different things"


def test_the_same_definition_twice_is_one_and_what_is_not_known_of_it_stays_said() -> None:
    catalogue = RoleCatalogue.built_in().with_custom([role("Mine", "a/read"), role("Mine", "a/read")])
    assert catalogue.with_id(OWN) == role("Mine", "a/read")
    catalogue = catalogue.with_custom([role("Mine", "a/read", unknown="a parameter")])
    found = catalogue.with_custom([role("Mine", "a/read")]).with_id(OWN)
    assert found is not None
    assert found.unknown == "a parameter"


def test_a_name_that_several_roles_have_is_no_answer() -> None:
    other = "00000000-0000-4000-8000-000000000002"
    catalogue = RoleCatalogue.built_in().with_custom([role("Mine", "a"), role("mine", "b", role_id=other)])
    assert catalogue.with_name("Mine") is None
    assert RoleCatalogue.built_in().with_custom([role("Reader", "*")]).with_name("Reader") is None


def test_known_actions_lie_within_the_pattern_that_was_asked_for() -> None:
    found = list(actions_within("microsoft.keyvault/vaults/secrets/*", data=True))
    assert "Microsoft.KeyVault/vaults/secrets/getSecret/action" in found
    assert all(one.casefold().startswith("microsoft.keyvault/vaults/secrets/") for one in found)
    assert not list(actions_within("microsoft.keyvault/vaults/secrets/getsecret/action", data=False))
    assert len(list(actions_within("*", data=False))) > 3000
