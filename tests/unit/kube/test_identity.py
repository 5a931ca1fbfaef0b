from __future__ import annotations

from typing import Any

import pytest

from cp_ingress_core.kube.identity import ObjectKey, describe, key_of, split_api_version


def _obj(api_version: str, kind: str, **metadata: str) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


@pytest.mark.parametrize(
    ("one", "other", "namespaced", "same"),
    [
        pytest.param(
            _obj("apps/v1beta1", "Deployment", name="a", namespace="n"),
            _obj("apps/v1", "Deployment", name="a", namespace="n"),
            True,
            True,
            id="versions of one group are one object",
        ),
        pytest.param(
            _obj("extensions/v1", "Ingress", name="a", namespace="n"),
            _obj("networking.k8s.io/v1", "Ingress", name="a", namespace="n"),
            True,
            False,
            id="groups are told apart",
        ),
        pytest.param(
            _obj("v1", "Node", name="a", namespace="n"),
            _obj("v1", "Node", name="a"),
            False,
            True,
            id="a cluster-scoped object has no namespace, whatever is written",
        ),
        pytest.param(
            _obj("v1", "Secret", name="a", namespace="n"),
            _obj("v1", "Secret", name="a", namespace="m"),
            True,
            False,
            id="namespaces are told apart",
        ),
    ],
)
def test_identity(one: dict[str, Any], other: dict[str, Any], namespaced: bool, same: bool) -> None:
    assert (key_of(one, namespaced) == key_of(other, namespaced)) is same


def test_descriptions() -> None:
    assert describe(_obj("apps/v1", "Deployment", name="a", namespace="n")) == "apps/v1/Deployment n/a"
    assert describe(_obj("v1", "Namespace", name="n")) == "v1/Namespace n"
    assert str(ObjectKey("apps", "Deployment", "n", "a")) == "Deployment.apps n/a"
    assert ObjectKey("", "Secret", "n", "a").group_kind == "Secret"


def test_api_versions() -> None:
    assert split_api_version("v1") == ("", "v1")
    assert split_api_version("apps/v1") == ("apps", "v1")
