"""Whatever is changed in a trail is seen, and the record named."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from deploy_gate.evidence.head import Head, Position, encode_head
from deploy_gate.evidence.records import GENESIS, TrailRecord, decode, encode, make_record
from deploy_gate.evidence.trail import Trail
from deploy_gate.evidence.verification import TrailVerification, read_records, verify
from verdicts import TamperedError

Paths = tuple[Path, Path]


@pytest.fixture(autouse=True)
def _eight(eight: Trail) -> None:
    """All tests here begin with a trail of eight records."""


def lines(paths: Paths) -> list[bytes]:
    return paths[0].read_bytes().splitlines(keepends=True)


def expect_tampered(paths: Paths, number: int, what: str = "") -> None:
    with pytest.raises(TamperedError, match=f"record {number}: .*{what}") as caught:
        verify(*paths)
    assert caught.value.where == f"{paths[0]}:{number}"


def rechained(records: Iterable[TrailRecord], start: int = 1, previous: str = GENESIS) -> list[bytes]:
    """A consistent chain of the same contents: what somebody can forge who knows the format."""
    forged = []
    for number, record in enumerate(records, start):
        made = make_record(
            sequence=number, at=record.at, run=record.run, event=record.event, data=record.data, previous=previous
        )
        previous = made.digest
        forged.append(encode(made))
    return forged


def test_an_untouched_trail_verifies(paths: Paths) -> None:
    last = decode(lines(paths)[-1])
    assert verify(*paths) == TrailVerification(count=8, last_digest=last.digest, interrupted=False)


def overwrite(path: Path, content: bytes) -> None:
    """In place: emptying a file first makes some file systems wait for the disk, thousands of times here."""
    with path.open("r+b") as stream:
        stream.write(content)
        stream.truncate()


def each_byte(paths: Paths, substitutes: Callable[[int], Iterable[bytes]]) -> None:
    """Puts each substitute in the place of each byte, one at a time, and expects the record to be named."""
    original = paths[0].read_bytes()
    number = 1
    for place, byte in enumerate(original):
        for substitute in substitutes(byte):
            overwrite(paths[0], original[:place] + substitute + original[place + 1 :])
            with pytest.raises(TamperedError) as caught:
                verify(*paths)
            assert caught.value.where == f"{paths[0]}:{number}", (place, substitute)
            assert caught.value.what.startswith(f"record {number}: ")
        number += byte == ord("\n")


@pytest.mark.slow
def test_flipping_any_bit_of_any_byte_is_seen(paths: Paths) -> None:
    each_byte(paths, lambda byte: [bytes([byte ^ 1 << bit]) for bit in range(8)])


@pytest.mark.slow
def test_another_character_in_any_place_is_seen(paths: Paths) -> None:
    each_byte(paths, lambda byte: [new for new in (b"0", b"f", b'"', b"}", b" ", b"\n", b"\0") if new[0] != byte])


@pytest.mark.slow
def test_a_byte_left_out_anywhere_is_seen(paths: Paths) -> None:
    each_byte(paths, lambda _: [b""])


@pytest.mark.slow
def test_white_space_put_in_anywhere_is_seen(paths: Paths) -> None:
    # A line feed before a line feed makes an empty line, which stands in the place of the next record.
    each_byte(paths, lambda byte: [new + bytes([byte]) for new in (b" ", b"\r", b"\n") if new[0] != byte])


@pytest.mark.parametrize("number", range(1, 9))
def test_a_dropped_record_is_seen(paths: Paths, number: int) -> None:
    all_lines = lines(paths)
    del all_lines[number - 1]
    paths[0].write_bytes(b"".join(all_lines))
    expect_tampered(paths, number, "missing")


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(range(1, 9), 2)))
def test_swapped_records_are_seen(paths: Paths, first: int, second: int) -> None:
    all_lines = lines(paths)
    all_lines[first - 1], all_lines[second - 1] = all_lines[second - 1], all_lines[first - 1]
    paths[0].write_bytes(b"".join(all_lines))
    expect_tampered(paths, first, f"record {second} stands in its place")


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("place", range(8))
def test_a_record_that_stands_twice_is_seen(paths: Paths, number: int, place: int) -> None:
    all_lines = lines(paths)
    paths[0].write_bytes(b"".join([*all_lines[: place + 1], all_lines[number - 1], *all_lines[place + 1 :]]))
    if number == place + 2:  # the copy stands right before its original
        expect_tampered(paths, number + 1, "second time")
    else:
        expect_tampered(paths, place + 2)


@pytest.mark.parametrize("place", range(9))
def test_an_inserted_record_is_seen(paths: Paths, place: int) -> None:
    all_lines = lines(paths)
    before = decode(all_lines[place - 1]).digest if place else GENESIS
    fake = decode(all_lines[0])
    forged = make_record(
        sequence=place + 1, at=fake.at, run=fake.run, event="approved", data={"approver": "me"}, previous=before
    )
    paths[0].write_bytes(b"".join([*all_lines[:place], encode(forged), *all_lines[place:]]))
    # The forged record itself fits; the first one that doesn't is named.
    expect_tampered(paths, min(place + 2, 9) if place < 7 else {7: 8, 8: 9}[place])


@pytest.mark.parametrize("number", range(1, 9))
def test_a_record_that_was_rewritten_with_all_after_it_is_seen(paths: Paths, number: int) -> None:
    records = [decode(line) for line in lines(paths)]
    changed: list[Any] = [*records]
    changed[number - 1] = make_record(
        sequence=number, at=records[0].at, run="run-1", event="approved", data={}, previous=GENESIS
    )
    paths[0].write_bytes(b"".join(rechained(changed)))
    expect_tampered(paths, 8, "head")


@pytest.mark.parametrize("number", range(1, 9))
def test_a_single_record_that_was_rewritten_with_its_own_digest_is_seen(paths: Paths, number: int) -> None:
    all_lines = lines(paths)
    real = decode(all_lines[number - 1])
    forged = make_record(
        sequence=number, at=real.at, run=real.run, event="approved", data=real.data, previous=real.previous
    )
    all_lines[number - 1] = encode(forged)
    paths[0].write_bytes(b"".join(all_lines))
    if number < 8:
        expect_tampered(paths, number + 1, "does not follow the record before it")
    else:
        expect_tampered(paths, 8, "head")


@pytest.mark.parametrize("number", range(1, 9))
def test_a_consistent_forged_insertion_is_seen(paths: Paths, number: int) -> None:
    records = [decode(line) for line in lines(paths)]
    paths[0].write_bytes(b"".join(rechained([*records[:number], records[0], *records[number:]])))
    expect_tampered(paths, 8 if number < 8 else 9, "head")


@pytest.mark.parametrize("number", range(1, 9))
def test_a_consistent_forged_omission_is_seen(paths: Paths, number: int) -> None:
    records = [decode(line) for line in lines(paths)]
    paths[0].write_bytes(b"".join(rechained([*records[: number - 1], *records[number:]])))
    expect_tampered(paths, 8, "missing")


@pytest.mark.parametrize("added", [1, 2, 5])
def test_a_forged_continuation_is_seen(paths: Paths, added: int) -> None:
    records = [decode(line) for line in lines(paths)]
    more = rechained(records[:added], 9, records[-1].digest)
    paths[0].write_bytes(paths[0].read_bytes() + b"".join(more))
    expect_tampered(paths, 9, "head vouches for 8 records")


@pytest.mark.parametrize("records", range(1, 9))
def test_a_tail_that_was_cut_by_records_is_seen(paths: Paths, records: int) -> None:
    paths[0].write_bytes(b"".join(lines(paths)[:-records]))
    expect_tampered(paths, 9 - records, "missing: the head vouches for 8 records")


@pytest.mark.slow
def test_a_tail_that_was_cut_by_bytes_is_seen(paths: Paths) -> None:
    original = paths[0].read_bytes()
    for length in range(len(original)):
        os.truncate(paths[0], length)
        with pytest.raises(TamperedError, match=f"record {original[:length].count(10) + 1}: "):
            verify(*paths)
        paths[0].write_bytes(original)


@pytest.mark.parametrize("tail", [b"x", b"\0" * 4096, b"{", b" ", b"\n"])
def test_bytes_after_the_last_record_are_seen(paths: Paths, tail: bytes) -> None:
    paths[0].write_bytes(paths[0].read_bytes() + tail)
    expect_tampered(paths, 9)


def test_a_line_without_end_is_not_read_into_memory(paths: Paths) -> None:
    with paths[0].open("ab") as stream:
        stream.truncate(paths[0].stat().st_size + 10**12)  # sparse: takes no room
    expect_tampered(paths, 9, "longer than")


def test_any_change_of_any_byte_of_the_head_is_seen(paths: Paths) -> None:
    original = paths[1].read_bytes()
    for place, byte in enumerate(original):
        for substitute in [bytes([byte ^ 1 << bit]) for bit in range(8)] + [b"", b" " + bytes([byte])]:
            paths[1].write_bytes(original[:place] + substitute + original[place + 1 :])
            with pytest.raises(TamperedError):
                verify(*paths)
    paths[1].write_bytes(original + b" ")
    with pytest.raises(TamperedError):
        verify(*paths)


@pytest.mark.parametrize("count", [*range(8), 9, 10**30])
def test_a_head_that_counts_otherwise_is_seen(paths: Paths, count: int) -> None:
    digest = decode(lines(paths)[-1]).digest if count else GENESIS
    paths[1].write_bytes(encode_head(Head(Position(count, digest))))
    with pytest.raises(TamperedError, match=r"record \d: "):
        verify(*paths)


@pytest.mark.parametrize("count", range(8))
def test_an_older_head_is_seen(paths: Paths, count: int) -> None:
    digest = decode(lines(paths)[count - 1]).digest if count else GENESIS
    paths[1].write_bytes(encode_head(Head(Position(count, digest))))
    expect_tampered(paths, count + 1, "added")


@pytest.mark.parametrize("count", [0, 3, 6])
def test_an_announcement_allows_one_record_and_no_more(paths: Paths, count: int) -> None:
    at, following = decode(lines(paths)[count - 1]), decode(lines(paths)[count])
    head = Head(Position(count, at.digest if count else GENESIS), Position(count + 1, following.digest))
    paths[1].write_bytes(encode_head(head))
    expect_tampered(paths, count + 2, "added")


def test_an_announcement_of_another_record_is_seen(paths: Paths) -> None:
    seventh = decode(lines(paths)[6])
    paths[1].write_bytes(encode_head(Head(Position(7, seventh.digest), Position(8, "sha256:" + "1" * 64))))
    expect_tampered(paths, 8, "added")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null\n",
        b"[]\n",
        b"{}\n",
        b'{"count":true,"digest":"sha256:' + b"1" * 64 + b'","pending":null}\n',
        b'{"count":-1,"digest":"sha256:' + b"1" * 64 + b'","pending":null}\n',
        b'{"count":8,"digest":"sha256:'
        + b"1" * 64
        + b'","pending":{"count":8,"digest":"sha256:'
        + b"1" * 64
        + b'"}}\n',
        b'{"count":8,"digest":"sha256:' + b"1" * 64 + b'","pending":{}}\n',
        b'{"count":8,"digest":"sha256:' + b"1" * 64 + b'","pending":false}\n',
        b"[" * 100_000,
        b"1" * 5_000,
        b"\xff",
        b" " * 10_000,
    ],
)
def test_a_head_that_mlgate_never_writes_is_refused(paths: Paths, content: bytes) -> None:
    paths[1].write_bytes(content)
    with pytest.raises(TamperedError, match="head of the trail was changed"):
        verify(*paths)


def test_a_missing_head_is_seen(paths: Paths) -> None:
    paths[1].unlink()
    with pytest.raises(TamperedError, match=r"record 1 .*head of the trail is missing"):
        verify(*paths)


def test_a_missing_head_beside_an_emptied_file_is_seen(paths: Paths) -> None:
    paths[0].write_bytes(b"")
    paths[1].unlink()
    with pytest.raises(TamperedError, match="head of the trail is missing"):
        verify(*paths)


def test_missing_records_are_seen(paths: Paths) -> None:
    paths[0].unlink()
    expect_tampered(paths, 1, "missing: the head vouches for 8 records")


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("kind", ["link", "dangling link", "pipe", "folder"])
def test_something_else_in_the_place_of_a_file_is_refused(paths: Paths, which: int, kind: str, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    paths[which].rename(moved)
    if kind == "link":
        paths[which].symlink_to(moved)
    elif kind == "dangling link":
        paths[which].symlink_to(tmp_path / "nowhere")
    elif kind == "pipe":
        os.mkfifo(paths[which])
    else:
        paths[which].mkdir()
    with pytest.raises(TamperedError, match="not a regular file"):
        verify(*paths)
    with pytest.raises(TamperedError, match="not a regular file"):
        Trail(*paths).append("run", "event", {})


def tampering(paths: Paths, kind: str) -> None:
    all_lines = lines(paths)
    match kind:
        case "cut":
            paths[0].write_bytes(b"".join(all_lines[:-1]))
        case "torn":
            paths[0].write_bytes(paths[0].read_bytes()[:-5])
        case "extended":
            last = decode(all_lines[-1])
            paths[0].write_bytes(b"".join([*all_lines, *rechained([last], 9, last.digest)]))
        case "tail bytes":
            paths[0].write_bytes(paths[0].read_bytes() + b"x")
        case "last changed":
            paths[0].write_bytes(b"".join([*all_lines[:-1], all_lines[-1].replace(b"run-0", b"run-1")]))
        case "emptied":
            paths[0].write_bytes(b"")
        case "records missing":
            paths[0].unlink()
        case "head missing":
            paths[1].unlink()
        case "head changed":
            paths[1].write_bytes(b"{}\n")
        case "head emptied":
            paths[1].write_bytes(encode_head(Head(Position(0, GENESIS))))


@pytest.mark.parametrize(
    "kind",
    [
        "cut",
        "torn",
        "extended",
        "tail bytes",
        "last changed",
        "emptied",
        "records missing",
        "head missing",
        "head changed",
        "head emptied",
    ],
)
@pytest.mark.parametrize("then", ["append", "recover and verify"])
def test_nothing_is_written_onto_a_tail_that_was_tampered_with(paths: Paths, kind: str, then: str) -> None:
    tampering(paths, kind)
    before = [path.read_bytes() if path.exists() else None for path in paths]
    trail = Trail(*paths)

    def go_on() -> None:
        if then == "append":
            trail.append("run", "event", {})
        else:
            trail.recover()
            verify(*paths)

    with pytest.raises(TamperedError):
        go_on()
    assert [path.read_bytes() if path.exists() else None for path in paths] == before


def test_reading_stops_at_a_record_that_was_changed(paths: Paths) -> None:
    paths[0].write_bytes(paths[0].read_bytes().replace(b'"step":5', b'"step":6'))
    found: list[int] = []
    with pytest.raises(TamperedError, match="record 5: the content was changed"):
        found.extend(record.sequence for record in read_records(*paths))
    assert found == [1, 2, 3, 4]
