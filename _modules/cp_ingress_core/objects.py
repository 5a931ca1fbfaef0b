"""The Kubernetes objects that carry the endpoint, derived from the settings. Pure functions."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from typing import Any

from cp_ingress_core.addresses import parse_address
from cp_ingress_core.endpoint import Endpoint
from cp_ingress_core.ingress_nginx import CONFIG_MAP
from cp_ingress_core.record import ISSUERS
from cp_ingress_core.record import NAME as RECORD
from cp_ingress_core.settings import Settings

INGRESS_CLASS = "nginx-control-plane"
POOL = "control-plane-ingress-ip"
EXTERNAL_CLASS = "cp-ingress/external"

# Says which endpoint a Service carries: its mode and its IP.
ENDPOINT = "cp-ingress.io/endpoint"

# The labels that ingress-nginx's chart gives the pods of its Deployment and of its DaemonSet alike.
NGINX_PODS = {
    "app.kubernetes.io/name": "ingress-nginx",
    "app.kubernetes.io/instance": "ingress-nginx",
    "app.kubernetes.io/component": "controller",
}

# Field managers that write to Services on their own account: us, Kubernetes, MetalLB.
_CONTROLLERS = frozenset(
    {"salt-cp-ingress", "kube-controller-manager", "kube-apiserver", "controller", "speaker"}
)

_POD_SECURITY = "pod-security.kubernetes.io"


def _metadata(name: str, namespace: str | None = None) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "name": name,
        "labels": {"app.kubernetes.io/managed-by": "Salt", "app.kubernetes.io/part-of": "cp-ingress"},
    }
    if namespace is not None:
        metadata["namespace"] = namespace
    return metadata


def service(
    endpoint: Endpoint,
    namespace: str,
    *,
    exposure: str = "externalIPs",
    also: Iterable[str] = (),
    same_node: bool = False,
) -> dict[str, Any]:
    """Return the Service that answers on an endpoint's IP.

    Parameters
    ----------
    endpoint
        In metallb mode the Service is a LoadBalancer whose traffic stays on the node that announces the IP;
        in external mode it is reached through every node that gets its packets.
    namespace
        The namespace of the NGINX pods that it selects.
    exposure
        In external mode: ``externalIPs``, or ``status`` where the cluster refuses these (KEP-5707). The
        Service is then a LoadBalancer of a class that no controller serves, and its addresses stand in its
        status, see :func:`status`.
    also
        In external mode: further addresses that it answers on.
    same_node
        In external mode: each node leads connections to its own NGINX pod while that is ready, see
        :func:`exposure.knows_same_node`.

    Returns
    -------
    dict
        The Service.
    """
    metadata = _metadata(endpoint.service_name, namespace)
    metadata["annotations"] = {ENDPOINT: f"{endpoint.mode} {endpoint.ip}"}
    spec: dict[str, Any] = {
        "ipFamilies": [f"IPv{endpoint.address.version}"],
        "ipFamilyPolicy": "SingleStack",
        "ports": [{"name": "https", "port": endpoint.port, "protocol": "TCP", "targetPort": "https"}],
        "selector": dict(NGINX_PODS),
    }
    if endpoint.mode == "metallb":
        metadata["annotations"]["metallb.io/loadBalancerIPs"] = endpoint.ip
        spec["type"] = "LoadBalancer"
        spec["externalTrafficPolicy"] = "Local"
    else:
        # Local would leave the IP unanswered while the one pod on its holder restarts.
        spec["externalTrafficPolicy"] = "Cluster"
        if same_node:
            # Kubernetes takes a lost node's pod for ready for almost a minute; nobody else is led there then.
            spec["trafficDistribution"] = "PreferSameNode"
        if exposure == "externalIPs":
            spec["type"] = "ClusterIP"
            spec["externalIPs"] = external_addresses(endpoint, also)
        else:
            spec["type"] = "LoadBalancer"
            spec["loadBalancerClass"] = EXTERNAL_CLASS
    if spec["type"] == "LoadBalancer":
        # A node port would open the UIs on every address of every node, the workload plane's included.
        spec["allocateLoadBalancerNodePorts"] = False
        # One that is there stays, unless it is named: the API only stops allocating.
        spec["ports"][0]["nodePort"] = 0
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def foreign_managers(service: Mapping[str, Any] | None) -> list[str]:
    """Return who, besides us and the controllers, set fields of a Service's spec: names, sorted."""
    entries = ((service or {}).get("metadata") or {}).get("managedFields") or []
    return sorted(
        {
            str(entry.get("manager"))
            for entry in entries
            if not entry.get("subresource") and "f:spec" in (entry.get("fieldsV1") or {})
        }
        - _CONTROLLERS
    )


def external_addresses(endpoint: Endpoint, also: Iterable[str] = ()) -> list[str]:
    """Return the addresses that an endpoint in external mode answers on: sorted, each once, one family."""
    found = {endpoint.address}
    for text in also:
        address = parse_address(text)
        if address is not None and address.version == endpoint.address.version:
            found.add(address)
    return [str(address) for address in sorted(found, key=int)]


def status(endpoint: Endpoint, namespace: str, also: Iterable[str] = ()) -> dict[str, Any]:
    """Return the status that makes kube-proxy answer on an endpoint's addresses without ``externalIPs``."""
    ingress = [{"ip": address, "ipMode": "VIP"} for address in external_addresses(endpoint, also)]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": endpoint.service_name, "namespace": namespace},
        "status": {"loadBalancer": {"ingress": ingress}},
    }


def pool(endpoints: Iterable[Endpoint], namespace: str) -> list[dict[str, Any]]:
    """Return MetalLB's pool, and its announcement in layer 2.

    Parameters
    ----------
    endpoints
        Endpoints in metallb mode: one, or old and new while a change is under way.
    namespace
        MetalLB's namespace.

    Returns
    -------
    list of dict
        An IPAddressPool that no Service gets an address from unless it asks, and its L2Advertisement.
    """
    addresses = sorted({endpoint.pool_cidr for endpoint in endpoints})
    return [
        {
            "apiVersion": "metallb.io/v1beta1",
            "kind": "IPAddressPool",
            "metadata": _metadata(POOL, namespace),
            "spec": {"addresses": addresses, "autoAssign": False},
        },
        {
            "apiVersion": "metallb.io/v1beta1",
            "kind": "L2Advertisement",
            "metadata": _metadata(POOL, namespace),
            "spec": {"ipAddressPools": [POOL]},
        },
    ]


def record(data: Mapping[str, str], namespace: str) -> dict[str, Any]:
    """Return the ConfigMap that records the endpoint, see :mod:`cp_ingress_core.record`."""
    metadata = _metadata(RECORD, namespace)
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(data)}


def issuers_entry(node: str, issuers: Iterable[str], namespace: str) -> dict[str, Any]:
    """Return the part of the record that is one master's: the issuers that its apiserver accepts."""
    data = {f"{ISSUERS}{node}": json.dumps(list(issuers))}
    metadata = {"name": RECORD, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def nginx_fragment(snippets: Mapping[str, str], namespace: str) -> dict[str, Any]:
    """Return what NGINX's ConfigMap gets from us besides the chart's own keys."""
    metadata = {"name": CONFIG_MAP, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(snippets)}


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
