"""Which files others take in."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import Protocol

from verdicts import InputDigest


class Opened(Protocol):
    """What is asked of a result here."""

    @property
    def kind(self) -> str:
        """See ReadResult."""

    @property
    def files(self) -> tuple[InputDigest, ...]:
        """See ReadResult."""


def parts_of(read: Iterable[tuple[str, Opened]]) -> frozenset[str]:
    """Files that another one takes in, which are judged there, with the values that they get there.

    The files of one folder of Terraform know of each other, but none takes another one in.
    """
    return frozenset(
        digest.name
        for shown, result in read
        for digest in result.files
        if digest.name != shown
        and not (result.kind == "terraform" and posixpath.dirname(digest.name) == posixpath.dirname(shown))
    )
