"""The principals file: which Microsoft Entra group or identity stands for which persona.

schema: mlgate/principals/v1
principals:
  - {persona: data-scientist, object_id: 5b1c..., type: Group, name: grp-credit-risk-data-scientists}
  - {persona: ml-workspace, identity: credit-risk-workspace, type: ServicePrincipal}
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from rbac_matrix.assignments import ManagedIdentity
from verdicts import ConfigurationError, Location
from verdicts.documents import load_document
from verdicts.sections import Section

SCHEMA = "mlgate/principals/v1"
TYPES = ("User", "Group", "ServicePrincipal")
_USUAL_TYPES = {(True, False): "", (False, True): "Group"}
"""By whether there is an object id and a group's name; an object id can be anything's, so its type has to be said."""
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
        setups: names and environments of the setups that it is for, "" for a name being everything in the environment;
            empty for everywhere.
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
        """The line for the group of that display name. Names aren't unique: see `organisation.naming`."""
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
    entries = read_listed(top, personas)
    top.finish()
    return merged(entries)


def read_listed(top: Section, personas: Collection[str], *, required: bool = True) -> list[Principal]:
    """The lines under `principals`. Raises ConfigurationError, also where one stands twice."""
    entries: list[Principal] = []
    seen: set[tuple[str, str, str]] = set()
    for section in top.sections("principals", *(() if required else ((),))):
        entry = _principal(section, personas)
        key = (entry.object_id, (entry.identity or entry.group).casefold(), entry.resource_type.casefold())
        if key in seen:
            raise section.error(f"{entry.object_id or entry.identity or entry.group} stands twice")
        seen.add(key)
        entries.append(entry)
    return entries


def _principal(section: Section, personas: Collection[str]) -> Principal:
    persona = section.text("persona")
    if persona not in personas:
        near = difflib.get_close_matches(persona, personas, n=1)
        remedy = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(personas)}"
        raise section.error(f"there is no persona {persona!r}", "persona", remedy=remedy)
    return read_principal(section, persona)


def read_principal(section: Section, persona: str, setups: frozenset[tuple[str, str]] = frozenset()) -> Principal:
    """One line but for its persona: `object_id`, `identity`, or `group` (a display name). Raises ConfigurationError."""
    object_id, identity, group = (section.text(key, "") for key in ("object_id", "identity", "group"))
    entry = Principal(
        persona=persona,
        object_id=object_id.casefold(),
        identity=identity,
        resource_type=section.text("resource_type", ""),
        type=section.text("type", _USUAL_TYPES.get((bool(object_id), bool(group)), "ServicePrincipal")),
        name=section.text("name", identity or group),
        location=Location(section.name, section.line()),
        group=group,
        setups=setups,
    )
    section.finish()
    if sum(map(bool, (object_id, identity, group))) != 1:
        raise section.error("either 'object_id' or 'identity' or 'group' is needed")
    if object_id and GUID.fullmatch(object_id) is None:
        raise section.error("'object_id' must be the object id (a GUID) in Microsoft Entra", "object_id")
    if entry.resource_type and not identity:
        raise section.error("'resource_type' belongs to 'identity'", "resource_type")
    if entry.type not in TYPES:
        raise section.error(f"'type' must be one of {', '.join(TYPES)}", "type")
    if group and entry.type != "Group":
        raise section.error("'group' is the name of a group: 'type' can't be anything else", "type")
    return entry


def merged(entries: Iterable[Principal]) -> Principals:
    """Lines of several files as one value; lines for one principal become one.

    Raises:
        ConfigurationError: two personas claim one principal.
    """
    found: dict[tuple[str, str, str, str], Principal] = {}
    claims: dict[tuple[str, ...], Principal] = {}
    for entry in entries:
        for claim in _claims(entry):
            other = claims.setdefault(claim, entry)
            if other.persona != entry.persona:
                raise ConfigurationError(
                    f"two personas claim {claim[-1]}: {other.persona} at {other.location} and {entry.persona}",
                    where=str(entry.location),
                    remedy="a principal stands for one persona: make a group for each",
                )
        key = (entry.object_id, entry.identity.casefold(), entry.resource_type.casefold(), entry.group.casefold())
        known = found.setdefault(key, entry)
        everywhere = not (known.setups and entry.setups)
        found[key] = replace(known, setups=frozenset() if everywhere else known.setups | entry.setups)
    return Principals(tuple(found.values()))


def _claims(entry: Principal) -> list[tuple[str, ...]]:
    """Everything that is this principal, so that no other persona's line may be it."""
    if entry.object_id:
        return [("object id", entry.object_id)]
    if entry.group:
        return [("group", entry.group.casefold())]
    types = (entry.resource_type.casefold(),) if entry.resource_type else USUAL_IDENTITIES
    return [(resource_type, entry.identity.casefold()) for resource_type in types]
