"""The scanner "rbac-matrix": role assignments in templates against the persona matrix.

This is where templates (`resource_readers`) and the matrix (`rbac_matrix`) meet; neither knows of the other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy_gate.estate_check import all_elsewhere
from deploy_gate.role_extraction import extract
from deploy_gate.template_estate import estate_of
from rbac_matrix.checks.interface import SCANNER, Judged
from rbac_matrix.estate.model import Estate
from rbac_matrix.organisation.loading import load_organisation
from rbac_matrix.organisation.model import Organisation
from resource_readers.interface import NotRead, ReadRequest, ReadResult
from resource_readers.project_files import shown_name
from resource_readers.registry import read_resources
from scanners.interface import ScanContext
from verdicts import (
    Completed,
    ConfigurationError,
    Evidence,
    Finding,
    InputDigest,
    Location,
    NotCompleted,
    Outcome,
    Reason,
)

_MAXIMUM_NAMED = 50
"""How many obstacles of one file are told one by one."""


@dataclass(frozen=True, slots=True)
class TemplateInput:
    """A template and its parameter file (or None), absolute or relative to the project's root."""

    path: Path
    parameters: Path | None = None


@dataclass(slots=True)
class _Tally:
    """What the templates came to so far."""

    read: int = 0
    findings: dict[Finding, None] = field(default_factory=dict)
    obstacles: list[NotCompleted] = field(default_factory=list)
    inputs: list[InputDigest] = field(default_factory=list)
    assignments: int = 0
    deviations: tuple[str, ...] = ()
    notes: dict[str, None] = field(default_factory=dict)
    elsewhere: int = 0

    def add_obstacles(self, obstacles: Iterable[NotCompleted]) -> None:
        """Those that aren't known yet."""
        self.obstacles += [one for one in obstacles if one not in self.obstacles]


@dataclass(frozen=True, slots=True)
class RbacMatrixScanner:
    """See scanners.interface.Scanner.

    Attributes:
        templates: what to read; none at all is could-not-check.
        matrix: "production", "pre-production", or one of the organisation's own.
        principals: the principals file; None where the organisation's file names the groups.
        read: what was read already, instead of templates: each with whether another one takes it in. What such a part
            leaves open by itself is given there.
        organisation: the organisation's own file, or None.
    """

    templates: tuple[TemplateInput, ...]
    matrix: str
    principals: Path | None
    read: tuple[tuple[ReadResult, bool], ...] | None = None
    organisation: Path | None = None

    @property
    def id(self) -> str:
        """See scanners.interface.Scanner."""
        return SCANNER

    def scan(self, context: ScanContext) -> tuple[Outcome, ...]:
        """See scanners.interface.Scanner."""
        if not (self.templates if self.read is None else self.read):
            return (_obstacle(Reason.NOTHING_EXAMINED, "there are no templates", "name them in the release", None),)
        try:
            organisation = self._organisation(context.root)
        except (ConfigurationError, OSError) as error:
            named = self.organisation or self.principals
            place = Location(shown_name(context.root, named)) if named is not None else None
            remedy = "correct the principals file, or the organisation's"
            return (_obstacle(Reason.UNREADABLE_INPUT, str(error), remedy, place),)
        if organisation.matrix_for(self.matrix) is None:
            known = ", ".join(organisation.matrices)
            return (_obstacle(Reason.NOTHING_EXAMINED, f"there is no matrix {self.matrix!r}", f"known: {known}", None),)
        tally = _Tally(inputs=list(organisation.inputs), deviations=tuple(map(str, organisation.deviations)))
        judge = _Judge(organisation, self.matrix, context.now)
        if self.read is None:
            # What is deployed together is one estate: an identity of one template can be used in another.
            estates = [_examine(result, tally) for result in self._read(context)]
            _take(judge(_together(estates)), tally, is_part=False)
        else:
            for result, is_part in self.read:
                _take(judge(_examine(result, tally)), tally, is_part=is_part)
        if tally.elsewhere and tally.elsewhere == tally.assignments:
            tally.add_obstacles([all_elsewhere(tally.elsewhere, self.matrix)])
        return tuple(_outcomes(tally, self.matrix))

    def _organisation(self, root: Path) -> Organisation:
        """Relative paths are the project's, whatever the working directory is."""
        own, people = self.organisation, self.principals
        return load_organisation(
            root / own if own is not None else None,
            shown_as=shown_name(root, own) if own is not None else "",
            principals=root / people if people is not None else None,
            principals_shown_as=shown_name(root, people) if people is not None else "",
        )

    def _read(self, context: ScanContext) -> Iterator[ReadResult]:
        for one in self.templates:
            yield read_resources(ReadRequest(root=context.root, path=one.path, parameters=one.parameters))


@dataclass(frozen=True, slots=True)
class _Judge:
    """Judges estates of templates. One that gives nobody anything, and in which nothing runs as somebody, is clean."""

    organisation: Organisation
    matrix: str
    now: dt.datetime

    def __call__(self, estate: Estate) -> Judged:
        if not (estate.assignments or estate.definitions or estate.identity_uses or estate.gaps):
            return Judged()
        from rbac_matrix.checks.judging import judge
        from rbac_matrix.permissions.catalogue import RoleCatalogue

        return judge(estate, self.organisation, self.matrix, RoleCatalogue.built_in(), now=self.now, list_cells=False)


def _together(estates: Sequence[Estate]) -> Estate:
    return Estate(
        covers=frozenset(part for one in estates for part in one.covers),
        assignments=[assignment for one in estates for assignment in one.assignments],
        definitions=[definition for one in estates for definition in one.definitions],
        resources=[resource for one in estates for resource in one.resources],
        identity_uses=[use for one in estates for use in one.identity_uses],
        gaps=[gap for one in estates for gap in one.gaps],
    )


def _examine(result: ReadResult, tally: _Tally) -> Estate:
    tally.inputs += [one for one in result.files if one not in tally.inputs]
    hidden = [one for one in result.not_read if one.may_hold_resources]
    tally.read += _was_read(result)
    tally.add_obstacles(_unread(hidden))
    extracted = extract(result.resources)
    tally.assignments += len(extracted.assignments)
    tally.add_obstacles(
        _obstacle(
            Reason.UNSUPPORTED, f"{one.what} gives access in a way that is not read", "review it by hand", one.location
        )
        for one in extracted.unsupported
    )
    return estate_of(result.resources, extracted)


def _was_read(result: ReadResult) -> bool:
    """Whether something of the file was looked at; one that can't be parsed has no resources and an obstacle."""
    return bool(result.resources) or not any(one.may_hold_resources for one in result.not_read)


def _take(judged: Judged, tally: _Tally, *, is_part: bool) -> None:
    # A part is looked at by itself, and again in every file that takes it in.
    tally.findings.update(dict.fromkeys(judged.findings))
    tally.notes.update(dict.fromkeys(judged.notes))
    tally.elsewhere += judged.elsewhere
    if not is_part:
        tally.add_obstacles(
            _obstacle(Reason.INCOMPLETE, one.text, one.remedy, one.location) for one in judged.undecided
        )


def _unread(hidden: Sequence[NotRead]) -> Iterator[NotCompleted]:
    for one in hidden[:_MAXIMUM_NAMED]:
        yield _obstacle(
            Reason.UNREADABLE_INPUT,
            f"{one.reason}; a role assignment could stand there",
            "correct it, or write it in a form that `mlgate template expand` reads",
            one.location,
        )
    if len(hidden) > _MAXIMUM_NAMED:
        rest = len(hidden) - _MAXIMUM_NAMED
        yield _obstacle(
            Reason.UNREADABLE_INPUT,
            f"{rest} more places of the file were not read",
            "see `mlgate template expand`",
            hidden[-1].location,
        )


def _obstacle(reason: Reason, detail: str, remedy: str, location: Location | None) -> NotCompleted:
    return NotCompleted(scanner=SCANNER, reason=reason, detail=detail, remedy=remedy, location=location)


def _outcomes(tally: _Tally, environment: str) -> Iterator[Outcome]:
    if tally.read or not tally.obstacles:
        yield Completed(
            scanner=SCANNER,
            examined=tally.read,
            unit="templates",
            findings=tuple(tally.findings),
            evidence=Evidence(inputs=tuple(tally.inputs)),
            notes=(
                f"{tally.assignments} role assignments",
                *([f"{tally.elsewhere} of them in other environments than {environment}"] if tally.elsewhere else []),
                *tally.notes,
                *(f"differs from the built-in matrices: {one}" for one in tally.deviations),
            ),
        )
    yield from tally.obstacles
