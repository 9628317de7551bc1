"""Exemptions from assignments, and enrollments into assignments whose enforcement mode is Enroll.

Both are made at a scope, name one assignment and perhaps some policies of its initiative, and may have resource
selectors. Source: Microsoft's pages "Azure Policy exemption structure" and "Azure Policy enrollment structure".
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from policies.assignments import Assignment, targeted_references
from policies.placement import Place, ScopePath, read_scope, scope_above
from policies.reading import resource_properties, text
from policies.selectors import ResourceSelector, Subject, all_hold, read_resource_selectors, selected
from policies.values import DefinitionError, Truth, Unknown, parse_date

_TARGET_KEYS = frozenset(
    {
        *("displayname", "description", "metadata", "policyassignmentid", "policydefinitionreferenceids"),
        *("policydefinitionreferenceid", "resourceselectors", "assignmentscopevalidation", "scope"),
    }
)
_EXEMPTION_KEYS = _TARGET_KEYS | {"exemptioncategory", "expireson"}
_ENROLLMENT_KEYS = _TARGET_KEYS | {"policyassignmentinstanceid"}


class Category(enum.Enum):
    """Why an exemption was granted; the values are how exemptions spell it."""

    WAIVER = "Waiver"
    MITIGATED = "Mitigated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What an exemption or enrollment is about.

    Attributes:
        id: lower-cased, "" if there is none; name: "" if there is none.
        display_name: as written.
        assignment_id: lower-cased.
        references: lower-cased reference ids of an initiative; empty for all its policies.
        scope: where it was made.
        selectors: which resources there; empty for all.
        validated: whether the scope must be at or under the assignment's (assignmentScopeValidation Default).
    """

    id: str
    name: str
    display_name: str
    assignment_id: str
    references: frozenset[str]
    scope: ScopePath
    selectors: tuple[ResourceSelector, ...]
    validated: bool

    def covers(self, assignment: Assignment, subject: Subject) -> Truth:
        """Whether it concerns a resource under a policy of an assignment that holds the resource.

        One whose scope lies above the assignment's, which Azure refuses unless the validation is off, concerns nothing.
        """
        if self.assignment_id != assignment.id or (self.references and subject.reference not in self.references):
            return False
        place = subject.place
        inside = place.within(self.scope)
        if inside is True and self.validated and not _at_or_under(self.scope, assignment.scope, place):
            return False
        return inside if inside is False else all_hold((inside, selected(self.selectors, subject)))


def _at_or_under(scope: ScopePath, other: ScopePath, place: Place) -> bool:
    """Of two scopes that hold a place, whether the first is at or under the second."""
    return place.depth(scope) >= place.depth(other)


@dataclass(frozen=True, slots=True)
class Exemption:
    """An exemption.

    Attributes:
        target: what it is about.
        category: see there.
        expires_on: the moment, as (UTC to the second, ticks of 100 ns), from which on it isn't honoured; None: never.
        source: file, or "".
    """

    target: Target
    category: Category
    expires_on: tuple[dt.datetime, int] | None
    source: str = ""

    def expired(self, now: dt.datetime) -> bool:
        """Whether it isn't honoured any more. `now` is aware."""
        utc = now.astimezone(dt.UTC)
        return self.expires_on is not None and self.expires_on <= (utc.replace(microsecond=0), utc.microsecond * 10)

    @property
    def label(self) -> str:
        """Its name and category, for people."""
        return (
            f"{self.target.name or self.target.id or self.target.display_name or 'exemption'} ({self.category.value})"
        )


@dataclass(frozen=True, slots=True)
class Enrollment:
    """An enrollment: the assignment is enforced where it applies. `target` is what it is about."""

    target: Target
    source: str = ""


def read_exemption(body: Any, source: str = "") -> Exemption:
    """An exemption from JSON: a whole one, or its properties with a `scope`.

    Raises:
        DefinitionError: unknown keys, malformed parts, no scope, an expiry that isn't a moment.
    """
    outer, properties = resource_properties(body, _EXEMPTION_KEYS, "")
    base = "" if outer is properties else "properties"
    given = text(properties, "exemptioncategory", base, needed=True)
    category = next((item for item in Category if item.value.lower() == given.lower()), None)
    if category is None:
        raise DefinitionError(f"unknown exemptionCategory {given!r}", f"{base}.exemptionCategory".lstrip("."))
    expires = properties.get("expireson")
    moment = parse_date(expires) if isinstance(expires, str) else None
    if expires is not None and moment is None:
        # A date that nobody understands must not make an exemption eternal.
        raise DefinitionError(f"expiresOn {expires!r} is no moment", f"{base}.expiresOn".lstrip("."))
    return Exemption(_target(outer, properties, base, "policyExemptions"), category, moment, source)


def read_enrollment(body: Any, source: str = "") -> Enrollment:
    """An enrollment from JSON: a whole one, or its properties with a `scope`. Raises DefinitionError."""
    outer, properties = resource_properties(body, _ENROLLMENT_KEYS, "")
    base = "" if outer is properties else "properties"
    return Enrollment(_target(outer, properties, base, "policyEnrollments"), source)


def _target(outer: dict[str, Any], properties: dict[str, Any], base: str, kind: str) -> Target:
    identifier = text(outer, "id", "").rstrip("/")
    validation = text(properties, "assignmentscopevalidation", base) or "Default"
    if validation.lower() not in ("default", "donotvalidate"):
        raise DefinitionError(f"unknown assignmentScopeValidation {validation!r}", base)
    if identifier:
        scope = scope_above(identifier, kind, "id")
    else:
        given = properties.get("scope", outer.get("scope"))
        if given is None:
            raise DefinitionError("a scope is needed, or an id that holds it", base)
        scope = read_scope(given, "scope")
    return Target(
        id=identifier.lower(),
        name=text(outer, "name", "") or identifier.rpartition("/")[2],
        display_name=text(properties, "displayname", base),
        assignment_id=text(properties, "policyassignmentid", base, needed=True).lower().rstrip("/"),
        references=targeted_references(properties, base),
        scope=scope,
        selectors=read_resource_selectors(properties, base),
        validated=validation.lower() == "default",
    )


def exemption_for(
    exemptions: tuple[Exemption, ...], assignment: Assignment, subject: Subject, now: dt.datetime
) -> Exemption | Unknown | None:
    """The exemption that holds for a resource under a policy; None if none does, Unknown if one may."""
    unknown: Unknown | None = None
    for exemption in exemptions:
        if exemption.target.assignment_id != assignment.id or exemption.expired(now):
            continue
        truth = exemption.target.covers(assignment, subject)
        if truth is True:
            return exemption
        if isinstance(truth, Unknown):
            unknown = Unknown(f"whether the exemption {exemption.label} holds is not known: {truth.reason}")
    return unknown


def expired_for(
    exemptions: tuple[Exemption, ...], assignment: Assignment, subject: Subject, now: dt.datetime
) -> Exemption | None:
    """An exemption that would hold for a resource under a policy if it hadn't expired."""
    for exemption in exemptions:
        if exemption.expired(now) and exemption.target.covers(assignment, subject) is True:
            return exemption
    return None


def exemption_problems(
    exemptions: Iterable[Exemption], references: Mapping[str, tuple[ScopePath, Collection[str]]], now: dt.datetime
) -> tuple[str, ...]:
    """What is to report of exemptions: expired ones, and those that can't hold as they stand.

    Args:
        references: assignment id, lower-cased -> its scope, and the lower-cased reference ids of its policies.
    """
    problems = []
    for exemption in exemptions:
        target, label = exemption.target, exemption.label
        if exemption.expired(now):
            problems.append(f"{label} has expired and has no force")
        known = references.get(target.assignment_id)
        if known is None:
            problems.append(f"{label} is from an assignment that is not at hand: {target.assignment_id}")
            continue
        scope, names = known
        problems.extend(
            f"{label} names {name!r}, which is no policy of the assignment"
            for name in sorted(target.references.difference(names))
        )
        if target.validated and _surely_outside(target.scope, scope):
            problems.append(f"{label} stands outside of the scope of the assignment, {scope.text}, and has no force")
    return tuple(problems)


def _surely_outside(scope: ScopePath, other: ScopePath) -> bool:
    """Whether a scope is certainly not at or under another one; of management groups that can't be told here."""
    if other.management_group:
        return False
    return scope.segments[: len(other.segments)] != other.segments


def enrolled(enrollments: tuple[Enrollment, ...] | None, assignment: Assignment, subject: Subject) -> Truth:
    """Whether a resource is enrolled in an assignment with enforcement mode Enroll; `enrollments` None: not known."""
    if enrollments is None:
        return Unknown(f"which resources are enrolled in {assignment.name or assignment.id} is not known")
    unknown: Unknown | None = None
    for enrollment in enrollments:
        truth = enrollment.target.covers(assignment, subject)
        if truth is True:
            return True
        if isinstance(truth, Unknown):
            unknown = truth
    return False if unknown is None else unknown
