"""Deleting a Namespace whose pods are still ending."""

from __future__ import annotations

import pytest

from cp_ingress_core.errors import WaitTimeout
from cp_ingress_core.kube.applyset import Parent
from tests.apiserver.engine.kit import Kit
from tests.apiserver.engine.objects import config_map, namespace


def _pod_of(kit: Kit, space: str) -> None:
    """Make a Pod that a deleted owner left behind, as a DaemonSet's is while it takes its grace period."""
    owner = kit.core("configmaps", "owner", space)
    assert owner is not None
    manifest = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "ending",
            "finalizers": ["example.com/grace-period"],
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
            ],
        },
        "spec": {"containers": [{"name": "main", "image": "a:1"}]},
    }
    path = f"/api/v1/namespaces/{space}/pods"
    status, answer = kit.server.request("POST", path, manifest)
    assert status == 201, answer
    status, answer = kit.server.request("DELETE", f"{path}/ending?gracePeriodSeconds=0")
    assert status == 200, answer


def test_a_namespace_is_not_deleted_while_its_pods_are_ending(kit: Kit) -> None:
    """Deleted at once, it took two and a half minutes more: half of the pods' grace period."""
    space = f"{kit.namespace}-pods"
    kit.apply([namespace(space), config_map("owner", space)])
    _pod_of(kit, space)

    with pytest.raises(WaitTimeout, match=f"v1/Pod {space}/ending"):
        kit.apply([], wait=True, timeout=2, prune_kinds=frozenset({"Namespace"}))

    assert "delete" not in kit.verbs("namespaces")
    # What follows in a later run: the pod is gone, so the Namespace goes.
    kit.merge_patch(f"/api/v1/namespaces/{space}/pods/ending", {"metadata": {"finalizers": None}})
    kit.apply([], prune_kinds=frozenset({"Namespace"}))
    assert "delete" in kit.verbs("namespaces")


def test_what_an_earlier_step_deletes_does_not_hold_a_namespace_in_a_prediction(kit: Kit) -> None:
    """Removing two sets predicted that the Namespace would stay, since the first set was still in it."""
    space = f"{kit.namespace}-two"
    first = Parent("first", kit.namespace)
    kit.apply([namespace(space)])
    kit.apply([config_map("one", space)], parent=first)
    asked = {"prune_kinds": frozenset({"Namespace"}), "test": True}

    kept = kit.absent(**asked)["kept"]
    predicted = kit.absent(gone_before=frozenset({first.id}), **asked)["changes"]

    assert "ConfigMap" in kept[f"v1/Namespace {space}"]
    assert predicted[f"v1/Namespace {space}"] == {"action": "deleted"}
    # For real, what is still there was kept by that step, and counts.
    assert kit.absent(gone_before=frozenset({first.id}), prune_kinds=frozenset({"Namespace"}))["kept"]
