"""What a real API server says about malformed Secrets: it quotes their values, and the errors must not."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from cp_ingress_core.errors import ApiError
from cp_ingress_core.kube.cluster import Cluster
from tests.lighttier import LightApiserver

CANARY = 'canary-7f3a9b\nsecond "line" <of> it'
NUMBER = 4711123
SPELLINGS = [
    "canary-7f3a9b",
    "of> it",
    "of\\u003e it",
    str(NUMBER),
    base64.b64encode(CANARY.encode()).decode(),
]


@pytest.fixture(scope="module")
def cluster(apiserver: LightApiserver) -> Cluster:
    return Cluster.connect(str(apiserver.kubeconfig))


# What the server's own message holds shows that there was something to hide.
QUOTED = [
    pytest.param({"stringData": {"a": NUMBER}}, id="a number instead of a string"),
    pytest.param({"stringData": {"a": {"b": CANARY}}}, id="a mapping instead of a string"),
    pytest.param({"stringData": [CANARY]}, id="a list instead of a mapping"),
    pytest.param({"data": CANARY}, id="a string instead of a mapping"),
    pytest.param({"data": {"a": NUMBER}}, id="a number instead of base64"),
]


def secret(namespace: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": namespace}, **fields}


def refused(cluster: Cluster, namespace: str, body: dict[str, Any]) -> ApiError:
    with pytest.raises(ApiError) as caught:
        cluster.client.request(
            "PATCH",
            f"/api/v1/namespaces/{namespace}/secrets/s",
            query={"fieldManager": "test", "fieldValidation": "Strict"},
            body=body,
            content_type="application/apply-patch+yaml",
        )
    return caught.value


def leaks(text: str) -> list[str]:
    return [spelling for spelling in SPELLINGS if spelling in text]


@pytest.mark.parametrize("fields", QUOTED)
def test_57_what_the_server_quotes_is_hidden(
    cluster: Cluster, namespace: str, fields: dict[str, Any]
) -> None:
    error = refused(cluster, namespace, secret(namespace, fields))
    assert "***" in str(error)
    assert leaks(str(error) + repr(error) + json.dumps(error.info)) == []


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"data": {"a": "canary-7f3a9b"}}, id="no base64"),
        pytest.param({"stringData": {"bad key": CANARY}}, id="a key that is not allowed"),
        pytest.param(
            {"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": CANARY}},
            id="not JSON",
        ),
        pytest.param({"type": "kubernetes.io/tls", "stringData": {"tls.crt": CANARY}}, id="a key is missing"),
        pytest.param({"strinData": {"a": CANARY}}, id="a field that does not exist"),
    ],
)
def test_57_other_refusals_show_no_value(cluster: Cluster, namespace: str, fields: dict[str, Any]) -> None:
    error = refused(cluster, namespace, secret(namespace, fields))
    assert error.info["status"] in (400, 422, 500)
    assert leaks(str(error) + repr(error) + json.dumps(error.info)) == []


def test_57_an_immutable_secret_is_named_without_its_values(cluster: Cluster, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/secrets"
    cluster.client.request(
        "POST", path, body=secret(namespace, {"immutable": True, "stringData": {"a": "old"}})
    )
    error = refused(cluster, namespace, secret(namespace, {"stringData": {"a": CANARY}}))
    assert "immutable" in str(error)
    assert leaks(str(error) + repr(error) + json.dumps(error.info)) == []
