"""What Azure Pipelines computes of a file before a run: `${{ if }}`, `${{ each }}`, `${{ insert }}`, values in texts.

Mappings and lists are expanded one level at a time (`Shape`, `items`), each part with the scope in which it was
written. A condition that can't be decided, or that hangs on a parameter which somebody chooses, keeps every branch,
marked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from resource_readers.interface import Unknown, Value
from resource_readers.trees.nodes import ArrayNode, Entry, Literal, Node, ObjectNode
from resource_readers.workflows.azure_expressions import ExpressionError
from resource_readers.workflows.azure_scopes import MAXIMUM_DEPTH, Bound, Part, Scope, compute, scalar
from resource_readers.workflows.azure_values import Chosen, from_node, truth
from resource_readers.workflows.properties import Uncertain

_DIRECTIVE = re.compile(r"\$\{\{\s*(if|elseif|else|each|insert)\b(.*)\}\}", re.DOTALL | re.IGNORECASE)
_EACH = re.compile(r"\s*([A-Za-z_][\w-]*)\s+in\s+(.+)", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list, or the value of an entry, before it is computed itself.

    Attributes:
        node: the item.
        scope: where it was written.
        condition: True, or why it isn't certain that it is there.
        repeated: it stands for an unknown number of items.
        entry: its entry in a mapping, None for an item of a list.
    """

    node: Node
    scope: Scope
    condition: Value = True
    repeated: bool = False
    entry: Entry | None = None


def both(first: Value, second: Value) -> Value:
    """Two conditions, of which each is True or an Unknown."""
    return second if first is True else first


class _Chain:
    """`if`, `elseif`, `else` that follow each other."""

    def __init__(self) -> None:
        self._taken: bool | Unknown = False
        self._open = False

    def take(self, word: str, text: str, at: Node | Entry, scope: Scope) -> Value:
        """True, False or an Unknown for one branch."""
        if word == "if":
            self._taken, self._open = False, True
        elif not self._open:
            scope.reading.miss(at.line, f"'{word}' without 'if'")
            return Unknown(f"'{word}' without 'if'")
        if self._taken is True:
            return False
        found = True if word == "else" else _decided(text, at, scope)
        if isinstance(self._taken, Unknown) and found is True:
            found = self._taken
        if found is True or isinstance(found, Unknown):
            self._taken = found
        return found

    def close(self) -> None:
        self._open = False


def _decided(text: str, at: Node | Entry, scope: Scope) -> bool | Unknown:
    shown = " ".join(text.split())
    try:
        value, chosen = compute(text, scope)
    except ExpressionError as error:
        scope.reading.miss(at.line, f"the condition {shown[:80]!r} is not understood: {error}")
        return Unknown("the condition is not understood", shown)
    decided = truth(value)
    if isinstance(decided, Unknown):
        return Unknown(decided.reason, shown)
    if chosen:
        return Unknown(f"the parameter {chosen!r} may be given another value", shown)
    return decided


def items(node: Node | None, scope: Scope, condition: Value = True, repeated: bool = False) -> Iterator[Item]:
    """The items of a list with its directives carried out. Raises LimitError."""
    scope = scope.deeper()
    if isinstance(node, Literal):
        value = scalar(node, scope)
        if isinstance(value, ArrayNode):
            yield from items(value, _of_value(scope), condition, repeated)
        elif isinstance(value, ObjectNode) or (isinstance(value, Literal) and value.value not in (None, "")):
            yield Item(value, scope if value is node else _scope_of(value, _of_value(scope)), condition, repeated)
        return
    if isinstance(node, ObjectNode):
        # A mapping in a list's place: its directives may give lists.
        yield from _item(node, scope, condition, repeated, _Chain())
        return
    if not isinstance(node, ArrayNode):
        return
    chain = _Chain()
    for one in node.items:
        scope.reading.budget.spend(40)
        if isinstance(one, ObjectNode):
            yield from _item(one, scope, condition, repeated, chain)
        elif isinstance(one, Literal):
            value = scalar(one, scope)
            if isinstance(value, ArrayNode):
                yield from items(value, _of_value(scope), condition, repeated)
            elif isinstance(value, ObjectNode) or not _is_unset(one, value):
                yield Item(value, scope if value is one else _scope_of(value, _of_value(scope)), condition, repeated)
        else:
            yield Item(one, scope, condition, repeated)


def _is_unset(before: Node, after: Node) -> bool:
    """An expression that gave nothing."""
    return isinstance(after, Literal) and after.value in (None, "") and before is not after


def _of_value(scope: Scope) -> Scope:
    """The scope of something that was computed."""
    return scope if scope.done else replace(scope, done=True)


def _item(node: ObjectNode, scope: Scope, condition: Value, repeated: bool, chain: _Chain) -> Iterator[Item]:
    """An item of a list: itself, or the items that its directives give."""
    directives = [] if scope.done else [_directive(entry) for entry in node.entries]
    if not directives or None in directives or not any(_gives_items(entry.value) for entry in node.entries):
        # Directives that give entries of a mapping are carried out by Shape.
        chain.close()
        yield Item(node, _scope_of(node, scope), condition, repeated)
        return
    for directive, entry in zip(directives, node.entries, strict=True):
        assert directive is not None
        for branch in _branches(directive, entry, scope, chain):
            value = scalar(branch.node, branch.scope) if isinstance(branch.node, Literal) else branch.node
            inner = branch.scope if value is branch.node else _of_value(branch.scope)
            wanted = both(condition, branch.condition), repeated or branch.repeated
            if isinstance(value, ArrayNode):
                yield from items(value, inner, *wanted)
            elif isinstance(value, ObjectNode):
                yield from _item(value, inner, *wanted, _Chain())
            elif isinstance(value, Literal) and value.value is not None:
                yield Item(value, inner, *wanted)


def _scope_of(node: Node, scope: Scope) -> Scope:
    """The scope of a mapping, which may have been computed in another file."""
    if not isinstance(node, Part) or node.document is None or node.document is scope.document:
        return scope
    return replace(scope, document=node.document, reading=scope.reading.part(node.document.shown), done=True)


def _gives_items(node: Node) -> bool:
    """A list, an expression that may give one, or a mapping of nothing but directives with such a value."""
    for _ in range(MAXIMUM_DEPTH):
        if not isinstance(node, ObjectNode):
            return True
        if not node.entries or any(_directive(entry) is None for entry in node.entries):
            return False
        node = node.entries[0].value
    return False


def _directive(entry: Entry) -> tuple[str, str] | None:
    """The word and the rest of a key that is a directive."""
    if not isinstance(entry.key, str) or not entry.key.startswith("${{"):
        return None
    match = _DIRECTIVE.fullmatch(entry.key.strip())
    return (match.group(1).lower(), match.group(2)) if match is not None else None


def _branches(directive: tuple[str, str], entry: Entry, scope: Scope, chain: _Chain) -> Iterator[Item]:
    """What a directive gives: nothing, its value once, or once a round."""
    word, rest = directive
    scope.reading.budget.spend(20)
    if word == "insert":
        yield Item(entry.value, scope, entry=entry)
    elif word == "each":
        yield from _rounds(rest, entry, scope)
    else:
        condition = chain.take(word, rest, entry, scope)
        if condition is not False:
            yield Item(entry.value, scope, condition, entry=entry)


def _rounds(rest: str, entry: Entry, scope: Scope) -> Iterator[Item]:
    match = _EACH.fullmatch(rest)
    try:
        if match is None:
            raise ExpressionError("'each' needs 'name in collection'")
        value, chosen = compute(match.group(2), scope)
    except ExpressionError as error:
        scope.reading.miss(entry.line, f"a loop is not understood: {error}")
        return
    name = match.group(1)
    if (
        chosen
        and isinstance(value, ObjectNode | ArrayNode)
        and not (value.items if isinstance(value, ArrayNode) else value.entries)
    ):
        value = Unknown(f"the parameter {chosen!r} may be given another value")
    if isinstance(value, Unknown):
        reason = Unknown(f"a loop over something unknown: {value.reason}", " ".join(rest.split()))
        yield Item(entry.value, scope.with_loop(name, Bound(Unknown(value.reason, name))), reason, True, entry)
        return
    if isinstance(value, ArrayNode):
        for one in value.items:
            scope.reading.budget.spend(40)
            certain = not chosen and not isinstance(one, Chosen)
            yield Item(entry.value, scope.with_loop(name, Bound(from_node(one), certain)), entry=entry)
    elif isinstance(value, ObjectNode):
        for pair in value.entries:
            scope.reading.budget.spend(40)
            place = pair.line, pair.column
            both_parts = ObjectNode(
                (Entry("key", Literal(str(pair.key), *place), *place), Entry("value", pair.value, *place)), *place
            )
            yield Item(entry.value, scope.with_loop(name, Bound(both_parts, not chosen)), entry=entry)


class Shape:
    """A mapping with its directives carried out: its entries, each with the scope in which it was written."""

    def __init__(self, node: ObjectNode, scope: Scope, condition: Value = True, repeated: bool = False) -> None:
        self.node = node
        self.scope = scope
        self.condition = condition
        self.repeated = repeated
        self._slots: dict[str, list[Item]] = {}
        self._names: dict[str, str] = {}
        self._add(node, scope.deeper(), True, False)

    @property
    def names(self) -> list[str]:
        """The keys as written."""
        return list(self._names.values())

    def _add(self, node: ObjectNode, scope: Scope, condition: Value, repeated: bool) -> None:
        scope = _scope_of(node, scope)
        chain = _Chain()
        for entry in node.entries:
            scope.reading.budget.spend(3)
            directive = None if scope.done else _directive(entry)
            if directive is None:
                chain.close()
                self._put(entry, scope, condition, repeated)
                continue
            for branch in _branches(directive, entry, scope, chain):
                value = scalar(branch.node, branch.scope) if isinstance(branch.node, Literal) else branch.node
                inner = branch.scope if value is branch.node else _of_value(branch.scope)
                if isinstance(value, ObjectNode):
                    self._add(value, inner.deeper(), both(condition, branch.condition), repeated or branch.repeated)
                elif isinstance(value, Literal) and (value.value is None or "${{" in str(value.value)):
                    continue  # nothing, or a mapping that the caller gives
                else:
                    scope.reading.miss(entry.line, "a mapping is expected here")

    def _put(self, entry: Entry, scope: Scope, condition: Value, repeated: bool) -> None:
        name = str(entry.key)
        if "${{" in name and not scope.done:
            name = str(getattr(scalar(Literal(name, entry.line, entry.column), scope), "value", name))
        item = Item(entry.value, scope, condition, repeated, Entry(name, entry.value, entry.line, entry.column))
        slots = self._slots.setdefault(name.lower(), [])
        self._names.setdefault(name.lower(), name)
        if condition is True:
            slots.clear()  # what is written again later in a mapping counts
        slots.append(item)

    def slots(self, name: str) -> list[Item]:
        """The values of an entry: one, or one of each branch that may be taken."""
        return self._slots.get(name.lower(), [])

    def has(self, *names: str) -> bool:
        """Whether one of the entries is there, or may be."""
        return any(name.lower() in self._slots for name in names)

    def entry(self, *names: str, passing: bool = False) -> Entry | None:
        """The first of the entries that is there, wholly computed.

        Args:
            names: of the entries.
            passing: what other files gave keeps its places; else it stands where the expression stands that took it.
        """
        for name in names:
            slots = self.slots(name)
            if slots:
                return _joined(slots, passing)
        return None

    def get(self, *names: str) -> Node | None:
        """The value of the first of the entries that is there, wholly computed."""
        entry = self.entry(*names)
        return entry.value if entry is not None else None

    def shape(self, name: str) -> Shape | None:
        """An entry that is a mapping."""
        slots = self.slots(name)
        found: Shape | None = None
        for item in slots:
            node = scalar(item.node, item.scope) if isinstance(item.node, Literal) else item.node
            if not isinstance(node, ObjectNode):
                continue
            scope = item.scope if node is item.node else _of_value(item.scope)
            if found is None:
                found = Shape(node, scope, both(self.condition, item.condition), self.repeated)
                if len(slots) > 1 or item.condition is not True:
                    found = Shape(ObjectNode((), node.line, node.column), scope, both(self.condition, item.condition))
                    found._add(node, scope.deeper(), item.condition, item.repeated)
            else:
                found._add(node, scope.deeper(), item.condition, item.repeated)
        return found


def _joined(slots: Iterable[Item], passing: bool) -> Entry:
    """One entry for all the branches that may be taken; what differs between them is uncertain."""
    found: Entry | None = None
    for item in slots:
        assert item.entry is not None
        node = deep(item.node, item.scope, passing)
        if item.condition is not True:
            node = _uncertain(node, item.condition.reason)
        if found is None:
            found = Entry(item.entry.key, node, item.entry.line, item.entry.column)
            continue
        before = found.value
        if isinstance(before, ArrayNode) and isinstance(node, ArrayNode):
            node = ArrayNode(before.items + node.items, before.line, before.column)
        elif isinstance(before, ObjectNode) and isinstance(node, ObjectNode):
            node = ObjectNode(
                before.entries + tuple(one for one in node.entries if before.get(str(one.key)) is None),
                before.line,
                before.column,
            )
        elif isinstance(before, Literal) and isinstance(node, Literal):
            reason = next((one.reason for one in (node, before) if isinstance(one, Uncertain)), "one of several values")
            node = Uncertain(f"{before.value} or {node.value}", before.line, before.column, reason=reason)
        found = Entry(found.key, node, found.line, found.column)
    assert found is not None
    return found


def _uncertain(node: Node, reason: str) -> Node:
    if isinstance(node, Uncertain):
        return node
    if isinstance(node, Literal):
        return Uncertain(node.value, node.line, node.column, reason=reason)
    if isinstance(node, ArrayNode):
        return replace(node, items=tuple(_uncertain(one, reason) for one in node.items))
    if isinstance(node, ObjectNode):
        return replace(node, entries=tuple(replace(one, value=_uncertain(one.value, reason)) for one in node.entries))
    return node


def _moved(node: Node, at: Literal, scope: Scope) -> Node:
    """The tree with every part of it standing at one place."""
    scope.reading.budget.spend()
    if isinstance(node, ArrayNode):
        items_moved = tuple(_moved(one, at, scope) for one in node.items)
        return replace(node, items=items_moved, line=at.line, column=at.column)
    if isinstance(node, ObjectNode):
        entries = tuple(Entry(one.key, _moved(one.value, at, scope), at.line, at.column) for one in node.entries)
        return replace(node, entries=entries, line=at.line, column=at.column)
    return replace(node, line=at.line, column=at.column)


def deep(node: Node, scope: Scope, passing: bool = False) -> Node:
    """A tree with everything in it computed; see Shape.entry. Raises LimitError."""
    scope.reading.budget.spend()
    if scope.done:
        return node
    if isinstance(node, Literal):
        value = scalar(node, scope)
        return value if passing or isinstance(value, Literal) else _moved(value, node, scope)
    if isinstance(node, ArrayNode):
        found: list[Node] = []
        for item in items(node, scope):
            one = deep(item.node, item.scope.deeper(), passing)
            found.append(one if item.condition is True else _uncertain(one, item.condition.reason))
        return ArrayNode(tuple(found), node.line, node.column)
    if isinstance(node, ObjectNode):
        shape = Shape(node, scope)
        entries = tuple(_joined(shape.slots(name), passing) for name in shape.names)
        return Part(entries, node.line, node.column, scope.document)
    return node
