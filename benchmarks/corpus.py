"""The team's shared corpus as input of benchmarks and corpus tests: definitions, templates, and their resources."""

from __future__ import annotations

import copy
import csv
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from policies.effects import Effect
from policies.pack import Member
from policies.parameters import ParameterDefinition
from resource_readers.interface import ReadRequest, Resource, Unknown
from resource_readers.registry import read_resources

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
DEFINITIONS = SHARED / "azure-policy" / "policyDefinitions.jsonl.gz"
TEMPLATES = SHARED / "corpus"


def arm_templates() -> list[Path]:
    """Paths of the ARM templates, relative to TEMPLATES."""
    with (TEMPLATES / "MANIFEST.tsv").open(encoding="utf-8", newline="") as stream:
        return [Path(row["path"]) for row in csv.DictReader(stream, delimiter="\t") if row["kind"] == "arm"]


def template_resources() -> list[dict[str, Any]]:
    """Every resource that the templates create, as policies see it, in the order of the files."""
    read = (read_resources(ReadRequest(root=TEMPLATES, path=path)) for path in arm_templates())
    return [as_policies_see(resource) for result in read for resource in result.resources if not resource.existing]


def as_policies_see(resource: Resource) -> dict[str, Any]:
    """ARM's shape; what can't be known is {"$unknown": reason}."""
    shown = {
        **resource.fields,
        "type": resource.type,
        "apiVersion": resource.api_version,
        "name": resource.name,
        "properties": resource.properties,
    }
    return {name: _rendered(value) for name, value in shown.items()}


def _rendered(value: Any) -> Any:
    if isinstance(value, Unknown):
        return {"$unknown": value.reason}
    if isinstance(value, Mapping):
        return {name: _rendered(item) for name, item in value.items()}
    return [_rendered(item) for item in value] if isinstance(value, list | tuple) else value


def varied(resources: list[dict[str, Any]], count: int) -> Iterator[dict[str, Any]]:
    """`count` resources: the given ones over and over, each copy with a name, place and tags of its own."""
    places = itertools.cycle(("westeurope", "East US 2", "northeurope", "uksouth", "Germany West Central"))
    for index, resource in enumerate(itertools.islice(itertools.cycle(resources), count)):
        copied = copy.deepcopy(resource)
        copied["name"] = f"resource-{index}"
        copied["location"] = next(places)
        copied["tags"] = {"environment": ("production", "test")[index % 2], "owner": f"team-{index % 17}"}
        yield copied


def plausible_parameters(member: Member) -> dict[str, Any]:
    """Values for a definition's parameters that have no default, and an effect that isn't disabled, where it may be."""
    values: dict[str, Any] = {}
    for name, parameter in member.definition.parameters.items():
        if not parameter.has_default:
            values[name] = _plausible(name, parameter)
        elif str(parameter.default).lower() == Effect.DISABLED.value:
            others = [item for item in parameter.allowed or () if str(item).lower() != Effect.DISABLED.value]
            values |= {name: others[0]} if others else {}
    return values


def _plausible(name: str, parameter: ParameterDefinition) -> Any:
    if parameter.allowed:
        return [parameter.allowed[0]] if parameter.type == "array" else parameter.allowed[0]
    values: dict[str, Any] = {
        "string": "environment" if "tag" in name else "westeurope",
        "array": ["westeurope", "Microsoft.Storage/storageAccounts"],
        "object": {"environment": "production"},
        "boolean": True,
        "integer": 3,
        "float": 1.5,
        "datetime": "2026-01-01T00:00:00Z",
    }
    return values[parameter.type]
