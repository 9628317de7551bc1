"""The database's writer and reader. That Trivy reads what is written: see tests/contract/test_trivy_for_real.py."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import pytest

from scanners.bolt_file import write_bolt
from scanners.trivy_canary import load_canaries
from scanners.trivy_database import (
    TrivyAdvisory,
    TrivyDatabase,
    TrivyDatabaseError,
    load_advisories,
    write_database,
)
from tests.fakes.fake_trivy import ADVISORIES, UPDATED_AT
from verdicts import ConfigurationError, Reason

ADVISORY = {"id": "CVE-2024-5535", "ecosystem": "debian", "release": "12", "package": "openssl", "fixed": "3.0.15"}


def test_what_is_written_is_read_with_the_date_that_was_given(tmp_path: Path) -> None:
    local = UPDATED_AT.astimezone(dt.timezone(dt.timedelta(hours=2)))
    write_database(tmp_path, ADVISORIES, updated_at=local)
    database = TrivyDatabase.read(tmp_path)
    assert (database.version, database.updated_at) == (2, UPDATED_AT)
    assert database.age(UPDATED_AT + dt.timedelta(days=3)) == dt.timedelta(days=3)
    assert database.identity().digest.startswith("sha256:")


def test_the_same_advisories_give_the_same_database(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_database(tmp_path / name, ADVISORIES, updated_at=UPDATED_AT)
    one, two = (TrivyDatabase.read(tmp_path / name).identity() for name in ("one", "two"))
    assert one == two
    write_database(tmp_path / "two", ADVISORIES[:1], updated_at=UPDATED_AT)
    assert TrivyDatabase.read(tmp_path / "two").identity() != one


def test_a_private_view_keeps_the_database_that_was_there(tmp_path: Path) -> None:
    write_database(tmp_path / "shared", ADVISORIES, updated_at=UPDATED_AT)
    view = TrivyDatabase.read(tmp_path / "shared").private_view(tmp_path / "view")
    before = view.identity()
    write_database(tmp_path / "shared", ADVISORIES[:1], updated_at=UPDATED_AT)
    assert view.identity() == before
    assert sorted(path.name for path in (tmp_path / "view").rglob("*")) == ["db", "metadata.json", "trivy.db"]


def test_a_write_into_the_file_shows_in_the_signature(tmp_path: Path) -> None:
    write_database(tmp_path / "shared", ADVISORIES, updated_at=UPDATED_AT)
    view = TrivyDatabase.read(tmp_path / "shared").private_view(tmp_path / "view")
    before = view.signature()
    with (tmp_path / "shared" / "db" / "trivy.db").open("ab") as stream:
        stream.write(b"x")
    assert view.signature() != before


def test_a_database_from_the_future_has_no_age(tmp_path: Path) -> None:
    write_database(tmp_path, ADVISORIES, updated_at=UPDATED_AT)
    with pytest.raises(TrivyDatabaseError) as caught:
        TrivyDatabase.read(tmp_path).age(UPDATED_AT - dt.timedelta(hours=2))
    assert caught.value.reason is Reason.STALE_DATABASE
    assert TrivyDatabase.read(tmp_path).age(UPDATED_AT - dt.timedelta(minutes=30)) < dt.timedelta(0)


def test_every_target_gets_a_canary_that_its_advisories_flag(tmp_path: Path) -> None:
    write_database(tmp_path, ADVISORIES, updated_at=UPDATED_AT)
    canaries = load_canaries(tmp_path)
    assert {target: canary.finds for target, canary in canaries.items()} == {
        "debian 12": ("CVE-2024-5535",),
        "pip": ("CVE-2024-34064",),
    }


@pytest.mark.parametrize(
    ("vulnerable", "version"),
    [
        ("<= 3.1.3", "0"),
        (">= 2.0.0, < 3.0.1", "2.0.0"),
        ("= 1.2.3", "1.2.3"),
        (">= 1.5, <= 1.7", "1.5"),
        ("== 4.0", "4.0"),
    ],
)
def test_the_canary_lies_in_the_vulnerable_range(vulnerable: str, version: str) -> None:
    canary = replace(ADVISORIES[1], vulnerable=(vulnerable,)).canary()
    assert canary is not None
    assert canary.version == version


def test_a_target_without_a_possible_canary_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="pip"):
        write_database(tmp_path, [replace(ADVISORIES[1], vulnerable=("> 1, < 1",))], updated_at=UPDATED_AT)
    assert not (tmp_path / "db").exists()


def test_a_database_of_nothing_or_of_no_time_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="advisories"):
        write_database(tmp_path, [], updated_at=UPDATED_AT)
    with pytest.raises(ValueError, match="time zone"):
        write_database(tmp_path, ADVISORIES, updated_at=UPDATED_AT.replace(tzinfo=None))


def test_an_empty_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="empty"):
        write_bolt(tmp_path / "x.db", {"": {}})
    assert not (tmp_path / "x.db").exists()


def test_the_built_in_canaries_are_valid_and_cover_python(tmp_path: Path) -> None:
    canaries = load_canaries(tmp_path)
    assert {"pip", "debian 12", "ubuntu 22.04"} <= set(canaries)


def test_advisories_are_read_from_json(tmp_path: Path) -> None:
    pip = {"id": "GHSA-1", "ecosystem": "pip", "package": "Jinja2", "vulnerable": ["< 1"], "severity": "LOW"}
    (tmp_path / "a.json").write_text(json.dumps([ADVISORY, pip]))
    assert load_advisories(tmp_path / "a.json") == (
        TrivyAdvisory(id="CVE-2024-5535", target="debian 12", package="openssl", fixed="3.0.15"),
        TrivyAdvisory(id="GHSA-1", target="pip", package="Jinja2", vulnerable=("< 1",), severity="LOW"),
    )


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        [{}],
        [ADVISORY | {"ecosystem": "npm"}],
        [ADVISORY | {"severity": "BAD"}],
        [ADVISORY | {"status": "gone"}],
        [ADVISORY | {"severty": "LOW"}],
        [{key: value for key, value in ADVISORY.items() if key != "release"}],
        [{"id": "GHSA-1", "ecosystem": "pip", "package": "x"}],
    ],
)
def test_mistakes_in_the_advisories_are_told(tmp_path: Path, content: object) -> None:
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(ConfigurationError, match=r"a\.json"):
        load_advisories(tmp_path / "a.json")
