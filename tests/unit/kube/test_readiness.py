"""Readiness rules, each with the states an object passes and the words a user reads meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_ingress_core.kube.readiness import State, assess, ready_at_once
from cp_ingress_core.kube.readiness.assess import RULES
from tests.unit.kube.subjects import FAILED, PROGRESSING, READY, check, conditions, obj


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
