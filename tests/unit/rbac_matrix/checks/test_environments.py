"""A group of another environment stands for nobody here."""

from __future__ import annotations

import pytest

from rbac_matrix.estate.model import EstateResource
from rbac_matrix.organisation.model import Setup
from tests.fakes import rbac


@pytest.mark.parametrize(
    ("setups", "unknown"),
    [
        (frozenset(), False),
        (frozenset({("", "production")}), False),
        (frozenset({("", "Production"), ("", "development")}), False),
        (frozenset({("", "development")}), True),
    ],
)
def test_a_group_of_another_environment_is_unknown_here(setups: frozenset[tuple[str, str]], unknown: bool) -> None:
    own = rbac.organisation(rbac.principal("monitoring", setups=setups))
    found = rbac.rules(rbac.template(rbac.assignment("R", "monitoring")), own=own)
    assert ("MLG-RBAC-UNKNOWN-PRINCIPAL" in found) is unknown


def test_resources_that_may_belong_to_a_setup_are_told_of() -> None:
    setup = Setup(name="credit", environment="production", resources={}, location=rbac.HERE)
    workspace = "Microsoft.MachineLearningServices/workspaces"
    unplaced = EstateResource(
        id=f"/subscriptions/s/resourceGroups/{{resourceGroup().name}}/providers/{workspace}/w", type=workspace
    )
    one = rbac.template(resources=(unplaced,))
    told = "whose resource group nobody knows before the deployment"
    assert any(told in text for text in rbac.judged(one, own=rbac.organisation(setups=(setup,))).not_looked)
    assert not any(told in text for text in rbac.judged(one).not_looked)
