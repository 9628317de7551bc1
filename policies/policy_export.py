"""Our rules as files for Azure: a definition for each, and an initiative for each profile.

    FOLDER/policyDefinitions/mlg-workspace-public-access.json
    FOLDER/policySetDefinitions/mlgate-production.json
    FOLDER/EXPORT.yml      what was exported, and every rule that wasn't with the reason

The same rules give the same bytes. `mlgate policy list`, `evaluate --pack` and `import` read the folder back.
Sources of the limits: Microsoft's pages "Azure subscription and service limits" and "Azure Policy initiative definition
structure".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from policies.export_conditions import AzureAliases
from policies.initiatives import read_initiative
from policies.pack_folders import check_destination, replacing
from policies.rule_export import MAXIMUM_BODY, NotExportableError, definition_name, export_rule
from policies.rules import PROFILES, Rule
from policies.values import same
from verdicts.errors import ConfigurationError, CouldNotCheckError

NOTE = "EXPORT.yml"
PLACEHOLDER_SCOPE = "/subscriptions/00000000-0000-0000-0000-000000000000"
"""Where nobody said where the definitions will stand; an initiative names them by their whole id."""

MAXIMUM_REFERENCES = 1_000
MAXIMUM_INITIATIVE_PARAMETERS = 400
_SCOPE = re.compile(
    r"/subscriptions/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|/providers/Microsoft\.Management/managementGroups/[\w().-]{1,90}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Export:
    """What is written.

    Attributes:
        definitions: by rule id.
        initiatives: by name.
        left_out: rules that Azure can't evaluate, with the reason.
        scope: id of the management group or subscription that ids speak of.
    """

    definitions: Mapping[str, Mapping[str, Any]]
    initiatives: Mapping[str, Mapping[str, Any]]
    left_out: Mapping[str, str]
    scope: str


def checked_scope(text: str) -> str:
    """The id of a management group or subscription. Raises ConfigurationError for anything else."""
    scope = text.rstrip("/")
    if not _SCOPE.fullmatch(scope):
        raise ConfigurationError(
            f"{text!r} is no id of a management group or subscription",
            remedy="such as /providers/Microsoft.Management/managementGroups/NAME or /subscriptions/GUID",
        )
    return scope


def make_export(
    rules: Sequence[Rule],
    aliases: AzureAliases,
    *,
    profiles: Iterable[str] = PROFILES,
    scope: str = PLACEHOLDER_SCOPE,
    version: str = "1.0.0",
) -> Export:
    """Definitions of the rules that are on in one of the profiles, and the profiles' initiatives.

    Args:
        rules: by id (`policies.rules.load_rules`).
        aliases: those that Azure has.
        profiles: of which initiatives are made.
        scope: see `checked_scope`.
        version: of the initiatives.
    """
    wanted = [profile for profile in PROFILES if profile in set(profiles)]
    definitions: dict[str, Mapping[str, Any]] = {}
    left_out: dict[str, str] = {}
    for rule in rules:
        if rule.profiles.isdisjoint(wanted):
            continue
        try:
            definitions[rule.id] = export_rule(rule, aliases, scope)
        except NotExportableError as error:
            left_out[rule.id] = str(error)
    initiatives: dict[str, Mapping[str, Any]] = {}
    for profile in wanted:
        members = [rule for rule in rules if profile in rule.profiles and rule.id in definitions]
        for body in _initiatives(members, definitions, profile, scope, version):
            initiatives[body["name"]] = body
    return Export(definitions, initiatives, left_out, scope)


def _initiatives(
    rules: Sequence[Rule], definitions: Mapping[str, Mapping[str, Any]], profile: str, scope: str, version: str
) -> list[dict[str, Any]]:
    """One initiative, or several where one would be larger than Azure takes; families stay in order."""
    parts: list[list[Rule]] = []
    count = 0
    for rule in sorted(rules, key=lambda one: (one.family, one.id)):
        more = len(definitions[rule.id]["properties"]["parameters"])
        full = parts and (count + more > MAXIMUM_INITIATIVE_PARAMETERS or len(parts[-1]) >= MAXIMUM_REFERENCES)
        if not parts or full:
            parts.append([])
            count = 0
        parts[-1].append(rule)
        count += more
    return [
        _initiative(part, definitions, profile, f"{number} of {len(parts)}" if len(parts) > 1 else "", scope, version)
        for number, part in enumerate(parts, 1)
    ]


def parameter_name(rule: Rule, name: str) -> str:
    """What an initiative calls the parameter of one of its definitions."""
    return f"{name}-{definition_name(rule).removeprefix('mlg-')}"


def _initiative(
    rules: Sequence[Rule],
    definitions: Mapping[str, Mapping[str, Any]],
    profile: str,
    part: str,
    scope: str,
    version: str,
) -> dict[str, Any]:
    name = f"mlgate-{profile}" + (f"-{part.partition(' ')[0]}" if part else "")
    parameters: dict[str, Any] = {}
    references = []
    for rule in rules:
        definition = definitions[rule.id]
        passed = {}
        for key, body in definition["properties"]["parameters"].items():
            ours = parameter_name(rule, key)
            parameters[ours] = _initiative_parameter(rule, key, body, profile)
            passed[key] = {"value": f"[parameters('{ours}')]"}
        references.append(
            {
                "policyDefinitionId": definition["id"],
                "policyDefinitionReferenceId": rule.id,
                "parameters": passed,
                "groupNames": [rule.family],
            }
        )
    body = {
        "id": f"{scope}/providers/Microsoft.Authorization/policySetDefinitions/{name}",
        "name": name,
        "type": "Microsoft.Authorization/policySetDefinitions",
        "properties": {
            "displayName": f"mlgate rules for {profile}" + (f" ({part})" if part else ""),
            "policyType": "Custom",
            "description": f"The rules of mlgate that are on in the profile {profile} and that Azure can evaluate.",
            "metadata": {"version": version, "category": "Machine Learning", "mlgate": {"profile": profile}},
            "parameters": parameters,
            "policyDefinitionGroups": [
                {"name": family, "category": "mlgate", "displayName": family.replace("-", " ").capitalize()}
                for family in dict.fromkeys(rule.family for rule in rules)
            ],
            "policyDefinitions": references,
        },
    }
    read_initiative(body)  # what is written must say what was meant
    return body


def _initiative_parameter(rule: Rule, key: str, body: Mapping[str, Any], profile: str) -> dict[str, Any]:
    """A definition's parameter as the initiative offers it: with the profile's value as default."""
    given = {name.lower(): value for name, value in rule.parameters.get(profile, {}).items()}
    made = {
        **body,
        "metadata": {**body["metadata"], "displayName": f"{rule.id}: {body['metadata']['displayName']}"},
    }
    if key.lower() in given:
        value = given[key.lower()]
        # Azure compares allowed values with case.
        made["defaultValue"] = next((one for one in body.get("allowedValues") or () if same(one, value)), value)
    return made


def write_export(export: Export, destination: Path) -> None:
    """Writes the folder; it appears whole or not at all.

    Raises:
        ConfigurationError: the destination holds something that isn't an earlier export.
        CouldNotCheckError: no rule can be exported, one is too large for Azure, or it can't be written.
    """
    check_destination(destination, NOTE)
    if not export.definitions:
        raise CouldNotCheckError("not one rule can be exported")
    files = {f"policyDefinitions/{body['name']}.json": body for body in export.definitions.values()}
    files |= {f"policySetDefinitions/{body['name']}.json": body for body in export.initiatives.values()}
    contents = {name: json.dumps(body, indent=2, ensure_ascii=False).encode() + b"\n" for name, body in files.items()}
    for name, data in contents.items():
        if len(data) > MAXIMUM_BODY:
            raise CouldNotCheckError(f"{name} has {len(data):,} bytes, and Azure takes {MAXIMUM_BODY:,}")
    with replacing(destination) as workspace:
        for name, data in contents.items():
            (workspace / name).parent.mkdir(exist_ok=True)
            (workspace / name).write_bytes(data)
        (workspace / NOTE).write_text(_note(export), encoding="utf-8")


def _note(export: Export) -> str:
    lines = [
        "# Made by `mlgate policy export`; the next export into this folder replaces it.",
        "schema: mlgate/policy-export/v1",
        f"scope: {json.dumps(export.scope)}",
        f"definitions: {len(export.definitions)}",
        "initiatives:" if export.initiatives else "initiatives: []",
        *(f"  - {name}" for name in export.initiatives),
        "not_exported:" if export.left_out else "not_exported: []",
        *(f"  - {{rule: {rule}, reason: {json.dumps(reason)}}}" for rule, reason in export.left_out.items()),
    ]
    return "\n".join(lines) + "\n"
