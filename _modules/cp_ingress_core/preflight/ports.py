"""Who else listens on the endpoint's port: it is taken over on the ingress IP in external mode."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from cp_ingress_core.addresses import IPAddress, parse_address
from cp_ingress_core.preflight.model import Finding, Objects, finding, name_of

_LISTEN = "0A"

Listener = tuple[IPAddress, int]


def listeners(table: str) -> set[Listener]:
    """Return the addresses and ports in /proc/net/tcp or /proc/net/tcp6 that somebody listens on."""
    found: set[Listener] = set()
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 3 and fields[3] == _LISTEN:
            address, _, port = fields[1].partition(":")
            found.add((_address(address), int(port, 16)))
    return found


def check(
    mode: str,
    ip: str,
    port: int,
    namespace: str,
    found: Iterable[Listener],
    workloads: Objects,
    *,
    node_address: bool,
) -> list[Finding]:
    """Tell of processes on this node, and of pods on the nodes' network, that have the port.

    namespace
        Ours, whose pods are passed over.
    workloads
        DaemonSets, Deployments and Pods.
    node_address
        Whether the IP is a node's own: then a process there can be reached at it today, and no longer.
    """
    if mode != "external":
        return []
    wanted = parse_address(ip)
    here = sorted(
        str(address)
        for address, number in found
        if number == port and (address.is_unspecified or address == wanted)
    )
    evidence = [f"on this node a process listens on {address} port {port}" for address in here]
    evidence += [
        f"{name_of(item)} uses port {port} of its node"
        for item in workloads
        if item["metadata"].get("namespace") != namespace and port in _host_ports(item)
    ]
    return [
        finding(
            "port-taken",
            f"{text}: kube-proxy leads {ip} port {port} to NGINX instead",
            "set cp_ingress:port to a free one, or let that program listen on another port or address (on a"
            " node:"
            f" ss -ltnp 'sport = :{port}')",
            harms=node_address,
        )
        for text in dict.fromkeys(evidence)
    ]


def _address(text: str) -> IPAddress:
    """Return an address as the kernel writes it: 32-bit words, each in this machine's byte order."""
    words = [bytes.fromhex(text[start : start + 8])[::-1] for start in range(0, len(text), 8)]
    packed = b"".join(words)
    return IPv4Address(packed) if len(packed) == 4 else IPv6Address(packed)


def _host_ports(item: Mapping[str, Any]) -> set[int]:
    spec = item["spec"]
    pod = spec["template"]["spec"] if "template" in spec else spec
    listed = [port for container in pod.get("containers") or [] for port in container.get("ports") or []]
    host = {port.get("hostPort") for port in listed}
    if pod.get("hostNetwork"):
        host |= {port.get("containerPort") for port in listed}
    return {number for number in host if isinstance(number, int)}
