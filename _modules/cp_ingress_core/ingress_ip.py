"""Rules on the ingress IP: what it may be beside the control-plane CIDRs, the mode and the cluster. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cp_ingress_core.addresses import IPAddress, IPNetwork, edge_of, parse_address, parse_network, within
from cp_ingress_core.findings import ABSENT, Findings

CONTROL_PLANE = "networks.controlPlane"
CIDR = f"{CONTROL_PLANE}.cidr"
ENABLED = f"{CONTROL_PLANE}.metalLB.enabled"
INGRESS_IP = f"{CONTROL_PLANE}.ingress.ip"


def check_together(
    cidrs: Sequence[IPNetwork], metallb: bool, ip: IPAddress | None, findings: Findings
) -> None:
    """Refuse CIDRs, mode and IP that contradict each other; ``cidrs`` is of one family and not empty."""
    listed = ", ".join(map(str, cidrs))
    if metallb and len(cidrs) > 1:
        findings.refuse(
            CIDR,
            listed,
            "layer 2 needs all masters in one network",
            allowed=f"one CIDR while {ENABLED} is true",
            remedy=f"keep one CIDR, or set {ENABLED} to false and move the IP yourself",
        )
    if ip is None:
        if metallb:
            findings.refuse(
                INGRESS_IP,
                ABSENT,
                "MetalLB needs to know which IP to announce",
                allowed=f"a free address inside {listed}",
                remedy=f"add it, or set {ENABLED} to false",
            )
        return
    if ip.version != cidrs[0].version:
        findings.refuse(
            INGRESS_IP,
            str(ip),
            f"IPv4 and IPv6 are mixed: {CIDR} is {listed}",
            allowed="an address of the CIDR's IP family",
            remedy="choose an address of that family",
        )
        return
    _check_inside(cidrs, metallb, ip, findings)


def _check_inside(cidrs: Sequence[IPNetwork], metallb: bool, ip: IPAddress, findings: Findings) -> None:
    listed = ", ".join(map(str, cidrs))
    inside = [network for network in cidrs if within(ip, network)]
    if not inside and metallb:
        findings.refuse(
            INGRESS_IP,
            str(ip),
            f"it is outside {listed}",
            allowed=f"an address inside {CIDR}, the only network where MetalLB can announce it",
            remedy="choose a free address inside it, or correct the CIDR",
        )
    elif not inside:
        findings.note(
            INGRESS_IP,
            str(ip),
            f"it is outside {listed}, which is right only where something in front (NAT, a router) leads it"
            " to the masters",
        )
    for network in inside:
        edge = edge_of(ip, network)
        if edge:
            findings.refuse(
                INGRESS_IP,
                str(ip),
                f"it is {edge} of {network}",
                allowed=f"an address that a machine in {network} can have",
                remedy="choose a free address",
            )


def check_ranges(
    cidrs: Sequence[IPNetwork],
    ip: IPAddress | None,
    pods: Sequence[IPNetwork],
    services: Sequence[IPNetwork],
    findings: Findings,
) -> None:
    """Refuse an IP inside the pod or Service CIDRs that the file names, or of another family."""
    if ip is None:
        return
    for name, networks in (("pods", pods), ("services", services)):
        for network in networks:
            if within(ip, network):
                findings.refuse(
                    INGRESS_IP,
                    str(ip),
                    f"it is inside networks.{name}, {network}",
                    allowed="an address outside the cluster's own networks",
                    remedy="choose a free address of the control-plane network",
                )
    if services and all(network.version != ip.version for network in services):
        findings.refuse(
            INGRESS_IP,
            str(ip),
            f"IPv4 and IPv6 are mixed: networks.services is {', '.join(map(str, services))}",
            allowed="an address of the Service network's IP family",
            remedy="choose an address of that family",
        )


def conflicts(
    metallb: bool,
    ip: str,
    nodes: Mapping[str, Sequence[str]],
    pod_cidrs: Sequence[str],
    service_cidrs: Sequence[str],
) -> list[str]:
    """Say what in a live cluster contradicts the ingress IP.

    Parameters
    ----------
    metallb
        Whether MetalLB announces the IP; the user may well give it to a node in external mode.
    ip
        The ingress IP.
    nodes
        Each node's addresses, by node name; what is no address (a host name) is skipped.
    pod_cidrs, service_cidrs
        The cluster's own networks.

    Returns
    -------
    list of str
        One sentence for each conflict, in the form of the other findings.
    """
    findings = Findings()
    wanted = parse_address(ip)
    if wanted is None:
        findings.refuse(
            INGRESS_IP, ip, "this is not an IP address", allowed="an IP address", remedy="correct it"
        )
        return findings.errors
    for name, addresses in sorted(nodes.items()):
        if metallb and wanted in {parse_address(address) for address in addresses}:
            findings.refuse(
                INGRESS_IP,
                ip,
                f"node {name} has this address",
                allowed="an address that no machine has, since MetalLB answers ARP for it",
                remedy=f"choose a free address, or set {ENABLED} to false",
            )
    for what, cidrs in (("pod", pod_cidrs), ("Service", service_cidrs)):
        for network in (parse_network(cidr, strict=False) for cidr in cidrs):
            if network is not None and within(wanted, network):
                findings.refuse(
                    INGRESS_IP,
                    ip,
                    f"it is inside the {what} network {network}",
                    allowed="an address outside the cluster's own networks",
                    remedy="choose a free address of the control-plane network",
                )
    return findings.errors
