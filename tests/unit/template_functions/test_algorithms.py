"""The algorithms that rules and templates share, apart from who calls them. Their values are in the golden cases."""

from __future__ import annotations

import datetime as dt
import ipaddress
import itertools
import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from template_functions import dates, formats, hashes, letters, networks, uris
from template_functions.collation import compare_text

TEXTS = st.text(max_size=12)


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_names_made_of_texts_have_their_form(texts: list[str]) -> None:
    unique, guid = hashes.unique_string(texts), hashes.guid(texts)
    assert re.fullmatch("[a-z2-7]{13}", unique)
    assert uuid.UUID(guid).version == 5
    assert str(uuid.UUID(guid)) == guid
    assert (unique, guid) == (hashes.unique_string(["-".join(texts)]), hashes.guid(["-".join(texts)]))


def test_a_text_that_is_no_unicode_has_names_too() -> None:
    assert len(hashes.unique_string(["\ud800"])) == 13
    assert len(hashes.guid(["\ud800"])) == 36


@given(st.text(alphabet="aAbB*", max_size=12), st.text(alphabet="aAbB*", max_size=8))
def test_like_is_what_the_regular_expression_says(text: str, pattern: str) -> None:
    expression = "".join(".*" if sign == "*" else re.escape(sign) for sign in pattern)
    assert letters.like(text, pattern) is bool(re.fullmatch(expression, text, re.IGNORECASE | re.DOTALL))


@given(st.text())
def test_changing_the_case_moves_no_character(text: str) -> None:
    assert len(letters.lower(text)) == len(text) == len(letters.upper(text))


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 5))
def test_whole_numbers_are_written_as_python_would(number: int, places: int) -> None:
    fraction = "." + "0" * places if places else ""
    assert formats.format_number(number, f"N{places}") == f"{number:,}{fraction}"
    assert formats.format_number(number, f"F{places}") == f"{number}{fraction}"
    assert formats.format_number(number, f"D{places}") == f"{'-' * (number < 0)}{abs(number):0{places}d}"
    assert int(formats.format_number(number, "X"), 16) == number % 2**64
    assert formats.format_number(number, "#,##0") == f"{number:,}"
    assert float(formats.format_number(number, "E15")) == pytest.approx(number)


@pytest.mark.parametrize("specifier", ["", "C", "P1", "R5", "0.0;neg", "'x'0", "0e+0", "0,", "0#", "#.##0", "\\0"])
def test_a_format_that_is_not_worked_out_is_said_to_be_one(specifier: str) -> None:
    with pytest.raises(formats.NotSupportedError):
        formats.format_number(1.5, specifier)


@pytest.mark.parametrize("pattern", ["{", "}", "{0", "0}", "{-1}", "{a}", "{0:{1}}", "{ 0}", "{0,}", "{00000000}"])
def test_braces_that_fit_nothing_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="brace"):
        formats.parts_of(pattern)


@given(st.integers(0, 4 * 10**9), st.integers(-(10**6), 10**6))
def test_moments_are_read_as_they_are_written(epoch: int, seconds: int) -> None:
    written = dt.datetime.fromtimestamp(epoch, dt.UTC).isoformat().replace("+00:00", "Z")
    read = dates.parse_moment(written)
    assert dates.to_epoch(read) == epoch
    assert dates.write_iso(read) == written
    assert dates.parse_moment(dates.write_moment(read, "yyyyMMddTHHmmssZ")) == read
    assert dates.parse_moment(dates.write_moment(read, "o")) == read
    later = read.plus(0, seconds * 10_000_000)
    assert dates.to_epoch(later) == epoch + seconds
    assert dates.from_epoch(epoch + seconds) == later


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.integers(0, 9_999_999))
def test_a_duration_is_the_sum_of_its_parts(years: int, months: int, days: int, hours: int, ticks: int) -> None:
    whole = dates.parse_duration(f"P{years}Y{months}M{days}DT{hours}H0.{ticks:07}S")
    assert whole == ((years + months // 12) * 365 + months % 12 * 30 + days, hours * 36_000_000_000 + ticks)
    assert dates.parse_duration(f"-P{years}Y{months}M{days}DT{hours}H0.{ticks:07}S") == (-whole[0], -whole[1])


@pytest.mark.parametrize("text", ["", "P", "PT", "1D", "P1W", "PT1D", "P1H", "+P1D", "P-1D", "P1.5D", "P1D ", "p1d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        dates.parse_duration(text)


@pytest.mark.parametrize(
    "text", ["", "2020", "2020-13-01", "2020-01-01T25:00:00Z", "01/02/2020", "2020-01-01T00:00:60Z"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="moment"):
        dates.parse_moment(text)


@given(st.integers(0, 2**32 - 1), st.integers(8, 32), st.integers(0, 8), st.integers(-1, 300))
def test_subnets_and_hosts_lie_in_their_network(address: int, length: int, more: int, index: int) -> None:
    text = f"{ipaddress.IPv4Address(address)}/{length}"
    network = ipaddress.ip_network(text, strict=False)
    try:
        subnet = ipaddress.ip_network(networks.cidr_subnet(text, length + more, index))
    except ValueError:
        assert length + more > 32 or not 0 <= index < 2**more
    else:
        assert isinstance(subnet, ipaddress.IPv4Network)
        assert isinstance(network, ipaddress.IPv4Network)
        assert subnet.subnet_of(network)
    try:
        host = ipaddress.ip_address(networks.cidr_host(text, index))
    except ValueError:
        assert index < 0 or index + 1 >= network.num_addresses
    else:
        assert host in network


@given(TEXTS)
def test_what_is_encoded_is_decoded_again(text: str) -> None:
    assert uris.decode_component(uris.encode_component(text)) == text
    assert uris.decode_base64(uris.encode_base64(text)) == text
    assert uris.text_of_data_uri(uris.data_uri(text, is_json=False)) == text


def test_signs_come_before_digits_and_lower_case_before_upper_case() -> None:
    order = ["_", "1", "a", "A", "b", "B"]
    assert all(compare_text(one, other, ignore_case=False) < 0 for one, other in itertools.pairwise(order))
    assert compare_text("a", "A", ignore_case=True) == 0
