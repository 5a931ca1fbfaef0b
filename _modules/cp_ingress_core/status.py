"""What the cluster has beside what the settings ask for: pure functions over objects that were read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cp_ingress_core.certificates import Certificate
    from cp_ingress_core.serving import Answer
    from cp_ingress_core.settings import Settings

Objects = Iterable[Mapping[str, Any]]


def service_facts(services: Objects, name: str) -> dict[str, Any] | None:
    """Return type and addresses of the Service `name`; None when there is none."""
    for service in services:
        if service["metadata"]["name"] != name:
            continue
        ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress", [])
        addresses = [entry["ip"] for entry in ingress if "ip" in entry]
        return {
            "name": name,
            "type": service["spec"]["type"],
            "addresses": sorted({*addresses, *service["spec"].get("externalIPs", [])}),
        }
    return None


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


def assemble(
    settings: Settings,
    *,
    services: Objects,
    pools: Objects,
    announcements: Objects,
    workloads: Objects,
    certificate: Certificate | None,
    answer: Answer,
) -> dict[str, Any]:
    """Put the facts side by side and say whether they agree."""
    service = service_facts(services, settings.service_name)
    nodes = announcing_nodes(announcements, settings.namespace, settings.service_name)
    found = workload_facts(workloads)
    addresses = sorted(entry for pool in pools for entry in pool["spec"].get("addresses", []))
    metallb = settings.mode == "metallb"
    agreements = [
        service is not None and settings.ip in service["addresses"],
        settings.pool_cidr in addresses if metallb else True,
        len(nodes) == 1 if metallb else True,
        len(found) == 1 and found[0]["ready"] == found[0]["wanted"] > 0,
        certificate.covers(settings.ip) if certificate else True,
        answer.status > 0,
    ]
    return {
        "wanted": {"mode": settings.mode, "ip": settings.ip, "url": settings.url},
        "service": service,
        "pool": addresses,
        "announced_by": nodes,
        "workload": found,
        "certificate": {"names": list(certificate.names), "expires": certificate.not_after.isoformat()}
        if certificate
        else None,
        "answers": answer.status or answer.problem,
        "agrees": all(agreements),
    }
