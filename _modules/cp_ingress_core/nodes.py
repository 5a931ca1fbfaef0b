"""What Node objects tell: which are masters, their addresses, their networks. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

CONTROL_PLANE_LABEL = "node-role.kubernetes.io/control-plane"
EXCLUDE_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers"


def masters(nodes: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the control-plane nodes among `nodes` (Node objects) as {name: [addresses]}, sorted by name."""
    return {node["metadata"]["name"]: addresses(node) for node in control_plane(nodes)}


def control_plane(nodes: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the Node objects of the masters, sorted by name."""
    found = [node for node in nodes if CONTROL_PLANE_LABEL in (node["metadata"].get("labels") or {})]
    return sorted(found, key=lambda node: str(node["metadata"]["name"]))


def addresses(node: Mapping[str, Any]) -> list[str]:
    """Return a Node's own IP addresses."""
    listed = node.get("status", {}).get("addresses", [])
    return [entry["address"] for entry in listed if entry["type"] in ("InternalIP", "ExternalIP")]


def all_addresses(nodes: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the addresses of every node, by its name."""
    return {node["metadata"]["name"]: addresses(node) for node in nodes}


def pod_cidrs(nodes: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the pod CIDRs that the nodes were given."""
    found: set[str] = set()
    for node in nodes:
        spec = node.get("spec", {})
        found.update(spec.get("podCIDRs") or ([spec["podCIDR"]] if spec.get("podCIDR") else []))
    return sorted(found)


def service_cidrs(objects: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the CIDRs of the cluster's ServiceCIDR objects."""
    return sorted(cidr for item in objects for cidr in item.get("spec", {}).get("cidrs", []))


def ready(node: Mapping[str, Any]) -> bool:
    """Say whether a node's kubelet reports it as ready; one that has reported nothing yet counts as ready."""
    conditions = node.get("status", {}).get("conditions") or []
    found = [entry.get("status") for entry in conditions if entry.get("type") == "Ready"]
    return not found or found[0] == "True"
