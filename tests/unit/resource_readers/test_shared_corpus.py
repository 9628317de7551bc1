"""Real templates: every one is read, or named."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from resource_readers.interface import ReadRequest
from resource_readers.registry import read_resources
from resource_readers.rendering import plain_result

CORPUS = Path("/work/shared/data/corpus")

pytestmark = [
    pytest.mark.shared,
    pytest.mark.slow,
    pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared folder with public templates is not here"),
]


def listed(kind: str) -> list[Path]:
    with (CORPUS / "MANIFEST.tsv").open(encoding="utf-8", newline="") as stream:
        return [Path(row["path"]) for row in csv.DictReader(stream, delimiter="\t") if row["kind"] == kind]


def test_every_public_arm_template_is_read_or_what_is_missing_is_named() -> None:
    whole = with_resources = 0
    templates = listed("arm")
    for path in templates:
        result = read_resources(ReadRequest(root=CORPUS, path=path))
        plain_result(path.as_posix(), result)
        assert result.kind == "arm"
        assert all(one.line for one in result.not_read), result.not_read
        whole += not result.not_read
        with_resources += bool(result.resources)
    assert len(templates) == 384
    # 7 link to templates on the web that are not in the project (two of them in folders that are not in the corpus).
    assert whole == 377
    assert with_resources > 360


def test_parameter_files_are_read_whole_and_declare_nothing() -> None:
    for path in listed("arm-params"):
        result = read_resources(ReadRequest(root=CORPUS, path=path))
        assert (result.kind, result.resources, result.not_read) == ("arm-parameters", (), ())
