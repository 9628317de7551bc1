"""Reading a steering file key by key: every mistake is told with file and line."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable

import pytest

from verdicts import ConfigurationError, Severity
from verdicts.documents import Document, parse_yaml
from verdicts.sections import Section


def section(text: str) -> Section:
    return Section(parse_yaml(text.encode()), "mlgate.yml")


def refused(text: str, read: Callable[[Section], object]) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        read(section(text))
    return caught.value


@pytest.mark.parametrize("text", ["- a", "just text", "", "1"])
def test_a_file_that_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="expected a mapping"):
        section(text)


def test_a_misspelt_key_is_refused_with_its_line_and_the_right_spelling() -> None:
    top = section("schema: x\nfail_onn: low\n")
    top.text("schema")
    top.choice("fail_on", Severity, Severity.MEDIUM)
    with pytest.raises(ConfigurationError) as caught:
        top.finish()
    assert caught.value.where == "mlgate.yml:2"
    assert "did you mean 'fail_on'" in caught.value.remedy


def test_an_unknown_key_unlike_any_other_is_refused_with_what_is_known() -> None:
    top = section("zzz: 1\n")
    top.text("schema", "")
    with pytest.raises(ConfigurationError, match="unknown key 'zzz'"):
        top.finish()


def test_a_key_that_was_asked_for_is_known() -> None:
    top = section("a: 1\nb: null\n")
    top.integer("a", minimum=0, maximum=9)
    assert top.text("b", "default") == "default"
    top.finish()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("x: 1\n", lambda top: top.text("a")),
        ("x: 1\na: null\n", lambda top: top.text("a")),
        ("x: 1\na:\n", lambda top: top.section("a")),
        ("x: 1\n", lambda top: list(top.sections("a"))),
        ("x: 1\n", lambda top: top.texts("a")),
        ("x: 1\n", lambda top: top.choice("a", Severity)),
    ],
)
def test_a_missing_key_is_told(text: str, read: Callable[[Section], object]) -> None:
    assert "'a' is missing" in refused(text, read).what


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("1.10", lambda top: top.text("a")),
        ("true", lambda top: top.text("a")),
        ("' '", lambda top: top.text("a")),
        ("[x]", lambda top: top.text("a")),
        ("'5'", lambda top: top.integer("a", minimum=0, maximum=9)),
        ("true", lambda top: top.integer("a", minimum=0, maximum=9)),
        ("10", lambda top: top.integer("a", minimum=0, maximum=9)),
        ("-1", lambda top: top.integer("a", minimum=0, maximum=9)),
        ("1.0", lambda top: top.integer("a", minimum=0, maximum=9)),
        (".nan", lambda top: top.number("a")),
        (".inf", lambda top: top.number("a")),
        ("true", lambda top: top.number("a")),
        ("'0.8'", lambda top: top.number("a")),
        ("1" + "0" * 400, lambda top: top.number("a")),
        ("'true'", lambda top: top.boolean("a")),
        ("1", lambda top: top.boolean("a")),
        ("2026-02-30", lambda top: top.date("a")),
        ("tomorrow", lambda top: top.date("a")),
        ("20261121", lambda top: top.date("a")),
        ("terrible", lambda top: top.choice("a", Severity)),
        ("[high]", lambda top: top.choice("a", Severity)),
        ("HIGH", lambda top: top.choice("a", Severity)),
        ("text", lambda top: top.texts("a")),
        ("[x, 1]", lambda top: top.texts("a")),
        ("[x, '']", lambda top: top.texts("a")),
        ("{b: 1}", lambda top: top.texts("a")),
        ("[1]", lambda top: top.section("a")),
        ("text", lambda top: top.section("a")),
        ("{b: 1}", lambda top: list(top.sections("a"))),
        ("[1]", lambda top: list(top.sections("a"))),
    ],
)
def test_a_value_of_the_wrong_kind_is_told_with_its_line(value: str, read: Callable[[Section], object]) -> None:
    assert refused(f"x: 1\na: {value}\n", read).where == "mlgate.yml:2"


def test_values_of_the_right_kind_are_read() -> None:
    top = section(
        "t: text\ni: 7\nn: 2\nf: 0.5\nb: false\nd: 2027-01-31\nc: high\nl: [a, b]\ns: {k: v}\nm: [{k: 1}, {k: 2}]\n"
    )
    assert top.text("t") == "text"
    assert top.integer("i", minimum=7, maximum=7) == 7
    assert (top.number("n"), top.number("f")) == (2.0, 0.5)
    assert top.boolean("b") is False
    assert top.date("d") == dt.date(2027, 1, 31)
    assert top.choice("c", Severity) is Severity.HIGH
    assert top.texts("l") == ("a", "b")
    assert top.section("s").text("k") == "v"
    assert [item.integer("k", minimum=0, maximum=9) for item in top.sections("m")] == [1, 2]
    assert top.keys() == tuple("tinfbdclsm")
    top.finish()


def test_defaults_stand_for_absent_keys_only() -> None:
    top = section("a: ''\n")
    assert top.text("b", "x") == "x"
    assert top.number("c", 1.5) == 1.5
    assert top.texts("d", ()) == ()
    assert list(top.sections("e", ())) == []
    assert top.optional_section("f") is None
    with pytest.raises(ConfigurationError):
        top.text("a", "x")


def test_a_section_below_tells_its_own_line_and_place() -> None:
    top = section("a:\n  b:\n    - c: 1\n    - d: 2\n")
    second = list(top.section("a").sections("b"))[1]
    with pytest.raises(ConfigurationError) as caught:
        second.text("c")
    assert caught.value.where == "mlgate.yml:4"
    assert "a.b.1" in caught.value.what


def test_json_has_no_lines_and_the_file_is_told_all_the_same() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Section(Document({"a": 1}), "x.json").text("a")
    assert caught.value.where == "x.json"


def test_an_enumeration_of_numbers_is_not_taken_from_numbers() -> None:
    class Version(enum.Enum):
        ONE = "1"

    assert section("a: '1'\n").choice("a", Version) is Version.ONE
    assert "must be one of 1" in refused("a: 1\n", lambda top: top.choice("a", Version)).what
