"""What the comparison of Bicep files with their compiled templates needs: pairs, restored modules, parameter values.

The bicep CLI restores a registry module to `br/<registry>/<repository, with $ for />/<version>$/main.json`. Without a
network the same is taken from the compiled templates themselves: a module that a template calls stands in it, whole,
under the symbol of the Bicep file.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from resource_readers.bicep.parser import parse_bicep
from resource_readers.bicep.statements import Deployable, Import

_PUBLIC = "br/public:"
_REGISTRY = "mcr.microsoft.com"
_MAXIMUM_DEPTH = 7


@dataclass(frozen=True, slots=True)
class Pair:
    """A Bicep file and the template that was compiled from it."""

    bicep: Path
    template: Path


def pairs_below(folder: Path) -> list[Pair]:
    """Every `main.bicep` with a `main.json` beside it, sorted."""
    found = sorted(folder.rglob("main.bicep"))
    return [Pair(one, one.with_name("main.json")) for one in found if one.with_name("main.json").is_file()]


def load_template(path: Path) -> dict[str, Any]:
    """The template as plain JSON."""
    made: dict[str, Any] = json.loads(path.read_text(encoding="utf-8-sig"))
    return made


@dataclass(slots=True)
class Restored:
    """Modules by registry, path and version, and which pairs each was taken from.

    Attributes:
        templates: the module's template.
        sources: the pairs in which it stands.
        imports: what is imported and never stands in a template as a whole: the repository's present file is taken.
    """

    templates: dict[str, dict[str, Any]] = field(default_factory=dict)
    sources: dict[str, set[Path]] = field(default_factory=lambda: defaultdict(set))
    imports: dict[str, Path] = field(default_factory=dict)

    def summary(self) -> str:
        """How many there are, and how many stand in the template of one pair alone."""
        alone = sum(len(sources) == 1 for sources in self.sources.values())
        return (
            f"{len(self.templates)} registry modules restored from the templates that call them ({alone} of them are"
            f" called by one pair alone), {len(self.imports)} imports"
        )

    def write(self, folder: Path) -> None:
        """Lays them out as the bicep CLI does."""
        for reference, template in self.templates.items():
            target = folder / _cache_path(reference)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(json.dumps(template), encoding="utf-8")
        for reference, path in self.imports.items():
            target = folder / _cache_path(reference)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())


def normal_reference(written: str) -> str:
    """ "br/public:avm/x:1.0" as "br:mcr.microsoft.com/bicep/avm/x:1.0"."""
    return f"br:{_REGISTRY}/bicep/{written.removeprefix(_PUBLIC)}" if written.startswith(_PUBLIC) else written


def _cache_path(reference: str) -> Path:
    registry, _, rest = reference.removeprefix("br:").partition("/")
    repository, _, tag = rest.rpartition(":")
    return Path("br", registry, repository.replace("/", "$"), f"{tag}$", "main.json")


def restored_modules(pairs: list[Pair], root: Path) -> Restored:
    """The registry modules that the pairs call, as far as their templates hold them."""
    restored = Restored()
    for pair in pairs:
        _collect(pair.bicep, load_template(pair.template), pair.template, restored, root, 0)
    return restored


def _collect(bicep: Path, template: dict[str, Any], source: Path, restored: Restored, root: Path, depth: int) -> None:
    if depth > _MAXIMUM_DEPTH:
        return
    statements = parse_bicep(bicep.read_text(encoding="utf-8-sig"))
    resources = template.get("resources", [])
    for one in statements:
        if isinstance(one, Import) and one.path.startswith("br"):
            reference = normal_reference(one.path)
            path = root / reference.removeprefix(f"br:{_REGISTRY}/bicep/").rpartition(":")[0] / "main.json"
            if path.is_file():
                restored.imports[reference] = path
        elif isinstance(one, Import) and (bicep.parent / one.path).is_file():
            _collect(bicep.parent / one.path, {}, source, restored, root, depth + 1)
        elif isinstance(one, Deployable) and one.module:
            inner = _called(resources, one.symbol, one, statements)
            if one.target.startswith("br"):
                reference = normal_reference(one.target)
                if inner is not None:
                    restored.templates.setdefault(reference, inner)
                    restored.sources[reference].add(source)
            elif one.target.endswith(".bicep") and (bicep.parent / one.target).is_file():
                _collect(bicep.parent / one.target, inner or {}, source, restored, root, depth + 1)


def _called(resources: Any, symbol: str, one: Deployable, statements: list[Any]) -> dict[str, Any] | None:
    """The template under a symbol; in a list of resources modules stand last, in the order of their symbols' lines."""
    found: Any = None
    if isinstance(resources, dict):
        found = resources.get(symbol)
    else:
        deployments = [r for r in resources if r.get("type") == "Microsoft.Resources/deployments"]
        nested = [r for r in deployments if isinstance(r.get("properties"), dict) and "template" in r["properties"]]
        called = [other for other in statements if isinstance(other, Deployable) and other.module]
        if len(nested) == len(called):
            # The compiler sorts by what depends on what; the names of the parameters tell them apart.
            wanted = {entry.key for entry in _entries(one)}
            fitting = [r for r in nested if set(r["properties"].get("parameters", {})) == wanted]
            templates = [r["properties"].get("template") for r in fitting]
            found = fitting[0] if fitting and all(one == templates[0] for one in templates) else None
    template = found.get("properties", {}).get("template") if isinstance(found, dict) else None
    return template if isinstance(template, dict) else None


def _entries(one: Deployable) -> Iterator[Any]:
    params = one.body.get("params")
    yield from getattr(params, "entries", ())


def made_values(template: dict[str, Any]) -> dict[str, Any]:
    """A value for every parameter of a template, made from its type: conditions and loops then have something to do."""
    definitions = template.get("definitions", {})
    made = {}
    for name, definition in template.get("parameters", {}).items():
        made[name] = {"value": _made(name, definition, definitions, 0)}
    return made


def _made(name: str, definition: dict[str, Any], definitions: dict[str, Any], depth: int) -> Any:
    reference = definition.get("$ref")
    if isinstance(reference, str):
        target = definitions.get(reference.rsplit("/", 1)[-1])
        if target is None or depth > _MAXIMUM_DEPTH:
            return None
        return _made(name, target, definitions, depth + 1)
    allowed = definition.get("allowedValues")
    kind = str(definition.get("type", "object")).casefold()
    if isinstance(allowed, list) and allowed:
        return [allowed[0]] if kind == "array" else allowed[-1]
    if kind in ("string", "securestring"):
        return _text(name, definition)
    if kind == "int":
        return definition.get("minValue", 2)
    if kind == "bool":
        return definition.get("defaultValue") is not True
    if kind == "array":
        return _items(name, definition, definitions, depth)
    return _members(definition, definitions, depth)


def _items(name: str, definition: dict[str, Any], definitions: dict[str, Any], depth: int) -> list[Any]:
    prefixed = definition.get("prefixItems")
    if isinstance(prefixed, list):
        return [_made(name, one, definitions, depth + 1) for one in prefixed]
    item = definition.get("items")
    if not isinstance(item, dict):
        default = definition.get("defaultValue")
        return default if isinstance(default, list) else []
    if depth > _MAXIMUM_DEPTH:
        return []
    return [_made(f"{name}{number}", item, definitions, depth + 1) for number in (1, 2)]


def _members(definition: dict[str, Any], definitions: dict[str, Any], depth: int) -> dict[str, Any]:
    if depth > _MAXIMUM_DEPTH:
        return {}
    choice = definition.get("discriminator")
    if isinstance(choice, dict):
        value, chosen = next(iter(choice["mapping"].items()))
        one = _made("", chosen, definitions, depth + 1)
        return {**(one if isinstance(one, dict) else {}), choice["propertyName"]: value}
    members = definition.get("properties", {})
    made = {key: _made(key, one, definitions, depth + 1) for key, one in members.items()}
    others = definition.get("additionalProperties")
    if isinstance(others, dict) and not made:
        made["key1"] = _made("key1", others, definitions, depth + 1)
    if not members and isinstance(definition.get("defaultValue"), dict):
        return dict(definition["defaultValue"])
    return made


def _text(name: str, definition: dict[str, Any]) -> str:
    folded = name.casefold().rstrip("12")
    if folded.endswith(("resourceid", "resourceids", "subnetid")):
        return (
            "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/other-group/providers"
            f"/Microsoft.Network/virtualNetworks/{name}-parent/subnets/{name}"
        )
    if "location" in folded:
        return "westeurope"
    text = f"{name}-value" if len(name) > 3 else f"name-{name}"
    smallest, largest = definition.get("minLength", 0), definition.get("maxLength", 200)
    return text.ljust(smallest, "x")[:largest]
