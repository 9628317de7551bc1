"""Readers that are imported late are the readers that they stand for, and stay out of the way until then."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from resource_readers import registry
from resource_readers.interface import ReadRequest
from resource_readers.project_files import ProjectFile
from resource_readers.registry import READERS, LateReader, read_if_recognised

LATE = [one for one in READERS if isinstance(one, LateReader)]
FILES = {
    "main.tf": b'resource "x" "y" {}',
    "main.tf.json": b"{}",
    "values.auto.tfvars": b"a = 1",
    "plan.json": b'{"planned_values": {"root_module": {}}}',
    "changes.json": b'{"format_version": "1", "terraform_version": "1", "resource_changes": []}',
    "terraform.tfstate": b'{"version": 4, "terraform_version": "1", "lineage": "l", "serial": 1}',
    "shown.json": b'{"format_version": "1", "terraform_version": "1", "values": {"root_module": {}}}',
    "Dockerfile.gpu": b"FROM a",
    "dockerfile.md": b"FROM a",
    ".github/workflows/a.yml": b"on: push\njobs:\n  a:\n    runs-on: x\n",
    "action.yml": b"runs:\n  using: composite\n  steps: []\n",
    "azure-pipelines.yml": b"trigger: none\nsteps:\n- script: a\n",
    "other.yml": b"a: 1\n",
}


@pytest.mark.parametrize("late", LATE, ids=lambda one: one.kind)
def test_a_late_reader_is_the_reader_of_its_kind(late: LateReader, tmp_path: Path) -> None:
    itself = late.itself
    assert itself.kind == late.kind
    recognised = []
    for name, data in FILES.items():
        file = ProjectFile(tmp_path / name, name, data)
        assert late.recognises(file) == itself.recognises(file), name
        recognised += [name] if late.recognises(file) else []
    assert recognised


def test_a_late_reader_reads(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python:3.11\n")
    result = read_if_recognised(ReadRequest(root=tmp_path, path=tmp_path / "Dockerfile"))
    assert result is not None
    assert (result.kind, len(result.resources), result.not_read) == ("dockerfile", 1, ())


def test_a_late_reader_that_cannot_be_imported_leaves_its_files_named_as_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = LateReader("broken", lambda _: True, "resource_readers.there_is_none", "Reader")
    monkeypatch.setattr(registry, "READERS", (broken,))
    (tmp_path / "a.json").write_text("{}")
    result = read_if_recognised(ReadRequest(root=tmp_path, path=tmp_path / "a.json"))
    assert result is not None
    assert "mlgate itself failed here (ModuleNotFoundError" in result.not_read[0].reason


def test_whoever_has_no_such_files_does_not_load_their_readers() -> None:
    program = "import sys, resource_readers.registry; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(ended.stdout.split())
    assert "resource_readers.arm.reader" in loaded
    assert not loaded & {one.module for one in LATE}
