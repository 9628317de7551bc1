"""What people want to see of a pack's definitions at a glance."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policies.pack import Pack


@dataclass(frozen=True, slots=True)
class Listed:
    """One definition; `effect` is that with the default parameters, "" where there is none."""

    id: str
    name: str
    display_name: str
    version: str
    mode: str
    effect: str
    category: str
    file: str

    def as_json(self) -> dict[str, str]:
        """As a JSON object."""
        return dataclasses.asdict(self)


def listed(pack: Pack) -> list[Listed]:
    """The definitions of a pack, by category and name."""
    entries = []
    for member in pack.members:
        definition = member.definition
        entries.append(
            Listed(
                definition.id,
                definition.name,
                definition.display_name,
                definition.version,
                definition.mode,
                member.facts.effect or "",
                _category(member.text),
                member.source,
            )
        )
    return sorted(entries, key=lambda one: (one.category.lower(), one.display_name.lower(), one.file))


def _category(text: str | bytes | None) -> str:
    body: Any = json.loads(text)["body"] if text else {}
    for key in ("properties", "metadata", "category"):
        if not isinstance(body, Mapping):
            return ""
        found = next((value for name, value in body.items() if str(name).lower() == key), None)
        body = body if key == "properties" and found is None else found
    return body if isinstance(body, str) else ""
