"""`addDays`, and functions over addresses. Source: Microsoft's pages on the policy rule and on CIDR functions."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from typing import Any

from policies.functions.interface import Function, integer, text
from policies.values import EvaluationError, parse_date, write_date
from template_functions import networks

# The formats that Microsoft's page gives: a zone must be there, and one that isn't Z goes with seven digits only.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:(?:\.\d{1,7})?Z|\.\d{7}[+-]\d\d:\d\d)")


def _add_days(moment: Any, days: Any) -> str:
    written = text("addDays", moment)
    parsed = parse_date(written) if _MOMENT.fullmatch(written) else None
    if parsed is None:
        raise EvaluationError(f"addDays() needs a moment like 2024-02-28T00:00:00Z, found {str(moment)[:40]!r}")
    try:
        return write_date(parsed[0] + dt.timedelta(days=integer("addDays", days)), parsed[1])
    except OverflowError:
        raise EvaluationError("addDays() leaves the calendar") from None


def _range(value: Any) -> tuple[networks.Address, networks.Address]:
    """First and last address of "10.0.0.1", "10.0.0.0/24" or "10.0.0.1-10.0.0.9"."""
    written = text("ipRangeContains", value)
    try:
        if "-" in written:
            first, last = (ipaddress.ip_address(part) for part in written.split("-", 1))
            if first.version != last.version or int(first) > int(last):
                raise EvaluationError(f"ipRangeContains() found an empty or mixed range {written!r}")
            return first, last
        if "/" in written:
            network = _network("ipRangeContains", written)
            return network[0], network[-1]
        single = ipaddress.ip_address(written)
    except ValueError:
        raise EvaluationError(f"ipRangeContains() can't read {written[:60]!r}") from None
    return single, single


def _ip_range_contains(outer: Any, inner: Any) -> bool:
    (first, last), (start, end) = _range(outer), _range(inner)
    if first.version != start.version:
        raise EvaluationError("ipRangeContains() can't mix IPv4 and IPv6")
    return int(first) <= int(start) and int(end) <= int(last)


def _network(name: str, value: Any) -> networks.Network:
    try:
        return networks.network_of(text(name, value))
    except ValueError as error:
        raise EvaluationError(f"{name}() {error}") from None


def _parse_cidr(value: Any) -> dict[str, Any]:
    try:
        return {**networks.parse_cidr(text("parseCidr", value))}
    except ValueError as error:
        raise EvaluationError(f"parseCidr() {error}") from None


def _cidr_subnet(value: Any, length: Any, index: Any) -> str:
    asked = text("cidrSubnet", value), integer("cidrSubnet", length), integer("cidrSubnet", index)
    try:
        return networks.cidr_subnet(*asked)
    except ValueError as error:
        raise EvaluationError(f"cidrSubnet() {error}") from None


def _cidr_host(value: Any, index: Any) -> str:
    try:
        return networks.cidr_host(text("cidrHost", value), integer("cidrHost", index))
    except ValueError as error:
        raise EvaluationError(f"cidrHost() {error}") from None


DATE_AND_NETWORK_FUNCTIONS = (
    Function("addDays", 2, 2, _add_days),
    Function("ipRangeContains", 2, 2, _ip_range_contains),
    Function("parseCidr", 1, 1, _parse_cidr),
    Function("cidrSubnet", 3, 3, _cidr_subnet),
    Function("cidrHost", 2, 2, _cidr_host),
)
