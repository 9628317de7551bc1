"""Which files others take in."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
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


def parts_of(read: Sequence[tuple[str, Opened]]) -> frozenset[str]:
    """Files that another one takes in, which are judged there, with the values that they get there.

    Of files that take in each other (a template and its .bicepparam, modules in a circle) none is a part of the others:
    each would be left to the next. The files of one folder of Terraform know of each other, but none takes another in.
    """
    taken = {shown: frozenset(digest.name for digest in result.files) for shown, result in read}
    folders = {shown: posixpath.dirname(shown) for shown, result in read if result.kind == "terraform"}
    return frozenset(
        name
        for shown, names in taken.items()
        for name in names
        if name != shown
        and shown not in taken.get(name, ())
        and not (shown in folders and posixpath.dirname(name) == folders[shown])
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
