"""What a request passes on its way: our own chain, with no more in it than stands here.

The clients' default chain follows redirects to other hosts, registers resource providers by itself, waits as long as
the service asks for, and logs. Ours pins hosts at the last place before the wire, so that nothing in the chain can lead
a token elsewhere, sends again only what may be sent again, and only so often.
"""

from __future__ import annotations

import time
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import IncompleteReadError, ServiceRequestError, ServiceResponseError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import (
    BearerTokenCredentialPolicy,
    ContentDecodePolicy,
    HTTPPolicy,
    RequestIdPolicy,
    RetryPolicy,
    SansIOHTTPPolicy,
    UserAgentPolicy,
)
from azure.core.pipeline.transport import HttpTransport, RequestsTransport

from cloud_backends.azure.errors import AzureCallError, Failure, ForeignHostError
from cloud_backends.azure.settings import AzureSettings, RetryLimits, origin
from verdicts import ConfigurationError
from verdicts.documents import DocumentError, parse_json

LISTED: dict[str, Any] = {"mlgate_list": True}
"""Option of a call whose answer must be a list ({"value": [...], "nextLink"})."""
READ_BY_POST: dict[str, Any] = {"retry_on_methods": ["POST"]}
"""Option of a POST that changes nothing, so that it may be sent again like a GET."""

_AGAIN = frozenset({408, 429, 500, 502, 503, 504})


def check_host(url: str, pinned: str) -> None:
    """Raises ForeignHostError for an address of any host (or port, or without TLS) but the pinned one."""
    try:
        target = origin("/".join(url.split("/", 3)[:3]), "request")
    except ConfigurationError:
        target = ""
    if target != pinned:
        raise ForeignHostError(target or url, pinned)


class PinnedHost(SansIOHTTPPolicy[Any, Any]):
    """Refuses requests to another host before a token is asked for, or anything tried twice."""

    def __init__(self, pinned: str) -> None:
        self._pinned = pinned

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """See the base."""
        check_host(str(request.http_request.url), self._pinned)


class PinnedTransport(HttpTransport[Any, Any]):
    """Sends to one host only, whatever the policies before it made of the request."""

    def __init__(self, pinned: str, settings: AzureSettings) -> None:
        self._inner: HttpTransport[Any, Any] = RequestsTransport(
            connection_timeout=settings.connect_timeout,
            read_timeout=settings.read_timeout,
            connection_verify=str(settings.ca) if settings.ca is not None else True,
            use_env_settings=settings.proxy,
        )
        self._pinned = pinned

    def __exit__(self, *error: Any) -> None:
        self.close()

    def open(self) -> None:
        """See the base."""
        self._inner.open()

    def close(self) -> None:
        """See the base."""
        self._inner.close()

    def send(self, request: Any, **options: Any) -> Any:
        """See the base. Raises ForeignHostError before anything is sent."""
        check_host(str(request.url), self._pinned)
        return self._inner.send(request, **options)


class BoundedRetries(HTTPPolicy[Any, Any]):
    """Sends a request again, up to the limits.

    What may be repeated (GET, PUT, DELETE, a POST that only reads) goes again after an error of the connection and
    after 408, 429 and 5xx; any other POST and PATCH only where the service has surely done nothing: no connection, 429.
    """

    def __init__(self, limits: RetryLimits) -> None:
        super().__init__()
        self._limits = limits
        self._usual = RetryPolicy()

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """See the base."""
        limits, left = self._limits, self._limits.total_wait
        # Takes the options that callers may give out of the context, so that the transport doesn't see them.
        methods = self._usual.configure_retries(request.context.options)["methods"]
        repeatable = request.http_request.method.upper() in methods
        for attempt in range(1, limits.attempts + 1):
            wait = limits.first_wait * 2 ** (attempt - 1)
            try:
                response = self.next.send(request)
            except (ServiceRequestError, ServiceResponseError, IncompleteReadError) as error:
                unsent = isinstance(error, ServiceRequestError)
                if attempt == limits.attempts or not (repeatable or unsent):
                    raise
            else:
                status = response.http_response.status_code
                if attempt == limits.attempts or status not in (_AGAIN if repeatable else {429}):
                    return response
                asked = self._usual.get_retry_after(response)
                wait = wait if asked is None else asked
            wait = min(wait, limits.longest_wait)
            if wait > left:
                # Too much was waited for already: the last answer, or one more try without it.
                wait = 0.0
            left -= wait
            time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")


class ListAnswers(SansIOHTTPPolicy[Any, Any]):
    """Holds the answer of a call with the option `LISTED` against the shape of a list, before any model sees it.

    The models take `{}`, `{"value": {}}` and other things for an empty list, or fail in ways of their own.
    """

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """See the base."""
        request.context["mlgate_list"] = bool(request.context.options.pop("mlgate_list", False))

    def on_response(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:
        """See the base."""
        if request.context.get("mlgate_list") and response.http_response.status_code == 200:
            answer = response.http_response
            data = answer.body() if hasattr(answer, "body") else answer.content
            where = str(request.http_request.url).split("?", 1)[0]
            list_page(json_object(data, where), "nextLink", where)


def json_object(data: bytes, where: str) -> dict[str, Any]:
    """The object that an answer must be. Raises AzureCallError."""
    try:
        content = parse_json(data)
    except DocumentError as error:
        told = "is empty" if not data.strip() else f"is not JSON ({error})"
        raise AzureCallError(f"the answer {told}", failure=Failure.BAD_ANSWER, where=where) from None
    if not isinstance(content, dict):
        raise AzureCallError("the answer is no JSON object", failure=Failure.BAD_ANSWER, where=where)
    return content


def list_page(content: dict[str, Any], link: str, where: str) -> tuple[list[dict[str, Any]], str]:
    """The entries of a page, and the address of the next one or "". Raises AzureCallError."""
    entries, following = content.get("value"), content.get(link)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise AzureCallError("the answer is not a list", failure=Failure.BAD_ANSWER, where=where)
    if following is not None and not isinstance(following, str):
        raise AzureCallError(f"the answer's {link} is no address", failure=Failure.BAD_ANSWER, where=where)
    return entries, following or ""


def sign_in_policies(limits: RetryLimits) -> list[Any]:
    """The chain for requests of tokens."""
    return [ContentDecodePolicy(), BoundedRetries(limits)]


def policies(credential: TokenCredential, audience: str, limits: RetryLimits, version: str) -> list[Any]:
    """The whole chain for requests to one host, the token's audience; outermost first."""
    return [
        PinnedHost(audience),
        RequestIdPolicy(),
        UserAgentPolicy(base_user_agent=f"mlgate/{version}"),
        ListAnswers(),
        ContentDecodePolicy(),
        BoundedRetries(limits),
        BearerTokenCredentialPolicy(credential, f"{audience}/.default"),
    ]
