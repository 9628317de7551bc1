"""`parseCidr`, `cidrSubnet` and `cidrHost`. Source: Microsoft's page "CIDR functions".

Each raises ValueError, whose message ends the sentence "cidrHost() ...".
"""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def network_of(text: str) -> Network:
    """The range that "10.0.0.0/24" stands for; bits behind the mask don't matter."""
    try:
        # A mask like 255.255.255.0 behind the stroke is not CIDR.
        if not text.rpartition("/")[2].isdecimal():
            raise ValueError(text)
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"can't read {text[:60]!r}") from None


def with_mask(text: str) -> str:
    """An IPv4 address without a mask, with that of its class: "10.0.0.0" as "10.0.0.0/8"; anything else as it is.

    No page says it, but templates are deployed so (Azure/bicep-registry-modules: cidrSubnet('10.0.0.0', 16, 0)).
    """
    try:
        first = int(ipaddress.IPv4Address(text)) >> 24
    except ValueError:
        return text
    return f"{text}/{8 if first < 128 else 16 if first < 192 else 24}" if first < 224 else text


def parse_cidr(text: str) -> dict[str, str | int]:
    """Network, netmask, broadcast (IPv4 only), first and last usable address, length of the mask."""
    network = network_of(text)
    usable = network.version == 4 and network.prefixlen < 31
    first: Address = network[1] if usable else network[0]
    last: Address = network[-2] if usable else network[-1]
    result: dict[str, str | int] = {"network": str(network[0]), "netmask": str(network.netmask)}
    if network.version == 4:
        result["broadcast"] = str(network[-1])
    return result | {"firstUsable": str(first), "lastUsable": str(last), "cidr": network.prefixlen}


def cidr_subnet(text: str, length: int, index: int) -> str:
    """The subnet number `index` (from 0) of those with a mask of `length` bits."""
    network = network_of(text)
    if not network.prefixlen <= length <= network.max_prefixlen or not 0 <= index < 2 ** (length - network.prefixlen):
        raise ValueError("leaves the network")
    first = int(network[0]) + (index << (network.max_prefixlen - length))
    return f"{ipaddress.ip_address(first) if network.version == 4 else ipaddress.IPv6Address(first)}/{length}"


def cidr_host(text: str, index: int) -> str:
    """The usable address number `index` (from 0; the network's own address isn't counted)."""
    network = network_of(text)
    if index < 0 or index + 1 >= network.num_addresses:
        raise ValueError("leaves the network")
    return str(network[index + 1])
