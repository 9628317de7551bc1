"""`addDays`, and functions over addresses. Source: Microsoft's pages on the policy rule and on CIDR functions."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from typing import Any

from policies.functions.interface import Function, integer, text
from policies.values import EvaluationError, parse_date, write_date

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


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


def _range(value: Any) -> tuple[Address, Address]:
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


def _network(name: str, value: Any) -> Network:
    written = text(name, value)
    try:
        # A mask like 255.255.255.0 behind the stroke is not CIDR.
        if not written.rpartition("/")[2].isdecimal():
            raise ValueError(written)
        return ipaddress.ip_network(written, strict=False)
    except ValueError:
        raise EvaluationError(f"{name}() can't read {str(value)[:60]!r}") from None


def _parse_cidr(value: Any) -> dict[str, Any]:
    network = _network("parseCidr", value)
    if network.version == 4:
        usable = network.prefixlen < 31
    else:
        usable = False
    first: Address = network[1] if usable else network[0]
    last: Address = network[-2] if usable else network[-1]
    result: dict[str, Any] = {"network": str(network[0]), "netmask": str(network.netmask)}
    if network.version == 4:
        result["broadcast"] = str(network[-1])
    return result | {"firstUsable": str(first), "lastUsable": str(last), "cidr": network.prefixlen}


def _cidr_subnet(value: Any, length: Any, index: Any) -> str:
    network, new, position = _network("cidrSubnet", value), integer("cidrSubnet", length), integer("cidrSubnet", index)
    if not network.prefixlen <= new <= network.max_prefixlen or not 0 <= position < 2 ** (new - network.prefixlen):
        raise EvaluationError("cidrSubnet() leaves the network")
    first = int(network[0]) + (position << (network.max_prefixlen - new))
    return f"{ipaddress.ip_address(first) if network.version == 4 else ipaddress.IPv6Address(first)}/{new}"


def _cidr_host(value: Any, index: Any) -> str:
    network, position = _network("cidrHost", value), integer("cidrHost", index)
    offset = position + 1
    if position < 0 or offset >= network.num_addresses:
        raise EvaluationError("cidrHost() leaves the network")
    return str(network[offset])


DATE_AND_NETWORK_FUNCTIONS = (
    Function("addDays", 2, 2, _add_days),
    Function("ipRangeContains", 2, 2, _ip_range_contains),
    Function("parseCidr", 1, 1, _parse_cidr),
    Function("cidrSubnet", 3, 3, _cidr_subnet),
    Function("cidrHost", 2, 2, _cidr_host),
)
