"""What the policy commands read: definitions, packs, resources, parameters, context."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from policies.aliases import AliasTable
    from policies.definitions import CompiledPolicy
    from policies.json_positions import DefinitionLines
    from policies.known_resources import KnownResources
    from policies.pack import Pack
    from policies.resource_files import ResourceFile
    from policies.scope import Surroundings
    from verdicts.errors import ConfigurationError

MAXIMUM_RESOURCES_BYTES = 256 * 1024 * 1024
FILE = click.Path(path_type=Path)

C = TypeVar("C", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Given:
    """The options that `evaluate` and `explain` share.

    Attributes:
        definition, pack: one of them.
        parameters, related, aliases, context: files, if given.
        deployed_to: id of a resource group or subscription, if given.
    """

    definition: Path | None
    pack: Path | None
    parameters: Path | None
    related: Path | None
    aliases: Path | None
    context: Path | None
    deployed_to: str | None


def input_options(command: C) -> C:
    """Adds the options of `Given`; the command takes them one by one."""
    options = (
        click.option("--definition", type=FILE, help="One policy definition, or a bare rule."),
        click.option("--pack", type=FILE, help="A folder of definitions, or a .jsonl(.gz) file of them."),
        click.option("--parameters", type=FILE, help="Values of parameters; for a pack, by definition."),
        *shared_options(),
    )
    for option in reversed(options):
        command = option(command)
    return command


def shared_options() -> tuple[Callable[[C], C], ...]:
    """The options on what surrounds the resources."""
    return (
        click.option("--related", type=FILE, help="All other resources that are there; without it, some are unknown."),
        click.option("--aliases", type=FILE, help="A table made by `mlgate policy aliases import`."),
        click.option("--context", type=FILE, help="What subscription(), requestContext() and the like return."),
        click.option("--deployed-to", help="Id of the resource group that templates are deployed to."),
    )


def read_bytes(path: Path, maximum: int | None = None) -> bytes:
    """A file, or standard input for "-". Raises ConfigurationError."""
    from verdicts.documents import MAXIMUM_BYTES, DocumentError, read_bounded
    from verdicts.errors import ConfigurationError

    limit = maximum or MAXIMUM_BYTES
    try:
        if str(path) != "-":
            return read_bounded(path, limit)
        data = sys.stdin.buffer.read(limit + 1)
    except OSError as error:
        raise ConfigurationError(f"can't be read: {error.strerror or error}", where=str(path)) from None
    except (DocumentError, ValueError) as error:
        raise ConfigurationError(f"can't be read: {error}", where=str(path)) from None
    if len(data) > limit:
        raise ConfigurationError(f"larger than {limit:,} bytes", where="standard input")
    return data


def read_json(path: Path) -> Any:
    """The JSON in a file. Raises ConfigurationError with the line."""
    return _parsed(read_bytes(path), path)


def _parsed(data: bytes, path: Path) -> Any:
    from verdicts.documents import DocumentError, parse_json
    from verdicts.errors import ConfigurationError

    try:
        return parse_json(data)
    except DocumentError as error:
        where = f"{path}:{error.line}" if error.line else str(path)
        raise ConfigurationError(str(error), where=where) from None


def read_mapping(path: Path | None) -> dict[str, Any]:
    """The JSON object in a file; {} without a file. Raises ConfigurationError."""
    from verdicts.errors import ConfigurationError

    if path is None:
        return {}
    content = read_json(path)
    if not isinstance(content, dict):
        raise ConfigurationError("an object is needed", where=str(path))
    return content


def read_parameter_values(path: Path | None) -> dict[str, Any]:
    """Parameters of one definition, also from an ARM parameter file. Raises ConfigurationError."""
    content = read_mapping(path)
    inner = content.get("parameters")
    marked = "$schema" in content or set(content) == {"parameters"}
    return inner if marked and isinstance(inner, dict) else content


@dataclass(frozen=True, slots=True)
class OneDefinition:
    """A compiled definition, its file and the file's content."""

    policy: CompiledPolicy
    source: str
    data: bytes

    def lines(self) -> DefinitionLines:
        """The lines of its conditions."""
        from policies.json_positions import definition_lines

        return definition_lines(self.data)


def load_definition(path: Path, parameters: Mapping[str, Any]) -> OneDefinition:
    """One definition, compiled. Raises ConfigurationError with file and line."""
    data = read_bytes(path)
    return compiled(_parsed(data, path), data, str(path), parameters)


def compiled(body: Any, data: bytes, source: str, parameters: Mapping[str, Any]) -> OneDefinition:
    """Compiles a body that was read from `data`. Raises ConfigurationError."""
    from policies.definitions import compile_definition, read_definition
    from policies.json_positions import definition_lines
    from policies.values import DefinitionError, EvaluationError
    from verdicts.errors import ConfigurationError

    try:
        policy = compile_definition(read_definition(body, source), parameters)
    except DefinitionError as error:
        line = definition_lines(data).line(error.path)
        raise ConfigurationError(str(error), where=f"{source}:{line}" if line else source) from None
    except EvaluationError as error:
        raise ConfigurationError(str(error), where=source, remedy="see --parameters") from None
    except RecursionError:
        raise ConfigurationError("nested too deeply", where=source) from None
    return OneDefinition(policy, source, data)


def open_pack(path: Path, parameters: Path | None = None) -> Pack:
    """A pack, from the cache if it is there. Raises ConfigurationError."""
    from policies.pack_cache import default_folder, load_pack
    from policies.pack_sources import PackSourceError
    from verdicts.errors import ConfigurationError

    given = read_mapping(parameters)
    if not all(isinstance(values, dict) for values in given.values()):
        raise ConfigurationError(
            "for a pack, parameters are {definition name or id: {parameter: value}}", where=str(parameters)
        )
    try:
        pack = load_pack(path, given, cache=default_folder())
    except PackSourceError as error:
        raise ConfigurationError(str(error)) from None
    if not pack.members and not pack.errors:
        raise ConfigurationError("there is no definition in it", where=str(path))
    return pack


def read_resource_file(path: Path, deployed_to: str | None = None) -> ResourceFile:
    """Resources from a file or standard input, in the place that they are deployed to. Raises ConfigurationError."""
    from policies.resource_files import ResourceFile, parse_resources, placed

    name = "standard input" if str(path) == "-" else str(path)
    file = parse_resources(read_bytes(path, MAXIMUM_RESOURCES_BYTES), name)
    return file if deployed_to is None else ResourceFile(placed(file.resources, deployed_to), file.not_read)


def known_resources(file: ResourceFile, related: Path | None) -> KnownResources:
    """Where existence conditions look: the resources themselves, and all others if a file lists them."""
    from policies.known_resources import KnownResources

    if related is None:
        return KnownResources(file.resources)
    others = _related(related)
    # What was not read may hold the resource that is looked for.
    return KnownResources((*others, *file.resources), whole=not file.not_read)


def _related(path: Path) -> tuple[dict[str, Any], ...]:
    from policies.resource_files import parse_resources

    data = read_bytes(path, MAXIMUM_RESOURCES_BYTES)
    if data.strip() == b"[]":
        return ()  # there are no others
    file = parse_resources(data, str(path))
    if file.not_read:
        raise _incomplete(path, file.not_read[0])
    return file.resources


def _incomplete(path: Path, what: str) -> ConfigurationError:
    from verdicts.errors import ConfigurationError

    return ConfigurationError(f"the related resources are not complete: {what}", where=str(path))


def surroundings(aliases: Path | None, context: Path | None) -> Surroundings:
    """Table, time and context. Raises ConfigurationError."""
    import datetime as dt

    from policies.cases import read_surroundings
    from policies.values import PolicyError
    from verdicts.errors import ConfigurationError

    try:
        return read_surroundings(read_mapping(context), alias_table(aliases), dt.datetime.now(dt.UTC))
    except PolicyError as error:
        raise ConfigurationError(str(error), where=str(context)) from None


def alias_table(path: Path | None) -> AliasTable:
    """The table in a file, or the built-in one. Raises ConfigurationError."""
    from policies.alias_import import load_table
    from policies.aliases import built_in_aliases

    return built_in_aliases() if path is None else load_table(path)
