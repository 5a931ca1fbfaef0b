"""Objects as a cluster has them, with only what the checks look at."""

from __future__ import annotations

from typing import Any

from cp_ingress_core.nodes import CONTROL_PLANE_LABEL

IP = "10.200.0.50"
NAMESPACE = "cp-ingress"
SPACES = (NAMESPACE, "metallb-system")
OURS = {"app.kubernetes.io/managed-by": "Salt"}


def node(name: str, *addresses: str, master: bool = True, ready: str = "True", **spec: Any) -> dict[str, Any]:
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": {CONTROL_PLANE_LABEL: ""} if master else {}},
        "spec": spec,
        "status": {
            "addresses": [
                *({"type": "InternalIP", "address": address} for address in addresses),
                {"type": "Hostname", "address": name},
            ],
            "conditions": [{"type": "Ready", "status": ready}],
        },
    }


def metadata(name: str, namespace: str | None, labels: dict[str, str], annotations: dict[str, str]) -> Any:
    found: dict[str, Any] = {"name": name, "labels": labels, "annotations": annotations}
    return {**found, "namespace": namespace} if namespace else found


def service(
    name: str = "other",
    namespace: str = "default",
    *,
    port: int = 443,
    held: str = "",
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
    **spec: Any,
) -> dict[str, Any]:
    """A Service; `held` is the address in its status."""
    ingress = [{"ip": held}] if held else []
    return {
        "kind": "Service",
        "metadata": metadata(name, namespace, labels or {}, annotations or {}),
        "spec": {"ports": [{"port": port}], "clusterIP": "10.96.0.10", **spec},
        "status": {"loadBalancer": {"ingress": ingress}},
    }


def workload(
    name: str,
    namespace: str = "default",
    *,
    kind: str = "DaemonSet",
    image: str = "example/program:1",
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
    host_network: bool = False,
    **container: Any,
) -> dict[str, Any]:
    """A DaemonSet or Deployment of one container, or the Pod of one."""
    pod = {"containers": [{"name": "main", "image": image, **container}], "hostNetwork": host_network}
    return {
        "kind": kind,
        "metadata": metadata(name, namespace, labels or {}, annotations or {}),
        "spec": pod if kind == "Pod" else {"template": {"spec": pod}},
    }


def pool(name: str, *addresses: str, namespace: str = "metallb-system", **labels: str) -> dict[str, Any]:
    return {
        "kind": "IPAddressPool",
        "metadata": metadata(name, namespace, labels, {}),
        "spec": {"addresses": list(addresses)},
    }
