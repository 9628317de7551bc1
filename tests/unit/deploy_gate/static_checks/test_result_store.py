"""Results on disk: what isn't sound is never believed, and two runs don't harm each other."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy_gate.static_checks import result_store
from deploy_gate.static_checks.result_store import ResultStore, default_folder, default_secret, user_secret

SECRET = b"s" * 32
VALUE: dict[str, Any] = {"a": [1, None, "é\ud800"], "b": {"c": True}}


def store(folder: Path, *, secret: bytes = SECRET, release: str = "1", **more: Any) -> ResultStore:
    return ResultStore(folder, secret, release, **more)


def entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The one entry below the folder."""
    store(tmp_path).put("key", VALUE)
    (entry,) = entries(tmp_path)
    return entry


def test_what_was_put_comes_back(tmp_path: Path) -> None:
    one = store(tmp_path)
    assert one.get("key") is None
    one.put("key", VALUE)
    assert store(tmp_path).get("key") == VALUE
    assert (one.found, one.missed) == (0, 1)


def test_only_this_user_can_read_it(kept: Path) -> None:
    assert kept.stat().st_mode & 0o077 == 0
    assert kept.parent.stat().st_mode & 0o077 == 0


def test_another_key_release_or_secret_has_nothing(kept: Path, tmp_path: Path) -> None:
    assert store(tmp_path).get("other") is None
    assert store(tmp_path, release="2").get("key") is None
    assert store(tmp_path, secret=b"t" * 32).get("key") is None


def test_an_entry_under_the_name_of_another_is_not_believed(tmp_path: Path) -> None:
    one = store(tmp_path)
    one.put("good", "allowed")
    (good,) = entries(tmp_path)
    one.put("bad", "denied")
    (bad,) = (path for path in entries(tmp_path) if path != good)
    bad.write_bytes(good.read_bytes())
    assert one.get("bad") is None


def test_one_that_was_made_without_the_key_is_not_believed(kept: Path, tmp_path: Path) -> None:
    """As a cache that somebody else filled: a digest alone could be made by anybody."""
    import hashlib

    body = kept.read_bytes().partition(b"\n")[2].replace(b"true", b"false")
    kept.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
    assert store(tmp_path).get("key") is None


@given(at=st.integers(0, 10_000), to=st.integers(0, 255))
@settings(max_examples=200)
def test_one_changed_byte_makes_it_unknown(tmp_path_factory: pytest.TempPathFactory, at: int, to: int) -> None:
    folder = tmp_path_factory.mktemp("cache")
    store(folder).put("key", VALUE)
    (entry,) = entries(folder)
    data = bytearray(entry.read_bytes())
    at %= len(data)
    same = data[at] == to
    data[at] = to
    entry.write_bytes(data)
    assert (store(folder).get("key") == VALUE) is same


@given(length=st.integers(0, 200))
def test_a_cut_entry_is_unknown(tmp_path_factory: pytest.TempPathFactory, length: int) -> None:
    folder = tmp_path_factory.mktemp("cache")
    store(folder).put("key", VALUE)
    (entry,) = entries(folder)
    data = entry.read_bytes()
    entry.write_bytes(data[:length])
    assert (store(folder).get("key") is None) is (length < len(data))


@pytest.mark.parametrize("data", [b"", b"\n", b"x\n[]", b"\xff\xfe", b"0" * 64 + b"\n" + b"[" * 100_000])
def test_anything_else_is_unknown(kept: Path, tmp_path: Path, data: bytes) -> None:
    kept.write_bytes(data)
    assert store(tmp_path).get("key") is None


@pytest.mark.parametrize("body", [b"7", b"[]", b'["x"]', b'["x", 1]', b"[" * 100_000, b"not json"])
def test_a_sealed_text_that_is_no_entry_is_unknown(kept: Path, tmp_path: Path, body: bytes) -> None:
    one = store(tmp_path)
    kept.write_bytes(one._seal(body) + b"\n" + body)
    assert one.get("key") is None


def test_one_that_others_can_write_is_not_believed(kept: Path, tmp_path: Path) -> None:
    kept.chmod(0o622)
    assert store(tmp_path).get("key") is None


def test_a_link_is_not_followed(kept: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    kept.rename(elsewhere)
    kept.symlink_to(elsewhere)
    assert store(tmp_path).get("key") is None


def test_one_of_another_user_is_not_believed(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user = os.geteuid() + 1
    monkeypatch.setattr("os.geteuid", lambda: user)
    assert store(tmp_path).get("key") is None


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_is_unknown_and_nobody_waits_for_it(kept: Path, tmp_path: Path, kind: str) -> None:
    kept.unlink()
    kept.mkdir() if kind == "folder" else os.mkfifo(kept)
    assert store(tmp_path).get("key") is None


def test_a_folder_that_can_not_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    one = store(tmp_path / "cache")
    one.put("key", VALUE)
    assert one.get("key") is None
    one.tidy()


def test_what_is_no_json_or_too_large_is_not_kept(tmp_path: Path) -> None:
    one = store(tmp_path, maximum_bytes=16_000)
    one.put("object", object())
    one.put("large", "x" * 2_000)
    assert entries(tmp_path) == []


def test_the_oldest_go_first_and_what_a_killed_run_left(tmp_path: Path) -> None:
    one = store(tmp_path, maximum_bytes=16 * 2_000)
    for number in range(300):
        one.put(str(number), "x" * 200)
    for number, entry in enumerate(entries(tmp_path)):
        os.utime(entry, (number, number))
    left_over = entries(tmp_path)[0].parent / ".entry-left"
    left_over.write_text("x")
    os.utime(left_over, (0, 0))
    newest = max(entries(tmp_path), key=lambda path: path.stat().st_mtime)
    one.tidy()
    assert not left_over.exists()
    assert newest.exists()
    total = sum(path.stat().st_size for path in entries(tmp_path))
    assert 0 < total <= 16 * 2_000


def test_an_entry_in_use_is_noted_once_a_day(kept: Path, tmp_path: Path) -> None:
    old = time.time() - 10 * 24 * 3600
    os.utime(kept, (old, old))
    store(tmp_path).get("key")
    assert kept.stat().st_mtime > old + 3600


def test_several_runs_at_once_see_whole_entries_only(tmp_path: Path) -> None:
    wrong: list[object] = []

    def work(own: int) -> None:
        one = store(tmp_path, maximum_bytes=16 * 40_000)
        for turn in range(60):
            one.put("shared", [own] * 2_000)
            value = one.get("shared")
            if value is not None and (len(value) != 2_000 or len(set(value)) != 1):
                wrong.append(value)
            if turn % 20 == 0:
                one.tidy()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert store(tmp_path).get("shared") is not None
    assert len(entries(tmp_path)) == 1


def test_the_key_is_made_once_and_only_the_user_knows_it(tmp_path: Path) -> None:
    path = tmp_path / "state" / "key"
    secret = user_secret(path)
    assert secret is not None
    assert len(secret) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert user_secret(path) == secret
    assert entries(path.parent) == [path]


@pytest.mark.parametrize("change", ["readable", "short", "link", "folder", "empty"])
def test_a_key_that_others_may_know_is_none(tmp_path: Path, change: str) -> None:
    path = tmp_path / "key"
    assert user_secret(path) is not None
    if change == "readable":
        path.chmod(0o640)
    elif change in ("short", "empty"):
        path.write_bytes(b"s" * 31 if change == "short" else b"")
    elif change == "link":
        path.rename(tmp_path / "other")
        path.symlink_to(tmp_path / "other")
    else:
        path.unlink()
        path.mkdir()
    assert user_secret(path) is None


def test_without_a_place_for_the_key_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    assert user_secret(tmp_path / "state" / "key") is None


def test_the_usual_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_folder({"XDG_CACHE_HOME": "/c"}) == Path("/c/mlgate/check")
    assert default_secret({"XDG_STATE_HOME": "/s"}) == Path("/s/mlgate/check-cache.key")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folder({"XDG_CACHE_HOME": "relative"}) == tmp_path / ".cache/mlgate/check"
    assert default_secret({}) == tmp_path / ".local/state/mlgate/check-cache.key"

    def no_home() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", no_home)
    assert default_folder({}) is None
    assert default_secret({}) is None


def test_the_store_of_the_user_holds_what_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "c"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "s"))
    one = result_store.open_store("1")
    assert one is not None
    one.put("key", VALUE)
    again = result_store.open_store("1")
    assert again is not None
    assert again.get("key") == VALUE
    assert json.loads(entries(tmp_path / "c")[0].read_bytes().partition(b"\n")[2])[1] == VALUE
