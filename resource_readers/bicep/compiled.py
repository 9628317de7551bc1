"""A Bicep file by way of the `bicep` CLI: the compiled template's resources at the places of the Bicep file.

Our own front end reads the file as well. From it come the places, what is only referred to (`existing`), and the
answer where the CLI has none.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

from resource_readers.arm.reader import ArmJsonReader
from resource_readers.bicep.modules import MAXIMUM_MODULE_DEPTH, Library
from resource_readers.bicep.registries import is_remote
from resource_readers.bicep.statements import Deployable, Import, Statement
from resource_readers.interface import NotRead, ReadRequest, ReadResult, Resource
from resource_readers.notes import note_unrepeatable
from resource_readers.project_files import ProjectFile, UnreadableFileError
from resource_readers.reading import Reading
from resource_readers.template_language.unknowns import LimitError, symbolic
from resource_readers.trees.nodes import Call, Literal
from verdicts import CouldNotCheckError, Location


def by_compiler(file: ProjectFile, request: ReadRequest, own: ReadResult) -> ReadResult:
    """What the file gives compiled; `own` is what our front end made of it, and is given where the CLI fails."""
    assert request.bicep is not None
    if not own.resources and any(one.line is None for one in own.not_read):
        return own  # a file or its parameters that can't be used at all
    note_unrepeatable()  # nobody can tell what the CLI opens
    try:
        _stays_inside(file, Library(request.root, request.session, request.bicep_modules))
        template = request.bicep.compile(file.path)
    except (CouldNotCheckError, UnreadableFileError, LimitError) as error:
        if not own.not_read:
            return own
        return replace(own, not_read=(*own.not_read, NotRead(file.shown, None, f"the bicep CLI didn't help: {error}")))
    made = ArmJsonReader().read(ProjectFile(file.path, file.shown, template), request)
    if made.not_read:
        why = "; ".join(one.reason for one in made.not_read[:3])
        if not own.not_read:
            return own
        missing = NotRead(file.shown, None, f"the template that the bicep CLI made is not read whole: {why}")
        return replace(own, not_read=(*own.not_read, missing))
    return replace(own, resources=tuple(_placed(made.resources, own.resources, file.shown)), not_read=())


_DEPLOYMENT = "microsoft.resources/deployments"
_Kind = tuple[str, bool]


class _Places:
    """The resources that our front end saw, each to be given out once."""

    def __init__(self, own: tuple[Resource, ...]) -> None:
        self._own = own
        self._left = dict(enumerate(own))
        self._by_name: dict[tuple[_Kind, str], deque[int]] = defaultdict(deque)
        self._by_type: dict[_Kind, deque[int]] = defaultdict(deque)
        for number, one in enumerate(own):
            self._by_name[_kind(one), symbolic(one.name)].append(number)
            self._by_type[_kind(one)].append(number)

    def take(self, resource: Resource) -> Resource | None:
        """The one that it is: of the same type and name, else the next one of the type."""
        for numbers in (self._by_name[_kind(resource), symbolic(resource.name)], self._by_type[_kind(resource)]):
            while numbers:
                found = self._left.pop(numbers.popleft(), None)
                if found is not None:
                    return found
        return None

    def like(self, resource: Resource) -> Resource | None:
        """Any of the same type."""
        return next((one for one in self._own if one.type.casefold() == resource.type.casefold()), None)

    def only_referred_to(self) -> Iterator[Resource]:
        """What is left of those that exist already."""
        return (one for one in self._left.values() if one.existing)


def _kind(resource: Resource) -> _Kind:
    return resource.type.casefold(), resource.existing


def _placed(compiled: tuple[Resource, ...], own: tuple[Resource, ...], shown: str) -> Iterator[Resource]:
    """The compiled resources at the places of those that our front end saw."""
    places = _Places(own)
    around = Location(shown, 1)
    for resource in compiled:
        # Where ours has one for all rounds of a loop, the others have its place too; and what only the compiler saw is
        # in a module, whose deployment comes right before what it deploys.
        here = places.take(resource) or places.like(resource)
        location = here.location if here is not None else around
        if resource.type.casefold() == _DEPLOYMENT:
            around = location
        yield replace(resource, location=location, source=here.source if here is not None else None)
    # A template without symbolic names says nothing of what is only referred to.
    yield from places.only_referred_to()


def _stays_inside(file: ProjectFile, library: Library) -> None:
    """The CLI follows a path wherever it leads: so nothing may be referred to that we wouldn't open ourselves.

    Raises:
        UnreadableFileError: a reference leads out of the project, or isn't plain.
    """
    reading = Reading(file.shown)
    seen = {file.path}
    level = [file]
    for _ in range(MAXIMUM_MODULE_DEPTH + 1):
        below: list[ProjectFile] = []
        for one in level:
            for target in _references(library.statements(one), one.shown):
                other = _opened(one.path.parent, target, library, reading)
                if other is not None and other.path not in seen and other.path.suffix.casefold() == ".bicep":
                    seen.add(other.path)
                    below.append(other)
        if not below:
            return
        level = below
    raise UnreadableFileError(file.shown, f"modules are nested deeper than {MAXIMUM_MODULE_DEPTH} levels")


def _opened(folder: Path, target: str, library: Library, reading: Reading) -> ProjectFile | None:
    if is_remote(target):
        return None  # the CLI has it restored, or says so
    return library.open(folder / target, reading)


def _references(statements: list[Statement], shown: str) -> Iterator[str]:
    for one in statements:
        if isinstance(one, Import):
            yield one.path
        elif isinstance(one, Deployable) and one.module:
            yield one.target
    nodes: list[object] = list(statements)
    while nodes:
        node = nodes.pop()
        if isinstance(node, Call) and node.name.casefold().startswith("load"):
            path = node.arguments[0] if node.arguments else None
            if not (isinstance(path, Literal) and isinstance(path.value, str)):
                raise UnreadableFileError(shown, f"the path of {node.name}() in line {node.line} isn't plain")
            if node.name.casefold() == "loaddirectoryfileinfo":
                raise UnreadableFileError(shown, f"{node.name}() in line {node.line} looks into a folder")
            yield path.value
        if isinstance(node, tuple):
            nodes.extend(node)
        elif is_dataclass(node):
            nodes.extend(getattr(node, field.name) for field in fields(node))
