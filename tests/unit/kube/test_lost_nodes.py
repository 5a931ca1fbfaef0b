"""A DaemonSet counts as ready when it is so on every node that is up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from cp_ingress_core.errors import ApiError, WaitTimeout
from cp_ingress_core.kube.lost_nodes import TEMPLATE, lost, ready_elsewhere
from cp_ingress_core.kube.wait import Target, wait_ready
from tests.unit.kube.subjects import conditions, obj


def node(name: str, ready: str = "True") -> dict[str, Any]:
    return {"metadata": {"name": name}, "status": {"conditions": conditions(Ready=ready)}}


def pod(
    on: str, template: str = "2", ready: str = "True", uid: str = "ds", **metadata: str
) -> dict[str, Any]:
    labels = {"pod-template-generation": template}
    owners = [{"kind": "DaemonSet", "uid": uid}]
    return {
        "metadata": {"name": f"p-{on}", "labels": labels, "ownerReferences": owners, **metadata},
        "spec": {"nodeName": on},
        "status": {"conditions": conditions(Ready=ready)},
    }


def daemon_set(available: int = 2, observed: int = 2) -> dict[str, Any]:
    status = {
        "observedGeneration": observed,
        "desiredNumberScheduled": 3,
        "currentNumberScheduled": 3,
        "updatedNumberScheduled": available,
        "numberAvailable": available,
        "numberReady": available,
    }
    found = obj("DaemonSet", status=status, uid="ds", generation=2, annotations={TEMPLATE: "2"})
    return {**found, "metadata": {**found["metadata"], "namespace": "ns"}}


def test_a_node_is_lost_when_its_condition_ready_does_not_hold() -> None:
    nodes = [node("n1"), node("n2", "Unknown"), node("n3", "False"), {"metadata": {"name": "n4"}}]
    assert lost(nodes) == {"n2", "n3", "n4"}


LACKING = {
    "nothing is down": ([pod("n1"), pod("n2"), pod("n3", ready="False")], set(), daemon_set()),
    "one that is up is not ready": (
        [pod("n1"), pod("n2", ready="False"), pod("n3", ready="False")],
        {"n3"},
        daemon_set(1),
    ),
    "one that is up has the earlier template": (
        [pod("n1"), pod("n2", template="1"), pod("n3", ready="False")],
        {"n3"},
        daemon_set(),
    ),
    "one that is up is about to go": (
        [pod("n1"), pod("n2", deletionTimestamp="2026-01-01T00:00:00Z"), pod("n3", ready="False")],
        {"n3"},
        daemon_set(),
    ),
    "one that is up has none yet": ([pod("n1"), pod("n3", ready="False")], {"n3"}, daemon_set(1)),
    "its controller has not seen the change": ([pod("n1"), pod("n2"), pod("n3")], {"n3"}, daemon_set(2, 1)),
    "the node that is down has another's pod": (
        [pod("n1"), pod("n2"), pod("n3", uid="other")],
        {"n3"},
        daemon_set(),
    ),
}


@pytest.mark.parametrize(("pods", "down", "subject"), LACKING.values(), ids=LACKING)
def test_it_is_waited_for_when(pods: list[dict[str, Any]], down: set[str], subject: dict[str, Any]) -> None:
    assert ready_elsewhere(subject, pods, down) is None


@pytest.mark.parametrize("template", ["1", "2"])
def test_a_pod_on_a_node_that_is_down_is_not_waited_for(template: str) -> None:
    pods = [pod("n1"), pod("n2"), pod("n3", template, "False")]
    found = ready_elsewhere(daemon_set(), pods, {"n3"})
    assert found is not None
    assert found.reason == "2 pods available; down, and not waited for: n3"


class Cluster:
    """Lists what it was given; refuses the other kinds."""

    def __init__(self, **listed: list[dict[str, Any]]) -> None:
        self.listed = listed

    def list_objects(self, api_version: str, kind: str, namespace: str) -> Sequence[dict[str, Any]]:
        if kind not in self.listed:
            raise ApiError(f"{kind}: forbidden", status=403)
        return self.listed[kind]


TARGET = Target("apps/v1", "DaemonSet", "ns", "x", "ds")
PODS = [pod("n1"), pod("n2"), pod("n3", ready="False")]
NODES = [node("n1"), node("n2"), node("n3", "Unknown")]


def test_a_wait_ends_while_a_node_is_down() -> None:
    cluster = Cluster(DaemonSet=[daemon_set()], Node=NODES, Pod=PODS)
    assert "not waited for: n3" in wait_ready([TARGET], cluster, timeout=0)[TARGET].reason


@pytest.mark.parametrize("kinds", [{}, {"Node": NODES}, {"Pod": PODS}])
def test_who_may_not_list_nodes_and_pods_waits_for_all(kinds: dict[str, Any]) -> None:
    with pytest.raises(WaitTimeout, match="2 of 3 pods"):
        wait_ready([TARGET], Cluster(DaemonSet=[daemon_set()], **kinds), timeout=0)
