"""What is there: one LIST per kind and namespace the set may have members in.

The same answers show what is stale, what is unchanged, what others touched and, for kinds that take time to
work, whether they do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from cp_ingress_core.errors import ApiError
from cp_ingress_core.kube import operations
from cp_ingress_core.kube.applyset import Membership, Parent
from cp_ingress_core.kube.cluster import Cluster
from cp_ingress_core.kube.discovery import Resource
from cp_ingress_core.kube.filters import Member
from cp_ingress_core.kube.identity import ObjectKey, Place, key_of
from cp_ingress_core.kube.readiness import ready_at_once


@dataclass(frozen=True)
class Survey:
    """The members found, by identity, where they were listed in full, and the kinds the server does not serve
    any more.
    """

    members: dict[ObjectKey, Member]
    full: frozenset[Place] = frozenset()
    gone: frozenset[tuple[str, str]] = frozenset()


def survey(
    cluster: Cluster,
    parent: Parent,
    membership: Membership,
    *,
    wait: bool,
    versions: Iterable[tuple[str, str]] = (),
    changed: Collection[Place] = (),
) -> Survey:
    """LIST the members of a set, in parallel.

    With `wait`, kinds whose readiness will be judged are listed in full, and so are the places in `changed`,
    whose whole objects will be needed; all else as metadata, so that Secret data is never read. `versions`
    are the (apiVersion, kind) pairs that will be applied; their versions are preferred. Any refused LIST is
    an error: pruning on half of the truth would be unsafe.
    """
    wanted = {(pair[0].rpartition("/")[0], pair[1]): pair[0] for pair in versions}
    resources, gone = _resources(cluster, membership.kinds, wanted)
    places = {
        Place(resource.group, resource.kind, namespace): resource
        for resource in resources
        for namespace in (membership.namespaces if resource.namespaced else [""])
    }
    full = frozenset(
        place
        for place, resource in places.items()
        if place in changed or (wait and not ready_at_once(resource.api_version, resource.kind))
    )

    def read(place: Place) -> list[Member] | Resource:
        resource = places[place]
        try:
            found = operations.list_objects(
                cluster.client,
                resource,
                place.namespace,
                selector=parent.selector,
                metadata_only=place not in full,
            )
        except ApiError as err:
            if err.info["status"] != 404:
                raise
            return resource
        return [Member(key_of(obj, resource.namespaced), resource, obj) for obj in found]

    answers = cluster.client.parallel(read, sorted(places))
    gone |= _unserved(cluster, [answer for answer in answers if isinstance(answer, Resource)])
    lists = [answer for answer in answers if not isinstance(answer, Resource)]
    return Survey({member.key: member for members in lists for member in members}, full, frozenset(gone))


def _unserved(cluster: Cluster, missing: Iterable[Resource]) -> set[tuple[str, str]]:
    """Return the kinds whose LIST was answered with 404, having read discovery anew."""
    kinds = {(resource.group, resource.kind) for resource in missing}
    if kinds:
        cluster.discovery.refresh()
    for group, kind in kinds:
        if cluster.discovery.find_kind(group, kind) is not None:
            raise ApiError(f"LIST {kind}.{group}: not found, although it is served; try again", status=404)
    return kinds


def _resources(
    cluster: Cluster, kinds: Collection[tuple[str, str]], wanted: dict[tuple[str, str], str]
) -> tuple[list[Resource], set[tuple[str, str]]]:
    found: list[Resource] = []
    gone: set[tuple[str, str]] = set()
    for group, kind in sorted(kinds):
        version = wanted.get((group, kind))
        resource = cluster.discovery.find(version, kind) if version else None
        resource = resource or cluster.discovery.find_kind(group, kind)
        if resource is None:
            # Its group answered cleanly: the definition is gone, and its objects went with it.
            gone.add((group, kind))
        else:
            found.append(resource)
    return found, gone
