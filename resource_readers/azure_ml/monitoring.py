"""What is special to the signals of a monitor: thresholds and features."""

from __future__ import annotations

from dataclasses import replace

from resource_readers.azure_ml import scalars
from resource_readers.azure_ml.mapping import LEFT, Mapper, Spot
from resource_readers.azure_ml.structures import as_is, below, camel, entries, items, pascal
from resource_readers.azure_ml.tables import folded
from resource_readers.interface import Value
from resource_readers.trees.nodes import ArrayNode, ObjectNode

_OF_ONE_METRIC = frozenset({"featureattributiondrift"})
_GROUPS = frozenset({"numerical", "categorical", "classification", "regression"})


def thresholds(mapper: Mapper, spot: Spot) -> None:
    """The thresholds of a signal as the service's list of metrics."""
    node = spot.node
    if scalars.is_scalar(node):
        as_is(mapper, spot)
        return
    kind = spot.parent.get("type")
    if kind is not None and scalars.is_scalar(kind) and folded(str(scalars.text(kind))) in _OF_ONE_METRIC:
        _single(mapper, replace(spot, path=(*spot.path[:-1], "metricThreshold")))
        return
    mapper.put(spot, [])
    if isinstance(node, ArrayNode):
        for at, part in enumerate(items(spot)):
            _listed(mapper, replace(part, path=(*spot.path, at)))
        return
    at = 0
    for part in entries(spot):
        group = part.trail[-1]
        if group in _GROUPS and isinstance(part.node, ObjectNode):
            for metric in entries(part):
                _metric(mapper, replace(metric, path=(*spot.path, at)), group)
                at += 1
        else:
            _metric(mapper, replace(part, path=(*spot.path, at)), "")
            at += 1


def _single(mapper: Mapper, spot: Spot) -> None:
    """The only threshold of a signal that has one; further ones stay as they are written."""
    parts = entries(spot) if isinstance(spot.node, ObjectNode) else []
    for at, part in enumerate(parts):
        inner = entries(part) if part.trail[-1] in _GROUPS and isinstance(part.node, ObjectNode) else [part]
        for metric in inner if at == 0 else ():
            _metric(mapper, replace(metric, path=spot.path), part.trail[-1] if inner[0] is not part else "")
    if len(parts) != 1:
        mapper.put(replace(spot, path=(LEFT, *spot.trail)), mapper.value(spot.node), same=True)


def _metric(mapper: Mapper, spot: Spot, group: str) -> None:
    value: dict[str, Value] = {"metric": pascal(spot.trail[-1])}
    if group in ("numerical", "categorical"):
        value["dataType"] = group.capitalize()
    elif group:
        value["modelType"] = group.capitalize()
    known = scalars.is_scalar(spot.node)
    value["threshold"] = {"value": scalars.number(spot.node)} if known else mapper.value(spot.node, camel)
    mapper.put(spot, value)


def _listed(mapper: Mapper, spot: Spot) -> None:
    value = mapper.value(spot.node, camel)
    if isinstance(value, dict):
        value = {
            {"metricName": "metric", "applicableFeatureType": "dataType"}.get(key, key): one
            for key, one in value.items()
        }
        if "threshold" in value and not isinstance(value["threshold"], dict):
            value["threshold"] = {"value": value["threshold"]}
    mapper.put(spot, value)


def features(mapper: Mapper, spot: Spot) -> None:
    """Which features a signal looks at: all, some, or the most important ones."""
    node = spot.node
    if isinstance(node, ArrayNode):
        mapper.put(spot, {"filterType": "FeatureSubset", "features": mapper.value(node)})
        return
    value = mapper.value(node, camel)
    if isinstance(value, str):
        value = {"filterType": "AllFeatures"} if value.casefold() == "all_features" else value
    elif isinstance(value, dict) and "topNFeatureImportance" in value:
        value = {"filterType": "TopNByAttribution", "top": value.pop("topNFeatureImportance")} | value
    mapper.put(spot, value)


def data_asset(mapper: Mapper, spot: Spot) -> None:
    """Where a collection of inference data goes: an asset by its id, or by name and version."""
    if scalars.is_scalar(spot.node):
        mapper.put(spot, scalars.text(spot.node))
        return
    node = spot.node
    known = node.get("data_id") if isinstance(node, ObjectNode) else None
    if known is not None and scalars.is_scalar(known):
        mapper.put(spot, scalars.text(known))
    mapper.put(
        replace(below(spot, "data", node, spot.position), path=(*spot.path[:-1], "data")), mapper.value(node, camel)
    )
