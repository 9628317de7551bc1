"""The columns that are no Azure resources: groups of Azure DevOps and roles on feeds of Azure Artifacts, as exported.

Source of the order: Azure DevOps, default permissions (Readers, Contributors, Project Administrators, Project
Collection Administrators); Azure Artifacts, feed permissions (Reader, Contributor, Owner).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rbac_matrix.cells import CellResult, CellState
from rbac_matrix.checks.collecting import Collector
from rbac_matrix.checks.interface import SCANNER
from rbac_matrix.checks.separation import Sides
from rbac_matrix.checks.world import World
from rbac_matrix.estate.model import DevOpsMembership, Part
from rbac_matrix.matrix import Service
from verdicts import Finding, Severity

DEVOPS = "MLG-RBAC-DEVOPS"
COLLECTION = "DOPCA"
"""The group that isn't of one project but of a whole collection (an organisation)."""
_RANKS = {
    "azure-devops": ("R", "C", "DOPA", "DOPCA"),
    "azure-artifacts": ("R", "C", "O"),
}
"""From the least to the most; each has everything that those before it have."""
_SEVERITY = {"R": Severity.MEDIUM, "C": Severity.HIGH, "O": Severity.CRITICAL, "DOPA": Severity.CRITICAL}
_NAMED = 5

Counts = dict[tuple[str, str], Counter[CellState]]


def devops_cells(world: World, collector: Collector, counts: Counts) -> list[CellResult]:
    """Cells of both columns, by project; nothing where no memberships were asked for."""
    memberships = world.estate.memberships
    if memberships is None:
        return []
    people = _People(world)
    results: list[CellResult] = []
    for service in world.matrix.services.values():
        if service.resource_types or service.id not in _RANKS:
            continue
        own = [one for one in memberships if one.service == service.id]
        held = _held(own, service, people, collector)
        for project in _projects(own):
            for persona in world.matrix.personas:
                found = _cell(world, persona, service, project, _in_project(held, persona, project), collector)
                counts.setdefault((persona, service.id), Counter())[found.state] += 1
                results.append(found)
    return results


def note_memberships(world: World, sides: Sides) -> None:
    """Who is on a side of a combination by a group of Azure DevOps."""
    if not world.estate.memberships:
        return
    people = _People(world)
    for one in world.estate.memberships:
        sides.note_membership(people.id_of(one.member), one)


class _People:
    """Who a member of an export is."""

    def __init__(self, world: World) -> None:
        self._holders = world.holders
        directory = world.estate.directory
        objects = directory.objects.values() if directory is not None else ()
        self._by_mail = {text.casefold(): one.id for one in objects for text in (one.name, one.mail) if "@" in text}

    def id_of(self, member: str) -> str:
        """The object id of a member, where it is known; else what the export has."""
        return self._by_mail.get(member.casefold(), member.casefold())

    def personas(self, member: str) -> tuple[str, ...]:
        """Ids of the personas that a member stands for; empty for somebody unknown."""
        object_id = self.id_of(member)
        entry = self._holders.entry_of(object_id)
        if entry is not None:
            return (entry.persona,)
        around = map(self._holders.entry_of, self._holders.groups_of(object_id))
        return tuple(dict.fromkeys(entry.persona for entry in around if entry is not None))

    def name(self, member: str) -> str:
        """For people."""
        return self._holders.name_of(self.id_of(member))


Held = dict[tuple[str, str], dict[str, list[DevOpsMembership]]]


def _held(own: Sequence[DevOpsMembership], service: Service, people: _People, collector: Collector) -> Held:
    """Memberships by persona, project and role."""
    held: Held = {}
    unnamed: dict[str, list[DevOpsMembership]] = {}
    for one in own:
        if not one.role:
            unnamed.setdefault(one.group, []).append(one)
            continue
        personas = people.personas(one.member)
        for persona in personas:
            held.setdefault((persona, one.project), {}).setdefault(one.role, []).append(one)
        if not personas:
            collector.add(
                _finding(
                    one,
                    Severity.HIGH,
                    f"{people.name(one.member)} is in {one.group} ({service.name}), and is no known principal.",
                    "Name the group or identity and its persona in the principals file, or remove the member.",
                    one.member,
                )
            )
    for group, members in unnamed.items():
        collector.add(
            _finding(
                members[0],
                Severity.LOW,
                f"{group} ({service.name}) has {len(members)} members, and the matrix has no abbreviation for it.",
                "Say in the export which of the matrix's roles it is, or review its members by hand.",
                group,
            )
        )
    return held


def _projects(own: Sequence[DevOpsMembership]) -> Sequence[str]:
    """Names of projects and feeds. Where administrators of the collection stand isn't one, if there are others."""
    found = dict.fromkeys(one.project for one in own if one.role != COLLECTION)
    return list(found) or list(dict.fromkeys(one.project for one in own)) or [""]


def _in_project(held: Held, persona: str, project: str) -> dict[str, list[DevOpsMembership]]:
    """What a persona has in a project: who administers the collection administers every project of it."""
    found = dict(held.get((persona, project), {}))
    everywhere = [
        one
        for (who, where), roles in held.items()
        if who == persona and where != project
        for one in roles.get(COLLECTION, ())
    ]
    if everywhere:
        found[COLLECTION] = [*found.get(COLLECTION, ()), *everywhere]
    return found


def _cell(
    world: World,
    persona: str,
    service: Service,
    project: str,
    held: Mapping[str, Sequence[DevOpsMembership]],
    collector: Collector,
) -> CellResult:
    ranks = _RANKS[service.id]
    allowed = tuple(role.label for role in world.matrix.cell(persona, service.id))
    strange = [label for label in (*allowed, *held) if label not in ranks]
    top, limit = _top(held, ranks), _top(allowed, ranks)
    complete = not any(gap.part is Part.DEVOPS for gap in world.estate.gaps)
    if strange:
        state, detail = CellState.UNKNOWN, f"{strange[0]} has no place in the order of {service.name}'s roles"
        collector.undecided(f"{persona} on {service.name}: {detail}", "use the matrix's abbreviations", None)
    else:
        state, detail = _state(top, limit, complete)
    result = CellResult(
        persona=persona,
        service=service.id,
        resource=project,
        state=state,
        allowed=allowed,
        held=tuple(held),
        detail=detail,
    )
    title = world.matrix.personas[persona].title
    given = f"the {world.matrix.name} matrix gives {' and '.join(allowed) or 'nothing'}"
    if state is CellState.EXCESS:
        for role, members in held.items():
            if ranks.index(role) > limit:
                names = ", ".join(sorted({one.member for one in members})[:_NAMED])
                collector.add(
                    _finding(
                        members[0],
                        _SEVERITY.get(role, Severity.CRITICAL),
                        f"{title} ({names}) has {role} by {members[0].group} ({service.name}); {given}.",
                        "Remove the member from the group, or give the role that the matrix has in that cell.",
                        f"{persona} {role}",
                    )
                )
    elif state in (CellState.MISSING, CellState.SUBSET):
        severity = Severity.MEDIUM if state is CellState.MISSING else Severity.LOW
        collector.add(
            Finding(
                rule_id=DEVOPS,
                scanner=SCANNER,
                severity=severity,
                message=f"{title} has {' and '.join(held) or 'nothing'} on {service.name}"
                f"{f' ({project})' if project else ''}; {given}.",
                remediation="Make the persona's group a member, or have the cell say what is enough.",
                resource=f"{persona} on {service.id}",
                subject=f"{project} {' '.join(held)}",
                documentation=f"docs/rules/{DEVOPS}.md",
            )
        )
    return result


def _top(labels: Iterable[str], ranks: Sequence[str]) -> int:
    """The highest rank; -1 for none."""
    return max((ranks.index(label) for label in labels if label in ranks), default=-1)


def _state(top: int, limit: int, complete: bool) -> tuple[CellState, str]:
    if top > limit:
        return CellState.EXCESS, ""
    if not complete and top < limit:
        return CellState.UNKNOWN, "the memberships were not read whole"
    if top == limit:
        return (CellState.EMPTY if limit < 0 else CellState.EXACT), ""
    return (CellState.MISSING if top < 0 else CellState.SUBSET), ""


def _finding(one: DevOpsMembership, severity: Severity, message: str, remedy: str, subject: str) -> Finding:
    return Finding(
        rule_id=DEVOPS,
        scanner=SCANNER,
        severity=severity,
        message=message,
        remediation=remedy,
        resource=f"{one.service} {one.project} {one.group}".replace("  ", " "),
        subject=subject,
        location=one.location,
        documentation=f"docs/rules/{DEVOPS}.md",
    )
