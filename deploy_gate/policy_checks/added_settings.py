"""The entries of `check.policies` in mlgate.yml: definitions of others that are checked beside our rules.

Reading them loads nothing of the policy engine; `deploy_gate.policy_checks.added_policies` makes rules of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy_gate.project import inside
from verdicts import Severity
from verdicts.sections import Section

_SEVERITIES = {"deny": Severity.HIGH, "audit": Severity.MEDIUM}
"""By effect; "audit" stands for every effect that denies nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedPolicies:
    """One entry of `check.policies`.

    Attributes:
        path: folder, or a .jsonl(.gz) file.
        shown: how the project calls it.
        categories: casefolded, sorted; only definitions of these; empty for all.
        initiative: name, id or display name, casefolded: its definitions with its parameters; "" for all definitions.
        parameters: of the initiative; without one, by name or rule id of a definition.
        severities: of findings, for "deny" and "audit".
    """

    path: Path
    shown: str
    categories: tuple[str, ...] = ()
    initiative: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    severities: Mapping[str, Severity] = field(default_factory=lambda: dict(_SEVERITIES))


def read_added(section: Section, root: Path) -> AddedPolicies:
    """An entry of `check.policies` in mlgate.yml. Raises ConfigurationError."""
    shown = section.text("path")
    given, severities = section.optional_section("parameters"), section.optional_section("severities")
    chosen = dict(_SEVERITIES)
    if severities is not None:
        for key in severities.keys():  # noqa: SIM118
            if key not in _SEVERITIES:
                raise severities.error(f"there is no severity for {key!r}", key, remedy="there are: deny, audit")
            chosen[key] = severities.choice(key, Severity)
            if chosen[key] is Severity.UNKNOWN:
                raise severities.error("it must be a severity", key)
    entry = AddedPolicies(
        path=inside(root, root, shown, section, "path"),
        shown=shown,
        categories=tuple(sorted(one.casefold() for one in section.texts("categories", ()))),
        initiative=section.text("initiative", "").casefold(),
        parameters={key: given.value(key) for key in given.keys()} if given is not None else {},  # noqa: SIM118
        severities=chosen,
    )
    section.finish()
    return entry
