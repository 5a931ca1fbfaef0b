"""Names and addresses of the sandbox: fixed, so that tests and documents can name them."""

from __future__ import annotations

from dataclasses import dataclass

PREFIX = "cpi"
"""Starts the names of namespaces' files and cgroups, so that they collide with nobody else's."""

LAN_CIDR = "10.200.0.0/24"
GATEWAY_IP = "10.200.0.1"
CLIENT_IP = "10.200.0.100"
VIP_FIRST = "10.200.0.50"
"""From here up to the client's address the LAN is free for ingress IPs."""

POD_CIDR = "10.244.0.0/16"
SERVICE_CIDR = "10.96.0.0/16"
SERVICE_API_IP = "10.96.0.1"
API_HOST = "api.sandbox"
API_PORT = 6443
NODE_COUNTS = (1, 3)


@dataclass(frozen=True)
class Peer:
    """One machine on the LAN: a namespace with one network card."""

    name: str
    ip: str

    @property
    def mac(self) -> str:
        """Locally administered hardware address made of the IPv4 address, stable over power cycles."""
        return "02:cf:" + ":".join(f"{int(part):02x}" for part in self.ip.split("."))

    @property
    def ip6(self) -> str:
        """Address on the LAN's own IPv6 prefix, so that looking a name up never has to wait."""
        return f"fd00:c8::{self.ip.rsplit('.', 1)[1]}"


@dataclass(frozen=True)
class NodeAddress(Peer):
    """One node: its place on the LAN and the range of its pods."""

    index: int

    @property
    def pod_cidr(self) -> str:
        """The /24 that the node's pods get their addresses from."""
        return f"10.244.{self.index}.0/24"


CLIENT = Peer("client", CLIENT_IP)


def node_addresses(count: int) -> tuple[NodeAddress, ...]:
    """Addresses of a cluster of `count` nodes, n1 first."""
    return tuple(NodeAddress(f"n{i}", f"10.200.0.{10 + i}", i) for i in range(1, count + 1))


def hosts_file(own: Peer, nodes: tuple[NodeAddress, ...], reachable: tuple[NodeAddress, ...]) -> str:
    """The private /etc/hosts of `own`.

    The name of the API stands for every master: the own one first, then the others that are switched on,
    because clients try the addresses in this order.
    """
    lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost"]
    for peer in (*nodes, CLIENT):
        lines += [f"{peer.ip} {peer.name}", f"{peer.ip6} {peer.name}"]
    api = sorted(reachable or nodes, key=lambda node: (node != own, node.index))
    lines += [f"{node.ip} {API_HOST}" for node in api]
    return "\n".join(lines) + "\n"
