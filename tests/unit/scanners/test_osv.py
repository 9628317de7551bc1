"""Which versions an advisory affects, against a naive oracle and by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from scanners.osv import MalformedAdvisoryError, affected_names, is_affected, match_of, rule_id
from tests.fakes.advisory_snapshots import advisory
from verdicts import Severity

VERSIONS = [Version(text) for text in ("0.1", "1.0a1", "1.0", "1.0.post1", "1.1", "2.0rc1", "2.0", "3!0.1")]


@st.composite
def intervals(draw: st.DrawFn) -> list[tuple[int, int, bool]]:
    """Disjoint ascending intervals of indexes into VERSIONS: begin, end, and whether the end is part of it."""
    bounds = draw(st.lists(st.integers(0, len(VERSIONS) - 1), max_size=6, unique=True).map(sorted))
    return [(begin, end, draw(st.booleans())) for begin, end in zip(bounds[::2], bounds[1::2], strict=False)]


@given(intervals(), st.booleans(), st.sampled_from(range(len(VERSIONS))), st.randoms(use_true_random=False))
def test_ranges_mean_what_a_naive_reading_of_their_intervals_says(
    wanted: list[tuple[int, int, bool]], open_end: bool, asked: int, random: Any
) -> None:
    events: list[dict[str, str]] = []
    for begin, end, inclusive in wanted:
        events.append({"introduced": str(VERSIONS[begin])})
        events.append({"last_affected" if inclusive else "fixed": str(VERSIONS[end])})
    begin_open = max((end for _, end, _ in wanted), default=-1) + 1
    expected = any(begin <= asked < end or (inclusive and asked == end) for begin, end, inclusive in wanted)
    if open_end and begin_open < len(VERSIONS):
        events.append({"introduced": str(VERSIONS[begin_open])})
        expected = expected or asked >= begin_open
    if not events:
        return
    random.shuffle(events)  # the order in the document means nothing
    entry = {"ranges": [{"type": "ECOSYSTEM", "events": events}]}
    assert is_affected(entry, VERSIONS[asked]) is expected


@pytest.mark.parametrize(
    ("events", "version", "expected"),
    [
        ([{"introduced": "0"}], "0.dev0", True),
        ([{"introduced": "0"}, {"fixed": "2.0"}], "2.0rc1", True),
        ([{"introduced": "0"}, {"fixed": "2.0"}], "2.0+cu118", False),
        ([{"introduced": "0"}, {"last_affected": "2.0"}], "2.0+cu118", True),
        ([{"introduced": "0"}, {"last_affected": "2.0"}], "2.0.post1", False),
        ([{"introduced": "1"}, {"fixed": "2"}, {"introduced": "2"}, {"fixed": "3"}], "2", True),
        ([{"introduced": "2"}, {"last_affected": "2"}], "2", True),
        ([{"introduced": "0"}, {"limit": "2"}], "2", False),
        ([{"introduced": "0"}, {"limit": "2"}], "1", True),
        ([{"introduced": "0"}, {"limit": "*"}], "9", True),
    ],
)
def test_bounds(events: list[dict[str, str]], version: str, expected: bool) -> None:
    assert is_affected({"ranges": [{"type": "ECOSYSTEM", "events": events}]}, Version(version)) is expected


def test_versions_and_ranges_add_up() -> None:
    entry = {"versions": ["1.0", "2004d"], "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "5"}]}]}
    assert [is_affected(entry, Version(text)) for text in ("1", "1.0+local", "2", "6")] == [True, True, False, True]


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"ranges": []},
        {"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]},
        {"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}], "versions": ["1"]},
        {"ranges": [{"events": [{"introduced": "0"}]}]},
        {"ranges": ["1"]},
        {"ranges": {"type": "ECOSYSTEM"}},
        {"versions": [2.0]},
        {"versions": "2.0"},
        {"ranges": [{"type": "ECOSYSTEM"}]},
        {"ranges": [{"type": "ECOSYSTEM", "events": []}]},
        {"ranges": [{"type": "ECOSYSTEM", "events": [{"fixed": "3"}]}]},
        {"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2019-09-12"}]}]},
        {"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0", "fixed": "1"}]}]},
        {"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": 0}]}]},
        {"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"mended": "1"}]}]},
    ],
)
def test_what_can_not_be_evaluated_is_an_error_and_never_unaffected(entry: dict[str, Any]) -> None:
    with pytest.raises(MalformedAdvisoryError):
        is_affected(entry, Version("2.5"))


def test_commits_are_left_aside_only_where_versions_are_given() -> None:
    commits = {"type": "GIT", "events": [{"introduced": "0"}]}
    assert is_affected({"ranges": [commits], "versions": ["1"]}, Version("2")) is False


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"id": 3, "affected": []},
        {"id": "\x1b[2J", "affected": []},
        {"id": "X-1"},
        {"id": "X-1", "affected": {}},
        {"id": "X-1", "affected": ["numpy"]},
        {"id": "X-1", "affected": [{"package": {"name": "numpy"}}]},
        {"id": "X-1", "affected": [{"package": {"ecosystem": "PyPI"}}]},
        {"id": "X-1", "affected": [{"package": {"ecosystem": "PyPI", "name": " "}}]},
    ],
)
def test_a_document_whose_packages_can_not_be_told_is_an_error(document: object) -> None:
    with pytest.raises(MalformedAdvisoryError):
        affected_names(document)


def test_names_are_normalised_and_other_ecosystems_left_out() -> None:
    document = advisory("X-1", "Foo_Bar", versions=("1",))
    document["affected"].append({"package": {"ecosystem": "npm", "name": "left-pad"}})
    assert affected_names(document) == {"foo-bar"}


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({}, Severity.UNKNOWN),
        ({"database_specific": {"severity": "MODERATE"}}, Severity.MEDIUM),
        ({"database_specific": {"severity": "critical"}}, Severity.CRITICAL),
        ({"database_specific": {"severity": "harmless"}}, Severity.UNKNOWN),
        ({"database_specific": {"severity": ["LOW"]}}, Severity.UNKNOWN),
        ({"database_specific": "LOW"}, Severity.UNKNOWN),
        ({"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L"}]}, Severity.UNKNOWN),
    ],
)
def test_only_a_rating_is_a_severity(extra: dict[str, Any], expected: Severity) -> None:
    assert match_of(advisory("X-1", "a", versions=("1",), **extra), "a").severity is expected


def test_a_malicious_package_is_critical() -> None:
    assert match_of(advisory("MAL-2024-1", "a", versions=("1",)), "a").severity is Severity.CRITICAL


def test_the_rule_is_the_cve_whichever_database_speaks() -> None:
    assert rule_id({"PYSEC-2024-1", "CVE-2024-0002", "CVE-2024-0001", "GHSA-x"}) == "CVE-2024-0001"
    assert rule_id({"PYSEC-2024-1", "GHSA-x"}) == "GHSA-x"
    assert rule_id({"SNYK-1", "PYSEC-2024-1"}) == "PYSEC-2024-1"
