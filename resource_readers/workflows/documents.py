"""Opening the YAML files of workflows: once in a run, inside the project only, with the lines of their texts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from resource_readers.interface import ReadRequest
from resource_readers.project_files import ProjectFile, UnreadableFileError, open_inside, place_inside, place_of
from resource_readers.reading import Reading
from resource_readers.trees.lenient_json import LenientJsonError, decode
from resource_readers.trees.nodes import Node
from resource_readers.trees.yaml_tree import YamlError, parse

ROOT_MARKS = (".git", ".github", ".azuredevops", ".azure-pipelines", "azure-pipelines.yml", "azure-pipelines.yaml")
"""What stands at the top of a repository that has workflows."""
_OWN_FOLDERS = frozenset({".github", ".azuredevops", ".azure-pipelines", ".pipelines", ".gitea", ".forgejo"})


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file that was read.

    Attributes:
        shown: its name relative to the root of the project.
        folder: its folder, in the same form; "" for the root.
        node: its content.
        lines: its text.
    """

    shown: str
    node: Node
    lines: tuple[str, ...]

    @property
    def folder(self) -> str:
        """Its folder, relative to the root; "" for the root."""
        return _text(PurePosixPath(self.shown).parent)


class DocumentError(Exception):
    """A file can't be read; the message says why, `line` where (None: the whole file)."""

    def __init__(self, shown: str, line: int | None, message: str) -> None:
        super().__init__(message)
        self.shown = shown
        self.line = line


def document(file: ProjectFile, request: ReadRequest) -> Document:
    """The content of a file. Raises DocumentError."""
    try:
        return request.session.once(lambda: _parsed(file), __name__, file.shown, file.digest.digest)
    except (YamlError, LenientJsonError) as error:
        raise DocumentError(file.shown, error.line, str(error)) from None


def _parsed(file: ProjectFile) -> Document:
    text = decode(file.data)
    return Document(file.shown, _tree(text), tuple(text.split("\n")))


def _tree(text: str) -> Node:
    try:
        return parse(text)
    except YamlError:
        return parse(text, templated=True)  # placeholders of a generator may stand in it


def open_document(path: str, reading: Reading, request: ReadRequest) -> Document:
    """Another file of the project, `path` being relative to its root. Raises DocumentError."""
    return document(open_file(path, reading, request), request)


def open_file(path: str, reading: Reading, request: ReadRequest) -> ProjectFile:
    """Another file of the project as it is, `path` being relative to its root. Raises DocumentError."""
    try:
        file = open_inside(request.root, Path(path))
    except UnreadableFileError as error:
        raise DocumentError(error.shown, None, str(error)) from None
    reading.files[file.shown] = file.digest
    return file


def is_file(path: str, request: ReadRequest) -> bool:
    """Whether there is such a file inside of the project."""
    return place_inside(request.root, Path(path)).kind == "file"


def repository_of(shown: str, request: ReadRequest) -> str:
    """The top of the repository in which a file stands, relative to the project's root; "" for the root itself.

    The folder that holds `.github` (or its like) with the file; else the nearest one above the file that looks like
    the top of a repository; else the project's root.
    """
    folders = PurePosixPath(shown).parts[:-1]
    for position, part in enumerate(folders):
        if part.casefold() in _OWN_FOLDERS:
            return "/".join(folders[:position])
    for end in range(len(folders), 0, -1):
        folder = "/".join(folders[:end])
        if request.session.once(lambda at=folder: _is_top(at, request), __name__, str(request.root), folder):  # type: ignore[misc]
            return folder
    return ""


def _is_top(folder: str, request: ReadRequest) -> bool:
    return any(place_of(request.root / folder / mark).exists for mark in ROOT_MARKS)


def inside(folder: str, path: str) -> str:
    """`path` seen from `folder`, without `.` and `..`; what leads above the root keeps its `..`."""
    parts: list[str] = []
    for part in (*PurePosixPath(folder).parts, *path.replace("\\", "/").split("/")):
        if part in ("", "."):
            continue
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def _text(path: PurePosixPath) -> str:
    return "" if str(path) == "." else str(path)
