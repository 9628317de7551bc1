"""What `mlgate rbac explain` says is the worst of a role: something that exists, is permitted, and counts there."""

from __future__ import annotations

import pytest

from rbac_matrix.estate.explaining import perils
from rbac_matrix.permissions.catalogue import RoleCatalogue
from rbac_matrix.permissions.comparison import permits
from rbac_matrix.permissions.effects import has_effect
from rbac_matrix.permissions.interface import Danger

REGISTRY = "Microsoft.ContainerRegistry/registries"


def worst(role: str, resource_type: str = "") -> dict[str, Danger]:
    known = RoleCatalogue.built_in().with_name(role)
    assert known is not None
    return {one.action: one.danger for one in perils(known.permissions, resource_type)}


def test_every_action_is_permitted_and_has_an_effect() -> None:
    for role in RoleCatalogue.built_in():
        for resource_type in ("", REGISTRY):
            for one in perils(role.permissions, resource_type):
                # A pattern stands there only where all of it is permitted, so one example of it has to be.
                action = one.action.replace("*", "Contoso.Web/sites")
                assert permits(role.permissions, action, data=one.data), (role.name, one.action)
                assert has_effect(one.action, resource_type), (role.name, one.action)


def test_who_may_close_tickets_can_not_delete_everything() -> None:
    assert "*/delete" not in worst("Monitoring Reader")
    assert worst("Contributor", REGISTRY)["*/delete"] is Danger.DELETES


def test_reading_a_registry_is_no_secret_of_another_service() -> None:
    assert Danger.SECRETS in worst("Reader").values()
    assert not worst("Reader", REGISTRY)


@pytest.mark.parametrize("role", ["Owner", "User Access Administrator"])
def test_who_gives_roles_is_told_so_on_each_type(role: str) -> None:
    assert worst(role, REGISTRY)["Microsoft.Authorization/roleAssignments/write"] is Danger.GRANTS
