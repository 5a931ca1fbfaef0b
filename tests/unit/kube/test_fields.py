from __future__ import annotations

from typing import Any

import pytest

from cp_ingress_core.kube.fields import digest, extract, owned, remove, union

SPEC = {"f:replicas": {}, "f:containers": {'k:{"name":"a"}': {".": {}, "f:name": {}, "f:image": {}}}}


def test_union_is_deep() -> None:
    one = {"f:a": {"f:x": {}}, "f:b": {}}
    other = {"f:a": {"f:y": {}}, "f:c": {}}

    assert union([one, other]) == {"f:a": {"f:x": {}, "f:y": {}}, "f:b": {}, "f:c": {}}


@pytest.mark.parametrize(
    ("value", "fields", "kept", "left"),
    [
        pytest.param({"a": 1, "b": 2}, {"f:a": {}}, {}, {"b": 2}, id="a field goes"),
        pytest.param(
            {"a": 1, "b": 2}, {"f:a": {}}, {"f:a": {}}, {"a": 1, "b": 2}, id="one that others own stays"
        ),
        pytest.param({"m": {"a": 1}}, {"f:m": {"f:a": {}}}, {}, None, id="what becomes empty goes too"),
        pytest.param(
            {"m": {"a": 1, "b": 2}},
            {"f:m": {"f:a": {}}},
            {"f:m": {"f:b": {}}},
            {"m": {"b": 2}},
            id="siblings stay",
        ),
        pytest.param(
            {"l": [{"name": "a", "image": "i"}, {"name": "b"}]},
            {"f:l": {'k:{"name":"a"}': {".": {}, "f:name": {}, "f:image": {}}}},
            {},
            {"l": [{"name": "b"}]},
            id="a list item goes by its key",
        ),
        pytest.param(
            {"l": [{"name": "a", "image": "i", "args": ["x"]}]},
            {"f:l": {'k:{"name":"a"}': {"f:args": {}}}},
            {"f:l": {'k:{"name":"a"}': {".": {}, "f:image": {}}}},
            {"l": [{"name": "a", "image": "i"}]},
            id="a field of a kept list item goes",
        ),
        pytest.param({"s": ["x", "y"]}, {"f:s": {'v:"x"': {}}}, {}, {"s": ["y"]}, id="an item of a set goes"),
        pytest.param({"a": 1}, {"f:z": {}}, {}, {"a": 1}, id="what is not there is no trouble"),
    ],
)
def test_remove(value: Any, fields: dict[str, Any], kept: dict[str, Any], left: Any) -> None:
    assert remove(value, fields, kept) == left


@pytest.mark.parametrize(
    ("value", "fields", "part"),
    [
        pytest.param({"a": 1, "b": 2}, {"f:a": {}}, {"a": 1}, id="a field"),
        pytest.param({"a": [1, 2], "b": 2}, {"f:a": {}}, {"a": [1, 2]}, id="an atomic list, whole"),
        pytest.param({"b": 2}, {"f:a": {}}, {}, id="not what is owned and gone"),
        pytest.param({"m": {"a": 1, "b": 2}}, {"f:m": {".": {}, "f:a": {}}}, {"m": {"a": 1}}, id="deep"),
        pytest.param(
            {"l": [{"name": "b", "x": 1}, {"name": "a", "image": "i", "args": ["x"]}]},
            {"f:l": {'k:{"name":"a"}': {".": {}, "f:name": {}, "f:args": {}}}},
            {"l": [{"name": "a", "args": ["x"]}]},
            id="fields of a list item, by its key",
        ),
        pytest.param({"s": ["x", "y"]}, {"f:s": {'v:"y"': {}}}, {"s": ["y"]}, id="an item of a set"),
    ],
)
def test_extract(value: Any, fields: dict[str, Any], part: Any) -> None:
    assert extract(value, fields) == part


def test_only_the_managers_own_apply_counts() -> None:
    entries = [
        {"manager": "us", "operation": "Update", "fieldsV1": {"f:a": {}}},
        {"manager": "us", "operation": "Apply", "subresource": "status", "fieldsV1": {}},
        {"manager": "them", "operation": "Apply", "fieldsV1": {}},
    ]
    assert owned(entries, "us") is None

    ours = {"manager": "us", "operation": "Apply", "fieldsV1": {"f:b": {}}}
    assert owned([*entries, ours], "us") is ours


def test_digests_see_fields_and_version_but_neither_order_nor_time() -> None:
    entry = {"apiVersion": "v1", "fieldsV1": SPEC, "time": "1"}

    assert digest(entry) == digest({**entry, "fieldsV1": dict(reversed(SPEC.items())), "time": "2"})
    assert digest(entry) != digest({**entry, "apiVersion": "v2"})
    assert digest(entry) != digest({**entry, "fieldsV1": {"f:replicas": {}}})
