"""Lying snapshots, and hostile dumps to make them from."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from scanners import advisory_import
from scanners.advisories import ADVISORIES, HEADER, SnapshotError, load_snapshot, read_header
from scanners.advisory_import import ImportResult, import_snapshot
from tests.fakes.advisory_snapshots import (
    CANARY,
    RETRIEVED_AT,
    advisory,
    change_header,
    replace_advisories,
    write_snapshot,
)
from verdicts import ConfigurationError, Reason

BAD = advisory("PYSEC-2024-9", "Foo_Bar", events=({"introduced": "0"}, {"fixed": "2"}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good snapshot."""
    write_snapshot(tmp_path / "snapshot", BAD)
    return tmp_path / "snapshot"


def test_a_snapshot_answers_by_normalised_name(folder: Path) -> None:
    snapshot = load_snapshot(folder)
    matches, malformed = snapshot.matches("foo-bar", Version("1.0"))
    assert [(match.id, match.fixed) for match in matches] == [("PYSEC-2024-9", ("2",))]
    assert malformed == ()
    assert snapshot.matches("foo-bar", Version("2")) == ((), ())
    assert snapshot.header.canary.id == CANARY["id"]


def test_a_withdrawn_advisory_says_nothing(tmp_path: Path) -> None:
    write_snapshot(tmp_path / "snapshot", BAD | {"withdrawn": "2024-01-01T00:00:00Z"})
    assert load_snapshot(tmp_path / "snapshot").matches("foo-bar", Version("1.0")) == ((), ())


def test_a_malformed_advisory_is_told_for_its_own_package_only(tmp_path: Path) -> None:
    malformed = advisory("PYSEC-2024-8", "foo-bar", events=({"introduced": "0"}, {"fixed": "soon"}))
    write_snapshot(tmp_path / "snapshot", BAD, malformed)
    snapshot = load_snapshot(tmp_path / "snapshot")
    matches, errors = snapshot.matches("foo-bar", Version("1.0"))
    assert [match.id for match in matches] == ["PYSEC-2024-9"]
    assert len(errors) == 1
    assert "PYSEC-2024-8" in errors[0]
    assert snapshot.matches("canary", Version("0.1"))[1] == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"schema": "mlgate/advisory-snapshot/v2"}, Reason.UNREADABLE_INPUT),
        ({"schema": None}, Reason.UNREADABLE_INPUT),
        ({"count": 0}, Reason.MISSING_DATABASE),
        ({"count": 1}, Reason.DIGEST_MISMATCH),
        ({"count": "2"}, Reason.UNREADABLE_INPUT),
        ({"digest": "sha256:" + "0" * 64}, Reason.DIGEST_MISMATCH),
        ({"digest": "none"}, Reason.UNREADABLE_INPUT),
        ({"retrieved_at": "yesterday"}, Reason.UNREADABLE_INPUT),
        ({"retrieved_at": "2026-11-20T08:00:00"}, Reason.UNREADABLE_INPUT),
        ({"canary": None}, Reason.UNREADABLE_INPUT),
        ({"canary": {"name": "a", "version": "1"}}, Reason.UNREADABLE_INPUT),
        ({"licence": None}, Reason.UNREADABLE_INPUT),
        ({"fresh": True}, Reason.UNREADABLE_INPUT),
    ],
)
def test_a_header_that_lies_is_refused(changes: dict[str, Any], reason: Reason, folder: Path) -> None:
    change_header(folder, **changes)
    with pytest.raises(SnapshotError) as caught:
        load_snapshot(folder)
    assert caught.value.reason is reason


@pytest.mark.parametrize("name", [HEADER, ADVISORIES])
def test_a_missing_file_is_a_missing_database(name: str, folder: Path) -> None:
    (folder / name).unlink()
    with pytest.raises(SnapshotError) as caught:
        load_snapshot(folder)
    assert caught.value.reason is Reason.MISSING_DATABASE


def test_one_changed_byte_is_noticed(folder: Path) -> None:
    data = (folder / ADVISORIES).read_bytes()
    (folder / ADVISORIES).write_bytes(data.replace(b'"2"', b'"1"'))
    with pytest.raises(SnapshotError) as caught:
        load_snapshot(folder)
    assert caught.value.reason is Reason.DIGEST_MISMATCH


@pytest.mark.parametrize(
    "line",
    ["", "null", "{", '{"id": "X-1"}', '{"id": "X-1", "id": "X-2", "affected": []}', '{"id": "X-1", "affected": [7]}'],
)
def test_a_line_that_is_no_advisory_spoils_the_snapshot(line: str, folder: Path) -> None:
    replace_advisories(folder, json.dumps(BAD) + "\n" + line + "\n")
    with pytest.raises(SnapshotError) as caught:
        load_snapshot(folder)
    assert caught.value.reason is Reason.UNREADABLE_INPUT
    assert ":2:" in caught.value.detail


def test_an_advisory_that_stands_twice_spoils_the_snapshot(folder: Path) -> None:
    replace_advisories(folder, (json.dumps(BAD) + "\n") * 2)
    with pytest.raises(SnapshotError):
        load_snapshot(folder)


@pytest.mark.parametrize(
    ("age", "stale"),
    [
        (dt.timedelta(0), False),
        (dt.timedelta(days=7), False),
        (dt.timedelta(days=7, seconds=1), True),
        (dt.timedelta(minutes=-30), False),
        (dt.timedelta(days=-1), True),
    ],
)
def test_neither_an_old_nor_a_future_snapshot_is_fresh(age: dt.timedelta, stale: bool, folder: Path) -> None:
    assert (read_header(folder).staleness(RETRIEVED_AT + age, 7) is not None) is stale


def imported(source: Path, destination: Path, **changes: Any) -> ImportResult:
    """An import with good options but for `changes`."""
    options: dict[str, Any] = {
        "source_name": "test",
        "licence": "CC0-1.0",
        "retrieved_at": RETRIEVED_AT,
        "now": RETRIEVED_AT,
    }
    return import_snapshot(source, destination, **(options | changes))


def make_dump(folder: Path, kind: str) -> Path:
    """The same two advisories and one about another ecosystem, in one of the forms."""
    other = {"id": "GHSA-other", "affected": [{"package": {"ecosystem": "npm", "name": "left-pad"}}]}
    documents = {f"{document['id']}.json": json.dumps(document) for document in (BAD, CANARY, other)}
    lines = "\n".join(documents.values()) + "\n"
    if kind == "folder":
        (folder / "dump" / "nested").mkdir(parents=True)
        for name, text in documents.items():
            (folder / "dump" / "nested" / name).write_text(text)
        return folder / "dump"
    path = folder / f"dump.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in documents.items():
                archive.writestr(name, text)
    elif kind == "jsonl.gz":
        path.write_bytes(gzip.compress(lines.encode()))
    else:
        path.write_text(lines)
    return path


@pytest.mark.parametrize("kind", ["folder", "zip", "jsonl", "jsonl.gz"])
def test_every_form_of_a_dump_gives_the_same_snapshot(kind: str, tmp_path: Path, folder: Path) -> None:
    result = imported(make_dump(tmp_path, kind), tmp_path / "new")
    assert result.other_ecosystems == 1
    assert (tmp_path / "new" / ADVISORIES).read_bytes() == (folder / ADVISORIES).read_bytes()
    assert load_snapshot(tmp_path / "new").header == result.header
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [ADVISORIES, HEADER]


def test_a_snapshot_can_be_replaced_by_a_newer_one(tmp_path: Path, folder: Path) -> None:
    newer = RETRIEVED_AT + dt.timedelta(days=1)
    imported(make_dump(tmp_path, "jsonl"), folder, retrieved_at=newer, now=newer)
    assert load_snapshot(folder).header.retrieved_at == newer


@pytest.mark.parametrize(
    "changes",
    [
        {"source_name": " "},
        {"licence": ""},
        {"retrieved_at": RETRIEVED_AT + dt.timedelta(days=2)},
    ],
)
def test_an_import_without_its_origin_is_refused(changes: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        imported(make_dump(tmp_path, "jsonl"), tmp_path / "new", **changes)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("missing.jsonl", None),
        ("dump.tar", b"x"),
        ("empty.jsonl", b""),
        ("dump.zip", b"PK\x03\x04nonsense"),
        ("dump.jsonl.gz", b"not gzip"),
        ("dump.jsonl.gz", gzip.compress(json.dumps(CANARY).encode())[:-12]),
        ("dump.jsonl", json.dumps(CANARY).encode() + b"\n{]\n"),
        ("dump.jsonl", json.dumps(CANARY).encode() + b'\n{"id": "X-1"}\n'),
        ("dump.jsonl", (json.dumps(CANARY) + "\n" + json.dumps(CANARY | {"summary": "other"})).encode()),
        ("dump.jsonl", json.dumps(BAD).encode()),
        ("other.jsonl", b'{"id": "X-1", "affected": [{"package": {"ecosystem": "npm", "name": "a"}}]}'),
    ],
)
def test_a_dump_that_is_not_whole_and_sound_makes_no_snapshot(name: str, data: bytes | None, tmp_path: Path) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(ConfigurationError):
        imported(tmp_path / name, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["../evil.json", "/tmp/evil.json", "a/../../evil.json"])
def test_an_entry_that_leads_out_of_the_archive_is_refused(name: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "dump.zip", "w") as archive:
        archive.writestr(name, json.dumps(CANARY))
    with pytest.raises(ConfigurationError, match="leads out"):
        imported(tmp_path / "dump.zip", tmp_path / "new")


@pytest.mark.parametrize("kind", ["folder", "zip", "jsonl", "jsonl.gz"])
def test_bombs_stop_at_a_bound(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advisory_import, "MAXIMUM_DOCUMENT", 200)
    bomb = CANARY | {"details": "0" * 100_000}
    source = make_dump(tmp_path, kind)
    if kind == "folder":
        (source / "bomb.json").write_text(json.dumps(bomb))
    elif kind == "zip":
        with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("bomb.json", json.dumps(bomb))
    else:
        text = json.dumps(bomb).encode()
        source.write_bytes(gzip.compress(text) if kind == "jsonl.gz" else text)
    with pytest.raises(ConfigurationError, match="larger than"):
        imported(source, tmp_path / "new")


def test_many_small_documents_stop_at_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advisory_import, "MAXIMUM_TOTAL", 300)
    with pytest.raises(ConfigurationError, match="larger than"):
        imported(make_dump(tmp_path, "jsonl"), tmp_path / "new")


def test_a_link_in_a_dump_is_refused(tmp_path: Path) -> None:
    source = make_dump(tmp_path, "folder")
    (source / "link.json").symlink_to("/etc/passwd")
    with pytest.raises(ConfigurationError, match="link"):
        imported(source, tmp_path / "new")


def test_a_folder_with_other_things_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "thesis.txt").write_text("do not lose")
    with pytest.raises(ConfigurationError):
        imported(make_dump(tmp_path, "jsonl"), tmp_path / "new")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["thesis.txt"]
