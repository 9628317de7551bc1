"""The matrices as data: exactly the specification's, and refused with file and line where they are wrong."""

from __future__ import annotations

import fnmatch
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rbac_matrix.matrix import DATA, MATRIX_NAMES, Access, Matrix, RoleSystem, load_matrix, read_matrix
from rbac_matrix.rendering.markdown import markdown
from rbac_matrix.rendering.matrices import matrix_grid
from verdicts import ConfigurationError

SPECIFICATION = Path("/work/shared/spec/rbac.md")
ROLE_DEFINITIONS = Path("/work/shared/data/azure-built-in-roles.json")
with_shared = pytest.mark.skipif(not SPECIFICATION.is_file(), reason="the shared folder is not here")


def table(title: str) -> list[tuple[str, ...]]:
    section = SPECIFICATION.read_text().split(f"## {title}")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    cells = [tuple(cell.strip() for cell in line.strip().strip("|").split("|")) for line in lines]
    return [cells[0], *cells[2:]]


def rows(matrix: Matrix) -> Iterator[tuple[str, ...]]:
    """The texts of the grid that every writer gets."""
    grid = matrix_grid(matrix)
    yield (grid.corner, *(one.text for one in grid.columns))
    for row in grid.rows:
        yield (row.heading.text, *(", ".join(label.text for label in cell.labels) for cell in row.cells))


@pytest.mark.shared
@with_shared
@pytest.mark.parametrize(
    ("name", "title"), [("production", "Production matrix"), ("pre-production", "Pre-production matrix")]
)
def test_each_cell_is_the_one_of_the_specification(name: str, title: str) -> None:
    expected = table(title)
    assert list(rows(load_matrix(name))) == expected
    assert (len(expected) - 1) * (len(expected[0]) - 1) == 96


@pytest.mark.shared
@with_shared
def test_personas_and_abbreviations_are_those_of_the_specification() -> None:
    matrix = load_matrix("production")
    personas = [
        (one.title, one.kind.value.replace("-", " "), "yes" if one.project_specific else "**no**", one.purpose)
        for one in matrix.personas.values()
    ]
    assert personas == table("Personas")[1:]
    systems = {RoleSystem.AZURE_RBAC: "Azure RBAC", RoleSystem.AZURE_DEVOPS: "Azure DevOps group"}
    roles = [
        (one.label, one.name, systems[one.system], one.id or "-")
        for one in matrix.roles.values()
        if one.label != one.name
    ]
    assert roles == table("Abbreviations")[1:]


def permits(definition: dict[str, Any], kind: str, action: str) -> bool:
    excluded = f"not{kind[0].upper()}{kind[1:]}"
    return any(
        any(fnmatch.fnmatch(action.lower(), pattern.lower()) for pattern in permission[kind])
        and not any(fnmatch.fnmatch(action.lower(), pattern.lower()) for pattern in permission[excluded])
        for permission in definition["permissions"]
    )


@pytest.mark.shared
@pytest.mark.slow
@with_shared
def test_a_role_that_includes_another_permits_everything_that_the_other_does() -> None:
    definitions = {one["name"]: one for one in json.loads(ROLE_DEFINITIONS.read_text())}
    matrix = load_matrix("production")
    included = 0
    for role in matrix.roles.values():
        if role.id in definitions:
            assert definitions[role.id]["roleName"]
        for label in role.includes:
            other = matrix.roles[label]
            if other.id not in definitions:
                continue
            included += 1
            for kind in ("actions", "dataActions"):
                patterns = [one for permission in definitions[other.id]["permissions"] for one in permission[kind]]
                for pattern in patterns:
                    for example in (pattern.replace("*", "Some.Provider/things/read"), pattern.replace("*", "zz")):
                        if permits(definitions[other.id], kind, example):
                            assert permits(definitions[role.id], kind, example), (role.label, label, example)
    assert included > 20


def test_the_two_matrices_load_in_a_lone_clone() -> None:
    for name in MATRIX_NAMES:
        matrix = load_matrix(name)
        assert (len(matrix.personas), len(matrix.services)) == (12, 8)
        assert all(one.digest.startswith("sha256:") for one in matrix.inputs)
    assert [role.label for role in load_matrix("production").cell("ci-cd", "key-vault")] == ["O", "KVA"]
    assert load_matrix("production").cell("ci-cd", "storage-account") == ()
    just_in_time = [p.id for p in load_matrix("production").personas.values() if p.access is Access.JUST_IN_TIME]
    assert just_in_time == ["platform-technical-support"]


@pytest.mark.parametrize(
    ("resource_type", "service"),
    [
        ("Microsoft.KeyVault/vaults", "key-vault"),
        ("microsoft.keyvault/VAULTS/secrets", "key-vault"),
        ("Microsoft.KeyVault/vaultsOther", None),
        ("Microsoft.Storage/storageAccounts/blobServices/containers", "storage-account"),
        ("Microsoft.OperationalInsights/workspaces", "log-analytics"),
        ("Microsoft.MachineLearningServices/workspaces/onlineEndpoints", "ml-workspace"),
        ("Microsoft.MachineLearningServices/registries", None),
        ("Microsoft.Insights/components", "azure-monitor"),
        ("Microsoft.Network/virtualNetworks", None),
    ],
)
def test_a_resource_belongs_to_its_column(resource_type: str, service: str | None) -> None:
    found = load_matrix("production").service_of(resource_type)
    assert (found.id if found else None) == service


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("production.yml", "  data-analyst: {}\n", "", "no row for data-analyst"),
        ("production.yml", "data-analyst:", "data-analist:", "no persona"),
        ("production.yml", "[LAR]", "[LARR]", "no role 'LARR'"),
        ("production.yml", "storage-account:", "storage:", "no service"),
        ("production.yml", "mlgate/rbac-matrix/v1", "mlgate/rbac-matrix/v2", "schema"),
        ("production.yml", "name: production", "name: test", "'name' must be production"),
        ("roles.yml", "short: LAR,", "short: R,", "twice"),
        ("roles.yml", "excess: critical", "excess: dreadful", "must be one of"),
        ("roles.yml", "[R, LAR, MR, AcrPull]", "[R, LAR, MR, Nothing]", "no role 'Nothing'"),
        ("personas.yml", "id: data-analyst", "id: data-scientist", "twice"),
        ("personas.yml", "access: just-in-time", "acces: just-in-time", "'access' is missing"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(tmp_path: Path, file: str, old: str, new: str, message: str) -> None:
    folder = tmp_path / "data"
    shutil.copytree(DATA, folder)
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigurationError, match=message) as caught:
        read_matrix(folder, "production")
    assert re.search(rf"{re.escape(file)}(:\d+)?: ", str(caught.value))


def test_there_are_two_matrices_and_no_others() -> None:
    with pytest.raises(ConfigurationError, match="known: production, pre-production"):
        load_matrix("../production")


def test_the_markdown_table_has_every_row_and_explains_the_abbreviations() -> None:
    text = markdown([matrix_grid(load_matrix("production"))])
    assert "| CI/CD processes | O | O, KVA | AcrPush |  | DOPCA | O | O | O |" in text
    assert "- LAR: Log Analytics Reader" in text
    assert text.count("\n| ") == 14
