"""Versions and pins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.values import DefinitionError
from policies.versions import Fit, Version, fit, parse_version, read_pin

NUMBERS = st.integers(0, 30)
VERSIONS = st.builds(Version, NUMBERS, NUMBERS, NUMBERS, st.booleans())


def written(version: Version) -> str:
    return f"{version.major}.{version.minor}.{version.patch}{'' if version.released else '-preview'}"


@pytest.mark.parametrize(
    ("pin", "version", "expected"),
    [
        ("1.*.*", "1.0.0", True),
        ("1.*.*", "1.12.3", True),
        ("1.*.*", "2.0.0", False),
        ("1.*.*", "11.0.0", False),
        ("1.*.*", "1.0.0-preview", False),
        ("1.*.*-preview", "1.3.0-preview", True),
        ("1.*.*-preview", "1.3.0-PREVIEW", True),
        ("1.*.*-PREVIEW", "1.3.0-preview", True),
        ("1.*.*-preview", "1.3.0", False),
        ("2.3.*", "2.3.9", True),
        ("2.3.*", "2.4.0", False),
        ("2.0", "2.0.7", True),
        ("2", "2.5.7", True),
        ("2.0", "2.1.0", False),
        ("1.2.3", "1.2.3", True),
        ("1.2.3", "1.2.4", False),
        ("1.*.*", "1.0.0-deprecated", True),
    ],
)
def test_a_pin_takes_the_versions_that_it_means_and_no_others(pin: str, version: str, expected: bool) -> None:
    parsed = parse_version(version)
    assert parsed is not None
    assert read_pin(pin, "p").matches(parsed) is expected


@pytest.mark.parametrize(
    "text", ["", "*.*.*", "1.*.3", "v1", "1.x.*", "1.2.3.4", "1.*.*-beta", "latest", "١.*.*", 1, None, []]
)
def test_what_is_no_pin_is_an_error_with_its_place(text: object) -> None:
    with pytest.raises(DefinitionError) as caught:
        read_pin(text, "policyDefinitions[3].definitionVersion")
    assert caught.value.path == "policyDefinitions[3].definitionVersion"


@pytest.mark.parametrize("text", ["", "1", "1.0", "x", "1.0.0-rc1", "1.*.*"])
def test_what_is_no_version_is_none(text: str) -> None:
    assert parse_version(text) is None


@pytest.mark.parametrize(
    ("pin", "own", "listed", "expected"),
    [
        (None, "", (), Fit.CONTENT),
        ("1.*.*", "1.2.0", ("1.2.0", "1.1.0"), Fit.CONTENT),
        ("1.*.*", "1.2.0", (), Fit.CONTENT),
        ("1.1.*", "1.2.0", ("1.2.0", "1.1.0"), Fit.LISTED),
        ("5.*.*", "6.0.0", ("6.0.0", "5.2.0"), Fit.LISTED),
        ("1.*.*", "1.1.0", ("1.2.0", "1.1.0"), Fit.LISTED),  # Azure takes 1.2.0, whose content isn't here
        ("2.*.*", "1.2.0", ("1.2.0",), Fit.ABSENT),
        ("1.*.*-preview", "1.2.0", ("1.2.0",), Fit.ABSENT),
        ("1.*.*", "", (), Fit.ABSENT),
        ("1.*.*", "soon", ("soon",), Fit.ABSENT),
        ("1.*.*-preview", "1.0.0-preview", ("1.0.0-PREVIEW",), Fit.CONTENT),
    ],
)
def test_how_a_document_serves_a_pin(pin: str | None, own: str, listed: tuple[str, ...], expected: Fit) -> None:
    assert fit(None if pin is None else read_pin(pin, "p"), own, listed) is expected


@given(VERSIONS)
def test_a_version_is_read_as_it_is_written(version: Version) -> None:
    assert parse_version(written(version)) == version
    assert parse_version(written(version).upper()) == version


@given(VERSIONS, VERSIONS)
def test_an_exact_pin_takes_one_version_only(version: Version, other: Version) -> None:
    pin = read_pin(written(version), "p")
    assert pin.matches(version)
    assert pin.matches(other) is (version == other)


@given(VERSIONS, VERSIONS)
def test_a_wider_pin_takes_whatever_a_narrower_one_takes(version: Version, other: Version) -> None:
    tail = "" if version.released else "-preview"
    major = read_pin(f"{version.major}.*.*{tail}", "p")
    minor = read_pin(f"{version.major}.{version.minor}.*{tail}", "p")
    assert not minor.matches(other) or major.matches(other)


@given(st.text(max_size=12))
def test_no_text_raises_anything_but_a_definition_error(text: str) -> None:
    parse_version(text)
    try:
        read_pin(text, "p")
    except DefinitionError:
        pass
