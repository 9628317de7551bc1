"""Facts of the whole project: shared identities, traffic to deployments that nothing declares."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deploy_gate.policy_checks.estate_facts import add_estate_facts
from resource_readers.interface import ReadRequest
from resource_readers.projects import read_paths
from resource_readers.rendering import plain_resource

GROUP = "/subscriptions/s/resourceGroups/g/providers"
ML = "Microsoft.MachineLearningServices/workspaces"
IDENTITY = f"{GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/id-one"


def endpoint(name: str = "scoring", identity: Any = None, file: str = "a.yml", **more: Any) -> dict[str, Any]:
    identifier = f"{GROUP}/{ML}/{{workspace}}/onlineEndpoints/{name}"
    held = {"identity": {"type": "UserAssigned", "userAssignedIdentities": identity}} if identity else {}
    properties = more.pop("properties", {})
    base = {"type": f"{ML}/onlineEndpoints", "id": identifier, "properties": properties, "$file": file}
    return {**base, **held, **more}


def deployment(name: str, of: str = "scoring") -> dict[str, Any]:
    identifier = f"{GROUP}/{ML}/other/onlineEndpoints/{of}/deployments/{name}"
    return {"type": f"{ML}/onlineEndpoints/deployments", "id": identifier, "properties": {}}


def workspace(identity: Any) -> dict[str, Any]:
    held = {"identity": {"userAssignedIdentities": identity}}
    return {"type": ML, "id": f"{GROUP}/{ML}/ml", "properties": {}, "$file": "w.bicep", **held}


def shared(*views: dict[str, Any]) -> list[Any]:
    add_estate_facts([(str(view.get("$file", "")), view) for view in views], whole=True)
    return [view.get("estate", {}).get("identityAlsoOf") for view in views]


def missing(*views: dict[str, Any], whole: bool = True) -> Any:
    add_estate_facts([(str(view.get("$file", "")), view) for view in views], whole=whole)
    return views[0].get("estate", {}).get("missingTrafficTargets")


def test_an_identity_of_two_resources_is_told_of_both() -> None:
    one, other = endpoint(identity={IDENTITY: {}}), workspace({IDENTITY.upper(): {}})
    assert shared(one, other) == [[other["id"]], [one["id"]]]


def test_one_of_its_own_isnt_shared() -> None:
    assert shared(endpoint(identity={IDENTITY: {}}), endpoint("b", {f"{IDENTITY}-b": {}})) == [None, None]


def test_two_descriptions_of_one_endpoint_are_one() -> None:
    assert shared(endpoint(identity={IDENTITY: {}}), endpoint(identity={IDENTITY: {}}, file="b.yml")) == [None, None]


def test_an_open_id_means_the_same_within_one_file_only() -> None:
    open_id: dict[str, Any] = {f"{GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/{{parameters('name')}}": {}}
    assert shared(endpoint(identity=open_id), endpoint("b", open_id, file="b.yml")) == [None, None]
    assert None not in shared(endpoint(identity=open_id), endpoint("b", open_id))


def test_ids_that_are_known_in_part_are_told_by_the_text_of_their_object() -> None:
    group = "{subscription().subscriptionId}/resourceGroups/{resourceGroup().name}/providers"
    names = [f"/subscriptions/{group}/Microsoft.ManagedIdentity/userAssignedIdentities/{name}" for name in "abc"]
    one = {"$unknown": "the name of a property is not known", "text": "{" + " | ".join(names[:2]) + "}"}
    other = {"$unknown": "the name of a property is not known", "text": "{" + names[1] + "}"}
    third = {"$unknown": "the name of a property is not known", "text": "{" + names[2] + "}"}
    assert None not in shared(endpoint(identity=one), endpoint("b", other))
    assert shared(endpoint(identity=one), endpoint("b", third)) == [None, None]
    assert shared(endpoint(identity=one), endpoint("b", other, file="b.yml")) == [None, None]


def test_what_is_no_id_or_not_known_tells_nothing() -> None:
    assert shared(endpoint(identity={"place_holder": {}}), endpoint("b", {"place_holder": {}})) == [None, None]
    unknown = {"$unknown": "a parameter without a value"}
    assert shared(endpoint(identity=unknown), endpoint("b", unknown)) == [None, None]
    assert shared({"type": ML, "id": "x", "identity": unknown}, {"type": ML, "id": "y"}) == [None, None]


def test_of_two_under_conditions_perhaps_only_one_is_deployed() -> None:
    held: dict[str, Any] = {IDENTITY: {}}
    perhaps = endpoint(identity=held) | {"$condition": {"$unknown": "c"}}
    assert shared(perhaps, endpoint("b", held)) == [None, None]


def test_traffic_to_a_deployment_that_nothing_declares() -> None:
    properties = {"traffic": {"blue": 90, "Green": 10, "old": 0}, "mirrorTraffic": {"red": 10}}
    given = endpoint(properties=properties)
    assert missing(given, deployment("blue"), deployment("green")) == ["red"]
    assert missing(endpoint(properties={"traffic": {"blue": 100}}), deployment("green")) == ["blue"]


def test_where_deployments_are_made_elsewhere_nothing_is_told() -> None:
    given = {"traffic": {"blue": 100}}
    assert missing(endpoint(properties=given)) is None
    assert missing(endpoint(properties=given), deployment("blue", of="other")) is None
    assert missing(endpoint(properties=given), deployment("green"), deployment("{name}")) is None
    assert missing(endpoint(properties=given), deployment("green"), deployment("x", of="{endpoint}")) is None
    assert missing(endpoint(properties={"traffic": {"$unknown": "c"}}), deployment("green")) is None
    assert missing(endpoint(properties={"$unknown": "c"}), deployment("green")) is None


def test_what_was_not_read_may_declare_it() -> None:
    found = missing(endpoint(properties={"traffic": {"blue": 100}}), deployment("green"), whole=False)
    assert list(found) == ["$unknown"]


SHARED = {
    "main.bicep": "resource u 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'u' }\n"
    + "".join(
        f"resource {name} '{ML}@2024-04-01' = {{\n  name: '{name}'\n"
        "  identity: { userAssignedIdentities: { '${u.id}': {} } }\n}\n"
        for name in "ab"
    ),
    "main.json": json.dumps(
        {
            "contentVersion": "1.0.0.0",
            "resources": [
                {
                    "type": ML,
                    "apiVersion": "2024-04-01",
                    "name": name,
                    "identity": {
                        "userAssignedIdentities": {
                            "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'u')]": {}
                        }
                    },
                }
                for name in "ab"
            ],
        }
    ),
    "main.tf": 'resource "azurerm_user_assigned_identity" "u" {\n  name = "u"\n}\n'
    + "".join(
        f'resource "azurerm_machine_learning_workspace" "{name}" {{\n  name = "{name}"\n  identity {{\n'
        '    type = "UserAssigned"\n    identity_ids = [azurerm_user_assigned_identity.u.id]\n  }\n}\n'
        for name in "ab"
    ),
}


@pytest.mark.parametrize("name", list(SHARED))
def test_a_shared_identity_is_told_in_every_language_of_templates(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(SHARED[name], encoding="utf-8")
    read = read_paths(ReadRequest(root=tmp_path, path=tmp_path), [tmp_path])
    views = [(shown, plain_resource(resource, str)) for shown, result in read for resource in result.resources]
    add_estate_facts(views, whole=True)
    told = [view["estate"]["identityAlsoOf"] for _, view in views if view["type"].lower() == ML.lower()]
    assert [[one[-1] for one in others] for others in told] == [["b"], ["a"]]


MODULE = (
    "param name string\nparam identity string\nresource ml '"
    + ML
    + "@2024-04-01' = {\n  name: name\n  identity: { userAssignedIdentities: { '${identity}': {} } }\n}\n"
)
CALLER = "param given string\n" + "".join(
    f"module {name} '{name}.bicep' = {{\n  name: '{name}'\n  params: {{ name: '{name}', identity: IDENTITY }}\n}}\n"
    for name in "ab"
)


@pytest.mark.parametrize(
    ("identity", "is_shared"),
    [
        ("given", True),
        ("resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', given)", True),
        ("resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', '${given}-NAME')", False),
    ],
)
def test_an_identity_that_is_handed_to_two_modules_is_shared(identity: str, is_shared: bool, tmp_path: Path) -> None:
    text = "".join(
        line.replace("IDENTITY", identity).replace("NAME", f"{number}") + "\n"
        for number, line in enumerate(CALLER.splitlines())
    )
    for name, content in {"main.bicep": text, "a.bicep": MODULE, "b.bicep": MODULE}.items():
        (tmp_path / name).write_text(content)
    read = dict(read_paths(ReadRequest(root=tmp_path, path=tmp_path), [tmp_path]))
    views = [("main.bicep", plain_resource(resource, str)) for resource in read["main.bicep"].resources]
    add_estate_facts(views, whole=True)
    told = ["estate" in view for _, view in views if view["type"].lower() == ML.lower()]
    assert told == [is_shared, is_shared]


def test_files_of_one_folder_of_terraform_share_what_they_name(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.tf").write_text(
            f'resource "azurerm_machine_learning_workspace" "{name}" {{\n  name = "{name}"\n  identity {{\n'
            '    type = "UserAssigned"\n    identity_ids = [var.identity]\n  }\n}\n'
            + ('variable "identity" {}\n' if name == "a" else "")
        )
    read = read_paths(ReadRequest(root=tmp_path, path=tmp_path), [tmp_path])
    views = [(shown, plain_resource(resource, str)) for shown, result in read for resource in result.resources]
    add_estate_facts(views, whole=True)
    assert ["estate" in view for _, view in views] == [True, True]
