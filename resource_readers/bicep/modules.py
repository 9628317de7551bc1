"""The files that a Bicep file refers to: local modules, imports, and files that functions load."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from resource_readers.bicep.parser import parse_bicep
from resource_readers.bicep.statements import Statement
from resource_readers.interface import Unknown, Value
from resource_readers.project_files import ProjectFile, UnreadableFileError, open_inside
from resource_readers.reading import Reading
from resource_readers.template_language.unknowns import FunctionError, LimitError
from resource_readers.trees import lenient_json
from resource_readers.trees.nodes import Node
from resource_readers.trees.plain import plain

MAXIMUM_MODULE_DEPTH = 20
MAXIMUM_FILES = 2_000
_MAXIMUM_LOADED = 4 * 1024 * 1024
_REMOTE = ("br:", "br/", "ts:", "ts/")


@dataclass(slots=True)
class Library:
    """Everything that was opened in one run, each file once."""

    root: Path
    files: dict[Path, ProjectFile] = field(default_factory=dict)
    bicep: dict[Path, list[Statement]] = field(default_factory=dict)
    json: dict[Path, Node] = field(default_factory=dict)

    def open(self, path: Path, reading: Reading, *, maximum: int | None = None) -> ProjectFile:
        """A file inside of the root. Raises UnreadableFileError and LimitError."""
        if path in self.files:
            return self.files[path]
        if len(self.files) >= MAXIMUM_FILES:
            raise LimitError(f"more than {MAXIMUM_FILES:,} files")
        file = open_inside(self.root, path) if maximum is None else open_inside(self.root, path, maximum=maximum)
        reading.budget.spend(1 + len(file.data) // 64)
        reading.files[file.shown] = file.digest
        self.files[path] = file
        return file

    def statements(self, file: ProjectFile) -> list[Statement]:
        """Those of a Bicep file. Raises UnreadableFileError."""
        if file.path not in self.bicep:
            try:
                self.bicep[file.path] = parse_bicep(lenient_json.decode(file.data))
            except lenient_json.LenientJsonError as error:
                raise UnreadableFileError(file.shown, str(error)) from None
        return self.bicep[file.path]

    def tree(self, file: ProjectFile) -> Node:
        """That of a JSON file. Raises UnreadableFileError."""
        if file.path not in self.json:
            try:
                self.json[file.path] = lenient_json.parse(lenient_json.decode(file.data))
            except lenient_json.LenientJsonError as error:
                raise UnreadableFileError(file.shown, f"not JSON: {error}") from None
        return self.json[file.path]

    def load(self, folder: Path, name: str, arguments: tuple[Value, ...], reading: Reading) -> Value:
        """loadTextContent() and loadJsonContent(); other ones are unknown. Raises FunctionError and LimitError."""
        if (
            len(arguments) != 1
            or not isinstance(arguments[0], str)
            or name not in ("loadtextcontent", "loadjsoncontent")
        ):
            return Unknown(f"{name}() is not evaluated in this form")
        try:
            file = self.open(folder / arguments[0], reading, maximum=_MAXIMUM_LOADED)
            if name == "loadtextcontent":
                return lenient_json.decode(file.data)
            return plain(self.tree(file))
        except (UnreadableFileError, lenient_json.LenientJsonError) as error:
            raise FunctionError(f"{arguments[0]} can't be loaded: {error}") from None


def is_remote(path: str) -> bool:
    """Whether a module comes from a registry or a template spec."""
    return path.startswith(_REMOTE)
