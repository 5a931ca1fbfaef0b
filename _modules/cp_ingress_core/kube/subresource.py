"""The status of an object that has no controller: applied server-side under a field manager of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cp_ingress_core.errors import ObjectError
from cp_ingress_core.kube import operations
from cp_ingress_core.kube.cluster import Cluster
from cp_ingress_core.kube.diff import diff
from cp_ingress_core.kube.identity import describe


def apply_status(cluster: Cluster, part: Mapping[str, Any], manager: str, *, test: bool) -> dict[str, Any]:
    """Make an object's status hold what `part` (apiVersion, kind, metadata, status) says; return the diff.

    Values of others in the same fields are overwritten, since nobody else has to write them. Nothing is sent
    when the live object has them already. Raises ObjectError when there is no such object.
    """
    metadata = part["metadata"]
    resource = cluster.discovery.resource(part["apiVersion"], part["kind"])
    live = operations.get_object(cluster.client, resource, metadata.get("namespace", ""), metadata["name"])
    if live is None:
        if test:
            return {"status": {"old": None, "new": part["status"]}}
        raise ObjectError(f"{describe(part)}: there is no such object", reason="NotFound", status=404)
    before = live.get("status") or {}
    # Compared by themselves: in a whole object a diff leaves the status out.
    found = diff(before, {**before, **part["status"]})
    changes = {f"status.{path}": change for path, change in found.items()}
    if changes and not test:
        operations.apply_status(cluster.client, resource, part, manager=manager)
    return changes
