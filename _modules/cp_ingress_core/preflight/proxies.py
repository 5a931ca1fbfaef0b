"""kube-proxy: does it serve what the chosen mode relies on?"""

from __future__ import annotations

from cp_ingress_core.exposure import Facts, external_ips_obstacle
from cp_ingress_core.kube_proxy import Answer, Configuration
from cp_ingress_core.preflight.model import Finding, error, warning


def check_mode(
    mode: str, configured: Configuration | None, live: Answer, *, ip: str, node_address: bool
) -> list[Finding]:
    """Check kube-proxy's mode, by its own words on this node or else by its configuration.

    node_address
        Whether the ingress IP is the address of a node.
    """
    found = live.mode or (configured.mode if configured else "")
    if found != "ipvs":
        return []
    if mode == "metallb" and configured is not None and not configured.strict_arp:
        return [
            error(
                "ipvs-without-strict-arp",
                "kube-proxy runs in IPVS mode with ipvs.strictARP off: every node would answer ARP for the"
                " IP",
                "set ipvs.strictARP to true in ConfigMap kube-system/kube-proxy and restart kube-proxy, or"
                " change its"
                " mode to nftables",
            )
        ]
    if mode == "external" and node_address:
        return [
            warning(
                "ipvs-node-address",
                f"kube-proxy runs in IPVS mode, which binds external IPs on every node, and {ip} is a node's"
                " own",
                "give the ingress an address of its own: other nodes may no longer reach that node at this"
                " one",
            )
        ]
    return []


def check_exposure(setting: str, facts: Facts, *, answers: bool) -> list[Finding]:
    """Check, in external mode, that ``externalIPs`` work where they are asked for, or that it is known.

    answers
        Whether kube-proxy, or its configuration, could be read.
    """
    if setting == "status":
        return []
    obstacle = external_ips_obstacle(facts)
    if obstacle and setting == "externalIPs":
        return [
            error(
                "external-ips-unavailable",
                f"cp_ingress:external:exposure is externalIPs, but {obstacle}",
                "set it to auto or status, or allow externalIPs in the cluster",
            )
        ]
    if obstacle or answers:
        return []
    return [
        warning(
            "exposure-unknown",
            "neither kube-proxy on this node nor its ConfigMap can be read, so that nobody knows whether the"
            " cluster serves externalIPs",
            "if the ingress IP does not answer in the end, set cp_ingress:external:exposure to status",
        )
    ]
