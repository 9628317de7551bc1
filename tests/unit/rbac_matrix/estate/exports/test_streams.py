"""Whatever the layout of a file, its records and their lines are those that a plain parser sees."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rbac_matrix.estate.exports import streams
from rbac_matrix.estate.exports.streams import Documents
from rbac_matrix.estate.exports.values import LISTS, Envelope
from verdicts import ConfigurationError


def read(text: str, *, step: int = 1 << 20) -> tuple[list[Any], list[int], list[Envelope]]:
    windows = (text[at : at + step] for at in range(0, len(text), step))
    records: list[Any] = []
    lines: list[int] = []
    envelopes = []
    for piece in Documents(windows, "f.json").pieces():
        records += piece.records
        lines += piece.lines
        if piece.last:
            envelopes.append(piece.envelope)
    return records, lines, envelopes


@pytest.fixture(params=[7, 64, 4096])
def small_window(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(streams, "WINDOW", request.param)
    return int(request.param)


class TestHostile:
    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ('[{"a": 1},\n {"b": 2}', "f.json:2: not JSON.*export it again"),
            ('[{"a": 1},\n {"b": ', "f.json:2: not JSON.*export it again"),
            ('{"value": [{"a": 1}]', "f.json:1: not JSON.*export it again"),
            ('{"value": [{"a": 1}\n', "f.json:[12]: not JSON"),
            ('[{"a": 1}\n{"b": 2}]', "f.json:2: not JSON"),
            ('[{"a": 1, "a": 2}]', "f.json:1: the key 'a' stands twice"),
            ('[\n{"x": 1},\n{"a": 1, "a": 2}]', "f.json:3: the key 'a' stands twice"),
            ('{"value": [], "value": []}', "f.json:1: the key 'value' stands twice"),
            ('{"a": 1, "a": 2}', "f.json:1: the key 'a' stands twice"),
            ('[{"a": NaN}]', "f.json:1: NaN is not JSON"),
            ("[" * 100_000, "f.json:1: nested too deeply"),
            ('{"a":' * 100_000, "f.json:1: nested too deeply"),
            ("[1" + "0" * 10_000 + "]", "f.json:1: "),
            ("null", "f.json:1: neither a list nor an object"),
            ("<html>", "f.json:1: neither a list nor an object"),
            ("{1: 2}", "f.json:1: not JSON"),
            ('{"a" 2}', "f.json:1: not JSON"),
            ('[{"a": 1},]', "f.json:1: not JSON"),
        ],
    )
    def test_a_broken_file_is_an_error_with_its_line(self, text: str, says: str, small_window: int) -> None:
        with pytest.raises(ConfigurationError, match=says):
            read(text, step=small_window)

    def test_a_record_without_end_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(streams, "WINDOW", 16)
        monkeypatch.setattr(streams, "MAXIMUM_RECORD", 64)
        with pytest.raises(ConfigurationError, match=r"f\.json:1: a record is too large"):
            read('[{"a": "' + "x" * 1000 + '"}]', step=16)


LAYOUTS = {
    "one line": lambda records: json.dumps(records, separators=(",", ":")),
    "azure cli": lambda records: json.dumps(records, indent=2),
    "powershell": lambda records: json.dumps(records, indent=4).replace("\n", "\r\n"),
    "answer": lambda records: json.dumps({"@odata.context": "x", "value": records, "nextLink": None}, indent=2),
    "answer on one line": lambda records: json.dumps({"value": records, "count": 3}),
    "a record a line in a list": lambda records: "[" + ",\n".join(map(json.dumps, records)) + "]",
}

texts = st.text(st.sampled_from('ab{}[]",:\\ \n'), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
record_lists = st.lists(st.dictionaries(texts, values, max_size=4), max_size=8)


@pytest.mark.parametrize("layout", list(LAYOUTS))
@pytest.mark.parametrize("window", [5, 40, 100_000])
def test_records_are_those_of_a_plain_parser(layout: str, window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "WINDOW", window)

    @given(record_lists)
    def check(made: list[dict[str, Any]]) -> None:
        text = LAYOUTS[layout](made)
        records, lines, envelopes = read(text, step=window)
        assert records == made
        assert len(envelopes) == 1
        decoder = json.JSONDecoder()
        at = text.index("[") + 1
        for record, line in zip(records, lines, strict=True):
            at = text.index("{", at)
            assert line == text.count("\n", 0, at) + 1
            found, at = decoder.raw_decode(text, at)
            assert found == record

    check()


@given(record_lists)
def test_json_lines_are_records_with_their_lines(made: list[dict[str, Any]]) -> None:
    made = [one for one in made if not any(isinstance(one.get(key), list) for key in LISTS)]
    text = "\n".join(map(json.dumps, made)) + "\n"
    records, lines, _ = read(text)
    assert records == made
    assert lines == list(range(1, len(made) + 1))


def test_pages_that_were_joined_are_documents_of_their_own(small_window: int) -> None:
    page = json.dumps({"value": [{"a": 1}, {"b": [{"c": 1}, {"d": 2}]}], "nextLink": "next"})
    records, _, envelopes = read(f"{page}\n{page}\n", step=small_window)
    assert len(records) == 4
    assert [one.fields for one in envelopes] == [{"nextLink": "next"}] * 2


def test_a_single_object_is_a_single_record(small_window: int) -> None:
    records, lines, envelopes = read('\n{"a": {"b": 1},\n "c": 2}', step=small_window)
    assert (records, lines) == ([{"a": {"b": 1}, "c": 2}], [2])
    assert envelopes[0].key is None
