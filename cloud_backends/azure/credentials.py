"""As whom Azure is asked."""

from __future__ import annotations

import os
from typing import Any, assert_never

from azure.core.credentials import AccessToken, TokenCredential

from cloud_backends.azure.pipeline import PinnedTransport, sign_in_policies
from cloud_backends.azure.settings import AzureSettings, CredentialKind
from verdicts import ConfigurationError


def credential_of(settings: AzureSettings) -> TokenCredential:
    """The credential that the settings name. Secrets come from the variables that azure-identity defines.

    Raises:
        ConfigurationError: something that this kind needs isn't there.
    """
    import azure.identity as identity

    kind = settings.credential
    match kind:
        case CredentialKind.DEFAULT:
            # It tries several ways, machine identities on other hosts among them: nothing to pin.
            found = identity.DefaultAzureCredential(
                authority=settings.authority,
                disable_instance_discovery=not settings.instance_discovery,
                exclude_interactive_browser_credential=True,
                exclude_broker_credential=True,
                exclude_shared_token_cache_credential=True,
                exclude_visual_studio_code_credential=True,
                additionally_allowed_tenants=[settings.tenant] if settings.tenant else [],
            )
            return _OfTenant(found, settings.tenant) if settings.tenant else found
        case CredentialKind.CLIENT_SECRET:
            return identity.ClientSecretCredential(
                _needed(settings.tenant, "a tenant", "MLGATE_AZURE_TENANT or AZURE_TENANT_ID"),
                _needed(settings.client_id, "an application", "AZURE_CLIENT_ID"),
                _needed(os.environ.get("AZURE_CLIENT_SECRET", ""), "a secret", "AZURE_CLIENT_SECRET"),
                **_pinned(settings),
            )
        case CredentialKind.WORKLOAD_IDENTITY:
            token_file = os.environ.get("AZURE_FEDERATED_TOKEN_FILE", "")
            return identity.WorkloadIdentityCredential(
                tenant_id=_needed(settings.tenant, "a tenant", "MLGATE_AZURE_TENANT or AZURE_TENANT_ID"),
                client_id=_needed(settings.client_id, "an application", "AZURE_CLIENT_ID"),
                token_file_path=_needed(token_file, "a token file", "AZURE_FEDERATED_TOKEN_FILE"),
                **_pinned(settings),
            )
        case CredentialKind.MANAGED_IDENTITY:
            return identity.ManagedIdentityCredential(client_id=settings.client_id or None)
        case CredentialKind.CLI:
            return identity.AzureCliCredential(tenant_id=settings.tenant)
    assert_never(kind)


class _OfTenant:
    """A credential that asks for tokens of one tenant, whichever its account belongs to."""

    def __init__(self, inner: Any, tenant: str) -> None:
        self._inner = inner
        self._tenant = tenant

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """See azure.core.credentials.TokenCredential."""
        token: AccessToken = self._inner.get_token(*scopes, **{"tenant_id": self._tenant, **options})
        return token

    def close(self) -> None:
        """Ends its connections."""
        self._inner.close()


def _pinned(settings: AzureSettings) -> dict[str, Any]:
    """The secret goes to the authority alone, with our time-outs and bounds."""
    return {
        "authority": settings.authority,
        "disable_instance_discovery": not settings.instance_discovery,
        "transport": PinnedTransport(settings.authority, settings),
        "policies": sign_in_policies(settings.retries),
    }


def _needed(value: str, what: str, variable: str) -> str:
    if not value:
        raise ConfigurationError(f"this kind of credential needs {what}", remedy=f"set {variable}")
    return value
