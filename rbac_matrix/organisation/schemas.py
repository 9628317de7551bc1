"""The JSON schemas (draft 2020-12) of the files: for editors, and for checks that others make."""

from __future__ import annotations

from rbac_matrix.matrix import DATA
from verdicts import ConfigurationError

NAMES = ("matrix", "organisation", "personas", "principals", "roles")


def schema_text(name: str) -> str:
    """A schema as JSON. Raises ConfigurationError for a name that isn't in NAMES."""
    if name not in NAMES:
        raise ConfigurationError(f"there is no schema {name!r}", remedy=f"known: {', '.join(NAMES)}")
    return (DATA / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
