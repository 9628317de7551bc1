"""On which resources an action has an effect. data/generic-providers.yml says which providers reach all, and why."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

from rbac_matrix.permissions.patterns import fold, overlaps
from verdicts.documents import load_document
from verdicts.sections import Section

DATA = Path(__file__).resolve().parents[1] / "data" / "generic-providers.yml"
SCHEMA = "mlgate/rbac-generic-providers/v1"
_OF_GROUPS = (
    "microsoft.insights/alertrules/",
    "microsoft.resources/deployments/",
    "microsoft.resources/subscriptions/",
)
"""Begin of actions on what stands in a group or subscription by itself, though its provider reaches every resource.

Most roles have them beside what they are for; assigned on one resource of another type they permit nothing.
"""


@functools.lru_cache(maxsize=100_000)
def has_effect(pattern: str, resource_type: str) -> bool:
    """Whether an action of a pattern can mean a resource of that type, something below it or an extension of it."""
    own = resource_type.casefold() + "/"
    if resource_type and any(pattern.casefold().startswith(one) and not one.startswith(own) for one in _OF_GROUPS):
        return False
    return reaches(pattern, resource_type)


def reaches(pattern: str, resource_type: str) -> bool:
    """Whether an action of a pattern can have an effect on a resource of that type, or on something below it.

    So it is for actions of the type and of types below, and for those of providers whose resources are laid upon
    others. Always, where the type is "" (not known).
    """
    folded = fold(pattern)
    if not resource_type or overlaps(folded, f"{resource_type.casefold()}/*"):
        return True
    return any(overlaps(folded, f"{provider}/*") for provider in generic_providers())


@functools.cache
def generic_providers() -> Mapping[str, str]:
    """Provider in lower case -> why its actions count everywhere."""
    top = Section(load_document(DATA), str(DATA))
    if top.text("schema") != SCHEMA:
        raise top.error(f"'schema' must be {SCHEMA}", "schema")
    found = {}
    for section in top.sections("providers"):
        found[section.text("provider").casefold()] = section.text("reason")
        section.finish()
    top.finish()
    return found
