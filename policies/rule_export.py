"""A rule as a policy definition that Azure takes, or why it can't be one.

What of its conditions Azure can evaluate is in `policies.export_conditions`. Sources of the limits: Microsoft's pages
"Azure Policy definition structure basics" and "Azure subscription and service limits".
"""

from __future__ import annotations

import hashlib
from typing import Any

from policies.definitions import compile_definition, read_definition
from policies.export_conditions import AzureAliases, Converter
from policies.rules import Rule
from policies.values import DefinitionError, EvaluationError

MAXIMUM_NAME = 64
MAXIMUM_DISPLAY_NAME = 128
MAXIMUM_DESCRIPTION = 512
MAXIMUM_DEFINITION_PARAMETERS = 20
MAXIMUM_BODY = 1_048_576
"""Limits of Azure; of a body in bytes."""

_EFFECTS = {name.lower(): name for name in ("Audit", "Deny", "AuditIfNotExists", "Disabled")}
_ALLOWED = {"auditifnotexists": ("AuditIfNotExists", "Disabled"), "": ("Audit", "Deny", "Disabled")}


class NotExportableError(Exception):
    """A rule can't be asked in Azure; the message says why."""


def definition_name(rule: Rule) -> str:
    """The name of a rule's definition: its id in lower case, cut to Azure's length where it is longer."""
    name = rule.id.lower()
    if len(name) <= MAXIMUM_NAME:
        return name
    return f"{name[: MAXIMUM_NAME - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def shortened(text: str, maximum: int) -> str:
    """The text, cut at a word where it is too long for Azure."""
    if len(text) <= maximum:
        return text
    return text[: maximum - 2].rpartition(" ")[0].rstrip(",;:. ") + " …"


def export_rule(rule: Rule, aliases: AzureAliases, scope: str) -> dict[str, Any]:
    """The definition of a rule: {"id", "name", "type", "properties"}.

    Args:
        rule: one of ours.
        aliases: those that Azure has.
        scope: id of the management group or subscription that it will stand in.

    Raises:
        NotExportableError: Azure couldn't evaluate it.
    """
    properties = rule.body["properties"]
    if rule.definition.mode not in ("all", "indexed"):
        raise NotExportableError(f"its mode {rule.definition.mode} is evaluated by a resource provider")
    converter = Converter(aliases)
    policy_rule = {
        "if": converter.condition(rule.definition.rule_if, frozenset()),
        "then": converter.then(rule.definition.rule_then),
    }
    if converter.problems:
        raise NotExportableError("; ".join(converter.problems))
    parameters = _parameters(rule)
    policy_rule["then"]["effect"] = "[parameters('effect')]"
    name = definition_name(rule)
    metadata = properties["metadata"]
    body = {
        "id": f"{scope}/providers/Microsoft.Authorization/policyDefinitions/{name}",
        "name": name,
        "type": "Microsoft.Authorization/policyDefinitions",
        "properties": {
            "displayName": shortened(properties.get("displayName") or rule.synopsis, MAXIMUM_DISPLAY_NAME),
            "policyType": "Custom",
            "mode": converter.mode(),
            "description": shortened(properties.get("description") or rule.reason, MAXIMUM_DESCRIPTION),
            "metadata": {
                "version": str(metadata.get("version") or "1.0.0"),
                "category": str(metadata.get("category") or "Machine Learning"),
                "mlgate": {"id": rule.id, "severity": rule.severity.value, "page": rule.page},
            },
            "parameters": parameters,
            "policyRule": policy_rule,
        },
    }
    try:
        # What is written must say what the engine reads.
        compile_definition(read_definition(body))
    except (DefinitionError, EvaluationError) as error:
        raise NotExportableError(str(error)) from None
    return body


def _parameters(rule: Rule) -> dict[str, Any]:
    """The parameters as Azure shows them, the effect first."""
    written = dict(rule.body["properties"].get("parameters") or {})
    own = next((name for name in written if name.lower() == "effect"), None)
    given = dict(written.pop(own)) if own is not None else {"defaultValue": rule.definition.rule_then.get("effect")}
    default = str(given.get("defaultValue", "")).lower()
    allowed = _ALLOWED.get(default, _ALLOWED[""])
    chosen = {str(value).lower() for value in given.get("allowedValues") or allowed} | {"disabled"}
    if default not in _EFFECTS or not chosen <= {value.lower() for value in allowed}:
        raise NotExportableError(f"its effects are {', '.join(sorted({default, *chosen}))}")
    effect = {
        "type": "String",
        "metadata": {"displayName": "Effect", "description": f"What follows where {rule.id} is broken."},
        "allowedValues": [value for value in allowed if value.lower() in chosen],
        "defaultValue": _EFFECTS[default],
    }
    others = {
        name: {**body, "metadata": {"displayName": name, **(body.get("metadata") or {})}}
        for name, body in written.items()
    }
    if len(others) + 1 > MAXIMUM_DEFINITION_PARAMETERS:
        raise NotExportableError(f"it has more than {MAXIMUM_DEFINITION_PARAMETERS} parameters")
    return {"effect": effect, **others}
