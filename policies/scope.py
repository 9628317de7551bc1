"""What a compiled rule is evaluated over: the resource, its surroundings, and where a count stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from policies.paths import PropertyPath
from policies.resource_types import type_key


class InvalidAliasError(Exception):
    """No resource type has this alias."""


class Aliases(Protocol):
    """A table of aliases."""

    def path(self, resource_type: str, alias: str) -> PropertyPath | None:
        """The path of an alias (both lower-cased) for a type; None where the type doesn't have it."""

    def exists(self, alias: str) -> bool:
        """Whether any type has the alias."""

    def covers(self, resource_type: str) -> bool:
        """Whether the table knows all aliases of the type, so that one that isn't there doesn't exist."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a rule may ask besides the resource.

    Attributes:
        aliases: the table.
        now: the moment of evaluation (aware, UTC).
        request_context, subscription, resource_group, policy: what these functions return; None where it isn't known.
    """

    aliases: Aliases
    now: dt.datetime
    request_context: Mapping[str, Any] | None = None
    subscription: Mapping[str, Any] | None = None
    resource_group: Mapping[str, Any] | None = None
    policy: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Scope:
    """One evaluation.

    Attributes:
        resource: what conditions look at; never changed.
        type: its type, lower-cased; see `policies.resource_types.type_key`.
        surroundings: see there.
        outer: the scope of the `if` resource, inside an existence condition: `field()` asks that one.
        cursors: member of this round, by the lower-cased path of each array that a count enumerates.
        currents: value of this round, by the lower-cased name of each count.
        trace: receives every condition with the values that it saw; None when nobody asks.
        answers: of conditions that several definitions share.
        rounds: how often counts of values ask what stands here.
    """

    resource: Mapping[str, Any]
    type: str
    surroundings: Surroundings
    outer: Scope | None = None
    cursors: dict[str, int] = field(default_factory=dict)
    currents: dict[str, Any] = field(default_factory=dict)
    trace: Trace | None = None
    answers: dict[Any, Any] = field(default_factory=dict)
    rounds: int = 1

    def within(self, cursors: Mapping[str, int], currents: Mapping[str, Any], rounds: int = 1) -> Scope:
        """The same evaluation inside a round of a count; `rounds` is the number of all of them, if it is limited."""
        inner = Scope(
            self.resource,
            self.type,
            self.surroundings,
            self.outer,
            {**self.cursors, **cursors},
            {**self.currents, **currents},
            self.trace,
        )
        inner.rounds = self.rounds * rounds
        return inner


@dataclass(slots=True)
class Trace:
    """What a person wants to know of an evaluation: conditions in the order in which they were asked."""

    steps: list[TraceStep] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One condition: where it stands in the definition, what it asked, what it saw, what came of it."""

    path: str
    condition: str
    seen: Any
    result: Any


def scope_of(resource: Mapping[str, Any], surroundings: Surroundings, trace: Trace | None = None) -> Scope:
    """A fresh evaluation of a resource."""
    return Scope(resource, type_key(resource), surroundings, trace=trace)
