"""The Kubernetes objects that carry the endpoint, derived from the settings. Pure functions."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from cp_ingress_core.settings import Settings

INGRESS_CLASS = "nginx-control-plane"
POOL = "control-plane-ingress-ip"

# The labels that ingress-nginx's chart gives the pods of its Deployment and of its DaemonSet alike.
NGINX_PODS = {
    "app.kubernetes.io/name": "ingress-nginx",
    "app.kubernetes.io/instance": "ingress-nginx",
    "app.kubernetes.io/component": "controller",
}

_POD_SECURITY = "pod-security.kubernetes.io"


def _metadata(name: str, namespace: str | None = None) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "name": name,
        "labels": {"app.kubernetes.io/managed-by": "Salt", "app.kubernetes.io/part-of": "cp-ingress"},
    }
    if namespace is not None:
        metadata["namespace"] = namespace
    return metadata


def service(settings: Settings) -> dict[str, Any]:
    """Return the Service that answers on the ingress IP.

    Parameters
    ----------
    settings
        In metallb mode the Service is a LoadBalancer whose traffic stays on the node that announces the IP;
        in external mode a ClusterIP with the ingress IP as external IP.

    Returns
    -------
    dict
        The Service, in the namespace of the NGINX pods that it selects.
    """
    metadata = _metadata(settings.service_name, settings.namespace)
    spec: dict[str, Any] = {
        "ipFamilies": [f"IPv{settings.address.version}"],
        "ipFamilyPolicy": "SingleStack",
        "ports": [{"name": "https", "port": settings.port, "protocol": "TCP", "targetPort": "https"}],
        "selector": dict(NGINX_PODS),
    }
    if settings.mode == "metallb":
        metadata["annotations"] = {"metallb.io/loadBalancerIPs": settings.ip}
        spec["type"] = "LoadBalancer"
        spec["externalTrafficPolicy"] = "Local"
        # A node port would open the UIs on every address of every node, the workload plane's included.
        spec["allocateLoadBalancerNodePorts"] = False
    else:
        spec["type"] = "ClusterIP"
        spec["externalIPs"] = [settings.ip]
        # Local would leave the IP unanswered while the one pod on its holder restarts.
        spec["externalTrafficPolicy"] = "Cluster"
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def pool(settings: Settings) -> list[dict[str, Any]]:
    """Return MetalLB's pool of one address, and its announcement in layer 2.

    Parameters
    ----------
    settings
        Settings in metallb mode.

    Returns
    -------
    list of dict
        An IPAddressPool that no Service gets an address from unless it asks, and its L2Advertisement.
    """
    metadata = _metadata(POOL, settings.metallb_namespace)
    return [
        {
            "apiVersion": "metallb.io/v1beta1",
            "kind": "IPAddressPool",
            "metadata": metadata,
            "spec": {"addresses": [settings.pool_cidr], "autoAssign": False},
        },
        {
            "apiVersion": "metallb.io/v1beta1",
            "kind": "L2Advertisement",
            "metadata": _metadata(POOL, settings.metallb_namespace),
            "spec": {"ipAddressPools": [POOL]},
        },
    ]


def namespaces(settings: Settings) -> list[dict[str, Any]]:
    """Return the Namespaces that the mode needs, each with the narrowest Pod Security level its pods pass.

    NGINX passes ``restricted`` (the only capability it adds, NET_BIND_SERVICE, is allowed there); MetalLB's
    speakers use the node's network and raw sockets, which only ``privileged`` allows.
    """
    levels = {settings.namespace: "restricted"}
    if settings.mode == "metallb":
        levels[settings.metallb_namespace] = "privileged"
    return [_namespace(name, level) for name, level in levels.items()]


def _namespace(name: str, level: str) -> dict[str, Any]:
    metadata = _metadata(name)
    metadata["labels"] |= {f"{_POD_SECURITY}/{use}": level for use in ("enforce", "audit", "warn")}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def tls_secret(certificate_pem: str, key_pem: str, settings: Settings) -> dict[str, Any]:
    """Return the TLS Secret that NGINX serves by default.

    Parameters
    ----------
    certificate_pem
        The certificate, its chain after it.
    key_pem
        Its private key.
    settings
        Name and namespace of the Secret.

    Returns
    -------
    dict
        A Secret of type ``kubernetes.io/tls``; it holds the key.
    """
    texts = {"tls.crt": certificate_pem, "tls.key": key_pem}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": _metadata(settings.tls_secret, settings.namespace),
        "type": "kubernetes.io/tls",
        "data": {name: base64.b64encode(text.encode()).decode("ascii") for name, text in texts.items()},
    }


def secret_texts(secret: Mapping[str, Any]) -> dict[str, str]:
    """Return a Secret's values as text, by key; what is not base64 or not UTF-8 is left out."""
    texts: dict[str, str] = {}
    for name, value in (secret.get("data") or {}).items():
        try:
            texts[name] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError):
            continue
    return texts
