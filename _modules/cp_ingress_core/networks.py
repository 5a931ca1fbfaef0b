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
    parse_address,
    parse_network,
    special_use,
    within,
)
from cp_ingress_core.errors import ConfigError
from cp_ingress_core.findings import ABSENT, Findings
from cp_ingress_core.ingress_ip import CIDR, CONTROL_PLANE, ENABLED, INGRESS_IP, check_ranges, check_together
from cp_ingress_core.sections import refuse_unknown

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
        """Return the section as pillar data; :func:`parse_networks` reads it back to an equal value."""
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


def parse_networks(section: Any, findings: Findings, *, metalk8s: bool = False) -> Networks | None:
    """Check a ``networks`` section.

    Parameters
    ----------
    section
        The section as YAML or pillar data. Other keys than ``controlPlane``, ``pods`` and ``services`` are
        left alone.
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
    read = len(findings.errors)
    cidrs = _cidrs(control_plane.get("cidr", ABSENT), findings)
    metallb = _enabled(control_plane.get("metalLB"), findings)
    ip = _ingress_ip(control_plane.get("ingress"), findings, metalk8s)
    pods, services = (_ranges(section, name, findings) for name in ("pods", "services"))
    if len(findings.errors) == read:
        check_together(cidrs, metallb, ip, findings)
        check_ranges(cidrs, ip, pods, services, findings)
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


def with_default_ip(networks: Networks, addresses: Sequence[str]) -> Networks:
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
        When no address of this machine, or more than one, lies inside the control-plane CIDRs, or the one
        that does cannot be the ingress IP.
    """
    if networks.ip is not None:
        return networks
    findings = Findings()
    inside = [network for network in map(parse_network, networks.cidrs) if network is not None]
    parsed = {ip for ip in map(parse_address, addresses) if ip is not None}
    own = sorted({str(ip) for ip in parsed if any(within(ip, network) for network in inside)})
    if len(own) == 1:
        section = replace(networks, ip=own[0]).to_pillar()
        completed = parse_networks(section, findings)
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
    networks: dict[IPNetwork, None] = {}
    for entry in entries:
        network = parse_network(entry)
        if network is None:
            _refuse_cidr(entry, findings)
        else:
            networks[network] = None
    if len({network.version for network in networks}) > 1:
        findings.refuse(
            CIDR,
            ", ".join(map(str, networks)),
            "IPv4 and IPv6 are mixed",
            allowed="CIDRs of one IP family",
            remedy="keep those of the ingress IP's family",
        )
    return list(networks)


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
    networks: dict[IPNetwork, None] = {}
    for entry in entries:
        for part in entry.split(",") if isinstance(entry, str) else [entry]:
            network = parse_network(part.strip() if isinstance(part, str) else part, strict=False)
            if network is None:
                findings.note(
                    f"networks.{name}", part, "this is not a CIDR; the ingress IP is not checked against it"
                )
            else:
                networks[network] = None
    return list(networks)
