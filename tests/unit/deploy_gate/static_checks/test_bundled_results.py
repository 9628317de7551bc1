"""Results that lie together in one file: none of them is believed that a file of its own would not be believed for."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy_gate.static_checks.result_store import ResultStore
from tests.fakes.checked_project import check, make_project, said

SECRET = b"s" * 32
VALUES: dict[str, Any] = {f"key {number}": {"number": number, "text": "é\ud800" * number} for number in range(30)}


def store(folder: Path, bundle: str = "a project", *, secret: bytes = SECRET, release: str = "1", **more: int) -> Any:
    return ResultStore(folder, secret, release, bundle=bundle, **more)


def bundles(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.bundle"))


def without_single_files(folder: Path) -> None:
    for path in folder.rglob("*.json"):
        path.unlink()


def bundled(folder: Path, bundle: str = "a project") -> Path:
    """The bundle of everything; nothing else is there."""
    one = store(folder, bundle)
    for key, value in VALUES.items():
        one.put(key, value)
    one.tidy()
    without_single_files(folder)
    (path,) = (path for path in bundles(folder) if one._bundle in path.name)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """Where the bundle of everything lies below its folder, and what is in it."""
    folder = tmp_path_factory.mktemp("made")
    path = bundled(folder)
    return path.relative_to(folder), path.read_bytes()


def with_bundle(folder: Path, made: tuple[Path, bytes], data: bytes) -> Path:
    """A folder in which only that lies."""
    path = folder / made[0]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return folder


def recalled(one: ResultStore) -> dict[str, Any]:
    return {key: value for key in VALUES if (value := one.get(key)) is not None}


def test_what_was_used_comes_back_from_the_bundle_alone(tmp_path: Path) -> None:
    path = bundled(tmp_path)
    assert recalled(store(tmp_path)) == VALUES
    assert path.stat().st_mode & 0o077 == 0


def test_what_was_only_asked_for_is_bundled_too(tmp_path: Path) -> None:
    first = store(tmp_path, "")
    for key, value in VALUES.items():
        first.put(key, value)
    first.tidy()
    assert bundles(tmp_path) == []
    second = store(tmp_path)
    recalled(second)
    second.tidy()
    without_single_files(tmp_path)
    assert recalled(store(tmp_path)) == VALUES


def test_a_few_others_leave_it_and_many_make_it_anew(tmp_path: Path) -> None:
    many = {f"many {number}": number for number in range(400)}
    one = store(tmp_path)
    for key, value in many.items():
        one.put(key, value)
    one.tidy()
    before = bundles(tmp_path)[0].stat().st_ino
    for new, is_anew in ((1, False), (16, False), (17, True)):
        another = store(tmp_path)
        for key, value in many.items():
            assert another.get(key) == value
        for number in range(new):
            another.put(f"{new}-{number}", number)
        another.tidy()
        assert (bundles(tmp_path)[0].stat().st_ino != before) is is_anew


def test_another_secret_release_or_project_has_nothing(tmp_path: Path) -> None:
    bundled(tmp_path)
    assert recalled(store(tmp_path, secret=b"t" * 32)) == {}
    assert recalled(store(tmp_path, release="2")) == {}
    assert recalled(store(tmp_path, "another")) == {}


def test_one_under_the_name_of_another_is_not_believed(tmp_path: Path) -> None:
    other = bundled(tmp_path, "another")
    mine = bundled(tmp_path)
    mine.write_bytes(other.read_bytes())
    assert recalled(store(tmp_path)) == {}


def test_an_entry_under_the_name_of_another_is_not_believed(tmp_path: Path) -> None:
    """Even in a bundle with the right seal: a defect of ours, and still no wrong answer."""
    path = bundled(tmp_path)
    one = store(tmp_path)
    _, _, body = path.read_bytes().partition(b"\n")
    head, _, bodies = body.partition(b"\n")
    owner, rows = json.loads(head)
    rows = [[name, length] for name, (_, length) in zip([rows[-1][0], *(row[0] for row in rows)], rows, strict=False)]
    changed = json.dumps([owner, rows]).encode() + b"\n" + bodies
    path.write_bytes(one._seal(changed) + b"\n" + changed)
    assert recalled(store(tmp_path)) == {}


@given(at=st.integers(0, 100_000), to=st.integers(0, 255))
@settings(max_examples=200)
def test_one_changed_byte_makes_it_unknown(
    tmp_path_factory: pytest.TempPathFactory, made: tuple[Path, bytes], at: int, to: int
) -> None:
    data = bytearray(made[1])
    at %= len(data)
    same = data[at] == to
    data[at] = to
    folder = with_bundle(tmp_path_factory.getbasetemp() / "changed", made, bytes(data))
    assert recalled(store(folder)) == (VALUES if same else {})


@given(length=st.integers(0, 10_000))
def test_a_cut_one_is_unknown(tmp_path_factory: pytest.TempPathFactory, made: tuple[Path, bytes], length: int) -> None:
    folder = with_bundle(tmp_path_factory.getbasetemp() / "cut", made, made[1][:length])
    assert recalled(store(folder)) == (VALUES if length >= len(made[1]) else {})


NONSENSE = (
    *(b"", b"\n", b"7", b"[]\n", b"{}\n", b'["x", []]\n', b'["x", [["y"]]]\n', b"[" * 100_000, b"\xff\xfe\n"),
    *(b'["NAME", 7]\n', b'["NAME", [["y", "z"]]]\n', b'["NAME", [[[], 1]]]\nx', b'["NAME", [["y", 9]]]\nx'),
)


@pytest.mark.parametrize("body", NONSENSE)
def test_a_sealed_text_that_is_no_bundle_is_unknown(tmp_path: Path, body: bytes) -> None:
    path = bundled(tmp_path)
    one = store(tmp_path)
    body = body.replace(b"NAME", one._bundle.encode())
    path.write_bytes(one._seal(body) + b"\n" + body)
    assert recalled(store(tmp_path)) == {}


@pytest.mark.parametrize("kind", ["writable", "link", "folder", "pipe"])
def test_what_is_no_file_of_this_user_alone_is_not_believed(tmp_path: Path, kind: str) -> None:
    path = bundled(tmp_path)
    if kind == "writable":
        path.chmod(0o622)
    elif kind == "link":
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
    else:
        path.unlink()
        path.mkdir() if kind == "folder" else os.mkfifo(path)
    assert recalled(store(tmp_path)) == {}


def test_a_broken_one_hides_no_entry_and_is_made_anew(tmp_path: Path) -> None:
    path = bundled(tmp_path)
    path.write_bytes(b"broken")
    one = store(tmp_path)
    for key, value in VALUES.items():
        one.put(key, value)
    assert recalled(store(tmp_path)) == VALUES
    one.tidy()
    without_single_files(tmp_path)
    assert recalled(store(tmp_path)) == VALUES


def test_it_holds_no_more_than_its_share(tmp_path: Path) -> None:
    share = 20_000
    one = store(tmp_path, maximum_bytes=16 * share)
    for number in range(300):
        one.put(f"large {number}", "x" * 500)
    one.tidy()
    assert 0 < bundles(tmp_path)[0].stat().st_size <= share
    assert any(store(tmp_path, maximum_bytes=16 * share).get(f"large {number}") for number in range(300))


def test_a_folder_that_can_not_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    one = store(tmp_path / "cache")
    one.put("key", 1)
    one.tidy()
    assert recalled(one) == {}


def test_several_runs_at_once_see_whole_ones_only(tmp_path: Path) -> None:
    wrong: list[object] = []

    def work(own: int) -> None:
        for turn in range(15):
            one = store(tmp_path)
            for key, value in VALUES.items():
                found = one.get(key)
                if found is not None and found != value:
                    wrong.append(found)
                one.put(key, value)
            one.put(f"{own}-{turn}", own)
            one.tidy()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(bundles(tmp_path)) == 1
    without_single_files(tmp_path)
    assert recalled(store(tmp_path)) == VALUES


def kept(root: Path) -> Any:
    """A check as the command makes it, results bundled."""
    keeper = store(root.parent / "cache", str(root))
    checked = check(root, keeper=keeper)
    keeper.tidy()
    return checked


def test_a_check_from_the_bundle_alone_says_the_same(tmp_path: Path) -> None:
    root = make_project(tmp_path / "project")
    first = said(kept(root))
    without_single_files(tmp_path / "cache")
    again = kept(root)
    assert said(again) == first == said(check(root))
    assert ("unchanged since an earlier run", "6 files") in again.facts


@pytest.mark.slow
@given(at=st.integers(0, 1_000_000), bits=st.integers(1, 255), cut=st.booleans(), single=st.booleans())
@settings(max_examples=20, deadline=None)
def test_whatever_becomes_of_the_bundle_the_verdict_stays(
    tmp_path_factory: pytest.TempPathFactory, at: int, bits: int, cut: bool, single: bool
) -> None:
    folder = tmp_path_factory.mktemp("corruption")
    root = make_project(folder / "project")
    fresh = said(kept(root))
    (path,) = bundles(folder / "cache")
    data = path.read_bytes()
    at %= len(data)
    path.write_bytes(data[:at] if cut else data[:at] + bytes([data[at] ^ bits]) + data[at + 1 :])
    if not single:
        without_single_files(folder / "cache")
    assert said(kept(root)) == fresh
    assert said(kept(root)) == fresh


def test_a_changed_file_is_judged_anew_beside_a_bundle(tmp_path: Path) -> None:
    root = make_project(tmp_path / "project")
    before = said(kept(root))
    file = root / "infra/other/main.json"
    file.write_text(file.read_text().replace("Disabled", "Enabled") + " ")
    (root / "infra/other/added.json").write_text(file.read_text())
    changed = said(kept(root))
    assert changed == said(check(root))
    assert changed != before
