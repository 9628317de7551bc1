"""Azure DevOps and Azure Artifacts: who is in which group, who has which role on a feed.

- our own form: entries {service, project, group, member}, as a JSON list, under `value`, as JSON lines, or as CSV;
- `az devops security group membership list --id GROUP`, which doesn't say of which group: {"group": "[Project]\\Name",
  "members": {...}} does;
- `az devops security group list`, which only tells which groups there are;
- the permissions of a feed, as the REST API gives them, with the feed's name: {"feed": "name", "value": [...]}.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rbac_matrix.estate.exports.interface import (
    Collected,
    Document,
    Record,
    RecordError,
    each,
    optional_text,
    text_in,
)
from rbac_matrix.estate.model import DevOpsMembership, Part
from rbac_matrix.principals import GUID

DEVOPS, ARTIFACTS = "azure-devops", "azure-artifacts"
_SERVICES = {DEVOPS: DEVOPS, "devops": DEVOPS, ARTIFACTS: ARTIFACTS, "artifacts": ARTIFACTS}

ROLES = {
    DEVOPS: {
        "project administrators": "DOPA",
        "project collection administrators": "DOPCA",
        "readers": "R",
        "contributors": "C",
    },
    ARTIFACTS: {
        "reader": "R",
        "feed reader": "R",
        "contributor": "C",
        "feed publisher": "C",
        "feed publisher (contributor)": "C",
        "administrator": "O",
        "owner": "O",
        "feed owner": "O",
    },
}
"""The matrix's abbreviation for groups and roles, by their names in lower case. Others (collaborator) have none."""

_DEVOPS_GROUPS = frozenset({"vsts", "vssgp"})
"""Where a group of Azure DevOps itself comes from, other than one of Microsoft Entra."""


def role_of(service: str, group: str) -> str:
    """The matrix's abbreviation; "" if there is none. A project may stand before the group's name."""
    return ROLES[service].get(group.rpartition("\\")[2].strip().casefold(), "")


def membership(record: Record, into: Collected, line: int) -> DevOpsMembership:
    """One entry of our own form. Raises RecordError."""
    unknown = sorted(set(record) - {"service", "project", "group", "member", "role"})
    if unknown:
        raise RecordError(f"the key {unknown[0]!r} is not known")
    named = text_in(record, "service")
    service = _SERVICES.get(named.strip().casefold())
    if service is None:
        raise RecordError(f"'service' must be {DEVOPS} or {ARTIFACTS}")
    group = text_in(record, "group").strip()
    return DevOpsMembership(
        service=service,
        role=role_of(service, group),
        group=group,
        member=text_in(record, "member").strip().casefold(),
        project=optional_text(record, "project").strip(),
        location=into.location(line),
    )


@dataclass(frozen=True, slots=True)
class MembershipReader:
    """Entries of our own form."""

    kind: str = "memberships of Azure DevOps"
    part: Part = Part.DEVOPS
    names: tuple[str, ...] = ("devops", "artifacts", "feed")

    def recognises(self, record: Record) -> bool:
        """See ExportReader."""
        return "service" in record and "group" in record and "member" in record

    def read(self, records: Sequence[Record], lines: Sequence[int], document: Document, into: Collected) -> None:
        """See ExportReader."""
        each(self, lambda record, line: into.memberships.append(membership(record, into, line)), records, lines, into)

    def finish(self, document: Document, into: Collected) -> None:
        """See ExportReader."""
        into.covers.add(self.part)


@dataclass(frozen=True, slots=True)
class GroupMembersReader:
    """`{"group": ..., "members": {...}}` around the command line's answer, which doesn't say whose members they are."""

    kind: str = "members of a group of Azure DevOps"
    part: Part = Part.DEVOPS
    names: tuple[str, ...] = ()

    def recognises(self, record: Record) -> bool:
        """See ExportReader."""
        if "group" in record and isinstance(record.get("members"), dict):
            return True
        return bool(record) and all(isinstance(one, dict) and "subjectKind" in one for one in record.values())

    def read(self, records: Sequence[Record], lines: Sequence[int], document: Document, into: Collected) -> None:
        """See ExportReader."""

        def one(record: Record, line: int) -> None:
            if not isinstance(record.get("members"), dict):
                raise RecordError(
                    'it doesn\'t say of which group: write {"group": "[Project]\\\\Name", "members": ...}'
                )
            group = text_in(record, "group")
            project, _, name = group.rpartition("\\")
            for member in record["members"].values():
                into.memberships.append(
                    DevOpsMembership(
                        service=DEVOPS,
                        role=role_of(DEVOPS, group),
                        group=name,
                        member=_member(member),
                        project=optional_text(record, "project") or project.strip("[]"),
                        location=into.location(line),
                    )
                )

        each(self, one, records, lines, into)

    def finish(self, document: Document, into: Collected) -> None:
        """See ExportReader."""
        into.covers.add(self.part)


def _member(member: Any) -> str:
    """Its object id in Microsoft Entra, or its mail address, or (a group of Azure DevOps) its whole name."""
    if not isinstance(member, dict):
        raise RecordError("a member is no object")
    origin, own = optional_text(member, "origin").casefold(), optional_text(member, "originId")
    if origin == "aad" and GUID.fullmatch(own):
        return own.casefold()
    if origin in _DEVOPS_GROUPS and optional_text(member, "subjectKind").casefold() == "group":
        return text_in(member, "principalName").casefold()
    return (optional_text(member, "mailAddress") or text_in(member, "principalName")).casefold()


@dataclass(frozen=True, slots=True)
class FeedReader:
    """The permissions of a feed (`GET .../packaging/Feeds/NAME/permissions`)."""

    kind: str = "permissions of a feed"
    part: Part = Part.DEVOPS
    names: tuple[str, ...] = ()

    def recognises(self, record: Record) -> bool:
        """See ExportReader."""
        return "identityDescriptor" in record and "role" in record

    def read(self, records: Sequence[Record], lines: Sequence[int], document: Document, into: Collected) -> None:
        """See ExportReader."""

        def one(record: Record, line: int) -> None:
            role = text_in(record, "role")
            if role.casefold() == "none":
                return
            feed = document.envelope.fields.get("feed")
            into.memberships.append(
                DevOpsMembership(
                    service=ARTIFACTS,
                    role=role_of(ARTIFACTS, role),
                    group=role,
                    member=_identity(record),
                    project=feed if isinstance(feed, str) else document.name,
                    location=into.location(line),
                )
            )

        each(self, one, records, lines, into)

    def finish(self, document: Document, into: Collected) -> None:
        """See ExportReader."""
        into.covers.add(self.part)


def _identity(record: Record) -> str:
    """A user's mail address, which stands behind the tenant; for groups only the display name says who it is."""
    _, _, claims = text_in(record, "identityDescriptor").partition("Microsoft.IdentityModel.Claims.ClaimsIdentity;")
    mail = claims.rpartition("\\")[2]
    return (mail if "@" in mail else text_in(record, "displayName")).casefold()


def expanded(memberships: Sequence[DevOpsMembership], into: Collected) -> list[DevOpsMembership]:
    """Groups of Azure DevOps that are members give what they have to their own members, through all levels.

    A group whose members were not exported stays, and is a gap.
    """
    inside: dict[str, list[DevOpsMembership]] = {}
    for one in memberships:
        if one.service == DEVOPS:
            inside.setdefault(_whole_name(one), []).append(one)
    result: list[DevOpsMembership] = []
    unknown: dict[str, DevOpsMembership] = {}
    for one in memberships:
        for member in _leaves(one.member, inside):
            result.append(one if member == one.member else _held_by(one, member))
            if member.startswith("[") and "\\" in member and member not in inside:
                unknown.setdefault(member, one)
    for member, one in unknown.items():
        into.gap(
            Part.DEVOPS,
            f"the members of the group {member}, which is in {one.group}, were not exported",
            "export them: az devops security group membership list --id <its descriptor>",
            one.location.line or 1,
        )
    return list(dict.fromkeys(result))


def _whole_name(one: DevOpsMembership) -> str:
    return f"[{one.project}]\\{one.group.rpartition(chr(92))[2]}".casefold()


def _leaves(member: str, inside: Mapping[str, Sequence[DevOpsMembership]]) -> Iterator[str]:
    seen, waiting = {member}, [member]
    while waiting:
        here = waiting.pop()
        if here not in inside:
            yield here
            continue
        fresh = [one.member for one in inside[here] if one.member not in seen]
        seen.update(fresh)
        waiting += reversed(fresh)


def _held_by(one: DevOpsMembership, member: str) -> DevOpsMembership:
    return DevOpsMembership(
        service=one.service,
        role=one.role,
        group=one.group,
        member=member,
        project=one.project,
        location=one.location,
    )


@dataclass(frozen=True, slots=True)
class GroupListReader:
    """`az devops security group list`: which groups there are. That says of nobody what he may do."""

    kind: str = "groups of Azure DevOps"
    part: Part = Part.DEVOPS
    names: tuple[str, ...] = ()

    def recognises(self, record: Record) -> bool:
        """See ExportReader."""
        return isinstance(record.get("graphGroups"), list)

    def read(self, records: Sequence[Record], lines: Sequence[int], document: Document, into: Collected) -> None:
        """See ExportReader. Groups that the matrix knows must be exported with their members."""

        def one(record: Record, line: int) -> None:
            for group in record["graphGroups"]:
                name = text_in(group, "principalName") if isinstance(group, dict) else ""
                if role_of(DEVOPS, name):
                    into.devops_groups.setdefault(name.casefold(), into.location(line))
            if record.get("continuationToken"):
                into.gap(self.part, "the list of groups goes on", "export the rest with --continuation-token", line)

        each(self, one, records, lines, into)

    def finish(self, document: Document, into: Collected) -> None:
        """See ExportReader."""
        into.covers.add(self.part)
