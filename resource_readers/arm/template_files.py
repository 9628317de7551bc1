"""The templates and parameter files that a template links to, where they lie in the project.

A deployment reads them from a web address that is known only then. What can be known is the end of it: if it names
exactly one file beside or below the template (or the one that was read first), that is the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from resource_readers.interface import Session, Value
from resource_readers.project_files import ProjectFile, UnreadableFileError, open_inside, place_of
from resource_readers.reading import Reading
from resource_readers.template_language.unknowns import symbolic
from resource_readers.trees import lenient_json
from resource_readers.trees.nodes import Node, ObjectNode

MAXIMUM_LINKS = 20
"""How many templates may link to one another in a row."""
_MAXIMUM_SEGMENTS = 12
_MAXIMUM_ADDRESS = 2_000
_PATH = re.compile(r"[A-Za-z0-9_.\-/%~]{1,400}\.(?:jsonc?|template)(?![A-Za-z0-9_])", re.IGNORECASE)
# What may stand behind the path: a query, something unknown (a SAS token), the signs that end a call.
_BEHIND = re.compile(r"(?:\?.*+|\{[^{}]*+\}|['\")}\s])*+", re.DOTALL)
_BASE = re.compile(r"templateLink|artifacts?Location|base|ur[il]|root|repo|container", re.IGNORECASE)


class TemplateLinkError(Exception):
    """A linked template or parameter file is not followed; the message says why."""


@dataclass(frozen=True, slots=True)
class TemplateFiles:
    """Where a template stands, and what was opened on the way to it.

    Attributes:
        root: the project's folder.
        session: shared by all reads of a run.
        chain: the templates on the way, the first being the one that was asked for; absolute, without links.
    """

    root: Path
    session: Session
    chain: tuple[Path, ...]

    def below(self, file: ProjectFile) -> TemplateFiles:
        """The same from inside of a linked template. Raises TemplateLinkError."""
        if file.path in self.chain:
            raise TemplateLinkError("the templates link to each other")
        if len(self.chain) > MAXIMUM_LINKS:
            raise TemplateLinkError(f"templates link to one another in more than {MAXIMUM_LINKS} steps")
        return TemplateFiles(self.root, self.session, (*self.chain, file.path))

    def linked(self, link: Value, reading: Reading) -> ProjectFile:
        """The file that a `templateLink` or `parametersLink` (evaluated) names. Raises TemplateLinkError."""
        if not isinstance(link, dict):
            raise TemplateLinkError("its link is not known")
        parts = {key.casefold(): value for key, value in link.items()}
        if "id" in parts:
            raise TemplateLinkError("it is a template spec")
        relative, address = parts.get("relativepath"), parts.get("uri")
        if isinstance(relative, str) and relative:
            return self._open(self.chain[-1].parent / relative, relative, reading)
        if address is None and relative is None:
            raise TemplateLinkError("its link names neither a path nor an address")
        return self._by_address(symbolic(address if address is not None else relative), reading)

    def tree(self, file: ProjectFile) -> ObjectNode:
        """The template in a file. Raises TemplateLinkError."""

        try:
            node = self.parsed(file)
        except lenient_json.LenientJsonError as error:
            raise TemplateLinkError(f"{file.shown} is not JSON: {error}") from None
        if not isinstance(node, ObjectNode):
            raise TemplateLinkError(f"{file.shown} is no JSON object")
        return node

    def parsed(self, file: ProjectFile) -> Node:
        """The JSON in a file, parsed once a run. Raises LenientJsonError."""
        return self.session.once(
            lambda: lenient_json.parse(lenient_json.decode(file.data)), __name__, file.digest.digest
        )

    def _open(self, path: Path, shown: str, reading: Reading) -> ProjectFile:
        try:
            file = open_inside(self.root, path)
        except UnreadableFileError as error:
            raise TemplateLinkError(f"{shown[:200]} can't be read: {error}") from None
        reading.budget.spend(1 + len(file.data) // 64)
        reading.files[file.shown] = file.digest
        return file

    def _by_address(self, address: str, reading: Reading) -> ProjectFile:
        tail = address_tail(address)
        segments = [part for part in tail.split("/") if part not in ("", ".")]
        if not segments or ".." in segments:
            raise TemplateLinkError(f"its address names no file of the project: {address[:200]}")
        found: dict[Path, None] = {}
        for start in range(max(0, len(segments) - _MAXIMUM_SEGMENTS), len(segments)):
            for folder in dict.fromkeys((self.chain[-1].parent, self.chain[0].parent)):
                path = folder.joinpath(*segments[start:])
                if place_of(path).kind == "file" and path not in self.chain[-1:]:
                    found[path] = None
        if len(found) != 1:
            many = "several files" if found else "no file"
            raise TemplateLinkError(f"its address names {many} of the project: {address[:200]}")
        return self._open(next(iter(found)), tail, reading)


def address_tail(address: str) -> str:
    """The path at the end of an address as far as it is known, or ""."""
    match = None
    for one in _PATH.finditer(address[-_MAXIMUM_ADDRESS:]):
        match = one
    text = address[-_MAXIMUM_ADDRESS:]
    if match is None or _BEHIND.fullmatch(text, match.end()) is None:
        return ""
    tail, ahead = match.group(), text[: match.start()]
    if ahead.endswith("}") and not tail.startswith("/") and not _BASE.search(ahead):
        # The name of the file begins with something unknown.
        return tail.partition("/")[2]
    return tail
