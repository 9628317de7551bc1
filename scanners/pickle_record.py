"""What the machines of one walk over a pickle find together, and what they may still use."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator

from scanners.joblib_arrays import WRAPPER
from scanners.pickle_opcodes import ImportName, PickleLimitError
from scanners.pickle_results import Import, Problem, ProblemKind, WalkLimits


class Record:
    """What all machines of one walk found together, and what they may still use."""

    def __init__(self, limits: WalkLimits) -> None:
        self.limits = limits
        self.opcodes = 0
        self.wrapper_imported = False
        self.depth = 0
        # Whether what is noted now stands behind an array in a joblib dump that is read as `pickle.load` would.
        self.stray = False
        self._imports: dict[ImportName, Import] = {}
        self._problems: dict[tuple[ProblemKind, str], Problem] = {}

    @property
    def imports(self) -> tuple[Import, ...]:
        """Distinct imports in the order of the stream."""
        return tuple(sorted(self._imports.values(), key=lambda item: item.offset))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Distinct problems in the order of the stream."""
        return tuple(sorted(self._problems.values(), key=lambda item: item.offset))

    @property
    def exhausted(self) -> bool:
        """Whether the opcodes are used up."""
        return self.opcodes >= self.limits.opcodes

    def imported(self, name: ImportName, offset: int) -> None:
        """Notes an import."""
        known = self._imports.get(name)
        nested = self.depth > 0
        if known is None:
            if len(self._imports) >= self.limits.imports:
                raise PickleLimitError(f"more than {self.limits.imports:,} different imports", offset)
            self._imports[name] = Import(name.module, name.name, offset, nested=nested, stray=self.stray)
        elif (known.nested and not nested) or (known.stray and not self.stray):
            self._imports[name] = dataclasses.replace(known, offset=offset, nested=nested, stray=self.stray)
        if name == WRAPPER:
            self.wrapper_imported = True

    def called(self, name: ImportName) -> None:
        """Notes that an imported name is called."""
        known = self._imports[name]
        if not known.called:
            self._imports[name] = dataclasses.replace(known, called=True)

    def problem(self, problem: Problem) -> None:
        """Notes a problem."""
        if len(self._problems) >= self.limits.problems:
            raise PickleLimitError(f"more than {self.limits.problems:,} different problems", problem.offset)
        self._problems.setdefault((problem.kind, problem.detail), problem)

    def step(self, offset: int) -> None:
        """Counts an opcode."""
        if self.opcodes >= self.limits.opcodes:
            raise PickleLimitError(f"more than {self.limits.opcodes:,} opcodes", offset)
        self.opcodes += 1

    def absorb(self, inner: Record, base: int) -> None:
        """Takes over what was found in a pickle within this one, whose bytes begin at `base`."""
        for item in inner.imports:
            name = ImportName(item.module, item.name)
            if name not in self._imports:
                self._imports[name] = dataclasses.replace(item, offset=item.offset + base, nested=True)
            elif item.called:
                self.called(name)
        for problem in inner.problems:
            self.problem(dataclasses.replace(problem, offset=problem.offset + base))

    @contextlib.contextmanager
    def within_nested(self) -> Iterator[None]:
        """What is noted within stands in a pickle in the pickle."""
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1
