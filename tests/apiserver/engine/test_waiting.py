"""Waiting on the real API; the rules themselves are tested as pure functions."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from cp_ingress_core.errors import WaitTimeout
from cp_ingress_core.kube import progress
from cp_ingress_core.kube.watching import wait
from tests.apiserver.engine.kit import Kit
from tests.apiserver.engine.objects import config_map, custom, definition, deployment


def _ready(kit: Kit, name: str) -> None:
    """Play the controller: the Deployment's pods run."""
    path = f"/apis/apps/v1/namespaces/{kit.namespace}/deployments/{name}"
    live = kit.get(path)
    assert live is not None
    replicas = live["spec"]["replicas"]
    counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), replicas)
    conditions = [
        {"type": "Available", "status": "True"},
        {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
    ]
    status = {"observedGeneration": live["metadata"]["generation"], "conditions": conditions, **counts}
    kit.merge_patch(f"{path}/status", {"status": status}, manager="controller")


def _objects(kit: Kit) -> list[dict[str, Any]]:
    return [config_map("one", kit.namespace), deployment("web", kit.namespace)]


def test_wait_timeout_names_objects(kit: Kit) -> None:
    with pytest.raises(WaitTimeout) as caught:
        kit.apply(_objects(kit), wait=True, timeout=1)

    assert list(caught.value.info["pending"]) == [f"apps/v1/Deployment {kit.namespace}/web"]
    assert len(caught.value.info["changes"]) == 2


def test_a_ready_set_costs_no_request_more(kit: Kit) -> None:
    kit.apply(_objects(kit))
    _ready(kit, "web")
    kit.apply(_objects(kit), wait=True)

    report = kit.apply(_objects(kit), wait=True)

    assert report["changes"] == {}
    assert sorted(event.verb for event in kit.requests()) == ["get", "list", "list"]


def test_an_unchanged_set_that_is_not_ready_is_waited_for(kit: Kit) -> None:
    kit.apply(_objects(kit))

    with pytest.raises(WaitTimeout):
        kit.apply(_objects(kit), wait=True, timeout=1)


def test_ready_before_pruning_where_asked(kit: Kit) -> None:
    kit.apply([*_objects(kit), config_map("stale", kit.namespace)])

    with pytest.raises(WaitTimeout):
        kit.apply(_objects(kit), wait=True, timeout=1, prune_when="ready")
    assert kit.names() == ["one", "stale"]

    _ready(kit, "web")
    kit.apply(_objects(kit), wait=True, timeout=5, prune_when="ready")
    assert kit.names() == ["one"]


def test_pruned_before_waiting_by_default(kit: Kit) -> None:
    kit.apply([*_objects(kit), config_map("stale", kit.namespace)])

    with pytest.raises(WaitTimeout):
        kit.apply(_objects(kit), wait=True, timeout=1)

    assert kit.names() == ["one"]


def test_a_member_stuck_in_deletion_is_named(kit: Kit) -> None:
    kit.apply([config_map("one", kit.namespace)])
    path = f"/api/v1/namespaces/{kit.namespace}/configmaps/one"
    kit.merge_patch(path, {"metadata": {"finalizers": ["example.com/hold"]}})
    try:
        with pytest.raises(WaitTimeout, match=r"example\.com/hold"):
            kit.apply([], wait=True, timeout=1)
    finally:
        kit.merge_patch(path, {"metadata": {"finalizers": None}})


def test_waiting_for_objects_of_others(kit: Kit) -> None:
    kit.kubectl("create", "-f", "-", stdin=deployment("web", kit.namespace))
    name = {"apiVersion": "apps/v1", "kind": "Deployment"}
    wanted = {**name, "metadata": {"name": "web", "namespace": kit.namespace}}

    with pytest.raises(WaitTimeout):
        wait(kit.cluster, [wanted], 0.5)
    _ready(kit, "web")
    assert list(wait(kit.cluster, [wanted], 5)) == [f"apps/v1/Deployment {kit.namespace}/web"]


def test_custom_resources_are_ready_by_their_conditions(kit: Kit) -> None:
    group = f"{kit.namespace}.example.com"
    objects = [definition("Thing", group), custom("Thing", group, "one", kit.namespace)]
    kit.apply(objects, wait=True)
    path = f"/apis/{group}/v1/namespaces/{kit.namespace}/things/one"
    kit.merge_patch(path, {"status": {"conditions": [{"type": "Ready", "status": "False", "message": "no"}]}})

    with pytest.raises(WaitTimeout, match="Thing"):
        kit.apply(objects, wait=True, timeout=1)


def test_long_runs_tell_how_far_they_are(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As if every request took longer than the time between two lines."""
    monkeypatch.setattr(progress, "EVERY", 0.0)
    monkeypatch.setattr(progress, "WARN_EVERY", 0.0)
    objects = [config_map(f"number-{number}", kit.namespace) for number in range(3)]

    with caplog.at_level(logging.INFO):
        kit.apply(objects, test=True)
        kit.apply(objects)
        kit.apply([])

    said = [message.partition(",")[0] for message in caplog.messages]
    assert said == [
        f"{doing}: {number} of 3 objects"
        for doing in ("predicting", "applying", "deleting")
        for number in (1, 2, 3)
    ]
    assert {record.levelname for record in caplog.records} == {"WARNING"}
