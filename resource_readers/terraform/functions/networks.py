"""cidrhost, cidrnetmask, cidrsubnet, cidrsubnets."""

from __future__ import annotations

import ipaddress
import re

from resource_readers.interface import Value
from resource_readers.terraform.functions.table import function
from resource_readers.terraform.values import EvaluationProblem

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_ZEROS = re.compile(r"(?<![\d.])0+(?=\d)|(?<=\.)0+(?=\d)")


def _network(prefix: str) -> _Network:
    if "/" not in prefix:
        raise EvaluationProblem(f"{prefix!r} is no address range")
    try:
        # Terraform reads zeros in front as decimals, for old configurations.
        text = _ZEROS.sub("", prefix) if ":" not in prefix else prefix
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise EvaluationProblem(f"{prefix!r} is no address range") from None


@function("cidrhost", "t i")
def _cidrhost(prefix: str, number: int) -> Value:
    network = _network(prefix)
    position = network.num_addresses + number if number < 0 else number
    if not 0 <= position < network.num_addresses:
        raise EvaluationProblem(f"cidrhost(): {prefix} has no host {number}")
    return str(network[position])


@function("cidrnetmask", "t")
def _cidrnetmask(prefix: str) -> Value:
    network = _network(prefix)
    if network.version != 4:
        raise EvaluationProblem("cidrnetmask(): IPv6 has no masks")
    return str(network.netmask)


def _subnet(network: _Network, bits: int, number: int) -> str:
    length = network.prefixlen + bits
    if bits < 0 or length > network.max_prefixlen or not 0 <= number < 1 << bits:
        raise EvaluationProblem(f"cidrsubnet(): {network} has no part {number} of {bits} bits")
    start = int(network.network_address) + (number << (network.max_prefixlen - length))
    return f"{type(network.network_address)(start)}/{length}"


@function("cidrsubnet", "t i i")
def _cidrsubnet(prefix: str, bits: int, number: int) -> Value:
    return _subnet(_network(prefix), bits, number)


@function("cidrsubnets", "t i*")
def _cidrsubnets(prefix: str, *bits: int) -> Value:
    network = _network(prefix)
    start = int(network.network_address)
    end = start + network.num_addresses
    result: list[Value] = []
    for one in bits:
        length = network.prefixlen + one
        if one < 1 or length > network.max_prefixlen:
            raise EvaluationProblem(f"cidrsubnets(): {one} more bits")
        size = 1 << (network.max_prefixlen - length)
        start = -(-start // size) * size
        if start + size > end:
            raise EvaluationProblem("cidrsubnets(): not enough room")
        result.append(f"{type(network.network_address)(start)}/{length}")
        start += size
    return result
