"""What a Namespace or a CustomResourceDefinition holds that its deletion would take along."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cp_ingress_core.errors import ApiError
from cp_ingress_core.kube import operations
from cp_ingress_core.kube.cluster import Cluster
from cp_ingress_core.kube.discovery import Resource
from cp_ingress_core.kube.filters import Member
from cp_ingress_core.kube.normalize import PART_OF

_PAGE = 100
SET_ID = "applyset.kubernetes.io/id"

# Kubernetes makes these itself in every namespace, or for objects that are judged themselves.
_BY_KUBERNETES = frozenset(
    {
        ("", "Endpoints"),
        ("", "Event"),
        ("coordination.k8s.io", "Lease"),
        ("discovery.k8s.io", "EndpointSlice"),
        ("events.k8s.io", "Event"),
        ("metrics.k8s.io", "PodMetrics"),
    }
)
_BY_NAME = frozenset({("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")})


@dataclass(frozen=True)
class Uncounted:
    """What is no reason to keep a Namespace or definition: objects by UID, and all of some sets, by id."""

    uids: Collection[str]
    sets: Collection[str] = ()

    def __contains__(self, metadata: Mapping[str, Any]) -> bool:
        labels = metadata.get("labels") or {}
        sets = {labels.get(PART_OF), labels.get(SET_ID)}
        return metadata["uid"] in self.uids or not sets.isdisjoint(self.sets)


def contents(cluster: Cluster, members: Iterable[Member], ours: Uncounted) -> dict[str, list[str]]:
    """Return what the Namespaces and definitions among `members` hold beside `ours`, by their UID."""
    found: dict[str, list[str]] = {}
    for member in members:
        if (member.key.group, member.key.kind) == ("", "Namespace"):
            found[member.uid] = _in_namespace(cluster, member.key.name, ours)
        elif member.key.kind == "CustomResourceDefinition":
            found[member.uid] = _instances(cluster, member.live, ours)
    return found


def _in_namespace(cluster: Cluster, namespace: str, ours: Uncounted) -> list[str]:
    kinds = [
        resource
        for resource in cluster.discovery.listable()
        if resource.namespaced and (resource.group, resource.kind) not in _BY_KUBERNETES
    ]
    lists = cluster.client.parallel(lambda kind: _foreign(cluster, kind, namespace, ours), kinds)
    return sorted(name for names in lists for name in names)


def _instances(cluster: Cluster, definition: Mapping[str, Any], ours: Uncounted) -> list[str]:
    plural, _, group = definition["metadata"]["name"].partition(".")
    kind = cluster.discovery.kind_of_plural(group, plural)
    resource = cluster.discovery.find_kind(group, kind) if kind else None
    return _foreign(cluster, resource, "", ours) if resource else []


def _foreign(cluster: Cluster, resource: Resource, namespace: str, ours: Uncounted) -> list[str]:
    try:
        found = operations.list_objects(cluster.client, resource, namespace, metadata_only=True, limit=_PAGE)
    except ApiError as err:
        if err.info["status"] in (404, 405):
            return []
        raise
    return [_name(obj) for obj in found if _counts(obj, ours)]


def _counts(obj: Mapping[str, Any], ours: Uncounted) -> bool:
    metadata = obj["metadata"]
    return not (
        metadata in ours
        or metadata.get("ownerReferences")
        or metadata.get("deletionTimestamp")
        or (obj["kind"], metadata["name"]) in _BY_NAME
    )


def _name(obj: Mapping[str, Any]) -> str:
    metadata = obj["metadata"]
    place = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{obj['kind']} {place}{metadata['name']}"
