"""The tables of azurerm resources: what is made of them is up to date, and each line of them holds."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from policies.alias_text import expand
from resource_readers.interface import Unknown, Value
from resource_readers.terraform import azurerm_compile
from resource_readers.terraform.azurerm import to_arm
from resource_readers.terraform.azurerm_conversions import known_conversions, known_joint_conversions
from resource_readers.terraform.azurerm_roles import built_in_roles
from resource_readers.terraform.azurerm_tables import (
    EACH,
    MISSING,
    Block,
    Constant,
    Entry,
    Leaf,
    Step,
    Target,
    mapping_of,
    raw_tables,
)
from resource_readers.terraform.instances import TerraformInstance
from resource_readers.trees.nodes import Position
from verdicts import Location

ROOT = Path(__file__).resolve().parents[4]
TYPES = sorted(raw_tables())
CONTEXT = frozenset({"", "role", "sibling", "reference"})
TOP = frozenset(
    {"location", "tags", "kind", "sku", "identity", "zones", "plan", "extendedlocation", "managedby", "etag"}
)
"""Properties beside `properties`, which have few aliases."""

# Parts of a type that depend on a kind (the aliases name none of them), or whose keys are anyone's choice.
OPEN = {
    "microsoft.apimanagement/service/loggers": ("credentials",),
    "microsoft.cache/redis": ("redisconfiguration",),
    "microsoft.containerservice/managedclusters": ("addonprofiles", "autoscalerprofile"),
    "microsoft.datafactory/factories/credentials": ("typeproperties",),
    "microsoft.datafactory/factories/datasets": ("typeproperties",),
    "microsoft.datafactory/factories/linkedservices": ("typeproperties",),
    "microsoft.datafactory/factories/triggers": ("typeproperties",),
    "microsoft.web/sites": ("siteconfig.azurestorageaccounts",),
    "microsoft.web/sites/config": ("",),
    "microsoft.web/sites/slots": ("siteconfig.azurestorageaccounts",),
    "microsoft.web/sites/slots/config": ("",),
}
# Of newer api versions than the aliases, or only ever sent and never given back (secrets, hosts of hooks); from the
# REST reference of each type.
WITHOUT_ALIAS = {
    "microsoft.apimanagement/service/apis": {"format", "value"},
    "microsoft.apimanagement/service/certificates": {"data", "password"},
    "microsoft.containerregistry/registries/webhooks": {"serviceuri", "customheaders"},
    "microsoft.dbformariadb/servers": {"administratorloginpassword"},
    "microsoft.dbformysql/servers": {"administratorloginpassword", "createmode"},
    "microsoft.dbforpostgresql/servers": {
        *("administratorloginpassword", "createmode", "sourceserverid", "restorepointintime"),
    },
    "microsoft.insights/components": {"application_type"},
    "microsoft.network/applicationgatewaywebapplicationfirewallpolicies": {
        "policysettings.jschallengecookieexpirationinmins"
    },
    "microsoft.network/bastionhosts": {"enablesessionrecording"},
    "microsoft.network/loadbalancers/inboundnatrules": {"frontendipconfiguration.name"},
    "microsoft.network/privatednszones/virtualnetworklinks": {"resolutionpolicy"},
    "microsoft.network/virtualnetworks": {
        "addressspace.ipampoolprefixallocations.pool.id",
        "addressspace.ipampoolprefixallocations.numberofipaddresses",
        "privateendpointvnetpolicies",
    },
    "microsoft.network/virtualnetworks/subnets": {
        "ipampoolprefixallocations.pool.id",
        "ipampoolprefixallocations.numberofipaddresses",
        "sharingscope",
    },
    "microsoft.network/virtualnetworks/virtualnetworkpeerings": {
        *("localsubnetnames", "remotesubnetnames", "enableonlyipv6peering", "peercompletevnets"),
    },
    "microsoft.subscription/aliases": {"displayname", "billingscope", "workload"},
}


def test_what_is_loaded_is_what_the_yaml_says() -> None:
    compiled = azurerm_compile.compiled(azurerm_compile.services())
    assert (azurerm_compile.DATA / "azurerm.json").read_text(encoding="utf-8") == compiled


def test_the_documentation_is_what_the_tables_say() -> None:
    pages = azurerm_compile.pages(azurerm_compile.services())
    for path, text in pages.items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, path
    assert {path.relative_to(ROOT) for path in (ROOT / azurerm_compile.PAGES).glob("*.md")} <= set(pages)


def test_the_documentation_says_every_attribute_and_every_path() -> None:
    pages = azurerm_compile.pages(azurerm_compile.services())
    text = pages[azurerm_compile.PAGES / "key-vault.md"]
    wanted = "| `rbac_authorization_enabled, enable_rbac_authorization` | `enableRbacAuthorization` |  | `false` |"
    assert wanted in text
    assert "| `network_acls.ip_rules` | `networkAcls.ipRules[].value` |  |  |" in text
    assert "(terraform-mapping/key-vault.md#azurerm_key_vault)" in pages[azurerm_compile.INDEX]


def test_a_type_stands_once_only() -> None:
    with pytest.raises(ValueError, match="azurerm_x stands twice"):
        azurerm_compile.compiled({"one": {"azurerm_x": {}}, "two": {"azurerm_x": {}}})


@pytest.mark.parametrize("terraform_type", TYPES)
def test_every_line_is_understood(terraform_type: str) -> None:
    table = raw_tables()[terraform_type]
    assert set(table) <= {"arm", "name", "at", "into", "attributes", "also", "computed"}
    mapping = mapping_of(terraform_type)
    assert mapping is not None
    assert re.fullmatch(r"[Mm]icrosoft\.[\w.]+(/[\w.]+)+", mapping.type), mapping.type
    words = {"group", "subscription", "tenant", "management_group", "group_id", "extends", "parent", "beside"}
    assert mapping.place[0] in words
    assert mapping.into or len(mapping.name) <= mapping.type.count("/")
    for also in mapping.also:
        assert also.type.startswith(mapping.type + "/")
        assert len(also.name) == also.type.count("/") - mapping.type.count("/")
    for entries in (mapping.entries, *(also.entries for also in mapping.also)):
        for leaf, _, _ in leaves(entries):
            allowed = known_joint_conversions() if leaf.together else known_conversions() | CONTEXT
            assert leaf.conversion[0] in allowed, leaf


@pytest.mark.parametrize("terraform_type", TYPES)
def test_every_arm_path_is_one_of_the_type(terraform_type: str) -> None:
    mapping = mapping_of(terraform_type)
    assert mapping is not None
    for type_, entries in ((mapping.type, mapping.entries), *((also.type, also.entries) for also in mapping.also)):
        known = alias_paths(type_.lower())
        if known is None:
            continue
        for path in sorted(set(arm_paths(entries, "properties"))):
            if path == "properties" or path.partition(".")[0] in TOP:
                continue
            short = path.removeprefix("properties.")
            opened = OPEN.get(type_.lower(), ())
            fine = (
                short in known
                or short in WITHOUT_ALIAS.get(type_.lower(), ())
                or any(short.startswith(prefix) for prefix in opened)
                or ends_in_a_leaf(short, known)
            )
            assert fine, f"{terraform_type}: {type_} has no {path}"


def test_most_types_have_aliases_to_be_compared_with() -> None:
    types = {mapping.type.lower() for name in TYPES if (mapping := mapping_of(name)) is not None}
    assert sum(alias_paths(one) is not None for one in types) / len(types) > 0.9


@pytest.mark.parametrize("terraform_type", TYPES)
def test_every_attribute_arrives_and_says_where_it_stands(terraform_type: str) -> None:
    """Each attribute alone, in the blocks around it: its value is at its path, and its place is its own."""
    mapping = mapping_of(terraform_type)
    assert mapping is not None
    extra = {mapping.place[1]: PARENT} if mapping.place[0] in ("parent", "extends") else {}
    for leaf, around, way in leaves(mapping.entries):
        if leaf.target is None or leaf.together or any(step.position == EACH for step in leaf.target.steps):
            continue
        if any(block.key or block.condition for block in around):
            continue
        for name in leaf.names:
            value = sample(leaf)
            values = {**nested(around, {name: value}), **extra}
            resource = to_arm([instance(terraform_type, values)])[0][0]
            path = concrete(leaf.target, way)
            found = read(resource, path)
            assert found is not MISSING, (terraform_type, name, path)
            if leaf.conversion[0] == "":
                assert found == value
            elif leaf.conversion[0] in ("enabled", "disabled", "not"):
                assert found in ("Enabled", "Disabled", True, False)
            expected = (*(part for block in around for part in (block.names[0], 0)), name)
            resource.place(*path)
            assert ASKED[-1] == expected


@pytest.mark.parametrize("terraform_type", TYPES)
def test_a_default_never_replaces_what_is_written(terraform_type: str) -> None:
    mapping = mapping_of(terraform_type)
    assert mapping is not None
    for leaf, around, way in leaves(mapping.entries):
        if (
            leaf.default is not True
            or leaf.target is None
            or around
            or leaf.conversion[0] not in ("", "enabled", "not")
        ):
            continue
        for name in leaf.names:
            resource = to_arm([instance(terraform_type, {name: False})])[0][0]
            found = read(resource, concrete(leaf.target, way))
            assert found is (leaf.conversion[0] == "not") or found == "Disabled", (terraform_type, name)


def test_the_roles_are_those_that_the_matrix_knows() -> None:
    names = built_in_roles()
    assert len(names) > 900
    assert names["azureml data scientist"] == "f6c7c914-8db3-469d-8ca1-694a8f32e121"
    assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", one) for one in names.values())


PARENT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Some/things/one"
ASKED: list[tuple[str | int, ...]] = []
"""The paths of Terraform that a source was asked for."""


class _Source:
    def position(self, path: tuple[str | int, ...]) -> Position:
        ASKED.append(path)
        return Position(1)


def instance(terraform_type: str, values: dict[str, Value]) -> TerraformInstance:
    return TerraformInstance(
        mode="managed",
        type=terraform_type,
        name="x",
        key=None,
        module=(),
        address=f"{terraform_type}.x",
        values=values,
        provider="azurerm",
        condition=True,
        repeated=False,
        location=Location("main.tf", 1),
        source=_Source(),
    )


def leaves(
    entries: Sequence[Entry], around: tuple[Block, ...] = (), way: tuple[str | int, ...] = ("properties",)
) -> Iterator[tuple[Leaf, tuple[Block, ...], tuple[str | int, ...]]]:
    """Every attribute with the blocks around it and the ARM path of the innermost."""
    for entry in entries:
        if isinstance(entry, Leaf):
            yield entry, around, way
        elif isinstance(entry, Block):
            yield from leaves(entry.entries, (*around, entry), concrete(entry.target, way))


def concrete(target: Target, way: tuple[str | int, ...]) -> tuple[str | int, ...]:
    path = () if target.from_top else way
    for step in target.steps:
        path = (*path, step.name, *(() if step.position is None else (max(step.position, 0),)))
    return path


def nested(around: Sequence[Block], values: dict[str, Value]) -> dict[str, Value]:
    for block in reversed(around):
        values = {block.names[0]: [values]}
    return values


def sample(leaf: Leaf) -> Value:
    word, argument = leaf.conversion
    if word in ("enabled", "disabled", "on", "yes", "allow", "not", "when"):
        return True
    if word in ("keys", "clauses", "list", "first", "join"):
        return ["a value of its own"]
    if word in ("pairs", "wrap", "parameters", "jsonmap"):
        return {"key": "a value of its own"}
    samples = {
        "keypart": "https://vault.example/keys/name/version",
        "idpart": f"/subscriptions/s/{argument}/name",
        "part": "Name_1",
        "times": 3,
        "number": "3",
        "json": "{}",
    }
    return samples.get(word, "a value of its own")


def read(resource: Any, path: tuple[str | int, ...]) -> Value:
    node: Value = {**resource.fields, "properties": resource.properties}
    for part in path:
        if not isinstance(node, dict | list):
            return MISSING
        try:
            node = node[part]  # type: ignore[index]
        except (KeyError, IndexError):
            return MISSING
    return node


def arm_paths(entries: Sequence[Entry], base: str) -> Iterator[str]:
    for entry in entries:
        if isinstance(entry, Leaf) and entry.target is None:
            continue
        target = entry.target
        assert target is not None
        path = dotted(target.steps, "" if target.from_top else base)
        if isinstance(entry, Block):
            yield from arm_paths(entry.entries, path)
        else:
            assert isinstance(entry, Leaf | Constant)
            yield path


def dotted(steps: Sequence[Step], base: str) -> str:
    return ".".join(part for part in (base.lower(), *(step.name.lower() for step in steps)) if part)


@cache
def _aliases() -> dict[str, str]:
    content = json.loads(gzip.decompress((ROOT / "policies" / "data" / "aliases.json.gz").read_bytes()))
    by_type: dict[str, str] = content["by_type"]
    return by_type


@cache
def alias_paths(type_: str) -> frozenset[str] | None:
    """The paths of a type's aliases and all around them, without `properties.` and `[*]`; None if it has none."""
    text = _aliases().get(type_)
    if text is None:
        return None
    paths: set[str] = set()
    for alias, path in expand(type_, text).items():
        for one in (alias[len(type_) + 1 :], path):
            parts = re.sub(r"\[[^\]]*\]", "", one).lower().removeprefix("properties.").split(".")
            paths.update(".".join(parts[:end]) for end in range(1, len(parts) + 1))
    return frozenset(paths)


def ends_in_a_leaf(path: str, known: frozenset[str]) -> bool:
    """Whether it lies in something that the aliases name but don't look into (an object with any keys)."""
    parts = path.split(".")
    heads = [".".join(parts[:end]) for end in range(len(parts) - 1, 0, -1)]
    head = next((one for one in heads if one in known), None)
    return head is not None and not any(one.startswith(head + ".") for one in known)


def test_unknown_values_stay_unknown_everywhere() -> None:
    """No conversion takes an unknown value for a known one."""
    for terraform_type in TYPES:
        mapping = mapping_of(terraform_type)
        assert mapping is not None
        for leaf, around, way in leaves(mapping.entries):
            if leaf.target is None or around or leaf.together or leaf.conversion[0] in ("constant", "idpart"):
                continue
            if any(step.position is not None for step in leaf.target.steps):
                continue
            value = Unknown("the variable 'x' has no value", "{var.x}")
            resource = to_arm([instance(terraform_type, {leaf.names[0]: value})])[0][0]
            found = read(resource, concrete(leaf.target, way))
            assert not isinstance(found, str | int), (terraform_type, leaf)
