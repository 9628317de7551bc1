"""How a mistake is mended where that is one property with one right value (`metadata.mlgate.fix` of a rule).

    "fix": {
      "arm": {"set": {"pointer": "/properties/publicNetworkAccess", "value": "Disabled"}},
      "terraform": {"set": {"pointer": "/public_network_access_enabled", "value": false}}
    }

By language, with the names that the language has: for "arm" and "bicep" from the resource's top, for "terraform" from
its block, for "yaml" from the top of the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LANGUAGES = ("arm", "bicep", "terraform", "yaml")
"""What a remediation and a fix may be written for; "yaml" is the Azure ML CLI, a workflow or a manifest."""
_OF_RESOURCES = ("arm", "bicep")


@dataclass(frozen=True, slots=True)
class SetProperty:
    """A property and what it must be: the names on the way to it, and a text, whole number or truth value."""

    path: tuple[str, ...]
    value: str | int | bool


def read_fixes(value: Any, pointer: str) -> Mapping[str, SetProperty]:
    """The fixes of a rule by language.

    Args:
        value: what stands under "fix".
        pointer: of the property that the rule is about; it is what must be set in templates.

    Raises:
        ValueError: it is not as it must be; the message is an end of "metadata.mlgate.fix ...".
    """
    if not isinstance(value, dict) or not value:
        raise ValueError("must be an object of languages")
    foreign = sorted(set(value) - set(LANGUAGES))
    if foreign:
        raise ValueError(f"may have {', '.join(LANGUAGES)}, not {foreign[0]!r}")
    return {language: _one(language, given, pointer) for language, given in value.items()}


def _one(language: str, given: Any, pointer: str) -> SetProperty:
    action = given.get("set") if isinstance(given, dict) and set(given) == {"set"} else None
    if not isinstance(action, dict) or set(action) != {"pointer", "value"}:
        raise ValueError(f'must be {{"set": {{"pointer": ..., "value": ...}}}} for {language}')
    where, value = action["pointer"], action["value"]
    if not isinstance(where, str) or not where.startswith("/") or where.endswith("/") or "//" in where:
        raise ValueError(f"needs a JSON pointer for {language}")
    path = tuple(part.replace("~1", "/").replace("~0", "~") for part in where[1:].split("/"))
    if any(part.isdecimal() for part in path):
        raise ValueError(f"can't set an item of a list: {where}")
    if not isinstance(value, str | int):
        raise ValueError(f"needs a text, a whole number or a truth value for {language}")
    if language in _OF_RESOURCES and where != pointer:
        raise ValueError(f"must set the property that the rule is about for {language}: {pointer or 'there is none'}")
    return SetProperty(path, value)
