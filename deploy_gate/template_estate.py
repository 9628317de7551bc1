"""What a template says of an estate: who is given what, which resources there are, and what they run as."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deploy_gate.role_extraction import Extracted
from rbac_matrix.estate.model import Estate, EstateResource, Gap, IdentityUse, Part
from resource_readers.interface import Resource, Unknown, Value
from verdicts import Location

_WORKSPACE = "microsoft.machinelearningservices/workspaces"
_RUNS_AS = frozenset({_WORKSPACE, f"{_WORKSPACE}/onlineendpoints", f"{_WORKSPACE}/batchendpoints"})
"""Types each of whose resources has to have an identity of its own."""
_NOTHING_HELD_ON = ("microsoft.authorization/", "microsoft.resources/deployments")


def estate_of(resources: Sequence[Resource], extracted: Extracted) -> Estate:
    """The estate of one template. It is never whole: other templates may say more.

    Args:
        resources: of the template.
        extracted: what gives roles among them.
    """
    uses: list[IdentityUse] = []
    unknown: list[Resource] = []
    for one in resources:
        if one.existing or one.type.casefold() not in _RUNS_AS:
            continue
        identities, known = _identities(one)
        uses += (_use(one, identity) for identity in identities)
        if not known:
            unknown.append(one)
    return Estate(
        covers=frozenset({Part.ASSIGNMENTS, Part.DEFINITIONS, Part.RESOURCES}),
        assignments=extracted.assignments,
        definitions=extracted.definitions,
        resources=tuple(_resources(resources)),
        identity_uses=tuple(uses),
        gaps=tuple(_unknown_identities(unknown, uses)),
    )


def _resources(resources: Sequence[Resource]) -> Iterator[EstateResource]:
    for one in resources:
        if not one.type.casefold().startswith(_NOTHING_HELD_ON):
            yield EstateResource(id=one.id, type=one.type, location=one.location)


def _identities(resource: Resource) -> tuple[list[str], bool]:
    """Ids of what a resource runs as, and whether that is all; its own id stands for its system-assigned identity."""
    identity = resource.fields.get("identity")
    if isinstance(identity, Unknown):
        return [], False
    kind, assigned = _member(identity, "type"), _member(identity, "userAssignedIdentities")
    found: list[str] = []
    if isinstance(kind, str) and "systemassigned" in kind.casefold().replace(" ", ""):
        found.append(resource.id)
    known = not isinstance(kind, Unknown)
    if isinstance(assigned, dict):
        return [*found, *map(str, assigned)], known
    if isinstance(assigned, Unknown):
        names = _names(assigned.text)
        return [*found, *names], known and bool(names)
    return found, known


def _names(text: str) -> list[str]:
    """The names of an object's properties where they aren't known whole: see `unknown_names` of the readers."""
    return text[1:-1].split(" | ") if text.startswith("{/") else []


def _member(value: Value, name: str) -> Value:
    if not isinstance(value, dict):
        return None
    return next((one for key, one in value.items() if str(key).casefold() == name.casefold()), None)


def _use(resource: Resource, identity: str) -> IdentityUse:
    kind = resource.fields.get("kind")
    return IdentityUse(
        identity=identity,
        resource_id=resource.id,
        resource_type=resource.type,
        resource_kind=kind if isinstance(kind, str) else "",
        location=Location(resource.location.path, resource.line("identity")),
    )


def _unknown_identities(unknown: Sequence[Resource], uses: Sequence[IdentityUse]) -> Iterator[Gap]:
    """One that nobody knows may be another one's, if there is another one."""
    users = {one.resource_id for one in uses} | {one.id for one in unknown}
    if len(users) < 2:
        return
    for one in unknown:
        name = one.name if isinstance(one.name, str) else one.id
        yield Gap(
            part=Part.RESOURCES,
            detail=f"what {one.type} {name} runs as is not known, so it may be the identity of another one",
            remedy="give a parameter file with the values, or write them into the template",
            location=Location(one.location.path, one.line("identity")),
        )
