"""Addresses that the ingress IP collides with in the live cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cp_ingress_core.addresses import parse_address
from cp_ingress_core.preflight.model import Finding, Objects, annotations_of, error, name_of

_REMEDY = "choose a free address of the control-plane network in networks.controlPlane.ingress.ip"
_REQUESTED = (
    "metallb.io/loadBalancerIPs",
    "metallb.universe.tf/loadBalancerIPs",
    "kube-vip.io/loadbalancerIPs",
)


def check_conflicts(conflicts: Iterable[str]) -> list[Finding]:
    """Turn the addresses that the ingress IP collides with into errors."""
    return [error("address-conflict", text, _REMEDY) for text in conflicts]


def check_services(mode: str, ip: str, port: int, namespace: str, services: Objects) -> list[Finding]:
    """Refuse an IP that a Service of somebody else has or asks for.

    In external mode several Services may share an address as long as their ports differ; MetalLB gives an
    address to one Service alone.

    namespace
        Ours: Services in it are the endpoint's own, or the next run's to remove.
    """
    findings = []
    for service in services:
        if service["metadata"].get("namespace") == namespace:
            continue
        ports = {entry.get("port") for entry in service["spec"].get("ports") or []}
        places = _places(service, ip)
        if places and (mode == "metallb" or port in ports):
            findings.append(
                error(
                    "ip-used-by-service",
                    f"{name_of({'kind': 'Service', **service})} has {ip} in {' and '.join(places)}",
                    f"take {ip} out of that Service, or choose another IP for the ingress",
                )
            )
    return findings


def check_node_ports(
    mode: str, ip: str, port: int, nodes: Mapping[str, list[str]], services: Objects
) -> list[Finding]:
    """Refuse, where the IP is a node's own, a port that a Service serves on every node's addresses."""
    if mode != "external" or ip not in {address for listed in nodes.values() for address in listed}:
        return []
    return [
        error(
            "node-port-taken",
            f"{name_of({'kind': 'Service', **service})} serves node port {port} on every node, {ip} included",
            "set cp_ingress:port to a port outside the node-port range",
        )
        for service in services
        if port in {entry.get("nodePort") for entry in service["spec"].get("ports") or []}
    ]


def _places(service: Mapping[str, Any], ip: str) -> list[str]:
    """Return the fields of a Service that hold `ip`."""
    spec = service["spec"]
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    requested = [
        address.strip() for key in _REQUESTED for address in annotations_of(service).get(key, "").split(",")
    ]
    held = {
        "spec.externalIPs": spec.get("externalIPs") or [],
        "spec.loadBalancerIP": [spec.get("loadBalancerIP")],
        "spec.clusterIPs": spec.get("clusterIPs") or [spec.get("clusterIP")],
        "its status": [entry.get("ip") for entry in ingress],
        "an annotation that asks for it": requested,
    }
    wanted = parse_address(ip)
    return [place for place, found in held.items() if wanted in map(parse_address, found)]
