"""`mlgate packages` and `mlgate database`, as a person calls them."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from cli.main import run
from scanners.advisories import load_snapshot
from tests.fakes.advisory_snapshots import CANARY, HASH, advisory, change_header, write_snapshot

ALLOWLIST = """\
schema: mlgate/allowlist/v1
packages:
  - {name: foo, versions: ">=1", source: pypi}
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a clean closure, an allowlist and a fresh snapshot."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "requirements.txt").write_text(f"foo==2 --hash={HASH}\n")
    (tmp_path / "allowlist.yml").write_text(ALLOWLIST)
    bad = advisory("GHSA-1", "foo", versions=("1",), database_specific={"severity": "LOW"})
    write_snapshot(tmp_path / "advisories", bad, retrieved_at=dt.datetime.now(dt.UTC) - dt.timedelta(hours=5))
    return tmp_path


def check(*more: str) -> int:
    """Exit code of a check of the working directory."""
    return run(["packages", "requirements.txt", "--allowlist", "allowlist.yml", "--advisories", "advisories", *more])


@pytest.mark.slow
def test_a_clean_closure_is_allowed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check("--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["verdict"]["decision"] == "allowed"


@pytest.mark.slow
def test_a_finding_denies_by_its_severity_alone(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "requirements.txt").write_text(f"foo==1 --hash={HASH}\n")
    assert check() == 0
    assert "GHSA-1" in capsys.readouterr().out
    assert check("--fail-on", "low") == 1


@pytest.mark.slow
def test_an_unlisted_package_is_denied(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "requirements.txt").write_text(f"bar==1 --hash={HASH}\n")
    assert check() == 1
    out = capsys.readouterr().out
    assert "MLG-ALLOWLIST-UNLISTED" in out
    assert "requirements.txt" in out


def test_an_old_snapshot_is_could_not_check(place: Path) -> None:
    change_header(place / "advisories", retrieved_at="2020-01-01T00:00:00Z")
    assert check() == 3


def test_a_missing_snapshot_is_could_not_check(place: Path) -> None:
    (place / "advisories" / "snapshot.json").unlink()
    assert check() == 3


def test_a_line_that_is_not_understood_is_could_not_check(place: Path) -> None:
    (place / "requirements.txt").write_text("foo==\n")
    assert check() == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["missing.txt", "--allowlist", "allowlist.yml", "--advisories", "advisories"],
        ["requirements.txt", "--allowlist", "missing.yml", "--advisories", "advisories"],
        ["requirements.txt", "--allowlist", "requirements.txt", "--advisories", "advisories"],
        ["requirements.txt", "--allowlist", "allowlist.yml"],
        ["requirements.txt", "--advisories", "advisories"],
        ["requirements.txt"],
    ],
)
def test_a_mistake_in_the_request_is_usage(arguments: list[str], place: Path) -> None:
    assert run(["packages", *arguments]) == 2


def test_status_shows_what_is_fresh_stale_broken_and_missing(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["database", "status", "advisories"]) == 0
    assert load_snapshot(place / "advisories").header.digest in capsys.readouterr().out
    for name in ("old", "broken"):
        write_snapshot(place / name)
    change_header(place / "old", retrieved_at="2020-01-01T00:00:00Z")
    change_header(place / "broken", count=7)
    assert run(["database", "status", "advisories", "old", "broken", "nowhere"]) == 3
    states = [line.split()[:2] for line in capsys.readouterr().out.splitlines()[1:]]
    assert states == [["advisories", "ok"], ["old", "stale"], ["broken", "broken"], ["nowhere", "missing"]]


def test_a_folder_with_half_a_trivy_database_is_broken(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "trivy" / "db").mkdir(parents=True)
    assert run(["database", "status", "trivy"]) == 3
    assert "broken" in capsys.readouterr().out


def test_an_import_makes_a_snapshot_that_status_calls_fresh(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "dump.json").write_text(json.dumps(CANARY))
    today = dt.datetime.now(dt.UTC).date().isoformat()
    options = ["--source", "PyPA", "--licence", "CC-BY-4.0", "--retrieved-at", today]
    assert run(["database", "import", "dump.json", "new", *options]) == 0
    assert "canary 0.1 (PYSEC-2000-1)" in capsys.readouterr().out
    assert run(["database", "status", "new", "--maximum-age-days", "1"]) == 0


@pytest.mark.parametrize("moment", ["yesterday", "2999-01-01", "2026-11-20T08:00:00"])
def test_an_import_needs_a_day_that_can_be_true(moment: str, place: Path) -> None:
    (place / "dump.json").write_text(json.dumps(CANARY))
    options = ["--source", "PyPA", "--licence", "CC-BY-4.0", "--retrieved-at", moment]
    assert run(["database", "import", "dump.json", "new", *options]) == 2
    assert not (place / "new").exists()
