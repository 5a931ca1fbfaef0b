"""Who answers for the ingress IP on the network itself."""

from __future__ import annotations

from dataclasses import dataclass

from cp_ingress_core.preflight.model import Finding, error, warning


@dataclass(frozen=True)
class Wire:
    """Who has the IP: hardware addresses, this machine's own interfaces; or why that could not be asked."""

    macs: tuple[str, ...] = ()
    local: bool = False
    problem: str = ""

    @property
    def holders(self) -> list[str]:
        """Everybody who has the IP, in words."""
        return [*(["this machine"] if self.local else []), *self.macs]


def check(mode: str, ip: str, wire: Wire | None, *, earlier: str | None, node_address: bool) -> list[Finding]:
    """Judge the answers.

    wire
        None where it was not asked, since the IP serves already or is not in the control-plane network.
    earlier
        The mode of a Service of ours that has the IP already; None where there is none.
    node_address
        Whether the IP is the address of a node.
    """
    if wire is None:
        return []
    if wire.problem:
        return [
            warning(
                "ip-not-probed",
                f"whether somebody has {ip} already is not known: {wire.problem}",
                "run it as root on a machine in the control-plane network, or make sure by arping that the IP"
                " is free",
            )
        ]
    if mode == "external":
        return _external(ip, wire, silent_is_odd=earlier is None and not node_address)
    if not wire.holders or earlier == "metallb":
        return []
    holders = " and ".join(wire.holders)
    if earlier == "external":
        return [
            warning(
                "ip-held-by-user",
                f"{holders} still answers for {ip}, which MetalLB is to announce",
                "stop what moves the IP (keepalived); the run waits for its silence before MetalLB speaks",
            )
        ]
    return [
        error(
            "ip-taken",
            f"{holders} answers for {ip} already",
            "choose a free address, or free this one: two machines with one address break both",
        )
    ]


def _external(ip: str, wire: Wire, *, silent_is_odd: bool) -> list[Finding]:
    if len(wire.holders) > 1:
        return [
            warning(
                "two-holders",
                f"{' and '.join(wire.holders)} both answer for {ip}",
                "let one machine have it: check what moves the IP (keepalived: is VRRP blocked between the"
                " masters? one virtual_router_id for two groups?)",
            )
        ]
    if wire.holders or not silent_is_odd:
        return []
    return [
        warning(
            "ip-silent",
            f"nobody answers for {ip}",
            "start what moves the IP (keepalived, a load balancer), or give it to a master: the run ends by"
            " asking"
            " the endpoint",
        )
    ]
