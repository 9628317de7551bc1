"""The table of the specification's sentences names rules that exist, and leaves none of the platform's out."""

from __future__ import annotations

import re
from pathlib import Path

from policies.rules import load_rules

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "docs" / "rules-by-specification.md").read_text()
PLATFORM = TEXT.partition("## Platform")[2].partition("## Machine learning")[0]
SERVICES = (
    *(
        "STORAGE",
        "KEYVAULT",
        "REGISTRY",
        "AI",
        "SEARCH",
        "APP",
        "APIM",
        "COSMOS",
        "SQL",
        "FACTORY",
        "SYNAPSE",
        "EVENTHUB",
    ),
    *("SERVICEBUS", "APPCONFIG"),
)
PACKS = frozenset(
    {"ai-services", "api-management", "app-service", "compute", "container-registry", "data-services", "identity"}
    | {"key-vault", "monitoring", "network", "organisation", "storage"}
)
ELSEWHERE = frozenset({"RBAC-*", "ALLOWLIST-*", "WAIVER-EXPIRED"})


def named() -> set[str]:
    """Ids without MLG-, with "*-X" and "A-, B-X" written out."""
    found = set(re.findall(r"(?<![A-Z*-])[A-Z]+(?:-[A-Z]+)+\b(?!-)", PLATFORM))
    for ending in re.findall(r"(?<![A-Z])\*-([A-Z-]+)", PLATFORM):
        found |= {f"{service}-{ending}" for service in SERVICES}
    for listed, last, ending in re.findall(r"((?:[A-Z]+-, )+)([A-Z]+)-([A-Z-]+)", PLATFORM):
        found |= {f"{service}{ending}" for service in listed.replace(", ", " ").split()} | {f"{last}-{ending}"}
    return found


def test_every_rule_of_the_platform_has_its_sentence() -> None:
    rules = {rule.id.removeprefix("MLG-") for rule in load_rules() if rule.source.partition("/")[0] in PACKS}
    assert sorted(rules - named()) == []


def test_every_rule_that_is_named_outright_exists() -> None:
    pages = {page.stem.removeprefix("MLG-") for page in (ROOT / "docs" / "rules").glob("*.md")}
    outright = set(re.findall(r"(?<![A-Z*-])[A-Z]+(?:-[A-Z]+)+\b(?![-*])", PLATFORM))
    assert sorted(outright - pages - ELSEWHERE) == []
