"""Reads what status shows. Every wait is bounded, and what cannot be read is noted."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cp_ingress_core import arp, certificates, nodes, record, serving
from cp_ingress_core.addresses import parse_network, within
from cp_ingress_core.certificates import Certificate
from cp_ingress_core.component import verify
from cp_ingress_core.endpoint import Endpoint, Mode
from cp_ingress_core.errors import ConfigError, CpIngressError
from cp_ingress_core.kube import apiservers
from cp_ingress_core.kube.cluster import Cluster
from cp_ingress_core.kube.discovery import Discovery
from cp_ingress_core.kube.reader import Reader
from cp_ingress_core.preflight.gather import bootstrap_file, recorded_in
from cp_ingress_core.preflight.wire import Wire
from cp_ingress_core.settings import Settings
from cp_ingress_core.status import objects
from cp_ingress_core.status.facts import Facts, Issuer

PATIENCE = 5.0

_METALLB = "metallb.io/v1beta1"


def read(settings: Settings, connect: Callable[[], Cluster], bootstrap: str) -> Facts:
    """Read everything at once.

    connect
        Gives the cluster; what it raises is noted.
    bootstrap
        Path of this machine's Bootstrap file.
    """
    unread: list[str] = []
    with ThreadPoolExecutor(max_workers=4) as pool:
        answer = pool.submit(
            serving.ask, settings.ip, settings.port, settings.ca_file, through=settings.connect_to
        )
        issuer = pool.submit(_issuer, settings)
        wire = pool.submit(_wire, settings)
        cluster = _cluster(settings, connect, unread)
        certificate = _certificate(settings, unread)
        answered = answer.result()
        return Facts(
            **cluster,
            file=_file(settings, bootstrap),
            certificate=certificate,
            answer=answered.status or answered.problem,
            issuer=issuer.result(),
            wire=wire.result(),
            unread=tuple(unread),
        )


def _cluster(settings: Settings, connect: Callable[[], Cluster], unread: list[str]) -> dict[str, Any]:
    """Read the cluster; an API that cannot be reached is noted once, not for every object."""
    try:
        client = connect().client.patient(PATIENCE)
        cluster = Cluster(client, Discovery(client))
        cluster.discovery.known("v1", "Node")
    except CpIngressError as err:
        unread.append(str(err))
        return {"cluster_read": False}
    reader = Reader(cluster, tolerant=True)
    space = settings.namespace
    jobs: dict[str, Callable[[], Any]] = {
        "nodes": lambda: reader.list_all("v1", "Node"),
        "services": lambda: reader.list_all("v1", "Service", space),
        "pools": lambda: reader.list_all(_METALLB, "IPAddressPool", settings.metallb_namespace),
        "announcements": lambda: reader.list_all(_METALLB, "ServiceL2Status", settings.metallb_namespace),
        "deployments": lambda: reader.list_all("apps/v1", "Deployment", space),
        "daemonsets": lambda: reader.list_all("apps/v1", "DaemonSet", space),
        "record": lambda: reader.get("v1", "ConfigMap", record.NAME, space),
        "slice": lambda: apiservers.read_slice(reader),
    }
    found = dict(zip(jobs, reader.each(jobs.values()), strict=True))
    recorded, problem = recorded_in(found["record"])
    unread += [*reader.unread, *filter(None, [problem])]
    return {
        "record": recorded,
        "services": objects.service_facts(found["services"]),
        "pool": objects.pool_addresses(found["pools"]),
        "announced_by": objects.announcing_nodes(
            found["announcements"], space, settings.endpoint.service_name
        ),
        "workload": objects.workload_facts([*found["deployments"], *found["daemonsets"]]),
        "masters": nodes.masters(found["nodes"]),
        "apiservers": apiservers.ask_all(client, found["slice"]),
    }


def _file(settings: Settings, path: str) -> str:
    """Return the endpoint that the Bootstrap file asks for, "" where there is no file or it leaves the IP"
    " out."""
    found = bootstrap_file(path)
    if found.errors:
        return "refused"
    if found.networks is None or found.networks.ip is None:
        return ""
    mode: Mode = "metallb" if found.networks.metallb else "external"
    return str(Endpoint(mode, found.networks.ip, settings.port))


def _certificate(settings: Settings, unread: list[str]) -> Certificate | None:
    """Read the server certificate on this node; None where it is the user's own or not made yet."""
    path = Path(settings.server_certificate)
    if settings.certificate_kind != "managed" or not path.exists():
        return None
    try:
        return certificates.parse(path.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError, ConfigError) as err:
        unread.append(f"{path}: {getattr(err, 'strerror', None) or err}")
        return None


def _issuer(settings: Settings) -> Issuer | None:
    """Ask for the discovery document; None where nothing is served there and nothing has to be."""
    url = f"{settings.endpoint.issuer}/.well-known/openid-configuration"
    got = verify.fetch(url, settings.ca_file, settings.connect_to)
    if got.status == 200:
        try:
            found = json.loads(got.body)
            return Issuer(url=str(found["issuer"]))
        except (ValueError, TypeError, KeyError):
            return Issuer(problem="the answer is not a discovery document")
    expected = settings.apiserver is not None or "dex" in settings.components
    return Issuer(problem=got.problem or f"status {got.status}") if expected else None


def _wire(settings: Settings) -> Wire | None:
    networks = [network for network in map(parse_network, settings.networks.cidrs) if network is not None]
    if not any(within(settings.endpoint.address, network) for network in networks):
        return None
    try:
        return Wire(tuple(sorted(arp.answering(settings.ip))), arp.local_holder(settings.ip))
    except CpIngressError as err:
        return Wire(problem=str(err))
