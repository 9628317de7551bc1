"""Cleaning of texts from outside."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import strategies
from verdicts.text import _PRIVATE_KEY, _SECRETS, MAXIMUM_CHARACTERS, REDACTED, clean_text, one_line, redact

_BIDIRECTIONAL = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x9b31m", "\\x9b31m"),
        ("a\rb", "a\\x0db"),
        ("a\r\nb\tc", "a\nb\tc"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\ud800", "\\ud800"),
        ("\ufffe\uffff", "\\ufffe\\uffff"),
        ("\U000e0041", "\\U000e0041"),
        ("plain é漢字🙂", "plain é漢字🙂"),
    ],
)
def test_unsafe_characters_stay_visible_as_escapes(text: str, cleaned: str) -> None:
    assert clean_text(text) == cleaned


@given(text=st.one_of(strategies.texts, st.text(alphabet="\x1b\x9b\u202e\ud800\r\n\x00ab;:/@=", max_size=50)))
def test_no_text_keeps_a_control_or_an_override(text: str) -> None:
    cleaned = clean_text(text)
    cleaned.encode()
    assert not any(
        (unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t") or character in _BIDIRECTIONAL
        for character in cleaned
    )
    assert len(cleaned) <= MAXIMUM_CHARACTERS
    assert clean_text(cleaned) == cleaned


_PIECES = (
    *("AccountKey=", "pwd=", "PaſſWord=", "?sig=", "ABCDEFGHIJ1234567890", "bearer ", "BASIC ", "ghp_", "AKIA", "eyJ"),
    *("https://", "user", ":", "@", ";", " ", ".", "\n", "-----BEGIN PRIVATE KEY-----", "SharedSecretValue="),
    "\u212aey=",
)


@given(pieces=st.lists(st.one_of(st.sampled_from(_PIECES), strategies.texts), max_size=6))
def test_looking_for_signs_first_leaves_no_secret(pieces: list[str]) -> None:
    text = "".join(pieces)
    slowly = _PRIVATE_KEY.sub(f"private key {REDACTED}", text)
    for pattern in _SECRETS:
        slowly = pattern.sub(lambda match: f"{match.group(1)} {REDACTED}", slowly)
    assert redact(text) == slowly


@given(text=strategies.texts)
def test_one_line_is_one_line_and_cleaning_it_again_changes_nothing(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert len(line) <= 300
    assert one_line(line) == line


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("DefaultEndpointsProtocol=https;AccountKey=c2VjcmV0c2VjcmV0c2VjcmV0==;x", "c2VjcmV0"),
        ("Server=x;Password=hunter2;", "hunter2"),
        ("https://x.example/?sv=1&sig=abcdefgh%2Fijkl%3D&se=2", "abcdefgh"),
        ("Authorization: Bearer abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyz"),
        ("token ghp_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", "ABCDEFGHIJKLMNOP"),
        ("AKIAIOSFODNN7EXAMPLE", "IOSFODNN7EXAMPLE"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl", "eyJzdWIi"),
        ("https://user:pa55word@host.example/x", "pa55word"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----", "MIIEow"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEow and the rest is cut", "MIIEow"),
    ],
)
def test_secrets_are_redacted(text: str, secret: str) -> None:
    for cleaned in (redact(text), clean_text(text), one_line(text)):
        assert secret not in cleaned
        assert REDACTED in cleaned


def test_ordinary_words_are_not_redacted() -> None:
    text = "The password policy, basic rules and https://docs.example/a@b are signature=none"
    assert redact(text) == text


def test_a_secret_at_the_cut_does_not_survive_in_half() -> None:
    text = "x" * (MAXIMUM_CHARACTERS - 20) + " AccountKey=" + "s3cr3t" * 10
    assert "s3cr3t" not in clean_text(text)


def test_a_long_text_is_cut_with_a_mark() -> None:
    cleaned = clean_text("x" * 10_000_000)
    assert len(cleaned) == MAXIMUM_CHARACTERS
    assert cleaned.endswith("…")
    assert clean_text("x" * MAXIMUM_CHARACTERS) == "x" * MAXIMUM_CHARACTERS


def test_redaction_of_hostile_text_takes_no_quadratic_time() -> None:
    # Each of these is what a pattern could stumble over; a pattern that backtracks would not end here.
    for piece in ("a:", "eyJ", "-----BEGIN A PRIVATE KEY", "://", "Password=", "Bearer ", "a+"):
        assert len(clean_text(piece * 200_000)) <= MAXIMUM_CHARACTERS
        assert re.sub(r"\s", "", one_line(piece * 20_000))
