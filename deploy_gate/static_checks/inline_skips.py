"""Skips inside of the checked files, where the configuration allows them.

    // mlgate:skip MLG-STORAGE-SHARED-KEY until 2026-12-31 by owner@example.com: the old batch job needs it

The comment stands on the line of the finding or of the resource's declaration, or on the line before. It becomes a
waiver: it shows in every report, ends on its day, and is named when it excuses nothing.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from verdicts import Finding, Location, Severity, Waiver

SKIP_RULE = "MLG-SKIP-NOT-ALLOWED"
SCANNER = "inline-skips"
_MARK = b"mlgate:skip"
_SKIP = re.compile(
    r"(?:#|//|/\*)[^\n]*?mlgate:skip\s+(?P<rule>[A-Z][A-Z0-9_-]{2,80})\s+until\s+(?P<until>\d{4}-\d{2}-\d{2})"
    r"\s+by\s+(?P<owner>[^\s:]{3,120}):\s*(?P<reason>\S[^\n]{0,400})"
)


@dataclass(frozen=True, slots=True)
class AllowedSkips:
    """What the configuration allows.

    Attributes:
        maximum_days: how long a skip may hold, from the day of the check.
        approver: who answers for there being skips at all; may not be the owner of one.
    """

    maximum_days: int
    approver: str


@dataclass(frozen=True, slots=True)
class Skips:
    """What the skips of some files come to: waivers, and findings about those that may not be."""

    waivers: tuple[Waiver, ...]
    findings: tuple[Finding, ...]


def apply_skips(
    files: Mapping[str, bytes],
    findings: Iterable[Finding],
    declared_at: Mapping[str, int],
    allowed: AllowedSkips | None,
    now: dt.datetime,
) -> Skips:
    """The waivers that skips in files make for the findings that stand at their place.

    Args:
        files: content by path, of the files that were checked.
        findings: all of them.
        declared_at: line of a resource's declaration, by resource id.
        allowed: None where the configuration doesn't allow skips: each is a finding then.
        now: the moment of the check (aware, UTC).
    """
    by_path: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.location is not None:
            by_path.setdefault(finding.location.path, []).append(finding)
    waivers: list[Waiver] = []
    refused: list[Finding] = []
    for path, data in files.items():
        for line, match in _skips(data):
            place = Location(path, line)
            why = _refusal(match, allowed, now)
            if why or allowed is None:
                refused.append(_refused(place, match["rule"] if match else "", why))
                continue
            assert match is not None
            waivers += _waivers(match, place, by_path.get(path, ()), declared_at, allowed)
    return Skips(tuple(waivers), tuple(refused))


def has_skip(data: bytes) -> bool:
    """Whether a file holds a skip, right or wrong."""
    return _MARK in data


def _skips(data: bytes) -> Iterator[tuple[int, re.Match[str] | None]]:
    """Line and parts of every skip; None for one that isn't written as it must be."""
    if not has_skip(data):
        return
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        if "mlgate:skip" in line:
            yield number, _SKIP.search(line)


def _refusal(match: re.Match[str] | None, allowed: AllowedSkips | None, now: dt.datetime) -> str:
    if allowed is None:
        return "the project's configuration allows no skips"
    if match is None:
        return "it must read: mlgate:skip RULE until YYYY-MM-DD by OWNER: reason"
    try:
        until = dt.date.fromisoformat(match["until"])
    except ValueError:
        return f"{match['until']} is no day"
    if until > now.date() + dt.timedelta(days=allowed.maximum_days):
        return f"it may hold for {allowed.maximum_days} days at most"
    if match["owner"].casefold() == allowed.approver.casefold():
        return "its owner is the approver of skips"
    return ""


def _refused(place: Location, rule: str, why: str) -> Finding:
    return Finding(
        rule_id=SKIP_RULE,
        scanner=SCANNER,
        severity=Severity.MEDIUM,
        message=f"A skip excuses nothing here: {why}.",
        remediation="Mend what it would excuse, or ask for a waiver.",
        resource=place.path,
        subject=rule,
        location=place,
        documentation=f"docs/rules/{SKIP_RULE}.md",
    )


def _waivers(
    match: re.Match[str],
    place: Location,
    findings: Iterable[Finding],
    declared_at: Mapping[str, int],
    allowed: AllowedSkips,
) -> Iterator[Waiver]:
    """One for each finding of the rule at this place; one that covers nothing where there is none."""
    at = place.line or 0
    scopes = {
        (finding.resource, finding.subject): None
        for finding in findings
        if finding.rule_id == match["rule"]
        and finding.location is not None
        and {at, at + 1} & {finding.location.line, declared_at.get(finding.resource)}
    }
    for resource, subject in scopes or {(place.path, ""): None}:
        yield Waiver(
            rule_id=match["rule"],
            path=place.path,
            resource=resource,
            subject=subject,
            owner=match["owner"],
            reason=match["reason"].removesuffix("*/").strip(),
            approver=allowed.approver,
            expires=dt.date.fromisoformat(match["until"]),
            location=place,
        )
