"""The ``networks`` section: what it may say, and whether its ingress IP can work. Pure functions.

The same rules read the Bootstrap file and the pillar made from it, so that a pillar written by hand is held
to them as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cp_ingress_core.addresses import (
    IPAddress,
    IPNetwork,
    edge_of,
    parse_address,
    parse_network,
    special_use,
)
from cp_ingress_core.errors import ConfigError
from cp_ingress_core.findings import ABSENT, Findings
from cp_ingress_core.sections import refuse_unknown

CONTROL_PLANE = "networks.controlPlane"
CIDR = f"{CONTROL_PLANE}.cidr"
ENABLED = f"{CONTROL_PLANE}.metalLB.enabled"
INGRESS_IP = f"{CONTROL_PLANE}.ingress.ip"

_ONE_ADDRESS = "one IPv4 or IPv6 address, without a mask (10.200.0.50)"


@dataclass(frozen=True)
class Networks:
    """The part of ``networks`` that the ingress needs, checked.

    ``cidrs``, ``pods`` and ``services`` are CIDRs in their canonical form; ``ip`` is None until a default is
    found.
    """

    cidrs: tuple[str, ...]
    metallb: bool
    ip: str | None
    pods: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)

    def to_pillar(self) -> dict[str, Any]:
        """Return the section as pillar data; :func:`parse` reads it back to an equal value."""
        control_plane: dict[str, Any] = {
            "cidr": list(self.cidrs),
            "metalLB": {"enabled": self.metallb},
            "ingress": {} if self.ip is None else {"ip": self.ip},
        }
        networks: dict[str, Any] = {"controlPlane": control_plane}
        if self.pods:
            networks["pods"] = list(self.pods)
        if self.services:
            networks["services"] = list(self.services)
        return networks


def parse(section: Any, findings: Findings, *, metalk8s: bool = False) -> Networks | None:
    """Check a ``networks`` section.

    Parameters
    ----------
    section
        The section as YAML or pillar data. Keys other than ``controlPlane``, ``pods`` and ``services`` are left
        alone.
    findings
        Where refusals and notes go.
    metalk8s
        Whether MetalK8s' own forms are accepted: ``controlPlane`` as a plain CIDR, ``ingress.controller``.

    Returns
    -------
    Networks or None
        None when something was refused.
    """
    before = len(findings.errors)
    noted = len(findings.notes)
    control_plane = _control_plane(section, findings, metalk8s)
    if control_plane is None:
        return None
    cidrs = _cidrs(control_plane.get("cidr", ABSENT), findings)
    metallb = _enabled(control_plane.get("metalLB"), findings)
    ip = _ingress_ip(control_plane.get("ingress"), findings, metalk8s)
    pods, services = (_ranges(section, name, findings) for name in ("pods", "services"))
    if len(findings.errors) == before:
        _check_together(cidrs, metallb, ip, findings)
        _check_ranges(cidrs, ip, pods, services, findings)
    if len(findings.errors) > before:
        return None
    return Networks(
        cidrs=tuple(map(str, cidrs)),
        metallb=metallb,
        ip=None if ip is None else str(ip),
        pods=tuple(map(str, pods)),
        services=tuple(map(str, services)),
        notes=tuple(findings.notes[noted:]),
    )


def complete(networks: Networks, addresses: Sequence[str]) -> Networks:
    """Return the networks with the default ingress IP of external mode: this machine's control-plane address.

    Parameters
    ----------
    networks
        What the file says; returned as it is when it names an ingress IP.
    addresses
        This machine's addresses.

    Raises
    ------
    ConfigError
        When no address of this machine, or more than one, lies inside the control-plane CIDRs, or the one that
        does cannot be the ingress IP.
    """
    if networks.ip is not None:
        return networks
    findings = Findings()
    inside = [network for network in map(parse_network, networks.cidrs) if network is not None]
    parsed = {ip for ip in map(parse_address, addresses) if ip is not None}
    own = sorted({str(ip) for ip in parsed if any(_within(ip, network) for network in inside)})
    if len(own) == 1:
        section = replace(networks, ip=own[0]).to_pillar()
        completed = parse(section, findings)
        if completed is not None:
            return replace(completed, notes=networks.notes)
    else:
        found = f"this machine has {', '.join(own)}" if own else "this machine has none"
        findings.refuse(
            INGRESS_IP,
            ABSENT,
            f"without it the ingress IP is this machine's only address inside {', '.join(networks.cidrs)},"
            f" and {found}",
            allowed=_ONE_ADDRESS,
            remedy="name the ingress IP, or correct networks.controlPlane.cidr",
        )
    raise ConfigError(findings.errors)


def _control_plane(section: Any, findings: Findings, metalk8s: bool) -> Mapping[Any, Any] | None:
    """Return ``controlPlane`` as a mapping with known keys, None when there is no such thing."""
    if not isinstance(section, Mapping):
        findings.refuse(
            "networks",
            ABSENT if section is None else section,
            "this is not a mapping",
            allowed="a mapping with the key controlPlane",
            remedy="add networks.controlPlane.cidr",
        )
        return None
    found = section.get("controlPlane")
    if found is None:
        near = next(
            (key for key in section if str(key)[:40].lower().replace("_", "") == "controlplane"), None
        )
        findings.refuse(
            CONTROL_PLANE,
            ABSENT,
            "the control-plane network is needed",
            allowed="a mapping with the keys cidr, metalLB, ingress",
            remedy=f"write controlPlane instead of {near}" if near else f"add {CIDR}",
        )
        return None
    if metalk8s and isinstance(found, (str, list)):
        return {"cidr": found}
    if not isinstance(found, Mapping):
        findings.refuse(
            CONTROL_PLANE,
            found,
            "this is not a mapping",
            allowed="a mapping with the keys cidr, metalLB, ingress",
            remedy=f"write the CIDR as {CIDR}",
        )
        return None
    refuse_unknown(found, ("cidr", "metalLB", "ingress"), CONTROL_PLANE, ".", findings)
    return found


def _cidrs(found: Any, findings: Findings) -> list[IPNetwork]:
    """Return the control-plane CIDRs in the order found, each once."""
    entries = found if isinstance(found, list) else [found]
    if not entries or found is None:
        entries = [ABSENT]
    networks: list[IPNetwork] = []
    for entry in entries:
        network = parse_network(entry)
        if network is None:
            _refuse_cidr(entry, findings)
        elif network not in networks:
            networks.append(network)
    if len({network.version for network in networks}) > 1:
        findings.refuse(
            CIDR,
            ", ".join(map(str, networks)),
            "IPv4 and IPv6 are mixed",
            allowed="CIDRs of one IP family",
            remedy="keep those of the ingress IP's family",
        )
    return networks


def _refuse_cidr(entry: Any, findings: Findings) -> None:
    loose = parse_network(entry, strict=False)
    if loose is not None:
        why, remedy = "this is an address inside a network, not a network", f"write {loose}"
    elif parse_address(entry) is not None:
        why, remedy = "the mask is missing", f"write the length of the network's mask ({entry}/24)"
    elif entry is ABSENT:
        why, remedy = "the control-plane network is needed", "add the CIDR of the masters' addresses"
    else:
        why, remedy = "this is not a CIDR", "write the network's address, a slash and the mask's length"
    findings.refuse(
        CIDR,
        entry,
        why,
        allowed="a CIDR (10.200.0.0/24) or a list of them",
        remedy=remedy,
    )


def _subsection(found: Any, path: str, known: Sequence[str], findings: Findings) -> Mapping[Any, Any]:
    """Return a sub-section with known keys; absent and empty ones are ``{}``."""
    if found is None:
        return {}
    if isinstance(found, Mapping):
        refuse_unknown(found, known, path, ".", findings)
        return found
    findings.refuse(
        path,
        found,
        "this is not a mapping",
        allowed=f"a mapping with the key {known[0]}",
        remedy=f"write {path}.{known[0]}",
    )
    return {}


def _enabled(metallb: Any, findings: Findings) -> bool:
    found = _subsection(metallb, f"{CONTROL_PLANE}.metalLB", ("enabled",), findings).get("enabled")
    if found is None or isinstance(found, bool):
        return bool(found)
    findings.refuse(
        ENABLED,
        found,
        "this is not a boolean",
        allowed="true or false, without quotes",
        remedy="write true for an IP that MetalLB announces, false for one that you move",
    )
    return False


def _ingress_ip(ingress: Any, findings: Findings, metalk8s: bool) -> IPAddress | None:
    known = ("ip", "controller") if metalk8s else ("ip",)
    section = _subsection(ingress, f"{CONTROL_PLANE}.ingress", known, findings)
    if metalk8s and section.get("controller") is not None:
        findings.note(
            f"{CONTROL_PLANE}.ingress.controller",
            section["controller"],
            "it is not read here; tune NGINX in the pillar, under cp_ingress:charts:ingress-nginx:values",
        )
    found = section.get("ip")
    if found is None:
        return None
    ip = parse_address(found)
    if ip is None:
        bare = found.partition("/")[0] if isinstance(found, str) else ""
        masked = parse_address(bare) is not None
        findings.refuse(
            INGRESS_IP,
            found,
            "an address has no mask" if masked else "this is not an IP address",
            allowed=_ONE_ADDRESS,
            remedy=f"write {bare}" if masked else "write a free address of the control-plane network",
        )
        return None
    special = special_use(ip)
    if special:
        findings.refuse(
            INGRESS_IP,
            found,
            special,
            allowed="an ordinary unicast address",
            remedy="choose a free address of the control-plane network",
        )
        return None
    return ip


def _ranges(section: Mapping[Any, Any], name: str, findings: Findings) -> list[IPNetwork]:
    """Return the pod or Service CIDRs: a CIDR, a list, or several in one text separated by commas."""
    found = section.get(name)
    entries: list[Any] = found if isinstance(found, list) else [] if found is None else [found]
    networks = []
    for entry in entries:
        for part in entry.split(",") if isinstance(entry, str) else [entry]:
            network = parse_network(part.strip() if isinstance(part, str) else part, strict=False)
            if network is None:
                findings.note(
                    f"networks.{name}", part, "this is not a CIDR; the ingress IP is not checked against it"
                )
            elif network not in networks:
                networks.append(network)
    return networks


def _check_together(
    cidrs: Sequence[IPNetwork], metallb: bool, ip: IPAddress | None, findings: Findings
) -> None:
    """Check CIDRs, mode and IP against each other."""
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
    inside = [network for network in cidrs if _within(ip, network)]
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


def _check_ranges(
    cidrs: Sequence[IPNetwork],
    ip: IPAddress | None,
    pods: Sequence[IPNetwork],
    services: Sequence[IPNetwork],
    findings: Findings,
) -> None:
    """Check the IP against the pod and Service CIDRs that the file names."""
    if ip is None:
        return
    for name, networks in (("pods", pods), ("services", services)):
        for network in networks:
            if _within(ip, network):
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


def _within(ip: IPAddress, network: IPNetwork) -> bool:
    return ip.version == network.version and ip in network


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
        return [f"{INGRESS_IP}: found {ip!r}: this is not an IP address."]
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
            if network is not None and _within(wanted, network):
                findings.refuse(
                    INGRESS_IP,
                    ip,
                    f"it is inside the {what} network {network}",
                    allowed="an address outside the cluster's own networks",
                    remedy="choose a free address of the control-plane network",
                )
    return findings.errors
