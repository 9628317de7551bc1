"""The connection to one tenant: Resource Manager and Microsoft Graph, each with a pipeline of our own."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from azure.core import PipelineClient
from azure.core.credentials import TokenCredential
from azure.core.rest import HttpRequest

from cloud_backends.azure.credentials import credential_of
from cloud_backends.azure.errors import AzureCallError, Failure, calling, refused
from cloud_backends.azure.pipeline import READ_BY_POST, PinnedTransport, json_object, list_page, policies
from cloud_backends.azure.settings import AzureSettings

MAXIMUM_PAGES = 100_000


class Connection:
    """Clients that share a credential, closed together.

    Attributes:
        settings: where it leads to.
        resource_manager: everything below `settings.resource_manager`.
        graph: everything below `settings.graph`.
    """

    def __init__(self, settings: AzureSettings, credential: TokenCredential | None = None) -> None:
        """`credential` stands for the one that the settings name.

        Raises:
            ConfigurationError: the credential needs something that isn't there.
        """
        _silence()
        self.settings = settings
        self.credential = credential if credential is not None else credential_of(settings)
        self.resource_manager = self._client(settings.resource_manager)
        self.graph = self._client(settings.graph)

    def _client(self, host: str) -> PipelineClient[Any, Any]:
        return PipelineClient(host, **self.client_options(host))

    def client_options(self, host: str) -> dict[str, Any]:
        """`policies` and `transport` for a client of an Azure package that talks to that host."""
        chain = policies(self.credential, host, self.settings.retries, _version())
        return {"policies": chain, "transport": PinnedTransport(host, self.settings)}

    @functools.cached_property
    def management_options(self) -> dict[str, Any]:
        """The arguments for a client of an azure-mgmt package. The clients share one transport: close none of them."""
        host = self.settings.resource_manager
        return {"credential": self.credential, "base_url": host, **self.client_options(host)}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends all connections."""
        self.resource_manager.close()
        self.graph.close()
        self.management_options["transport"].close()
        close = getattr(self.credential, "close", None)
        if close is not None:
            close()

    def ask(
        self,
        client: PipelineClient[Any, Any],
        method: str,
        path: str,
        what: str,
        *,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """The body of the answer to one request that only reads, whatever its method.

        Args:
            path: below the client's host, with its query; or a whole address of that host.
            what: what is tried, for messages ("reading the group's members").

        Raises:
            AzureCallError: there is no answer, or one other than 200.
        """
        host = self.settings.graph if client is self.graph else self.settings.resource_manager
        url = path if "://" in path else host + path
        where = url.split("?", 1)[0]
        with calling(what, where):
            request = HttpRequest(method, url, json=body, headers=dict(headers or {}))
            response = client.send_request(request, **(READ_BY_POST if method == "POST" else {}))
            if response.status_code == 200:
                return bytes(response.content)
        raise _refusal(response.status_code, bytes(response.content), what, where)

    def graph_list(
        self, path: str, what: str, *, headers: Mapping[str, str] | None = None
    ) -> tuple[list[dict[str, Any]], int]:
        """All entries of a list of Microsoft Graph, and how many there are by its own count (0 if it gives none).

        Raises:
            AzureCallError: a page is missing, or leads to one that was there already.
        """
        seen: set[str] = set()
        found: list[dict[str, Any]] = []
        count, url = 0, path
        while url:
            if url in seen or len(seen) >= MAXIMUM_PAGES:
                raise endless(what, self.settings.graph)
            seen.add(url)
            answer = json_object(self.ask(self.graph, "GET", url, what, headers=headers), self.settings.graph)
            entries, url = list_page(answer, "@odata.nextLink", self.settings.graph)
            found += entries
            told = answer.get("@odata.count")
            count = max(count, told) if isinstance(told, int) else count
        return found, count


def _refusal(status: int, data: bytes, what: str, where: str) -> AzureCallError:
    try:
        error = json_object(data, where).get("error")
    except AzureCallError:
        error = None
    code, message = (error.get("code"), error.get("message")) if isinstance(error, dict) else ("", "")
    return refused(status, str(code or ""), str(message or ""), what, where)


def endless(what: str, where: str) -> AzureCallError:
    """The error for pages that lead to one another."""
    return AzureCallError(f"{what}: the pages of the answer never end", failure=Failure.BAD_ANSWER, where=where)


def all_items(listed: Iterable[Any], what: str, where: str) -> list[Any]:
    """Everything that an operation of an azure-mgmt package lists, with the option `LISTED`.

    Raises:
        AzureCallError: a page is missing, or leads to one that was there already.
    """
    pager: Any = listed
    items: list[Any] = []
    seen: set[str] = set()
    with calling(what, where):
        pages = pager.by_page()
        for page in pages:
            items.extend(page)
            link = pages.continuation_token
            if link is not None and (link in seen or len(seen) >= MAXIMUM_PAGES):
                raise endless(what, where)
            seen.add(link or "")
    return items


def _version() -> str:
    import mlgate

    return mlgate.__version__


def _silence() -> None:
    """The clients' loggers quote answers of the service, which may quote secrets: nothing of theirs is shown."""
    for name in ("azure", "msal", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
