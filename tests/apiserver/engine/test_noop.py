"""A run that changes nothing writes nothing, proves it with few requests, and misses no change by others."""

from __future__ import annotations

import base64
import dataclasses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cp_ingress_core.kube.cluster import Cluster
from tests.apiserver.engine.kit import Kit
from tests.apiserver.engine.objects import (
    config_map,
    definition,
    deployment,
    labelled,
    role_binding,
    secret,
    service_account,
)
from tests.lighttier.faults import Recorder


def _objects(kit: Kit) -> list[dict[str, Any]]:
    return [
        *(config_map(f"c{number}", kit.namespace, a=str(number)) for number in range(5)),
        secret("s", kit.namespace, password="hunter2"),
        service_account("robot", kit.namespace),
        deployment("web", kit.namespace, replicas=2),
        role_binding("robot", kit.namespace, "view"),
    ]


def _verbs(kit: Kit) -> dict[str, int]:
    found: dict[str, int] = {}
    for event in kit.requests():
        found[event.verb] = found.get(event.verb, 0) + 1
    return found


@pytest.mark.parametrize("test", [False, True], ids=["run", "test"])
def test_noop_not_applied(kit: Kit, test: bool) -> None:
    objects = _objects(kit)
    kit.apply(objects)
    kit.cluster.discovery.refresh()

    report = kit.apply(objects, test=test)

    assert (report["changes"], report["unchanged"]) == ({}, len(objects))
    # One GET of the parent, one LIST for each of the five kinds.
    assert _verbs(kit) == {"get": 1, "list": 5}
    print(f"figure noop_write_requests {len(kit.writes())} count")


def test_noop_reads_no_secret_values(kit: Kit, tmp_path: Path) -> None:
    """Nor does a run that changes something else: not even the answers hold them."""
    kit.apply(_objects(kit))
    value = base64.b64encode(b"hunter2")

    with Recorder(kit.server, tmp_path) as recorder:
        watched = dataclasses.replace(kit, cluster=Cluster.connect(str(recorder.kubeconfig)))
        assert watched.apply(_objects(kit))["changes"] == {}
        others = [config_map("c9", kit.namespace), *_objects(kit)]
        assert len(watched.apply(others)["changes"]) == 1

    assert recorder.count("GET", "/secrets?") == 2
    assert [answer for answer in recorder.answers if value in answer] == []


def test_full_verification_sends_everything_and_changes_nothing(kit: Kit) -> None:
    objects = _objects(kit)
    kit.apply(objects)
    before = kit.kubectl("get", "cm,secret,deploy,sa", "-o", "name", "--show-managed-fields")

    report = kit.apply(objects, verify="full")

    assert report["changes"] == {}
    assert _verbs(kit)["patch"] == len(objects)
    assert kit.kubectl("get", "cm,secret,deploy,sa", "-o", "name", "--show-managed-fields") == before


def test_controllers_annotations_and_status_are_no_drift(kit: Kit) -> None:
    objects = [deployment("web", kit.namespace)]
    kit.apply(objects)
    path = f"/apis/apps/v1/namespaces/{kit.namespace}/deployments/web"
    kit.merge_patch(path, {"metadata": {"annotations": {"deployment.kubernetes.io/revision": "1"}}})
    kit.merge_patch(f"{path}/status", {"status": {"observedGeneration": 1, "replicas": 1}})

    report = kit.apply(objects)

    assert (report["changes"], kit.writes()) == ({}, [])


def test_cabundle_untouched(kit: Kit) -> None:
    """A certificate injector fills in caBundle; charts render it empty."""
    group = f"{kit.namespace}.example.com"
    conversion = {
        "strategy": "Webhook",
        "webhook": {
            "conversionReviewVersions": ["v1"],
            "clientConfig": {"service": {"name": "hook", "namespace": kit.namespace}, "caBundle": ""},
        },
    }
    crd = definition("Thing", group)
    crd["spec"]["conversion"] = conversion
    hook = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": kit.namespace},
        "webhooks": [
            {
                "name": "hook.example.com",
                "clientConfig": {"service": {"name": "hook", "namespace": kit.namespace}, "caBundle": ""},
                "rules": [
                    {
                        "apiGroups": [group],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": ["*"],
                    }
                ],
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
            }
        ],
    }
    kit.apply([crd, hook])
    ca = _ca_bundle(kit)
    crd_path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.{group}"
    hook_path = f"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{kit.namespace}"
    kit.merge_patch(crd_path, {"spec": {"conversion": {"webhook": {"clientConfig": {"caBundle": ca}}}}})
    _, live = kit.server.request("GET", hook_path)
    live["webhooks"][0]["clientConfig"]["caBundle"] = ca
    status, answer = kit.server.request("PUT", f"{hook_path}?fieldManager=rotator", live)
    assert status == 200, answer

    assert (kit.apply([crd, hook])["changes"], kit.writes()) == ({}, [])
    assert kit.apply([crd, hook], verify="full")["changes"] == {}
    kit.apply([crd, labelled(hook, touched="yes")])

    live_hook, live_crd = kit.get(hook_path), kit.get(crd_path)
    assert live_hook is not None and live_crd is not None
    assert live_hook["webhooks"][0]["clientConfig"]["caBundle"] == ca
    assert live_crd["spec"]["conversion"]["webhook"]["clientConfig"]["caBundle"] == ca


def _ca_bundle(kit: Kit) -> str:
    import base64

    return base64.b64encode(kit.server.ca.read_bytes()).decode()


CONFIG_MAP, WEB = "/api/v1/namespaces/{ns}/configmaps/c1", "/apis/apps/v1/namespaces/{ns}/deployments/web"
APPLY = {"Content-Type": "application/apply-patch+yaml"}


def _update(kit: Kit) -> None:
    _, live = kit.server.request("GET", CONFIG_MAP.format(ns=kit.namespace))
    live.setdefault("data", {})["a"] = "updated"
    kit.server.request("PUT", CONFIG_MAP.format(ns=kit.namespace), live)


def _update_as_us(kit: Kit) -> None:
    _, live = kit.server.request("GET", CONFIG_MAP.format(ns=kit.namespace))
    live.setdefault("data", {})["a"] = "updated"
    kit.server.request("PUT", CONFIG_MAP.format(ns=kit.namespace) + "?fieldManager=salt-cp-ingress", live)


def _apply_as(kit: Kit, manager: str) -> None:
    manifest = config_map("c1", kit.namespace, a="forced")
    path = f"{CONFIG_MAP.format(ns=kit.namespace)}?fieldManager={manager}&force=true"
    status, answer = kit.server.request("PATCH", path, manifest, **APPLY)
    assert status == 200, answer


def _patch(kit: Kit) -> None:
    kit.merge_patch(CONFIG_MAP.format(ns=kit.namespace), {"data": {"a": "patched"}})


def _remove_key(kit: Kit) -> None:
    kit.merge_patch(CONFIG_MAP.format(ns=kit.namespace), {"data": {"a": None}})


def _scale(kit: Kit) -> None:
    kit.kubectl("scale", "deployment/web", "--replicas=3")


def _set_image(kit: Kit) -> None:
    kit.kubectl("set", "image", "deployment/web", "main=b:2")


def _remove_our_hash(kit: Kit) -> None:
    kit.kubectl("annotate", "configmap", "c1", "cp-ingress.io/applied-hash-")


def _delete(kit: Kit) -> None:
    kit.kubectl("delete", "configmap", "c1")


def _label(kit: Kit) -> None:
    kit.kubectl("label", "configmap", "c1", "someone=else")


def _annotate(kit: Kit) -> None:
    kit.kubectl("annotate", "deployment", "web", "someone=else")


def _add_key(kit: Kit) -> None:
    kit.merge_patch(CONFIG_MAP.format(ns=kit.namespace), {"data": {"theirs": "x"}})


def _status(kit: Kit) -> None:
    kit.merge_patch(WEB.format(ns=kit.namespace) + "/status", {"status": {"replicas": 1}})


def _add_env(kit: Kit) -> None:
    kit.kubectl("set", "env", "deployment/web", "THEIRS=1")


def _same_value_applied_by_another(kit: Kit) -> None:
    manifest = config_map("c1", kit.namespace, a="1")
    path = f"{CONFIG_MAP.format(ns=kit.namespace)}?fieldManager=friend"
    status, answer = kit.server.request("PATCH", path, manifest, **APPLY)
    # After another edit the value is not the same any more, and it is refused.
    assert status in (200, 409), answer


OURS_CHANGED = {
    "update": _update,
    "update under our own manager's name": _update_as_us,
    "patch": _patch,
    "key removed": _remove_key,
    "force-applied by another": lambda kit: _apply_as(kit, "bully"),
    "applied under our own manager's name": lambda kit: _apply_as(kit, "salt-cp-ingress"),
    "scale": _scale,
    "set image": _set_image,
    "our annotation removed": _remove_our_hash,
    "deleted": _delete,
}
THEIRS_CHANGED = {
    "label of theirs": _label,
    "annotation of theirs": _annotate,
    "key of theirs": _add_key,
    "status": _status,
    "environment of theirs": _add_env,
    "same value applied by another": _same_value_applied_by_another,
}


@pytest.mark.parametrize("edit", OURS_CHANGED.values(), ids=OURS_CHANGED)
def test_whatever_was_touched_is_sent_and_nothing_else(kit: Kit, edit: Any) -> None:
    kit.apply(_objects(kit))
    edit(kit)

    kit.apply(_objects(kit), force_conflicts=True)

    assert len([name for verb, name in kit.writes() if name != "set"]) == 1
    live, web = kit.core("configmaps", "c1"), kit.get(WEB.format(ns=kit.namespace))
    assert live is not None and web is not None
    assert live["data"] == {"a": "1"}
    assert (web["spec"]["replicas"], web["spec"]["template"]["spec"]["containers"][0]["image"]) == (2, "a:1")
    assert (kit.apply(_objects(kit))["changes"], kit.writes()) == ({}, [])


@pytest.mark.parametrize("edit", THEIRS_CHANGED.values(), ids=THEIRS_CHANGED)
def test_what_is_not_ours_costs_no_write(kit: Kit, edit: Any) -> None:
    kit.apply(_objects(kit))
    edit(kit)

    report = kit.apply(_objects(kit))

    assert (report["changes"], kit.writes()) == ({}, [])


EDITS = {**OURS_CHANGED, **THEIRS_CHANGED}


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(names=st.lists(st.sampled_from([name for name in EDITS if name != "deleted"]), max_size=4))
def test_the_cheap_way_sees_what_sending_everything_sees(kit: Kit, names: list[str]) -> None:
    kit.apply(_objects(kit), force_conflicts=True)
    for name in names:
        EDITS[name](kit)

    cheap = kit.apply(_objects(kit), force_conflicts=True, test=True)["changes"]
    thorough = kit.apply(_objects(kit), force_conflicts=True, verify="full", test=True)["changes"]

    assert cheap == thorough


def test_a_lost_ledger_is_made_anew(kit: Kit) -> None:
    kit.apply(_objects(kit))
    kit.merge_patch(f"/api/v1/namespaces/{kit.namespace}/secrets/set", {"data": None})

    assert kit.apply(_objects(kit))["changes"] == {}
    assert (kit.apply(_objects(kit))["changes"], kit.writes()) == ({}, [])


def test_another_api_version_is_sent(kit: Kit) -> None:
    manifest = {
        "apiVersion": "autoscaling/v1",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": kit.namespace},
        "spec": {
            "maxReplicas": 3,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        },
    }
    kit.apply([manifest])

    report = kit.apply([{**manifest, "apiVersion": "autoscaling/v2"}])

    assert kit.verbs("horizontalpodautoscalers").count("patch") == 1
    assert report["changes"] == {}
