"""Reads what the checks look at: from the cluster, from this node, from the network."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from cp_ingress_core import arp, bootstrap, exposure_facts, kube_proxy, nodes, objects, record
from cp_ingress_core.addresses import parse_address, parse_network, within
from cp_ingress_core.endpoint import MODES, Mode
from cp_ingress_core.errors import ConfigError, CpIngressError
from cp_ingress_core.exposure import Facts as ExposureFacts
from cp_ingress_core.kube import apiservers
from cp_ingress_core.kube.cluster import Cluster
from cp_ingress_core.kube.reader import Reader
from cp_ingress_core.preflight import machine
from cp_ingress_core.preflight.facts import Basic, BootstrapFile, Listed, Whole
from cp_ingress_core.preflight.model import Finding
from cp_ingress_core.preflight.tools import Trouble
from cp_ingress_core.preflight.wire import Wire
from cp_ingress_core.record import Record, RecordError
from cp_ingress_core.settings import Settings

# What the charts make outside of our namespaces, under these names.
_RBAC = "rbac.authorization.k8s.io/v1"
NAMED = (
    (_RBAC, "ClusterRole", "ingress-nginx"),
    (_RBAC, "ClusterRole", "metallb:controller"),
    (_RBAC, "ClusterRole", "metallb:speaker"),
    ("networking.k8s.io/v1", "IngressClass", objects.INGRESS_CLASS),
)


@dataclass(frozen=True)
class Sources:
    """Where to read: the cluster, and what only the caller can ask for.

    ``bootstrap`` is the path of this machine's Bootstrap file; ``troubles`` gets helm and the archives ready
    and tells what went wrong; ``components`` tells what a change means for what follows the endpoint, given
    the URLs of other endpoints; below ``root`` are this machine's files.
    """

    cluster: Cluster
    bootstrap: str
    troubles: Callable[[], list[Trouble]]
    components: Callable[[list[str]], list[Finding]] = lambda urls: []
    root: Path = Path("/")


def basic(settings: Settings, sources: Sources) -> Basic:
    """Read what every run reads."""
    reader = Reader(sources.cluster)
    pools = settings.mode == "metallb"
    read = _at_once(
        reader,
        {
            "nodes": lambda: reader.list_all("v1", "Node"),
            # Kubernetes before 1.33 has no ServiceCIDR: its range is then unknown, and not checked.
            "service_cidrs": lambda: reader.list_all("networking.k8s.io/v1", "ServiceCIDR"),
            "services": lambda: reader.list_all("v1", "Service"),
            "pools": lambda: reader.list_all("metallb.io/v1beta1", "IPAddressPool") if pools else [],
            "tls_secret": lambda: _tls_secret(settings, reader),
            "record": lambda: reader.get("v1", "ConfigMap", record.NAME, settings.namespace),
        },
    )
    recorded, problem = recorded_in(read.pop("record"))
    return Basic(
        **read,
        record=recorded,
        record_problem=problem,
        issued=machine.issued(settings),
        bootstrap=bootstrap_file(sources.bootstrap),
        standing=_standing(settings, read["services"]),
        unread=tuple(reader.unread),
    )


def whole(settings: Settings, sources: Sources, found: Basic) -> Whole:
    """Read the rest; `found` is what :func:`basic` gave."""
    troubles = sources.troubles()
    reader = Reader(sources.cluster)
    read = _at_once(
        reader,
        {
            "daemonsets": lambda: reader.list_all("apps/v1", "DaemonSet"),
            "deployments": lambda: reader.list_all("apps/v1", "Deployment"),
            "pods": lambda: reader.list_all("v1", "Pod", "kube-system", fields={"spec.hostNetwork": "true"}),
            "kubeadm": lambda: reader.get("v1", "ConfigMap", "kubeadm-config", "kube-system"),
            "kube_proxy": lambda: reader.get("v1", "ConfigMap", kube_proxy.CONFIG_MAP, kube_proxy.NAMESPACE),
            "slice": lambda: apiservers.read_slice(reader),
            "version": reader.version,
            "wire": lambda: _wire(settings, found),
            **{name: _getter(reader, api, kind, name) for api, kind, name in NAMED},
        },
    )
    configured = kube_proxy.configuration(read["kube_proxy"])
    answer = kube_proxy.ask(configured.port) if configured else kube_proxy.ask()
    return Whole(
        workloads=[*read["daemonsets"], *read["deployments"]],
        pods=[pod for pod in read["pods"] if not of_workload(pod)],
        named=[read[name] for _, _, name in NAMED if read[name]],
        control_plane_endpoint=control_plane_endpoint(read["kubeadm"]),
        kube_proxy=configured,
        kube_proxy_answer=answer,
        exposure=_exposure(settings, sources, found, configured, answer, read["version"]),
        apiservers=apiservers.ask_all(sources.cluster.client, read["slice"]),
        machine=machine.read(sources.root),
        wire=read["wire"],
        troubles=tuple(troubles),
        unread=tuple(reader.unread),
    )


def of_workload(pod: Mapping[str, Any]) -> bool:
    """Say whether a Pod belongs to a workload, which tells the same once. Static Pods belong to a node."""
    owners = pod["metadata"].get("ownerReferences") or []
    return any(owner.get("kind") in ("DaemonSet", "ReplicaSet") for owner in owners)


def recorded_in(config_map: Mapping[str, Any] | None) -> tuple[Record | None, str]:
    """Return the record that a ConfigMap holds, None where there is none, and why it cannot be read."""
    if config_map is None:
        return None, ""
    try:
        return Record.from_object(config_map), ""
    except RecordError as err:
        return None, str(err)


def bootstrap_file(path: str) -> BootstrapFile:
    """Read the Bootstrap file, where this machine has one."""
    if not os.path.lexists(path):
        return BootstrapFile()
    try:
        return BootstrapFile(path, bootstrap.load(path))
    except ConfigError as err:
        return BootstrapFile(path, errors=tuple(err.info["errors"]))


def earlier(settings: Settings, found: Basic) -> Mode | None:
    """Return who has moved the ingress IP so far, by our Services or else by the record; None for nobody."""
    wanted = settings.endpoint
    there = {item["metadata"]["name"] for item in _own(settings, found.services)}
    known = [replace(wanted, mode=mode) for mode in MODES]
    served = [endpoint.mode for endpoint in known if endpoint.service_name in there]
    if served or found.record is None:
        return served[0] if served else None
    recorded = [found.record.current, found.record.target, *found.record.abandoned]
    return next((each.mode for each in recorded if each and each.ip == wanted.ip and each != wanted), None)


def other_urls(settings: Settings, services: Listed) -> list[str]:
    """Return the URLs of the endpoints, other than the wanted one, that Services of ours still carry."""
    found = set()
    for item in _own(settings, services):
        ports = [entry.get("port") for entry in item["spec"].get("ports") or []]
        for address in map(parse_address, _held(item)):
            if address is not None and ports:
                host = f"[{address}]" if address.version == 6 else str(address)
                found.add(f"https://{host}:{ports[0]}")
    return sorted(found - {settings.endpoint.url})


def _held(service: Mapping[str, Any]) -> list[Any]:
    """Return the addresses at which a Service is reached from outside."""
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    return [*(service["spec"].get("externalIPs") or []), *(entry.get("ip") for entry in ingress)]


def _own(settings: Settings, services: Listed) -> Listed:
    return [item for item in services if item["metadata"].get("namespace") == settings.namespace]


def _standing(settings: Settings, services: Listed) -> bool:
    """Say whether the Service of the endpoint is there and has the IP."""
    return any(
        item["metadata"]["name"] == settings.endpoint.service_name and settings.ip in _held(item)
        for item in _own(settings, services)
    )


def _at_once(reader: Reader, jobs: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    # One look at what the server serves, before all of them ask for it at the same time.
    reader.cluster.discovery.known("v1", "Node")
    return dict(zip(jobs, reader.each(jobs.values()), strict=True))


def _getter(reader: Reader, api_version: str, kind: str, name: str) -> Callable[[], Any]:
    return lambda: reader.get(api_version, kind, name)


def _tls_secret(settings: Settings, reader: Reader) -> dict[str, str] | None:
    if settings.certificate_kind != "secret":
        return None
    found = reader.get("v1", "Secret", settings.tls_secret, settings.namespace)
    if found is None:
        return None
    # The key is of no use here, and stays out of what is passed on.
    return {name: text for name, text in objects.secret_texts(found).items() if name == "tls.crt"}


def control_plane_endpoint(config_map: Mapping[str, Any] | None) -> str:
    """Return where kubeadm has nodes reach the API, by its ConfigMap; "" where it does not say."""
    text = ((config_map or {}).get("data") or {}).get("ClusterConfiguration") or ""
    try:
        found = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except yaml.YAMLError:
        return ""
    return str(found.get("controlPlaneEndpoint") or "") if isinstance(found, dict) else ""


def _exposure(
    settings: Settings,
    sources: Sources,
    found: Basic,
    configured: kube_proxy.Configuration | None,
    answer: kube_proxy.Answer,
    version: str,
) -> ExposureFacts:
    # Only where externalIPs are insisted on does a refusal stop the run; auto goes another way.
    insisted = settings.mode == "external" and settings.exposure == "externalIPs"
    denied = exposure_facts.denied(sources.cluster, settings.ip) if insisted and not found.standing else None
    gate = configured.gate if configured else None
    current = exposure_facts.current(_own(settings, found.services))
    return ExposureFacts(version, answer.gate, gate, denied, current)


def _wire(settings: Settings, found: Basic) -> Wire | None:
    """Ask who has the IP, unless MetalLB announces it for us, or it lies outside of the masters' network."""
    networks = [network for network in map(parse_network, settings.networks.cidrs) if network is not None]
    if (found.standing and settings.mode == "metallb") or not any(
        within(settings.endpoint.address, network) for network in networks
    ):
        return None
    try:
        return Wire(tuple(sorted(arp.answering(settings.ip))), arp.local_holder(settings.ip))
    except CpIngressError as err:
        return Wire(problem=str(err))


def node_address(settings: Settings, found: Basic) -> bool:
    """Say whether the ingress IP is the address of a node."""
    return settings.ip in {
        address for listed in nodes.all_addresses(found.nodes).values() for address in listed
    }
