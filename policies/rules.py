"""mlgate's own rules: Azure Policy definitions whose `metadata.mlgate` says what a person has to know about them.

A rule is a JSON file in a folder of `policies/packs/`, with NAME.cases.jsonl beside it (see `policies.pack_tests`) and
a page in docs/rules/ that is made from it (`policies.rule_pages`). There is no Python in a rule.
"""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from policies.pack_sources import Body, bodies_of, read_inputs
from policies.profiles import PROFILES as PROFILES
from policies.rule_fixes import LANGUAGES as LANGUAGES
from policies.rule_fixes import SetProperty, read_fixes
from policies.values import DefinitionError
from policies.written_definitions import PolicyDefinition, read_definition
from verdicts import Severity

_TEXTS = ("synopsis", "reason")
_KEYS = frozenset(
    {
        "id",
        "severity",
        *_TEXTS,
        "remediation",
        "property",
        "sources",
        "profiles",
        "parameters",
        "checkov",
        "family",
        "fix",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule.

    Attributes:
        id: "MLG-WORKSPACE-PUBLIC-ACCESS".
        family: what it is about ("isolation", "identity" ...), for grouping.
        severity: of its findings.
        synopsis: what must hold, in a sentence.
        reason: why, in a sentence or two.
        remediation: what to do ("text"), and by language the lines to write.
        pointer: JSON pointer of the property that the rule is about; findings point at its place. "" for the resource.
        sources: pages that the rule comes from.
        profiles: where it is on.
        parameters: by profile, values of the definition's parameters that differ from its defaults.
        checkov: ids of checkov's checks that find the same mistake.
        fixes: by language, what mends it (see policies.rule_fixes); empty where that takes a person.
        definition: as read.
        body: the definition's JSON.
        source: file, relative to the packs' folder.
    """

    id: str
    family: str
    severity: Severity
    synopsis: str
    reason: str
    remediation: Mapping[str, str]
    pointer: str
    sources: tuple[str, ...]
    profiles: frozenset[str]
    parameters: Mapping[str, Mapping[str, Any]]
    checkov: tuple[str, ...]
    fixes: Mapping[str, SetProperty]
    definition: PolicyDefinition
    body: Mapping[str, Any]
    source: str

    @property
    def page(self) -> str:
        """The page that explains it, from the project's root."""
        return f"docs/rules/{self.id}.md"


class RuleError(Exception):
    """A rule's file is not as it must be; the message names file and key."""


def built_in_folder() -> Path:
    """The packs that ship with mlgate."""
    return Path(str(importlib.resources.files("policies"))) / "packs"


def load_rules(folder: Path | None = None) -> tuple[Rule, ...]:
    """All rules of a folder of packs (by default the built-in ones), by id.

    Raises:
        RuleError: one of them is broken: none may be left out silently.
        PackSourceError: there is no such folder.
    """
    return rules_of(bodies_of(read_inputs(folder if folder is not None else built_in_folder())))


@functools.cache
def built_in_rules() -> tuple[Rule, ...]:
    """The rules that ship with mlgate, read once in a process; see `load_rules`."""
    return load_rules()


def rules_of(bodies: Iterable[Body]) -> tuple[Rule, ...]:
    """Rules from definitions; see `load_rules`."""
    rules: dict[str, Rule] = {}
    for body in bodies:
        if body.error:
            raise RuleError(f"{body.source}: {body.error}")
        rule = read_rule(body.value, body.source)
        if rule.id in rules:
            raise RuleError(f"{body.source}: {rule.id} stands in {rules[rule.id].source}, too")
        rules[rule.id] = rule
    return tuple(rules[key] for key in sorted(rules))


def read_rule(body: Any, source: str) -> Rule:
    """One rule from its JSON. Raises RuleError."""
    try:
        definition = read_definition(body, source)
    except DefinitionError as error:
        raise RuleError(f"{source}: {error}") from None
    properties = body.get("properties") if isinstance(body, dict) else None
    metadata = properties.get("metadata") if isinstance(properties, dict) else None
    facts = metadata.get("mlgate") if isinstance(metadata, dict) else None
    if not isinstance(facts, dict):
        raise RuleError(f"{source}: there is no properties.metadata.mlgate")
    reader = _Facts(facts, source)
    unknown = sorted(set(facts) - _KEYS)
    if unknown:
        raise reader.error(unknown[0], "is no key of a rule")
    identifier = reader.text("id")
    if not identifier.startswith("MLG-") or identifier.upper() != identifier:
        raise reader.error("id", "must look like MLG-WORKSPACE-PUBLIC-ACCESS")
    if definition.name != identifier.lower():
        raise RuleError(f"{source}: the definition's name must be {identifier.lower()!r}")
    profiles = reader.texts("profiles", PROFILES)
    return Rule(
        id=identifier,
        family=reader.text("family"),
        severity=reader.severity(),
        synopsis=reader.text("synopsis"),
        reason=reader.text("reason"),
        remediation=reader.remediation(),
        pointer=reader.pointer(),
        sources=reader.texts("sources"),
        profiles=frozenset(profiles),
        parameters=reader.parameters(definition, profiles),
        checkov=reader.texts("checkov", ()),
        fixes=reader.fixes(),
        definition=definition,
        body=body,
        source=source,
    )


class _Facts:
    """Reads `metadata.mlgate`, with the place in every error."""

    def __init__(self, facts: Mapping[str, Any], source: str) -> None:
        self._facts = facts
        self._source = source

    def error(self, key: str, what: str) -> RuleError:
        return RuleError(f"{self._source}: metadata.mlgate.{key} {what}")

    def text(self, key: str) -> str:
        value = self._facts.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, "must be a text")
        return value

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        value = self._facts.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, list) or not value or not all(isinstance(one, str) and one for one in value):
            raise self.error(key, "must be a list of texts")
        if key == "profiles" and not set(value) <= set(PROFILES):
            raise self.error(key, f"may name {', '.join(PROFILES)}")
        return tuple(value)

    def severity(self) -> Severity:
        try:
            severity = Severity(self.text("severity"))
        except ValueError:
            raise self.error("severity", "is no severity") from None
        if severity is Severity.UNKNOWN:
            raise self.error("severity", "must be known")
        return severity

    def remediation(self) -> Mapping[str, str]:
        value = self._facts.get("remediation")
        if not isinstance(value, dict) or not all(isinstance(one, str) and one for one in value.values()):
            raise self.error("remediation", "must be an object of texts")
        if "text" not in value or not set(value) <= {"text", *LANGUAGES}:
            raise self.error("remediation", f"needs text, and may have {', '.join(LANGUAGES)}")
        return dict(value)

    def pointer(self) -> str:
        value = self._facts.get("property", "")
        if not isinstance(value, str) or (value and not value.startswith("/")):
            raise self.error("property", "must be a JSON pointer such as /properties/publicNetworkAccess")
        return value

    def fixes(self) -> Mapping[str, SetProperty]:
        if "fix" not in self._facts:
            return {}
        try:
            fixes = read_fixes(self._facts["fix"], self.pointer())
        except ValueError as error:
            raise self.error("fix", str(error)) from None
        unsaid = sorted(set(fixes) - set(self.remediation()))
        if unsaid:
            raise self.error("fix", f"mends {unsaid[0]}, for which there is no remediation")
        return fixes

    def parameters(self, definition: PolicyDefinition, profiles: tuple[str, ...]) -> Mapping[str, Mapping[str, Any]]:
        value = self._facts.get("parameters", {})
        if not isinstance(value, dict) or not all(isinstance(one, dict) for one in value.values()):
            raise self.error("parameters", "must be an object of objects, by profile")
        for profile, given in value.items():
            if profile not in profiles:
                raise self.error("parameters", f"names {profile!r}, in which the rule is not on")
            foreign = [name for name in given if name.lower() not in definition.parameters]
            if foreign:
                raise self.error("parameters", f"names {foreign[0]!r}, which the definition does not have")
        return {profile: dict(given) for profile, given in value.items()}
