"""Makes tables of aliases from what Azure says of its resource providers, or from a mapping of aliases to paths."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from policies.alias_text import can_shorten, shorten
from policies.aliases import SCHEMA, AliasTable, read_table
from verdicts.documents import DocumentError, parse_json, read_bounded
from verdicts.errors import ConfigurationError

MAXIMUM_SOURCE_BYTES = 256 * 1024 * 1024
MAXIMUM_TABLE_BYTES = 64 * 1024 * 1024
MAXIMUM_ALIASES = 1_000_000
MAXIMUM_NAME = 2_000

_REMEDY = 'make it with `az provider list --expand "resourceTypes/aliases"`'


@dataclass(slots=True)
class AliasCollection:
    """What an import has gathered. All names but paths are lower-cased.

    Attributes:
        paths: (type, alias) -> path.
        types: types of which the source lists all aliases.
        modifiable: (type, alias) that modify may change; None if the source doesn't tell.
        without_path: aliases that the source names without a path, as "type: alias".
    """

    paths: dict[tuple[str, str], str] = field(default_factory=dict)
    types: set[str] = field(default_factory=set)
    modifiable: set[tuple[str, str]] | None = None
    without_path: list[str] = field(default_factory=list)

    def add(self, type_: str, alias: str, path: str, where: str) -> None:
        """Adds an alias. Raises ConfigurationError where it has another path already, or there are too many."""
        key = (type_, alias)
        if self.paths.setdefault(key, path) != path:
            raise ConfigurationError(f"the alias {alias} has two paths for {type_}", where=where)
        if len(self.paths) > MAXIMUM_ALIASES:
            raise ConfigurationError(f"more than {MAXIMUM_ALIASES:,} aliases", where=where)


def collect(content: Any, shown: str) -> AliasCollection:
    """Aliases from a provider list (a list, or {"value": [...]}, or one provider), or from a mapping alias -> path.

    Raises:
        ConfigurationError: it is neither, or it lists no alias at all.
    """
    if isinstance(content, dict) and isinstance(content.get("value"), list):
        if content.get("nextLink"):
            raise ConfigurationError("this is the first page of several (nextLink)", where=shown, remedy=_REMEDY)
        content = content["value"]
    elif isinstance(content, dict) and "resourceTypes" in content:
        content = [content]
    if isinstance(content, list):
        found = _from_providers(content, shown)
    elif isinstance(content, dict):
        found = _from_mapping(content, shown)
    else:
        raise ConfigurationError("neither a list of providers nor a mapping of aliases", where=shown, remedy=_REMEDY)
    if not found.paths:
        raise ConfigurationError("there are no aliases in it", where=shown, remedy=_REMEDY)
    return found


def _from_mapping(content: Mapping[str, Any], shown: str) -> AliasCollection:
    """The type of an alias is what stands before its last slash. No type is known to be complete."""
    found = AliasCollection()
    for alias, path in content.items():
        where = f"{shown}: {alias[:200]!r}"
        lower = _name(alias, where)
        if lower.count("/") < 2:
            found.without_path.append(f"{alias} (which types have it isn't said)")
            continue
        found.add(lower.rpartition("/")[0], lower, _name(path, where, lower=False), where)
    return found


def _from_providers(content: list[Any], shown: str) -> AliasCollection:
    found = AliasCollection()
    for index, provider in enumerate(content):
        where = f"{shown}: [{index}]"
        if not isinstance(provider, dict) or not isinstance(provider.get("resourceTypes"), list):
            raise ConfigurationError("a provider needs namespace and resourceTypes", where=where, remedy=_REMEDY)
        namespace = _name(provider.get("namespace"), f"{where}.namespace")
        for position, resource_type in enumerate(provider["resourceTypes"]):
            _add_type(found, namespace, resource_type, f"{where}.resourceTypes[{position}]")
    return found


def _add_type(found: AliasCollection, namespace: str, given: Any, where: str) -> None:
    if not isinstance(given, dict):
        raise ConfigurationError("a resource type must be an object", where=where)
    type_ = f"{namespace}/{_name(given.get('resourceType'), f'{where}.resourceType')}"
    aliases = given.get("aliases")
    if aliases is not None and not isinstance(aliases, list):
        raise ConfigurationError("aliases must be a list", where=where)
    whole = True
    for index, alias in enumerate(aliases or ()):
        place = f"{where}.aliases[{index}]"
        if not isinstance(alias, dict):
            raise ConfigurationError("an alias must be an object", where=place)
        name = _name(alias.get("name"), f"{place}.name")
        path = _path(alias, place)
        if path is None:
            found.without_path.append(f"{type_}: {name}")
            whole = False
            continue
        found.add(type_, name, path, place)
        _note_modifiable(found, type_, name, alias)
    if whole:
        found.types.add(type_)


def _path(alias: Mapping[str, Any], where: str) -> str | None:
    """The default path; where there is none, that of the newest API version."""
    default = alias.get("defaultPath")
    if default:
        return _name(default, f"{where}.defaultPath", lower=False)
    paths = alias.get("paths") or []
    if not isinstance(paths, list) or not all(isinstance(one, dict) for one in paths):
        raise ConfigurationError("paths must be a list of objects", where=where)
    named = [one for one in paths if one.get("path")]
    if not named:
        return None
    newest = max(named, key=lambda one: max(map(str, one.get("apiVersions") or [""])))
    return _name(newest["path"], f"{where}.paths", lower=False)


def _note_modifiable(found: AliasCollection, type_: str, name: str, alias: Mapping[str, Any]) -> None:
    metadata = alias.get("defaultMetadata")
    if not isinstance(metadata, dict):
        return
    if found.modifiable is None:
        found.modifiable = set()
    if str(metadata.get("attributes") or "").lower() == "modifiable":
        found.modifiable.add((type_, name))


def _name(value: Any, where: str, lower: bool = True) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MAXIMUM_NAME or not value.isprintable():
        raise ConfigurationError("a short text without control characters is needed", where=where)
    return value.lower() if lower else value


# The table's file


def table_json(found: AliasCollection, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON form of a table, which `policies.aliases.read_table` reads.

    Args:
        found: the aliases.
        facts: where they come from, for people: source, licence, and the like.
    """
    regular: dict[str, dict[str, str]] = {type_: {} for type_ in found.types}
    irregular: dict[str, dict[str, str]] = {}
    for (type_, alias), path in found.paths.items():
        name = alias.removeprefix(f"{type_}/")
        if name != alias and "/" not in name and can_shorten(name, path):
            regular.setdefault(type_, {})[name] = path
        else:
            irregular.setdefault(alias, {})[type_] = path
    table: dict[str, Any] = {
        "schema": SCHEMA,
        "facts": dict(facts),
        "count": len(found.paths),
        "by_type": {type_: shorten(regular[type_]) for type_ in sorted(regular)},
        "irregular": {alias: dict(sorted(types.items())) for alias, types in sorted(irregular.items())},
        "complete": sorted(found.types),
    }
    if found.modifiable is not None:
        modifiable: dict[str, list[str]] = {}
        for type_, alias in sorted(found.modifiable):
            modifiable.setdefault(type_, []).append(alias)
        table["modifiable"] = modifiable
    return table


def table_bytes(table: Mapping[str, Any], compressed: bool) -> bytes:
    """A table as a file holds it; the same table gives the same bytes."""
    data = json.dumps(table, ensure_ascii=True, indent=1).encode() + b"\n"
    if not compressed:
        return data
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as stream:
        stream.write(data)
    return buffer.getvalue()


def read_maybe_compressed(path: Path, maximum: int) -> bytes:
    """A file, unpacked if it is gzip. Raises OSError, DocumentError (also if it is larger than `maximum` unpacked)."""
    data = read_bounded(path, maximum)
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            unpacked = stream.read(maximum + 1)
    except (OSError, EOFError) as error:
        raise DocumentError(f"damaged gzip: {error}") from None
    except Exception as error:  # zlib.error is no subclass of the above
        raise DocumentError(f"damaged gzip: {error}") from None
    if len(unpacked) > maximum:
        raise DocumentError(f"larger than {maximum:,} bytes when unpacked")
    return unpacked


def read_source(path: Path, maximum: int = MAXIMUM_SOURCE_BYTES) -> Any:
    """The JSON of a file, packed or not. Raises ConfigurationError with file and line."""
    try:
        return parse_json(read_maybe_compressed(path, maximum))
    except OSError as error:
        raise ConfigurationError(f"can't be read: {error.strerror or error}", where=str(path)) from None
    except DocumentError as error:
        where = f"{path}:{error.line}" if error.line else str(path)
        raise ConfigurationError(str(error), where=where) from None


def load_table(path: Path) -> AliasTable:
    """A table file as `mlgate policy aliases import` writes it. Raises ConfigurationError."""
    content = read_source(path, MAXIMUM_TABLE_BYTES)
    remedy = "make it with `mlgate policy aliases import`"
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise ConfigurationError(f"no alias table of the schema {SCHEMA}", where=str(path), remedy=remedy)
    by_type, irregular, complete = (content.get(key) for key in ("by_type", "irregular", "complete"))
    fits = (
        _all(by_type, lambda text: isinstance(text, str))
        and _all(irregular, lambda types: _all(types, lambda path: isinstance(path, str)))
        and _texts(complete)
        and (content.get("modifiable") is None or _all(content["modifiable"], _texts))
    )
    if not fits:
        raise ConfigurationError("a damaged alias table", where=str(path), remedy=remedy)
    table = read_table(content)
    try:
        count = sum(map(len, table.by_type.values())) + sum(map(len, table.irregular.values()))
    except ValueError as error:
        raise ConfigurationError(f"a damaged alias table: {error}", where=str(path), remedy=remedy) from None
    if count != content.get("count"):
        raise ConfigurationError("a damaged alias table: aliases are missing", where=str(path), remedy=remedy)
    return table


def _all(mapping: Any, fits: Any) -> bool:
    return isinstance(mapping, dict) and all(fits(value) for value in mapping.values())


def _texts(given: Any) -> bool:
    return isinstance(given, Iterable) and not isinstance(given, str) and all(isinstance(one, str) for one in given)
