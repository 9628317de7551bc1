"""Properties that are made of parts of a file, and where each of these parts stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.evaluation import Budget
from resource_readers.trees.nodes import ArrayNode, Entry, Literal, Node, ObjectNode, Position, Unreadable
from resource_readers.trees.plain import plain
from verdicts.records import record

Path = tuple[str | int, ...]
Place = Node | Entry | Position


@dataclass(frozen=True, slots=True)
class PlacedProperties:
    """A SourceMap over properties that were named and shaped anew.

    Attributes:
        start: where the resource is declared.
        places: the part of the file from which each property comes, by its path below `properties`.
    """

    start: Position
    places: Mapping[Path, Place]

    def position(self, path: Path) -> Position:
        """See interface.SourceMap."""
        if path[:1] == ("properties",):
            path = path[1:]
        for end in range(len(path), 0, -1):
            place = self.places.get(path[:end])
            if place is not None:
                found = _below(place, path[end:])
                return Position(found.line, found.column)
        return self.start


def _below(place: Place, path: Path) -> Place:
    """The part at a path below another, or the nearest one around it."""
    node = place.value if isinstance(place, Entry) else place
    for part in path:
        if isinstance(node, ObjectNode) and isinstance(part, str):
            entry = node.entry(part)
            if entry is None:
                break
            place, node = entry, entry.value
        elif isinstance(node, ArrayNode) and isinstance(part, int) and part < len(node.items):
            place = node = node.items[part]
        else:
            break
    return place


@dataclass(slots=True)
class Properties:
    """Collects the properties of one resource with their places."""

    budget: Budget
    values: dict[str, Value] = field(default_factory=dict)
    places: dict[Path, Place] = field(default_factory=dict)

    def put(self, name: str, value: Value, at: Place | None = None) -> None:
        """A property; `at` is where it stands, None for what is told from several places."""
        self.values[name] = value
        if at is not None:
            self.places[(name,)] = at

    def mark(self, at: Place | None, *path: str | int) -> None:
        """Says where a part of a property stands."""
        if at is not None:
            self.places[path] = at

    def copy(self, name: str, entry: Entry | None) -> None:
        """A property with the value that stands in the file; nothing where there is none."""
        if entry is not None:
            self.put(name, value_of(entry.value, self.budget), entry)

    def fact(self, name: str, entry: Entry | None, default: Value = None) -> None:
        """A property that rules compare: what is computed during the run is an Unknown."""
        if entry is not None:
            self.put(name, fact(entry.value, self.budget), entry)
        elif default is not None:
            self.put(name, default)


@record(frozen=True, slots=True)
class Uncertain(Literal):
    """A scalar that stands in a branch which isn't certain to be taken."""

    reason: str = ""


def value_of(node: Node | None, budget: Budget) -> Value:
    """The value that stands in the file; expressions stay text. Raises LimitError, TooManyValuesError."""
    if node is None:
        return None
    if isinstance(node, Literal) and not isinstance(node, Uncertain):
        return node.value
    made = 0

    def convert(scalar: Literal | Unreadable) -> Value:
        nonlocal made
        made += 1
        if made % 1000 == 0:
            budget.spend(1000)
        if isinstance(scalar, Unreadable):
            return Unknown(scalar.reason)
        if isinstance(scalar, Uncertain):
            return Unknown(scalar.reason, str(scalar.value))
        return scalar.value

    value = plain(node, convert)
    budget.spend(1 + made)
    return value


def fact(node: Node | None, budget: Budget) -> Value:
    """As value_of, with an Unknown for every text that an expression gives."""
    return _known(value_of(node, budget))


def _known(value: Value) -> Value:
    if isinstance(value, str):
        return known_text(value)
    if isinstance(value, list):
        return [_known(one) for one in value]
    if isinstance(value, dict):
        return {key: _known(one) for key, one in value.items()}
    return value


def known_text(text: str) -> Value:
    """A text, or an Unknown if it has an expression, macro or shell variable in it."""
    if "${{" in text:
        return Unknown("an expression, known only during the run", text)
    if "$(" in text:
        return Unknown("a variable, known only during the run", text)
    if "{{" in text and "}}" in text:
        return Unknown("a placeholder that a generator fills in", text)
    if text.startswith("$["):
        return Unknown("a runtime expression", text)
    return text


def entry_of(node: Node | None, *names: str) -> Entry | None:
    """The first of the entries that is there."""
    if isinstance(node, ObjectNode):
        for name in names:
            found = node.entry(name)
            if found is not None:
                return found
    return None


def node_of(node: Node | None, *names: str) -> Node | None:
    """The value of the first of the entries that is there."""
    entry = entry_of(node, *names)
    return entry.value if entry is not None else None


def text_of(node: Node | None) -> str:
    """A scalar as text; "" for anything else."""
    if isinstance(node, Literal) and node.value is not None:
        if isinstance(node.value, bool):
            return "true" if node.value else "false"
        return str(node.value)
    return ""


def entries_of(node: Node | None) -> tuple[tuple[str, Entry], ...]:
    """The entries of a mapping with their names; () for anything else."""
    if not isinstance(node, ObjectNode):
        return ()
    return tuple((str(entry.key), entry) for entry in node.entries)


def items_of(node: Node | None) -> tuple[Node, ...]:
    """The items of a list; a scalar that isn't null counts as a list of itself."""
    if isinstance(node, ArrayNode):
        return node.items
    if node is None or (isinstance(node, Literal) and node.value is None):
        return ()
    return (node,)


def texts_of(node: Node | None) -> list[str]:
    """The scalars of a list (or a scalar alone) as texts."""
    return [text_of(item) for item in items_of(node) if isinstance(item, Literal)]


def scalars_below(node: Node | None, budget: Budget) -> Iterator[Literal]:
    """Every scalar in a tree, each once, however often an alias repeats it. Raises LimitError."""
    seen: set[int] = set()
    pending: list[Node] = [node] if node is not None else []
    while pending:
        one = pending.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        budget.spend()
        if isinstance(one, Literal):
            yield one
        elif isinstance(one, ArrayNode):
            pending.extend(reversed(one.items))
        elif isinstance(one, ObjectNode):
            pending.extend(entry.value for entry in reversed(one.entries))


def is_empty(node: Node | None) -> bool:
    """Nothing, or null."""
    return node is None or (isinstance(node, Literal) and node.value is None)
