"""Readiness of workloads: the states a rollout passes and the words a user reads meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from cp_ingress_core.kube.readiness import State
from tests.unit.kube.subjects import FAILED, PROGRESSING, READY, check, conditions, obj

ROLLED_OUT = conditions(Progressing="True NewReplicaSetAvailable done", Available="True")
TWO = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "readyReplicas": 2}


@pytest.mark.parametrize(
    ("spec", "status", "state", "words"),
    [
        pytest.param({"replicas": 2}, {}, PROGRESSING, "0 of 2 replicas created", id="nothing reported"),
        pytest.param(
            {"replicas": 2},
            {**TWO, "availableReplicas": 1, "conditions": conditions(Progressing="True ReplicaSetUpdated r")},
            PROGRESSING,
            "1 of 2 replicas available",
            id="one is not available",
        ),
        pytest.param(
            {"replicas": 2},
            {**TWO, "updatedReplicas": 1, "conditions": ROLLED_OUT},
            PROGRESSING,
            "1 of 2 replicas updated",
            id="one is of the old template",
        ),
        pytest.param(
            {"replicas": 2},
            {**TWO, "replicas": 3, "conditions": ROLLED_OUT},
            PROGRESSING,
            "1 replicas too many still running (2 wanted)",
            id="an old pod is left",
        ),
        pytest.param(
            {"replicas": 2},
            {**TWO, "conditions": conditions(Progressing="False ProgressDeadlineExceeded timed out")},
            FAILED,
            "ProgressDeadlineExceeded: timed out",
            id="the deadline passed",
        ),
        pytest.param(
            {"replicas": 2, "progressDeadlineSeconds": 600},
            {**TWO, "conditions": conditions(Progressing="True ReplicaSetUpdated going", Available="True")},
            PROGRESSING,
            "going",
            id="the rollout is not complete",
        ),
        pytest.param(
            {"replicas": 2},
            {**TWO, "conditions": conditions(Available="False MinimumReplicasUnavailable too few")},
            PROGRESSING,
            "too few",
            id="not available as a whole",
        ),
        pytest.param(
            {"replicas": 2},
            {"conditions": conditions(ReplicaFailure="True FailedCreate exceeded quota")},
            PROGRESSING,
            "0 of 2 replicas created (FailedCreate: exceeded quota)",
            id="pods are refused",
        ),
        pytest.param(
            {"replicas": 2}, {**TWO, "conditions": ROLLED_OUT}, READY, "2 of 2 replicas available", id="done"
        ),
        pytest.param({"replicas": 0}, {"conditions": ROLLED_OUT}, READY, "0 of 0", id="scaled to zero"),
        pytest.param({"replicas": 2, "paused": True}, {}, READY, "paused", id="paused"),
    ],
)
def test_70_deploy_wait(spec: dict[str, Any], status: dict[str, Any], state: State, words: str) -> None:
    check(obj("Deployment", spec, status), state, words)


def daemon_set_status(**counts: int) -> dict[str, int]:
    names = ("currentNumberScheduled", "updatedNumberScheduled", "numberAvailable", "numberReady")
    return {"observedGeneration": 2, "desiredNumberScheduled": 3, **dict.fromkeys(names, 3), **counts}


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        pytest.param(
            daemon_set_status(observedGeneration=1), PROGRESSING, "generation 2, at 1", id="change not seen"
        ),
        pytest.param(
            daemon_set_status(updatedNumberScheduled=0, numberUnavailable=0),
            PROGRESSING,
            "0 of 3 pods updated",
            id="all available, of the old template",
        ),
        pytest.param(
            daemon_set_status(numberAvailable=2), PROGRESSING, "2 of 3 pods available", id="one unavailable"
        ),
        pytest.param(daemon_set_status(), READY, "3 of 3 pods available", id="all updated"),
        pytest.param(daemon_set_status(desiredNumberScheduled=0), READY, "no node matches", id="no node"),
    ],
)
def test_71_ds_wait_update_race(status: dict[str, Any], state: State, words: str) -> None:
    check(obj("DaemonSet", status=status, generation=2), state, words)


def test_71_ds_updated_by_hand_is_not_waited_for() -> None:
    by_hand = {"updateStrategy": {"type": "OnDelete"}}
    check(
        obj("DaemonSet", by_hand, daemon_set_status(updatedNumberScheduled=0), generation=2), READY, "3 of 3"
    )


@pytest.mark.parametrize("status", [{}, {"observedGeneration": 2}], ids=["no status", "no node count"])
def test_72_ds_no_status(status: dict[str, Any]) -> None:
    check(obj("DaemonSet", status=status, generation=2), PROGRESSING, "yet")


@pytest.mark.parametrize(
    ("spec", "status", "state", "words"),
    [
        pytest.param({"replicas": 2}, {"replicas": 1}, PROGRESSING, "1 of 2 replicas created", id="creating"),
        pytest.param(
            {"replicas": 2},
            {"replicas": 2, "readyReplicas": 1},
            PROGRESSING,
            "1 of 2 replicas ready",
            id="unready",
        ),
        pytest.param(
            {"replicas": 1}, {"replicas": 2, "readyReplicas": 2}, PROGRESSING, "too many", id="scaling down"
        ),
        pytest.param(
            {"replicas": 2},
            {
                "replicas": 2,
                "readyReplicas": 2,
                "updatedReplicas": 1,
                "currentRevision": "a",
                "updateRevision": "b",
            },
            PROGRESSING,
            "1 of 2 replicas updated to revision b",
            id="rolling",
        ),
        pytest.param(
            {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}},
            {"replicas": 3, "readyReplicas": 3, "currentRevision": "a", "updateRevision": "b"},
            PROGRESSING,
            "0 of 1 replicas updated",
            id="above the partition",
        ),
        pytest.param(
            {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}},
            {
                "replicas": 3,
                "readyReplicas": 3,
                "updatedReplicas": 1,
                "currentRevision": "a",
                "updateRevision": "b",
            },
            READY,
            "3 of 3",
            id="partition reached",
        ),
        pytest.param(
            {"replicas": 2, "updateStrategy": {"type": "OnDelete"}},
            {"replicas": 2, "readyReplicas": 2, "currentRevision": "a", "updateRevision": "b"},
            READY,
            "2 of 2",
            id="updated by hand",
        ),
        pytest.param(
            {"replicas": 2},
            {"replicas": 2, "readyReplicas": 2, "currentReplicas": 2},
            READY,
            "2 of 2",
            id="done",
        ),
    ],
)
def test_a_stateful_set(spec: dict[str, Any], status: dict[str, Any], state: State, words: str) -> None:
    check(obj("StatefulSet", spec, status), state, words)


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "ReplicaSet", "DaemonSet"])
def test_a_workload_whose_controller_said_nothing_is_not_ready(kind: str) -> None:
    check(obj(kind, {"replicas": 0}, generation=1), PROGRESSING, "not reported anything yet")
