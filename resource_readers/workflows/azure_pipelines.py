"""A pipeline of Azure DevOps: its templates, variables, triggers, stages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import quote

from resource_readers.interface import ReadRequest, Resource, Value
from resource_readers.reading import Reading
from resource_readers.template_language.unknowns import LimitError
from resource_readers.trees.nodes import Entry, Literal, Node, ObjectNode, Position
from resource_readers.workflows.azure_parameters import (
    bound_parameters,
    given_parameters,
)
from resource_readers.workflows.azure_scopes import Scope, scalar, unresolved
from resource_readers.workflows.azure_templates import Item, Shape, both, items
from resource_readers.workflows.documents import Document, DocumentError, inside, open_document, repository_of
from resource_readers.workflows.properties import PlacedProperties, Properties, text_of
from verdicts import Location

TYPE = "Azure.Pipelines/pipelines"
MAXIMUM_TEMPLATES_DEEP = 20
"""Templates in templates, as Azure Pipelines has it."""
MAXIMUM_TEMPLATES = 2_000
"""Templates put in for one file, however often each; Azure Pipelines takes 100 different ones."""
_OF_KIND = {"stages": ("stage",), "jobs": ("job", "deployment", "phase"), "steps": ()}


@dataclass(slots=True)
class PipelineReading:
    """What the parts of one pipeline share.

    Attributes:
        repository: the top of the repository, relative to the project's root.
        name: of the pipeline, which is its file's.
        templates: for the property of this name.
        containers: images of the containers under `resources`, by their names there.
    """

    reading: Reading
    request: ReadRequest
    document: Document
    repository: str
    resources: list[Resource] = field(default_factory=list)
    templates: list[Value] = field(default_factory=list)
    containers: dict[str, str] = field(default_factory=dict)
    _names: dict[tuple[tuple[str, str], ...], int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The file's name."""
        return PurePosixPath(self.document.shown).name

    @property
    def scope(self) -> str:
        """The repository, which is what pipelines belong to."""
        return "/repositories/{repository}" + (f"/{self.repository}" if self.repository else "")

    def properties(self) -> Properties:
        """An empty collection of properties."""
        return Properties(self.reading.budget)

    def path_of(self, around: tuple[tuple[str, str], ...], kind: str, name: str) -> tuple[tuple[str, str], ...]:
        """A name that no other part of the same parent has."""
        path = (*around, (kind, name))
        number = self._names.get(path, 0) + 1
        self._names[path] = number
        return path if number == 1 else (*around, (kind, f"{name}#{number}"))

    def resource(
        self,
        path: tuple[tuple[str, str], ...],
        properties: Properties,
        at: Node | Entry,
        document: Document,
        condition: Value = True,
        repeated: bool = False,
    ) -> Resource:
        """A resource of the pipeline, `path` being kinds and names below it."""
        own = self.document.shown.removeprefix(f"{self.repository}/" if self.repository else "")
        base = f"{self.scope}/providers/{TYPE}/{quote(own, safe='')}"
        return Resource(
            type="/".join((TYPE, *(kind for kind, _ in path))),
            api_version="",
            name="/".join((self.name, *(name for _, name in path))),
            id="/".join((base, *(part for kind, name in path for part in (kind, quote(name, safe="#"))))),
            scope=self.scope,
            properties=properties.values,
            location=Location(document.shown, max(at.line, 1)),
            condition=condition,
            repeated=repeated,
            source=PlacedProperties(Position(max(at.line, 1), at.column), properties.places),
        )


@dataclass(frozen=True, slots=True)
class Found:
    """A stage, job or step, its templates being put in.

    Attributes:
        shape: its entries.
        condition, repeated: see interface.Resource.
    """

    shape: Shape
    condition: Value
    repeated: bool


class Parts:
    """Puts in the templates of stages, jobs and steps."""

    def __init__(self, pipeline: PipelineReading) -> None:
        self._pipeline = pipeline
        self._opened = 0

    def of(
        self, slots: Sequence[Item], kind: str, condition: Value = True, repeated: bool = False, deep: int = 0
    ) -> Iterator[Found]:
        """The stages, jobs or steps of a list, those of its templates among them. Raises LimitError."""
        for slot in slots:
            for item in items(slot.node, slot.scope, both(condition, slot.condition), repeated or slot.repeated):
                if not isinstance(item.node, ObjectNode):
                    reason = unresolved(item.node, item.scope)
                    if reason is None:
                        item.scope.reading.miss(item.node.line, f"one of the {kind} is no mapping")
                    elif "the parameter" not in reason:  # those are the caller's to give
                        item.scope.reading.miss(item.node.line, f"{kind} that aren't known: {reason}")
                    continue
                shape = Shape(item.node, item.scope, item.condition, item.repeated)
                if shape.has("template"):
                    yield from self._templates(shape, kind, item, deep)
                elif item.repeated and any("${{" in name for name in shape.names):
                    continue  # a part of the caller's, put together anew
                elif item.condition is not True and _refuses(shape):
                    continue
                elif shape.names:
                    yield Found(shape, item.condition, item.repeated)

    def _templates(self, shape: Shape, kind: str, item: Item, deep: int) -> Iterator[Found]:
        for slot in shape.slots("template"):
            scope = self.template(shape, slot, kind, deep)
            if scope is None:
                continue
            inner = Shape(scope.document.node, scope) if isinstance(scope.document.node, ObjectNode) else None
            if inner is None or not inner.has(kind):
                self._misplaced(slot, scope, inner, kind)
                continue
            condition = both(item.condition, slot.condition)
            yield from self.of(inner.slots(kind), kind, condition, item.repeated or slot.repeated, deep + 1)

    def _misplaced(self, slot: Item, scope: Scope, inner: Shape | None, kind: str) -> None:
        other = next(
            (one for one in ("stages", "jobs", "steps", "extends") if inner is not None and inner.has(one)), None
        )
        if other is not None or (inner is not None and inner.names and not inner.has("parameters", "variables")):
            slot.scope.reading.miss(slot.node.line, f"the template {scope.document.shown!r} has no {kind}")
        elif inner is None:
            slot.scope.reading.miss(slot.node.line, f"the template {scope.document.shown!r} is no mapping")

    def template(self, shape: Shape, slot: Item, kind: str, deep: int) -> Scope | None:
        """Opens the template that an entry names; None if it wasn't read, which is noted then."""
        written = scalar(slot.node, slot.scope) if isinstance(slot.node, Literal) else slot.node
        reading, may_hold = slot.scope.reading, kind != "variables"
        text = text_of(written)
        if not text or "${{" in text or "$(" in text:
            reading.miss(
                slot.node.line, f"which template this is isn't known: {text[:100]!r}", may_hold_resources=may_hold
            )
            return None
        self._opened += 1
        if deep >= MAXIMUM_TEMPLATES_DEEP or self._opened > MAXIMUM_TEMPLATES:
            raise LimitError(
                f"templates in templates, more than {MAXIMUM_TEMPLATES_DEEP} deep or {MAXIMUM_TEMPLATES:,} in all"
                " (do they include each other?)"
            )
        path, _, repository = text.partition("@")
        if repository and repository.lower() != "self":
            self._pipeline.templates.append({"path": path, "repository": repository, "read": False})
            reading.miss(
                slot.node.line,
                f"the template {path!r} is in the repository {repository!r}, not in the project",
                may_hold_resources=may_hold,
            )
            return None
        document = self._open(path.strip(), slot, rooted=bool(repository), may_hold=may_hold)
        if document is None:
            return None
        self._pipeline.templates.append({"path": document.shown, "repository": "self", "read": True})
        start = Scope(
            document,
            reading.part(document.shown),
            variables=slot.scope.variables,
            depth=slot.scope.depth + 1,
        )
        node = document.node.get("parameters") if isinstance(document.node, ObjectNode) else None
        return bound_parameters(node, start, given_parameters(shape, slot.scope), called=True)

    def _open(self, path: str, slot: Item, *, rooted: bool, may_hold: bool) -> Document | None:
        """The file that a path means: seen from the file that names it, or from the top of the repository."""
        pipeline, document = self._pipeline, slot.scope.document
        tops = list(dict.fromkeys((repository_of(document.shown, pipeline.request), pipeline.repository, "")))
        relative = inside(document.folder, path)
        absolute = [inside(top, path) for top in tops]
        candidates = (
            absolute if path.startswith(("/", "\\")) else [*absolute, relative] if rooted else [relative, *absolute[:1]]
        )
        problem: DocumentError | None = None
        for one in dict.fromkeys(candidates):
            if one.startswith(".."):
                problem = problem or DocumentError(path, None, "it leads out of the project")
                continue
            try:
                return open_document(one, slot.scope.reading, pipeline.request)
            except DocumentError as error:
                # A file that is there and broken says more than one that is missing.
                problem = error if problem is None or error.line is not None else problem
        place = f" (line {problem.line})" if problem is not None and problem.line else ""
        slot.scope.reading.miss(
            slot.node.line, f"the template {path!r} can't be read: {problem}{place}", may_hold_resources=may_hold
        )
        return None


def _refuses(shape: Shape) -> bool:
    """`- 'a message': error`: templates have it where they must not be used, so that the run doesn't start."""
    return len(shape.names) == 1 and " " in shape.names[0] and isinstance(shape.get(shape.names[0]), Literal)
