"""Applying: order, stages, partial failures, what changed, and what is refused before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest

from cp_ingress_core.errors import ApiError, ApplyError, DiscoveryError, ObjectError
from tests.apiserver.engine.kit import Kit, rule
from tests.apiserver.engine.objects import (
    config_map,
    custom,
    definition,
    deployment,
    labelled,
    namespace,
    secret,
    service_account,
)


def test_label_in_input_refused(kit: Kit) -> None:
    foreign = labelled(config_map("one", kit.namespace), **{"applyset.kubernetes.io/part-of": "x"})

    with pytest.raises(ObjectError, match="only the set itself may have"):
        kit.apply([foreign])

    assert [event for event in kit.requests() if event.is_write] == []


def test_duplicate_object(kit: Kit) -> None:
    with pytest.raises(ObjectError, match="given twice"):
        kit.apply([config_map("one", kit.namespace), config_map("one", kit.namespace, a="b")])


def test_the_parent_itself_is_refused_as_a_member(kit: Kit) -> None:
    with pytest.raises(ObjectError, match="is the parent of the ApplySet itself"):
        kit.apply([secret("set", kit.namespace, a="b")])

    assert kit.writes() == []


@pytest.mark.parametrize("test", [False, True], ids=["run", "test"])
def test_missing_namespace(kit: Kit, test: bool) -> None:
    with pytest.raises(ObjectError, match=r"v1/ConfigMap one: metadata.namespace is missing"):
        kit.apply([config_map("one", "")], test=test)


def test_unknown_kind_is_an_error_before_anything_is_written(kit: Kit) -> None:
    with pytest.raises(DiscoveryError, match=r"does not serve nowhere\.example\.com/v1/Thing"):
        kit.apply(
            [config_map("one", kit.namespace), custom("Thing", "nowhere.example.com", "x", kit.namespace)]
        )

    assert kit.writes() == []


def test_unknown_kind_is_predicted_in_test_mode(kit: Kit) -> None:
    report = kit.apply([custom("Thing", "nowhere.example.com", "x", kit.namespace)], test=True)

    assert [change["action"] for change in report["changes"].values()] == ["created"]
    assert "does not serve nowhere.example.com/v1/Thing yet" in report["warnings"][0]


def test_failed_apply_never_pruned(kit: Kit) -> None:
    kit.apply([config_map("x", kit.namespace), config_map("stale", kit.namespace)])
    broken = config_map("x", kit.namespace)
    broken["unknownField"] = True

    with pytest.raises(ApiError, match=f"v1/ConfigMap {kit.namespace}/x"):
        kit.apply([broken])

    assert "delete" not in kit.verbs("configmaps")
    assert kit.names() == ["stale", "x"]


def test_stages(kit: Kit) -> None:
    space, group = f"{kit.namespace}-staged", f"{kit.namespace}.example.com"

    kit.apply(
        [
            custom("Thing", group, "one", space),
            deployment("web", space),
            config_map("settings", space),
            definition("Thing", group),
            namespace(space),
        ]
    )

    written = [event.resource for event in kit.requests() if event.is_write and event.name != "set"]
    assert set(written[:2]) == {"customresourcedefinitions", "namespaces"}
    assert written[2:] == ["configmaps", "deployments", "things"]


def test_a_stage_goes_out_in_parallel_and_the_next_waits_for_it(kit: Kit) -> None:
    settings = [config_map(f"settings-{number}", kit.namespace) for number in range(40)]

    kit.apply([*settings, deployment("web", kit.namespace)])

    spans = {
        event.name: (event.raw["requestReceivedTimestamp"], event.raw["stageTimestamp"])
        for event in kit.requests()
        if event.verb == "patch"
    }
    after, last = spans.pop("web")[0], max(end for name, (_, end) in spans.items() if name != "set")
    assert last < after
    at_once = [sum(begin <= moment < end for begin, end in spans.values()) for moment, _ in spans.values()]
    assert max(at_once) > 1


def test_stage_failure_reports_what_was_done(kit: Kit) -> None:
    broken = deployment("web", kit.namespace)
    broken["spec"]["replicas"] = -1

    with pytest.raises(ApiError) as caught:
        kit.apply([config_map("first", kit.namespace), broken])

    assert caught.value.info["changes"] == {f"v1/ConfigMap {kit.namespace}/first": {"action": "created"}}
    assert caught.value.info["reason"] == "Invalid"


def test_crd_then_cr_same_set(kit: Kit) -> None:
    group = f"{kit.namespace}.example.com"

    report = kit.apply([custom("Thing", group, "one", kit.namespace, size=1), definition("Thing", group)])

    assert len(report["changes"]) == 2
    live = kit.get(f"/apis/{group}/v1/namespaces/{kit.namespace}/things/one")
    assert live is not None
    assert live["spec"] == {"size": 1}


def test_bad_crd_continues(kit: Kit) -> None:
    group = f"{kit.namespace}.example.com"
    bad = definition("Thing", group)
    bad["spec"]["names"]["plural"] = "other"

    with pytest.raises(ApplyError) as caught:
        kit.apply([bad, custom("Thing", group, "one", kit.namespace), config_map("fine", kit.namespace)])

    assert list(caught.value.info["changes"]) == [f"v1/ConfigMap {kit.namespace}/fine"]
    assert len(caught.value.info["errors"]) == 2
    assert "not tried, since CustomResourceDefinition" in str(caught.value)


def test_several_failures_are_all_named(kit: Kit) -> None:
    limited = kit.as_user("few-rights", [rule("get list patch create", "secrets")])
    objects = [config_map("one", kit.namespace), service_account("two", kit.namespace)]

    with pytest.raises(ApplyError) as caught:
        limited.apply(objects)

    assert {name in str(caught.value) for name in ("ConfigMap", "ServiceAccount")} == {True}
    assert caught.value.info["status"] == 403


def test_only_changed(kit: Kit) -> None:
    names = [f"n{number}" for number in range(5)]
    kit.apply([config_map(name, kit.namespace, a="1") for name in names])

    report = kit.apply([config_map(name, kit.namespace, a="2" if name == "n3" else "1") for name in names])

    assert report["changes"] == {
        f"v1/ConfigMap {kit.namespace}/n3": {
            "action": "changed",
            "diff": {"data.a": {"old": "1", "new": "2"}},
        }
    }
    assert [name for verb, name in kit.writes() if name != "set"] == ["n3"]


def test_label_removed_is_drift(kit: Kit) -> None:
    manifest = labelled(config_map("one", kit.namespace), team="a")
    kit.apply([manifest])
    kit.kubectl("label", "configmap", "one", "team-")

    report = kit.apply([manifest])

    (change,) = report["changes"].values()
    assert change == {"action": "changed", "diff": {"metadata.labels.team": {"old": None, "new": "a"}}}


def test_map_key_removed(kit: Kit) -> None:
    kit.apply([config_map("one", kit.namespace, a="1", b="2")])

    report = kit.apply([config_map("one", kit.namespace, a="1")])

    (change,) = report["changes"].values()
    assert change["diff"] == {"data.b": {"old": "2", "new": None}}
    live = kit.core("configmaps", "one")
    assert live is not None
    assert live["data"] == {"a": "1"}


@pytest.mark.parametrize(
    "objects",
    [
        pytest.param({"kind": "List", "apiVersion": "v1", "items": "ITEMS"}, id="a List is expanded"),
        pytest.param(None, id="empty documents are dropped"),
    ],
)
def test_input_forms(kit: Kit, objects: Any) -> None:
    items = [config_map("one", kit.namespace)]
    given = [None, {}, *items] if objects is None else [{**objects, "items": items}]

    assert list(kit.apply(given)["changes"]) == [f"v1/ConfigMap {kit.namespace}/one"]


def test_without_a_set_nothing_is_pruned_or_labelled(kit: Kit) -> None:
    kit.plain([config_map("one", kit.namespace)])
    kit.plain([config_map("two", kit.namespace)])

    live = kit.core("configmaps", "one")
    assert live is not None
    assert "labels" not in live["metadata"]
    assert kit.plain([config_map("one", kit.namespace)])["unchanged"] == 1


@pytest.mark.parametrize("count", [3, 12], ids=["by GET", "by LIST"])
def test_many_objects_are_adopted_created_and_changed_alike(kit: Kit, count: int) -> None:
    kit.kubectl("create", "configmap", "n0", "--from-literal=a=0")
    names = [f"n{number}" for number in range(count)]

    created = kit.apply([config_map(name, kit.namespace, a="1") for name in names])
    changed = kit.apply([config_map(name, kit.namespace, a="2") for name in names])

    actions = [change["action"] for change in created["changes"].values()]
    assert (actions.count("adopted"), actions.count("created")) == (1, count - 1)
    assert [change["diff"]["data.a"] for change in changed["changes"].values()] == [
        {"old": "1", "new": "2"}
    ] * count
