"""Modules from a registry (`br:`) or a template spec (`ts:`): their whole names, and where the bicep CLI keeps them.

Nothing is fetched. The CLI writes what it restored below one folder (by default `~/.bicep`) as
`br/<registry>/<repository, $ for />/<tag>$/main.json` and `ts/<subscription>/<group>/<name>/<version>/main.json`
(Azure/bicep, OciArtifactRegistry, TagEncoder and TemplateSpecModuleRegistry).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from resource_readers.interface import Value
from resource_readers.project_files import ProjectFile, UnreadableFileError

CONFIGURATION = "bicepconfig.json"
_REMOTE = ("br:", "br/", "ts:", "ts/")
_SEGMENT = r"[A-Za-z0-9][A-Za-z0-9._-]*+"
_OCI = re.compile(
    rf"(?P<registry>{_SEGMENT}(?::[0-9]+)?)/(?P<repository>{_SEGMENT}(?:/{_SEGMENT})*+)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127})|@(?P<digest>sha256:[0-9a-f]{64}))"
)
_SPEC = re.compile(r"(?P<subscription>[^/:]+)/(?P<group>[^/:]+)/(?P<name>[^/:]+):(?P<version>[^/:]+)")
_PLAIN = re.compile(r"[\w.()-]+")


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a `bicepconfig.json` says of registries.

    Attributes:
        registries: "registry/path" by alias.
        specs: "subscription/group" by alias.
        cache: the folder for restored modules, or None for the CLI's own.
    """

    registries: Mapping[str, str] = field(default_factory=lambda: {"public": "mcr.microsoft.com/bicep"})
    specs: Mapping[str, str] = field(default_factory=dict)
    cache: Path | None = None


def configuration_of(file: ProjectFile, content: Value) -> Configuration:
    """What the content of a `bicepconfig.json` says; what it doesn't say is as Bicep has it."""
    aliases = _members(content, "moduleAliases")
    registries = dict(Configuration().registries)
    for name, alias in _members(aliases, "br").items():
        if isinstance(alias, dict) and isinstance(alias.get("registry"), str):
            path = alias.get("modulePath")
            registries[name] = alias["registry"] + (f"/{path}" if isinstance(path, str) and path else "")
    specs = {
        name: f"{alias['subscription']}/{alias['resourceGroup']}"
        for name, alias in _members(aliases, "ts").items()
        if isinstance(alias, dict) and {"subscription", "resourceGroup"} <= alias.keys()
    }
    cache = content.get("cacheRootDirectory") if isinstance(content, dict) else None
    return Configuration(registries, specs, file.path.parent / cache if isinstance(cache, str) and cache else None)


def _members(value: Value, name: str) -> dict[str, Value]:
    inner = value.get(name) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


def is_remote(path: str) -> bool:
    """Whether a module comes from a registry or a template spec."""
    return path.startswith(_REMOTE)


def whole_name(target: str, configuration: Configuration) -> str:
    """`br:registry/repository:tag` or `ts:subscription/group/name:version`. Raises UnreadableFileError."""
    if target[2] == ":":
        return target
    scheme, alias, rest = target[:2], *target[3:].partition(":")[::2]
    known = configuration.registries if scheme == "br" else configuration.specs
    if alias not in known:
        raise UnreadableFileError(target, f"{CONFIGURATION} has no alias {alias!r} for it")
    return f"{scheme}:{known[alias]}/{rest}"


def cached_path(name: str) -> PurePosixPath:
    """Where the CLI keeps the module of a whole name, below its folder. Raises UnreadableFileError."""
    if name.startswith("br:"):
        match = _OCI.fullmatch(name, 3)
        if match is not None:
            version = match["digest"].replace(":", "#") if match["digest"] else _tag_folder(match["tag"])
            repository = match["repository"].replace("/", "$")
            return PurePosixPath("br", match["registry"].replace(":", "$"), repository, version, "main.json")
    match = _SPEC.fullmatch(name, 3) if name.startswith("ts:") else None
    if match is None or not all(_PLAIN.fullmatch(part) and part.strip(".") for part in match.groups()):
        raise UnreadableFileError(name, "it is no name of a module in a registry")
    return PurePosixPath("ts", *(part.lower() for part in match.groups()), "main.json")


def _tag_folder(tag: str) -> str:
    """The tag, and a number that tells which of its letters are capitals (for file systems that don't)."""
    capitals = sum(1 << position for position, letter in enumerate(tag) if letter.isupper())
    return f"{tag}${capitals:x}" if capitals else f"{tag}$"
