"""Small projects, written for each test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from resource_readers.interface import ReadRequest
from resource_readers.terraform.collecting import Collector, collected
from resource_readers.terraform.instances import TerraformInstance


class Evaluated:
    """What a folder gives."""

    def __init__(self, collector: Collector) -> None:
        self.collector = collector
        self.instances = {instance.address: instance for _, instance in collector.instances}
        self.reasons = [missing.reason for _, missing in collector.run.not_read]

    def __getitem__(self, address: str) -> TerraformInstance:
        return self.instances[address]


@pytest.fixture
def evaluate(tmp_path: Path) -> Callable[..., Evaluated]:
    """Writes files (path -> text) into a project and evaluates its folder `at`."""

    def run(files: dict[str, str], at: str = ".", parameters: str | None = None) -> Evaluated:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        folder = (tmp_path / at).resolve()
        request = ReadRequest(
            root=tmp_path, path=folder / "main.tf", parameters=tmp_path / parameters if parameters else None
        )
        return Evaluated(collected(request, folder))

    return run
