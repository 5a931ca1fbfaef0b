"""One run of a component: bring the endpoint into it, start its pods again where that is new, wait, verify.

The object that holds the configuration carries a mark, an annotation that changes with each of our writes;
the pods' template gets the same mark. A run that broke off in between is thus finished by the next one, and
nothing is started again for a configuration that was right already.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cp_ingress_core.component.model import WORKLOADS, Component, Workload
from cp_ingress_core.component.urls import Origin
from cp_ingress_core.component.values import Endpoint
from cp_ingress_core.errors import ObjectError
from cp_ingress_core.kube import fragment, operations, storages, watching
from cp_ingress_core.kube.cluster import Cluster
from cp_ingress_core.kube.identity import describe
from cp_ingress_core.kube.lookup import section, text
from cp_ingress_core.kube.report import Report

LOG = logging.getLogger(__name__)

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Run:
    """What a run works with; `previous` are origins of earlier endpoints, `objects` the rendered manifests
    of a component that has its own.
    """

    cluster: Cluster
    component: Component
    endpoint: Endpoint
    previous: frozenset[Origin] = frozenset()
    objects: tuple[Any, ...] = ()
    timeout: float = 300.0
    test: bool = False
    report: Report = field(default_factory=Report)

    def fragment_options(self, *, test: bool | None = None) -> fragment.Options:
        """Return how fragments are applied."""
        return fragment.Options(
            test=self.test if test is None else test, force=self.component.force_conflicts
        )

    def read(self, manifest: Object) -> dict[str, Any]:
        """Return the live object; raises ObjectError when there is none."""
        resource = self.cluster.discovery.resource(manifest["apiVersion"], manifest["kind"])
        metadata = manifest["metadata"]
        found = operations.get_object(
            self.cluster.client, resource, metadata.get("namespace", ""), metadata["name"]
        )
        if found is None:
            raise ObjectError(
                f"{describe(manifest)}: there is no such object;"
                f" component {self.component.name} expects it: correct its names or its namespace",
                reason="NotFound",
                status=404,
                obj=describe(manifest),
            )
        return found

    def mark_of(self, live: Object) -> str | None:
        """Return the mark that an object carries."""
        return text(section(live, "metadata", "annotations"), self.component.mark) or None

    def new_mark(self, content: Any, lives: Iterable[Object]) -> str:
        """Return the mark for a write: of what is written, and of what it is written to."""
        versions = [section(live, "metadata").get("resourceVersion") for live in lives]
        spelled = json.dumps([content, versions], sort_keys=True, default=str)
        return hashlib.sha256(spelled.encode()).hexdigest()[:16]

    def marked(self, manifest: Object, mark: str | None) -> dict[str, Any]:
        """Return a copy of a manifest with the mark, if there is one."""
        if mark is None:
            return dict(manifest)
        metadata = manifest["metadata"]
        annotations = {**section(metadata, "annotations"), self.component.mark: mark}
        return {**manifest, "metadata": {**metadata, "annotations": annotations}}


def configure(run: Run, bring: Callable[[Run], str | None]) -> None:
    """Bring the endpoint into the component with `bring`, which returns the mark, and restart what reads it.

    Fills the run's report; raises errors of :mod:`cp_ingress_core.errors`.
    """
    mark = bring(run)
    manifests = [workload_manifest(run.component, workload) for workload in run.component.restart]
    awaited = run.component.custom_resources and not run.test
    if awaited and any(_starts_again(run, manifest, mark) for manifest in manifests):
        storages.open_everywhere(run.cluster, run.component.custom_resources, run.component.namespace)
    for manifest in manifests:
        _restart(run, manifest, mark)
    if not run.test:
        _wait(run, manifests)


def workload_manifest(component: Component, workload: Workload) -> dict[str, Any]:
    """Return the identity of a workload as a manifest."""
    return {
        "apiVersion": "apps/v1",
        "kind": workload.kind,
        "metadata": {"name": workload.name, "namespace": component.namespace},
    }


def _starts_again(run: Run, manifest: Object, mark: str | None) -> bool:
    """Whether the workload's pods do not carry the mark yet; those of a run that was broken off do not."""
    if mark is None:
        return False
    annotations = section(run.read(manifest), "spec", "template", "metadata", "annotations")
    return text(annotations, run.component.mark) != mark


def _restart(run: Run, manifest: Object, mark: str | None) -> None:
    if mark is None:
        run.read(manifest)  # a wrong name is told now, not on the day of the first change
        return
    pod = {"metadata": {"annotations": {run.component.mark: mark}}}
    done = Report()
    fragment.add(
        done,
        run.cluster,
        {**manifest, "spec": {"template": pod}},
        run.component.restart_manager,
        fragment.Options(test=run.test),
    )
    for name in done.changes:
        if name not in run.report.changes:
            run.report.add(name, "restarted")


def _wait(run: Run, manifests: list[dict[str, Any]]) -> None:
    part = run.component.part
    own = [part] if part.get("kind") in WORKLOADS and part not in manifests else []
    wanted = [{key: obj[key] for key in ("apiVersion", "kind", "metadata")} for obj in [*own, *manifests]]
    unique = {describe(obj): obj for obj in wanted}
    if unique:
        watching.wait(run.cluster, list(unique.values()), run.timeout)
