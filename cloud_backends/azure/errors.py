"""What goes wrong between us and Azure, as errors of ours.

A foreign exception never leaves this package: its text may hold tokens, secrets or whole answers.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from contextlib import contextmanager

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    IncompleteReadError,
    ServiceRequestError,
    ServiceResponseError,
)

from verdicts import CouldNotCheckError, MlgateError
from verdicts.text import one_line

# Beside what `verdicts.text` removes from every message.
_SECRETS = re.compile(
    r"(?i)(?:client_secret|client_assertion|access_token|refresh_token)[\"']?\s*[=:]\s*[\"']?[^\s\"'&,]+"
)
_ENTRA_CODE = re.compile(r"AADSTS\d+")
_SHOWN = 300


class Failure(enum.Enum):
    """What kind of error it is."""

    SIGN_IN = "sign-in"
    REFUSED = "refused"
    ABSENT = "absent"
    CONFLICT = "conflict"
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    BAD_ANSWER = "bad answer"
    FAILED = "failed"


_REMEDIES = {
    Failure.SIGN_IN: "sign in (`az login`), or check the credential that MLGATE_AZURE_CREDENTIAL names",
    Failure.REFUSED: "give the identity the rights that docs/azure-live.md names",
    Failure.ABSENT: "check the id, the tenant and the cloud",
    Failure.CONFLICT: "look at what stands there now, and try again",
    Failure.THROTTLED: "wait some minutes and try again; the service refuses more requests for now",
    Failure.UNREACHABLE: "check network, proxy (MLGATE_AZURE_PROXY) and certificates (MLGATE_AZURE_CA)",
    Failure.BAD_ANSWER: "try again; if it stays, something between here and Azure changes the answers",
    Failure.FAILED: "try again; if it stays, look at the service's health",
}


class AzureCallError(CouldNotCheckError):
    """A call that gave no answer, or none that can be trusted.

    Attributes:
        failure: see Failure.
        code: the service's own error code ("AuthorizationFailed"); "" if there is none.
    """

    def __init__(self, what: str, *, failure: Failure, where: str, code: str = "") -> None:
        super().__init__(what, where=where, remedy=_REMEDIES[failure])
        self.failure = failure
        self.code = code

    @property
    def ends_all(self) -> bool:
        """The next request to the same service would fare no better, so that none should be sent."""
        return self.failure in (Failure.SIGN_IN, Failure.THROTTLED, Failure.UNREACHABLE)


class ForeignHostError(AzureCallError):
    """A request was about to go to a host that is none of ours."""

    def __init__(self, host: str, where: str) -> None:
        super().__init__(
            f"the answer leads to another host ({one_line(host, maximum=100)}); nothing was sent there",
            failure=Failure.BAD_ANSWER,
            where=where,
        )


def without_secrets(text: str) -> str:
    """One line, shortened, without anything that looks like a token or secret."""
    return one_line(_SECRETS.sub("[removed]", text), maximum=_SHOWN)


def failure_of(status: int | None, code: str) -> Failure:
    """What kind of failure an HTTP status is."""
    by_status = {
        401: Failure.SIGN_IN,
        403: Failure.REFUSED,
        404: Failure.ABSENT,
        409: Failure.CONFLICT,
        429: Failure.THROTTLED,
    }
    if code.casefold() in ("authorizationfailed", "authorization_requestdenied"):
        return Failure.REFUSED
    return by_status.get(status or 0, Failure.FAILED)


def refused(status: int, code: str, message: str, what: str, where: str) -> AzureCallError:
    """The error for an answer with another HTTP status than was asked for."""
    if 300 <= status < 400:
        detail = f"answered with a redirect ({status}), which is not followed"
        return AzureCallError(f"{what}: {detail}", failure=Failure.BAD_ANSWER, where=where)
    told = ": ".join(part for part in (without_secrets(code), without_secrets(message)) if part)
    detail = f"HTTP {status}" + (f", {told}" if told else "")
    return AzureCallError(f"{what}: {detail}", failure=failure_of(status, code), where=where, code=code)


def converted(error: Exception, what: str, where: str) -> AzureCallError:
    """Our error for a foreign one. `what` says what was tried ("reading role assignments")."""
    match error:
        case ClientAuthenticationError() if error.status_code in (None, 400, 401):
            found = _ENTRA_CODE.search(str(error))
            told = f" ({found.group()})" if found else ""
            return AzureCallError(f"{what}: no token was given{told}", failure=Failure.SIGN_IN, where=where)
        case ServiceRequestError():
            return AzureCallError(f"{what}: no connection{_reason(error)}", failure=Failure.UNREACHABLE, where=where)
        case ServiceResponseError() | IncompleteReadError():
            detail = "the connection ended before the whole answer was there, or took too long"
            return AzureCallError(f"{what}: {detail}", failure=Failure.UNREACHABLE, where=where)
        case DecodeError():
            return AzureCallError(f"{what}: the answer is not JSON", failure=Failure.BAD_ANSWER, where=where)
        case HttpResponseError(status_code=int() as status):
            code = error.error.code if error.error is not None else ""
            message = error.error.message if error.error is not None else ""
            return refused(status, code or "", message or "", what, where)
        case AzureError():
            # azure-identity has errors of its own (CredentialUnavailableError); their texts tell about files and hosts.
            return AzureCallError(f"{what}: {type(error).__name__}", failure=Failure.FAILED, where=where)
        case _:
            # The clients' models raise what they like where an answer has another shape than they expect.
            detail = f"the answer can't be understood ({type(error).__name__})"
            return AzureCallError(f"{what}: {detail}", failure=Failure.BAD_ANSWER, where=where)


def _reason(error: ServiceRequestError) -> str:
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text or "certificate" in text.casefold():
        return " (the server's certificate is not trusted)"
    if "NameResolution" in text or "getaddrinfo" in text or "Name or service not known" in text:
        return " (the host's name is not known)"
    return ""


@contextmanager
def calling(what: str, where: str) -> Iterator[None]:
    """Turns every exception of a call into an error of ours."""
    try:
        yield
    except MlgateError:
        raise
    except Exception as error:
        raise converted(error, what, where) from None
