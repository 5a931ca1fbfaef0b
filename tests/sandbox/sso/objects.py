"""Kubernetes objects that Dex and the console have alike."""

from __future__ import annotations

import base64
from typing import Any

INGRESS_CLASS = "nginx-control-plane"
Object = dict[str, Any]

# Nodes of the sandbox are masters; a lost one is given up at once.
TOLERATIONS = [
    {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists", "effect": "NoSchedule"},
    *(
        {
            "key": f"node.kubernetes.io/{why}",
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": 5,
        }
        for why in ("unreachable", "not-ready")
    ),
]


# A pod that ends serves on until NGINX has noticed: connections to its address would hang once it is gone.
LEAVE_SLOWLY = {"preStop": {"sleep": {"seconds": 3}}}


def metadata(name: str, namespace: str | None = None) -> Object:
    """Name and namespace."""
    return {"name": name, **({"namespace": namespace} if namespace else {})}


def namespace(name: str) -> Object:
    """A Namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata(name)}


def secret(name: str, namespace: str, data: dict[str, str]) -> Object:
    """A Secret with texts."""
    encoded = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(name, namespace),
        "type": "Opaque",
        "data": encoded,
    }


def config_map(name: str, namespace: str, data: dict[str, str]) -> Object:
    """A ConfigMap."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(name, namespace),
        "data": data,
    }


def deployment(name: str, namespace: str, replicas: int, container: Object, **pod: Any) -> Object:
    """A Deployment of one container, never two pods of one revision on a node."""
    labels = {"app.kubernetes.io/name": name}
    apart = {
        "topologyKey": "kubernetes.io/hostname",
        "labelSelector": {"matchLabels": labels},
        "matchLabelKeys": ["pod-template-hash"],
    }
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [apart]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(name, namespace),
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "tolerations": TOLERATIONS,
                    "affinity": affinity,
                    "containers": [
                        {"name": name, "imagePullPolicy": "Never", "lifecycle": LEAVE_SLOWLY, **container}
                    ],
                    **pod,
                },
            },
        },
    }


def service(name: str, namespace: str, port: int) -> Object:
    """The Service of such a Deployment."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(name, namespace),
        "spec": {
            "selector": {"app.kubernetes.io/name": name},
            "ports": [{"name": "http", "port": port, "targetPort": port}],
        },
    }


def ingress(name: str, namespace: str, path: str) -> Object:
    """An Ingress for a path on every host: the endpoint is an IP."""
    backend = {"service": {"name": name, "port": {"name": "http"}}}
    rule = {"http": {"paths": [{"path": path, "pathType": "Prefix", "backend": backend}]}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata(name, namespace),
        "spec": {"ingressClassName": INGRESS_CLASS, "rules": [rule]},
    }
