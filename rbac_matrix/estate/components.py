"""Cycles in a graph (Tarjan's algorithm, without recursion, so that depth doesn't matter)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def strong_components(children: Sequence[Sequence[int]]) -> list[list[int]]:
    """Nodes that reach each other, together; each component stands behind all components that it reaches."""
    finder = _Finder(children)
    for root in range(len(children)):
        if root not in finder.order:
            finder.visit(root)
    return finder.components


class _Finder:
    def __init__(self, children: Sequence[Sequence[int]]) -> None:
        self.components: list[list[int]] = []
        self.order: dict[int, int] = {}
        self._children = children
        self._low: dict[int, int] = {}
        self._open: list[int] = []
        self._is_open: set[int] = set()

    def visit(self, root: int) -> None:
        work = [self._enter(root)]
        while work:
            here, children = work[-1]
            inner = self._next(here, children)
            if inner is not None:
                work.append(self._enter(inner))
                continue
            work.pop()
            if work:
                outer = work[-1][0]
                self._low[outer] = min(self._low[outer], self._low[here])
            if self._low[here] == self.order[here]:
                self._close(here)

    def _enter(self, node: int) -> tuple[int, Iterator[int]]:
        self.order[node] = self._low[node] = len(self.order)
        self._open.append(node)
        self._is_open.add(node)
        return node, iter(self._children[node])

    def _next(self, here: int, children: Iterator[int]) -> int | None:
        """The next child that wasn't visited yet."""
        for child in children:
            if child not in self.order:
                return child
            if child in self._is_open:
                self._low[here] = min(self._low[here], self.order[child])
        return None

    def _close(self, root: int) -> None:
        component: list[int] = []
        while not component or component[-1] != root:
            component.append(self._open.pop())
        self._is_open.difference_update(component)
        self.components.append(component)
