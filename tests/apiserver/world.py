"""A cluster as objects on a real API server: two masters, and whatever a test adds."""

from __future__ import annotations

from typing import Any

from cp_ingress_core.kube.cluster import Cluster
from cp_ingress_core.settings import Settings
from tests.lighttier import LightApiserver
from tests.unit.preflight import objects

IP = "10.200.0.50"
SELECTOR = {"matchLabels": {"app": "x"}}
FOLDERS = {
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "DaemonSet": "/apis/apps/v1/namespaces/{}/daemonsets",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices",
    "IPAddressPool": "/apis/metallb.io/v1beta1/namespaces/{}/ipaddresspools",
    "Namespace": "/api/v1/namespaces",
    "Node": "/api/v1/nodes",
    "Pod": "/api/v1/namespaces/{}/pods",
    "Secret": "/api/v1/namespaces/{}/secrets",
    "Service": "/api/v1/namespaces/{}/services",
}


class World:
    """An API server of a cluster with two masters, and what a test adds to it."""

    def __init__(self, server: LightApiserver) -> None:
        self.server = server
        self.cluster = Cluster.connect(str(server.kubeconfig))
        self._made: list[str] = []

    def add(self, item: dict[str, Any]) -> None:
        """Create an object, its status too, that is removed when the test ends."""
        folder = FOLDERS[item["kind"]].format(item["metadata"].get("namespace", ""))
        status, answer = self.server.request("POST", folder, item)
        assert status == 201, answer
        path = f"{folder}/{item['metadata']['name']}"
        self._made.append(path)
        if "status" in item:
            status, answer = self.server.request(
                "PUT", f"{path}/status", {**answer, "status": item["status"]}
            )
            assert status == 200, answer

    def clear(self) -> None:
        """Remove what was added."""
        for path in reversed(self._made):
            self.server.request("DELETE", f"{path}?gracePeriodSeconds=0")
        self._made.clear()
        self.cluster.discovery.forget()


def settings(mode: str = "metallb", **section: Any) -> Settings:
    control_plane = {
        "cidr": ["10.200.0.0/24"],
        "metalLB": {"enabled": mode == "metallb"},
        "ingress": {"ip": IP},
    }
    return Settings.from_pillar({"networks": {"controlPlane": control_plane}, "cp_ingress": section})


def workload(name: str, namespace: str, **options: Any) -> dict[str, Any]:
    """A workload that the API server accepts."""
    found = objects.workload(name, namespace, **options)
    found["apiVersion"] = "v1" if found["kind"] == "Pod" else "apps/v1"
    if found["kind"] != "Pod":
        found["spec"] |= {"selector": SELECTOR}
        found["spec"]["template"]["metadata"] = {"labels": {"app": "x"}}
    return found


def service(**options: Any) -> dict[str, Any]:
    found = objects.service(**options)
    if found["spec"]["clusterIP"] == "10.96.0.10":
        del found["spec"]["clusterIP"]
    return found
