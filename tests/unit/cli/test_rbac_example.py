"""`mlgate rbac check` on the example: what is planted in the bad release is found, and nothing in the good one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.main import run

EXAMPLE = Path(__file__).parents[3] / "examples" / "credit-risk"
GOOD = ("roles.json", "workspace.json", "supply.bicep", "operations.bicep")


def checked(capsys: pytest.CaptureFixture[str], *names: str) -> tuple[int, list[tuple[str, str]]]:
    paths = [str(EXAMPLE / "infrastructure" / name) for name in names]
    matrix = ("--matrix", "production", "--principals", str(EXAMPLE / "governance/principals.yml"))
    code = run(["rbac", "check", *paths, *matrix, "--root", str(EXAMPLE), "--format", "json"])
    report = json.loads(capsys.readouterr().out)
    return code, [(one["rule"], one["location"]["path"]) for one in report["findings"]]


def test_the_good_release_has_no_finding(capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(capsys, *GOOD) == (0, [])


def test_the_owner_of_the_bad_release_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    planted = [("MLG-RBAC-PRODUCTION", "infrastructure/bad/roles.json")]
    assert checked(capsys, "bad/roles.json") == (1, planted)
    # A folder is one estate; good and bad stand in it side by side.
    assert checked(capsys, "") == (1, planted)
