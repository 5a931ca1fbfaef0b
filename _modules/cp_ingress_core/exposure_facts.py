"""What external mode's exposure is decided by, read from the cluster and from kube-proxy on this node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from cp_ingress_core import kube_proxy
from cp_ingress_core.errors import ApiError
from cp_ingress_core.exposure import Exposure, Facts, Kind, decide
from cp_ingress_core.kube import operations
from cp_ingress_core.kube.cluster import Cluster

CLASS = "cp-ingress/external"
NAMESPACES = ("cp-ingress", "default")

_PROBE = "cp-ingress-probe"

Services = Iterable[Mapping[str, Any]]


def choose(cluster: Cluster, setting: str, ip: str, services: Services) -> Exposure:
    """Choose how external mode carries `ip`.

    setting
        ``cp_ingress:external:exposure``. Unless it is ``auto`` nothing is asked.
    services
        The live Services of the ingress, those of another endpoint included.

    At most four requests: the version, kube-proxy's configuration, and where no Service carries `ip` yet, one
    or two dry runs of one that does. Raises ApiError when the apiserver cannot be reached.
    """
    if setting != "auto":
        return decide(setting, Facts(""))
    return decide(setting, read(cluster, ip, list(services)))


def read(cluster: Cluster, ip: str, services: Services) -> Facts:
    """Return the facts; those that cannot be read are None."""
    listed = list(services)
    version = str(cluster.client.request("GET", "/version").get("gitVersion", ""))
    found = kube_proxy.configuration(_config_map(cluster))
    live = kube_proxy.ask(found.port) if found else kube_proxy.ask()
    facts = Facts(version, live.gate, found.gate if found else None, current=current(listed))
    carried = any(ip in (item["spec"].get("externalIPs") or []) for item in listed)
    if carried or decide("auto", facts).kind == "status":
        return facts
    return replace(facts, denied=denied(cluster, ip))


def denied(cluster: Cluster, ip: str) -> bool | None:
    """Ask the apiserver, by a dry run, whether it refuses a Service with `ip` as external IP.

    None where it refuses one without as well, so that nobody knows.
    """
    for namespace in NAMESPACES:
        try:
            _dry_run(cluster, namespace, [ip])
        except ApiError as err:
            if err.info["status"] == 404:  # the namespace is still to be made
                continue
            if err.info["status"] not in (400, 403, 422):
                raise
            return True if _accepted(cluster, namespace) else None
        return False
    return None


def _accepted(cluster: Cluster, namespace: str) -> bool:
    try:
        _dry_run(cluster, namespace, [])
    except ApiError as err:
        if err.info["status"] not in (400, 403, 422):
            raise
        return False
    return True


def _dry_run(cluster: Cluster, namespace: str, external_ips: list[str]) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": _PROBE, "namespace": namespace},
        "spec": {"ports": [{"port": 443, "protocol": "TCP"}], "externalIPs": external_ips},
    }
    resource = cluster.discovery.resource("v1", "Service")
    operations.apply_object(cluster.client, resource, service, dry_run=True)


def _config_map(cluster: Cluster) -> dict[str, Any] | None:
    resource = cluster.discovery.resource("v1", "ConfigMap")
    try:
        return operations.get_object(cluster.client, resource, kube_proxy.NAMESPACE, kube_proxy.CONFIG_MAP)
    except ApiError as err:
        if err.info["status"] != 403:
            raise
        return None


def current(services: Services) -> Kind | None:
    """Return what carries the endpoint now, by the Services of the ingress; None where nothing does."""
    services = list(services)
    if any(item["spec"].get("loadBalancerClass") == CLASS for item in services):
        return "status"
    return "externalIPs" if any(item["spec"].get("externalIPs") for item in services) else None
