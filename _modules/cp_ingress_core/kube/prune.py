"""Deleting what left a set, in the opposite order of applying, past the filters, exactly what was read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cp_ingress_core.errors import ApiError, CpIngressError
from cp_ingress_core.kube import operations
from cp_ingress_core.kube.cluster import Cluster
from cp_ingress_core.kube.contents import Uncounted, contents
from cp_ingress_core.kube.filters import Context, Member, Verdict, verdict
from cp_ingress_core.kube.filters.on_request import ON_REQUEST
from cp_ingress_core.kube.ledger import HASH
from cp_ingress_core.kube.normalize import PART_OF
from cp_ingress_core.kube.options import Options
from cp_ingress_core.kube.order import stages
from cp_ingress_core.kube.progress import Progress
from cp_ingress_core.kube.report import Report
from cp_ingress_core.kube.wait import Target, wait_gone

_TRIES = 5


@dataclass
class Pruned:
    """What a prune came to: `survivors` are still members, `errors` are refused deletions."""

    survivors: list[Member] = field(default_factory=list)
    errors: list[CpIngressError] = field(default_factory=list)


def prune(
    cluster: Cluster, stale: Iterable[Member], context: Context, options: Options, report: Report
) -> Pruned:
    """Delete the stale members, stage by stage, and wait for each stage to be gone when `options.wait`.

    A refused deletion doesn't stop the others of its stage, but the stages after it: what they serve may
    still be needed. It is returned as an error, and what was not tried stays a member.
    """
    members = list(stale)
    pruned = Pruned()
    # A dry run finds what earlier steps would have deleted; a real one must count what they kept.
    sets = options.gone_before if options.test else ()
    going = Uncounted({member.uid for member in members} | context.own_uids, sets)
    for _, stage in stages(members, _as_object, deleting=True):
        if pruned.errors:
            pruned.survivors += stage
            continue
        held = [member for member in stage if _needs_look(member, context)]
        facts = replace(context, contents=contents(cluster, held, going)) if held else context
        verdicts = [(member, verdict(member, facts)) for member in stage]
        doomed = [member for member, found in verdicts if found is None]
        if options.wait and not options.test:
            _let_pods_end(cluster, doomed, options)
        deleted = _delete_all(cluster, doomed, facts, options, report, pruned)
        for member, found in verdicts:
            if found is not None:
                _keep(cluster, member, found, options, report, pruned)
        waited = deleted + [m for m, v in verdicts if v is not None and m.metadata.get("deletionTimestamp")]
        if any(member.key.kind == "CustomResourceDefinition" for member in deleted) and not options.test:
            cluster.discovery.forget()
        if options.wait and not options.test and waited:
            _wait(cluster, waited, options)
    return pruned


def _as_object(member: Member) -> Mapping[str, Any]:
    return {"apiVersion": member.resource.api_version, "kind": member.resource.kind}


def _needs_look(member: Member, context: Context) -> bool:
    return (member.key.group, member.key.kind) in ON_REQUEST and verdict(member, context) is None


def _delete_all(
    cluster: Cluster,
    members: list[Member],
    context: Context,
    options: Options,
    report: Report,
    pruned: Pruned,
) -> list[Member]:
    def attempt(member: Member) -> Verdict | CpIngressError | None:
        try:
            return None if options.test else _delete(cluster, member, context)
        except CpIngressError as err:
            return err

    deleted: list[Member] = []
    counted = Progress().counting(attempt, "deleting:", len(members))
    for member, outcome in zip(members, cluster.client.parallel(counted, members), strict=True):
        if isinstance(outcome, CpIngressError):
            pruned.errors.append(outcome)
            pruned.survivors.append(member)
        elif outcome is not None:
            _keep(cluster, member, outcome, options, report, pruned)
        else:
            deleted.append(member)
            report.add(str(member), "deleted")
    return deleted


def _delete(cluster: Cluster, member: Member, context: Context) -> Verdict | None:
    """Delete one object; returns why it stays, or None when it is gone.

    It may be gone without us, or by a DELETE of ours whose answer was lost: nobody can tell, and nobody
    needs to.
    """
    for _ in range(_TRIES):
        try:
            operations.delete_object(cluster.client, member.resource, member.live)
            return None
        except ApiError as err:
            if err.info["status"] != 409:
                raise
            refused = err
        live = operations.get_object(cluster.client, member.resource, member.key.namespace, member.key.name)
        if live is None:
            return None
        if live["metadata"]["uid"] != member.uid:
            return Verdict("was replaced by another object of that name in the meantime")
        member = replace(member, live=live)
        found = verdict(member, context)
        if found is not None:
            return found
    raise refused


def _keep(
    cluster: Cluster, member: Member, found: Verdict, options: Options, report: Report, pruned: Pruned
) -> None:
    if found.silent:
        return
    report.kept[str(member)] = found.reason
    if found.warn:
        report.warn(f"{member} is kept: {found.reason}")
    if not found.detach:
        pruned.survivors.append(member)
        return
    if PART_OF not in (member.metadata.get("labels") or {}):
        return
    report.add(str(member), "detached")
    if not options.test:
        try:
            _detach(cluster, member)
        except CpIngressError as err:
            pruned.errors.append(err)
            pruned.survivors.append(member)


def _detach(cluster: Cluster, member: Member) -> None:
    """Remove the set's label, and the hash that means nothing without it."""
    live: Mapping[str, Any] | None = member.live
    for attempt in range(_TRIES):
        if live is None:
            return
        metadata = live["metadata"]
        operations_ = [
            {"op": "remove", "path": f"/metadata/{section}/{name.replace('~', '~0').replace('/', '~1')}"}
            for section, name in (("labels", PART_OF), ("annotations", HASH))
            if name in (metadata.get(section) or {})
        ]
        try:
            operations.patch_json(cluster.client, member.resource, live, operations_)
            return
        except ApiError as err:
            if err.info["status"] not in (404, 409) or attempt == _TRIES - 1:
                raise
        live = operations.get_object(cluster.client, member.resource, member.key.namespace, member.key.name)


def _let_pods_end(cluster: Cluster, members: Iterable[Member], options: Options) -> None:
    """Wait until the Pods in the Namespaces among `members`, whose owners are deleted by now, have ended.

    A Namespace deleted earlier would take longer: its controller comes back to Pods that it finds ending only
    after half of their grace period, which can be minutes.
    """
    resource = cluster.discovery.resource("v1", "Pod")
    pods = [
        Target("v1", "Pod", member.key.name, pod["metadata"]["name"], pod["metadata"]["uid"])
        for member in members
        if (member.key.group, member.key.kind) == ("", "Namespace")
        for pod in operations.list_objects(cluster.client, resource, member.key.name, metadata_only=True)
    ]
    if pods:
        wait_gone(pods, cluster, timeout=options.timeout, on_progress=Progress().say)


def _wait(cluster: Cluster, members: list[Member], options: Options) -> None:
    targets = [
        Target(m.resource.api_version, m.resource.kind, m.key.namespace, m.key.name, m.uid) for m in members
    ]
    wait_gone(targets, cluster, timeout=options.timeout, on_progress=Progress().say)
