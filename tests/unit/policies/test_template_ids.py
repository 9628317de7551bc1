"""Ids of templates: the same text is the same resource; others are told apart only where they can't be the same."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from policies.cases import answer_case
from policies.template_ids import is_open_id, told_by_ids
from policies.values import Unknown

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
GROUP = "/subscriptions/{subscription().subscriptionId}/resourceGroups/{resourceGroup().name}/providers"
STORAGE = f"{GROUP}/Microsoft.Storage/storageAccounts"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (f"{STORAGE}/st{{parameters('n')}}", f"{STORAGE}/ST{{parameters('n')}}", True),
        (f"{STORAGE}/st", f"{STORAGE}/st/", True),
        (f"{STORAGE}/st", f"{STORAGE}/other", False),
        (f"{STORAGE}/a{{parameters('n')}}", f"{STORAGE}/b{{parameters('m')}}", False),
        (f"{STORAGE}/{{parameters('n')}}a", f"{STORAGE}/{{parameters('m')}}b", False),
        (f"{STORAGE}/a{{parameters('n')}}", f"{STORAGE}/a{{parameters('m')}}", None),
        (f"{STORAGE}/{{toLower(parameters('n'))}}", f"{STORAGE}/{{parameters('n')}}", None),
        (f"{STORAGE}/{{parameters('n')}}", f"{GROUP}/Microsoft.KeyVault/vaults/{{parameters('n')}}", False),
        (f"{STORAGE}/st", f"{STORAGE}/st/blobServices/default", False),
        (f"{STORAGE}/{{parameters('n')}}", f"{STORAGE}/st/blobServices/default", None),
        (f"{STORAGE}/st{{newGuid()}}", f"{STORAGE}/st{{newGuid()}}", None),
        (f"{STORAGE}/{{a('/x/{{0}}')}}", f"{STORAGE}/{{a('/x/{{0}}')}}", True),
    ],
)
def test_two_ids_with_open_parts(one: str, other: str, same: bool | None) -> None:
    for first, second in ((one, other), (other, one)):
        told = told_by_ids("equals", Unknown("later", first), second)
        negated = told_by_ids("notequals", first, second)
        if same is None:
            assert isinstance(told, Unknown)
            assert isinstance(negated, Unknown)
        else:
            assert told is same
            assert negated is not same


def test_other_texts_and_operators_are_not_its_business() -> None:
    assert told_by_ids("equals", "a{b}", "a{b}") is None
    assert told_by_ids("equals", Unknown("later"), f"{STORAGE}/{{parameters('n')}}") is None
    assert told_by_ids("equals", f"{STORAGE}/st", Unknown("later", f"{STORAGE}/st")) is None
    assert told_by_ids("equals", 5, f"{STORAGE}/st") is None
    assert told_by_ids("like", f"{STORAGE}/st", f"{STORAGE}/st") is None
    assert told_by_ids("equals", "Disabled", f"{STORAGE}/st") is None
    assert told_by_ids("equals", "/subscriptions/1", "/subscriptions/1") is None
    assert not is_open_id("/subscriptions/1")


def policy() -> dict[str, Any]:
    connections = "Microsoft.Network/privateEndpoints/privateLinkServiceConnections[*]"
    same = {"field": f"{connections}.privateLinkServiceId", "equals": "[field('id')]"}
    details = {
        "type": "Microsoft.Network/privateEndpoints",
        "existenceCondition": {"count": {"field": connections, "where": same}, "greater": 0},
    }
    rule = {
        "if": {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
        "then": {"effect": "auditIfNotExists", "details": details},
    }
    return {"properties": {"mode": "All", "policyRule": rule}}


def endpoint(target: Any) -> dict[str, Any]:
    connection = {"name": "c", "properties": {"privateLinkServiceId": target}}
    properties = {"privateLinkServiceConnections": [connection]}
    return {"type": "Microsoft.Network/privateEndpoints", "name": "pe", "properties": properties}


def test_what_a_function_makes_of_an_id_is_another_text() -> None:
    condition = {"value": "[concat(field('Microsoft.Network/subnets/routeTable.id'), '/x')]", "equals": "[field('id')]"}
    later = {"$unknown": "later", "text": f"{STORAGE}/st{{parameters('n')}}"}
    resource = {"type": "Microsoft.Network/subnets", "id": later["text"], "properties": {"routeTable": {"id": later}}}
    case = {
        "policy": {"mode": "All", "policyRule": {"if": condition, "then": {"effect": "audit"}}},
        "resource": resource,
        "aliases": {"Microsoft.Network/subnets/routeTable.id": "properties.routeTable.id"},
    }
    assert answer_case(case, NOW)["state"] == "Unknown"


@pytest.mark.parametrize(
    ("type_", "text", "state"),
    [
        ("Microsoft.Network/virtualNetworks/subnets", "{parameters('network')}/GatewaySubnet", "NonCompliant"),
        ("Microsoft.Network/virtualNetworks/subnets", "{a('/x')}/GatewaySubnet", "NonCompliant"),
        ("Microsoft.Network/virtualNetworks/subnets", "{parameters('network')}/other", "NotApplicable"),
        ("Microsoft.Network/virtualNetworks/subnets", "network/{parameters('subnet')}", "Unknown"),
        ("Microsoft.Network/virtualNetworks/subnets", "network/{a('b/GatewaySubnet')}", "Unknown"),
        ("Microsoft.Network/virtualNetworks/subnets", "{parameters('network')}/", "Unknown"),
        ("Microsoft.Network/virtualNetworks", "{parameters('network')}/GatewaySubnet", "Unknown"),
    ],
)
def test_the_name_of_a_child_is_known_without_that_of_its_parent(type_: str, text: str, state: str) -> None:
    condition = {"allOf": [{"field": "name", "equals": "GatewaySubnet"}, {"field": "properties.x", "exists": False}]}
    resource = {"type": type_, "name": {"$unknown": "later", "text": text}, "properties": {}}
    case = {
        "policy": {"mode": "All", "policyRule": {"if": condition, "then": {"effect": "audit"}}},
        "resource": resource,
    }
    assert answer_case(case, NOW)["state"] == state


@pytest.mark.parametrize(
    ("target", "state"),
    [
        ({"$unknown": "later", "text": f"{STORAGE}/st{{parameters('n')}}"}, "Compliant"),
        ({"$unknown": "later", "text": f"{STORAGE}/other{{parameters('n')}}"}, "NonCompliant"),
        ({"$unknown": "later", "text": f"{STORAGE}/st{{parameters('m')}}"}, "Unknown"),
        ({"$unknown": "later", "text": "{parameters('target')}"}, "Unknown"),
        ({"$unknown": "later"}, "Unknown"),
        (f"{STORAGE}/st{{parameters('n')}}", "Compliant"),
        (f"{STORAGE}/other", "NonCompliant"),
    ],
)
def test_a_private_endpoint_is_found_by_the_id_that_it_names(target: Any, state: str) -> None:
    resource = {
        "type": "Microsoft.Storage/storageAccounts",
        "name": {"$unknown": "later", "text": "st{parameters('n')}"},
        "id": f"{STORAGE}/st{{parameters('n')}}",
        "properties": {},
    }
    case = {"policy": policy(), "resource": resource, "related": [endpoint(target)]}
    assert answer_case(case, NOW)["state"] == state


WORKSPACES = f"{GROUP}/Microsoft.MachineLearningServices/workspaces"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (f"{WORKSPACES}/{{workspace}}/onlineEndpoints/a", f"{WORKSPACES}/mlw/onlineEndpoints/A", True),
        (f"{WORKSPACES}/{{workspace}}/onlineEndpoints/a", f"{WORKSPACES}/{{parameters('w')}}/onlineEndpoints/a", True),
        (f"{WORKSPACES}/{{workspace}}/onlineEndpoints/a", f"{WORKSPACES}/mlw/onlineEndpoints/b", False),
        (f"{WORKSPACES}/{{workspace}}/onlineEndpoints/a", f"{WORKSPACES}/mlw/batchEndpoints/a", False),
        (
            f"{WORKSPACES}/{{workspace}}/onlineEndpoints/a",
            f"{WORKSPACES}/mlw/onlineEndpoints/{{parameters('e')}}",
            None,
        ),
        (f"{WORKSPACES}/{{workspace}}/onlineEndpoints/a", f"{WORKSPACES}/mlw", False),
        (f"{WORKSPACES}/{{workspace}}", f"{WORKSPACES}/mlw", None),
        (f"{WORKSPACES}/{{workspace}}/jobs/{{newGuid()}}", f"{WORKSPACES}/mlw/jobs/{{newGuid()}}", None),
        (f"{WORKSPACES}/{{workspace}}", f"{GROUP}/Microsoft.KeyVault/vaults/{{parameters('n')}}", False),
    ],
)
def test_what_a_file_of_azure_ml_names_is_the_same_in_whatever_workspace(
    one: str, other: str, same: bool | None
) -> None:
    for first, second in ((one, other), (other, one)):
        told = told_by_ids("equals", Unknown("later", first), second)
        assert isinstance(told, Unknown) if same is None else told is same
