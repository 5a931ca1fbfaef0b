"""One run: read the set, widen its parent, apply in stages, prune, wait, narrow the parent.

A crash at any point leaves a parent that lists more than there is, never less; the next run finishes the
work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cp_ingress_core.kube import parent as parents
from cp_ingress_core.kube.apply import Item
from cp_ingress_core.kube.applyset import Membership, Parent
from cp_ingress_core.kube.cluster import Cluster
from cp_ingress_core.kube.explain import Explainer
from cp_ingress_core.kube.filters import Context
from cp_ingress_core.kube.identity import ObjectKey
from cp_ingress_core.kube.options import Options
from cp_ingress_core.kube.parent import SetState
from cp_ingress_core.kube.plan import Plan, make_plan
from cp_ingress_core.kube.progress import Progress
from cp_ingress_core.kube.prune import Pruned, prune
from cp_ingress_core.kube.readiness import State, assess, ready_at_once
from cp_ingress_core.kube.report import Report, failure
from cp_ingress_core.kube.rollout import Rollout
from cp_ingress_core.kube.wait import Target, wait_ready


def apply(
    cluster: Cluster, documents: Iterable[Any], parent: Parent | None, options: Options
) -> dict[str, Any]:
    """Apply the objects in `documents`, as members of `parent`'s set where one is given, and return the
    report.

    Objects that are in the set and not in `documents` are deleted afterwards. Nothing is written with
    ``options.test``. Raises an error of :mod:`cp_ingress_core.errors` whose ``info["changes"]`` holds what
    had been done by then.
    """
    report = Report()
    run = _Run(cluster, documents, parent, options, report)
    with report.in_errors():
        run.go()
    return report.as_dict(options.test)


class _Run:
    def __init__(
        self,
        cluster: Cluster,
        documents: Iterable[Any],
        parent: Parent | None,
        options: Options,
        report: Report,
    ) -> None:
        self.cluster, self.options, self.report = cluster, options, report
        self.state: SetState | None = parents.read(cluster, parent) if parent else None
        self.plan: Plan = make_plan(cluster, documents, self.state, options)
        self.rollout = Rollout(cluster, self.plan, self.state, options, report)

    def go(self) -> None:
        """Do everything in order."""
        for warning in self.plan.warnings:
            self.report.warn(warning)
        self._widen()
        self.rollout.run()
        if self.options.prune_when == "ready":
            self._wait()
        pruned = self._prune()
        if self.options.prune_when != "ready":
            self._wait_unless(pruned)
        self._finish(pruned)

    def _wanted(self) -> Membership:
        return Membership.of(item.key for item in self.plan.items)

    def _widen(self) -> None:
        if self.state is None or self.options.test:
            return
        if self.state.live is None:
            self.rollout.namespace_first(self.state.parent.namespace)
        parents.write(self.cluster, self.state, self.state.membership | self._wanted())

    def _prune(self) -> Pruned:
        if self.state is None or not self.options.prune:
            return Pruned(survivors=list(self.plan.stale))
        keys = [item.key for item in self.plan.items]
        context = Context(
            set_id=self.state.parent.id,
            parent=ObjectKey("", "Secret", self.state.parent.namespace, self.state.parent.name),
            applied_uids=frozenset(self.rollout.uids()),
            used_namespaces=frozenset({self.state.parent.namespace, *(key.namespace for key in keys)}),
            kinds=self.options.prune_kinds,
        )
        return prune(self.cluster, self.plan.stale, context, self.options, self.report)

    def _finish(self, pruned: Pruned) -> None:
        if self.state is not None and not self.options.test:
            if pruned.errors:
                raise failure(pruned.errors, "could not be deleted; the next run tries again")
            survivors = Membership.of(member.key for member in pruned.survivors)
            home = Membership(namespaces=frozenset({self.state.parent.namespace}))
            self.rollout.record()
            parents.write(self.cluster, self.state, self._wanted() | survivors | home)

    def _wait_unless(self, pruned: Pruned) -> None:
        # A refused deletion is reported first: waiting would only hide it for a while.
        if not pruned.errors:
            self._wait()

    def _wait(self) -> None:
        if not self.options.wait or self.options.test:
            return
        pending = [
            (item, live)
            for item, live in self.rollout.results()
            if not ready_at_once(item.manifest["apiVersion"], item.key.kind)
        ]
        if self._ready_already(pending):
            return
        wait_ready(
            [_target(item, live) for item, live in pending],
            self.cluster,
            timeout=self.options.timeout,
            on_progress=Progress().say,
            explain=Explainer(self.cluster),
        )

    def _ready_already(self, pending: list[tuple[Item, Mapping[str, Any]]]) -> bool:
        """Tell whether the LISTs at the start showed every object ready, and nothing was changed since."""
        return not self.report.changes and all(
            item.full and item.live is not None and assess(item.live).state is State.READY
            for item, _ in pending
        )


def _target(item: Item, live: Mapping[str, Any]) -> Target:
    return Target.of({**live, "apiVersion": item.manifest["apiVersion"], "kind": item.manifest["kind"]})
