"""The files of one folder, which Terraform takes together: configuration, overrides, values of variables."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from resource_readers.interface import NotRead, ReadRequest
from resource_readers.project_files import ProjectFile, UnreadableFileError, entries_of, open_inside, shown_name
from resource_readers.terraform.bodies import parse_file
from resource_readers.terraform.json_syntax import parse_json_file
from resource_readers.terraform.syntax import Attribute, Block, Body, Broken, ConfigurationFile
from resource_readers.trees.lenient_json import LenientJsonError, decode
from verdicts import InputDigest

MAXIMUM_FILES = 2_000
MAXIMUM_BYTES = 4 * 1024 * 1024
_ALL = 1 << 40
BLOCK_TYPES = frozenset(
    (
        *("resource", "data", "ephemeral", "module", "variable", "output", "locals", "provider", "terraform"),
        *("moved", "import", "removed", "check", "action"),
    )
)
_CONFIGURATION = (".tf", ".tf.json")
_VARIABLES = (".tfvars", ".tfvars.json")


@dataclass(frozen=True, slots=True)
class Declared:
    """A block (or, for locals, an attribute as the only one of a block's body) and its file."""

    block: Block
    file: ConfigurationFile


@dataclass(slots=True)
class Folder:
    """What the files of a folder declare.

    Attributes:
        path: absolute, without links.
        shown: relative to the project's root; "." for the root.
        files: configuration files in the order of their names, overrides not among them.
        declared: by (block type, labels); more than one where a name is declared twice.
        locals: by name, likewise.
        not_read: files and statements that couldn't be read.
        digests: of all files that were opened.
        values: files that give values to variables, in Terraform's order.
    """

    path: Path
    shown: str
    files: list[ConfigurationFile] = field(default_factory=list)
    declared: dict[tuple[str, ...], list[Declared]] = field(default_factory=dict)
    locals: dict[str, list[tuple[Attribute, ConfigurationFile]]] = field(default_factory=dict)
    not_read: list[NotRead] = field(default_factory=list)
    digests: dict[str, InputDigest] = field(default_factory=dict)
    values: list[ConfigurationFile] = field(default_factory=list)

    def blocks(self, kind: str) -> Iterator[tuple[tuple[str, ...], list[Declared]]]:
        """All that is declared with a block type."""
        return ((key[1:], found) for key, found in self.declared.items() if key[0] == kind)


def signature(folder: Path) -> tuple[object, ...]:
    """What tells whether a folder's files are still the same."""
    found: list[tuple[object, ...]] = []
    for entry in _scanned(folder):
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            found.append((entry.name,))
        else:
            found.append((entry.name, status.st_mtime_ns, status.st_size))
    return tuple(sorted(found, key=str))


def _scanned(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if entry.name.endswith(_CONFIGURATION + _VARIABLES) and _counts(entry)]
    except OSError:
        return []


def _counts(entry: os.DirEntry[str]) -> bool:
    """Not a folder, and none that Terraform leaves out; a link that leads nowhere counts, as it must be named."""
    try:
        return not is_ignored(entry.name) and not entry.is_dir()
    except OSError:
        return True


def _names(folder: Path) -> list[str]:
    """Names of the files that Terraform takes together, in order."""
    try:
        entries = entries_of(folder, maximum=_ALL)
    except OSError:
        return []
    ours = (one for one in entries if one.name.endswith(_CONFIGURATION + _VARIABLES))
    return [one.name for one in ours if not one.is_folder and not is_ignored(one.name)]


def is_ignored(name: str) -> bool:
    """Whether Terraform leaves a file out when it reads a folder."""
    return name.startswith(".")


def is_override(name: str) -> bool:
    """Whether a file's blocks change those of others instead of adding some."""
    stem = name.removesuffix(".json").removesuffix(".tf")
    return stem == "override" or stem.endswith("_override")


def parse(file: ProjectFile) -> ConfigurationFile:
    """One file, by its name in HCL or JSON. Raises LenientJsonError."""
    text = decode(file.data)
    return parse_json_file(file.shown, text) if file.shown.endswith(".json") else parse_file(file.shown, text)


def folder_of(request: ReadRequest, path: Path, only: str = "") -> Folder:
    """The folder's content, parsed once in a session. The path must be real and inside of the root.

    With `only`, the folder is taken as if it had that file alone.
    """
    return request.session.once(
        lambda: _loaded(request, path, only), "terraform folder", str(request.root), str(path), only, signature(path)
    )


def _loaded(request: ReadRequest, path: Path, only: str) -> Folder:
    folder = Folder(path, shown_name(request.root.resolve(), path))
    names = [only] if only else _names(path)
    overrides: list[ConfigurationFile] = []
    for position, name in enumerate(names):
        if position >= MAXIMUM_FILES:
            folder.not_read.append(NotRead(folder.shown, None, f"more than {MAXIMUM_FILES:,} files in one folder"))
            break
        if name.endswith(_VARIABLES) and not _given_by_itself(name):
            continue
        parsed = _opened(request, path / name, folder)
        if parsed is None:
            continue
        if name.endswith(_VARIABLES):
            folder.values.append(parsed)
        elif is_override(name):
            overrides.append(parsed)
        else:
            folder.files.append(parsed)
    # Terraform takes terraform.tfvars first, then the others by name.
    folder.values.sort(key=lambda file: ("/terraform.tfvars" not in "/" + file.source.shown, file.source.shown))
    for file in folder.files:
        _declare(folder, file)
    for file in overrides:
        _override(folder, file)
    return folder


def _given_by_itself(name: str) -> bool:
    plain = name.removesuffix(".json")
    return plain == "terraform.tfvars" or plain.endswith(".auto.tfvars")


def _opened(request: ReadRequest, path: Path, folder: Folder) -> ConfigurationFile | None:
    try:
        file = open_inside(request.root, path, maximum=MAXIMUM_BYTES)
        folder.digests[file.shown] = file.digest
        parsed = parse(file)
    except UnreadableFileError as error:
        folder.not_read.append(NotRead(error.shown, None, f"can't be read: {error}"))
        return None
    except LenientJsonError as error:
        folder.not_read.append(NotRead(shown_name(request.root, path), error.line, f"not understood: {error}"))
        return None
    broken = list(parsed.broken)
    if not file.shown.endswith(_VARIABLES):
        broken += _odd(parsed)
    for one in broken:
        line = parsed.source.position(one.at).line
        folder.not_read.append(NotRead(file.shown, line, one.reason, one.may_hold_resources))
    return parsed


def _odd(file: ConfigurationFile) -> Iterator[Broken]:
    """What has no meaning on the top level of a configuration."""
    for block in file.body.blocks:
        if block.type not in BLOCK_TYPES:
            yield Broken(f"a block of an unknown kind ({block.type})", block.at)
    for attribute in file.body.attributes.values():
        yield Broken(f"an attribute outside of all blocks ({attribute.name})", attribute.at)


def _declare(folder: Folder, file: ConfigurationFile) -> None:
    for block in file.body.blocks:
        if block.type == "locals":
            for name, attribute in block.body.attributes.items():
                folder.locals.setdefault(name, []).append((attribute, file))
        else:
            folder.declared.setdefault((block.type, *block.labels), []).append(Declared(block, file))


def _override(folder: Folder, file: ConfigurationFile) -> None:
    for block in file.body.blocks:
        if block.type == "locals":
            for name, attribute in block.body.attributes.items():
                folder.locals[name] = [(attribute, file)]
            continue
        found = folder.declared.get((block.type, *block.labels))
        if found is None and block.type in ("resource", "data", "module"):
            line = file.source.position(block.at).line
            folder.not_read.append(NotRead(file.source.shown, line, f"a {block.type} block that overrides nothing"))
        if found is None or block.type in ("terraform", "provider"):
            folder.declared.setdefault((block.type, *block.labels), []).append(Declared(block, file))
        else:
            last = found[-1]
            found[-1] = Declared(replace(last.block, body=merged(last.block.body, block.body)), last.file)


def merged(base: Body, over: Body) -> Body:
    """A body with the attributes of another, and its blocks instead of those of the same type."""
    attributes = {**base.attributes, **{name: replace(one, foreign=True) for name, one in over.attributes.items()}}
    replaced = {_produces(block) for block in over.blocks}
    kept = tuple(block for block in base.blocks if _produces(block) not in replaced)
    return Body(attributes, (*kept, *(replace(block, foreign=True) for block in over.blocks)))


def _produces(block: Block) -> str:
    return block.labels[0] if block.type == "dynamic" and block.labels else block.type
