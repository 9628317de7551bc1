"""One mistake is one finding: what checkov found is merged into a finding of ours that says the same.

A rule of ours names the checks of checkov that find the same mistake (`Rule.checkov`). Where both found it for the same
resource, ours stays: it takes the worse of the two severities, and says who else found it.

Waivers excuse only what they name, so findings are merged after the waivers are known, and a finding that is waived is
merged with nothing: a waiver for ours leaves checkov's standing, one for checkov's leaves ours standing. What has no
partner, or may have several, stays as it is.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from deploy_gate.policy_checks.names import SCANNER as POLICY
from resource_readers.interface import ReadResult
from scanners.checkov_templates import SCANNER as CHECKOV
from verdicts import Completed, Finding, Outcome, Waiver

# "Microsoft.KeyVault/vaults.name" of checkov; names may hold anything.
_RESOURCE = re.compile(r"(?P<type>(?:[A-Za-z0-9.]+/)?[A-Za-z0-9]+(?:/[A-Za-z0-9]+)*)\.(?P<name>.*)", re.DOTALL)
_BICEP_RESOURCE = re.compile(rb"[ \t]*resource[ \t]")

_Place = tuple[str, int, str]
"""Path, line of the declaration, type in lower case."""


@dataclass(slots=True)
class Declarations:
    """Where the resources of a project are declared.

    Attributes:
        places: by path and resource id, as findings of ours name them.
        names: by path and resource id, the plain last names in lower case.
        starts: by path of a Bicep file, for every line the line of the next `resource` statement.
    """

    places: dict[tuple[str, str], set[_Place]] = field(default_factory=dict)
    names: dict[tuple[str, str], set[tuple[str, str]]] = field(default_factory=dict)
    starts: dict[str, list[int]] = field(default_factory=dict)


def declarations_of(read: Iterable[tuple[str, ReadResult]], files: Mapping[str, bytes]) -> Declarations:
    """Where the resources stand that were read.

    Args:
        read: see `resource_readers.projects.read_paths`.
        files: the bytes that were checked, by path; used for Bicep, where checkov counts a statement from its
            decorators on.
    """
    made = Declarations()
    for _, result in read:
        for resource in result.resources:
            place, kind = resource.location, resource.type.casefold()
            if resource.existing or place.line is None:
                continue
            key = (place.path, resource.id)
            made.places.setdefault(key, set()).add((place.path, place.line, kind))
            if isinstance(resource.name, str) and result.kind != "bicep":
                made.names.setdefault(key, set()).add((kind, resource.name.casefold()))
    made.starts = {path: _next_statements(data) for path, data in files.items() if path.casefold().endswith(".bicep")}
    return made


def _next_statements(data: bytes) -> list[int]:
    lines = data.split(b"\n")
    following = [0] * (len(lines) + 2)
    for number in range(len(lines), 0, -1):
        following[number] = number if _BICEP_RESOURCE.match(lines[number - 1]) else following[number + 1]
    return following


def merge_duplicates(
    outcomes: Sequence[Outcome],
    partners: Mapping[str, Collection[str]],
    declared: Declarations,
    waivers: Sequence[Waiver],
    at: dt.datetime,
) -> tuple[Outcome, ...]:
    """The outcomes with one finding for each mistake.

    Args:
        outcomes: of all checks.
        partners: by id of a rule of ours, the ids of checkov's checks that find the same.
        declared: see `declarations_of`.
        waivers: all that there are.
        at: the moment of the check (aware), for the waivers' expiry.
    """
    in_force = {(one.rule_id, one.path, one.resource, one.subject) for one in waivers if one.in_force(at)}
    theirs = _Theirs([one for outcome in outcomes for one in outcome.findings if one.scanner == CHECKOV], declared)
    ours = [one for outcome in outcomes for one in outcome.findings if one.scanner == POLICY]
    pairs: dict[Finding, list[Finding]] = {}
    spared: set[Finding] = set()
    for mine in dict.fromkeys(ours):
        found = [one for check in sorted(partners.get(mine.rule_id, ())) for one in theirs.of(mine, check)]
        # One waived instance of a loop keeps checkov's finding, which speaks for all of them.
        spared.update(found if _is_waived(mine, in_force) else (one for one in found if _is_waived(one, in_force)))
        pairs[mine] = found
    merged: dict[Finding, Finding] = {}
    gone: set[Finding] = set()
    for mine, found in pairs.items():
        taken = [one for one in found if one not in spared]
        if taken:
            gone.update(taken)
            merged[mine] = _merged(mine, taken)
    return tuple(_without(outcome, merged, gone) for outcome in outcomes)


def _merged(mine: Finding, taken: Sequence[Finding]) -> Finding:
    worst = max((mine, *taken), key=lambda one: one.severity.rank).severity
    also = tuple(dict.fromkeys((*mine.also, *(one.rule_id for one in taken))))
    return replace(mine, severity=worst if worst.rank > mine.severity.rank else mine.severity, also=also)


def _without(outcome: Outcome, merged: Mapping[Finding, Finding], gone: Collection[Finding]) -> Outcome:
    findings = tuple(merged.get(one, one) for one in outcome.findings if one not in gone)
    if findings == outcome.findings:
        return outcome
    missing = len(outcome.findings) - len(findings)
    if missing and isinstance(outcome, Completed):
        what = f"{missing:,} findings were" if missing > 1 else "1 finding was"
        return replace(outcome, findings=findings, notes=(*outcome.notes, f"{what} made by {POLICY}, too: told there"))
    return replace(outcome, findings=findings)


def _is_waived(finding: Finding, in_force: Collection[tuple[str, str, str, str]]) -> bool:
    path = finding.location.path if finding.location else ""
    return (finding.rule_id, path, finding.resource, finding.subject) in in_force


class _Theirs:
    """checkov's findings, by what a finding of ours knows of them."""

    def __init__(self, findings: Iterable[Finding], declared: Declarations) -> None:
        self._declared = declared
        self._lines = {place for places in declared.places.values() for place in places}
        self._by_line: dict[tuple[str, _Place], list[Finding]] = {}
        self._by_name: dict[tuple[str, str, str, str], list[Finding]] = {}
        for finding in findings:
            for place, name in self._place(finding):
                self._by_line.setdefault((finding.rule_id, place), []).append(finding)
                if name:
                    self._by_name.setdefault((finding.rule_id, place[0], place[2], name), []).append(finding)

    def _place(self, finding: Finding) -> Iterator[tuple[_Place, str]]:
        said = _type_and_name(finding)
        if said is None or finding.location is None or finding.location.line is None:
            return
        path, line = finding.location.path, finding.location.line
        starts = self._declared.starts.get(path)
        if starts is None:
            yield (path, line, said[0]), said[1]
        else:
            # In Bicep the name is that of the symbol, which says nothing.
            yield (path, starts[line] if line < len(starts) else line, said[0]), ""

    def of(self, mine: Finding, check: str) -> Iterator[Finding]:
        """What the check found for the resource of a finding of ours: at its line, else by its name."""
        if mine.location is None:
            return
        key = (mine.location.path, mine.resource)
        names = self._declared.names.get(key, set())
        places = sorted(self._declared.places.get(key, ()))
        # One id may be declared twice (under conditions): the finding stands in the declaration that begins before it.
        before = [place for place in places if place[1] <= (mine.location.line or 0)]
        found = [one for place in before[-1:] or places for one in self._by_line.get((check, place), ())]
        if len({one.resource for one in found}) > 1:
            # Several resources on one line (a file without line breaks): only a name tells which is meant.
            yield from (one for one in found if _type_and_name(one) in names)
        elif found:
            yield from found
        else:
            yield from self._by_name_alone(mine.location.path, names, check)

    def _by_name_alone(self, path: str, names: Collection[tuple[str, str]], check: str) -> Iterator[Finding]:
        for kind, name in sorted(names):
            found = self._by_name.get((check, path, kind, name), [])
            # One that stands where another resource is declared is that one's.
            if len(found) == 1 and found[0].location and (path, found[0].location.line, kind) not in self._lines:
                yield from found


def _type_and_name(finding: Finding) -> tuple[str, str] | None:
    match = _RESOURCE.fullmatch(finding.resource)
    return (match["type"].casefold(), match["name"].casefold()) if match is not None else None
