"""The principals file."""

from __future__ import annotations

from pathlib import Path

import pytest

from rbac_matrix.assignments import ManagedIdentity
from rbac_matrix.principals import Principals, load_principals
from verdicts import ConfigurationError

GROUP = "47eaa099-2cb6-416d-86dc-283cf0480ff9"
WORKSPACE = "Microsoft.MachineLearningServices/workspaces"


def load(tmp_path: Path, *entries: str) -> Principals:
    file = tmp_path / "principals.yml"
    file.write_text("schema: mlgate/principals/v1\nprincipals:\n" + "".join(f"  - {one}\n" for one in entries))
    return load_principals(file, shown_as="principals.yml", personas=("data-scientist", "ml-workspace"))


def test_a_group_is_found_by_its_object_id_whatever_the_case(tmp_path: Path) -> None:
    principals = load(tmp_path, f"{{persona: data-scientist, object_id: {GROUP.upper()}, type: Group, name: g}}")
    found = principals.with_object_id(GROUP)
    assert found is not None
    assert (found.persona, found.name, found.location.line) == ("data-scientist", "g", 3)
    assert principals.with_object_id(GROUP.replace("4", "5")) is None


def test_an_identity_is_found_by_the_name_and_usual_type_of_its_resource(tmp_path: Path) -> None:
    principals = load(tmp_path, "{persona: ml-workspace, identity: credit-ws}")
    assert principals.with_identity(ManagedIdentity(WORKSPACE, "Credit-WS")) is not None
    assert principals.with_identity(ManagedIdentity(WORKSPACE, "other")) is None
    # A virtual machine that took the name is somebody else.
    assert principals.with_identity(ManagedIdentity("Microsoft.Compute/virtualMachines", "credit-ws")) is None


def test_an_identity_of_another_type_has_to_say_so(tmp_path: Path) -> None:
    entry = "{persona: ml-workspace, identity: vm, resource_type: Microsoft.Compute/virtualMachines}"
    principals = load(tmp_path, entry)
    assert principals.with_identity(ManagedIdentity("microsoft.compute/virtualmachines", "vm")) is not None
    assert principals.with_identity(ManagedIdentity(WORKSPACE, "vm")) is None


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([f"{{persona: nobody, object_id: {GROUP}, type: Group}}"], "no persona"),
        (["{persona: ml-workspace}"], "either"),
        ([f"{{persona: ml-workspace, object_id: {GROUP}, identity: x, type: Group}}"], "either"),
        (["{persona: ml-workspace, object_id: grp-x, type: Group}"], "GUID"),
        ([f"{{persona: ml-workspace, object_id: {GROUP}, type: Robot}}"], "must be one of"),
        ([f"{{persona: ml-workspace, object_id: {GROUP}, typ: Group}}"], "unknown key"),
        ([f"{{persona: ml-workspace, object_id: {GROUP}, type: Group, resource_type: a/b}}"], "belongs to"),
        (
            [
                f"{{persona: ml-workspace, object_id: {GROUP}, type: Group}}",
                f"{{persona: data-scientist, object_id: {GROUP.upper()}, type: Group}}",
            ],
            "twice",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(tmp_path: Path, entries: list[str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        load(tmp_path, *entries)
    assert "principals.yml:" in str(caught.value)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be read"):
        load_principals(tmp_path / "absent.yml", shown_as="absent.yml", personas=())
