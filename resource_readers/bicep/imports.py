"""What a Bicep file imports: the exported variables and functions of another Bicep file or of a compiled one.

Types say nothing of resources. So an import from a registry that isn't on disk matters only where one of its names is
used as a value: then, and only then, it is named as not read. A file of the project that is missing is named at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from resource_readers.arm.scopes import TemplateScope
from resource_readers.bicep.modules import MAXIMUM_MODULE_DEPTH, Exports, Library
from resource_readers.bicep.registries import is_remote
from resource_readers.bicep.scopes import BicepScope
from resource_readers.bicep.statements import Import, Misread, Statement
from resource_readers.interface import Value
from resource_readers.project_files import ProjectFile, UnreadableFileError
from resource_readers.reading import Reading
from resource_readers.template_language.evaluation import Closure, Frame
from resource_readers.template_language.resource_ids import DeploymentScope
from resource_readers.template_language.unknowns import unknown
from resource_readers.trees.nodes import ArrayNode, Call, Lambda, Literal, Name, Node, ObjectNode

_NAMESPACE = "__bicep"
_VARIABLES = "__bicep_exported_variables!"
_EXPORTED = "__bicep_export!"


class TemplateExports:
    """What a compiled template gives (Bicep writes down which of its variables, functions and types are exported)."""

    def __init__(self, template: ObjectNode, reading: Reading, target: DeploymentScope) -> None:
        self._frame = Frame(TemplateScope(reading, template, target, {}))
        self._variables = _variables(template)
        self._functions = _functions(template)

    def exported(self, name: str) -> Value:
        """See Exports."""
        if name == "*":
            return {one: self.exported(one) for one in (*self._variables, *self._functions)}
        if name in self._functions:
            return self._function(name, self._functions[name])
        if name in self._variables:
            line = self._variables[name]
            return _evaluated(Call("variables", (Literal(name, line),), line), self._frame)
        return unknown(f"{name!r} is not exported as a value", "{" + name + "}")

    def _function(self, name: str, node: ObjectNode) -> Closure:
        parameters = node.get("parameters")
        count = len(parameters.items) if isinstance(parameters, ArrayNode) else 0
        names = tuple(f"argument {position}" for position in range(count))
        call = Call(f"{_NAMESPACE}.{name}", tuple(Name(one, node.line) for one in names), node.line)
        return Closure(Lambda(names, call, node.line), self._frame)


def _evaluated(node: Node, frame: Frame) -> Value:
    return Closure(Lambda((), node, node.line), frame)()


def _variables(template: ObjectNode) -> Mapping[str, int]:
    metadata = template.get("metadata")
    listed = metadata.get(_VARIABLES) if isinstance(metadata, ObjectNode) else None
    found: dict[str, int] = {}
    for item in listed.items if isinstance(listed, ArrayNode) else ():
        name = item.get("name") if isinstance(item, ObjectNode) else None
        if isinstance(name, Literal) and isinstance(name.value, str):
            found[name.value] = name.line
    return found


def _functions(template: ObjectNode) -> Mapping[str, ObjectNode]:
    spaces = template.get("functions")
    found: dict[str, ObjectNode] = {}
    for space in spaces.items if isinstance(spaces, ArrayNode) else ():
        members = space.get("members") if isinstance(space, ObjectNode) else None
        for entry in members.entries if isinstance(members, ObjectNode) else ():
            metadata = entry.value.get("metadata") if isinstance(entry.value, ObjectNode) else None
            exported = metadata.get(_EXPORTED) if isinstance(metadata, ObjectNode) else None
            if isinstance(exported, Literal) and exported.value is True and isinstance(entry.key, str):
                assert isinstance(entry.value, ObjectNode)
                found[entry.key] = entry.value
    return found


def bind_all(
    statements: Sequence[Statement], scope: BicepScope, library: Library, file: ProjectFile, opened: tuple[Path, ...]
) -> None:
    """Gives the imported names of a file their meaning. Raises LimitError.

    Args:
        statements: the file's.
        scope: its names.
        library: opens the others.
        file: the file.
        opened: it and those that import it.
    """
    for statement in statements:
        if isinstance(statement, Import):
            exported: Callable[[str], Value]
            try:
                exported = _exports(statement.path, scope, library, file, opened).exported
            except UnreadableFileError as error:
                exported = _missing(statement, scope.reading, str(error))
            for there, here in statement.names:
                scope.imported[here] = partial(exported, there)


def _exports(
    target: str, scope: BicepScope, library: Library, importer: ProjectFile, opened: tuple[Path, ...]
) -> Exports:
    if len(opened) > MAXIMUM_MODULE_DEPTH:
        raise UnreadableFileError(target, "imports are nested too deeply")
    file = library.module(importer.path.parent, target, scope.reading)
    if file.path in opened:
        raise UnreadableFileError(target, "the files import each other")
    scope.budget.spend()
    key = (file.path, scope.target)
    if key not in library.exports:
        library.exports[key] = _opened(file, scope, library, opened)
    return library.exports[key]


def _opened(file: ProjectFile, importer: BicepScope, library: Library, opened: tuple[Path, ...]) -> Exports:
    reading = importer.reading.part(file.shown)
    if file.path.suffix.casefold() != ".bicep":
        return TemplateExports(library.template(file), reading, importer.target)
    statements = library.statements(file)
    for one in statements:
        if isinstance(one, Misread):
            reading.miss(one.line, one.reason, may_hold_resources=False)
    folder = file.path.parent
    other = BicepScope(
        reading, statements, importer.target, {}, lambda name, given: library.load(folder, name, given, reading)
    )
    bind_all(statements, other, library, file, (*opened, file.path))
    return other


def _missing(statement: Import, reading: Reading, reason: str) -> Callable[[str], Value]:
    """Stands for the exports of a file that can't be read."""

    def exported(name: str) -> Value:
        reading.miss(statement.line, f"{statement.path} is not imported: {reason}", may_hold_resources=False)
        return unknown(f"{statement.path} is not imported", "{" + name.strip("*") + "}")

    if not is_remote(statement.path):
        exported("")
    return exported
