"""Tables of aliases: which property of which resource type a policy means."""

from __future__ import annotations

import functools
import gzip
import importlib.resources
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from policies.paths import PropertyPath, parse_path

parsed = functools.lru_cache(maxsize=200_000)(parse_path)


@dataclass(frozen=True)
class AliasTable:
    """Aliases by resource type. All names are lower-cased.

    Attributes:
        by_type: type -> alias -> path, where a type has a table of its own.
        shared: alias -> path for all types whose name the alias begins with.
        complete: types whose aliases are all here.
    """

    by_type: Mapping[str, Mapping[str, str]]
    shared: Mapping[str, str]
    complete: frozenset[str] = frozenset()
    _cache: dict[tuple[str, str], PropertyPath | None] = field(default_factory=dict, compare=False, repr=False)

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
        own = self.by_type.get(resource_type)
        if own is not None and alias in own:
            return own[alias]
        if alias.startswith(f"{resource_type}/"):
            return self.shared.get(alias)
        return None

    @functools.cached_property
    def _everywhere(self) -> frozenset[str]:
        return frozenset(self.shared).union(*self.by_type.values())

    def exists(self, alias: str) -> bool:
        """See policies.scope.Aliases."""
        return alias in self._everywhere

    def covers(self, resource_type: str) -> bool:
        """See policies.scope.Aliases."""
        return resource_type in self.complete

    def covers_alias(self, alias: str) -> bool:
        """Whether an alias that isn't here would be, if it existed: its type is one of the complete ones."""
        parts = alias.split("/")
        return any("/".join(parts[:end]) in self.complete for end in range(2, len(parts)))


@dataclass(frozen=True)
class GivenAliases:
    """A table that a caller wrote out: alias -> path, whatever the type. What isn't in it doesn't exist."""

    paths: Mapping[str, str]

    def path(self, resource_type: str, alias: str) -> PropertyPath | None:
        """See policies.scope.Aliases."""
        found = self.paths.get(alias)
        return None if found is None else parsed(found)

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
    """The table that ships with mlgate (docs/azure-policy.md says which types it holds)."""
    data = (importlib.resources.files("policies") / "data" / "aliases.json.gz").read_bytes()
    return read_table(json.loads(gzip.decompress(data)))


def read_table(content: Mapping[str, Any]) -> AliasTable:
    """A table from its JSON form: {"by_type": {...}, "shared": {...}, "complete": [...]}."""
    return AliasTable(content["by_type"], content["shared"], frozenset(content["complete"]))
