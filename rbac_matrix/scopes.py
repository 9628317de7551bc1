"""Scopes of role assignments: what an id names, and which scope lies in which.

An assignment reaches everything below its scope. Ids of templates hold `{...}` for what isn't known before they are
deployed.
"""

from __future__ import annotations

import functools

from rbac_matrix.assignments import AssignmentScope, ScopeKind

_MANAGEMENT_GROUP = "microsoft.management/managementgroups"


def segments(scope: str) -> list[str]:
    """The parts of an id between slashes; slashes within `{...}` separate nothing."""
    parts, depth, start = [], 0, 0
    text = scope.strip("/")
    for index, character in enumerate(text):
        if character == "{":
            depth += 1
        elif character == "}":
            depth = max(depth - 1, 0)
        elif character == "/" and not depth:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]] if text else []


def type_and_name(resource_id: str) -> tuple[str, str]:
    """Type and name of the resource that an id names ("A.B/c/d", "x/y"); empty texts if it names none."""
    parts = _split(resource_id)
    folded = [part.casefold() for part in parts]
    if "providers" not in folded:
        return "", ""
    at = len(folded) - 1 - folded[::-1].index("providers")
    namespace, rest = parts[at + 1 : at + 2], parts[at + 2 :]
    if not namespace or not rest or len(rest) % 2:
        return "", ""
    return "/".join([*namespace, *rest[::2]]), "/".join(rest[1::2])


def _split(scope: str) -> list[str]:
    return segments(scope) if "{" in scope else [part for part in scope.strip("/").split("/") if part]


@functools.lru_cache(maxsize=100_000)
def scope_of(text: str) -> AssignmentScope:
    """The scope that an id names."""
    parts = _split(text)
    folded = [part.casefold() for part in parts]
    if not parts:
        return AssignmentScope(ScopeKind.TENANT, "", "/")
    if "providers" in folded:
        resource_type, _ = type_and_name(text)
        if not resource_type or "{" in resource_type:
            return AssignmentScope(ScopeKind.UNKNOWN, "", text)
        if resource_type.casefold() == _MANAGEMENT_GROUP:
            return AssignmentScope(ScopeKind.MANAGEMENT_GROUP, "", text)
        return AssignmentScope(ScopeKind.RESOURCE, resource_type, text)
    if folded[0] == "subscriptions" and len(parts) == 2:
        return AssignmentScope(ScopeKind.SUBSCRIPTION, "", text)
    if folded[0] == "subscriptions" and len(parts) == 4 and folded[2] == "resourcegroups":
        return AssignmentScope(ScopeKind.RESOURCE_GROUP, "", text)
    return AssignmentScope(ScopeKind.UNKNOWN, "", text)


@functools.lru_cache(maxsize=100_000)
def lineage(scope: str) -> tuple[str, ...]:
    """A scope and all that it lies in, folded, from itself to the tenant ("/").

    Management groups hold subscriptions, but no id says which: they lie directly in the tenant here, and whoever needs
    to know whether one reaches a subscription has to ask the estate.
    """
    parts = [part.casefold() for part in _split(scope)]
    found: list[str] = []
    while parts:
        found.append("/" + "/".join(parts))
        if parts[-2:-1] == ["subscriptions"] or len(parts) <= 2 or parts[:2] == ["providers", "microsoft.management"]:
            break
        parts = parts[: _parent_length(parts)]
    return (*found, "/")


def _parent_length(parts: list[str]) -> int:
    """How many parts the id of the parent has."""
    if "providers" not in parts:
        return 2 if parts[0] == "subscriptions" else 0
    at = len(parts) - 1 - parts[::-1].index("providers")
    # A top-level resource lies in what stands before its provider, a child in the resource before it.
    return at if len(parts) - at <= 4 else len(parts) - 2


def reaches(outer: str, inner: str) -> bool:
    """Whether an assignment on `outer` holds on `inner`, as far as the ids tell (see `lineage`)."""
    return lineage(outer)[0] in lineage(inner)


def in_words(scope: AssignmentScope) -> str:
    """For people: "the storage account sttrain", "everything in the resource group rg-ml"."""
    parts = _split(scope.text)
    match scope.kind:
        case ScopeKind.RESOURCE:
            resource_type, name = type_and_name(scope.text)
            return f"{resource_type} {name}" if name else scope.text
        case ScopeKind.RESOURCE_GROUP:
            return f"everything in the resource group {parts[-1]}"
        case ScopeKind.SUBSCRIPTION:
            return f"everything in the subscription {parts[-1]}"
        case ScopeKind.MANAGEMENT_GROUP:
            return f"everything in the management group {parts[-1]}"
        case ScopeKind.TENANT:
            return "everything in the tenant"
        case ScopeKind.UNKNOWN:
            return f"a scope that is not known ({scope.text})"
