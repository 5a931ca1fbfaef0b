"""A connection to one cluster: its client and what it serves, shared by all parts of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cp_ingress_core.kube import operations
from cp_ingress_core.kube.client import Client, connect
from cp_ingress_core.kube.discovery import Discovery


@dataclass(frozen=True)
class Cluster:
    """The client of a cluster and its discovery; also reads for the waits (it is their ``Lister``)."""

    client: Client
    discovery: Discovery

    @classmethod
    def connect(cls, kubeconfig: str | None, context: str | None = None, timeout: float = 30.0) -> Cluster:
        """Connect as :func:`cp_ingress_core.kube.client.connect` does; sends nothing yet."""
        client = connect(kubeconfig, context, timeout)
        return cls(client, Discovery(client))

    def list_objects(self, api_version: str, kind: str, namespace: str) -> list[dict[str, Any]]:
        """Return all objects of a kind in a namespace, in full ("" reads cluster-scoped kinds)."""
        resource = self.discovery.resource(api_version, kind)
        return operations.list_objects(self.client, resource, namespace)

    def patient(self, seconds: float) -> Cluster:
        """Return the same connection with another retry deadline per request, in seconds."""
        return Cluster(self.client.patient(seconds), self.discovery)
