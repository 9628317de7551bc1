"""Definitions and initiatives at hand, found by the ids with which initiatives and assignments name them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Generic, Protocol, TypeVar

from policies.values import DefinitionError
from policies.versions import Fit, Version, VersionPin, fit, parse_version

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Document(Protocol):
    """What a library holds: a policy definition or an initiative."""

    @property
    def id(self) -> str:
        """Its resource id, lower-cased, or ""."""

    @property
    def name(self) -> str:
        """Its name, or ""."""

    @property
    def version(self) -> str:
        """Of its content."""

    @property
    def versions(self) -> tuple[str, ...]:
        """All that its publisher lists."""

    @property
    def source(self) -> str:
        """Its file, or ""."""


D = TypeVar("D", bound=Document)


@dataclass(frozen=True, slots=True)
class Found(Generic[D]):
    """A document that serves a reference, and how well it serves the pin."""

    document: D
    fit: Fit

    def problem(self, pin: VersionPin | None) -> str:
        """What is to report of it: the content isn't what the pin asks for; "" if all is well."""
        if self.fit is Fit.CONTENT or pin is None:
            return ""
        have = self.document.version or "without version"
        return f"version {pin.text} is asked for and {have} is at hand: {self.fit.value}"


class Library(Generic[D]):
    """Documents by id, and by the GUID that an id ends with. One id may have several: other versions, other clouds."""

    def __init__(self, documents: Iterable[D]) -> None:
        self._by_id: dict[str, list[D]] = {}
        self._by_name: dict[str, list[D]] = {}
        for document in documents:
            identifier = document.id.lower().rstrip("/")
            if identifier:
                self._by_id.setdefault(identifier, []).append(document)
            name = (document.name or identifier.rpartition("/")[2]).lower()
            if name and (not identifier or _GUID.fullmatch(name)):
                # A GUID is one thing everywhere; any other name may stand for different things at different scopes.
                self._by_name.setdefault(name, []).append(document)

    def find(self, identifier: str, pin: VersionPin | None = None, near: str = "") -> Found[D] | None:
        """The document that serves best, or None where there is none.

        Args:
            identifier: full resource id, in any case.
            pin: the versions that will do; without one, the latest at hand.
            near: file of what refers to it: of equals, the one whose folders are most alike is taken, so that an
                initiative of a sovereign cloud gets the definitions of that cloud.

        Raises:
            DefinitionError: only its last part is known here, and several documents with different ids have it.
        """
        lower = identifier.lower().rstrip("/")
        candidates = self._by_id.get(lower)
        if candidates is None:
            candidates = self._by_name.get(lower.rpartition("/")[2], [])
            if len({document.id for document in candidates}) > 1:
                raise DefinitionError(f"several definitions could be meant by {identifier!r}")
        if not candidates:
            return None
        ranked = [(fit(pin, document.version, document.versions), document) for document in candidates]
        best, document = min(ranked, key=lambda item: (_FITS.index(item[0]), _away(near, item[1]), _newest(item[1])))
        return Found(document, best)


_FITS = (Fit.CONTENT, Fit.LISTED, Fit.ABSENT)


def _away(near: str, document: Document) -> int:
    """How many folders differ between two files."""
    return len(set(PurePosixPath(near).parts[1:-1]) ^ set(PurePosixPath(document.source).parts[1:-1])) if near else 0


def _newest(document: Document) -> tuple[int, ...]:
    """A key that puts newer versions first, and what has none last."""
    version = parse_version(document.version) or Version(-1, -1, -1, False)
    return (-version.major, -version.minor, -version.patch, -int(version.released))
