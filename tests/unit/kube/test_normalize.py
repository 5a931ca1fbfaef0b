from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import yaml

from cp_ingress_core.errors import ObjectError
from cp_ingress_core.kube.normalize import defined_scopes, identify, normalize


def _config_map(**metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "n", **metadata}}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        pytest.param("text", "must be a mapping, not str", id="no mapping"),
        pytest.param({"kind": "X", "metadata": {"name": "a"}}, "lacks apiVersion", id="no apiVersion"),
        pytest.param({"apiVersion": "v1", "kind": "X"}, "lacks metadata", id="no metadata"),
        pytest.param(
            {"apiVersion": "v1", "kind": "X", "metadata": {}}, "metadata.name is missing", id="no name"
        ),
        pytest.param(
            {"apiVersion": "v1", "kind": "X", "metadata": {"generateName": "a-"}},
            "generateName makes a new object on every run",
            id="generateName",
        ),
        pytest.param(_config_map(labels=["a"]), "labels must be a mapping, not list", id="labels"),
        pytest.param(
            _config_map(labels={"applyset.kubernetes.io/part-of": "x"}),
            "only the set itself",
            id="foreign member",
        ),
    ],
)
def test_refused(document: Any, message: str) -> None:
    with pytest.raises(ObjectError, match=message):
        normalize([document])


def test_all_findings_at_once() -> None:
    with pytest.raises(ObjectError) as caught:
        normalize([{"apiVersion": "v1"}, _config_map(name="")])

    assert len(caught.value.info["errors"]) == 2


def test_lists_are_expanded_and_empty_documents_dropped() -> None:
    nested = {
        "apiVersion": "v1",
        "kind": "List",
        "items": [{"kind": "ConfigMapList", "items": [_config_map()]}],
    }

    assert normalize([None, {}, nested]) == [_config_map()]


def test_input_is_never_changed() -> None:
    document = _config_map(creationTimestamp=None, labels={}, uid="x")
    document["status"] = {"a": 1}
    before = copy.deepcopy(document)

    assert normalize([document]) == [_config_map()]
    assert document == before


def test_unquoted_dates_are_text_again() -> None:
    document = yaml.safe_load(
        "{apiVersion: v1, kind: X, metadata: {name: a}, day: 2026-01-02, at: 2026-01-02T03:04:05Z}"
    )

    (found,) = normalize([document])

    assert (found["day"], found["at"]) == ("2026-01-02", "2026-01-02T03:04:05Z")
    json.dumps(found)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        pytest.param(
            {"data": {True: "x"}}, "X a: data: the key True is no string; quote it", id="unquoted on"
        ),
        pytest.param({"data": [{"a": b"x"}]}, r"X a: data\[0\].a: bytes is no value", id="binary"),
    ],
)
def test_what_json_cannot_say_is_refused(extra: dict[str, Any], message: str) -> None:
    with pytest.raises(ObjectError, match=message):
        normalize([{"apiVersion": "v1", "kind": "X", "metadata": {"name": "a"}, **extra}])


def test_string_data_becomes_data() -> None:
    secret = {**_config_map(), "kind": "Secret", "stringData": {"a": "plain"}, "data": {"b": "eA=="}}

    (found,) = normalize([secret])

    assert found["data"] == {"a": "cGxhaW4=", "b": "eA=="}
    assert "stringData" not in found


@pytest.mark.parametrize(("bundle", "kept"), [("", False), (None, False), ("Q0E=", True)])
def test_empty_ca_bundles_are_dropped(bundle: Any, kept: bool) -> None:
    hook = {"name": "h", "clientConfig": {"caBundle": bundle, "url": "u"}}
    config = {**_config_map(), "kind": "ValidatingWebhookConfiguration", "webhooks": [hook]}
    definition = {**_config_map(), "spec": {"conversion": {"webhook": copy.deepcopy(hook)}}}

    found = normalize([config, definition])

    assert ("caBundle" in found[0]["webhooks"][0]["clientConfig"]) is kept
    assert ("caBundle" in found[1]["spec"]["conversion"]["webhook"]["clientConfig"]) is kept


def test_identify_drops_namespaces_of_cluster_scoped_objects() -> None:
    (key,) = identify(normalize([_config_map()]), lambda obj: False)

    assert key.namespace == ""


def test_identify_refuses_duplicates_and_missing_namespaces_at_once() -> None:
    objects = normalize([_config_map(), _config_map(), _config_map(namespace=None)])

    with pytest.raises(ObjectError) as caught:
        identify(objects, lambda obj: True)

    assert len(caught.value.info["errors"]) == 2


def test_scopes_that_definitions_define() -> None:
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"},
        "spec": {"group": "example.com", "names": {"kind": "Thing"}, "scope": "Cluster"},
    }

    assert defined_scopes([definition, _config_map()]) == {("example.com", "Thing"): False}
