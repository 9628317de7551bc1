"""One record: one spelling, and the right digest."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy_gate.evidence.records import (
    GENESIS,
    MAXIMUM_DEPTH,
    MAXIMUM_LINE_BYTES,
    RecordError,
    TrailRecord,
    decode,
    encode,
    make_record,
)

AT = dt.datetime(2026, 3, 1, 12, 30, 15, 250, dt.UTC)


def record(data: Any = None, **changes: Any) -> TrailRecord:
    fields: dict[str, Any] = {
        "sequence": 1,
        "at": AT,
        "run": "run-1",
        "event": "step-completed",
        "data": {"step": "scan"} if data is None else data,
        "previous": GENESIS,
    }
    return make_record(**(fields | changes))


def respelled(line: bytes, fields: dict[str, Any]) -> bytes:
    """A forged line with a consistent digest, in canonical JSON."""
    changed = json.loads(line) | fields
    del changed["digest"]
    body = json.dumps(changed, sort_keys=True, separators=(",", ":"))
    changed["digest"] = "sha256:" + hashlib.sha256(body.encode()).hexdigest()
    return json.dumps(changed, sort_keys=True, separators=(",", ":")).encode() + b"\n"


# Numbers whose text stays below Python's limit, and every text, lone surrogates excepted (they become escapes).
scalars = (
    st.none() | st.booleans() | st.integers(-(10**600), 10**600) | st.floats(allow_nan=False, allow_infinity=False)
)
texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(scalars | texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=20)


# A busy machine is no failure.
unhurried = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@unhurried
@given(st.dictionaries(texts, values), texts, texts)
def test_whatever_is_json_comes_back_as_it_was(data: dict[str, Any], run: str, event: str) -> None:
    run, event = (text if text.isprintable() and 0 < len(text) <= 200 else "x" for text in (run, event))
    made = record(data, run=run, event=event)
    line = encode(made)
    assert decode(line) == made
    assert made.data == data
    assert encode(decode(line)) == line
    assert line.count(b"\n") == 1
    assert line.isascii()


@unhurried
@given(st.dictionaries(texts, values))
def test_the_digest_is_that_of_the_canonical_json_without_itself(data: dict[str, Any]) -> None:
    fields = json.loads(encode(record(data)))
    digest = fields.pop("digest")
    body = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
    assert digest == "sha256:" + hashlib.sha256(body).hexdigest()


@unhurried
@given(st.text(), st.text())
def test_any_text_at_all_can_be_recorded(key: str, value: str) -> None:
    made = record({key: value})
    assert decode(encode(made)) == made


@pytest.mark.parametrize("text", [',"digest":"sha256:' + "0" * 64 + '",', '\\",\\"digest\\":\\"', '"}', "\\"])
def test_texts_that_look_like_the_digest_field_change_nothing(text: str) -> None:
    made = record({"digest": text, text: {"digest": text}}, run=text, event=text)
    assert decode(encode(made)) == made
    fields = json.loads(encode(made))
    digest = fields.pop("digest")
    body = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
    assert digest == "sha256:" + hashlib.sha256(body).hexdigest()


def test_lone_surrogates_become_visible_and_stay_apart_from_characters() -> None:
    made = record({"name": "caf\udce9", "pair": "\ud83d\ude00"})
    assert made.data == {"name": "caf\\udce9", "pair": "\\ud83d\\ude00"}


def test_keys_that_would_read_the_same_are_refused() -> None:
    with pytest.raises(RecordError, match="read the same"):
        record({"\udce9": 1, "\\udce9": 2})


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        -float("inf"),
        {1, 2},
        b"bytes",
        AT,
        object(),
        {1: "number as key"},
        {None: "nothing as key"},
        10**617,
        1 << 100_000,
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("wrap", [lambda value: {"a": value}, lambda value: {"a": [{"b": value}]}])
def test_what_json_does_not_have_is_refused(value: object, wrap: Any) -> None:
    with pytest.raises(RecordError):
        record(wrap(value))


def test_nesting_is_bounded() -> None:
    deep: Any = "x"
    for _ in range(MAXIMUM_DEPTH - 2):
        deep = [deep]
    assert decode(encode(record({"a": deep})))
    with pytest.raises(RecordError, match="nested"):
        record({"a": [[deep]]})


def test_a_value_that_contains_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(RecordError, match="nested"):
        record({"a": endless})


def test_a_line_is_bounded() -> None:
    room = MAXIMUM_LINE_BYTES - len(encode(record({"a": ""})))
    assert len(encode(record({"a": "x" * room}))) == MAXIMUM_LINE_BYTES
    with pytest.raises(RecordError, match="at most"):
        record({"a": "x" * (room + 1)})


@pytest.mark.parametrize("name", ["run", "event"])
@pytest.mark.parametrize("text", ["", "a\nb", "\x1b[2J", "\u202egpj", "\u200b", "\udce9", "x" * 201])
def test_names_are_printable_and_bounded(name: str, text: str) -> None:
    with pytest.raises(RecordError, match=name):
        record(**{name: text})


@pytest.mark.parametrize(
    "at", [AT.replace(tzinfo=None), dt.datetime(2026, 3, 1, tzinfo=dt.timezone(dt.timedelta(hours=1)))]
)
def test_moments_are_in_utc(at: dt.datetime) -> None:
    with pytest.raises(RecordError, match="UTC"):
        record(at=at)


@pytest.mark.parametrize("sequence", [0, -1, True, 1.0, "1"])
def test_a_sequence_number_is_a_whole_number_from_1(sequence: Any) -> None:
    with pytest.raises(RecordError, match="sequence"):
        record(sequence=sequence)


def test_later_changes_of_the_callers_data_change_no_record() -> None:
    inner = ["a"]
    made = record({"list": inner})
    inner.append("b")
    assert made.data == {"list": ["a"]}


def test_a_record_with_a_foreign_digest_does_not_come_back() -> None:
    forged = dataclasses.replace(record(), digest="sha256:" + "1" * 64)
    with pytest.raises(RecordError, match="digest"):
        decode(encode(forged))


LINE = encode(record({"number": 1, "text": "é"}))


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"{}\n",
        b"[]\n",
        b"null\n",
        LINE.removesuffix(b"\n"),
        LINE + b"\n",
        LINE + LINE,
        b" " + LINE,
        LINE.replace(b"\n", b" \n"),
        LINE.replace(b"\n", b"\r\n"),
        LINE.replace(b'"number":1', b'"number": 1'),
        LINE.replace(b'"number":1', b'"number":1,"number":1'),
        LINE.replace(b'"number":1', b'"number":1.0'),
        LINE.replace(b'"number":1', b'"number":1e0'),
        LINE.replace(b'"number":1', b'"number":NaN'),
        LINE.replace(b'"number":1', b'"number":1e999'),
        LINE.replace(b'"number":1', b'"number":-0'),
        LINE.replace(b"\\u00e9", b"\\u00E9"),
        LINE.replace(b"\\u00e9", "é".encode()),
        LINE.replace(b'"text"', b'"\\u0074ext"'),
        LINE.replace(b"000250Z", b"000250+00:00"),
        LINE.replace(b".000250Z", b".00025Z"),
        LINE.replace(b"T12:30", b" 12:30"),
        LINE.decode().encode("utf-16"),
        b"\xef\xbb\xbf" + LINE,
        b"[" * 100_000 + b"]" * 100_000 + b"\n",
        LINE.replace(b'"number":1', b'"number":' + b"[" * 5_000 + b"]" * 5_000),
        LINE.replace(b'"number":1', b'"number":' + b"1" * 5_000),
        respelled(LINE, {"extra": 1}),
        respelled(LINE, {"data": ["not", "a", "mapping"]}),
        respelled(LINE, {"sequence": True}),
        respelled(LINE, {"sequence": 1.0}),
        respelled(LINE, {"sequence": 0}),
        respelled(LINE, {"at": 5}),
        respelled(LINE, {"at": "2026-03-01"}),
        respelled(LINE, {"at": "2026-03-01T13:30:15.000250+01:00"}),
        respelled(LINE, {"run": ""}),
        respelled(LINE, {"run": None}),
        respelled(LINE, {"event": "\x1b[2J"}),
        respelled(LINE, {"previous": "sha256:" + "A" * 64}),
        respelled(LINE, {"previous": None}),
    ],
)
def test_every_other_spelling_is_refused(line: bytes) -> None:
    assert line != LINE
    with pytest.raises(RecordError):
        decode(line)


def test_an_honest_respelling_is_the_line_itself() -> None:
    assert respelled(LINE, {}) == LINE
    assert decode(LINE) == record({"number": 1, "text": "é"})
