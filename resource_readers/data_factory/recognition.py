"""What a JSON file of a factory's or workspace's Git folder declares, told by its structure and then by its folder."""

from __future__ import annotations

import json
import re
from pathlib import PurePath
from typing import Any

from resource_readers.trees.outline import top_level

FACTORY = "Microsoft.DataFactory/factories"
WORKSPACE = "Microsoft.Synapse/workspaces"
PRIVATE_ENDPOINTS = "managedVirtualNetworks/managedPrivateEndpoints"

FOLDERS = {
    "pipeline": "pipelines",
    "dataset": "datasets",
    "linkedservice": "linkedservices",
    "trigger": "triggers",
    "dataflow": "dataflows",
    "integrationruntime": "integrationRuntimes",
    "managedvirtualnetwork": "managedVirtualNetworks",
    "managedprivateendpoint": PRIVATE_ENDPOINTS,
    "credential": "credentials",
    "globalparameters": "globalParameters",
    "adfcdc": "adfcdcs",
    "factory": "",
    "notebook": "notebooks",
    "sparkjobdefinition": "sparkJobDefinitions",
    "sparkconfiguration": "sparkConfigurations",
    "sqlscript": "sqlScripts",
    "kqlscript": "kqlScripts",
    "bigdatapool": "bigDataPools",
    "sqlpool": "sqlPools",
    "kustopool": "kustoPools",
    "linkconnection": "linkConnections",
}
"""What stands in a folder of this name (casefolded); "" is the factory itself."""

OF_SYNAPSE = frozenset(
    {
        *("notebooks", "sparkJobDefinitions", "sparkConfigurations", "sqlScripts", "kqlScripts", "bigDataPools"),
        *("sqlPools", "kustoPools", "linkConnections"),
    }
)
"""What only a Synapse workspace has."""

SYNAPSE_FOLDERS = (
    *("notebook", "sparkJobDefinition", "sparkConfiguration", "sqlscript", "kqlscript", "bigDataPool", "sqlPool"),
    *("kustoPool", "linkConnection"),
)
"""Beside the other folders they tell a workspace's Git folder from a factory's."""

_ENDINGS = (".json", ".jsonc")
_RUNTIMES = frozenset({"managed", "selfhosted", "airflow"})
_FLOWS = frozenset({"mappingdataflow", "wranglingdataflow", "flowlet"})
_CREDENTIALS = frozenset({"managedidentity", "serviceprincipal"})
_LIKELY = re.compile(
    rb"\b(?:typeProperties|activities|linkedServiceName|pipelineReference|privateLinkResourceId|nbformat|targetBigDataPool)"
    rb"[\"']?\s*:|[\"'](?:SelfHosted|SqlQuery)[\"']",
    re.IGNORECASE,
)
_GLOBAL_PARAMETERS = re.compile(r".*_GlobalParameters\.json", re.IGNORECASE)


def folder_of(path: PurePath) -> str | None:
    """What the file's folder is for; None for a folder of any other name."""
    return FOLDERS.get(path.parent.name.casefold())


def is_artefact(path: PurePath, data: bytes) -> bool:
    """Whether a file is one of a factory or workspace, or is meant to be and doesn't parse."""
    if path.suffix.casefold() not in _ENDINGS:
        return False
    folder = folder_of(path)
    flat = folder == "globalParameters" or _GLOBAL_PARAMETERS.fullmatch(path.name) is not None
    folded = data.lower()
    if not (flat or folder == "" or b"properties" in folded):
        return False
    likely = _LIKELY.search(folded) is not None
    named = b"microsoft.datafactory/" in folded or b"microsoft.synapse/" in folded
    if not (likely or named or folder is not None or flat):
        return False
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        if b'"policyrule"' in folded or "contentversion" in top_level(data):
            return False
        return likely or (folder is not None and b"name" in folded)
    return collection_of(document, path) is not None


def collection_of(document: Any, path: PurePath) -> str | None:
    """What it declares as ARM's collection ("linkedservices"), "" for the factory itself, None if it is none of ours.

    Args:
        document: as plain values.
        path: of the file; its folder decides where the content doesn't.
    """
    if not isinstance(document, dict) or _get(document, "contentVersion") is not None:
        return None
    properties = _get(document, "properties")
    folder = folder_of(path)
    if not isinstance(properties, dict):
        if _are_global_parameters(document, path):
            return "globalParameters"
        return "" if properties is None and _is_factory(document, path) else None
    given = _get(document, "type")
    if isinstance(given, str):
        return own_collection(given)
    if _get(document, "apiVersion") is not None:  # a resource of another provider, written out for a tool
        return None
    if not isinstance(_get(document, "name"), str) and not _are_activities(_get(properties, "activities")):
        return None
    strong = _strong(properties)
    if strong is not None:
        return strong
    if folder is not None:
        return folder if _fits(folder, document, properties) else None
    return _weak(properties)


def own_collection(resource_type: str) -> str | None:
    """("Microsoft.Synapse/workspaces/datasets") as "datasets"; None for a type of another provider."""
    folded = resource_type.casefold()
    for parent in (FACTORY, WORKSPACE):
        if folded == parent.casefold():
            return "" if parent == FACTORY else None
        if folded.startswith(parent.casefold() + "/"):
            own = resource_type[len(parent) + 1 :]
            return next((one for one in FOLDERS.values() if one.casefold() == own.casefold()), own)
    return None


def _strong(properties: dict[str, Any]) -> str | None:
    """What the content alone tells, in whatever folder it stands."""
    kind = _text(properties, "type")
    if _are_activities(_get(properties, "activities")):
        return "pipelines"
    if kind.endswith("trigger") and _has(properties, "typeProperties", "pipelines", "pipeline", "runtimeState"):
        return "triggers"
    if kind in _FLOWS and _has(properties, "typeProperties"):
        return "dataflows"
    if _has(properties, "nbformat") and _has(properties, "cells"):
        return "notebooks"
    if _has(properties, "targetBigDataPool") and _has(properties, "jobProperties"):
        return "sparkJobDefinitions"
    if _has(properties, "privateLinkResourceId") and _has(properties, "groupId", "fqdns"):
        return PRIVATE_ENDPOINTS
    if kind == "sqlquery" and _has(properties, "content"):
        return "sqlScripts"
    return None


def _weak(properties: dict[str, Any]) -> str | None:
    kind = _text(properties, "type")
    if not kind:
        return None
    if _has(properties, "linkedServiceName"):
        return "datasets"
    if kind in _RUNTIMES and set(map(str.casefold, properties)) <= {"type", "description", "typeproperties", "state"}:
        return "integrationRuntimes"
    if not isinstance(_get(properties, "typeProperties"), dict):
        return None
    return "credentials" if kind in _CREDENTIALS else "linkedservices"


def _fits(folder: str, document: dict[str, Any], properties: dict[str, Any]) -> bool:
    """Whether a document with name and properties may be what its folder is for."""
    if folder in ("datasets", "linkedservices", "triggers", "dataflows", "integrationRuntimes", "credentials"):
        return bool(_text(properties, "type"))
    if folder == "":
        # A folder "factory" is nothing special elsewhere.
        return _has(document, "location", "identity") or _has(properties, "globalParameters", "encryption")
    return folder != "pipelines" or _has(properties, "activities", "parameters", "annotations", "folder")


def _is_factory(document: dict[str, Any], path: PurePath) -> bool:
    """The factory's own file, which may hold nothing but its name: that is the file's name, too."""
    known = {"name", "id", "location", "identity", "tags", "type", "etag"}
    name = _get(document, "name")
    return folder_of(path) == "" and name == path.stem and set(map(str.casefold, document)) <= known


def _are_global_parameters(document: dict[str, Any], path: PurePath) -> bool:
    """The file beside the published template: a mapping of names to type and value."""
    if folder_of(path) != "globalParameters" and _GLOBAL_PARAMETERS.fullmatch(path.name) is None:
        return False
    return bool(document) and all(isinstance(one, dict) and _has(one, "type", "value") for one in document.values())


def _are_activities(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) and _has(one, "type", "name") for one in value)


def _get(values: dict[str, Any], key: str) -> Any:
    if key in values:
        return values[key]
    folded = key.casefold()
    return next((value for name, value in values.items() if name.casefold() == folded), None)


def _has(values: dict[str, Any], *keys: str) -> bool:
    return any(_get(values, key) is not None for key in keys)


def _text(values: dict[str, Any], key: str) -> str:
    value = _get(values, key)
    return value.casefold() if isinstance(value, str) else ""
