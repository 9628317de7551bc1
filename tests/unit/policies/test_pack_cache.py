"""A cache is believed only where it is sound; whatever else stands there, the pack is what its sources say."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from policies import pack_cache
from policies.pack import Pack
from policies.pack_cache import default_folder, load_pack
from policies.pack_sources import PackSourceError


def definition(name: str, type_: str = "Microsoft.KeyVault/vaults") -> dict[str, Any]:
    rule = {"if": {"field": "type", "equals": type_}, "then": {"effect": "[parameters('effect')]"}}
    effect = {"type": "String", "defaultValue": "Audit"}
    return {"name": name, "properties": {"mode": "All", "parameters": {"effect": effect}, "policyRule": rule}}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with two definitions, one broken one and an initiative."""
    folder = tmp_path / "source"
    (folder / "below").mkdir(parents=True)
    (folder / "one.json").write_text(json.dumps(definition("one"), indent=2))
    (folder / "below" / "two.json").write_text(
        "\ufeff" + json.dumps(definition("two", "Microsoft.Storage/storageAccounts"))
    )
    (folder / "broken.json").write_text('{"properties": ')
    (folder / "set.json").write_text('{"properties": {"policyDefinitions": []}}')
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Where packs are kept; not there yet."""
    return tmp_path / "cache" / "packs"


def told(pack: Pack) -> list[Any]:
    """All that a pack knows."""
    return [
        [(member.source, member.facts, member.definition) for member in pack.members],
        pack.errors,
        pack.skipped,
        [member.policy.effect for member in pack.members],
    ]


def entries(cache: Path) -> list[Path]:
    return sorted(cache.iterdir())


@pytest.fixture
def no_reading(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """After it is called, a pack can come from the cache only."""

    def forbidden(*_: object) -> Pack:
        raise AssertionError("the sources were compiled")

    return lambda: monkeypatch.setattr(pack_cache, "make_pack", forbidden)


def test_a_pack_from_the_cache_is_the_pack_of_its_sources(
    source: Path, cache: Path, no_reading: Callable[[], None]
) -> None:
    fresh = load_pack(source, cache=cache)
    assert [member.source for member in fresh.members] == ["below/two.json", "one.json"]
    assert [error.source for error in fresh.errors] == ["broken.json"]
    assert fresh.skipped == ("set.json",)
    no_reading()
    assert told(load_pack(source, cache=cache)) == told(fresh)


def test_nobody_else_can_read_what_is_kept(source: Path, cache: Path) -> None:
    load_pack(source, cache=cache)
    (entry,) = entries(cache)
    assert stat.S_IMODE(entry.stat().st_mode) == 0o600
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700


def test_what_is_kept_is_text(source: Path, cache: Path) -> None:
    load_pack(source, cache=cache)
    (entry,) = entries(cache)
    digest, size, rest = entry.read_bytes().split(b"\n", 2)
    assert hashlib.sha256(size + b"\n" + rest).hexdigest().encode() == digest
    assert json.loads(rest[: int(size)])["key"] == entry.stem


def always(data: bytes) -> Callable[[bytes], bytes]:
    return lambda _: data


def changed_at(position: int) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        at = position % len(data)
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]

    return change


def signed(rest: bytes) -> bytes:
    return hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest


def foreign_key(data: bytes) -> bytes:
    """A whole entry of another pack."""
    _, _, rest = data.partition(b"\n")
    size, _, packed = rest.partition(b"\n")
    index = json.loads(packed[: int(size)])
    index["key"] = "0" * 64
    text = json.dumps(index).encode()
    return signed(b"%d\n%s%s" % (len(text), text, packed[int(size) :]))


DAMAGES = {
    "empty": always(b""),
    "cut to the digest": lambda data: data[:64],
    "cut in the index": lambda data: data[:200],
    "cut at the end": lambda data: data[:-1],
    "longer": lambda data: data + b" ",
    "a digit of the digest": changed_at(3),
    "a bit of the index": changed_at(120),
    "a bit of a text": changed_at(-40),
    "of another pack": foreign_key,
    "signed nonsense": always(signed(b"nonsense")),
    "signed, a negative size": always(signed(b"-5\n{}")),
    "signed, no index": always(signed(b'2\n""')),
    "signed, an index without members": always(signed(b"2\n{}")),
    "signed, too deep": always(signed(b"200000\n" + b"[" * 200_000)),
    "pickle": always(b"\x80\x04cos\nsystem\n(S'false'\ntR."),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_entry_is_replaced_not_believed(
    source: Path, cache: Path, damage: Callable[[bytes], bytes], no_reading: Callable[[], None]
) -> None:
    fresh = load_pack(source, cache=cache)
    (entry,) = entries(cache)
    sound = entry.read_bytes()
    entry.write_bytes(damage(sound))
    assert told(load_pack(source, cache=cache)) == told(fresh)
    assert entry.read_bytes() == sound
    no_reading()
    assert told(load_pack(source, cache=cache)) == told(fresh)


def test_the_entry_of_another_pack_under_this_name_is_not_believed(source: Path, cache: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "harmless.json").write_text(json.dumps(definition("harmless")))
    fresh = load_pack(source, cache=cache)
    (entry,) = entries(cache)
    load_pack(other, cache=cache)
    (poison,) = set(entries(cache)) - {entry}
    entry.write_bytes(poison.read_bytes())
    assert told(load_pack(source, cache=cache)) == told(fresh)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_an_entry_that_others_can_write_is_not_believed(source: Path, cache: Path, mode: int) -> None:
    fresh = load_pack(source, cache=cache)
    (entry,) = entries(cache)
    entry.chmod(mode)
    assert told(load_pack(source, cache=cache)) == told(fresh)
    assert stat.S_IMODE(entry.stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_an_entry_that_is_no_regular_file_is_not_followed(source: Path, cache: Path, tmp_path: Path, kind: str) -> None:
    fresh = load_pack(source, cache=cache)
    (entry,) = entries(cache)
    elsewhere = tmp_path / "elsewhere"
    entry.rename(elsewhere)
    kept = elsewhere.read_bytes()
    if kind == "link":
        entry.symlink_to(elsewhere)
    elif kind == "folder":
        entry.mkdir()
    else:
        os.mkfifo(entry)
    assert told(load_pack(source, cache=cache)) == told(fresh)
    assert elsewhere.read_bytes() == kept


def test_a_folder_that_cannot_be_made_is_no_error(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert len(load_pack(source, cache=tmp_path / "file" / "packs")) == 2
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_no_error(source: Path, cache: Path) -> None:
    cache.mkdir(parents=True, mode=0o500)
    assert len(load_pack(source, cache=cache)) == 2
    assert entries(cache) == []


def test_a_full_disk_is_no_error_and_leaves_nothing_behind(
    source: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert len(load_pack(source, cache=cache)) == 2
    assert entries(cache) == []


def test_every_input_counts(source: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_pack(source, cache=cache)
    load_pack(source, {"one": {"effect": "Deny"}}, cache=cache)
    assert len(entries(cache)) == 2
    (source / "one.json").write_text(json.dumps(definition("one", "Microsoft.Sql/servers")))
    changed = load_pack(source, cache=cache)
    assert changed.members[1].facts.reach.types == frozenset({"microsoft.sql/servers"})
    (source / "one.json").rename(source / "three.json")
    assert load_pack(source, cache=cache).members[1].source == "three.json"
    monkeypatch.setattr(pack_cache, "_engine", lambda: "another engine")
    load_pack(source, cache=cache)
    assert len(entries(cache)) == 5


def test_parameters_hold_also_from_the_cache(source: Path, cache: Path, no_reading: Callable[[], None]) -> None:
    load_pack(source, {"One": {"effect": "Deny"}}, cache=cache)
    no_reading()
    kept = load_pack(source, {"One": {"effect": "Deny"}}, cache=cache)
    assert [member.facts.effect for member in kept.members] == ["audit", "deny"]
    assert [member.policy.effect.value for member in kept.members if member.policy.effect] == ["audit", "deny"]


def test_many_writers_at_once_leave_one_sound_entry(source: Path, cache: Path, no_reading: Callable[[], None]) -> None:
    expected = told(load_pack(source))
    results: list[Any] = []
    threads = [threading.Thread(target=lambda: results.append(told(load_pack(source, cache=cache)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 8
    (entry,) = entries(cache)
    assert entry.suffix == ".pack"
    no_reading()
    assert told(load_pack(source, cache=cache)) == expected


def test_the_cache_lies_where_the_specification_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert default_folder() == Path("/somewhere/mlgate/policy-packs")
    for ignored in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", ignored)
        assert default_folder() == tmp_path / ".cache" / "mlgate" / "policy-packs"


# Sources


def lines(*rows: Any) -> bytes:
    return b"".join(row if isinstance(row, bytes) else json.dumps(row).encode() + b"\n" for row in rows)


def test_a_definition_a_line(tmp_path: Path, cache: Path, no_reading: Callable[[], None]) -> None:
    path = tmp_path / "definitions.jsonl.gz"
    path.write_bytes(
        gzip.compress(
            lines(
                {"path": "a/one.json", "body": definition("one")},
                b"\n",
                b"{nothing}\n",
                {"path": "x"},
                b'{"path": "twice", "body": {"if": 1, "if": 2}}\n',
                b'{"path": "number", "body": NaN}\n',
                b"\xff\n",
                b'{"path": "deep", "body": ' + b"[" * 100_000 + b"\n",
            )
        )
    )
    fresh = load_pack(path, cache=cache)
    assert [member.source for member in fresh.members] == ["a/one.json"]
    assert [error.source for error in fresh.errors] == [f"definitions.jsonl.gz:{number}" for number in range(3, 9)]
    assert all(error.what for error in fresh.errors)
    no_reading()
    assert told(load_pack(path, cache=cache)) == told(fresh)


@pytest.mark.parametrize(
    "data", [b"no gzip", gzip.compress(b"{}\n" * 1000)[:-20], gzip.compress(b"") + b"more"], ids=["no", "cut", "more"]
)
def test_a_broken_archive_is_refused_whole(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "definitions.jsonl.gz"
    path.write_bytes(data)
    with pytest.raises(PackSourceError):
        load_pack(path)


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policies.pack_sources.MAXIMUM_LINES_FILE", 10_000)
    path = tmp_path / "definitions.jsonl.gz"
    path.write_bytes(gzip.compress(b" " * 20_000))
    with pytest.raises(PackSourceError):
        load_pack(path)


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackSourceError):
        load_pack(tmp_path / "nothing")


def test_links_out_of_the_folder_are_named_not_followed(source: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.json").write_text(json.dumps(definition("secret")))
    (source / "link.json").symlink_to(tmp_path / "outside" / "secret.json")
    (source / "linked").symlink_to(tmp_path / "outside")
    pack = load_pack(source)
    assert [member.source for member in pack.members] == ["below/two.json", "one.json"]
    assert {error.source for error in pack.errors} == {"broken.json", "link.json", "linked"}


def test_a_file_that_is_too_large_is_an_error_of_that_file(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policies.pack_sources.MAXIMUM_FILE", 2_000)
    (source / "large.json").write_text(" " * 3_000)
    assert {error.source for error in load_pack(source).errors} == {"broken.json", "large.json"}


def test_a_key_that_stands_twice_is_refused(source: Path) -> None:
    (source / "twice.json").write_text('{"properties": {}, "properties": {}}')
    assert any(
        error.source == "twice.json" and "properties" in error.what and "twice" in error.what
        for error in load_pack(source).errors
    )
