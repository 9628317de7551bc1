"""Plans and states."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from resource_readers.interface import ReadRequest, ReadResult, Unknown
from resource_readers.registry import read_resources
from resource_readers.rendering import plain_resource


def change(address: str, actions: list[str], after: Any, **more: Any) -> dict[str, Any]:
    kind, name = address.split(".")[-2:]
    return {
        "address": address,
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider_name": "registry.terraform.io/hashicorp/other",
        "change": {"actions": actions, "before": None, "after": after, **more},
    }


def read(folder: Path, document: Any, name: str = "plan.json") -> ReadResult:
    (folder / name).write_text(document if isinstance(document, str) else json.dumps(document, indent=2))
    return read_resources(ReadRequest(root=folder, path=folder / name))


def plan_of(*changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": list(changes), **more}


def test_a_plan_gives_what_is_there_after_it(tmp_path: Path) -> None:
    result = read(
        tmp_path,
        plan_of(
            change("o_x.new", ["create"], {"name": "n", "gone": None}),
            change("o_x.same", ["no-op"], {"name": "s"}),
            change("o_x.replaced", ["delete", "create"], {"name": "r"}),
            change("o_x.deleted", ["delete"], None),
            change("o_x.forgotten", ["forget"], None),
        ),
    )
    assert result.kind == "terraform-plan"
    assert [one.properties for one in result.resources] == [{"name": "n"}, {"name": "s"}, {"name": "r"}]


def test_unknown_and_sensitive_values_say_so(tmp_path: Path) -> None:
    resource = read(
        tmp_path,
        plan_of(
            change(
                "o_x.y",
                ["create"],
                {"name": "n", "password": "hunter2", "block": [{"a": 1, "secret": "s3"}, {}], "list": ["x", None]},
                after_unknown={"id": True, "block": [{}, {"b": True}], "list": [False, True]},
                after_sensitive={"password": True, "block": [{"secret": True}]},
            )
        ),
    ).resources[0]
    properties = resource.properties
    assert properties["name"] == "n"
    assert properties["id"].reason == "known only after the deployment"
    assert "sensitive" in properties["password"].reason
    assert properties["block"][0]["a"] == 1
    assert isinstance(properties["block"][0]["secret"], Unknown)
    assert isinstance(properties["block"][1]["b"], Unknown)
    assert properties["list"][0] == "x"
    assert isinstance(properties["list"][1], Unknown)
    shown = json.dumps(plain_resource(resource))
    assert "hunter2" not in shown
    assert "s3" not in shown


def test_places_point_into_the_plan(tmp_path: Path) -> None:
    document = plan_of(change("o_x.y", ["create"], {"name": "n", "tags": {"a": 1}}))
    resource = read(tmp_path, document).resources[0]
    lines = (tmp_path / "plan.json").read_text().splitlines()
    assert '"address": "o_x.y"' in lines[(resource.location.line or 0)]
    place = resource.place("properties", "tags", "a")
    assert lines[place.line - 1][place.column - 1 :] == '"a": 1'


def test_what_the_resource_computes_is_left_out_and_ids_point_at_their_resource(tmp_path: Path) -> None:
    configuration = {
        "root_module": {
            "resources": [
                {"address": "o_x.a", "mode": "managed", "type": "o_x", "name": "a", "expressions": {}},
                {
                    "address": "o_x.b",
                    "mode": "managed",
                    "type": "o_x",
                    "name": "b",
                    "expressions": {
                        "a_id": {"references": ["o_x.a.id", "o_x.a"]},
                        "both_id": {"references": ["o_x.a.id", "o_x.a", "var.x"]},
                    },
                },
            ]
        }
    }
    result = read(
        tmp_path,
        plan_of(
            change("o_x.a", ["create"], {}, after_unknown={"id": True}),
            change("o_x.b", ["create"], {}, after_unknown={"id": True, "a_id": True, "both_id": True}),
            configuration=configuration,
        ),
    )
    first, second = result.resources
    assert first.properties == {}
    assert sorted(second.properties) == ["a_id", "both_id"]
    assert second.properties["a_id"].text == first.id or "o_x.a" in second.properties["a_id"].text
    assert second.properties["both_id"].text == "{o_x.b.both_id}"


def test_a_state_gives_its_resources_module_by_module(tmp_path: Path) -> None:
    def resource(address: str, values: dict[str, Any]) -> dict[str, Any]:
        kind, name = address.split(".")[-2:]
        return {
            "address": address,
            "mode": "managed",
            "type": kind,
            "name": name,
            "provider_name": "registry.terraform.io/hashicorp/other",
            "values": values,
            "sensitive_values": {"key": True},
        }

    state = {
        "format_version": "1.0",
        "terraform_version": "1.11.4",
        "values": {
            "root_module": {
                "resources": [resource("o_x.y", {"id": "1", "key": "secret"})],
                "child_modules": [{"address": "module.m", "resources": [resource("module.m.o_x.z", {"id": "2"})]}],
            }
        },
    }
    result = read(tmp_path, state, "state.json")
    assert result.kind == "terraform-state"
    assert [one.fields["terraform"]["address"] for one in result.resources] == ["o_x.y", "module.m.o_x.z"]
    assert isinstance(result.resources[0].properties["key"], Unknown)


def test_a_state_file_gives_its_instances(tmp_path: Path) -> None:
    state = {
        "version": 4,
        "terraform_version": "1.11.4",
        "serial": 3,
        "lineage": "x",
        "resources": [
            {
                "module": 'module.m["a"]',
                "mode": "managed",
                "type": "o_x",
                "name": "y",
                "provider": 'provider["registry.terraform.io/hashicorp/other"]',
                "instances": [
                    {
                        "index_key": "k",
                        "attributes": {"id": "1", "key": "secret"},
                        "sensitive_attributes": [[{"type": "get_attr", "value": "key"}]],
                    }
                ],
            }
        ],
    }
    result = read(tmp_path, state, "terraform.tfstate")
    assert result.resources[0].fields["terraform"]["address"] == 'module.m["a"].o_x.y["k"]'
    assert result.resources[0].properties["id"] == "1"
    assert isinstance(result.resources[0].properties["key"], Unknown)


def test_a_plan_without_changes_is_read_whole(tmp_path: Path) -> None:
    result = read(tmp_path, {"format_version": "1.2", "terraform_version": "1", "planned_values": {"root_module": {}}})
    assert (result.kind, result.resources, result.not_read) == ("terraform-plan", (), ())


def test_a_plan_in_utf_16_is_read(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(plan_of(change("o_x.y", ["create"], {"a": 1}))), encoding="utf-16")
    result = read_resources(ReadRequest(root=tmp_path, path=tmp_path / "plan.json"))
    assert result.resources[0].properties == {"a": 1}


@pytest.mark.parametrize(
    "broken",
    [
        {"resource_changes": 1},
        {"resource_changes": [1]},
        {"resource_changes": [{"change": {"actions": ["create"], "after": {}}}]},
        {"resource_changes": [{"address": "o_x.y", "change": 1}]},
        {"resource_changes": [change("o_x.y", ["create"], [1])]},
        {"resource_changes": [{**change("o_x.y", ["create"], {}), "mode": "odd"}]},
        {"resource_changes": None, "planned_values": 1},
        {"resource_changes": None, "planned_values": {"root_module": {"resources": {}}}},
    ],
)
def test_a_plan_that_isnt_one_is_named(tmp_path: Path, broken: dict[str, Any]) -> None:
    result = read(tmp_path, {"format_version": "1.2", "terraform_version": "1.11.4", **broken})
    assert result.kind == "terraform-plan"
    assert result.not_read
    assert not result.resources


def test_a_plan_that_is_cut_off_is_named(tmp_path: Path) -> None:
    text = json.dumps(plan_of(change("o_x.y", ["create"], {"a": 1})))
    result = read(tmp_path, text[:-10])
    assert result.kind == "terraform-plan"
    assert result.not_read
    assert not result.resources
