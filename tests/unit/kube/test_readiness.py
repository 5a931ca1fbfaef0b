"""Readiness rules, each with the states an object passes and the words a user reads meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_ingress_core.kube.readiness import State, assess, ready_at_once
from cp_ingress_core.kube.readiness.assess import RULES

READY, PROGRESSING, FAILED = State.READY, State.PROGRESSING, State.FAILED


def obj(kind: str, spec: Any = None, status: Any = None, **metadata: Any) -> dict[str, Any]:
    """An object of one of the kinds that have a rule."""
    group = next((group for group, name in RULES if name == kind), "example.org")
    api_version = f"{group}/v1" if group else "v1"
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "x", **metadata},
        "spec": spec or {},
        "status": status or {},
    }


def conditions(**states: str) -> list[dict[str, str]]:
    """Conditions as ``Type="Status"`` or ``Type="Status Reason message"``."""
    return [
        {"type": kind, **dict(zip(("status", "reason", "message"), said.split(" ", 2), strict=False))}
        for kind, said in states.items()
    ]


def check(subject: dict[str, Any], state: State, words: str) -> None:
    """The state is as expected and the reason has the words."""
    found = assess(subject)
    assert (found.state, words in found.reason) == (state, True), found


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
        pytest.param({"type": "LoadBalancer"}, {}, PROGRESSING, "no cluster IP", id="no cluster IP"),
        pytest.param(
            {"type": "LoadBalancer", "clusterIP": "10.96.0.9", "loadBalancerClass": "a/b"},
            {"loadBalancer": {}},
            PROGRESSING,
            "no address from a load balancer yet (class: a/b)",
            id="no ingress",
        ),
        pytest.param(
            {"type": "LoadBalancer", "clusterIP": "10.96.0.9", "externalIPs": ["10.0.0.1"]},
            {},
            READY,
            "",
            id="external IPs",
        ),
        pytest.param(
            {"type": "LoadBalancer", "clusterIP": "10.96.0.9"},
            {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}},
            READY,
            "has an address",
            id="ingress",
        ),
        pytest.param({"type": "ExternalName", "externalName": "a.example"}, {}, READY, "", id="ExternalName"),
        pytest.param({"clusterIP": "None"}, {}, READY, "", id="headless"),
    ],
)
def test_73_lb_service(spec: dict[str, Any], status: dict[str, Any], state: State, words: str) -> None:
    check(obj("Service", spec, status), state, words)


@pytest.mark.parametrize(
    ("found", "state", "words"),
    [
        pytest.param([], PROGRESSING, "not served by the API yet", id="no condition"),
        pytest.param(
            conditions(NamesAccepted="True", Established="False Installing soon"),
            PROGRESSING,
            "soon",
            id="installing",
        ),
        pytest.param(
            conditions(NamesAccepted="False PluralConflict taken", Established="False NotAccepted no"),
            FAILED,
            "PluralConflict: taken",
            id="names taken",
        ),
        pytest.param(
            conditions(Established="False NotAccepted no"), FAILED, "NotAccepted", id="not established"
        ),
        pytest.param(conditions(Established="True"), PROGRESSING, "names", id="names not accepted yet"),
        pytest.param(conditions(NamesAccepted="True", Established="True"), READY, "served", id="established"),
    ],
)
def test_74_crd_wait(found: list[dict[str, str]], state: State, words: str) -> None:
    check(obj("CustomResourceDefinition", status={"conditions": found}), state, words)


@pytest.mark.parametrize(
    ("spec", "status", "state", "words"),
    [
        pytest.param({}, {}, PROGRESSING, "not started", id="not started"),
        pytest.param(
            {"completions": 2},
            {"startTime": "2026-01-01T00:00:00Z", "active": 1, "succeeded": 1},
            PROGRESSING,
            "1 of 2 completions, 1 pods running, 0 failed",
            id="running",
        ),
        pytest.param({}, {"conditions": conditions(Complete="True")}, READY, "completed", id="complete"),
        pytest.param(
            {},
            {"conditions": conditions(Failed="True BackoffLimitExceeded too often")},
            FAILED,
            "BackoffLimitExceeded: too often",
            id="failed",
        ),
        pytest.param(
            {"suspend": True},
            {"conditions": conditions(Suspended="True")},
            READY,
            "suspended",
            id="suspended",
        ),
    ],
)
def test_75_job_wait(spec: dict[str, Any], status: dict[str, Any], state: State, words: str) -> None:
    check(obj("Job", spec, status), state, words)


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        pytest.param(
            {"conditions": conditions(Ready="False Syncing 3 left")},
            PROGRESSING,
            "Syncing: 3 left",
            id="not ready",
        ),
        pytest.param(
            {"conditions": conditions(Ready="Unknown")}, PROGRESSING, "Ready is Unknown", id="unknown"
        ),
        pytest.param({"conditions": conditions(Ready="True")}, READY, "", id="ready"),
        pytest.param({"observedGeneration": 1}, PROGRESSING, "generation 2, at 1", id="generation behind"),
        pytest.param({}, READY, "", id="no conditions"),
        pytest.param({"conditions": conditions(Stalled="True Bad spec")}, FAILED, "Bad: spec", id="stalled"),
        pytest.param(
            {"conditions": conditions(Reconciling="True Busy still", Ready="True")},
            PROGRESSING,
            "Busy: still",
            id="reconciling",
        ),
    ],
)
def test_76_cr_wait(status: dict[str, Any], state: State, words: str) -> None:
    check(obj("Widget", status=status, generation=2), state, words)


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


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"name": "web", "ready": False, "state": {"waiting": {"reason": reason, "message": message}}}


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        pytest.param(
            {"phase": "Pending", "conditions": conditions(PodScheduled="False Unschedulable no node fits")},
            PROGRESSING,
            "Unschedulable: no node fits",
            id="unschedulable",
        ),
        pytest.param(
            {"phase": "Pending", "containerStatuses": [waiting("ImagePullBackOff", "no such image")]},
            PROGRESSING,
            "container web: ImagePullBackOff: no such image",
            id="image cannot be pulled",
        ),
        pytest.param(
            {"phase": "Pending", "containerStatuses": [waiting("ContainerCreating")]},
            PROGRESSING,
            "phase Pending",
            id="starting as usual",
        ),
        pytest.param(
            {
                "phase": "Running",
                "containerStatuses": [
                    waiting("CrashLoopBackOff", "back-off")
                    | {
                        "lastState": {
                            "terminated": {"exitCode": 2, "reason": "Error", "message": "no config"}
                        }
                    }
                ],
            },
            FAILED,
            "CrashLoopBackOff: back-off (last exit code 2, Error: no config)",
            id="crash loop",
        ),
        pytest.param(
            {
                "phase": "Running",
                "containerStatuses": [{"name": "web", "ready": False, "state": {"running": {}}}],
            },
            PROGRESSING,
            "running but not ready: web",
            id="probe fails",
        ),
        pytest.param(
            {"phase": "Failed", "reason": "Evicted", "message": "low"}, FAILED, "Evicted: low", id="evicted"
        ),
        pytest.param(
            {
                "phase": "Failed",
                "containerStatuses": [
                    {"name": "web", "state": {"terminated": {"exitCode": 3, "reason": "Error"}}}
                ],
            },
            FAILED,
            "container web: exit code 3, Error",
            id="failed",
        ),
        pytest.param({"phase": "Succeeded"}, READY, "succeeded", id="succeeded"),
        pytest.param({"phase": "Running", "conditions": conditions(Ready="True")}, READY, "", id="ready"),
    ],
)
def test_a_pod(status: dict[str, Any], state: State, words: str) -> None:
    check(obj("Pod", status=status), state, words)


@pytest.mark.parametrize(
    ("phase", "state", "words"),
    [("Bound", READY, "bound"), ("Pending", PROGRESSING, "storage class: fast"), ("Lost", FAILED, "lost")],
)
def test_a_volume_claim(phase: str, state: State, words: str) -> None:
    check(obj("PersistentVolumeClaim", {"storageClassName": "fast"}, {"phase": phase}), state, words)


def test_an_aggregated_api() -> None:
    missing = conditions(Available="False MissingEndpoints none ready")
    check(obj("APIService", status={"conditions": missing}), PROGRESSING, "MissingEndpoints: none ready")
    check(obj("APIService", status={"conditions": conditions(Available="True")}), READY, "available")


@pytest.mark.parametrize("kind", ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"])
def test_webhooks_behind_a_service_need_a_ca(kind: str) -> None:
    def configuration(**client: Any) -> dict[str, Any]:
        hooks = [{"name": "a.example", "clientConfig": client}, {"name": "url", "clientConfig": {"url": "u"}}]
        return {**obj(kind), "webhooks": hooks}

    check(configuration(service={"name": "s"}), PROGRESSING, "no caBundle yet in webhooks: a.example")
    check(configuration(service={"name": "s"}, caBundle="Q0E="), READY, "")


def test_an_object_being_deleted_is_not_ready() -> None:
    leaving = obj("Widget", deletionTimestamp="2026-01-01T00:00:00Z", finalizers=["a/b", "c"])
    check(leaving, PROGRESSING, "being deleted, held by finalizers: a/b, c")


def test_plain_data_is_ready_at_once() -> None:
    assert ready_at_once("v1", "Secret")
    assert not ready_at_once("apps/v1", "Deployment")
    assert not ready_at_once("example.org/v1", "Secret")
    check({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}, READY, "ready")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [
    "conditions",
    "replicas",
    "containerStatuses",
    "loadBalancer",
    "phase",
    "observedGeneration",
    "strategy",
]
BODY = st.dictionaries(st.sampled_from(FIELDS), JSON) | JSON


@given(kind=st.sampled_from(sorted(RULES)), metadata=JSON, spec=BODY, status=BODY)
def test_no_object_makes_a_rule_raise(kind: tuple[str, str], metadata: Any, spec: Any, status: Any) -> None:
    group, name = kind
    subject = {
        "apiVersion": f"{group}/v1",
        "kind": name,
        "metadata": metadata,
        "spec": spec,
        "status": status,
    }
    assert assess(subject).reason
