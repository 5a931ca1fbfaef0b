"""Reading and writing the parent of a set: one GET, widened before anything else is written, narrowed at
the end.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cp_ingress_core.errors import ApiError, ApplySetError
from cp_ingress_core.kube import operations
from cp_ingress_core.kube.applyset import TOOLING, Membership, Parent, old_resources, verify
from cp_ingress_core.kube.cluster import Cluster
from cp_ingress_core.kube.discovery import Resource
from cp_ingress_core.kube.ledger import Ledger

LOG = logging.getLogger(__name__)

__all__ = ["MANAGER", "SECRETS", "TOOLING", "SetState", "delete", "membership_of", "read", "write"]

MANAGER = "salt-cp-ingress-applyset"
SECRETS = Resource("", "v1", "Secret", "secrets", namespaced=True)


@dataclass
class SetState:
    """A set as it is: its parent as last read or written (None: there is none), what it declares, its
    ledger.
    """

    parent: Parent
    live: Mapping[str, Any] | None
    membership: Membership
    ledger: Ledger

    def written(self) -> Mapping[str, str]:
        """Return the data the live parent holds."""
        return (self.live or {}).get("data") or {}


def read(cluster: Cluster, parent: Parent) -> SetState:
    """Return the state of a set; raises ApplySetError when its parent is foreign or damaged."""
    live = operations.get_object(cluster.client, SECRETS, parent.namespace, parent.name)
    if live is None:
        return SetState(parent, None, Membership(namespaces=frozenset({parent.namespace})), Ledger())
    return SetState(parent, live, membership_of(cluster, parent, live), Ledger.read(live.get("data")))


def membership_of(cluster: Cluster, parent: Parent, live: Mapping[str, Any], **tool: Any) -> Membership:
    """Return what a live parent declares, kinds of the deprecated annotation included."""
    membership = verify(parent, live, **tool)
    kinds = set()
    for group, plural in old_resources(live):
        kind = cluster.discovery.kind_of_plural(group, plural)
        if kind is None:
            raise ApplySetError(
                f"{parent}: it lists the resource {plural}.{group}, which the API server does not serve"
            )
        kinds.add((group, kind))
    return membership | Membership(frozenset(kinds))


def write(cluster: Cluster, state: SetState, membership: Membership) -> None:
    """Make the parent declare `membership` and hold the ledger; no request when it does already.

    Raises ApplySetError when the parent's namespace does not exist.
    """
    parent, data = state.parent, state.ledger.data()
    unchanged = state.live is not None and membership == state.membership and not old_resources(state.live)
    if unchanged and data == state.written():
        return
    manifest = parent.manifest(membership, data)
    try:
        state.live = _apply(cluster, manifest, parent)
    except ApiError as err:
        if err.info["status"] == 404 and err.info.get("kind") == "namespaces":
            raise missing_namespace(parent) from None
        raise
    state.membership = membership


def _apply(cluster: Cluster, manifest: Mapping[str, Any], parent: Parent) -> dict[str, Any]:
    try:
        return operations.apply_object(cluster.client, SECRETS, manifest, manager=MANAGER)
    except ApiError as err:
        if err.info["status"] != 409:
            raise
        LOG.warning("%s: other tools changed its metadata; setting it right", parent)
        return operations.apply_object(cluster.client, SECRETS, manifest, manager=MANAGER, force=True)


def delete(cluster: Cluster, state: SetState) -> None:
    """Delete the parent that was read; nothing when there is none."""
    if state.live is not None:
        operations.delete_object(cluster.client, SECRETS, state.live)
        state.live = None


def missing_namespace(parent: Parent) -> ApplySetError:
    """Return the error for a parent whose namespace does not exist."""
    return ApplySetError(
        f"{parent}: its namespace {parent.namespace} does not exist: create it first,"
        " or add it to the objects",
        reason="NamespaceMissing",
        obj=f"v1/Namespace {parent.namespace}",
    )
