"""Templates as part of an estate that also holds exports or the live state: what of them was not read is a gap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from deploy_gate.role_extraction import extract
from deploy_gate.template_estate import estate_of
from rbac_matrix.estate.joining import join
from rbac_matrix.estate.model import Estate, Gap, Part
from resource_readers.interface import ReadRequest, ReadResult
from resource_readers.registry import read_resources

_MAXIMUM_NAMED = 50
"""How many obstacles of one file are told one by one."""


def read_templates(root: Path, paths: Sequence[Path], parameters: Path | None = None) -> Estate:
    """The estate that templates make together.

    Args:
        root: nothing outside of it is read.
        paths: templates, absolute or relative to the root.
        parameters: a parameter file for them.
    """
    requests = (ReadRequest(root=root, path=path, parameters=parameters) for path in paths)
    return estate_of_templates(map(read_resources, requests))


def estate_of_templates(results: Iterable[ReadResult]) -> Estate:
    """The same of templates that were read already."""
    return join(*map(_estate, results))


def _estate(result: ReadResult) -> Estate:
    extracted = extract(result.resources)
    made = estate_of(result.resources, extracted)
    unsupported = (
        Gap(
            part=Part.ASSIGNMENTS,
            detail=f"{one.what} gives access in a way that is not read",
            remedy="review it by hand",
            location=one.location,
        )
        for one in extracted.unsupported
    )
    return replace(made, gaps=(*made.gaps, *unsupported, *_unread(result)), inputs=tuple(result.files))


def _unread(result: ReadResult) -> Iterator[Gap]:
    hidden = [one for one in result.not_read if one.may_hold_resources]
    for one in hidden[:_MAXIMUM_NAMED]:
        yield Gap(
            part=Part.ASSIGNMENTS,
            detail=f"{one.reason}; a role assignment could stand there",
            remedy="correct it, or write it in a form that `mlgate template expand` reads",
            location=one.location,
        )
    if len(hidden) > _MAXIMUM_NAMED:
        yield Gap(
            part=Part.ASSIGNMENTS,
            detail=f"{len(hidden) - _MAXIMUM_NAMED} more places of the file were not read",
            remedy="see `mlgate template expand`",
            location=hidden[-1].location,
        )
