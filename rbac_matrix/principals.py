"""The principals file: which Microsoft Entra group or identity stands for which persona.

schema: mlgate/principals/v1
principals:
  - {persona: data-scientist, object_id: 5b1c..., type: Group, name: grp-credit-risk-data-scientists}
  - {persona: ml-workspace, identity: credit-risk-workspace, type: ServicePrincipal}
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from rbac_matrix.assignments import ManagedIdentity
from verdicts import Location
from verdicts.documents import load_document
from verdicts.sections import Section

SCHEMA = "mlgate/principals/v1"
TYPES = ("User", "Group", "ServicePrincipal")
GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

USUAL_IDENTITIES = (
    "microsoft.machinelearningservices/workspaces",
    "microsoft.managedidentity/userassignedidentities",
)
"""What `identity` means where no `resource_type` stands beside it: another resource of that name isn't trusted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """One line. One of `object_id` (lower case), `identity` and `group` is set, the others are "".

    Attributes:
        group: display name of a Microsoft Entra group whose object id nobody wrote down (a naming pattern's); see
            `rbac_matrix.organisation.naming`, which finds the object.
        setups: names and environments of the setups that it is for; empty for everywhere.
    """

    persona: str
    object_id: str
    identity: str
    resource_type: str
    type: str
    name: str
    location: Location
    group: str = ""
    setups: frozenset[tuple[str, str]] = frozenset()

    def is_identity(self, identity: ManagedIdentity) -> bool:
        """Whether it is the managed identity of that resource; names compare without case, as Azure's do."""
        wanted = (self.resource_type.casefold(),) if self.resource_type else USUAL_IDENTITIES
        return (
            self.identity != ""
            and identity.resource_type.casefold() in wanted
            and identity.name.casefold() == self.identity.casefold()
        )


@dataclass(frozen=True, slots=True)
class Principals:
    """All lines of a file, or of several."""

    entries: tuple[Principal, ...] = ()
    _by_id: dict[str, Principal] = field(init=False, repr=False, compare=False)
    _by_group: dict[str, Principal] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # The first line wins; the readers refuse files in which there would be a second one.
        by_id = {entry.object_id: entry for entry in reversed(self.entries) if entry.object_id}
        by_group = {entry.group.casefold(): entry for entry in reversed(self.entries) if entry.group}
        object.__setattr__(self, "_by_id", by_id)
        object.__setattr__(self, "_by_group", by_group)

    def with_object_id(self, object_id: str) -> Principal | None:
        """The line with that object id."""
        return self._by_id.get(object_id.casefold())

    def with_group_name(self, name: str) -> Principal | None:
        """The line for the group of that display name. Names aren't unique in a directory: see `organisation.naming`."""
        return self._by_group.get(name.casefold())

    def with_identity(self, identity: ManagedIdentity) -> Principal | None:
        """The line for that managed identity."""
        return next((entry for entry in self.entries if entry.is_identity(identity)), None)


def load_principals(path: Path, *, shown_as: str, personas: Collection[str]) -> Principals:
    """All principals of a file.

    Raises:
        ConfigurationError: with file and line; also where an object id or identity stands twice, since then two
            personas could claim it.
    """
    top = Section(load_document(path, shown_as=shown_as), shown_as)
    if top.text("schema") != SCHEMA:
        raise top.error(f"'schema' must be {SCHEMA}", "schema")
    entries: list[Principal] = []
    seen: set[tuple[str, str, str]] = set()
    for section in top.sections("principals"):
        entry = _principal(section, personas)
        key = (entry.object_id, entry.identity.casefold(), entry.resource_type.casefold())
        if key in seen:
            raise section.error(f"{entry.object_id or entry.identity} stands twice")
        seen.add(key)
        entries.append(entry)
    top.finish()
    return Principals(tuple(entries))


def _principal(section: Section, personas: Collection[str]) -> Principal:
    entry = Principal(
        persona=section.text("persona"),
        object_id=section.text("object_id", "").casefold(),
        identity=section.text("identity", ""),
        resource_type=section.text("resource_type", ""),
        type=section.text("type", "" if section.has("object_id") else "ServicePrincipal"),
        name=section.text("name", section.text("identity", "")),
        location=Location(section.name, section.line()),
    )
    section.finish()
    if entry.persona not in personas:
        raise section.error(f"there is no persona {entry.persona!r}", "persona", remedy=f"known: {', '.join(personas)}")
    if bool(entry.object_id) == bool(entry.identity):
        raise section.error("either 'object_id' or 'identity' is needed")
    if entry.object_id and GUID.fullmatch(entry.object_id) is None:
        raise section.error("'object_id' must be the object id (a GUID) in Microsoft Entra", "object_id")
    if entry.resource_type and not entry.identity:
        raise section.error("'resource_type' belongs to 'identity'", "resource_type")
    if entry.type not in TYPES:
        raise section.error(f"'type' must be one of {', '.join(TYPES)}", "type")
    return entry
