"""Services."""

from __future__ import annotations

from ..lookup import Object, section, text
from .model import Readiness, progressing, ready


def service(obj: Object) -> Readiness:
    """A Service of type LoadBalancer has an address; others are ready once they are stored."""
    spec = section(obj, "spec")
    if spec.get("type") != "LoadBalancer":
        return ready()
    if not text(spec, "clusterIP"):
        return progressing("no cluster IP yet")
    if section(obj, "status", "loadBalancer").get("ingress") or spec.get("externalIPs"):
        return ready("has an address")
    controller = text(spec, "loadBalancerClass") or "the cluster's default"
    return progressing(f"no address from a load balancer yet (class: {controller})")
