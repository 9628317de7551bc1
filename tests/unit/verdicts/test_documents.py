"""YAML and JSON from outside: bounded, and without surprises."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verdicts import ConfigurationError, documents
from verdicts.documents import Document, DocumentError, load_document, parse_json, parse_yaml, read_bounded


def content(text: str) -> Any:
    return parse_yaml(text.encode()).content


def refused(text: bytes) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        parse_yaml(text)
    return caught.value


def test_a_key_that_stands_twice_is_refused_with_its_line() -> None:
    error = refused(b"a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n")
    assert (str(error), error.line) == ("the key 'c' stands twice", 5)


def test_two_spellings_of_a_key_are_one_key() -> None:
    assert refused(b"1: a\n'1': b\n").line == 2
    assert refused(b'a: 1\n"\\x61": 2\n').line == 2


def test_a_key_that_stands_twice_in_json_is_refused() -> None:
    with pytest.raises(DocumentError, match="the key 'b' stands twice"):
        parse_json(b'{"a": {"b": 1, "b": 2}}')


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 12)]
    assert "alias bomb" in str(refused("\n".join(lines).encode()))


def test_an_alias_to_itself_is_refused() -> None:
    assert "nested deeper" in str(refused(b"&a [*a]"))
    assert "nested deeper" in str(refused(b"&a {x: *a}"))


def test_ordinary_aliases_are_copied() -> None:
    assert content("a: &x {b: 1}\nc: *x") == {"a": {"b": 1}, "c": {"b": 1}}


@pytest.mark.parametrize("piece", ["[", "{a: ", "- ", "? ", "!!seq [", "&x ["])
def test_deep_yaml_is_refused_and_does_not_end_the_process(piece: str) -> None:
    # In a process of its own: the C library would take pytest down with it.
    program = (
        "import sys; from verdicts.documents import *\n"
        "try: parse_yaml((sys.argv[1] * 100_000).encode())\n"
        "except DocumentError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program, piece], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "nested deeper than 100 levels" in done.stdout or "not YAML" in done.stdout


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 5_000 + b"]" * 5_000])
def test_deep_json_is_refused(data: bytes) -> None:
    with pytest.raises(DocumentError, match="nested too deeply"):
        parse_json(data)


def test_the_allowed_depth_is_allowed() -> None:
    deep = "[" * documents.MAXIMUM_DEPTH + "]" * documents.MAXIMUM_DEPTH
    assert json.dumps(content(deep)) == deep
    assert "nested deeper" in str(refused(f"[{deep}]".encode()))


def test_a_file_of_exactly_the_bound_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"x" * 100)
    assert read_bounded(file, 100) == b"x" * 100
    with pytest.raises(DocumentError, match="larger than 99 bytes"):
        read_bounded(file, 99)


@pytest.mark.parametrize("text", [b"NaN", b"Infinity", b"-Infinity", b'{"a": NaN}', b"1e999", b"[-1e999]"])
def test_json_numbers_are_finite(text: bytes) -> None:
    with pytest.raises(DocumentError):
        parse_json(text)


@pytest.mark.parametrize("text", [b"", b"{} x", b"{'a': 1}", b'{"a": 1,}', b"\x00", b'"\x01"', b"\xff", b"9" * 5_000])
def test_what_is_not_json_is_refused(text: bytes) -> None:
    with pytest.raises(DocumentError):
        parse_json(text)


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert parse_json(b"\xef\xbb\xbf[1]") == [1]
    assert parse_yaml(b"\xef\xbb\xbfa: 1").content == {"a": 1}


def test_other_encodings_are_refused_with_the_line() -> None:
    assert refused(b"a: 1\nb: \xff\n").line == 2
    assert refused("a: 1".encode("utf-16")).line == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-11-21", "2026-11-21"),
        ("2026-11-21T08:00:00Z", "2026-11-21T08:00:00Z"),
        ("1:30", "1:30"),
        ("1:30.5", "1:30.5"),
        ("=", "="),
        ("<<", "<<"),
        ("0o17", "0o17"),
        ("08", "08"),
        ("1.10", 1.1),
        ("'1.10'", "1.10"),
        ("017", 15),
        ("-017", -15),
        ("0x1F", 31),
        ("1_000", 1000),
        ("~", None),
        ("", None),
        ("yes", True),
        ("Off", False),
        (".Inf", math.inf),
        ("-.INF", -math.inf),
        ("!!str 1", "1"),
    ],
)
def test_scalars_are_what_a_person_means(text: str, value: object) -> None:
    read = content(f"a: {text}")["a"]
    assert read == value
    assert type(read) is type(value)


def test_every_spelling_of_not_a_number_is_one() -> None:
    assert all(math.isnan(content(f"a: {text}")["a"]) for text in (".nan", ".NaN", ".NAN"))


@pytest.mark.parametrize(
    "text",
    [
        b"a: !!python/object/apply:os.system [id]",
        b"a: !!python/name:os.system x",
        b"a: !x y",
        b"a: !!binary aGk=",
        b"a: !!bool maybe",
        b"a: !!null something",
        b"a: !!int 1.5",
        b"a: !!int 08",
        b"<<: {a: 1}",
        b"? [a]\n: 1",
        b"a: *nowhere",
        b"a: 1\n---\nb: 2",
        b"a: b: c",
        b"\tb: 1",
        b"a: \x00",
        b"a: " + b"9" * 5_000,
    ],
)
def test_what_is_no_plain_document_is_refused(text: bytes) -> None:
    refused(text)


def test_an_empty_document_is_nothing() -> None:
    assert parse_yaml(b"").content is None
    assert parse_yaml(b"# only a comment\n").content is None


def test_lines_are_those_of_the_keys() -> None:
    document = parse_yaml(b"# c\na: 1\nb:\n  - x\n  - y:\n      z: 2\n")
    assert [document.line(pointer) for pointer in (("a",), ("b",), ("b", 0), ("b", 1, "y", "z"))] == [2, 3, 4, 6]


def test_an_unknown_pointer_has_the_line_of_what_is_around_it() -> None:
    document = parse_yaml(b"a:\n  b: 1\n")
    assert document.line(("a", "absent", "deeper")) == 1
    assert Document(1).line(("a",)) is None


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner), max_leaves=20)
)
def test_json_comes_back_as_it_was(value: object) -> None:
    assert parse_json(json.dumps(value).encode()) == value


@given(data=st.binary(max_size=60))
def test_any_bytes_are_a_document_or_refused(data: bytes) -> None:
    for parse in (parse_json, parse_yaml):
        try:
            parse(data)
        except DocumentError:
            continue


@pytest.mark.parametrize(
    ("name", "data", "where"),
    [
        ("x.yml", b"a: 1\na: 2\n", "shown.yml:2"),
        ("x.yml", b"a: 1\nb: *c\n", "shown.yml:2"),
        ("x.json", b"{\n x", "shown.yml:2"),
        ("x.json", b'{"a": 1, "a": 2}', "shown.yml"),
    ],
)
def test_a_steering_file_that_is_no_document_is_a_configuration_error_with_its_place(
    name: str, data: bytes, where: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ConfigurationError) as caught:
        load_document(tmp_path / name, shown_as="shown.yml")
    assert caught.value.where == where


@pytest.mark.parametrize("name", ["absent.yml", ".", "a\0b.yml"])
def test_a_steering_file_that_can_not_be_read_is_a_configuration_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be read"):
        load_document(tmp_path / name)


def test_a_steering_file_that_is_too_large_is_a_configuration_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.yml").write_bytes(b"#" * (documents.MAXIMUM_BYTES + 1))
    with pytest.raises(ConfigurationError, match="larger than"):
        load_document(tmp_path / "x.yml")


def test_json_by_its_ending_is_read_as_json(tmp_path: Path) -> None:
    (tmp_path / "x.JSON").write_bytes(b'{"a": 2026}')
    assert load_document(tmp_path / "x.JSON").content == {"a": 2026}
