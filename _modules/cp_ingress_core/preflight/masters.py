"""The control-plane nodes: are there any, are there enough, can each of them carry the IP?"""

from __future__ import annotations

from cp_ingress_core import nodes as node_facts
from cp_ingress_core.addresses import parse_address, parse_network, within
from cp_ingress_core.nodes import CONTROL_PLANE_LABEL
from cp_ingress_core.preflight.model import Finding, Objects, error, warning


def check(mode: str, cidrs: list[str], nodes: Objects) -> list[Finding]:
    """Check the masters among the Node objects `nodes`.

    cidrs
        The control-plane networks.
    """
    found = node_facts.control_plane(nodes)
    if not found:
        return [
            error(
                "no-masters",
                f"no node carries the label {CONTROL_PLANE_LABEL}",
                f"label the control-plane nodes: kubectl label node NAME {CONTROL_PLANE_LABEL}=",
            )
        ]
    findings = [*_not_ready(found)]
    if mode == "metallb":
        findings += [*_alone(found), *_outside(cidrs, found)]
    return findings


def _alone(masters: Objects) -> list[Finding]:
    names = [node["metadata"]["name"] for node in masters]
    if len(names) != 1:
        return []
    return [
        warning(
            "single-master",
            f"{names[0]} is the only control-plane node",
            "join a second one: until then the ingress IP has nowhere else to go when it fails",
        )
    ]


def _not_ready(masters: Objects) -> list[Finding]:
    return [
        warning(
            "master-not-ready",
            f"node {node['metadata']['name']} is not Ready",
            "bring it back, or take it out of the cluster: until then NGINX runs on fewer masters, and"
            " waiting"
            " for it may end a run",
        )
        for node in masters
        if not node_facts.ready(node)
    ]


def _outside(cidrs: list[str], masters: Objects) -> list[Finding]:
    networks = [network for network in map(parse_network, cidrs) if network is not None]
    findings = []
    for node in masters:
        own = [address for address in map(parse_address, node_facts.addresses(node)) if address is not None]
        if own and not any(within(address, network) for address in own for network in networks):
            listed = ", ".join(map(str, own))
            findings.append(
                warning(
                    "master-outside-cidr",
                    f"node {node['metadata']['name']} ({listed}) has no address in {', '.join(cidrs)} among"
                    " those"
                    " that its kubelet reports",
                    "MetalLB can announce the IP only from machines in that network: correct the CIDR, or"
                    " expect"
                    " that this node never takes the IP over",
                )
            )
    return findings
