"""What is found out about objects that did not become ready."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from cp_ingress_core.kube.explain import LONGEST, Explainer
from cp_ingress_core.kube.wait import Target


class Namespace:
    """Objects by kind; counts the LISTs."""

    def __init__(self, **objects: list[dict[str, Any]]) -> None:
        self.objects = objects
        self.asked: list[str] = []

    def list_objects(self, api_version: str, kind: str, namespace: str) -> Sequence[dict[str, Any]]:
        self.asked.append(f"{api_version}/{kind} {namespace}")
        return self.objects.get(kind, [])


def obj(uid: str, owner: str = "", **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": uid, "uid": uid, "ownerReferences": [{"uid": owner}]}, "status": status}


def event(
    about: str, message: str, when: str = "2026-01-01T00:00:00Z", kind: str = "Warning"
) -> dict[str, Any]:
    involved = {"uid": about}
    return {
        "type": kind,
        "reason": "Why",
        "message": message,
        "lastTimestamp": when,
        "involvedObject": involved,
    }


def container(**state: Any) -> list[dict[str, Any]]:
    return [{"name": "web", "ready": False, "state": state}]


PULLING = container(waiting={"reason": "ImagePullBackOff", "message": "no such image"})
RUNNING = container(running={})
READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}


def explain(kind: str, **objects: list[dict[str, Any]]) -> str | None:
    waited = Target("apps/v1", kind, "ns", "w")
    return Explainer(Namespace(**objects))(waited, obj("w"))


@pytest.mark.parametrize(
    ("kind", "objects", "said"),
    [
        pytest.param(
            "DaemonSet",
            {
                "Pod": [
                    obj("p", "w", phase="Pending", containerStatuses=PULLING),
                    obj("q", "other", phase="Failed"),
                ]
            },
            "pod p: container web: ImagePullBackOff: no such image",
            id="pod of a DaemonSet",
        ),
        pytest.param(
            "Deployment",
            {
                "ReplicaSet": [obj("rs", "w")],
                "Pod": [obj("p", "rs", phase="Pending", containerStatuses=PULLING)],
            },
            "pod p: container web: ImagePullBackOff: no such image",
            id="pod of a Deployment's ReplicaSet",
        ),
        pytest.param(
            "DaemonSet",
            {
                "Pod": [obj("p", "w", phase="Running", containerStatuses=RUNNING)],
                "Event": [
                    event("p", "probe failed: 503", "2026-01-01T00:00:09Z"),
                    event("p", "probe failed: 502", "2026-01-01T00:00:01Z"),
                    event("p", "pulled", "2026-01-01T00:00:10Z", kind="Normal"),
                ],
            },
            "pod p: running but not ready: web; Why: probe failed: 503",
            id="failing probe: the last warning",
        ),
        pytest.param(
            "DaemonSet",
            {"Pod": [obj("p", "w", **READY)], "Event": [event("p", "probe failed at first")]},
            None,
            id="old warnings of a ready pod are passed over",
        ),
        pytest.param(
            "Deployment",
            {"ReplicaSet": [obj("rs", "w")], "Event": [event("rs", "exceeded quota")]},
            "event: Why: exceeded quota",
            id="no pod: the warning about its ReplicaSet",
        ),
        pytest.param(
            "Service", {"Event": [event("w", "no free address")]}, "event: Why: no free address", id="Service"
        ),
        pytest.param("Service", {}, None, id="nothing known"),
    ],
)
def test_79_the_words_of_pods_and_events(kind: str, objects: dict[str, Any], said: str | None) -> None:
    assert explain(kind, **objects) == said


def test_a_long_message_is_one_short_line() -> None:
    said = explain("Service", Event=[event("w", "too\nlong " * 100)])
    assert said is not None
    assert len(said) <= LONGEST + 4
    assert "\n" not in said


def test_each_namespace_is_read_once() -> None:
    namespace = Namespace(Pod=[obj("p", "w", phase="Pending", containerStatuses=PULLING)])
    explainer = Explainer(namespace)
    for _ in range(3):
        explainer(Target("apps/v1", "DaemonSet", "ns", "w"), obj("w"))
    assert sorted(namespace.asked) == ["v1/Event ns", "v1/Pod ns"]


@pytest.mark.parametrize(
    ("waited", "found"),
    [(Target("v1", "Node", "", "n"), obj("n")), (Target("v1", "Service", "ns", "gone"), {})],
    ids=["without namespace", "never found"],
)
def test_what_has_no_events_of_its_own_costs_nothing(waited: Target, found: dict[str, Any]) -> None:
    namespace = Namespace()
    assert Explainer(namespace)(waited, found) is None
    assert namespace.asked == []
