"""The files that a Bicep file refers to: modules, imports, and files that functions load."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from resource_readers.bicep import loaded_files, registries
from resource_readers.bicep.parser import parse_bicep
from resource_readers.bicep.registries import Configuration, is_remote
from resource_readers.bicep.statements import Statement
from resource_readers.interface import Session, Value
from resource_readers.project_files import ProjectFile, UnreadableFileError, open_inside, place_of
from resource_readers.reading import Reading
from resource_readers.template_language.resource_ids import DeploymentScope
from resource_readers.template_language.unknowns import FunctionError, LimitError, unknown_call
from resource_readers.trees import lenient_json
from resource_readers.trees.nodes import Node, ObjectNode
from resource_readers.trees.plain import plain

MAXIMUM_MODULE_DEPTH = 20
MAXIMUM_FILES = 2_000
_MAXIMUM_LOADED = 4 * 1024 * 1024
_MAXIMUM_CONFIGURATION = 1024 * 1024


class Exports(Protocol):
    """What another file gives."""

    def exported(self, name: str) -> Value:
        """A variable or function; "*" is all of them by name."""


@dataclass(slots=True)
class Library:
    """Everything that was opened in one run, each file once.

    Attributes:
        root: the project's folder.
        session: keeps what was parsed for other files of the same run.
        restored: folders in which the bicep CLI keeps modules from registries.
        files: what was opened.
        exports: what imported files give, by their path and what the importing file deploys to.
    """

    root: Path
    session: Session = field(default_factory=Session)
    restored: tuple[Path, ...] = ()
    files: dict[Path, ProjectFile] = field(default_factory=dict)
    exports: dict[tuple[Path, DeploymentScope], Exports] = field(default_factory=dict)
    _configurations: dict[Path, Configuration] = field(default_factory=dict)

    def open(self, path: Path, reading: Reading, *, maximum: int | None = None) -> ProjectFile:
        """A file inside of the root. Raises UnreadableFileError and LimitError."""
        if path in self.files:
            return self.files[path]
        if len(self.files) >= MAXIMUM_FILES:
            raise LimitError(f"more than {MAXIMUM_FILES:,} files")
        file = open_inside(self.root, path) if maximum is None else open_inside(self.root, path, maximum=maximum)
        return self._opened(path, file, reading)

    def _opened(self, path: Path, file: ProjectFile, reading: Reading) -> ProjectFile:
        reading.budget.spend(1 + len(file.data) // 64)
        reading.files[file.shown] = file.digest
        self.files[path] = file
        return file

    def module(self, folder: Path, target: str, reading: Reading) -> ProjectFile:
        """The file of a module or import, as a file in `folder` names it. Raises UnreadableFileError and LimitError."""
        if not is_remote(target):
            return self.open(folder / target, reading)
        configuration = self._configuration(folder, reading)
        name = registries.whole_name(target, configuration)
        key = Path(name)
        if key in self.files:
            return self.files[key]
        if len(self.files) >= MAXIMUM_FILES:
            raise LimitError(f"more than {MAXIMUM_FILES:,} files")
        place = registries.cached_path(name)
        own = [(self.root, configuration.cache)] if configuration.cache is not None else []
        for root, cache in (*own, *((one, one) for one in self.restored)):
            try:
                file = open_inside(root, cache / place)
            except UnreadableFileError:
                continue
            return self._opened(key, replace(file, shown=name), reading)
        where = "it is not among the restored modules" if own or self.restored else "modules are not fetched"
        raise UnreadableFileError(target, f"it is in a registry, and {where}")

    def _configuration(self, folder: Path, reading: Reading) -> Configuration:
        """What the nearest bicepconfig.json at or above the folder says. Raises UnreadableFileError if it's broken."""
        if folder not in self._configurations:
            self._configurations[folder] = self._find_configuration(folder, reading)
        return self._configurations[folder]

    def _find_configuration(self, folder: Path, reading: Reading) -> Configuration:
        root = self.root.resolve()
        for place in (folder, *folder.parents):
            if not place.is_relative_to(root):
                break
            path = place / registries.CONFIGURATION
            if place_of(path).exists:
                file = self.open(path, reading, maximum=_MAXIMUM_CONFIGURATION)
                return registries.configuration_of(file, plain(self.tree(file)))
        return Configuration()

    def statements(self, file: ProjectFile) -> list[Statement]:
        """Those of a Bicep file. Raises UnreadableFileError."""
        try:
            return self.session.once(
                lambda: parse_bicep(lenient_json.decode(file.data)), __name__, "bicep", file.digest.digest
            )
        except lenient_json.LenientJsonError as error:
            raise UnreadableFileError(file.shown, str(error)) from None

    def tree(self, file: ProjectFile) -> Node:
        """That of a JSON file. Raises UnreadableFileError."""
        try:
            return self.session.once(
                lambda: lenient_json.parse(lenient_json.decode(file.data)), __name__, "json", file.digest.digest
            )
        except lenient_json.LenientJsonError as error:
            raise UnreadableFileError(file.shown, f"not JSON: {error}") from None

    def template(self, file: ProjectFile) -> ObjectNode:
        """The ARM template in a JSON file, also in that of a template spec. Raises UnreadableFileError."""
        tree = self.tree(file)
        inner = tree.get("properties") if isinstance(tree, ObjectNode) and tree.get("$schema") is None else None
        main = inner.get("mainTemplate") if isinstance(inner, ObjectNode) else None
        template = main if main is not None else tree
        if not isinstance(template, ObjectNode):
            raise UnreadableFileError(file.shown, "it is no template")
        return template

    def load(self, folder: Path, name: str, arguments: tuple[Value, ...], reading: Reading) -> Value:
        """The value of a function that reads a file of `folder`. Raises FunctionError and LimitError."""
        texts = tuple(one for one in arguments if isinstance(one, str))
        if not texts or len(texts) != len(arguments):
            return unknown_call(name, arguments, f"{name}() is not evaluated in this form")
        try:
            file = self.open(folder / texts[0], reading, maximum=_MAXIMUM_LOADED)
            return loaded_files.loaded(name, file.data, texts[1:])
        except UnreadableFileError as error:
            why = f"{texts[0]} can't be loaded: {error}"
            reading.miss(reading.at, why, may_hold_resources=False)
            raise FunctionError(why) from None
        except loaded_files.NotEvaluatedError as error:
            return unknown_call(name, arguments, str(error))
