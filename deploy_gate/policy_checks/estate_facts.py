"""What only the whole project shows of a resource, for rules that can't look around by themselves.

A policy sees one resource, and at most whether another one exists. Whether two endpoints share an identity, or whether
every deployment that traffic goes to is declared, is told here as `estate`, which rules ask for like any property.
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from policies.resource_types import type_key
from policies.values import UNKNOWN_KEY, get_key

WORKSPACE = "microsoft.machinelearningservices/workspaces"
ENDPOINT = f"{WORKSPACE}/onlineendpoints"
DEPLOYMENT = f"{ENDPOINT}/deployments"
View = dict[str, Any]


def add_estate_facts(read: Sequence[tuple[str, View]], *, whole: bool) -> None:
    """Adds `estate` to the resources that there is something to tell of.

    Args:
        read: all resources of the project that are judged, as `resource_readers.rendering` shows them, each with the
            file that was read for it: that of the deployment, not the module in which it stands.
        whole: whether there are no others.
    """
    _add_shared_identities(read)
    _add_missing_targets([view for _, view in read], whole)


def _add_shared_identities(read: Sequence[tuple[str, View]]) -> None:
    """`estate.identityAlsoOf`: ids of the other workspaces and endpoints with the same user-assigned identity."""
    holders: dict[tuple[str, str], list[str]] = defaultdict(list)
    own: list[tuple[View, list[tuple[str, str]]]] = []
    for shown, view in read:
        # Of two that are deployed under conditions, perhaps only one ever is.
        if type_key(view) not in (WORKSPACE, ENDPOINT) or "$condition" in view:
            continue
        identities = _identities(view, shown)
        own.append((view, identities))
        for identity in identities:
            holders[identity].append(str(view["id"]))
    for view, identities in own:
        mine = str(view["id"]).lower()
        others = {one for identity in identities for one in holders[identity] if one.lower() != mine}
        if others:
            view.setdefault("estate", {})["identityAlsoOf"] = sorted(others)


def _identities(view: View, shown: str) -> list[tuple[str, str]]:
    """Each with the deployment in which its text means one value; "" for an id that is known: the same everywhere."""
    assigned = _member(_member(view, "identity"), "userAssignedIdentities")
    names = [name.lower() for name in _names(assigned)] if isinstance(assigned, Mapping) else []
    # The files of a folder of Terraform are one deployment.
    deployment = posixpath.dirname(shown) if "terraform" in view else shown
    return [
        (name, deployment if "{" in name else "")
        for name in names
        if "/userassignedidentities/" in name or _PARAMETER.fullmatch(name)
    ]


_PARAMETER = re.compile(r"\{(?:parameters\('[^'{}]+'\)|var\.\w+)\}")
"""The id is a parameter of the deployment, which nobody gave a value yet."""


def _names(assigned: Mapping[str, Any]) -> Sequence[str]:
    """The keys, also of an object whose keys are known in part only: its text has them, see `unknown_names`."""
    if UNKNOWN_KEY not in assigned:
        return list(assigned)
    text = str(assigned.get("text") or "")
    return text[1:-1].split(" | ") if text.startswith(("{/", "{{")) else []


def _add_missing_targets(views: Sequence[View], whole: bool) -> None:
    """`estate.missingTrafficTargets`: deployments that get traffic, and that nothing declares.

    Nothing is said of an endpoint of which the project declares no deployment at all: they are made elsewhere.
    """
    declared: dict[str, set[str]] = defaultdict(set)
    for view in views:
        if type_key(view) == DEPLOYMENT:
            endpoint, _, deployment = _below(view).partition("/deployments/")
            declared[endpoint].add(deployment)
    if any("{" in endpoint for endpoint in declared):
        return  # it may be a deployment of any endpoint
    for view in views:
        names = declared.get(_below(view), set()) if type_key(view) == ENDPOINT else set()
        if not names or any("{" in name for name in names):
            continue
        missing = sorted(name for name in _targets(view) if name.lower() not in names)
        if missing:
            told: Any = missing if whole else {UNKNOWN_KEY: "what was not read may declare the deployment"}
            view.setdefault("estate", {})["missingTrafficTargets"] = told


def _below(view: View) -> str:
    """What stands behind the workspace in an id: Azure ML's own files don't say the workspace."""
    return str(view.get("id", "")).lower().rpartition("/onlineendpoints/")[2]


def _targets(view: View) -> set[str]:
    properties = view.get("properties")
    names: set[str] = set()
    for key in ("traffic", "mirrorTraffic"):
        shares = _member(properties, key)
        if isinstance(shares, Mapping) and UNKNOWN_KEY not in shares:
            names |= {name for name, share in shares.items() if str(share) != "0"}
    return names


def _member(value: Any, key: str) -> Any:
    return get_key(value, key, key.lower()) if isinstance(value, Mapping) else None
