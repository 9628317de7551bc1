"""The page of a rule, in Markdown, made from the rule itself so that the two can't differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policies.rules import Rule

_LANGUAGES = {"arm": ("ARM", "json"), "bicep": ("Bicep", "bicep"), "terraform": ("Terraform", "hcl")}


def page_of(rule: Rule, cases: Sequence[Mapping[str, Any]]) -> str:
    """The page; `cases` are those beside the definition, of which one that is denied and one that isn't are shown."""
    return "\n".join(_lines(rule, cases)) + "\n"


def _lines(rule: Rule, cases: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield from (f"# {rule.id}", "", f"**What**: {rule.synopsis}.", "", f"**Why**: {rule.reason}", "")
    yield from (f"**Severity**: {rule.severity.value}. **On in**: {', '.join(_profiles(rule))}.", "")
    parameters = list(_parameters(rule))
    if parameters:
        yield from ("**Parameters**:", "", *parameters, "")
    yield from (f"**Fix**: {rule.remediation['text']}", "")
    for key, text in rule.remediation.items():
        if key != "text":
            name, fence = _LANGUAGES.get(key, ("YAML", "yaml"))
            yield from (f"{name}:", "", f"```{fence}", text.rstrip("\n"), "```", "")
    if rule.fixes:
        names = [_LANGUAGES.get(key, ("YAML", ""))[0] for key in rule.fixes]
        yield from (
            f"`mlgate check --fix` writes it in {_enumerated(names)} where a plain value stands there, or none.",
            "",
        )
    for title, held in (("Allow", True), ("Deny", False)):
        case = next((one for one in cases if _is_example(one, held=held)), None)
        if case is not None:
            yield from (f"**{title}**:", "", "```json", json.dumps(case["resource"], indent=2), "```", "")
    if rule.checkov:
        yield from (f"**Found by checkov, too**: {', '.join(rule.checkov)}.", "")
    yield f"**Source**: {'; '.join(rule.sources)}."


def _enumerated(names: Sequence[str]) -> str:
    """ "ARM, Bicep and Terraform"."""
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def _is_example(case: Mapping[str, Any], *, held: bool) -> bool:
    """Whether a case shows what is denied or (`held`) a resource that the rule is about and that it leaves alone."""
    state = case["expect"].get("state")
    return "resource" in case and state == ("Compliant" if held else "NonCompliant")


def _profiles(rule: Rule) -> list[str]:
    return [profile for profile in ("development", "test", "production") if profile in rule.profiles]


def _parameters(rule: Rule) -> Iterator[str]:
    for name, parameter in rule.definition.parameters.items():
        if name == "effect":
            continue
        given = "".join(
            f"; {profile}: `{json.dumps(next(value for key, value in values.items() if key.lower() == name))}`"
            for profile, values in rule.parameters.items()
            if name in {key.lower() for key in values}
        )
        default = f"default `{json.dumps(parameter.default)}`" if parameter.has_default else "no default"
        yield f"- `{name}`: {default}{given}"
