"""azurerm and azapi: every golden case (tests/golden/terraform/*.yml) gives the ARM resources that stand beside it.

A case is read together with shared.tf, whose resources it refers to. After a change of the tables
`python tests/unit/resource_readers/terraform/test_azurerm_golden.py` writes what is given now; read the difference.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from resource_readers.interface import ReadRequest
from resource_readers.project_files import open_inside
from resource_readers.rendering import plain_resource
from resource_readers.terraform.reader import TerraformReader
from verdicts.documents import parse_yaml

FOLDER = Path(__file__).resolve().parents[4] / "tests" / "golden" / "terraform"
CONTENT = [(path.stem, case) for path in sorted(FOLDER.glob("*.yml")) for case in parse_yaml(path.read_bytes()).content]


def expanded(text: str, folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """The resources of main.tf as plain values, and what was not read."""
    (folder / "main.tf").write_text(text)
    shutil.copy(FOLDER / "shared.tf", folder / "shared.tf")
    result = TerraformReader().read(
        open_inside(folder, Path("main.tf")), ReadRequest(root=folder, path=Path("main.tf"))
    )
    resources = [plain_resource(resource) for resource in result.resources]
    for resource in resources:
        assert resource.pop("$file") == "main.tf"
    return resources, [f"{missing.line}: {missing.reason}" for missing in result.not_read]


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{stem}: {case['name']}") for stem, case in CONTENT])
def test_golden_case(case: dict[str, Any], tmp_path: Path) -> None:
    resources, not_read = expanded(case["terraform"], tmp_path)
    assert resources == case["resources"]
    assert not_read == case.get("not_read", [])


def test_there_are_enough_of_them() -> None:
    """Counted in resources of Terraform, since a case may hold several that belong together."""
    texts = ["\n" + case["terraform"] for _, case in CONTENT]
    assert sum(text.count("\nresource ") for text in texts) >= 150


class _Text(str):
    pass


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(_Text, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|"))


def write_what_is_given_now() -> None:
    """Replaces the expectations of every case."""
    for path in sorted(FOLDER.glob("*.yml")):
        made = []
        for case in parse_yaml(path.read_bytes()).content:
            with tempfile.TemporaryDirectory() as folder:
                resources, not_read = expanded(case["terraform"], Path(folder))
            one = {"name": case["name"], "terraform": _Text(case["terraform"]), "resources": resources}
            made.append(one | {"not_read": not_read} if not_read else one)
        path.write_text(yaml.dump(made, Dumper=_Dumper, sort_keys=False, width=150, allow_unicode=True))


if __name__ == "__main__":
    write_what_is_given_now()
