"""What every scanner is: the one page to read before writing another.

A scanner is a frozen value that holds its inputs. `scan` looks at them and says what it found, as one or more outcomes;
a file or package that it could not look at is a `NotCompleted` of its own, with the name. It never raises for something
that went wrong outside mlgate: `scanners.running` turns what escapes all the same into `NotCompleted`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from verdicts import NotCompleted, Outcome, Reason, ToolIdentity


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that may be run.

    Attributes:
        identity: what the report says of it.
        argv: how to start it: absolute path first, arguments of its own after it.
    """

    identity: ToolIdentity
    argv: tuple[str, ...]


class ToolUnavailableError(Exception):
    """A tool is missing, or is not one to trust."""

    def __init__(self, reason: Reason, detail: str, remedy: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.remedy = remedy

    def outcome(self, scanner: str) -> NotCompleted:
        """This obstacle as what a scanner says."""
        return NotCompleted(scanner=scanner, reason=self.reason, detail=self.detail, remedy=self.remedy)


class Toolbox(Protocol):
    """Where scanners get the programs that they wrap."""

    def tool(self, name: str) -> Tool:
        """The trusted program of that name. Raises ToolUnavailableError."""


class Keeper(Protocol):
    """Keeps plain JSON values from run to run. Whatever it loses or refuses is worked out anew; it never raises."""

    def get(self, key: str) -> Any | None:
        """The value that was kept under a key (a digest of everything that it depends on), or None."""

    def put(self, key: str, value: Any) -> None:
        """Keeps a value, if it can."""


@dataclass(frozen=True, slots=True)
class ScanContext:
    """What a scan may use.

    Attributes:
        root: the project's folder; locations in findings are relative to it. Scanners only read below it.
        workspace: an existing private empty folder, removed after the run; one for each scanner.
        now: the moment that ages are measured against (aware, UTC).
        tools: the wrapped programs.
        timeout_s: seconds for each wrapped program.
    """

    root: Path
    workspace: Path
    now: dt.datetime
    tools: Toolbox
    timeout_s: float = 600.0


class Scanner(Protocol):
    """One kind of look at one kind of input."""

    @property
    def id(self) -> str:
        """Stable identifier, as configuration and reports name it ("checkov")."""

    def scan(self, context: ScanContext) -> tuple[Outcome, ...]:
        """Looks, and says what was found: at least one outcome."""
