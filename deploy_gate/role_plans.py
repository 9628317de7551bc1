"""Plans of role assignments as files, and carrying them out.

A plan is made (`rbac_matrix.changes.plan`), looked at by people as a file, and carried out later, maybe elsewhere. So
the file carries a digest of what it says, and before anything is deleted the estate is asked again.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from deploy_gate.role_ports import Change, RoleAssignmentPort, RoleGrant
from rbac_matrix.assignments import RoleAssignment, Timing
from rbac_matrix.changes.plan import MARK, Plan, WantedAssignment
from verdicts import ConfigurationError, CouldNotCheckError, MlgateError
from verdicts.digests import canonical_json, digest_bytes
from verdicts.documents import load_document
from verdicts.sections import Section

SCHEMA = "mlgate/rbac-plan/v1"
_LONGEST_DAYS = 3_650


class Act(enum.Enum):
    """What is done with an assignment."""

    CREATE = "create"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One step. `title` is for people: "Reader for grp-leads (project-lead) on ..."."""

    act: Act
    grant: RoleGrant
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDocument:
    """A plan as a file says it.

    Attributes:
        made_at: when (UTC).
        removes_unmanaged: assignments that no plan made may be deleted.
        changes: creations first.
        obstacles: what could not be planned.
    """

    environment: str
    made_at: dt.datetime
    removes_unmanaged: bool
    changes: tuple[PlannedChange, ...]
    obstacles: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """With schema and digest."""
        changes = [{key: value for key, value in one.items() if value != ""} for one in self._content()["changes"]]
        return {"schema": SCHEMA, **self._content(), "changes": changes, "digest": self.digest}

    @property
    def digest(self) -> str:
        """Of everything that the plan says."""
        return digest_bytes(canonical_json(self._content()))

    def _content(self) -> dict[str, Any]:
        return {
            "environment": self.environment,
            "made_at": self.made_at.isoformat(timespec="seconds"),
            "removes_unmanaged": self.removes_unmanaged,
            "changes": [{"act": one.act.value, "title": one.title, **asdict(one.grant)} for one in self.changes],
            "obstacles": list(self.obstacles),
        }


def document_of(plan: Plan, *, removes_unmanaged: bool, now: dt.datetime) -> PlanDocument:
    """The file's content for a plan."""
    creations = [PlannedChange(Act.CREATE, _wanted(one), _wanted_title(one)) for one in plan.creations]
    deletions = [PlannedChange(Act.DELETE, _held(one), _held_title(one)) for one in plan.deletions]
    return PlanDocument(
        environment=plan.environment,
        made_at=now.astimezone(dt.UTC).replace(microsecond=0),
        removes_unmanaged=removes_unmanaged,
        changes=(*creations, *deletions),
        obstacles=plan.obstacles,
    )


def _wanted(one: WantedAssignment) -> RoleGrant:
    return RoleGrant(
        scope=one.scope,
        role_id=one.role_id,
        principal_id=one.principal_id,
        eligible=one.eligible,
        principal_type=one.principal_type,
        description=one.description,
    )


def _wanted_title(one: WantedAssignment) -> str:
    how = ", eligible" if one.eligible else ""
    return f"{one.role_name} for {one.principal_name} ({one.persona}{how}) on {one.scope}"


def _held(one: RoleAssignment) -> RoleGrant:
    if one.role_id is None or one.principal_id is None:
        raise ValueError("a plan deletes only what is known")
    return RoleGrant(
        scope=one.scope.text,
        role_id=one.role_id,
        principal_id=one.principal_id,
        eligible=one.timing is Timing.ELIGIBLE,
        principal_type=one.principal_type,
        condition=one.condition or "",
        description=one.description,
    )


def _held_title(one: RoleAssignment) -> str:
    who = one.principal_name or one.principal_text
    return f"{one.role_text} of {who} on {one.scope.text}"


def load_plan(path: Path) -> PlanDocument:
    """A plan from its file.

    Raises:
        ConfigurationError: it is no plan, or was changed after it was made.
    """
    top = Section(load_document(path), str(path))
    if top.text("schema") != SCHEMA:
        raise top.error(f"'schema' must be {SCHEMA}", "schema")
    made_at = top.text("made_at")
    try:
        moment = dt.datetime.fromisoformat(made_at)
    except ValueError:
        raise top.error(f"{made_at!r} is no time", "made_at") from None
    document = PlanDocument(
        environment=top.text("environment"),
        made_at=moment,
        removes_unmanaged=top.boolean("removes_unmanaged"),
        changes=tuple(_change(section) for section in top.sections("changes", ())),
        obstacles=top.texts("obstacles", ()),
    )
    digest = top.text("digest")
    top.finish()
    if digest != document.digest:
        raise top.error("the plan was changed after it was made", "digest", remedy="make it again: `mlgate rbac plan`")
    return document


def _change(section: Section) -> PlannedChange:
    grant = RoleGrant(
        scope=section.text("scope"),
        role_id=section.text("role_id"),
        principal_id=section.text("principal_id"),
        eligible=section.boolean("eligible"),
        principal_type=section.text("principal_type", ""),
        condition=section.text("condition", ""),
        description=section.text("description", ""),
        eligible_days=section.integer("eligible_days", minimum=1, maximum=_LONGEST_DAYS),
    )
    change = PlannedChange(section.choice("act", Act), grant, section.text("title"))
    section.finish()
    return change


class Trail(Protocol):
    """What is asked of the audit trail."""

    def append(self, run: str, event: str, data: Mapping[str, Any]) -> object:
        """Adds a record."""


def carry_out(
    document: PlanDocument, port: RoleAssignmentPort, trail: Trail, *, run: str, by: str, never: Collection[str]
) -> Iterator[tuple[PlannedChange, Change]]:
    """Does what a plan says, one after the other, each on record before the next begins.

    Args:
        never: object ids of which nothing is deleted (break-glass accounts).

    Raises:
        ConfigurationError: the plan would take something from one of these, or what it deletes isn't any more what it
            was made for. Nothing of that step was done.
        CouldNotCheckError: the estate doesn't answer. What was done stands in the trail; a second run goes on.
    """
    held = {one.casefold() for one in never}
    for change in document.changes:
        if change.act is Act.DELETE and change.grant.principal_id.casefold() in held:
            raise ConfigurationError(
                f"the plan takes {change.title}, and that is a break-glass account",
                remedy="make the plan again with the organisation's file that names it",
            )
    facts = {"plan": document.digest, "environment": document.environment, "by": by, "changes": len(document.changes)}
    trail.append(run, "rbac-apply-started", facts)
    for change in document.changes:
        try:
            result = _do(change, port, document)
        except MlgateError as error:
            trail.append(run, "rbac-apply-stopped", {"act": change.act.value, "title": change.title, "why": str(error)})
            raise
        data = {"result": result.value, "title": change.title, "name": change.grant.name, **asdict(change.grant)}
        trail.append(run, f"rbac-assignment-{change.act.value}d", data)
        yield change, result
    trail.append(run, "rbac-apply-ended", {"plan": document.digest})


def _do(change: PlannedChange, port: RoleAssignmentPort, document: PlanDocument) -> Change:
    if change.act is Act.CREATE:
        return port.create_assignment(change.grant)
    there = [one for one in port.list_assignments(change.grant.scope) if one.key == change.grant.key]
    if not there:
        return Change.ALREADY
    if not document.removes_unmanaged and not all(one.description.startswith(MARK) for one in there):
        raise CouldNotCheckError(
            f"{change.title} is not one that a plan of mlgate made any more",
            remedy="somebody changed it since: make the plan again",
        )
    return port.delete_assignment(there[0])
