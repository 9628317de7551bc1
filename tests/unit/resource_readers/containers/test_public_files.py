"""Conda environments of the public corpus: each is read whole, and nothing else is taken for one."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from resource_readers.interface import ReadRequest, Unknown
from resource_readers.registry import read_if_recognised

CORPUS = Path("/work/shared/data/corpus")


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared folder with public files is not here")
def test_every_public_environment_is_read_whole() -> None:
    with (CORPUS / "MANIFEST.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    seen = loose = 0
    for row in rows:
        result = read_if_recognised(ReadRequest(root=CORPUS, path=Path(row["path"])))
        if row["kind"] != "env:conda":
            assert result is None or result.kind not in ("conda", "kubernetes", "dockerfile"), row
            continue
        assert result is not None
        assert (result.kind, result.not_read) == ("conda", ())
        properties = result.resources[0].properties
        packages = [*properties["packages"], *properties["pipPackages"]]
        assert packages
        loose += any(not isinstance(one["exact"], Unknown) and not one["exact"] for one in packages)
        seen += 1
    assert seen == 74
    assert loose > 50
