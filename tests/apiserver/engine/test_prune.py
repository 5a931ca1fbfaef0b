"""What is deleted when it leaves the set, what is kept, and that nothing else is touched."""

from __future__ import annotations

import dataclasses

import pytest

from cp_ingress_core.errors import ApiError
from cp_ingress_core.kube import operations
from tests.apiserver.engine.kit import CONFIG_MAPS, Kit, rule
from tests.apiserver.engine.objects import (
    annotated,
    config_map,
    custom,
    daemon_set,
    definition,
    deployment,
    namespace,
    secret,
    service_account,
)

KEEP = "helm.sh/resource-policy"
PART_OF = "applyset.kubernetes.io/part-of"


def _two(kit: Kit) -> list[dict[str, object]]:
    return [config_map("foo", kit.namespace), config_map("bar", kit.namespace)]


def test_prune_simple(kit: Kit) -> None:
    kit.apply(_two(kit))
    before = kit.core("configmaps", "foo")

    report = kit.apply([config_map("foo", kit.namespace)])

    assert report["changes"] == {f"v1/ConfigMap {kit.namespace}/bar": {"action": "deleted"}}
    assert kit.core("configmaps", "foo") == before
    assert kit.names() == ["foo"]


def test_prune_off_keeps_members_for_a_later_run(kit: Kit) -> None:
    kit.apply([service_account("old", kit.namespace), config_map("foo", kit.namespace)])

    kit.apply([config_map("foo", kit.namespace)], prune=False)

    assert kit.names("serviceaccounts") == ["old"]
    kit.apply([config_map("foo", kit.namespace)])
    assert kit.names("serviceaccounts") == []


def test_prune_error_reported(kit: Kit) -> None:
    kit.apply(_two(kit))
    limited = kit.as_user("no-delete", [rule("get list patch create", "secrets", "configmaps")])

    with pytest.raises(ApiError, match=f"DELETE v1/ConfigMap {kit.namespace}/bar: .*forbidden") as caught:
        limited.apply([config_map("foo", kit.namespace)])

    assert caught.value.info["reason"] == "Forbidden"
    assert kit.names() == ["bar", "foo"]


def test_multi_namespace(kit: Kit) -> None:
    names = [f"{kit.namespace}-{letter}" for letter in "abc"]
    spaces = [namespace(name) for name in names]
    kit.apply([*spaces, *(config_map("one", name) for name in names)])
    assert kit.annotations()["additional-namespaces"] == ",".join(names)

    kit.apply([*spaces, config_map("one", names[2])])

    assert [kit.names(namespace=name) for name in names] == [[], [], ["one"]]
    assert kit.annotations()["additional-namespaces"] == names[2]


def test_old_namespace(kit: Kit) -> None:
    old = f"{kit.namespace}-old"
    kit.kubectl("create", "namespace", old)
    kit.apply([config_map("one", old)])

    kit.apply([config_map("one", kit.namespace)])

    assert kit.names(namespace=old) == []


def test_old_kind(kit: Kit) -> None:
    kit.apply([service_account("old", kit.namespace)])

    kit.apply([])

    assert kit.names("serviceaccounts") == []
    assert kit.annotations()["contains-group-kinds"] == ""


def test_daemonset_to_deployment(kit: Kit) -> None:
    kit.apply([daemon_set("web", kit.namespace)])

    report = kit.apply([deployment("web", kit.namespace)])

    assert {name.split()[0]: change["action"] for name, change in report["changes"].items()} == {
        "apps/v1/DaemonSet": "deleted",
        "apps/v1/Deployment": "created",
    }
    assert kit.annotations()["contains-group-kinds"] == "Deployment.apps"


def test_idempotent_second_run(kit: Kit) -> None:
    kit.apply(_two(kit))

    report = kit.apply(_two(kit))

    assert (report["changes"], report["unchanged"]) == ({}, 2)
    assert kit.writes() == []


def test_prune_preview(kit: Kit) -> None:
    kit.apply(_two(kit))

    report = kit.apply([config_map("foo", kit.namespace)], test=True)

    assert report["changes"] == {f"v1/ConfigMap {kit.namespace}/bar": {"action": "deleted"}}
    assert kit.writes() == []
    assert kit.names() == ["bar", "foo"]


@pytest.mark.parametrize("test", [False, True], ids=["keep_annotation", "keep_dry_run"])
def test_kept_by_annotation_and_detached(kit: Kit, test: bool) -> None:
    kit.apply([annotated(config_map("bar", kit.namespace), {KEEP: "keep"})])

    report = kit.apply([], test=test)

    name = f"v1/ConfigMap {kit.namespace}/bar"
    assert report["kept"] == {name: f"its annotation {KEEP} says keep"}
    assert report["changes"][name]["action"] == "detached"
    assert kit.core("configmaps", "bar") is not None
    assert kit.names() == (["bar"] if test else [])


def test_keep_needs_exact_value(kit: Kit) -> None:
    kit.apply([annotated(config_map("bar", kit.namespace), {KEEP: "Keep"})])

    kit.apply([])

    assert kit.core("configmaps", "bar") is None


def test_namespace_in_use(kit: Kit) -> None:
    name = f"{kit.namespace}-used"
    kit.apply([namespace(name), config_map("one", name)])

    report = kit.apply([config_map("one", name)], prune_kinds=frozenset({"Namespace"}))

    assert report["kept"] == {f"v1/Namespace {name}": "still holds objects of this set"}
    assert "Namespace" in kit.annotations()["contains-group-kinds"]


def test_namespaces_and_definitions_only_on_request(kit: Kit) -> None:
    name = f"{kit.namespace}-extra"
    group = f"{kit.namespace}.example.com"
    kit.apply([namespace(name), definition("Thing", group)])

    report = kit.apply([])

    assert len(report["kept"]) == 2
    assert report["changes"] == {}
    asked = frozenset({"Namespace", "CustomResourceDefinition"})
    report = kit.apply([], prune_kinds=asked)
    assert {change["action"] for change in report["changes"].values()} == {"deleted"}
    assert report["kept"] == {}


def test_namespace_with_objects_of_others_stays(kit: Kit) -> None:
    name = f"{kit.namespace}-shared"
    kit.apply([namespace(name), config_map("ours", name)])
    kit.kubectl("create", "configmap", "theirs", "--namespace", name)

    report = kit.apply([], prune_kinds=frozenset({"Namespace"}))

    assert report["kept"] == {
        f"v1/Namespace {name}": f"still holds ConfigMap {name}/theirs, which are not of this set"
    }
    assert report["warnings"]
    assert kit.names(namespace=name) == []


def test_definition_with_instances_of_others_stays(kit: Kit) -> None:
    group = f"{kit.namespace}.example.com"
    kit.apply([definition("Thing", group), custom("Thing", group, "ours", kit.namespace)])
    kit.kubectl("create", "-f", "-", stdin=custom("Thing", group, "theirs", kit.namespace))

    report = kit.apply([], prune_kinds=frozenset({"CustomResourceDefinition"}))

    (reason,) = report["kept"].values()
    assert reason == f"still holds Thing {kit.namespace}/theirs, which are not of this set"
    assert [change["action"] for change in report["changes"].values()] == ["deleted"]


def test_cohabiting_uid(kit: Kit) -> None:
    """An Event is served by two groups: what is applied under one is not stale under the other."""
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "one", "namespace": kit.namespace},
        "involvedObject": {"kind": "Namespace", "name": kit.namespace, "namespace": kit.namespace},
        "reason": "Test",
        "type": "Normal",
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "reportingComponent": "test",
        "reportingInstance": "test",
        "action": "Test",
    }
    kit.apply([event])
    moved = {
        key: value for key, value in event.items() if key not in ("involvedObject", "reportingComponent")
    }
    moved |= {
        "apiVersion": "events.k8s.io/v1",
        "regarding": event["involvedObject"],
        "reportingController": "test",
    }

    report = kit.apply([moved])

    assert "deleted" not in {change["action"] for change in report["changes"].values()}
    assert kit.names("events") == ["one"]


def test_relabelled_not_owned(kit: Kit) -> None:
    kit.apply(_two(kit))
    kit.kubectl("label", "configmap", "bar", f"{PART_OF}-")

    report = kit.apply([config_map("foo", kit.namespace)])

    assert report["changes"] == {}
    assert kit.core("configmaps", "bar") is not None


def test_inoperable_ns(kit: Kit) -> None:
    kit.apply([namespace("default")])
    try:
        report = kit.apply([], prune_kinds=frozenset({"Namespace"}))

        assert report["kept"] == {"v1/Namespace default": "is one of Kubernetes' own namespaces"}
        live = kit.get("/api/v1/namespaces/default")
        assert live is not None
        assert PART_OF not in live["metadata"].get("labels", {})
        other = dataclasses.replace(kit.parent, name="other")
        assert kit.apply([namespace("default")], parent=other, test=True)["changes"]
    finally:
        kit.kubectl("label", "namespace", "default", f"{PART_OF}-")


def test_survivors_retried(kit: Kit) -> None:
    kit.apply([service_account("old", kit.namespace), config_map("old", kit.namespace)])
    limited = kit.as_user(
        "half-delete",
        [
            rule("get list patch create", "secrets", "configmaps", "serviceaccounts"),
            rule("delete", "configmaps"),
        ],
    )

    with pytest.raises(ApiError) as caught:
        limited.apply([])

    assert list(caught.value.info["changes"]) == [f"v1/ConfigMap {kit.namespace}/old"]
    kit.apply([])
    assert kit.names("serviceaccounts") == []


def test_empty_set(kit: Kit) -> None:
    kit.apply(_two(kit))

    kit.apply([])

    assert kit.names() == []
    assert kit.core("secrets", "set") is not None


def test_list_forbidden(kit: Kit) -> None:
    kit.apply([secret("old", kit.namespace), config_map("old", kit.namespace)])
    limited = kit.as_user(
        "no-list",
        [rule("get patch create delete", "secrets"), rule("get list patch create delete", "configmaps")],
    )

    with pytest.raises(ApiError) as caught:
        limited.apply([])

    assert caught.value.info["status"] == 403
    assert limited.writes() == []


def test_terminating_member(kit: Kit) -> None:
    kit.apply([{**config_map("bar", kit.namespace)}])
    path = f"/api/v1/namespaces/{kit.namespace}/configmaps/bar"
    kit.merge_patch(path, {"metadata": {"finalizers": ["example.com/hold"]}})
    kit.kubectl("delete", "configmap", "bar", "--wait=false")
    try:
        report = kit.apply([])

        assert (report["changes"], report["kept"]) == ({}, {})
        assert "delete" not in kit.verbs("configmaps")
    finally:
        kit.merge_patch(path, {"metadata": {"finalizers": None}})


def test_scope_never_leaks(kit: Kit) -> None:
    kit.apply(_two(kit))
    stray = f"{kit.namespace}-stray"
    kit.kubectl("create", "namespace", stray)
    kit.kubectl("create", "configmap", "bar", "--namespace", stray)
    kit.kubectl("label", "configmap", "bar", f"{PART_OF}={kit.parent.id}", "--namespace", stray)

    kit.apply([])

    lists = [event for event in kit.requests() if event.verb == "list"]
    assert {event.namespace for event in lists} == {kit.namespace}
    assert kit.names(namespace=stray) == ["bar"]


def test_reverse_delete_order(kit: Kit) -> None:
    space, group = f"{kit.namespace}-last", f"{kit.namespace}.example.com"
    kit.apply(
        [
            namespace(space),
            definition("Thing", group),
            custom("Thing", group, "one", space),
            deployment("web", space),
            config_map("settings", space),
        ]
    )

    kit.apply([], prune_kinds=frozenset({"Namespace", "CustomResourceDefinition"}))

    deleted = [event.resource for event in kit.requests() if event.verb == "delete"]
    assert deleted[:3] == ["things", "deployments", "configmaps"]
    assert set(deleted[3:]) == {"customresourcedefinitions", "namespaces"}


def test_owned_objects_go_with_their_owner(kit: Kit) -> None:
    kit.apply(_two(kit))
    owner = kit.core("configmaps", "foo")
    assert owner is not None
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "foo", "uid": owner["metadata"]["uid"]}
    path = f"/api/v1/namespaces/{kit.namespace}/configmaps/bar"
    kit.merge_patch(path, {"metadata": {"ownerReferences": [reference]}})

    report = kit.apply([config_map("foo", kit.namespace)])

    assert report["kept"] == {
        f"v1/ConfigMap {kit.namespace}/bar": "is owned by ConfigMap foo and goes with its owner"
    }


def test_kind_no_longer_served_is_dropped(kit: Kit) -> None:
    group = f"{kit.namespace}.example.com"
    kit.apply([definition("Thing", group), custom("Thing", group, "one", kit.namespace)])
    kit.kubectl("delete", "crd", f"things.{group}")

    report = kit.apply([])

    assert f"Thing.{group}" in report["warnings"][0]
    assert kit.annotations()["contains-group-kinds"] == ""


def test_deleting_by_list_is_never_used(kit: Kit) -> None:
    kit.apply(_two(kit))

    kit.absent()

    assert "deletecollection" not in {event.verb for event in kit.requests()}
    assert kit.core("secrets", "set") is None
    assert operations.get_object(kit.cluster.client, CONFIG_MAPS, kit.namespace, "foo") is None
