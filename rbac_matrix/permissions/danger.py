"""How bad an action is in the wrong hands. The patterns stand in data/dangerous-actions.yml, each with its reason."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from rbac_matrix.permissions.interface import Danger
from rbac_matrix.permissions.patterns import Budget, PatternSet, covers, fold, overlaps
from verdicts.documents import load_document
from verdicts.sections import Section

DATA = Path(__file__).resolve().parents[1] / "data" / "dangerous-actions.yml"
SCHEMA = "mlgate/rbac-dangerous-actions/v1"


@dataclass(frozen=True, slots=True)
class DangerousPattern:
    """One line of the data. `pattern` is folded; `reason` is a whole sentence."""

    pattern: str
    written: str
    danger: Danger
    reason: str


@functools.cache
def dangerous_patterns(data: bool) -> tuple[DangerousPattern, ...]:
    """All of them for the control plane or for data, the worst first, single actions before wider patterns."""
    return tuple(
        sorted(
            (one for one, of_data in _read() if of_data is data),
            key=lambda one: (-one.danger, one.pattern.count("*"), one.pattern.startswith("*")),
        )
    )


@functools.lru_cache(maxsize=50_000)
def danger_of(pattern: str, *, data: bool) -> Danger:
    """The worst that an action or a pattern of actions can do: `*` counts as all that it covers."""
    folded = fold(pattern)
    if "*" in folded:
        found = next((one.danger for one in dangerous_patterns(data) if overlaps(one.pattern, folded)), None)
    else:
        found = next((danger for danger, own in _by_danger(data) if own.covers(folded, Budget())), None)
    if found is not None:
        return found
    return Danger.READS if covers("*/read", folded) else Danger.CHANGES


def reason_of(pattern: str, *, data: bool) -> str:
    """Why it has the danger that `danger_of` says; "" for what merely reads, or is of no known kind."""
    folded = fold(pattern)
    return next((one.reason for one in dangerous_patterns(data) if overlaps(one.pattern, folded)), "")


@functools.cache
def _by_danger(data: bool) -> tuple[tuple[Danger, PatternSet], ...]:
    patterns = dangerous_patterns(data)
    return tuple(
        (danger, PatternSet(one.pattern for one in patterns if one.danger is danger))
        for danger in sorted(Danger, reverse=True)
    )


def _read() -> list[tuple[DangerousPattern, bool]]:
    top = Section(load_document(DATA), str(DATA))
    if top.text("schema") != SCHEMA:
        raise top.error(f"'schema' must be {SCHEMA}", "schema")
    found = []
    for section in top.sections("dangers"):
        danger = Danger[section.text("danger").upper()]
        reason = section.text("reason")
        for key, of_data in (("actions", False), ("data_actions", True)):
            found += [
                (DangerousPattern(fold(written), written, danger, reason), of_data)
                for written in section.texts(key, ())
            ]
        section.finish()
    top.finish()
    return found
