from __future__ import annotations

import itertools
from typing import Any

import pytest

from cp_ingress_core.kube.retry import APPLY, delays, is_immutable, why_retry

CONFLICT = {"details": {"causes": [{"reason": "FieldManagerConflict", "field": ".spec"}]}}


@pytest.mark.parametrize(
    ("status", "answer", "again"),
    [
        pytest.param(429, {}, True, id="429"),
        pytest.param(502, {}, True, id="502"),
        pytest.param(503, {}, True, id="503"),
        pytest.param(504, {}, True, id="504"),
        pytest.param(500, {"message": 'failed calling webhook "a"'}, True, id="webhook"),
        pytest.param(500, {"message": "panic"}, False, id="another 500"),
        pytest.param(501, {}, False, id="501"),
        pytest.param(422, {"message": "etcdserver: request timed out"}, True, id="etcd timeout as 422"),
        pytest.param(500, {"message": "etcdserver: leader changed"}, True, id="leader changed"),
        pytest.param(422, {"message": "spec.replicas: Invalid value"}, False, id="invalid"),
        pytest.param(409, {"reason": "Conflict"}, True, id="changed meanwhile"),
        pytest.param(409, CONFLICT, False, id="fields of others"),
        pytest.param(400, {}, False, id="400"),
        pytest.param(403, {"message": 'admission webhook "a" denied the request'}, False, id="denied"),
        pytest.param(404, {}, False, id="404"),
    ],
)
def test_what_is_tried_again(status: int, answer: dict[str, Any], again: bool) -> None:
    assert (why_retry(status, answer, APPLY) is not None) is again


def test_a_conflict_of_another_kind_of_request_is_left_to_its_caller() -> None:
    assert why_retry(409, {"reason": "Conflict"}, "application/json") is None


@pytest.mark.parametrize(
    ("messages", "immutable"),
    [
        pytest.param([], False, id="no cause"),
        pytest.param(["Invalid value: x: field is immutable"], True, id="immutable"),
        pytest.param(["field is immutable", "Unsupported value"], False, id="invalid besides"),
        pytest.param(["Invalid value: x: cannot change roleRef"], True, id="roleRef"),
    ],
)
def test_which_causes_make_a_field_immutable(messages: list[str], immutable: bool) -> None:
    assert is_immutable([{"message": message} for message in messages]) is immutable


def test_delays_grow_to_a_bound() -> None:
    found = list(itertools.islice(delays(), 50))

    assert found[0] <= 0.25
    assert max(found) <= 3.75
    assert min(found[10:]) >= 2.25
