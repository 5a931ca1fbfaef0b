"""Deleting what left a set, apart from applying: for what must stay until something else was verified."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cp_ingress_core.kube import parent as parents
from cp_ingress_core.kube.applyset import Membership, Parent
from cp_ingress_core.kube.cluster import Cluster
from cp_ingress_core.kube.filters import Context
from cp_ingress_core.kube.identity import ObjectKey
from cp_ingress_core.kube.normalize import identify, normalize
from cp_ingress_core.kube.options import Options
from cp_ingress_core.kube.prune import prune
from cp_ingress_core.kube.report import Report, failure
from cp_ingress_core.kube.survey import survey


def narrow(cluster: Cluster, documents: Iterable[Any], parent: Parent, options: Options) -> dict[str, Any]:
    """Delete the members of `parent`'s set that are not in `documents`, apply nothing, and return the report.

    Order, filters and preconditions are those of every prune. Errors are those of
    :func:`cp_ingress_core.kube.engine.apply`. A set that does not exist has nothing to lose.
    """
    report = Report()
    with report.in_errors():
        _narrow(cluster, documents, parent, options, report)
    return report.as_dict(options.test)


def _narrow(
    cluster: Cluster, documents: Iterable[Any], parent: Parent, options: Options, report: Report
) -> None:
    state = parents.read(cluster, parent)
    if state.live is None:
        return

    def namespaced(obj: dict[str, Any]) -> bool:
        return cluster.discovery.resource(obj["apiVersion"], obj["kind"]).namespaced

    keep = identify(normalize(documents), namespaced)
    found = survey(cluster, parent, state.membership, wait=False)
    stale = [member for key, member in found.members.items() if key not in keep]
    report.unchanged += len(found.members) - len(stale)
    home = parent.namespace
    context = Context(
        set_id=parent.id,
        parent=ObjectKey("", "Secret", home, parent.name),
        used_namespaces=frozenset({home, *(key.namespace for key in keep)}),
        kinds=options.prune_kinds,
    )
    pruned = prune(cluster, stale, context, options, report)
    if pruned.errors:
        raise failure(pruned.errors, "could not be deleted; the next run tries again")
    if options.test:
        return
    left = Membership.of([*keep, *(member.key for member in pruned.survivors)])
    parents.write(cluster, state, left | Membership(namespaces=frozenset({home})))
