"""Which files others take in."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

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


_PIPELINE = "azure.pipelines/pipelines"


def templates_of(views: Iterable[tuple[str, Mapping[str, Any]]]) -> frozenset[str]:
    """Files that are templates of Azure Pipelines by what they hold, whether or not somebody here takes them in."""
    return frozenset(
        shown
        for shown, view in views
        if str(view.get("type", "")).casefold() == _PIPELINE
        and isinstance(properties := view.get("properties"), Mapping)
        and properties.get("role") == "template"
    )


def is_frame(view: Mapping[str, Any]) -> bool:
    """Whether a resource of a template stands only for what is around the template where it is taken in.

    A template of steps has no job of its own, nor triggers: the reader puts an implicit job, stage and pipeline around.
    """
    type_ = str(view.get("type", "")).casefold()
    properties = view.get("properties")
    implicit = isinstance(properties, Mapping) and properties.get("implicit") is True
    return type_ == _PIPELINE or (implicit and type_.startswith(f"{_PIPELINE}/"))
