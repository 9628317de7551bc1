"""The shipped alias table against the team's data: every alias that a built-in definition uses has its path."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from policies.aliases import built_in_aliases

DATA = Path("/work/shared/data/azure-policy")

pytestmark = [
    pytest.mark.shared,
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.is_dir(), reason="the shared folder with public definitions is not here"),
]

# The two that no public export has.
WITHOUT_PATH = {
    "microsoft.mobilenetwork/packetcorecontrolplanes/localdiagnosticsaccess.authenticationtype",
    "microsoft.mobilenetwork/simgroups/encryptionkey.keyurl",
}


def _names(value: Any) -> Iterator[str]:
    """Names of fields in conditions, operations and field()."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key.lower() == "field" and isinstance(item, str):
                yield item.lower()
            yield from _names(item)
    elif isinstance(value, list):
        for item in value:
            yield from _names(item)
    elif isinstance(value, str) and value.startswith("["):
        for name in re.findall(r"(?:field|current)\(\s*'([^']+)'\s*\)", value, re.IGNORECASE):
            yield name.lower()


def _used() -> set[str]:
    used: set[str] = set()
    with gzip.open(DATA / "policyDefinitions.jsonl.gz") as stream:
        for line in stream:
            properties = json.loads(line)["body"]["properties"]
            if str(properties.get("mode") or "indexed").lower() not in ("all", "indexed"):
                continue
            rule = properties["policyRule"]
            details = rule["then"].get("details")
            looked_at = [rule.get("if"), details]
            if isinstance(details, dict):
                looked_at = [rule.get("if"), details.get("existenceCondition"), details.get("operations")]
            used.update(name for name in _names(looked_at) if "/" in name and not name.startswith(("[", "tags")))
    return used


def test_every_alias_of_the_definitions_is_there_but_two() -> None:
    table = built_in_aliases()
    used = _used()
    assert len(used) > 1_100
    assert {name for name in used if not table.exists(name)} == WITHOUT_PATH


def test_every_used_alias_has_the_path_of_the_type_that_it_is_used_with() -> None:
    table = built_in_aliases()
    by_type = json.loads((DATA / "aliases-by-type.json").read_text())
    wrong = [
        (type_, alias)
        for type_, aliases in by_type.items()
        for alias, path in aliases.items()
        if (found := table.path(type_, alias)) is None or found.text != path
    ]
    assert not wrong
    assert sum(map(len, by_type.values())) == 1_189


def test_every_alias_of_the_exports_has_its_path() -> None:
    table = built_in_aliases()
    everything = json.loads(gzip.decompress((DATA / "aliases.json.gz").read_bytes()))
    regular = {alias: path for alias, path in everything.items() if alias.count("/") > 1}
    assert len(regular) > 75_000
    for alias, path in regular.items():
        found = table.path(alias.rpartition("/")[0], alias)
        assert found is not None
        assert found.text == path
