"""Objects that other tools made converge to the manifest, and fields that it no longer has vanish."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from cp_ingress_core.errors import ConflictError, ObjectError
from tests.apiserver.engine.kit import Kit
from tests.apiserver.engine.objects import annotated, config_map, deployment, namespace
from tests.sandbox.build import binary

Made = Callable[[Kit, dict[str, Any]], object]


def _path(kit: Kit) -> str:
    return f"/apis/apps/v1/namespaces/{kit.namespace}/deployments/web"


def _old(kit: Kit) -> dict[str, Any]:
    """What the other tool made: an argument and an annotation that the manifest no longer has."""
    manifest = annotated(deployment("web", kit.namespace, image="old:1"), {"note": "old"})
    manifest["spec"]["template"]["spec"]["containers"][0]["args"] = ["--old"]
    manifest["spec"]["minReadySeconds"] = 7
    return manifest


def _put(kit: Kit, manifest: dict[str, Any]) -> None:
    """As Salt modules without server-side apply do: create, later GET and PUT."""
    agent = {"User-Agent": "OpenAPI-Generator/25.3.0/python"}
    collection = f"/apis/apps/v1/namespaces/{kit.namespace}/deployments"
    status, live = kit.server.request("POST", collection, manifest, **agent)
    assert status == 201, live
    live["spec"]["minReadySeconds"] = 8
    status, answer = kit.server.request("PUT", _path(kit), live, **agent)
    assert status == 200, answer


def _replace(kit: Kit, manifest: dict[str, Any]) -> None:
    kit.kubectl("create", "-f", "-", stdin=deployment("web", kit.namespace))
    kit.kubectl("replace", "-f", "-", stdin=manifest)


def _helm(kit: Kit, manifest: dict[str, Any], *options: str) -> None:
    """Install a chart that holds the manifest, with the real helm."""
    chart = kit.server.folder / f"chart-{kit.namespace}"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 1.0.0\n")
    (chart / "templates" / "web.yaml").write_text(json.dumps(manifest))
    where = [f"--kubeconfig={kit.server.kubeconfig}", f"--namespace={kit.namespace}"]
    subprocess.run(
        [str(binary("helm")), "install", "web", str(chart), *where, *options],
        check=True,
        capture_output=True,
        timeout=60,
        env={**os.environ, "HOME": str(kit.server.folder)},
    )


MADE_BY: dict[str, tuple[Made, dict[str, Any]]] = {
    "kubectl apply": (lambda kit, obj: kit.kubectl("apply", "-f", "-", stdin=obj), {}),
    "kubectl create": (lambda kit, obj: kit.kubectl("create", "-f", "-", stdin=obj), {}),
    "kubectl replace": (_replace, {}),
    "GET and PUT": (_put, {}),
    "helm install": (_helm, {"adopt": "all"}),
    "helm install as helm 3 does": (
        lambda kit, obj: _helm(kit, obj, "--server-side=false"),
        {"adopt": "all"},
    ),
    "kubectl apply --server-side, named": (
        lambda kit, obj: kit.kubectl("apply", "--server-side", "-f", "-", stdin=obj),
        {"takeover": frozenset({"kubectl"})},
    ),
}


@pytest.mark.parametrize(("make", "options"), MADE_BY.values(), ids=MADE_BY)
def test_objects_of_other_tools_converge(kit: Kit, make: Made, options: dict[str, Any]) -> None:
    make(kit, _old(kit))
    wanted = deployment("web", kit.namespace)

    predicted = kit.apply([wanted], test=True, **options)
    assert kit.writes() == []
    report = kit.apply([wanted], **options)

    assert predicted["changes"] == report["changes"]
    (change,) = report["changes"].values()
    assert change["action"] == "adopted"
    live = kit.get(_path(kit))
    assert live is not None
    assert "args" not in live["spec"]["template"]["spec"]["containers"][0]
    assert "minReadySeconds" not in live["spec"]
    annotations = live["metadata"]["annotations"]
    assert "note" not in annotations
    assert "kubectl.kubernetes.io/last-applied-configuration" not in annotations
    managers = {entry["manager"] for entry in live["metadata"]["managedFields"]}
    assert managers == {"salt-cp-ingress"}
    assert (kit.apply([wanted], **options)["changes"], kit.writes()) == ({}, [])


def test_csa_takeover_of_a_member(kit: Kit) -> None:
    """kubectl apply on a member later: what it added goes, and the run after that is a no-op again."""
    wanted = deployment("web", kit.namespace)
    kit.apply([wanted])
    kit.kubectl("apply", "-f", "-", stdin=_old(kit))

    report = kit.apply([wanted])

    (change,) = report["changes"].values()
    assert change["action"] == "changed"
    assert (kit.apply([wanted])["changes"], kit.writes()) == ({}, [])


def test_a_helm_release_is_refused_unless_adopted(kit: Kit) -> None:
    _helm(kit, _old(kit))

    with pytest.raises(ObjectError, match=r"Helm release .*/web owns it") as caught:
        kit.apply([deployment("web", kit.namespace)])

    assert caught.value.info["reason"] == "OwnedByOther"
    assert kit.verbs("deployments") == ["get"]


def test_owner_mismatch(kit: Kit) -> None:
    other = type(kit.parent)("other", kit.namespace)
    kit.apply([config_map("one", kit.namespace)], parent=other)

    with pytest.raises(ObjectError, match="member of another ApplySet"):
        kit.apply([config_map("one", kit.namespace)])

    kit.apply([config_map("one", kit.namespace)], adopt="all")
    assert kit.names() == ["one"]


@pytest.mark.parametrize("test", [False, True], ids=["run", "test"])
def test_adopt_never(kit: Kit, test: bool) -> None:
    kit.kubectl("create", "configmap", "one")

    with pytest.raises(ObjectError, match="adopt: all"):
        kit.apply([config_map("one", kit.namespace)], adopt="never", test=test)

    assert [entry for entry in kit.writes() if entry[1] == "one"] == []


def test_ignored_field(kit: Kit) -> None:
    """An autoscaler owns the replicas; the manifest leaves them out."""
    wanted = deployment("web", kit.namespace, replicas=None)
    kit.apply([wanted])
    kit.kubectl("scale", "deployment/web", "--replicas=5")

    assert (kit.apply([wanted])["changes"], kit.writes()) == ({}, [])
    kit.apply([deployment("web", kit.namespace, replicas=None, image="b:2")])
    live = kit.get(_path(kit))
    assert live is not None
    assert live["spec"]["replicas"] == 5


def test_field_conflict_surfaces(kit: Kit) -> None:
    kit.apply([deployment("web", kit.namespace, replicas=2)])
    kit.kubectl("scale", "deployment/web", "--replicas=5")

    with pytest.raises(ConflictError) as caught:
        kit.apply([deployment("web", kit.namespace, replicas=2)])

    (conflict,) = caught.value.info["conflicts"]
    assert conflict["field"] == ".spec.replicas"
    assert "kubectl" in conflict["message"]
    assert f"apps/v1/Deployment {kit.namespace}/web" in str(caught.value)
    assert "force_conflicts" in str(caught.value)
    assert [event.code for event in kit.requests() if event.name == "web" and event.is_write] == [409]


def test_conflicts_are_overwritten_on_request(kit: Kit) -> None:
    kit.apply([deployment("web", kit.namespace, replicas=2)])
    kit.kubectl("scale", "deployment/web", "--replicas=5")

    report = kit.apply([deployment("web", kit.namespace, replicas=2)], force_conflicts=True)

    (change,) = report["changes"].values()
    assert change["diff"] == {"spec.replicas": {"old": 5, "new": 2}}


def test_named_managers_are_taken_over(kit: Kit) -> None:
    kit.apply([config_map("one", kit.namespace, a="1")])
    kit.merge_patch(f"/api/v1/namespaces/{kit.namespace}/configmaps/one", {"data": {"b": "2"}}, "old-tool")

    kit.apply([config_map("one", kit.namespace, a="1")], takeover=frozenset({"old-tool"}))

    live = kit.core("configmaps", "one")
    assert live is not None
    assert live["data"] == {"a": "1"}
    assert "old-tool" not in json.dumps(live["metadata"]["managedFields"])


@pytest.mark.parametrize("test", [False, True], ids=["run", "test"])
def test_an_object_without_a_field_of_its_own_is_no_change(kit: Kit, test: bool) -> None:
    name = f"{kit.namespace}-bare"
    kit.plain([namespace(name)])

    report = kit.plain([namespace(name)], test=test)

    assert (report["changes"], report["unchanged"]) == ({}, 1)
