"""Which resources an existence condition may look at: those in the place that `then.details` names.

Source: Microsoft's pages on auditIfNotExists and deployIfNotExists. Child types are looked for under the evaluated
resource, extensions on it, everything else in its resource group, in another one, or in the whole subscription.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policies.resource_types import resource_type, type_key
from policies.scope import Scope
from policies.template_ids import same_in_workspace
from policies.values import Truth, Unknown, get_key, known

Resource = Mapping[str, Any]

_SUBSCRIPTION = re.compile(r"^/subscriptions/([^/]+)", re.IGNORECASE)
_GROUP = re.compile(r"^/subscriptions/[^/]+/resourcegroups/([^/]+)", re.IGNORECASE)
_CONTAINERS = frozenset({"microsoft.resources/subscriptions", "microsoft.resources/subscriptions/resourcegroups"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for.

    Attributes:
        type: lower-cased.
        name: lower-cased; "" for any.
        group: resource group, lower-cased; "" for the one of the evaluated resource.
        subscription_wide: whether every resource group will do.
    """

    type: str
    name: str
    group: str
    subscription_wide: bool


def is_looked_for(item: Resource, wanted: Wanted, scope: Scope) -> Truth:
    """Whether a resource is one of those that are looked for; Unknown where its type, name or place isn't known."""
    type_ = resource_type(item)
    if isinstance(type_, str) and type_.lower() != wanted.type:
        return False
    if type_ is None and get_key(item, "type", "type") is not None:
        return False  # one that was given without any type was given as what is looked for
    if item is scope.resource:
        return _name_fits(item, wanted)
    named = _name_fits(item, wanted)
    placed = named is not False and _is_in_place(item, wanted, scope)
    if named is False or placed is False:
        return False
    unknown = next((answer for answer in (type_, named, placed) if isinstance(answer, Unknown)), None)
    return True if unknown is None else unknown


def full_name(item: Resource) -> str | Unknown:
    """The name with those of all parents where they are known, lower-cased: from the id, else as it is given."""
    identifier = _id(item)
    if "/providers/" in identifier:
        parts = identifier.rpartition("/providers/")[2].split("/")
        if len(parts) >= 3 and len(parts) % 2 == 1:
            return "/".join(parts[2::2])
    for key in ("fullname", "name"):
        given = known(get_key(item, key, key))
        if isinstance(given, Unknown):
            return given
        if isinstance(given, str) and given:
            return given.lower()
    return ""


def _id(item: Resource) -> str:
    """The id, lower-cased; "" if there is none, or it isn't known."""
    given = get_key(item, "id", "id")
    return given.lower().rstrip("/") if isinstance(given, str) else ""


def _place(item: Resource) -> Unknown | None:
    """Why it isn't known where a resource is; None if that isn't said."""
    given = (known(get_key(item, key, key)) for key in ("id", "scope"))
    return next((value for value in given if isinstance(value, Unknown)), None)


def _name_fits(item: Resource, wanted: Wanted) -> Truth:
    """A name as it is, or "parent/?" for any child of the parent. Parents that aren't known may be any."""
    if not wanted.name:
        return True
    name = full_name(item)
    if isinstance(name, Unknown):
        return name
    if not name:
        return True  # given without a name: as with the type
    names, asked = name.split("/"), wanted.name.split("/")
    shared = min(len(names), len(asked))
    return all(one in (other, "?") for one, other in zip(asked[-shared:], names[-shared:], strict=True))


def _is_in_place(item: Resource, wanted: Wanted, scope: Scope) -> Truth:
    truth = _is_in_known_place(item, wanted, scope)
    if truth is False:
        return False
    unknown = next((place for place in (_place(item), _place(scope.resource)) if place is not None), None)
    return truth if unknown is None else unknown


def _is_in_known_place(item: Resource, wanted: Wanted, scope: Scope) -> Truth:
    if wanted.type.startswith(f"{scope.type}/"):
        return _is_below(item, wanted, scope)
    target = _extended(item)
    if target and scope.type not in _CONTAINERS:
        return _is_own(target, scope)
    return _is_in_group(item, wanted, scope)


def _is_below(item: Resource, wanted: Wanted, scope: Scope) -> Truth:
    own, other = _id(scope.resource), _id(item)
    if own and other:
        return _relative(other, own).startswith(f"{_relative(own, other)}/")
    parent, child = full_name(scope.resource), full_name(item)
    if isinstance(child, Unknown):
        return child
    parents = child.split("/")[: scope.type.count("/") - wanted.type.count("/")]
    if not parents:
        return True  # a child that stands alone, without the names of its parents
    if isinstance(parent, Unknown):
        return parent
    names = [name for name in parent.split("/") if name]
    shared = min(len(names), len(parents))
    return shared == 0 or names[-shared:] == parents[-shared:]


def _extended(item: Resource) -> str:
    """What an extension resource is on: an id, or "type/name" in turns, lower-cased; "" if it is no extension."""
    before = _id(item).rpartition("/providers/")[0]
    if "/providers/" in before:
        return before
    given = get_key(item, "type", "type")
    name = get_key(item, "name", "name")
    if isinstance(given, str) and "/providers/" in given.lower() and isinstance(name, str):
        namespace, *types = given.lower().rpartition("/providers/")[0].split("/")
        pairs = zip(types, name.lower().split("/"), strict=False)
        return "/".join([namespace, *(part for pair in pairs for part in pair)])
    scope = get_key(item, "scope", "scope")
    if not isinstance(scope, str) or "/" not in scope.strip("/"):
        return ""
    # An expanded template says of every resource where it goes: a group or subscription is no resource that it is on.
    is_place = scope.lower().startswith("/subscriptions/") and "/providers/" not in scope.lower()
    return "" if is_place else scope.lower().strip("/")


def _is_own(target: str, scope: Scope) -> Truth:
    """Whether an extension's target is the evaluated resource."""
    own = _id(scope.resource)
    if own and "/providers/" in f"/{target}":
        in_workspace = same_in_workspace(own, target)
        if in_workspace is not None:
            return in_workspace
        return _relative(own, target).strip("/") == _relative(target, own).strip("/")
    name = full_name(scope.resource)
    if isinstance(name, Unknown):
        return name
    namespace, *types = scope.type.split("/")
    names = name.split("/")
    if len(names) != len(types):
        return target.endswith(f"/{names[-1]}")
    relative = "/".join([namespace, *(part for pair in zip(types, names, strict=True) for part in pair)])
    return f"/{target}".endswith(f"/{relative}")


def _relative(identifier: str, other: str) -> str:
    """An id to compare with another; in a template, "{...}" stands for a subscription or group that is open."""
    if "{" in identifier.partition("/providers/")[0] or "{" in other.partition("/providers/")[0]:
        return identifier.partition("/providers/")[2]
    return identifier


def _is_in_group(item: Resource, wanted: Wanted, scope: Scope) -> Truth:
    own, other = _id(scope.resource), _id(item)
    if not other:
        return True  # nothing tells where it is: it was given as one that is in place
    subscriptions = _found(_SUBSCRIPTION, own), _found(_SUBSCRIPTION, other)
    same = _same_place(*subscriptions) if all(subscriptions) else True
    if same is False or wanted.subscription_wide:
        return same
    expected = wanted.group or _found(_GROUP, own) or _own_group(scope)
    if not expected:
        return same
    group = _same_place(expected, _found(_GROUP, other))
    return group if group is not True else same


def _same_place(one: str, other: str) -> Truth:
    if one == other:
        return True
    return Unknown("the deployment's subscription or resource group is not known") if "{" in one + other else False


def _own_group(scope: Scope) -> str:
    given = (scope.surroundings.resource_group or {}).get("name")
    return given.lower() if isinstance(given, str) and type_key(scope.resource) not in _CONTAINERS else ""


def _found(pattern: re.Pattern[str], identifier: str) -> str:
    match = pattern.search(identifier)
    return match.group(1).lower() if match else ""
