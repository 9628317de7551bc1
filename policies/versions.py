"""Versions of definitions and initiatives, and the pins with which initiatives and assignments choose among them.

Source: Microsoft's pages "Azure Policy definition structure basics" (version) and "Azure Policy assignment structure"
(policy definition ID and version); the short form "2.0" stands in "Safe deployment of Azure Policy assignments".
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable
from dataclasses import dataclass

from policies.values import DefinitionError

_VERSION = re.compile(r"(\d{1,9})\.(\d{1,9})\.(\d{1,9})(-preview)?(?:-deprecated)?", re.IGNORECASE | re.ASCII)
_PIN = re.compile(
    r"(\d{1,9})(?:\.(\d{1,9}|\*)(?:\.(\d{1,9}|\*))?)?(-preview)?(?:-deprecated)?", re.IGNORECASE | re.ASCII
)


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A version; a preview comes before the release of the same number."""

    major: int
    minor: int
    patch: int
    released: bool


def parse_version(text: str) -> Version | None:
    """A version like "2.1.0" or "1.0.0-preview", in any case; None for anything else."""
    found = _VERSION.fullmatch(text.strip())
    if found is None:
        return None
    return Version(int(found.group(1)), int(found.group(2)), int(found.group(3)), found.group(4) is None)


@dataclass(frozen=True, slots=True)
class VersionPin:
    """Which versions will do.

    Attributes:
        text: as written.
        major: must be that.
        minor, patch: must be that, or None for any.
        released: False for a pin on previews, which no release meets (and no preview meets the others).
    """

    text: str
    major: int
    minor: int | None
    patch: int | None
    released: bool

    def matches(self, version: Version) -> bool:
        """Whether a version will do."""
        return (
            version.major == self.major
            and self.minor in (None, version.minor)
            and self.patch in (None, version.patch)
            and version.released is self.released
        )


def read_pin(text: object, path: str) -> VersionPin:
    """A pin like "1.*.*", "2.3.*", "1.*.*-preview", "2.0" or "1.2.3".

    Raises:
        DefinitionError: anything else; a number may not follow a wildcard.
    """
    found = _PIN.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None or (found.group(2) == "*" and found.group(3) not in (None, "*")):
        raise DefinitionError(f"{text!r} is no version like 1.*.*, 2.3.* or 1.*.*-preview", path)
    minor, patch = (None if part in (None, "*") else int(part) for part in found.group(2, 3))
    return VersionPin(str(text).strip(), int(found.group(1)), minor, patch, found.group(4) is None)


class Fit(enum.Enum):
    """How well a document at hand serves a pin."""

    CONTENT = "its content is the version that the pin asks for"
    LISTED = "the version that the pin asks for exists, but its content is not at hand"
    ABSENT = "no version that the pin asks for is known"


def fit(pin: VersionPin | None, own: str, listed: Iterable[str]) -> Fit:
    """How a document serves a pin; without one, the latest version is asked for, and any document is taken for it.

    Args:
        own: the version of the content at hand.
        listed: all versions that the publisher names.
    """
    if pin is None:
        return Fit.CONTENT
    mine = parse_version(own)
    others = [version for item in listed if (version := parse_version(item)) is not None and pin.matches(version)]
    if mine is not None and pin.matches(mine):
        # A wildcard takes the newest: an older content of the same range is not what Azure would evaluate.
        return Fit.CONTENT if not others or max(others) <= mine else Fit.LISTED
    return Fit.LISTED if others else Fit.ABSENT
