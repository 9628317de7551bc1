"""Where Azure is, and as whom it is asked. Nothing here imports a client or opens a connection.

Everything has a default for the public cloud. Environment variables (docs/azure-live.md) choose another cloud, single
endpoints, a tenant and the kind of credential; secrets are never among the settings, they stay in the variables that
azure-identity defines.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from verdicts import ConfigurationError

CLOUDS = {
    "public": ("https://management.azure.com", "https://graph.microsoft.com", "https://login.microsoftonline.com"),
    "us-government": (
        "https://management.usgovcloudapi.net",
        "https://graph.microsoft.us",
        "https://login.microsoftonline.us",
    ),
    "china": (
        "https://management.chinacloudapi.cn",
        "https://microsoftgraph.chinacloudapi.cn",
        "https://login.chinacloudapi.cn",
    ),
}
"""Resource Manager, Microsoft Graph and authority of each cloud."""

_TENANT = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]{0,253}")


class CredentialKind(enum.Enum):
    """As whom Azure is asked; the values are those of MLGATE_AZURE_CREDENTIAL."""

    DEFAULT = "default"
    """What azure-identity finds: variables, workload identity, managed identity, the Azure CLI's account."""
    CLIENT_SECRET = "client-secret"  # noqa: S105 - the name of a kind
    """AZURE_CLIENT_ID and AZURE_CLIENT_SECRET."""
    WORKLOAD_IDENTITY = "workload-identity"
    """AZURE_CLIENT_ID and the token in AZURE_FEDERATED_TOKEN_FILE (OpenID Connect)."""
    MANAGED_IDENTITY = "managed-identity"
    """Of the machine; AZURE_CLIENT_ID for a user-assigned one."""
    CLI = "cli"
    """The account that `az login` signed in."""


@dataclass(frozen=True, slots=True)
class RetryLimits:
    """How often a request is sent, and how long is waited in between (seconds).

    Attributes:
        attempts: of one request, the first included.
        first_wait: before the second attempt where the service names no time; doubles with every further one.
        longest_wait: of a single wait, whatever the service asks for.
        total_wait: of all waits of one request.
    """

    attempts: int = 5
    first_wait: float = 0.5
    longest_wait: float = 30.0
    total_wait: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureSettings:
    """One way to Azure.

    Attributes:
        resource_manager, graph, authority: origins ("https://host", with a port if need be); no token goes elsewhere.
        tenant: id or domain; "" leaves it to the credential.
        client_id: application or user-assigned identity; not secret.
        ca: file with the certificates of the authorities that are trusted instead of the usual ones; None for those.
        instance_discovery: ask the public cloud whether the authority is one of its own; off for any other authority.
        proxy: use the proxy of HTTPS_PROXY (and what else `requests` reads from the environment).
    """

    resource_manager: str = CLOUDS["public"][0]
    graph: str = CLOUDS["public"][1]
    authority: str = CLOUDS["public"][2]
    tenant: str = ""
    credential: CredentialKind = CredentialKind.DEFAULT
    client_id: str = ""
    ca: Path | None = None
    instance_discovery: bool = True
    proxy: bool = False
    retries: RetryLimits = field(default=RetryLimits())
    connect_timeout: float = 5.0
    read_timeout: float = 60.0

    def __post_init__(self) -> None:
        for name in ("resource_manager", "graph", "authority"):
            object.__setattr__(self, name, origin(getattr(self, name), name.replace("_", " ")))
        if self.tenant and _TENANT.fullmatch(self.tenant) is None:
            raise ConfigurationError(
                f"{self.tenant!r} is no tenant", remedy="give the tenant's id or one of its domains"
            )
        if self.ca is not None and not self.ca.is_file():
            raise ConfigurationError("there is no such file of certificates", where=str(self.ca))


def origin(url: str, what: str) -> str:
    """Scheme, host and port of an endpoint. Raises ConfigurationError unless that is all that the text holds."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    plain = not (parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme.casefold() != "https" or not parts.hostname or not plain:
        raise ConfigurationError(
            f"the address of the {what} must look like https://host, it is {url!r}",
            remedy="tokens are sent there: only https, without path, query or user",
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"https://{host}" if port in (None, 443) else f"https://{host}:{port}"


def settings_from(environment: Mapping[str, str], *, tenant: str = "") -> AzureSettings:
    """The settings of the environment variables; `tenant`, if given, comes first.

    Raises:
        ConfigurationError: a variable has a value that can't be.
    """
    cloud = environment.get("MLGATE_AZURE_CLOUD", "") or "public"
    if cloud not in CLOUDS:
        raise ConfigurationError(f"MLGATE_AZURE_CLOUD is {cloud!r}", remedy=f"known: {', '.join(CLOUDS)}")
    kind = environment.get("MLGATE_AZURE_CREDENTIAL", "") or CredentialKind.DEFAULT.value
    if kind not in {one.value for one in CredentialKind}:
        known = ", ".join(one.value for one in CredentialKind)
        raise ConfigurationError(f"MLGATE_AZURE_CREDENTIAL is {kind!r}", remedy=f"known: {known}")
    manager, graph, authority = CLOUDS[cloud]
    own_authority = environment.get("MLGATE_AZURE_AUTHORITY", "")
    ca = environment.get("MLGATE_AZURE_CA", "")
    return AzureSettings(
        resource_manager=environment.get("MLGATE_AZURE_RESOURCE_MANAGER", "") or manager,
        graph=environment.get("MLGATE_AZURE_GRAPH", "") or graph,
        authority=own_authority or authority,
        tenant=tenant or environment.get("MLGATE_AZURE_TENANT", "") or environment.get("AZURE_TENANT_ID", ""),
        credential=CredentialKind(kind),
        client_id=environment.get("AZURE_CLIENT_ID", ""),
        ca=Path(ca) if ca else None,
        instance_discovery=not own_authority,
        proxy=environment.get("MLGATE_AZURE_PROXY", "") == "environment",
    )
