"""Alias tables: the compact form, the shipped table, and what an import makes of hostile and real input."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.alias_import import collect, load_table, read_source, table_bytes, table_json
from policies.alias_text import can_shorten, expand, shorten
from policies.aliases import AliasTable, built_in_aliases, read_table
from verdicts.errors import ConfigurationError

STORAGE = "microsoft.storage/storageaccounts"

_NAMES = st.text(alphabet="abc.[*]-#$@", min_size=1, max_size=12)
_PATHS = st.one_of(
    _NAMES.map(lambda name: f"properties.{name.title()}"),
    st.text(alphabet="abAB.[*]~ properties'", min_size=1, max_size=20),
)


@given(st.dictionaries(_NAMES, _PATHS, max_size=30))
def test_the_compact_form_says_exactly_what_was_put_in(aliases: dict[str, str]) -> None:
    plain = {name: path for name, path in aliases.items() if can_shorten(name, path)}
    assert expand("a/b", shorten(plain)) == {f"a/b/{name}": path for name, path in plain.items()}


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=8), max_size=8))
def test_a_table_holds_every_alias_also_the_odd_ones(aliases: dict[str, str]) -> None:
    content = {f"a/b/{name}": path for name, path in aliases.items()}
    usable = {
        name: path for name, path in content.items() if name.isprintable() and path.isprintable() and path.strip()
    }
    if not usable or len({name.lower() for name in usable}) != len(usable) or any("/" in name[4:] for name in usable):
        return
    table = read_table(table_json(collect(usable, "x"), {}))
    assert {name.lower(): _path(table, "a/b", name.lower()) for name in usable} == {
        name.lower(): path for name, path in usable.items()
    }


def _path(table: AliasTable, type_: str, alias: str) -> str | None:
    found = table.path(type_, alias)
    return None if found is None else found.text


@pytest.mark.parametrize("text", [" a", "a\n  b", "\n", "a\n\nb"])
def test_a_line_that_has_no_place_in_the_tree_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a line of an alias table"):
        expand("a/b", text)


# The shipped table


@pytest.mark.parametrize(
    ("type_", "alias", "path"),
    [
        (STORAGE, f"{STORAGE}/minimumtlsversion", "properties.minimumTlsVersion"),
        (STORAGE, f"{STORAGE}/sku.name", "sku.name"),
        (
            "microsoft.insights/diagnosticsettings",
            "microsoft.insights/diagnosticsettings/logs.enabled",
            "properties.logs[*].enabled",
        ),
        (
            "microsoft.compute/virtualmachines",
            "microsoft.compute/imagepublisher",
            "properties.storageProfile.imageReference.publisher",
        ),
        (
            "microsoft.compute/virtualmachinescalesets",
            "microsoft.compute/imagepublisher",
            "properties.virtualMachineProfile.storageProfile.imageReference.publisher",
        ),
        (
            "microsoft.machinelearningservices/workspaces",
            "microsoft.machinelearningservices/workspaces/publicnetworkaccess",
            "properties.publicNetworkAccess",
        ),
    ],
)
def test_the_shipped_table_knows_the_path(type_: str, alias: str, path: str) -> None:
    assert _path(built_in_aliases(), type_, alias) == path


def test_an_alias_of_a_child_type_is_none_of_its_parent() -> None:
    table = built_in_aliases()
    alias = "microsoft.network/virtualnetworks/subnets/networksecuritygroup.id"
    assert _path(table, "microsoft.network/virtualnetworks/subnets", alias) == "properties.networkSecurityGroup.id"
    assert table.path("microsoft.network/virtualnetworks", alias) is None
    of_parent = "microsoft.network/virtualnetworks/subnets[*].networksecuritygroup.id"
    assert table.path("microsoft.network/virtualnetworks/subnets", of_parent) is None
    assert _path(table, "microsoft.network/virtualnetworks", of_parent) == (
        "properties.subnets[*].properties.networkSecurityGroup.id"
    )


def test_what_is_not_in_the_table_is_missing_only_where_the_table_is_complete() -> None:
    table = built_in_aliases()
    assert not table.exists(f"{STORAGE}/nosuchalias")
    assert table.covers_alias(f"{STORAGE}/nosuchalias")
    # A child that nobody has heard of, a misspelt path, and a provider outside of the estate may exist.
    assert not table.covers_alias(f"{STORAGE}/newchild/x")
    assert not table.covers_alias("microsoft.mobilenetwork/simgroups/encryptionkey.keyurl")


def test_the_shipped_table_is_small() -> None:
    data = Path(__file__).resolve().parents[3] / "policies" / "data" / "aliases.json.gz"
    assert data.stat().st_size < 400_000


# Imports


def _provider(**changes: Any) -> dict[str, Any]:
    aliases = [
        {
            "name": "Microsoft.Storage/storageAccounts/minimumTlsVersion",
            "defaultPath": "properties.minimumTlsVersion",
            "defaultMetadata": {"attributes": "Modifiable", "type": "String"},
            "paths": [],
        },
        {
            "name": "Microsoft.Storage/storageAccounts/old",
            "paths": [
                {"path": "properties.older", "apiVersions": ["2015-06-15"]},
                {"path": "properties.newer", "apiVersions": ["2023-01-01", "2019-04-01"]},
            ],
        },
    ]
    types = [{"resourceType": "storageAccounts", "aliases": aliases}, {"resourceType": "operations", "aliases": None}]
    return {"namespace": "Microsoft.Storage", "resourceTypes": types, **changes}


@pytest.mark.parametrize("wrap", [lambda one: [one], lambda one: {"value": [one]}, lambda one: one])
def test_a_provider_list_becomes_a_complete_table(wrap: Any) -> None:
    table = read_table(table_json(collect(wrap(_provider()), "x"), {}))
    assert _path(table, STORAGE, f"{STORAGE}/minimumtlsversion") == "properties.minimumTlsVersion"
    assert _path(table, STORAGE, f"{STORAGE}/old") == "properties.newer"
    assert table.covers(STORAGE)
    assert table.covers("microsoft.storage/operations")
    assert table.can_modify(STORAGE, f"{STORAGE}/minimumtlsversion") is True
    assert table.can_modify(STORAGE, f"{STORAGE}/old") is False
    assert built_in_aliases().can_modify(STORAGE, f"{STORAGE}/old") is None


def test_an_alias_under_another_name_than_its_type_belongs_to_its_type_only() -> None:
    provider = _provider()
    provider["resourceTypes"][0]["aliases"] = [{"name": "Microsoft.Storage/odd", "defaultPath": "properties.odd"}]
    table = read_table(table_json(collect([provider], "x"), {}))
    assert table.exists("microsoft.storage/odd")
    assert _path(table, STORAGE, "microsoft.storage/odd") == "properties.odd"
    assert table.path("microsoft.storage/operations", "microsoft.storage/odd") is None
    assert table.types_of("microsoft.storage/odd") == {STORAGE: "properties.odd"}


def test_a_type_with_an_alias_without_path_is_not_complete() -> None:
    provider = _provider()
    provider["resourceTypes"][0]["aliases"].append({"name": "Microsoft.Storage/storageAccounts/pathless"})
    found = collect([provider], "x")
    assert found.without_path == [f"{STORAGE}: {STORAGE}/pathless"]
    assert STORAGE not in found.types


def test_a_mapping_covers_no_type() -> None:
    table = read_table(table_json(collect({"A.B/c/D.e": "properties.d.E"}, "x"), {}))
    assert _path(table, "a.b/c", "a.b/c/d.e") == "properties.d.E"
    assert not table.covers_alias("a.b/c/other")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "no aliases"),
        ({}, "no aliases"),
        (3, "neither a list"),
        ([3], "namespace and resourceTypes"),
        ([{"namespace": "a.b", "resourceTypes": [{"resourceType": "c", "aliases": None}]}], "no aliases"),
        ([{"namespace": 3, "resourceTypes": []}], "short text"),
        ([{"namespace": "a.b", "resourceTypes": [{"resourceType": "c", "aliases": [{"name": "x\x1b[2J"}]}]}], "short"),
        ([{"namespace": "a.b", "resourceTypes": [{"resourceType": "c", "aliases": {}}]}], "aliases must be a list"),
        ({"value": [], "nextLink": "https://example.com"}, "first page"),
        ({"a.b/c/d": "x", "A.B/C/D": "y"}, "two paths"),
        ({"a.b/c/d": 3}, "short text"),
        ({"a.b/c/d": "x" * 3000}, "short text"),
    ],
)
def test_what_is_no_source_is_refused_with_a_reason(content: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        collect(content, "file.json")


@pytest.mark.parametrize("name", ["table.json", "table.json.gz"])
def test_a_written_table_reads_back(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    table = table_json(collect([_provider()], "x"), {"source": "x"})
    data = table_bytes(table, compressed=path.suffix == ".gz")
    assert data == table_bytes(table, compressed=path.suffix == ".gz")
    path.write_bytes(data)
    loaded = load_table(path)
    assert _path(loaded, STORAGE, f"{STORAGE}/old") == "properties.newer"
    assert loaded.modifiable == {STORAGE: frozenset({f"{STORAGE}/minimumtlsversion"})}


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "other"},
        {"by_type": []},
        {"by_type": {STORAGE: 3}},
        {"by_type": {STORAGE: "    too deep"}},
        {"by_type": {}},
        {"irregular": {"a": "b"}},
        {"complete": None},
        {"complete": [3]},
        {"modifiable": {"a": 3}},
        {"count": 999},
    ],
)
def test_a_damaged_table_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "table.json"
    path.write_text(json.dumps({**table_json(collect([_provider()], "x"), {}), **change}))
    with pytest.raises(ConfigurationError, match="alias table"):
        load_table(path)


def test_hostile_files_are_refused_with_file_and_line(tmp_path: Path) -> None:
    for data, message in (
        (b'{\n"a": 1,\n"a": 2}', "stands twice"),
        (b"{\n\nx", r"source:3: not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b"\xff\xfe{", "not UTF-8"),
        (gzip.compress(b"{}")[:-6], "damaged gzip"),
        (b"\x1f\x8bnonsense", "damaged gzip"),
    ):
        path = tmp_path / "source"
        path.write_bytes(data)
        with pytest.raises(ConfigurationError, match=message):
            read_source(path)
    with pytest.raises(ConfigurationError, match="can't be read"):
        read_source(tmp_path / "absent")


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.json.gz"
    path.write_bytes(gzip.compress(b" " * 5_000_000))
    with pytest.raises(ConfigurationError, match="when unpacked"):
        read_source(path, maximum=1_000_000)
