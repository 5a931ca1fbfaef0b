"""Fields that cannot change: named, with the remedy, and replaced only where that was asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from cp_ingress_core.errors import ApiError, ImmutableError
from tests.apiserver.engine.kit import Kit
from tests.apiserver.engine.objects import definition, deployment, job, role_binding, secret

Manifest = dict[str, Any]


def _selector(kit: Kit, number: int) -> Manifest:
    manifest = deployment("web", kit.namespace)
    labels = {"app": f"web{number}"}
    manifest["spec"]["selector"]["matchLabels"] = labels
    manifest["spec"]["template"]["metadata"]["labels"] = labels
    return manifest


def _immutable_secret(kit: Kit, number: int) -> Manifest:
    return {**secret("pw", kit.namespace, password=f"canary-{number}-canary"), "immutable": True}


CHANGES: dict[str, Callable[[Kit, int], Manifest]] = {
    "Deployment selector": _selector,
    "Job template": lambda kit, number: job("work", kit.namespace, image=f"a:{number}"),
    "RoleBinding roleRef": lambda kit, number: role_binding("b", kit.namespace, ["view", "edit"][number]),
    "immutable Secret": _immutable_secret,
}


@pytest.mark.parametrize("make", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("test", [False, True], ids=["run", "test"])
def test_refused_with_field_and_remedy(kit: Kit, make: Callable[[Kit, int], Manifest], test: bool) -> None:
    kit.apply([make(kit, 0)])
    manifest = make(kit, 1)

    with pytest.raises(ImmutableError) as caught:
        kit.apply([manifest], test=test)

    assert f"recreate: [{manifest['kind']}]" in str(caught.value)
    assert caught.value.info["causes"][0]["field"] or manifest["kind"] == "Secret"
    assert "canary" not in str(caught.value) + str(caught.value.info)


@pytest.mark.parametrize("make", CHANGES.values(), ids=CHANGES)
def test_force_recreate(kit: Kit, make: Callable[[Kit, int], Manifest]) -> None:
    kit.apply([make(kit, 0)])
    manifest = make(kit, 1)

    predicted = kit.apply([manifest], recreate=frozenset({manifest["kind"]}), test=True)
    assert kit.writes() == []
    report = kit.apply([manifest], recreate=frozenset({manifest["kind"]}))

    (change,) = report["changes"].values()
    assert change["action"] == "recreated"
    assert [entry["action"] for entry in predicted["changes"].values()] == ["recreated"]
    assert (kit.apply([manifest])["changes"], kit.writes()) == ({}, [])


def test_recreate_waits_for_a_finalizer(kit: Kit) -> None:
    kit.apply([_selector(kit, 0)])
    path = f"/apis/apps/v1/namespaces/{kit.namespace}/deployments/web"
    kit.merge_patch(path, {"metadata": {"finalizers": ["example.com/hold"]}})

    def release() -> None:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            live = kit.get(path)
            if live is not None and live["metadata"].get("deletionTimestamp"):
                kit.merge_patch(path, {"metadata": {"finalizers": None}})
                return
            time.sleep(0.05)

    thread = threading.Thread(target=release)
    thread.start()
    report = kit.apply([_selector(kit, 1)], recreate=True)
    thread.join()

    assert [change["action"] for change in report["changes"].values()] == ["recreated"]
    live = kit.get(path)
    assert live is not None
    assert live["spec"]["selector"]["matchLabels"] == {"app": "web1"}


def test_force_with_invalid_spec_deletes_nothing(kit: Kit) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": kit.namespace},
        "spec": {"ports": [{"port": 80}]},
    }
    kit.apply([service])
    before = kit.core("services", "web")
    broken = {**service, "spec": {"type": "ClusterIPSS", "ports": [{"port": 80}]}}

    with pytest.raises(ApiError, match="ClusterIPSS") as caught:
        kit.apply([broken], recreate=True)

    assert not isinstance(caught.value, ImmutableError)
    assert kit.core("services", "web") == before


def test_definitions_are_never_recreated(kit: Kit) -> None:
    group = f"{kit.namespace}.example.com"
    kit.apply([definition("Thing", group)])

    with pytest.raises(ApiError):
        kit.apply([definition("Thing", group, scope="Cluster")], recreate=True)

    assert "delete" not in kit.verbs("customresourcedefinitions")
