"""Exit codes: stable, the same for every command and format (docs/exit-codes.md)."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, assert_never

if TYPE_CHECKING:
    from verdicts.decisions import Decision


class ExitCode(enum.IntEnum):
    """What the shell sees."""

    ALLOWED = 0
    DENIED = 1
    USAGE = 2
    COULD_NOT_CHECK = 3
    INTERNAL = 4


def exit_code(decision: Decision) -> ExitCode:
    """The exit code of a verdict."""
    from verdicts.decisions import Decision

    match decision:
        case Decision.ALLOWED:
            return ExitCode.ALLOWED
        case Decision.DENIED:
            return ExitCode.DENIED
        case Decision.COULD_NOT_CHECK:
            return ExitCode.COULD_NOT_CHECK
    assert_never(decision)
