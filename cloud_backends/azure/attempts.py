"""Reading many things of which each may fail: what fails becomes a gap, and no service is asked in vain for ever."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from cloud_backends.azure.errors import AzureCallError
from rbac_matrix.estate.model import Gap, Part

_Read = TypeVar("_Read")


@dataclass(slots=True)
class Attempts:
    """Collects gaps.

    Attributes:
        gaps: what could not be read, in the order in which it was tried.
        ended: by service, the error after which it isn't asked again (no token, throttled for good, unreachable).
    """

    gaps: list[Gap] = field(default_factory=list)
    ended: dict[str, AzureCallError] = field(default_factory=dict)

    def read(self, part: Part, service: str, name: str, call: Callable[[], _Read]) -> _Read | None:
        """What the call gives; None, and a gap, where it fails.

        Args:
            service: which of the services is asked, so that one which failed for good isn't asked again.
            name: what is read ("the role assignments of /subscriptions/...").
        """
        if service in self.ended:
            self.gap(part, name, self.ended[service])
            return None
        try:
            return call()
        except AzureCallError as error:
            self.gap(part, name, error)
            if error.ends_all:
                self.ended[service] = error
            return None

    def gap(self, part: Part, name: str, error: AzureCallError) -> None:
        """Notes that something is not known because of an error."""
        self.note(part, f"{name} could not be read: {error.what}", error.remedy)

    def note(self, part: Part, detail: str, remedy: str) -> None:
        """Notes that something is not known."""
        self.gaps.append(Gap(part=part, detail=detail, remedy=remedy))
