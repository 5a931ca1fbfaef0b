"""Load-balancer controllers of others, which serve the same Services that MetalLB would serve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cp_ingress_core.preflight.model import Finding, Objects, error, labels_of, name_of, ours, warning

_K3S = "svccontroller.k3s.cattle.io/svcname"
_KUBE_VIP = "kube-vip"
_CLOUD = ("cloud-controller-manager", "cloud-provider", "-ccm:", "purelb", "openelb")


def check_controllers(
    mode: str, namespaces: tuple[str, ...], workloads: Objects, pods: Objects
) -> list[Finding]:
    """Tell of controllers that may give an address to our LoadBalancer Service as well.

    workloads, pods
        DaemonSets and Deployments of the whole cluster, and Pods of kube-system (static ones among them).
    """
    if mode != "metallb":
        return []
    findings = []
    for item in [*workloads, *pods]:
        if ours(item, namespaces):
            continue
        if _K3S in labels_of(item):
            findings.append(_k3s(item))
        elif _serves_with_kube_vip(item):
            findings.append(_warned(item, "kube-vip with svc_enable", "start it without svc_enable"))
        elif any(mark in image for mark in _CLOUD for image in _images(item)):
            findings.append(
                _warned(item, "a load-balancer controller", "have it leave Services without a class alone")
            )
    unique = {finding.evidence: finding for finding in findings}
    return list(unique.values())


def check_served(mode: str, namespace: str, services: Objects, *, deployed: bool) -> list[Finding]:
    """Refuse to bring MetalLB where LoadBalancer Services without a class have their address from others.

    MetalLB clears the status of every such Service that it did not give an address itself.

    namespace
        Ours.
    deployed
        Whether MetalLB runs already: then what it could clear is cleared.
    """
    if mode != "metallb" or deployed:
        return []
    return [
        error(
            "load-balancer-at-risk",
            f"{name_of({'kind': 'Service', **service})} has its address from another controller and no"
            " loadBalancerClass: MetalLB would clear its status",
            "give that Service the loadBalancerClass of its controller (a new Service: the field can't be"
            " changed),"
            " or choose external mode",
        )
        for service in services
        if service["spec"].get("type") == "LoadBalancer"
        and not service["spec"].get("loadBalancerClass")
        and service["metadata"].get("namespace") != namespace
        and ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress")
    ]


def _k3s(item: Mapping[str, Any]) -> Finding:
    return error(
        "foreign-load-balancer",
        f"{name_of(item)} belongs to k3s' ServiceLB, which would give our Service the nodes' addresses as"
        " well",
        "start k3s with --disable=servicelb",
    )


def _warned(item: Mapping[str, Any], what: str, remedy: str) -> Finding:
    return warning(
        "foreign-load-balancer",
        f"{name_of(item)} is {what}: it may give our Service an address as well as MetalLB",
        f"{remedy}, or choose external mode",
    )


def _serves_with_kube_vip(item: Mapping[str, Any]) -> bool:
    return any(
        entry.get("name") == "svc_enable" and str(entry.get("value")).lower() == "true"
        for container in _containers(item)
        if _KUBE_VIP in str(container.get("image", ""))
        for entry in container.get("env") or []
    )


def _images(item: Mapping[str, Any]) -> list[str]:
    return [str(container.get("image", "")) for container in _containers(item)]


def _containers(item: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    spec = item["spec"]
    return list((spec["template"]["spec"] if "template" in spec else spec).get("containers") or [])
