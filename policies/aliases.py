"""Tables of aliases: which property of which resource type a policy means."""

from __future__ import annotations

import functools
import gzip
import importlib.resources
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from policies.alias_text import expand
from policies.paths import PropertyPath, parse_path

SCHEMA = "mlgate/aliases/v1"

parsed = functools.lru_cache(maxsize=200_000)(parse_path)


class AliasesByType(Mapping[str, Mapping[str, str]]):
    """Type -> alias -> path, from the compact form; a type is expanded when it is first asked for."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._expanded: dict[str, Mapping[str, str]] = {}

    def __getitem__(self, resource_type: str) -> Mapping[str, str]:
        found = self._expanded.get(resource_type)
        if found is None:
            found = self._expanded[resource_type] = expand(resource_type, self._texts[resource_type])
        return found

    def __contains__(self, resource_type: object) -> bool:
        return resource_type in self._texts

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


@dataclass(frozen=True)
class AliasTable:
    """Aliases by resource type. All names are lower-cased.

    An alias belongs to the type before its last slash: "microsoft.network/virtualnetworks/subnets/id" is one of
    subnets, never of virtual networks. The few older ones for which that isn't so stand by themselves.

    Attributes:
        by_type: type -> alias -> path.
        irregular: alias -> type -> path, for aliases that don't begin with their type.
        complete: types whose aliases are all here.
        modifiable: type -> aliases that modify may change; None where the source doesn't tell.
    """

    by_type: Mapping[str, Mapping[str, str]]
    irregular: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    complete: frozenset[str] = frozenset()
    modifiable: Mapping[str, frozenset[str]] | None = None
    _cache: dict[tuple[str, str], PropertyPath | None] = field(default_factory=dict, compare=False, repr=False)
    _existing: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    def path(self, resource_type: str, alias: str) -> PropertyPath | None:
        """See policies.scope.Aliases."""
        key = (resource_type, alias)
        try:
            return self._cache[key]
        except KeyError:
            found = self._find(resource_type, alias)
            path = self._cache[key] = None if found is None else parsed(found)
            return path

    def _find(self, resource_type: str, alias: str) -> str | None:
        if alias.rpartition("/")[0] == resource_type and resource_type in self.by_type:
            found = self.by_type[resource_type].get(alias)
            if found is not None:
                return found
        types = self.irregular.get(alias)
        return None if types is None else types.get(resource_type)

    def types_of(self, alias: str) -> dict[str, str]:
        """Type -> path, for every type that has the alias."""
        type_ = alias.rpartition("/")[0]
        found = self.by_type[type_].get(alias) if type_ in self.by_type else None
        return {**({} if found is None else {type_: found}), **self.irregular.get(alias, {})}

    def exists(self, alias: str) -> bool:
        """See policies.scope.Aliases."""
        found = self._existing.get(alias)
        if found is None:
            type_ = alias.rpartition("/")[0]
            found = alias in self.irregular or (type_ in self.by_type and alias in self.by_type[type_])
            self._existing[alias] = found
        return found

    def covers(self, resource_type: str) -> bool:
        """See policies.scope.Aliases."""
        return resource_type in self.complete

    def covers_alias(self, alias: str) -> bool:
        """Whether an alias that isn't here would be, if it existed: its type is one of the complete ones."""
        return alias.rpartition("/")[0] in self.complete

    def can_modify(self, resource_type: str, alias: str) -> bool | None:
        """Whether modify may change the property; None where that isn't known."""
        if self.modifiable is None:
            return None
        return alias in self.modifiable.get(resource_type, ())


@dataclass(frozen=True)
class GivenAliases:
    """A table that a caller wrote out: alias -> path. What isn't in it doesn't exist.

    An alias belongs to the type before its last slash, or to all types of a provider where only that stands there.
    """

    paths: Mapping[str, str]

    def path(self, resource_type: str, alias: str) -> PropertyPath | None:
        """See policies.scope.Aliases."""
        found = self.paths.get(alias)
        owner = alias.rpartition("/")[0]
        if found is None or (resource_type and "/" in owner and owner != resource_type):
            return None
        return parsed(found)

    def exists(self, alias: str) -> bool:
        """See policies.scope.Aliases."""
        return alias in self.paths

    def covers(self, resource_type: str) -> bool:
        """See policies.scope.Aliases."""
        return True

    def covers_alias(self, alias: str) -> bool:
        """Whatever isn't here doesn't exist."""
        return True


def given_aliases(paths: Mapping[str, Any]) -> GivenAliases:
    """From a JSON mapping, names in any case."""
    return GivenAliases({str(alias).lower(): str(path) for alias, path in paths.items()})


@functools.cache
def built_in_aliases() -> AliasTable:
    """The table that ships with mlgate (docs/policy-commands.md says what it holds)."""
    data = (importlib.resources.files("policies") / "data" / "aliases.json.gz").read_bytes()
    return read_table(json.loads(gzip.decompress(data)))


def read_table(content: Mapping[str, Any]) -> AliasTable:
    """A table from its JSON form, as `policies.alias_import.table_json` makes it."""
    modifiable = content.get("modifiable")
    return AliasTable(
        AliasesByType(content["by_type"]),
        content["irregular"],
        frozenset(content["complete"]),
        None if modifiable is None else {type_: frozenset(aliases) for type_, aliases in modifiable.items()},
    )
