"""The set's parent: its format, what is refused before any write, widening and narrowing.

Names in brackets are the cases of the ApplySet tests in kubectl and kro that a test stands for.
"""

from __future__ import annotations

import base64
from typing import Any

import pytest

from cp_ingress_core.errors import ApiError, ApplySetError
from cp_ingress_core.kube.applyset import OUR_TOOLING, Parent, set_id
from tests.apiserver.engine.kit import AGENT, Kit, rule
from tests.apiserver.engine.objects import config_map, namespace, service_account
from tests.apiserver.engine.salt_runner import SaltRunner
from tests.lighttier import LightApiserver

PREFIX = "applyset.kubernetes.io/"


def test_parent_created(kit: Kit) -> None:
    kit.apply([config_map("one", kit.namespace)])

    live = kit.core("secrets", "set")
    assert live is not None
    assert live["metadata"]["labels"][f"{PREFIX}id"] == set_id("set", kit.namespace)
    assert kit.annotations() == {
        "tooling": OUR_TOOLING,
        "contains-group-kinds": "ConfigMap",
        "additional-namespaces": "",
    }
    assert len(base64.b64decode(live["data"]["key"])) == 32


def test_labels_added(kit: Kit) -> None:
    kit.apply([config_map("one", kit.namespace)])

    live = kit.core("configmaps", "one")
    assert live is not None
    assert live["metadata"]["labels"] == {f"{PREFIX}part-of": kit.parent.id}


def test_gk_sorted_union(kit: Kit) -> None:
    kit.apply([service_account("one", kit.namespace)])
    kit.apply([service_account("one", kit.namespace), config_map("two", kit.namespace)])

    assert kit.annotations()["contains-group-kinds"] == "ConfigMap,ServiceAccount"


def test_failed_delete_keeps_superset_and_next_run_finishes(kit: Kit) -> None:
    kit.apply([service_account("old", kit.namespace)])
    limited = kit.as_user(
        "no-delete",
        [rule("get list patch create", "secrets", "configmaps", "serviceaccounts")],
    )

    with pytest.raises(ApiError) as caught:
        limited.apply([config_map("new", kit.namespace)])

    assert caught.value.info["status"] == 403
    assert f"v1/ServiceAccount {kit.namespace}/old" in str(caught.value)
    assert list(caught.value.info["changes"]) == [f"v1/ConfigMap {kit.namespace}/new"]
    assert kit.annotations()["contains-group-kinds"] == "ConfigMap,ServiceAccount"

    kit.apply([config_map("new", kit.namespace)])

    assert kit.names("serviceaccounts") == []
    assert kit.annotations()["contains-group-kinds"] == "ConfigMap"


DAMAGES: dict[str, tuple[dict[str, Any], str]] = {
    "no_gk_annotation": ({"annotations": {f"{PREFIX}contains-group-kinds": None}}, "is missing"),
    "unknown_gk": ({"annotations": {f"{PREFIX}contains-group-kinds": "does-not-exist"}}, "no Kind"),
    "no_tooling": ({"annotations": {f"{PREFIX}tooling": None}}, "no ApplySet parent"),
    "foreign_tool": ({"annotations": {f"{PREFIX}tooling": "helm/v3"}}, "'helm/v3', not to"),
    "tool_without_version": ({"annotations": {f"{PREFIX}tooling": "helm"}}, "'helm', not to"),
    "tool_with_slashes": (
        {"annotations": {f"{PREFIX}tooling": "example.com/tool/why/v1"}},
        "'example.com/tool/why/v1', not to",
    ),
    "no_id_label": ({"labels": {f"{PREFIX}id": None}}, "label applyset.kubernetes.io/id is missing"),
    "wrong_id": ({"labels": {f"{PREFIX}id": "somethingelse"}}, "'somethingelse', but"),
}


@pytest.mark.parametrize(("metadata", "message"), DAMAGES.values(), ids=DAMAGES)
def test_damaged_or_foreign_parent_is_refused_before_any_write(
    kit: Kit, metadata: dict[str, Any], message: str
) -> None:
    kit.apply([config_map("one", kit.namespace)])
    kit.merge_patch(f"/api/v1/namespaces/{kit.namespace}/secrets/set", {"metadata": metadata})

    with pytest.raises(ApplySetError, match=message):
        kit.apply([config_map("two", kit.namespace)])

    assert kit.writes() == []


def test_a_plain_secret_of_that_name_is_not_adopted(kit: Kit) -> None:
    kit.kubectl("create", "secret", "generic", "set", "--from-literal=a=b")

    with pytest.raises(ApplySetError, match="use another name"):
        kit.apply([config_map("one", kit.namespace)])

    assert kit.writes() == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"applyset": "configmaps/one"}, "applyset must be the plain name", id="another kind"),
        pytest.param({"applyset": "deployments.apps/one"}, "'deployments.apps/one'", id="a workload"),
        pytest.param({"applyset": "secret/one"}, "'secret/one'", id="as kubectl wants it"),
        pytest.param({"applyset": "One"}, "'One'", id="no name for a Secret"),
        pytest.param({"applyset": 5}, "not 5", id="a number"),
        pytest.param({"applyset_namespace": ""}, "applyset_namespace must be", id="no namespace"),
        pytest.param({"applyset_namespace": "a/b"}, "'a/b'", id="no name for a namespace"),
    ],
)
def test_parent_types(kit: Kit, salt: SaltRunner, arguments: dict[str, Any], message: str) -> None:
    """The parent is a Secret in a named namespace; anything else is refused before any request."""
    usual = {"applyset": "set", "applyset_namespace": kit.namespace}
    mark = kit.server.mark()

    with pytest.raises(ApplySetError, match=message):
        salt.call("kube_objects.apply", [config_map("one", kit.namespace)], **{**usual, **arguments})

    assert kit.server.since(mark, AGENT) == []


def test_parent_conflict_forced(kit: Kit) -> None:
    kit.apply([config_map("one", kit.namespace)])
    path = f"/api/v1/namespaces/{kit.namespace}/secrets/set"
    wider = {"annotations": {f"{PREFIX}contains-group-kinds": "ConfigMap,Secret"}}
    kit.merge_patch(path, {"metadata": wider}, manager="editor")

    kit.apply([config_map("one", kit.namespace)])

    patches = [event.uri for event in kit.requests() if event.verb == "patch" and event.name == "set"]
    assert ["force=true" in uri for uri in patches] == [False, True]
    assert kit.annotations()["contains-group-kinds"] == "ConfigMap"


def test_deprecated_gr(kit: Kit) -> None:
    kit.apply([service_account("old", kit.namespace)])
    old = {f"{PREFIX}contains-group-kinds": None, f"{PREFIX}contains-group-resources": "serviceaccounts"}
    path = f"/api/v1/namespaces/{kit.namespace}/secrets/set"
    kit.merge_patch(path, {"metadata": {"annotations": old}}, manager="salt-cp-ingress-applyset")

    kit.apply([config_map("new", kit.namespace)])

    assert kit.names("serviceaccounts") == []
    assert kit.annotations()["contains-group-kinds"] == "ConfigMap"


def test_dryrun_writes_nothing(kit: Kit) -> None:
    kit.apply([config_map("one", kit.namespace)], test=True)

    assert kit.writes() == []
    assert kit.core("secrets", "set") is None
    assert [event.verb for event in kit.requests() if "dryRun=All" in event.uri] == ["patch"]


def test_parent_in_a_namespace_of_the_set(apiserver: LightApiserver, kit: Kit) -> None:
    name = f"{kit.namespace}-own"
    parent = Parent("set", name)

    kit.apply([config_map("one", name), namespace(name)], parent=parent)

    order = [(event.resource, event.name) for event in kit.requests() if event.is_write]
    assert order == [
        ("namespaces", name),
        ("secrets", "set"),
        ("configmaps", "one"),
        ("secrets", "set"),
    ]


@pytest.mark.parametrize("test", [False, True], ids=["run", "test"])
def test_parent_in_a_missing_namespace(kit: Kit, test: bool) -> None:
    parent = Parent("set", f"{kit.namespace}-missing")
    objects = [config_map("one", kit.namespace)]

    if test:
        assert kit.apply(objects, parent=parent, test=True)["changes"]
    else:
        with pytest.raises(ApplySetError, match="create it first"):
            kit.apply(objects, parent=parent)

    assert kit.core("configmaps", "one") is None
