"""Settings, credentials, the extra, and the way of the command line to Azure."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.wiring import live_estate, live_role_assignments
from cloud_backends.azure import require_clients
from cloud_backends.azure.connection import Connection
from cloud_backends.azure.credentials import credential_of
from cloud_backends.azure.estate import read_estate
from cloud_backends.azure.settings import CLOUDS, AzureSettings, CredentialKind, origin, settings_from
from deploy_gate.role_ports import Change, RoleGrant
from tests.fakes.azure import shapes
from tests.fakes.azure.cloud import Cloud
from tests.fakes.azure.estates import of_everything
from tests.fakes.azure.shapes import GROUP_ID, READER, SUBSCRIPTION
from verdicts import ConfigurationError


def test_without_variables_it_is_the_public_cloud() -> None:
    settings = settings_from({})
    assert (settings.resource_manager, settings.graph, settings.authority) == CLOUDS["public"]
    assert settings.credential is CredentialKind.DEFAULT
    assert settings.instance_discovery
    assert not settings.proxy


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_cloud_is_three_addresses(cloud: str) -> None:
    settings = settings_from({"MLGATE_AZURE_CLOUD": cloud})
    assert (settings.resource_manager, settings.graph, settings.authority) == CLOUDS[cloud]


@pytest.mark.parametrize(
    "variables",
    [
        {"MLGATE_AZURE_CLOUD": "moon"},
        {"MLGATE_AZURE_CREDENTIAL": "password"},
        {"MLGATE_AZURE_GRAPH": "http://graph.example"},
        {"MLGATE_AZURE_GRAPH": "https://graph.example/v1.0"},
        {"MLGATE_AZURE_RESOURCE_MANAGER": "https://user@manager.example"},
        {"MLGATE_AZURE_RESOURCE_MANAGER": "manager.example"},
        {"MLGATE_AZURE_AUTHORITY": "https://"},
        {"MLGATE_AZURE_AUTHORITY": "https://[::1"},
        {"MLGATE_AZURE_AUTHORITY": "https://login.example:99999"},
        {"MLGATE_AZURE_TENANT": "../common"},
        {"MLGATE_AZURE_CA": "/nonexistent/ca.pem"},
    ],
)
def test_a_wrong_variable_is_said(variables: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        settings_from(variables)


def test_addresses_are_written_in_one_way() -> None:
    assert origin("HTTPS://Manager.Example:443/", "x") == "https://manager.example"
    assert origin("https://[::1]:8443", "x") == "https://[::1]:8443"


@pytest.mark.parametrize("kind", [CredentialKind.CLIENT_SECRET, CredentialKind.WORKLOAD_IDENTITY])
def test_a_credential_says_what_it_lacks(kind: CredentialKind, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE"):
        monkeypatch.delenv(variable, raising=False)
    for settings in (
        AzureSettings(credential=kind),
        AzureSettings(credential=kind, tenant="t"),
        AzureSettings(credential=kind, tenant="t", client_id="c"),
    ):
        with pytest.raises(ConfigurationError, match="needs"):
            credential_of(settings)


@pytest.mark.parametrize("kind", [CredentialKind.DEFAULT, CredentialKind.MANAGED_IDENTITY, CredentialKind.CLI])
def test_other_credentials_are_made_without_asking_anybody(kind: CredentialKind) -> None:
    assert credential_of(AzureSettings(credential=kind, tenant="ml.example", client_id="c")) is not None


def test_the_default_credential_asks_for_tokens_of_the_tenant(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    credential: Any = credential_of(AzureSettings(tenant="ml.example"))
    monkeypatch.setattr(credential._inner, "get_token", lambda *scopes, **options: asked.append((scopes, options)))
    credential.get_token("x/.default")
    assert asked == [(("x/.default",), {"tenant_id": "ml.example"})]


def test_a_workload_identity_signs_in_with_its_token(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tmp_path / "token"
    token.write_text("a-token-of-the-build-server")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(token))
    with Connection(cloud.settings(credential=CredentialKind.WORKLOAD_IDENTITY)) as connection:
        estate = read_estate(connection, [SUBSCRIPTION])
    sent = cloud.server.asked_for("/oauth2/v2.0/token", "POST")
    assert all(b"client_assertion=a-token-of-the-build-server" in one.body for one in sent)
    assert all("a-token-of" not in gap.detail for gap in estate.gaps)


def test_a_server_without_a_trusted_certificate_gets_nothing(cloud: Cloud) -> None:
    with cloud.connected(ca=None) as connection:
        estate = read_estate(connection, [SUBSCRIPTION])
    assert cloud.server.asked == []
    assert any("certificate" in gap.detail or "token" in gap.detail for gap in estate.gaps)
    assert not estate.whole


def test_proxies_of_the_environment_are_not_used_unasked(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    of_everything(cloud.azure)
    with cloud.connected() as connection:
        assert read_estate(connection, [SUBSCRIPTION]).gaps == ()
    with cloud.connected(proxy=True) as connection:
        assert not read_estate(connection, [SUBSCRIPTION]).whole


def test_a_host_that_does_not_answer_is_a_gap_for_every_part(cloud: Cloud) -> None:
    with cloud.connected(resource_manager="https://127.0.0.1:9", graph="https://127.0.0.1:9") as connection:
        estate = read_estate(connection, [SUBSCRIPTION], also=[shapes.guid(1)])
    assert {gap.part for gap in estate.gaps} == estate.covers
    assert all("no connection" in gap.detail for gap in estate.gaps)


def test_the_variables_lead_the_command_line_to_an_estate(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    of_everything(cloud.azure)
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    estate = live_estate([SUBSCRIPTION], also=[shapes.group(1)["id"]])
    assert estate.whole
    assert len(estate.assignments) == 6
    grant = RoleGrant(scope=GROUP_ID, role_id=READER, principal_id=shapes.user(3)["id"], principal_type="User")
    with live_role_assignments() as roles:
        assert roles.create_assignment(grant) is Change.DONE
    assert len(cloud.azure.assignments) == 5


def test_without_the_extra_one_line_says_what_to_install() -> None:
    program = (
        "import sys\n"
        "class Gone:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('azure', 'msal', 'requests'):\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Gone())\n"
        "import cli.wiring, cloud_backends.azure.settings, deploy_gate.role_ports\n"
        "from verdicts import ConfigurationError\n"
        "try:\n"
        "    cli.wiring.live_estate(['x'])\n"
        "except ConfigurationError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "mlgate[azure]" in done.stdout
    assert len(done.stdout.splitlines()) == 1


def test_with_the_extra_nothing_is_said() -> None:
    require_clients()
