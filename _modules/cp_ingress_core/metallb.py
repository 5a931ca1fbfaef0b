"""Who else uses a MetalLB: what has to stay when the ingress has no more need of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cp_ingress_core.errors import DiscoveryError
from cp_ingress_core.objects import ENDPOINT, POOL

KINDS = (
    ("metallb.io/v1beta1", "IPAddressPool"),
    ("metallb.io/v1beta1", "L2Advertisement"),
    ("metallb.io/v1beta1", "BGPAdvertisement"),
    ("metallb.io/v1beta2", "BGPPeer"),
)

# How a Service asks MetalLB for something; the second is the older prefix, deprecated since 0.14.9.
_ANNOTATIONS = ("metallb.io/", "metallb.universe.tf/")

Read = Callable[[str, str], Iterable[Mapping[str, Any]]]


def foreign_users(read: Read, namespace: str) -> list[str]:
    """Return pools, advertisements, peers and Services of others that a MetalLB serves, in words.

    read
        Lists all objects of a kind, by apiVersion and kind.
    namespace
        MetalLB's namespace, where our own pool is.
    """
    found = []
    for api_version, kind in KINDS:
        try:
            listed = list(read(api_version, kind))
        except DiscoveryError:  # this MetalLB does not know the kind, so nobody uses it
            continue
        for item in listed:
            metadata = item["metadata"]
            if (metadata["name"], metadata["namespace"]) != (POOL, namespace):
                found.append(f"{kind} {metadata['namespace']}/{metadata['name']}")
    return found + [text for service in read("v1", "Service") if (text := _uses(service))]


def _uses(service: Mapping[str, Any]) -> str:
    """Say which Service of somebody else got its address from MetalLB; empty for all others."""
    metadata, spec = service["metadata"], service.get("spec", {})
    annotations = metadata.get("annotations") or {}
    if spec.get("type") != "LoadBalancer" or ENDPOINT in annotations or spec.get("loadBalancerClass"):
        return ""
    ingress = (service.get("status", {}).get("loadBalancer") or {}).get("ingress") or []
    if not any(name.startswith(_ANNOTATIONS) for name in annotations) and not ingress:
        return ""
    return f"Service {metadata['namespace']}/{metadata['name']}"
