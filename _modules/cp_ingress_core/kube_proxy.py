"""What kube-proxy does with Services: its configuration in the cluster, and its own words on this node.

The apiserver knows kube-proxy's feature gates too, and reports them wrongly: it has gates of its own.
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

NAMESPACE = "kube-system"
CONFIG_MAP = "kube-proxy"
GATE = "AllowServiceExternalIPs"

_PORT = 10249
_SECONDS = 2.0
_FEATURE = re.compile(rf'^kubernetes_feature_enabled\{{[^}}]*name="{GATE}"[^}}]*\}} ([01])$', re.MULTILINE)


@dataclass(frozen=True)
class Configuration:
    """The ConfigMap of kube-proxy, as kubeadm makes it; None and "" where it doesn't say."""

    mode: str = ""
    strict_arp: bool = False
    gate: bool | None = None
    port: int = _PORT
    server: str = ""


@dataclass(frozen=True)
class Answer:
    """What kube-proxy on this node says of itself; None and "" where it doesn't answer."""

    mode: str = ""
    gate: bool | None = None


def configuration(config_map: Mapping[str, Any] | None) -> Configuration | None:
    """Read kube-proxy's ConfigMap; None where there is none that can be understood.

    Other distributions keep the configuration elsewhere, and some have no kube-proxy at all.
    """
    data = (config_map or {}).get("data") or {}
    found = _mapping(data.get("config.conf"))
    if found is None:
        return None
    gates = found.get("featureGates") or {}
    return Configuration(
        mode=str(found.get("mode") or "iptables"),
        strict_arp=bool((found.get("ipvs") or {}).get("strictARP")),
        gate=gates.get(GATE) if isinstance(gates.get(GATE), bool) else None,
        port=_port(found.get("metricsBindAddress")),
        server=_server(_mapping(data.get("kubeconfig.conf")) or {}),
    )


def ask(port: int = _PORT) -> Answer:
    """Ask kube-proxy on this node for its mode and gate, for two seconds each at most."""
    mode = _get(port, "/proxyMode")
    found = _FEATURE.search(_get(port, "/metrics")) if mode else None
    return Answer(mode, found.group(1) == "1" if found else None)


def _get(port: int, path: str) -> str:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
        try:
            connection.request("GET", path, headers={"User-Agent": "cp-ingress"})
            response = connection.getresponse()
            return response.read().decode() if response.status == 200 else ""
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, UnicodeDecodeError):
        return ""


def _mapping(text: Any) -> dict[str, Any] | None:
    if not isinstance(text, str):
        return None
    try:
        found = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except yaml.YAMLError:
        return None
    return found if isinstance(found, dict) else None


def _port(address: Any) -> int:
    port = str(address or "").rpartition(":")[2]
    return int(port) if port.isdigit() else _PORT


def _server(kubeconfig: Mapping[str, Any]) -> str:
    clusters = kubeconfig.get("clusters") or []
    servers = [(entry.get("cluster") or {}).get("server", "") for entry in clusters]
    return str(servers[0]) if servers else ""
