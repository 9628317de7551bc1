"""Excerpts show where a finding stands, and never what a report must not tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from report_formats.excerpts import MAXIMUM_WIDTH, excerpts_of, safe_line
from report_formats.interface import Excerpt
from tests import strategies
from tests.sample_reports import finding
from verdicts import Location

FILE = "infrastructure/main.bicep"


def excerpt(text: str | bytes, line: int, column: int | None = None, **changes: object) -> Excerpt | None:
    data = text if isinstance(text, bytes) else text.encode()
    one = finding(location=Location(FILE, line, column), **changes)
    return excerpts_of([one], {FILE: data}, {"MLG-SECRET"}).get(one.fingerprint)


def test_the_line_stands_between_two_before_and_two_after() -> None:
    found = excerpt("a\nb\nc\nd\ne\nf\ng\n", 4, 1)
    assert found == Excerpt(first=2, lines=("b", "c", "d", "e", "f"), marked=4, column=1)


@pytest.mark.parametrize(("line", "first", "lines"), [(1, 1, ("a", "b", "c")), (3, 1, ("a", "b", "c"))])
def test_a_file_ends_where_it_ends(line: int, first: int, lines: tuple[str, ...]) -> None:
    found = excerpt("a\nb\nc\n", line)
    assert found is not None
    assert (found.first, found.lines) == (first, lines)


def test_a_place_that_the_file_does_not_have_has_no_excerpt() -> None:
    assert excerpt("a\n", 9) is None
    elsewhere = finding(location=Location("other.json", 1))
    nowhere = finding(location=None)
    assert excerpts_of([elsewhere, nowhere], {FILE: b"a"}) == {}


def test_lines_are_counted_as_the_readers_count_them() -> None:
    found = excerpt("a\x0bb\u2028c\x0c\r\nd\r\ne", 2)
    assert found is not None
    assert found.lines[1:] == ("d", "e")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_the_first_line(encoding: str) -> None:
    found = excerpt("é\n".encode(encoding), 1, 1)
    assert found is not None
    assert found.lines == ("é",)


def test_a_tab_moves_the_mark_as_it_moves_the_text() -> None:
    found = excerpt('\t\t"a": 1', 1, 3)
    assert found is not None
    assert found.lines == ('        "a": 1',)
    assert found.column == 9


def test_of_a_long_line_the_part_around_the_place_is_shown() -> None:
    text = "x" * 50_000 + "HERE" + "y" * 50_000
    found = excerpt(text, 1, 50_001)
    assert found is not None
    (line,) = found.lines
    assert len(line) <= MAXIMUM_WIDTH + 2
    assert found.column is not None
    assert line[found.column - 1 :].startswith("HERE")
    assert line.startswith("…")
    assert line.endswith("…")


def test_of_a_line_longer_than_the_window_the_place_is_marked_too() -> None:
    found = excerpt(" " * 200 + "HERE" + " " * 30 + "z", 1, 201)
    assert found is not None
    assert found.column is not None
    assert found.lines[0][found.column - 1 :].startswith("HERE")


@pytest.mark.parametrize(
    ("line", "gone"),
    [
        ("  adminPassword: 'hunter2'", "hunter2"),
        ('"connectionString": "Server=x;User=y;z=hunter2"', "hunter2"),
        ('"a": 1, "clientSecret": "hun\\"ter2", "b": 2', "ter2"),
        ("password: hunter2", "hunter2"),
        ("  env: {API_KEY: hunter2, X: 1}", "hunter2"),
        ("run: az login --password hunter2", "hunter2"),
        ('key = "Q2hhbmdlTWVQbGVhc2VUaGlzSXNBS2V5MTIzNDU2Nzg5MA=="', "Q2hh"),
        ("token = ghp_0123456789abcdefghijABCDEFGHIJ", "0123456789"),
        ("url: https://user:hunter2@host.example/", "hunter2"),
    ],
)
def test_what_may_be_a_secret_is_replaced(line: str, gone: str) -> None:
    assert gone not in safe_line(line)
    assert "[redacted]" in safe_line(line)


@pytest.mark.parametrize(
    "line",
    [
        "    publicNetworkAccess: 'Enabled'",
        "allowSharedKeyAccess: true",
        '"adminPassword": "[parameters(\'adminPassword\')]"',
        '"password": "**********"',
        "token: ${{ secrets.TOKEN }}",
        "secretName: 'storage'",
        "  PASSWORD: $(password)",
        "/subscriptions/0f4a1f34-0000-4000-8000-00000000abcd/resourceGroups/Rg1/providers/Microsoft.Storage/x",
        "image: x@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    ],
)
def test_what_is_none_is_shown(line: str) -> None:
    assert safe_line(line) == line


def test_the_line_that_a_rule_about_secrets_points_at_shows_its_key_only() -> None:
    text = "a: 1\nenvironment:\n  SETTING: |\n    hunter2\n\n    hunter3\n  OTHER: 2\n"
    found = excerpt(text, 3, 3, rule_id="MLG-SECRET")
    assert found is not None
    assert found.lines == ("a: 1", "environment:", "  SETTING: [redacted]", "    [redacted]", "[redacted]")


def test_the_neighbour_of_a_secret_does_not_show_it() -> None:
    text = 'a\n"x": "hunter2"\n"public": true\n'
    secret = finding(rule_id="MLG-SECRET", location=Location(FILE, 2))
    other = finding(rule_id="MLG-OTHER", location=Location(FILE, 3))
    for order in ([secret, other], [other, secret]):
        made = excerpts_of(order, {FILE: text.encode()}, {"MLG-SECRET"})
        assert "hunter2" not in str(made)
        assert made[other.fingerprint].lines[-1] == '"public": true'


def test_a_secret_that_another_finding_points_at_is_hidden_though_that_one_has_no_excerpt() -> None:
    secret, other = (finding(rule_id=rule, location=Location(FILE, 1)) for rule in ("MLG-SECRET", "MLG-OTHER"))
    made = excerpts_of([other], {FILE: b'"x": "hunter2"'}, {"MLG-SECRET"}, among=[secret])
    assert set(made) == {other.fingerprint}
    assert "hunter2" not in str(made)


@pytest.mark.parametrize(
    "text", ["password" * 300, "secret:" * 300, "'" * 2_000, 'password="' + "\\" * 1_900, "x." * 1_000 + "password"]
)
def test_hostile_lines_cost_little(text: str) -> None:
    assert len(safe_line(text)) <= 6_000


@given(data=st.one_of(st.binary(max_size=400), strategies.texts.map(lambda text: text.encode("utf-8", "replace"))))
def test_any_bytes_give_safe_lines(data: bytes) -> None:
    for line in range(1, data.count(b"\n") + 2):
        for column in (None, 1, 7):
            found = excerpt(data, line, column)
            for shown in found.lines if found is not None else ():
                assert not any(ord(one) < 32 or 127 <= ord(one) < 160 for one in shown if one != "\t")
                assert len(shown) <= MAXIMUM_WIDTH * 6


def test_a_mark_outside_of_the_lines_is_refused() -> None:
    with pytest.raises(ValueError, match="marked line"):
        Excerpt(first=3, lines=("a",), marked=4)
