"""Resources from JSON: one, a list, or the lines that `mlgate template expand` writes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from verdicts.documents import DocumentError, parse_json
from verdicts.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class ResourceFile:
    """What a file holds.

    Attributes:
        resources: in order.
        not_read: what the expansion of a template could not read, in words; policies have not seen it.
    """

    resources: tuple[dict[str, Any], ...]
    not_read: tuple[str, ...] = ()


def parse_resources(data: bytes, name: str) -> ResourceFile:
    """The resources of a file.

    Args:
        data: a resource, a list of resources, {"value": [...]} as Azure lists them, or objects with `resources` a line.
        name: as errors show it.

    Raises:
        ConfigurationError: something else, or no resource at all.
    """
    resources: list[dict[str, Any]] = []
    not_read: list[str] = []
    for where, document in _documents(data, name):
        _take(document, where, resources, not_read)
    if not resources and not not_read:
        raise ConfigurationError("there is no resource in it", where=name)
    return ResourceFile(tuple(resources), tuple(not_read))


def _documents(data: bytes, name: str) -> list[tuple[str, Any]]:
    """The whole as one document; else each line as one."""
    try:
        return [(name, parse_json(data))]
    except DocumentError as error:
        whole = error
    documents = []
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            documents.append((f"{name}:{number}", parse_json(line)))
        except DocumentError as error:
            # A broken document has a broken first line as well; a broken line stands among good ones.
            problem, at = (error, number) if documents else (whole, whole.line)
            raise ConfigurationError(str(problem), where=f"{name}:{at}" if at else name) from None
    if not documents:
        raise ConfigurationError("the file is empty", where=name)
    return documents


def _take(document: Any, where: str, resources: list[dict[str, Any]], not_read: list[str]) -> None:
    if isinstance(document, list):
        for index, item in enumerate(document):
            resources.append(_resource(item, f"{where}: [{index}]"))
        return
    if not isinstance(document, dict):
        raise ConfigurationError("a resource must be an object", where=where)
    if "deploymenttemplate" in str(document.get("$schema") or "").lower():
        raise ConfigurationError(
            "this is a template, not resources",
            where=where,
            remedy="mlgate template expand FILE | mlgate policy evaluate ... -",
        )
    key = next((name for name in ("resources", "value") if "type" not in document and name in document), None)
    if key is None:
        resources.append(_resource(document, where))
        return
    if not isinstance(document[key], list):
        raise ConfigurationError(f"{key} must be a list", where=where)
    if document.get("nextLink"):
        raise ConfigurationError("this is the first page of several (nextLink)", where=where)
    for index, item in enumerate(document[key]):
        resources.append(_resource(item, f"{where}: {key}[{index}]"))
    for item in document.get("not_read") or ():
        shown = item if isinstance(item, dict) else {"reason": item}
        place = ":".join(str(shown[part]) for part in ("file", "line") if shown.get(part))
        not_read.append(f"{place or where}: {shown.get('reason') or 'not read'}")


def _resource(item: Any, where: str) -> dict[str, Any]:
    if not isinstance(item, dict) or not isinstance(item.get("type"), str) or "/" not in item["type"]:
        raise ConfigurationError(
            'a resource must be an object with a type such as "Microsoft.Storage/..."', where=where
        )
    if item.get("resources"):
        raise ConfigurationError(
            "children inside of a resource are not looked at", where=where, remedy="list them beside it"
        )
    return item


_GROUP = re.compile(
    r"(?P<subscription>/subscriptions/(?P<id>[^/{}]+))(?:/resourceGroups/(?P<group>[^/{}]+))?/?", re.IGNORECASE
)


def placed(resources: Iterable[dict[str, Any]], deployed_to: str) -> tuple[dict[str, Any], ...]:
    """The resources with subscription and resource group written into ids that leave them open.

    Args:
        deployed_to: id of the resource group or subscription that the templates are deployed to.

    Raises:
        ConfigurationError: it is no such id.
    """
    place = _GROUP.fullmatch(deployed_to)
    if place is None:
        raise ConfigurationError(
            f"{deployed_to!r} is no id of a resource group or subscription",
            remedy="/subscriptions/ID/resourceGroups/NAME",
        )
    known = {"{subscription().subscriptionId}": place["id"], "{resourceGroup().name}": place["group"]}

    def written(text: Any) -> Any:
        if isinstance(text, str):
            for open_part, value in known.items():
                text = text.replace(open_part, value) if value else text
        return text

    return tuple(
        {key: written(value) if key in ("id", "scope") else value for key, value in resource.items()}
        for resource in resources
    )
