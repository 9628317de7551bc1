"""Takes definitions and initiatives over into a pack folder: checked one by one, in one spelling, nothing left unsaid.

Sources are a folder of JSON files, a clone of a definitions repository (`built-in-policies/policyDefinitions/...`, or a
folder for each policy with azurepolicy.json, azurepolicy.rules.json and azurepolicy.parameters.json), or a file with a
definition a line. A pack folder holds the same files; `policies.pack_sources` reads it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from policies.definitions import compile_definition, read_definition
from policies.initiatives import read_initiative
from policies.pack_folders import check_destination, replacing
from policies.pack_sources import Body, PackSourceError, bodies_of, digest_of, read_inputs
from policies.values import DefinitionError, EvaluationError
from verdicts.errors import CouldNotCheckError

NOTE = "SOURCE.yml"
_BUILT_IN = "built-in-policies"
_RULES, _PARAMETERS = "azurepolicy.rules.json", "azurepolicy.parameters.json"
_WHOLE = "azurepolicy.json"
_MAXIMUM_LICENCE = 1024 * 1024
_MAXIMUM_PATH = 400

# The usual spelling of keys that Azure takes in any case.
_SPELLING = {
    name.lower(): name
    for name in (
        *("displayName", "policyType", "mode", "description", "metadata", "version", "versions", "parameters"),
        *("policyRule", "policyDefinitions", "policyDefinitionGroups", "externalEvaluationEnforcementSettings"),
        *("if", "then", "effect", "details", "properties", "id", "name", "type"),
    )
}


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that is not in the pack, and why."""

    source: str
    what: str


@dataclass(slots=True)
class ImportReport:
    """What an import did.

    Attributes:
        definitions, initiatives: their files in the pack.
        companions: files that only repeat a part of another one.
        unread: what could not be taken over.
        licences: licence files that came along.
    """

    definitions: list[str] = field(default_factory=list)
    initiatives: list[str] = field(default_factory=list)
    companions: list[str] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    licences: list[str] = field(default_factory=list)


def import_policies(source: Path, destination: Path) -> ImportReport:
    """Makes a pack folder; it appears whole or not at all.

    Args:
        source: folder or file, see above.
        destination: a folder that isn't there yet or is empty, or a pack of an earlier import, which is replaced.

    Raises:
        ConfigurationError: the destination is something else, or lies within the source or around it.
        CouldNotCheckError: the source can't be read, or holds not one definition or initiative.
    """
    check_destination(destination, NOTE, source)
    root = source / _BUILT_IN if (source / _BUILT_IN).is_dir() else source
    try:
        inputs = read_inputs(root)
        bodies = list(bodies_of(inputs))
    except PackSourceError as error:
        raise CouldNotCheckError(str(error)) from None
    report = ImportReport()
    files = _converted(bodies, report)
    if not files:
        detail = f"; the first of {len(report.unread)}: {report.unread[0].what}" if report.unread else ""
        raise CouldNotCheckError(f"there is no definition in it{detail}", where=str(source))
    with replacing(destination) as workspace:
        _write(workspace, files, report)
        if source.is_dir():
            _take_licences(source, workspace, report)
        (workspace / NOTE).write_text(_note(source, digest_of(inputs), report), encoding="utf-8")
    return report


def _converted(bodies: Sequence[Body], report: ImportReport) -> dict[str, Any]:
    """The files of the pack by their path; fills the report."""
    by_source = {body.source: body for body in bodies}
    files: dict[str, Any] = {}
    for body in bodies:
        source = body.source
        if body.error:
            report.unread.append(Unread(source, body.error))
            continue
        value = body.value
        companion = _companion_of(source, by_source)
        if companion is not None:
            whole, value = companion
            if value is None:
                report.companions.append(source)
                continue
            source = whole
        problem = _path_problem(source)
        if problem or source in files:
            report.unread.append(Unread(source, problem or "another definition has the same path"))
            continue
        try:
            kind, normal = normalised(value, source)
        except (DefinitionError, EvaluationError) as error:
            report.unread.append(Unread(source, str(error)))
        except RecursionError:
            report.unread.append(Unread(source, "nested too deeply"))
        else:
            files[source] = normal
            (report.initiatives if kind == "initiative" else report.definitions).append(source)
    return files


def _companion_of(source: str, others: Mapping[str, Body]) -> tuple[str, Any] | None:
    """For a file that holds a part of a definition: the whole one's file, and its content if it has to be put together
    here (None where it stands in another file). None for any other file."""
    folder, _, name = source.rpartition("/")
    if name not in (_RULES, _PARAMETERS):
        return None
    prefix = f"{folder}/" if folder else ""
    whole, rules = f"{prefix}{_WHOLE}", others.get(f"{prefix}{_RULES}")
    if whole in others or (name == _PARAMETERS and rules is not None):
        return whole, None
    if name == _PARAMETERS:
        return None  # parameters of nothing: an error like any other file that holds no definition
    parameters = others.get(f"{prefix}{_PARAMETERS}")
    return whole, {
        "policyRule": others[source].value,
        "parameters": parameters.value if parameters is not None else {},
        "displayName": folder.rpartition("/")[2],
    }


def _path_problem(source: str) -> str:
    """Why a path from a file of lines can't be one in the pack, or ""."""
    path = PurePosixPath(source)
    if path.is_absolute() or not source.lower().endswith(".json") or not source.isprintable() or "\\" in source:
        return "it has no usable path"
    if any(part in ("..", ".") or part.startswith(".") or len(part.encode()) > 200 for part in source.split("/")):
        return "its path leaves the folder, is hidden, or has too long a name"
    return "its path is too long" if len(source) > _MAXIMUM_PATH else ""


def normalised(value: Any, source: str) -> tuple[str, dict[str, Any]]:
    """A definition or an initiative in the usual form: ("definition" or "initiative", {id, name, type, properties}).

    Raises:
        DefinitionError, EvaluationError: it can't be loaded, also where only compiling finds that out.
    """
    if not isinstance(value, dict):
        raise DefinitionError("a definition must be an object")
    outer = _spelt(value)
    properties = outer.get("properties")
    inner = _spelt(properties) if isinstance(properties, dict) else outer
    if "policyDefinitions" in inner and "policyRule" not in inner:
        kind = "initiative"
        read_initiative(value, source)
    elif "policyRule" in inner or ("if" in inner and "then" in inner):
        kind = "definition"
        compile_definition(read_definition(value, source))
    else:
        raise DefinitionError("it holds no policyRule and no policyDefinitions")
    result: dict[str, Any] = {}
    if isinstance(outer.get("id"), str) and outer["id"]:
        result["id"] = outer["id"]
    stem = PurePosixPath(source)
    fallback = stem.parent.name if stem.name == _WHOLE else stem.stem
    result["name"] = outer["name"] if isinstance(outer.get("name"), str) and outer["name"] else fallback
    of = "policyDefinitions" if kind == "definition" else "policySetDefinitions"
    result["type"] = f"Microsoft.Authorization/{of}"
    if "policyRule" in inner or kind == "initiative":
        kept = {key: item for key, item in inner.items() if inner is not outer or key not in ("id", "name", "type")}
    else:
        kept = {"policyRule": {"if": inner["if"], "then": inner["then"]}}
    result["properties"] = kept
    # What is written must say what was read.
    if kind == "definition":
        compile_definition(read_definition(result, source))
    else:
        read_initiative(result, source)
    return kind, result


def _spelt(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {_SPELLING.get(str(key).lower(), str(key)): value for key, value in mapping.items()}


def _write(workspace: Path, files: Mapping[str, Any], report: ImportReport) -> None:
    for source, content in files.items():
        target = workspace / source
        try:
            data = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        except (FileExistsError, NotADirectoryError, IsADirectoryError, ValueError):
            report.unread.append(Unread(source, "its path or text can't be written here"))
            for taken in (report.definitions, report.initiatives):
                if source in taken:
                    taken.remove(source)


def _take_licences(source: Path, workspace: Path, report: ImportReport) -> None:
    """Definitions come with the licence of their repository."""
    for path in sorted(source.iterdir()):
        if (
            path.stem.upper() in ("LICENSE", "LICENCE", "NOTICE", "COPYING")
            and path.is_file()
            and not path.is_symlink()
        ):
            data = path.read_bytes()
            if len(data) <= _MAXIMUM_LICENCE:
                (workspace / path.name).write_bytes(data)
                report.licences.append(path.name)


def _note(source: Path, digest: str, report: ImportReport) -> str:
    lines = [
        "# Made by `mlgate policy import`; the next import into this folder replaces it.",
        "schema: mlgate/policy-source/v1",
        f"source: {json.dumps(source.name)}",
        f"digest: sha256:{digest}",
        f"definitions: {len(report.definitions)}",
        f"initiatives: {len(report.initiatives)}",
        "not_taken_over:" if report.unread else "not_taken_over: []",
        *(f"  - {{file: {json.dumps(one.source)}, reason: {json.dumps(one.what)}}}" for one in report.unread),
    ]
    return "\n".join(lines) + "\n"
