"""Diffs: which paths they name, what they leave out and how they show values."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_ingress_core.kube.diff import ITEM_KEYS, LONGEST, diff, shown


def pod(**container: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": [{"name": "controller", **container}]}}}}


CONTAINER = "spec.template.spec.containers[controller]"


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        pytest.param(
            pod(image="nginx:1"),
            pod(image="nginx:2"),
            {f"{CONTAINER}.image": ("nginx:1", "nginx:2")},
            id="a container is named, not counted",
        ),
        pytest.param(
            pod(ports=[{"containerPort": 80}]),
            pod(ports=[{"containerPort": 443, "protocol": "TCP"}, {"containerPort": 80, "hostPort": 80}]),
            {
                f"{CONTAINER}.ports[80/TCP].hostPort": (None, 80),
                f"{CONTAINER}.ports[443/TCP]": (None, '{"containerPort": 443, "protocol": "TCP"}'),
            },
            id="ports without names go by number and protocol",
        ),
        pytest.param(
            pod(volumeMounts=[{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/b"}]),
            pod(volumeMounts=[{"name": "v", "mountPath": "/a"}]),
            {f"{CONTAINER}.volumeMounts[/b]": ('{"mountPath": "/b", "name": "v"}', None)},
            id="mounts go by their path",
        ),
        pytest.param(
            pod(args=["--a", "--b", "--c"]),
            pod(args=["--a", "--new", "--b", "--c"]),
            {f"{CONTAINER}.args[1]": (None, "--new")},
            id="an inserted argument is one change",
        ),
        pytest.param(
            pod(args=["--a", "--b", "--c"]),
            pod(args=["--a", "--c"]),
            {f"{CONTAINER}.args[1]": ("--b", None)},
            id="a removed argument is one change",
        ),
        pytest.param(
            {"rules": [{"verbs": ["get"]}, {"verbs": ["list"]}]},
            {"rules": [{"verbs": ["get", "watch"]}, {"verbs": ["list"]}]},
            {"rules[0].verbs[1]": (None, "watch")},
            id="rules have no key and go by index",
        ),
        pytest.param(
            {"spec": {"initContainers": [{"name": "a"}, {"name": "b"}]}},
            {"spec": {"initContainers": [{"name": "b"}, {"name": "a"}]}},
            {"spec.initContainers": ('["a", "b"]', '["b", "a"]')},
            id="another order of named items is shown",
        ),
        pytest.param(
            {"metadata": {"labels": {"applyset.kubernetes.io/part-of": "x"}}},
            {"metadata": {"labels": {"applyset.kubernetes.io/part-of": "y"}}},
            {"metadata.labels['applyset.kubernetes.io/part-of']": ("x", "y")},
            id="membership is shown",
        ),
        pytest.param({"spec": {"a": True}}, {"spec": {"a": 1}}, {"spec.a": (True, 1)}, id="true is not 1"),
        pytest.param({"spec": {"a": None}}, {"spec": {}}, {}, id="null is absent"),
        pytest.param(None, {"spec": {"a": {"b": 1}}}, {"spec": (None, '{"a": {"b": 1}}')}, id="created"),
        pytest.param({"spec": {"a": [1]}}, None, {"spec": ('{"a": [1]}', None)}, id="deleted"),
        pytest.param(None, None, {}, id="nothing"),
    ],
)
def test_changes(before: Any, after: Any, changes: dict[str, tuple[Any, Any]]) -> None:
    assert diff(before, after) == {path: {"old": old, "new": new} for path, (old, new) in changes.items()}


def test_what_the_server_keeps_for_itself_is_left_out() -> None:
    def live(number: int) -> dict[str, Any]:
        annotations = {"cp-ingress.io/applied-hash": f"{number}", "kept": "same"}
        metadata = {"resourceVersion": str(number), "generation": number, "managedFields": [number]}
        return {
            "metadata": {**metadata, "uid": str(number), "annotations": annotations},
            "spec": {},
            "status": {"replicas": number},
        }

    assert diff(live(1), live(2)) == {}


def test_52_label_removed_is_drift() -> None:
    before = {"metadata": {"labels": {"a": "1", "b": "2"}}}
    assert diff(before, {"metadata": {"labels": {"a": "1"}}}) == {
        "metadata.labels.b": {"old": "2", "new": None}
    }
    assert diff({"metadata": {"labels": {"a": "1"}}}, {}) == {"metadata.labels.a": {"old": "1", "new": None}}


def test_53_map_key_removed() -> None:
    before, after = {"data": {"a": "1", "b.yaml": "2"}}, {"data": {"a": "1"}}
    assert diff(before, after) == {"data['b.yaml']": {"old": "2", "new": None}}


def test_a_long_value_is_cut_with_a_count() -> None:
    added = diff({}, {"data": {"a": "x" * 1000}})["data"]["new"]
    assert added == '{"a": "' + "x" * (LONGEST - 7) + " ... (809 more characters)"


def test_two_long_values_are_shown_from_where_they_part() -> None:
    head, tail = "same line\n" * 100, "\nmore" * 100
    change = diff({"data": {"c": f"{head}issuer: old{tail}"}}, {"data": {"c": f"{head}issuer: new{tail}"}})[
        "data.c"
    ]
    assert "issuer: old" in change["old"]
    assert "issuer: new" in change["new"]
    assert change["old"].startswith("(988 equal characters) ... ")
    assert change["old"].endswith(" more characters)")
    assert len(change["old"]) < LONGEST + 60


WORDS = st.text("abc/.", min_size=1, max_size=3)
SCALARS = st.none() | st.booleans() | st.integers(0, 3) | WORDS
NAMED = st.lists(st.fixed_dictionaries({"name": WORDS}, optional={"value": SCALARS}), max_size=3)
VALUES = st.recursive(
    SCALARS | NAMED,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=10,
)
OBJECTS = st.dictionaries(st.sampled_from(["spec", "data", "rules"]), VALUES)


def pruned(value: Any) -> Any:
    """The value without nulls, which mean the same as absent fields."""
    if isinstance(value, dict):
        return {key: pruned(inner) for key, inner in value.items() if inner is not None}
    return [pruned(inner) for inner in value] if isinstance(value, list) else value


def step(value: Any, name: str) -> list[Any]:
    """The members of ``value`` that a name in brackets may mean."""
    if isinstance(value, dict):
        return [value[name]] if name in value else []
    if not isinstance(value, list):
        return []
    by_index = [value[int(name)]] if name.isdigit() and int(name) < len(value) else []
    items = [item for item in value if isinstance(item, dict)]
    keys = [field for fields in ITEM_KEYS for field in fields]
    return by_index + [item for item in items if name in [str(item.get(key)) for key in keys]]


def resolves(obj: Any, path: str) -> bool:
    """Whether the path leads to something in the object."""
    values = [obj]
    for quoted, bracketed, plain in re.findall(r"\['(.*?)'\]|\[(.*?)\]|\.?([^.\[]+)", path):
        values = [inner for value in values for inner in step(value, quoted or bracketed or plain)]
    return bool(values)


@given(OBJECTS)
def test_an_object_does_not_differ_from_itself(obj: dict[str, Any]) -> None:
    assert diff(obj, json.loads(json.dumps(obj))) == {}


@given(OBJECTS, OBJECTS)
def test_a_diff_is_empty_only_where_nothing_differs(before: dict[str, Any], after: dict[str, Any]) -> None:
    same = json.dumps(pruned(before), sort_keys=True) == json.dumps(pruned(after), sort_keys=True)
    changes = diff(before, after)
    assert (changes == {}) >= same
    if not changes:
        assert same or "null" in json.dumps([before, after])


@given(OBJECTS, OBJECTS)
def test_every_path_leads_somewhere_and_its_values_differ(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    for path, change in diff(before, after).items():
        assert resolves(shown(before), path) or resolves(shown(after), path), path
        assert json.dumps(change["old"]) != json.dumps(change["new"]), path


@given(VALUES, VALUES)
def test_odd_objects_do_not_break_it(before: Any, after: Any) -> None:
    assert diff({"metadata": before}, {"metadata": {"labels": after, "annotations": before}}) is not None
