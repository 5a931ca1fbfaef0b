"""IP addresses and CIDRs as text: what is one, and which can be the endpoint. Pure functions."""

from __future__ import annotations

import re
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

_CIDR = re.compile(r"[0-9A-Fa-f.:]{1,45}/[0-9]{1,3}")
_THIS_NETWORK = ip_network("0.0.0.0/8")


def parse_address(text: Any) -> IPAddress | None:
    """Return ``text`` as an address, None when it is not one (numbers and zones are not)."""
    if not isinstance(text, str) or "%" in text:
        return None
    try:
        return ip_address(text)
    except ValueError:
        return None


def parse_network(text: Any, *, strict: bool = True) -> IPNetwork | None:
    """Return ``text`` as a network written ADDRESS/LENGTH, None when it is not one.

    Parameters
    ----------
    text
        What was found.
    strict
        Whether an address with host bits (``10.0.0.1/24``) is not a network.

    Returns
    -------
    IPNetwork or None
        The network.
    """
    if not isinstance(text, str) or not _CIDR.fullmatch(text):
        return None
    try:
        return ip_network(text, strict=strict)
    except ValueError:
        return None


def special_use(ip: IPAddress) -> str:
    """Say why no machine or Service can have this address; empty when it is an ordinary one."""
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        return "this is an IPv4 address in IPv6 notation"
    if ip.is_unspecified or (ip.version == 4 and ip in _THIS_NETWORK):
        return "this is the unspecified address"
    if ip.is_loopback:
        return "this is a loopback address"
    if ip.is_multicast:
        return "this is a multicast address"
    if ip.is_link_local:
        return "this is a link-local address"
    return "this is a reserved address" if ip.is_reserved else ""


def edge_of(ip: IPAddress, network: IPNetwork) -> str:
    """Say which address of ``network`` no host can have ``ip`` is; empty when it is a host's.

    Networks of one or two addresses have no such edges; IPv6 has no broadcast address, but its first address
    belongs to the routers.
    """
    if network.num_addresses <= 2 or ip.version != network.version:
        return ""
    if ip == network.network_address:
        return "the network address"
    if ip.version == 4 and ip == network.broadcast_address:
        return "the broadcast address"
    return ""


def within(ip: IPAddress, network: IPNetwork) -> bool:
    """Say whether ``ip`` lies in ``network``; one of the other family does not."""
    return ip.version == network.version and ip in network
