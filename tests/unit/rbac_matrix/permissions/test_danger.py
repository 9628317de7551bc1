"""How bad actions are; and that the data says what it means."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rbac_matrix.permissions import danger, effects
from rbac_matrix.permissions.catalogue import RoleCatalogue, actions_within
from rbac_matrix.permissions.danger import danger_of, dangerous_patterns, reason_of
from rbac_matrix.permissions.effects import generic_providers, reaches
from rbac_matrix.permissions.interface import Danger
from rbac_matrix.permissions.patterns import covers, fold, overlaps
from verdicts import ConfigurationError

ML = "Microsoft.MachineLearningServices/workspaces"


@pytest.mark.parametrize(
    ("action", "data", "expected"),
    [
        ("Microsoft.Authorization/roleAssignments/write", False, Danger.GRANTS),
        ("microsoft.authorization/elevateaccess/ACTION", False, Danger.GRANTS),
        ("Microsoft.Authorization/locks/delete", False, Danger.GRANTS),
        ("Microsoft.KeyVault/vaults/secrets/getSecret/action", True, Danger.SECRETS),
        ("Microsoft.KeyVault/vaults/secrets/readMetadata/action", True, Danger.CHANGES),
        ("Microsoft.KeyVault/vaults/keys/read", True, Danger.READS),
        ("Microsoft.KeyVault/vaults/secrets/purge/action", True, Danger.DELETES),
        (f"{ML}/listKeys/action", False, Danger.SECRETS),
        (f"{ML}/connections/listsecrets/action", False, Danger.SECRETS),
        ("Microsoft.ContainerRegistry/registries/listCredentials/action", False, Danger.SECRETS),
        ("Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action", False, Danger.SECRETS),
        ("Microsoft.Storage/storageAccounts/listKeys/action", False, Danger.SECRETS),
        ("Contoso.Own/things/listKeys/action", False, Danger.SECRETS),
        ("Contoso.Own/things/delete", False, Danger.DELETES),
        ("Microsoft.KeyVault/locations/deletedVaults/purge/action", False, Danger.DELETES),
        (f"{ML}/onlineEndpoints/write", False, Danger.RUNS),
        (f"{ML}/onlineEndpoints/deployments/write", False, Danger.RUNS),
        (f"{ML}/batchEndpoints/write", False, Danger.RUNS),
        (f"{ML}/jobs/write", False, Danger.RUNS),
        (f"{ML}/computes/write", False, Danger.RUNS),
        ("Microsoft.Compute/virtualMachines/runCommand/action", False, Danger.RUNS),
        ("Contoso.Own/things/write", False, Danger.CHANGES),
        ("Contoso.Own/things/restart/action", True, Danger.CHANGES),
        ("Contoso.Own/things/NetworkAPIAccess", True, Danger.CHANGES),
        ("Contoso.Own/things/read", False, Danger.READS),
        ("*", False, Danger.GRANTS),
        ("Microsoft.Authorization/*/write", False, Danger.GRANTS),
        ("Microsoft.Authorization/*/read", False, Danger.READS),
        ("*/action", False, Danger.GRANTS),
        ("*/delete", False, Danger.GRANTS),
        ("*/read", False, Danger.READS),
        ("*", True, Danger.GRANTS),
        ("Microsoft.KeyVault/vaults/*", True, Danger.SECRETS),
        ("Microsoft.KeyVault/vaults/*/read", True, Danger.READS),
        (f"{ML}/*", False, Danger.SECRETS),
        (f"{ML}/*/write", False, Danger.RUNS),
        (f"{ML}/computes/*", False, Danger.SECRETS),
        ("Microsoft.AlertsManagement/alerts/*", False, Danger.DELETES),
        ("Microsoft.OperationalInsights/workspaces/sharedKeys/read", False, Danger.SECRETS),
        ("Microsoft.OperationalInsights/workspaces/*/read", False, Danger.SECRETS),
    ],
)
def test_an_action_is_as_bad_as_the_worst_that_it_can_stand_for(action: str, data: bool, expected: Danger) -> None:
    assert danger_of(action, data=data) is expected
    assert (reason_of(action, data=data) != "") == (expected is not Danger.READS and not action.endswith("Access"))


def test_a_pattern_is_as_bad_as_any_known_action_within_it() -> None:
    patterns = {
        (pattern, data)
        for role in RoleCatalogue.built_in()
        for block in role.permissions.blocks
        for data, patterns in ((False, block.actions), (True, block.data_actions))
        for pattern in patterns
        if "*" in pattern and pattern != "*/read"
    }
    assert len(patterns) > 900
    for pattern, data in patterns:
        worst = max((danger_of(one, data=data) for one in actions_within(fold(pattern), data)), default=Danger.READS)
        assert danger_of(pattern, data=data) >= worst, pattern


@pytest.mark.parametrize("data", [False, True])
def test_the_data_is_in_order_and_has_each_pattern_once_per_danger(data: bool) -> None:
    found = dangerous_patterns(data)
    assert [one.danger for one in found] == sorted((one.danger for one in found), reverse=True)
    assert len({(one.pattern, one.danger) for one in found}) == len(found) > 60
    assert all(one.reason.endswith(".") for one in found)
    assert {one.danger for one in found} == set(Danger) - {Danger.READS}


def test_no_line_of_the_data_is_swallowed_by_a_worse_one() -> None:
    for data in (False, True):
        lines = danger._lines(data)
        for one in lines:
            worse = [other for other in lines if other.danger > one.danger and covers(other.pattern, one.pattern)]
            assert not worse, (one.written, worse)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("schema: wrong\ndangers: []\n", r"dangers.yml:1: .*'schema' must be"),
        (
            "schema: mlgate/rbac-dangerous-actions/v1\ndangers:\n  - {danger: bad, reason: r}\n",
            r"dangers.yml:3: .*no danger",
        ),
        (
            "schema: mlgate/rbac-dangerous-actions/v1\ndangers:\n  - {danger: runs, reason: r, act: []}\n",
            r"dangers.yml:3",
        ),
    ],
)
def test_wrong_data_is_refused_with_its_line(
    content: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "dangers.yml"
    path.write_text(content)
    monkeypatch.setattr(danger, "DATA", path)
    with pytest.raises(ConfigurationError, match=message):
        danger._read.__wrapped__()


@pytest.mark.parametrize(
    ("pattern", "resource_type", "expected"),
    [
        ("Microsoft.KeyVault/vaults/read", "Microsoft.KeyVault/vaults", True),
        ("microsoft.keyvault/VAULTS/secrets/getSecret/action", "Microsoft.KeyVault/vaults", True),
        ("Microsoft.KeyVault/*", "Microsoft.KeyVault/vaults", True),
        ("Microsoft.KeyVault/*/read", "Microsoft.KeyVault/vaults", True),
        ("Microsoft.KeyVault/locations/*/read", "Microsoft.KeyVault/vaults", False),
        ("Microsoft.KeyVault/vaultsOfAnother/read", "Microsoft.KeyVault/vaults", False),
        ("Microsoft.Storage/storageAccounts/listKeys/action", "Microsoft.KeyVault/vaults", False),
        ("Microsoft.Storage/*", "Microsoft.KeyVault/vaults", False),
        ("*/read", "Microsoft.KeyVault/vaults", True),
        ("*", "Contoso.Own/things", True),
        ("Microsoft.*/read", "Contoso.Own/things", True),
        ("Microsoft.Authorization/locks/delete", "Microsoft.KeyVault/vaults", True),
        ("Microsoft.Insights/diagnosticSettings/write", "Microsoft.KeyVault/vaults", True),
        ("Microsoft.Resources/deployments/*", "Microsoft.KeyVault/vaults", True),
        ("Microsoft.EventGrid/eventSubscriptions/write", "Microsoft.Storage/storageAccounts", True),
        ("Microsoft.Support/*", "Microsoft.KeyVault/vaults", False),
        (f"{ML}/write", f"{ML}/onlineEndpoints", False),
        (f"{ML}/*", f"{ML}/onlineEndpoints", True),
        ("Microsoft.Storage/storageAccounts/read", "", True),
    ],
)
def test_an_action_reaches_resources_of_its_own_type_and_below(
    pattern: str, resource_type: str, expected: bool
) -> None:
    assert reaches(pattern, resource_type) is expected


@given(st.text("abc/*", max_size=8), st.sampled_from(["a/b", "a/b/c", "b/c"]))
def test_whatever_could_be_an_action_of_the_type_reaches_it(pattern: str, resource_type: str) -> None:
    assert reaches(pattern, resource_type) >= overlaps(fold(pattern), f"{resource_type}/*")


def test_generic_providers_have_reasons_and_are_read_with_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert all(generic_providers().values())
    assert {"microsoft.authorization", "microsoft.insights", "microsoft.resources"} <= set(generic_providers())
    path = tmp_path / "generic.yml"
    path.write_text("schema: no\nproviders: []\n")
    monkeypatch.setattr(effects, "DATA", path)
    with pytest.raises(ConfigurationError, match=r"generic.yml:1: .*'schema' must be"):
        generic_providers.__wrapped__()
