"""Custom resources for which every apiserver is ready to answer.

An apiserver opens the storage of a custom resource with the first request for it, and answers 429 until it
has read what is there. A program that reads its own objects when it starts, and does not ask a second time,
may end by that; the kubelet then waits ten seconds and more before it starts it again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from cp_ingress_core.errors import CpIngressError
from cp_ingress_core.kube import apiservers, operations
from cp_ingress_core.kube.client import Client
from cp_ingress_core.kube.cluster import Cluster
from cp_ingress_core.kube.discovery import Resource
from cp_ingress_core.kube.reader import Reader

LOG = logging.getLogger(__name__)

# Seconds for an answer, and for trying: an apiserver that is down must not hold anything up.
TIMEOUT, PATIENCE = 2.0, 3.0


def open_everywhere(cluster: Cluster, group: str, namespace: str) -> None:
    """Have every apiserver open the storage of a group's namespaced kinds.

    A failure is only logged: without this everything works, but perhaps later.
    """
    reader = Reader(cluster, tolerant=True)
    places = apiservers.addresses(apiservers.read_slice(reader))
    for text in reader.unread:
        LOG.info("nobody says where the apiservers are: %s", text)
    open_at(cluster, places, group, namespace)


def open_at(cluster: Cluster, places: Iterable[tuple[str, int]], group: str, namespace: str) -> int:
    """Do the same at some of them, by address and port; return how many answers there were."""
    kinds = [kind for kind in cluster.discovery.listable() if kind.group == group and kind.namespaced]
    clients = [cluster.client.elsewhere(host, port, TIMEOUT, PATIENCE) for host, port in places]

    def ask(work: tuple[Client, Resource]) -> bool:
        client, kind = work
        try:
            operations.list_objects(client, kind, namespace, metadata_only=True, limit=1)
        except CpIngressError as err:
            LOG.info("%s does not open its storage of %s: %s", client.transport.address, kind.plural, err)
            return False
        return True

    return sum(cluster.client.parallel(ask, [(client, kind) for client in clients for kind in kinds]))
