"""What checkov said of a template, kept from run to run.

An entry is asked for by a digest of everything that it depends on: the template's and its parameters' content, checkov
as `mlgate tools install` made it, and mlgate's adapter. A checkov of the user's own isn't kept anything of: only its
program's digest is known, not that of what the program loads.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scanners.checkov_results import Look
from scanners.checkov_templates import SCANNER, placed_inside
from scanners.interface import Keeper, Tool
from verdicts import Completed, InputDigest, NotCompleted
from verdicts.digests import canonical_json, digest_bytes
from verdicts.documents import DocumentError, read_bounded
from verdicts.outcome_json import outcome_from_json, outcome_to_json

_SCHEMA = "mlgate/checkov-look/v1"


class KeptLooks:
    """Looks of earlier runs, and those of this one to be kept."""

    def __init__(self, keeper: Keeper | None, tool: Tool, root: Path) -> None:
        """Takes None for a keeper where nothing is kept."""
        self._keeper = keeper if tool.identity.origin == "managed" else None
        self._root = root
        identity = tool.identity
        self._tool = [identity.name, identity.version, identity.digest]
        self._asked: dict[Path, tuple[str, list[InputDigest]]] = {}

    def look(self, path: Path, parameters: Path | None) -> Look | None:
        """What was said of a template as it is now, if that is known."""
        if self._keeper is None:
            return None
        place, inputs = self._inputs(path, parameters)
        if place is None:
            return None
        key = digest_bytes(canonical_json([_SCHEMA, self._tool, [[one.name, one.digest] for one in inputs]]))
        self._asked[place] = (key, inputs)
        try:
            look = _from_json(self._keeper.get(key), place)
        except (ValueError, TypeError, KeyError, AttributeError):
            return None
        return look if list(look.outcome.evidence.inputs) == inputs else None

    def keep(self, looks: Iterable[Look]) -> None:
        """Keeps what was said now of templates that `look` was asked for and didn't know."""
        for look in looks:
            key, inputs = self._asked.get(look.path, ("", []))
            # One that was changed meanwhile was asked for with another content.
            if self._keeper is not None and key and list(look.outcome.evidence.inputs) == inputs:
                self._keeper.put(key, _to_json(look))

    def _inputs(self, path: Path, parameters: Path | None) -> tuple[Path | None, list[InputDigest]]:
        """The real template, and digests; None where something can't be read: that is said, not kept."""
        inputs: list[InputDigest] = []
        real: Path | None = None
        for file in (path, *((parameters,) if parameters is not None else ())):
            place = placed_inside(file, self._root)
            if isinstance(place, NotCompleted):
                return None, []
            try:
                inputs.append(InputDigest(place[1], digest_bytes(read_bounded(place[0]))))
            except (OSError, DocumentError):
                return None, []
            real = real or place[0]
        return real, inputs


def _to_json(look: Look) -> dict[str, Any]:
    return {
        "outcome": outcome_to_json(look.outcome),
        "elsewhere": [[reference, path is not None] for reference, path in look.elsewhere],
        "types": dict(look.types),
    }


def _from_json(value: Any, path: Path) -> Look:
    """Raises ValueError, TypeError, KeyError or AttributeError for anything that `_to_json` doesn't write."""
    outcome = outcome_from_json(value["outcome"])
    if outcome.scanner != SCANNER or (isinstance(outcome, Completed) and outcome.examined != 1):
        raise ValueError("no outcome of one template")
    elsewhere = tuple(
        (str(reference), (path.parent / reference).resolve() if is_local else None)
        for reference, is_local in value["elsewhere"]
    )
    types = {str(kind): bool(has_checks) for kind, has_checks in value["types"].items()}
    return Look(path, outcome, elsewhere, types)
