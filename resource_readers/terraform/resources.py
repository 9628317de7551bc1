"""The values of blocks, and resources as other expressions see them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.unknowns import unknown
from resource_readers.terraform.evaluation import Frame, attempt, attempted
from resource_readers.terraform.expansion import Expansion, elements_of
from resource_readers.terraform.syntax import Block, Body, Literal, Name
from resource_readers.terraform.values import EvaluationProblem, Symbol, known, to_number, to_text

META = frozenset({"count", "for_each", "depends_on", "provider", "lifecycle", "provisioner", "connection"})
"""What Terraform itself reads of a resource."""

_COMPUTED = "known only after the deployment"


@dataclass(slots=True)
class Places:
    """Which bodies the blocks in a value came from, by block type and number."""

    body: Body
    at: int
    blocks: dict[str, list[Places]] = field(default_factory=dict)


def body_values(body: Body, frame: Frame, at: int, skipped: frozenset[str]) -> tuple[dict[str, Value], Places]:
    """The values of a body, and where its blocks stand. Raises LimitError."""
    frame.scope.run.budget.spend(3 + 2 * len(body.attributes))
    values: dict[str, Value] = {}
    for name, attribute in body.attributes.items():
        if name not in skipped:
            value = attempt(attribute.value, frame)
            if value is not None:
                values[name] = value
    places = Places(body, at)
    add_blocks(values, places, body.blocks, frame, skipped)
    return values, places


def add_blocks(
    values: dict[str, Value], places: Places, blocks: Iterable[Block], frame: Frame, skipped: frozenset[str]
) -> None:
    """Adds the values of blocks. Raises LimitError."""
    for block in blocks:
        if block.type in skipped:
            continue
        if block.type == "dynamic" and block.labels:
            _dynamic(values, places, block, frame)
        else:
            inner, place = body_values(block.body, frame, block.at, frozenset())
            _append(values, places, block.type, inner, place)


def _append(values: dict[str, Value], places: Places, kind: str, inner: dict[str, Value], place: Places) -> None:
    places.blocks.setdefault(kind, []).append(place)
    found = values.setdefault(kind, [])
    if isinstance(found, list):
        found.append(inner)


def _dynamic(values: dict[str, Value], places: Places, block: Block, frame: Frame) -> None:
    kind = block.labels[0]
    content = next((one for one in block.body.blocks if one.type == "content"), None)
    over = block.body.attributes.get("for_each")
    if content is None or over is None:
        values[kind] = Unknown("a dynamic block without for_each or content")
        return
    name = kind
    iterator = block.body.attributes.get("iterator")
    if iterator is not None and isinstance(iterator.value, Name):
        name = iterator.value.name
    elif iterator is not None and isinstance(iterator.value, Literal):
        name = str(iterator.value.value)
    collection = known(attempt(over.value, frame))
    items = elements_of(collection)
    if items is None:
        reason = collection.reason if isinstance(collection, Unknown) else "its for_each is no collection"
        values[kind] = unknown(f"it isn't known how many {kind} blocks there are: {reason}")
        places.blocks.setdefault(kind, []).append(Places(content.body, content.at))
        return
    for key, value in items:
        inner, place = body_values(
            content.body, frame.where(**{name: {"key": key, "value": value}}), content.at, frozenset()
        )
        _append(values, places, kind, inner, place)


@dataclass(slots=True)
class BlockSymbol(Symbol):
    """A nested block of a resource, as other expressions see it: what isn't written in it may be computed."""

    address: str
    path: tuple[str, ...]
    values: dict[str, Value]

    def member(self, name: str) -> Value:
        """See Symbol."""
        if name in self.values:
            return seen(self.values[name], self.address, (*self.path, name))
        return computed(self.address, (*self.path, name))

    def index(self, key: Value) -> Value:
        """See Symbol."""
        return self if key in (0, "*") else self.member(to_text(key))

    def whole(self) -> Unknown:
        """See Symbol."""
        return computed(self.address, self.path)


def seen(value: Value, address: str, path: tuple[str, ...], *, blocks: bool = True) -> Value:
    """A value of a resource as other expressions see it."""
    if value is None:
        return computed(address, path)
    if blocks and isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        return [BlockSymbol(address, (*path, str(position)), one) for position, one in enumerate(value)]
    return value


def computed(address: str, path: tuple[str, ...]) -> Unknown:
    """What a resource has only after the deployment."""
    return unknown(_COMPUTED, "{" + ".".join((address, *path)) + "}", resource=address, path=path)


class ResourceInstance(Symbol):
    """One instance, evaluated when it is asked."""

    def __init__(self, block: Block, frame: Frame, address: str, key: str | int | None) -> None:
        self.block = block
        self.frame = frame
        self.address = address
        self.key = key
        self._attributes: dict[str, Value] = {}
        self._working: set[str] = set()
        self._blocks: tuple[dict[str, Value], Places] | None = None

    def member(self, name: str) -> Value:
        """See Symbol."""
        if name in self.block.body.attributes and name not in META:
            return seen(self._attribute(name), self.address, (name,), blocks=False)
        if any(_kind(block) == name for block in self.block.body.blocks) and name not in META:
            if self._blocks is None and "" in self._working:
                raise EvaluationProblem(f"{self.address} depends on itself")
            return seen(self._nested()[0].get(name), self.address, (name,))
        return computed(self.address, (name,))

    def index(self, key: Value) -> Value:
        """See Symbol."""
        if key in (0, "*"):  # as before Terraform 0.12, or `[*]` of a single one
            return self
        if isinstance(key, str):
            return self.member(key)
        raise EvaluationProblem(f"{self.address} has no count")

    def whole(self) -> Unknown:
        """See Symbol."""
        return computed(self.address, ())

    def _attribute(self, name: str) -> Value:
        if name not in self._attributes:
            if name in self._working:
                raise EvaluationProblem(f"{self.address}.{name} depends on itself")
            self._working.add(name)
            try:
                self._attributes[name] = attempt(self.block.body.attributes[name].value, self.frame)
            finally:
                self._working.discard(name)
        return self._attributes[name]

    def _nested(self) -> tuple[dict[str, Value], Places]:
        if self._blocks is None:
            self._working.add("")
            try:
                values: dict[str, Value] = {}
                places = Places(self.block.body, self.block.at)
                add_blocks(values, places, self.block.body.blocks, self.frame, META)
                self._blocks = values, places
            finally:
                self._working.discard("")
        return self._blocks

    def values(self) -> tuple[dict[str, Value], Places]:
        """Everything that the block gives. Raises LimitError."""
        values: dict[str, Value] = {}
        for name in self.block.body.attributes:
            if name not in META:
                value = attempted(lambda name=name: self._attribute(name), self.frame.scope.run)  # type: ignore[misc]
                if value is not None:
                    values[name] = value
        nested, places = self._nested()
        return values | nested, places


def _kind(block: Block) -> str:
    return block.labels[0] if block.type == "dynamic" and block.labels else block.type


class Several(Symbol):
    """Instances of which nobody knows how many there are; any index gives the one that stands for them."""

    def __init__(self, address: str, find: Callable[[Value], Value]) -> None:
        self._address = address
        self._find = find

    def member(self, name: str) -> Value:
        """See Symbol."""
        return self._find(name)

    def index(self, key: Value) -> Value:
        """See Symbol."""
        if key == "*":
            return self.whole()
        return self._find(key)

    def whole(self) -> Unknown:
        """See Symbol."""
        return unknown(f"it isn't known how many {self._address} there are", "{" + self._address + "}")


def together(expansion: Expansion, members: list[Symbol], address: str) -> Value:
    """All instances of a block as other expressions see them."""
    if not expansion.kind:
        return members[0]
    if expansion.repeated:
        return Several(address, lambda _: members[0])
    if expansion.condition is not True:
        return Several(address, lambda key: _chosen(expansion, members, key, address))
    if expansion.kind == "count":
        return list(members)
    return {str(one.key): member for one, member in zip(expansion.rounds, members, strict=True)}


def _chosen(expansion: Expansion, members: list[Symbol], key: Value, address: str) -> Value:
    if expansion.kind == "count" and not isinstance(key, Unknown):
        key = to_number(key)
    for one, member in zip(expansion.rounds, members, strict=True):
        if one.key == key:
            return member
    if isinstance(key, Unknown):
        return Unknown(key.reason)
    raise EvaluationProblem(f"{address} has no {key!r}")
