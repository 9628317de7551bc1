"""A check whose answer is kept from run to run, under a digest of everything that it depends on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from scanners.interface import Keeper, ScanContext, Scanner
from verdicts import Completed, Outcome
from verdicts.digests import canonical_json, digest_bytes
from verdicts.outcome_json import outcome_from_json, outcome_to_json


@dataclass(frozen=True, slots=True)
class KeptScanner:
    """Asks a scanner only where its answer isn't known; see scanners.interface.Scanner.

    Attributes:
        id: the scanner's.
        make: makes the scanner, when it is needed.
        depends_on: plain JSON values that tell everything that the answer depends on; None where that isn't known.
        keeper: None where nothing is kept.
        only_complete: answers in which something could not be checked are not kept: another try may end better.
    """

    id: str
    make: Callable[[], Scanner]
    depends_on: Callable[[ScanContext], Any]
    keeper: Keeper | None
    only_complete: bool = False

    def scan(self, context: ScanContext) -> tuple[Outcome, ...]:
        """See scanners.interface.Scanner."""
        parts = self.depends_on(context) if self.keeper is not None else None
        if self.keeper is None or parts is None:
            return tuple(self.make().scan(context))
        key = digest_bytes(canonical_json(["mlgate/outcomes/v1", self.id, parts]))
        known = recalled(self.keeper, key, self.id)
        if known is not None:
            return known
        outcomes = tuple(self.make().scan(context))
        if not self.only_complete or all(isinstance(outcome, Completed) for outcome in outcomes):
            self.keeper.put(key, [outcome_to_json(dataclasses.replace(one, seconds=0.0)) for one in outcomes])
        return outcomes


def recalled(keeper: Keeper, key: str, scanner: str) -> tuple[Outcome, ...] | None:
    """The outcomes that are kept under a key; None where there are none that this scanner can have given."""
    try:
        outcomes = tuple(outcome_from_json(one) for one in keeper.get(key) or ())
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return outcomes if outcomes and all(one.scanner == scanner for one in outcomes) else None


@dataclass(frozen=True, slots=True)
class OneAfterTheOther:
    """Several scanners of one id, as one; see scanners.interface.Scanner."""

    id: str
    scanners: Sequence[Scanner]

    def scan(self, context: ScanContext) -> tuple[Outcome, ...]:
        """See scanners.interface.Scanner."""
        outcomes: list[Outcome] = []
        for number, scanner in enumerate(self.scanners):
            workspace = context.workspace / str(number)
            workspace.mkdir()
            outcomes += scanner.scan(dataclasses.replace(context, workspace=workspace))
        return tuple(outcomes)
