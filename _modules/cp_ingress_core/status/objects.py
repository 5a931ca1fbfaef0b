"""What the cluster's objects say of the endpoint. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Objects = Iterable[Mapping[str, Any]]


def service_facts(services: Objects) -> list[dict[str, Any]]:
    """Return name, type and addresses of the Services of the endpoint; two while a change is under way."""
    found = []
    for service in services:
        name = service["metadata"]["name"]
        if name.startswith(("cp-metallb-", "cp-external-")):
            ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
            held = {entry["ip"] for entry in ingress if "ip" in entry}
            held |= set(service["spec"].get("externalIPs") or [])
            found.append({"name": name, "type": service["spec"]["type"], "addresses": sorted(held)})
    return sorted(found, key=lambda entry: str(entry["name"]))


def announcing_nodes(announcements: Objects, namespace: str, service: str) -> list[str]:
    """Return the nodes whose ServiceL2Status answers for the Service; more than one is a split."""
    found = set()
    for item in announcements:
        status = item.get("status", {})
        if (status.get("serviceNamespace"), status.get("serviceName")) == (namespace, service):
            found.add(status.get("node", "?"))
    return sorted(found)


def workload_facts(workloads: Objects) -> list[dict[str, Any]]:
    """Return kind, ready and wanted pods of each NGINX workload; two while a switch of mode is under way."""
    found = []
    for item in workloads:
        status = item.get("status", {})
        daemon = item["kind"] == "DaemonSet"
        wanted = status.get("desiredNumberScheduled", 0) if daemon else item["spec"].get("replicas", 1)
        ready = status.get("numberReady" if daemon else "readyReplicas", 0)
        found.append(
            {"kind": item["kind"], "name": item["metadata"]["name"], "ready": ready, "wanted": wanted}
        )
    return sorted(found, key=lambda entry: (entry["kind"], entry["name"]))


def pool_addresses(pools: Objects) -> list[str]:
    """Return every address that MetalLB's pools in our namespace hold."""
    return sorted(entry for pool in pools for entry in pool["spec"].get("addresses", []))
