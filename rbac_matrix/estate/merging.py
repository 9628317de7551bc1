"""Two descriptions of one object of the directory."""

from __future__ import annotations

from rbac_matrix.estate.model import DirectoryObject, PrincipalKind


def merged_object(one: DirectoryObject, other: DirectoryObject) -> DirectoryObject:
    """What both tell; where they differ, what is worse counts. Differing kinds are none (see `kinds_differ`)."""
    if one == other:
        return one
    kind = one.kind if other.kind is PrincipalKind.UNKNOWN else other.kind
    return DirectoryObject(
        id=one.id,
        kind=PrincipalKind.UNKNOWN if kinds_differ(one, other) else kind,
        name=one.name or other.name,
        mail=one.mail or other.mail,
        guest=one.guest or other.guest,
        managed_identity=one.managed_identity or other.managed_identity,
        enabled=one.enabled and other.enabled,
    )


def kinds_differ(one: DirectoryObject, other: DirectoryObject) -> bool:
    """Whether both say what it is, and not the same."""
    return PrincipalKind.UNKNOWN not in (one.kind, other.kind) and one.kind is not other.kind
