"""The network interfaces of this machine and their addresses, as `ip` tells them."""

from __future__ import annotations

import ipaddress
import json
import subprocess
from dataclasses import dataclass

from cp_ingress_core.addresses import IPAddress, parse_address
from cp_ingress_core.errors import CpIngressError

Held = ipaddress.IPv4Interface | ipaddress.IPv6Interface

# Where kube-proxy in IPVS mode puts every Service address of every node: nobody holds an address by that.
IPVS = "kube-ipvs0"

_SECONDS = 10.0


@dataclass(frozen=True)
class Interface:
    """One interface: ``resolves`` says that it is up and that ARP and neighbour discovery work on it."""

    name: str
    index: int
    mac: str
    resolves: bool
    addresses: tuple[Held, ...]

    def near(self, ip: IPAddress) -> bool:
        """Say whether `ip` lies in one of the networks that this interface is connected to."""
        return any(held.version == ip.version and ip in held.network for held in self.addresses)

    def own(self, ip: IPAddress) -> IPAddress | None:
        """Return the address of this interface in the network of `ip`, other than `ip` itself."""
        same = (held for held in self.addresses if held.version == ip.version and ip in held.network)
        return next((held.ip for held in same if held.ip != ip), None)


def read() -> list[Interface]:
    """Return this machine's interfaces; raises CpIngressError where iproute2's `ip` cannot be run."""
    command = ["ip", "-json", "address", "show"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=True)
        return parse(done.stdout.decode())
    except (OSError, subprocess.SubprocessError, ValueError) as err:
        raise CpIngressError(
            f"{' '.join(command)} gives no answer ({type(err).__name__}); install iproute2 on this machine",
            reason="InterfacesUnreadable",
        ) from err


def parse(text: str) -> list[Interface]:
    """Return the interfaces in the output of ``ip -json address show``."""
    return [
        Interface(
            name=item["ifname"],
            index=item["ifindex"],
            mac=item.get("address", ""),
            resolves=_resolves(item.get("link_type", ""), item.get("flags", [])),
            addresses=tuple(
                ipaddress.ip_interface(f"{entry['local']}/{entry['prefixlen']}")
                for entry in item.get("addr_info", [])
                if "local" in entry
            ),
        )
        for item in json.loads(text)
        if "ifname" in item
    ]


def _resolves(link_type: str, flags: list[str]) -> bool:
    return link_type == "ether" and "UP" in flags and "NOARP" not in flags


def holders(interfaces: list[Interface], ip: str) -> list[str]:
    """Return the names of the interfaces that have the address `ip`."""
    wanted = parse_address(ip)
    return [
        item.name
        for item in interfaces
        if item.name != IPVS and wanted in {held.ip for held in item.addresses}
    ]
