"""Deleting a whole set, or objects by name, with the same order, filters and preconditions as pruning."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cp_ingress_core.errors import ApplySetError, ObjectError
from cp_ingress_core.kube import operations
from cp_ingress_core.kube import parent as parents
from cp_ingress_core.kube.applyset import Membership, Parent
from cp_ingress_core.kube.cluster import Cluster
from cp_ingress_core.kube.filters import Context, Member
from cp_ingress_core.kube.identity import ObjectKey, label
from cp_ingress_core.kube.normalize import defined_scopes, identify, normalize
from cp_ingress_core.kube.options import Options
from cp_ingress_core.kube.parent import SECRETS, SetState
from cp_ingress_core.kube.prune import Pruned, prune
from cp_ingress_core.kube.report import Report, failure
from cp_ingress_core.kube.survey import survey


def remove(
    cluster: Cluster, documents: Iterable[Any] | None, parent: Parent | None, options: Options
) -> dict[str, Any]:
    """Delete the objects in `documents`, or without them all members of `parent`'s set and then the parent.

    With both, only those of the objects that are members. Returns the report; errors are those of
    :func:`cp_ingress_core.kube.engine.apply`.
    """
    if documents is None and parent is None:
        raise ObjectError("name the objects to delete, or the ApplySet whose members shall go")
    report = Report()
    with report.in_errors():
        if documents is not None:
            _named(cluster, documents, parent, options, report)
        elif parent is not None:
            _whole(cluster, parent, options, report)
    return report.as_dict(options.test)


def _named(
    cluster: Cluster, documents: Iterable[Any], parent: Parent | None, options: Options, report: Report
) -> None:
    objects = normalize(documents)
    scopes = defined_scopes(objects)
    served = [obj for obj in objects if cluster.discovery.find(obj["apiVersion"], obj["kind"]) is not None]

    def namespaced(obj: dict[str, Any]) -> bool:
        found = cluster.discovery.find(obj["apiVersion"], obj["kind"])
        return found.namespaced if found else scopes.get((obj["apiVersion"], obj["kind"]), True)

    def read(entry: tuple[ObjectKey, dict[str, Any]]) -> Member | None:
        key, obj = entry
        resource = cluster.discovery.resource(obj["apiVersion"], obj["kind"])
        live = operations.get_object(cluster.client, resource, key.namespace, key.name)
        return Member(key, resource, live) if live is not None else None

    members = cluster.client.parallel(read, identify(served, namespaced).items())
    found = [member for member in members if member is not None]
    report.unchanged += len(objects) - len(found)
    context = Context(set_id=parent.id if parent else "", kinds=options.prune_kinds)
    _raise_errors(prune(cluster, found, context, options, report))


def _whole(cluster: Cluster, parent: Parent, options: Options, report: Report) -> None:
    state = parents.read(cluster, parent)
    if state.live is None:
        report.unchanged += 1
        return
    found = survey(cluster, parent, state.membership, wait=False)
    key = ObjectKey("", "Secret", parent.namespace, parent.name)
    context = Context(
        set_id=parent.id,
        parent=key,
        kinds=options.prune_kinds,
        own_uids=frozenset({state.live["metadata"]["uid"]}),
    )
    pruned = prune(cluster, found.members.values(), context, options, report)
    _raise_errors(pruned)
    _close(cluster, state, pruned, options, report)


def _close(cluster: Cluster, state: SetState, pruned: Pruned, options: Options, report: Report) -> None:
    """Delete the parent, or narrow it to what is kept."""
    parent = state.parent
    if pruned.survivors:
        if not options.test:
            keys = [member.key for member in pruned.survivors]
            parents.write(
                cluster, state, Membership.of(keys) | Membership(namespaces=frozenset({parent.namespace}))
            )
        return
    report.add(label("v1", "Secret", parent.namespace, parent.name), "deleted")
    if not options.test:
        parents.delete(cluster, state)


def _raise_errors(pruned: Pruned) -> None:
    if pruned.errors:
        raise failure(pruned.errors, "could not be deleted; the next run tries again")


def hand_over(cluster: Cluster, parent: Parent, test: bool) -> dict[str, Any]:
    """Make the set belong to the tooling of `parent`, whosever it is now, and return the report.

    Only the parent is written. Raises ApplySetError when there is no such set or its parent is damaged.
    """
    report = Report()
    live = operations.get_object(cluster.client, SECRETS, parent.namespace, parent.name)
    name = label("v1", "Secret", parent.namespace, parent.name)
    if live is None:
        raise ApplySetError(f"{parent}: there is no such Secret", reason="NotFound", status=404, obj=name)
    membership = parents.membership_of(cluster, parent, live, tool=None)
    found = live["metadata"]["annotations"][parents.TOOLING]
    if found == parent.tooling:
        report.add(name, "unchanged")
        return report.as_dict(test)
    report.add(name, "changed", {"tooling": {"old": found, "new": parent.tooling}})
    if not test:
        manifest = parent.manifest(membership, live.get("data") or {})
        operations.apply_object(cluster.client, SECRETS, manifest, manager=parents.MANAGER, force=True)
    return report.as_dict(test)
