"""Dockerfiles, manifests, flows, models, environments: every golden case gives what stands beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.reader_cases import read_case, reader_cases

CASES = reader_cases("containers")


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_golden_case(case: dict[str, Any], tmp_path: Path) -> None:
    assert read_case(case, tmp_path) == case["result"]


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 60
    assert len({case["name"] for case in CASES}) == len(CASES)
