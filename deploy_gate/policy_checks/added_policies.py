"""Definitions of others beside our rules: Microsoft's built-in ones, or an organisation's own.

A project names folders or files of definitions (`mlgate policy import` makes them); each definition becomes a rule of
`mlgate check`. What can't be told from files, or isn't wanted by its own default, is left out and named in the notes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from deploy_gate.policy_checks.added_settings import AddedPolicies
from policies.aliases import AliasTable, built_in_aliases
from policies.definitions import CompiledPolicy, PolicyDefinition, compile_definition, read_definition
from policies.effects import Effect
from policies.initiatives import Initiative, passed_parameters, read_initiative
from policies.libraries import Library
from policies.pack import is_initiative
from policies.pack_sources import Body, PackSourceError, bodies_of, digest_of, read_inputs
from policies.parameters import bind
from policies.rules import PROFILES, Rule
from policies.values import DefinitionError, EvaluationError
from verdicts import ConfigurationError

FAMILY = "azure-policy"
_NAMED = 10
_PARAMETER = re.compile(r"parameters\(\s*'([^']+)'\s*\)", re.IGNORECASE)
_ASKED = frozenset({"type", "name", "resourcegroupname", "existencescope", "existencecondition"})
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_JUDGED = frozenset(
    {
        *(Effect.DENY, Effect.AUDIT, Effect.AUDIT_IF_NOT_EXISTS, Effect.DEPLOY_IF_NOT_EXISTS),
        *(Effect.MODIFY, Effect.APPEND),
    }
)
# What is written by Azure's own services into a running estate, and stands in no file.
_WRITTEN_BY_SERVICES = ("microsoft.security/", "microsoft.guestconfiguration/", "microsoft.policyinsights/")


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedRule(Rule):
    """A rule made of somebody else's definition; there is no page of ours."""

    @property
    def page(self) -> str:
        """See policies.rules.Rule."""
        return ""


def added_rules(entries: Sequence[AddedPolicies]) -> tuple[tuple[Rule, ...], tuple[str, ...]]:
    """The rules that the entries stand for, and what the report must say of them.

    Raises:
        ConfigurationError: a place can't be read, a definition in it is broken or lacks a parameter, nothing is left.
    """
    rules: dict[str, Rule] = {}
    notes: list[str] = []
    for entry in entries:
        made, left_out, digest = _rules_of(entry, built_in_aliases())
        for rule in made:
            same = rules.setdefault(rule.id, rule)
            if same is not rule:
                raise ConfigurationError(
                    f"{rule.id} ({rule.synopsis}) stands in {same.source} and in {rule.source}",
                    where=entry.shown,
                    remedy="name only one of them",
                )
        notes.append(f"{entry.shown}: {len(made)} definitions of others are checked (sha256:{digest})")
        notes += [f"{entry.shown}: not checked, {why}: {_some(names)}" for why, names in left_out.items()]
    return tuple(rules.values()), tuple(notes)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"


def _rules_of(entry: AddedPolicies, aliases: AliasTable) -> tuple[list[Rule], dict[str, list[str]], str]:
    try:
        inputs = read_inputs(entry.path)
        bodies = list(bodies_of(inputs))
    except PackSourceError as error:
        raise ConfigurationError(str(error), where=entry.shown) from None
    broken = next((body for body in bodies if body.error), None)
    if broken is not None:
        raise ConfigurationError(f"{broken.source}: {broken.error}", where=entry.shown)
    rules: list[Rule] = []
    left_out: dict[str, list[str]] = {}
    for definition, body, given in _wanted(entry, bodies):
        rule_id = rule_id_of(definition)
        compiled, why = _usable(definition, body, given)
        if compiled is None:
            left_out.setdefault(why, []).append(rule_id)
        else:
            rules.append(_rule(rule_id, compiled, body, given, entry, aliases))
    if not rules:
        raise ConfigurationError("there is no definition in it that can be checked", where=entry.shown)
    return rules, left_out, digest_of(inputs)


Wanted = tuple[PolicyDefinition, Body, Mapping[str, Any]]


def _wanted(entry: AddedPolicies, bodies: Iterable[Body]) -> Iterator[Wanted]:
    """The definitions that the entry asks for, with the parameters that they get."""
    definitions: list[PolicyDefinition] = []
    initiatives: list[Initiative] = []
    by_source: dict[int, Body] = {}
    for body in bodies:
        try:
            if is_initiative(body.value):
                if entry.initiative:
                    initiatives.append(read_initiative(body.value, body.source))
                continue
            definition = read_definition(body.value, body.source)
        except DefinitionError as error:
            raise ConfigurationError(f"{body.source}: {error}", where=entry.shown) from None
        definitions.append(definition)
        by_source[id(definition)] = body
    library = Library(definitions)
    if entry.initiative:
        chosen: Iterable[tuple[PolicyDefinition, Mapping[str, Any]]] = _of_initiative(entry, initiatives, library)
    else:
        chosen = _by_themselves(entry, definitions, library)
    for definition, given in chosen:
        body = by_source[id(definition)]
        if not entry.categories or _metadata(body).get("category", "").casefold() in entry.categories:
            yield definition, body, given


def _by_themselves(
    entry: AddedPolicies, definitions: Sequence[PolicyDefinition], library: Library[PolicyDefinition]
) -> Iterator[tuple[PolicyDefinition, Mapping[str, Any]]]:
    """Each definition once: of several versions the newest."""
    asked = {key.casefold(): values for key, values in entry.parameters.items()}
    seen: set[str] = set()
    for definition in definitions:
        key = definition.id or definition.name.lower()
        found = library.find(key) if key else None
        if key in seen:
            continue
        seen.add(key)
        one = found.document if found is not None else definition
        names = (rule_id_of(one).casefold(), one.name.casefold(), one.id)
        values: Any = next((asked.pop(name) for name in names if name in asked), {})
        if not isinstance(values, dict):
            raise ConfigurationError(f"the parameters of {rule_id_of(one)} must be a mapping", where=entry.shown)
        yield one, values
    if asked:
        raise ConfigurationError(f"parameters for {sorted(asked)[0]!r}, which isn't there", where=entry.shown)


def _of_initiative(
    entry: AddedPolicies, initiatives: Sequence[Initiative], library: Library[PolicyDefinition]
) -> Iterator[tuple[PolicyDefinition, Mapping[str, Any]]]:
    found = [
        one
        for one in initiatives
        if entry.initiative in (one.name.casefold(), one.id.casefold(), one.display_name.casefold())
    ]
    if len(found) != 1:
        raise ConfigurationError(f"{len(found)} initiatives are called {entry.initiative!r}", where=entry.shown)
    try:
        values = bind(found[0].parameters, entry.parameters)
        for reference in found[0].references:
            definition = library.find(reference.definition_id, reference.pin, found[0].source)
            if definition is None:
                raise ConfigurationError(f"the definition {reference.definition_id} is not in it", where=entry.shown)
            passed = passed_parameters(reference, values)
            yield definition.document, passed
    except (DefinitionError, EvaluationError) as error:
        raise ConfigurationError(f"{found[0].source}: {error}", where=entry.shown) from None


def _metadata(body: Body) -> Mapping[str, Any]:
    """The definition's metadata; what isn't text in it is left out."""
    properties = body.value.get("properties", body.value)
    given = properties.get("metadata") if isinstance(properties, dict) else None
    return {key: value for key, value in given.items() if isinstance(value, str)} if isinstance(given, dict) else {}


def rule_id_of(definition: PolicyDefinition) -> str:
    """AZ-40CEC1DD-1B9A for a definition named by a GUID, else its name (AZ-DENY-PUBLIC-IP)."""
    name = (definition.name or definition.id.rpartition("/")[2] or definition.display_name).lower()
    # Microsoft counts some up at their ends, so the beginning alone wouldn't tell them apart.
    guid = f"{name[:8]}-{hashlib.sha256(name.encode()).hexdigest()[:4]}" if _GUID.fullmatch(name) else ""
    return f"AZ-{guid or re.sub(r'[^a-z0-9]+', '-', name).strip('-')[:70]}".upper()


def _usable(definition: PolicyDefinition, body: Body, given: Mapping[str, Any]) -> tuple[CompiledPolicy | None, str]:
    """The definition ready to be evaluated, or why it isn't checked."""
    if not definition.evaluable:
        return None, "evaluated by its resource provider only"
    if "deprecated" in definition.version.lower() or "[deprecated]" in definition.display_name.lower():
        return None, "deprecated"
    try:
        compiled = compile_definition(definition, given, exact=False)
    except (DefinitionError, EvaluationError) as error:
        raise ConfigurationError(f"{body.source}: {error}", where=rule_id_of(definition)) from None
    if compiled.effect is Effect.DISABLED:
        return None, "disabled"
    if any(name not in compiled.parameters.values for name in _asked_parameters(definition)):
        return None, "without a value for a parameter (write it under parameters:, by rule id)"
    if compiled.effect not in _JUDGED:
        return None, f"the effect {compiled.effect.value if compiled.effect else 'that it has'} concerns no files"
    wanted = compiled.existence.type if compiled.existence is not None else None
    if wanted is not None and str(wanted.constant).lower().startswith(_WRITTEN_BY_SERVICES):
        return None, "looks for what Azure's services write into a running estate"
    return compiled, ""


def _asked_parameters(definition: PolicyDefinition) -> set[str]:
    """Parameters that the evaluation needs; what only a deployment or an operation gets isn't asked."""
    details = definition.rule_then.get("details")
    kept = {key: value for key, value in details.items() if key.lower() in _ASKED} if isinstance(details, dict) else {}
    text = json.dumps([definition.rule_if, definition.rule_then.get("effect"), kept])
    return {name.lower() for name in _PARAMETER.findall(text)}


def _rule(
    rule_id: str,
    compiled: CompiledPolicy,
    body: Body,
    given: Mapping[str, Any],
    entry: AddedPolicies,
    aliases: AliasTable,
) -> Rule:
    definition = replace(compiled.definition, name=rule_id.lower())
    properties = body.value.get("properties", body.value)
    description = str(properties.get("description") or "")
    title = (definition.display_name or rule_id).rstrip(".")
    whole = body.value if "properties" in body.value else {"properties": body.value}
    return AddedRule(
        id=rule_id,
        family=FAMILY,
        severity=entry.severities["deny" if compiled.effect is Effect.DENY else "audit"],
        synopsis=title,
        reason=description or title,
        remediation={"text": description or f"See the definition in {entry.shown}/{body.source}."},
        pointer=_pointer(compiled, aliases),
        sources=(f"{entry.shown}: {body.source}",),
        fixes={},
        profiles=frozenset(PROFILES),
        parameters={profile: dict(given) for profile in PROFILES} if given else {},
        checkov=(),
        definition=definition,
        body={**whole, "name": rule_id.lower()},
        source=f"{entry.shown}/{body.source}",
    )


def _pointer(compiled: CompiledPolicy, aliases: AliasTable) -> str:
    """The property that the definition is about, where it asks for one only."""
    paths = {path for alias in compiled.facts.aliases for path in aliases.types_of(alias).values()}
    if len(paths) != 1:
        return ""
    (path,) = paths
    return "" if re.search(r"[^\w.]", path) else "/" + path.replace(".", "/")
