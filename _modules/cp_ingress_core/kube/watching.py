"""Waiting for objects that somebody names, whoever applied them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cp_ingress_core.kube.cluster import Cluster
from cp_ingress_core.kube.explain import Explainer
from cp_ingress_core.kube.normalize import identify, normalize
from cp_ingress_core.kube.progress import Progress
from cp_ingress_core.kube.wait import Target, wait_ready


def wait(cluster: Cluster, documents: Iterable[Any], timeout: float) -> dict[str, str]:
    """Wait until the objects are ready and return each with what its readiness rests on.

    Only apiVersion, kind, namespace and name of `documents` count. Raises WaitTimeout or WaitFailed, naming
    each object that is not ready.
    """

    def namespaced(obj: dict[str, Any]) -> bool:
        return cluster.discovery.resource(obj["apiVersion"], obj["kind"]).namespaced

    wanted = identify(normalize(documents), namespaced)
    targets = [Target.of({**obj, "spec": obj.get("spec") or {}}) for obj in wanted.values()]
    found = wait_ready(
        targets, cluster, timeout=timeout, on_progress=Progress().say, explain=Explainer(cluster)
    )
    return {str(target): readiness.reason for target, readiness in found.items()}
