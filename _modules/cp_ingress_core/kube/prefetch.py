"""Reading many live objects by few LISTs, where each would cost a GET of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from cp_ingress_core.kube import operations
from cp_ingress_core.kube.apply import Item
from cp_ingress_core.kube.cluster import Cluster
from cp_ingress_core.kube.discovery import Resource
from cp_ingress_core.kube.identity import Place, key_of
from cp_ingress_core.kube.ledger import Ledger
from cp_ingress_core.kube.parent import SetState

# From this many objects of a kind in a namespace on, one LIST is cheaper than a GET each.
MANY = 8


def prefetch(cluster: Cluster, items: Iterable[Item], state: SetState | None) -> None:
    """Note on each item what a LIST tells about it: the whole live object of members, the absence of
    others.
    """
    groups: dict[tuple[Resource, str, bool], list[Item]] = {}
    for item in items:
        if item.resource is not None and not item.full:
            groups.setdefault((item.resource, item.key.namespace, item.member), []).append(item)
    work = [(*group, found) for group, found in groups.items() if len(found) >= MANY]

    def read(job: tuple[Resource, str, bool, list[Item]]) -> None:
        resource, namespace, members, found = job
        if members and state is not None:
            _fill(
                found,
                operations.list_objects(cluster.client, resource, namespace, selector=state.parent.selector),
            )
        else:
            listed = operations.list_objects(cluster.client, resource, namespace, metadata_only=True)
            present = {key_of(obj, resource.namespaced) for obj in listed}
            for item in found:
                item.absent = item.key not in present

    cluster.client.parallel(read, work)


def foreseen(items: Iterable[Item], ledger: Ledger) -> frozenset[Place]:
    """Return where so many manifests are known to have changed that :func:`prefetch` would LIST the members
    in full, so that the first LIST can do that.

    Never for Secrets: the run before may have failed after it applied them, and then they are proven without
    reading a value.
    """
    counts = Counter(item.key.place for item in items if ledger.tells_changed(item.key, item.manifest))
    return frozenset(place for place, count in counts.items() if count >= MANY and place.kind != "Secret")


def _fill(items: list[Item], listed: list[dict[str, object]]) -> None:
    by_name = {obj["metadata"]["name"]: obj for obj in listed}  # type: ignore[index]
    for item in items:
        if item.key.name in by_name:
            item.live, item.full = by_name[item.key.name], True
