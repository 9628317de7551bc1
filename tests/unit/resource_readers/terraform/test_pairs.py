"""Configurations, and the plans that Terraform 1.11.4 made of them with its built-in provider."""

from __future__ import annotations

from pathlib import Path

import pytest

from resource_readers.interface import ReadRequest, ReadResult, Session, Unknown, Value
from resource_readers.registry import read_resources

PAIRS = Path(__file__).parents[3] / "golden" / "terraform" / "pairs"
NAMES = sorted(path.name for path in PAIRS.iterdir() if path.is_dir())


def plain(value: Value) -> Value:
    if isinstance(value, Unknown):
        return "<unknown>"
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items() if one is not None}
    return [plain(one) for one in value] if isinstance(value, list) else value


def by_address(result: ReadResult) -> dict[str, Value]:
    return {resource.fields["terraform"]["address"]: plain(resource.properties) for resource in result.resources}


@pytest.mark.parametrize("name", NAMES)
def test_a_configuration_gives_what_its_plan_gives(name: str) -> None:
    session = Session()
    folder = PAIRS / name
    files = sorted([*folder.glob("*.tf"), *folder.glob("*.tf.json")])
    read = [read_resources(ReadRequest(root=folder, path=path, session=session)) for path in files]
    plan = read_resources(ReadRequest(root=PAIRS, path=PAIRS / f"{name}.plan.json"))
    assert plan.kind == "terraform-plan"
    assert not [one.not_read for one in [*read, plan] if one.not_read]
    ours: dict[str, Value] = {}
    for result in read:
        ours |= by_address(result)
    assert ours == by_address(plan)
    assert ours


def test_something_stays_unknown_on_both_sides() -> None:
    """Else the comparison above would also hold for a reader that knows nothing."""
    plan = by_address(read_resources(ReadRequest(root=PAIRS, path=PAIRS / "repetition.plan.json")))
    assert plan["terraform_data.references"]["input"]["computed"] == "<unknown>"
    assert plan["terraform_data.references"]["input"]["chain"] == ["b", "c"]
