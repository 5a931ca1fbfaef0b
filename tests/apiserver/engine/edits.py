"""What others do to our objects: each edit is one request to the apiserver, by a manager that is not us."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cp_ingress_core.kube.ledger import HASH
from cp_ingress_core.kube.normalize import PART_OF
from cp_ingress_core.kube.operations import FIELD_MANAGER
from tests.apiserver.engine.kit import Kit
from tests.apiserver.engine.objects import config_map, deployment, labelled, secret
from tests.lighttier import LightApiserver

Manifest = dict[str, Any]
APPLY, MERGE = "application/apply-patch+yaml", "application/merge-patch+json"

PATHS = {
    "ConfigMap": "/api/v1/namespaces/{}/configmaps/",
    "Secret": "/api/v1/namespaces/{}/secrets/",
    "Service": "/api/v1/namespaces/{}/services/",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments/",
    "HorizontalPodAutoscaler": "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers/",
}


def service(name: str, namespace: str, *, port: int = 80) -> Manifest:
    spec = {"selector": {"app": name}, "sessionAffinity": "None", "ports": [{"name": "http", "port": port}]}
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def autoscaler(name: str, namespace: str, version: str) -> Manifest:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    return {
        "apiVersion": f"autoscaling/{version}",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"maxReplicas": 3, "scaleTargetRef": target},
    }


def objects(namespace: str, *, version: str = "v2") -> dict[str, Manifest]:
    """Return our objects by name, all with a label of ours; `version` is the autoscaler's."""
    manifests = [
        config_map("one", namespace, a="1", b="2"),
        config_map("two", namespace, a="1"),
        secret("hidden", namespace, password="hunter2"),
        service("web-service", namespace),
        deployment("web", namespace, replicas=2),
        autoscaler("web-scaler", namespace, version),
    ]
    return {manifest["metadata"]["name"]: labelled(manifest, app="ours") for manifest in manifests}


def path_of(manifest: Manifest) -> str:
    """Return the path of an object."""
    metadata = manifest["metadata"]
    return PATHS[manifest["kind"]].format(metadata["namespace"]) + str(metadata["name"])


def _value_of_ours(kind: str, step: int) -> Manifest:
    """Return a change of a field that we set; every step has a value of its own."""
    return {
        "ConfigMap": {"data": {"a": f"theirs-{step}"}},
        "Secret": {"data": {"password": "dGhlaXJz" if step % 2 else "b3RoZXJz"}},
        "Service": {"spec": {"sessionAffinity": "ClientIP"}},
        "Deployment": {"spec": {"replicas": 10 + step}},
        "HorizontalPodAutoscaler": {"spec": {"maxReplicas": 10 + step}},
    }[kind]


def _send(
    server: LightApiserver, method: str, path: str, body: Any, manager: str, content: str = MERGE
) -> None:
    separator = "&" if "?" in path else "?"
    headers = {"Content-Type": content if method == "PATCH" else "application/json"}
    status, answer = server.request(method, f"{path}{separator}fieldManager={manager}", body, **headers)
    # Earlier edits may have deleted the object (404, or 422 for a part of one), or taken the field (409).
    assert status in (200, 201, 404, 409, 422), answer


def _patch(server: LightApiserver, manifest: Manifest, step: int) -> None:
    _send(server, "PATCH", path_of(manifest), _value_of_ours(manifest["kind"], step), "somebody")


def _replace(server: LightApiserver, manifest: Manifest, step: int, manager: str) -> None:
    status, live = server.request("GET", path_of(manifest))
    if status == 200:
        for section, values in _value_of_ours(manifest["kind"], step).items():
            live[section] = {**live[section], **values}
        _send(server, "PUT", path_of(manifest), live, manager)


def _force_apply(server: LightApiserver, manifest: Manifest, step: int) -> None:
    part = {key: manifest[key] for key in ("apiVersion", "kind")}
    part |= {"metadata": {"name": manifest["metadata"]["name"]}, **_value_of_ours(manifest["kind"], step)}
    _send(server, "PATCH", f"{path_of(manifest)}?force=true", part, "bully", APPLY)


def _agree(server: LightApiserver, manifest: Manifest, step: int) -> None:
    metadata = {"name": manifest["metadata"]["name"], "labels": {"app": "ours"}}
    part = {"apiVersion": manifest["apiVersion"], "kind": manifest["kind"], "metadata": metadata}
    if server.request("GET", path_of(manifest))[0] == 200:
        _send(server, "PATCH", path_of(manifest), part, "friend", APPLY)


def _metadata(section: str, name: str, value: str | None) -> Callable[..., None]:
    def edit(server: LightApiserver, manifest: Manifest, step: int) -> None:
        patch = {"metadata": {section: {name: value}}}
        _send(server, "PATCH", path_of(manifest), patch, "somebody")

    return edit


def _scale(server: LightApiserver, manifest: Manifest, step: int) -> None:
    body = {"spec": {"replicas": 20 + step}}
    _send(server, "PATCH", f"{path_of(manifest)}/scale", body, "scaler")


def _status(server: LightApiserver, manifest: Manifest, step: int) -> None:
    condition = {"type": "Theirs", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    body = {"status": {"conditions": [condition]}}
    _send(server, "PATCH", f"{path_of(manifest)}/status", body, "controller")


def _other_version(server: LightApiserver, manifest: Manifest, step: int) -> None:
    path = path_of(manifest).replace("/v2/", "/v1/")
    _send(server, "PATCH", path, _value_of_ours(manifest["kind"], step), "old-tool")


def _delete(server: LightApiserver, manifest: Manifest, step: int) -> None:
    assert server.request("DELETE", path_of(manifest))[0] in (200, 404)


# Name -> the edit and, where not all, the kinds it is possible for.
ALL = tuple(PATHS)
OURS: dict[str, tuple[Callable[..., None], tuple[str, ...]]] = {
    "patch": (_patch, ALL),
    "update": (lambda *args: _replace(*args, "somebody"), ALL),
    "update under our name": (lambda *args: _replace(*args, FIELD_MANAGER), ALL),
    "force-apply": (_force_apply, ALL),
    "our label changed": (_metadata("labels", "app", "theirs"), ALL),
    "our label removed": (_metadata("labels", "app", None), ALL),
    "our hash removed": (_metadata("annotations", HASH, None), ALL),
    "the set's label removed": (_metadata("labels", PART_OF, None), ALL),
    "scale": (_scale, ("Deployment",)),
    "patch in another version": (_other_version, ("HorizontalPodAutoscaler",)),
    "delete": (_delete, ALL),
}
THEIRS: dict[str, tuple[Callable[..., None], tuple[str, ...]]] = {
    "their label": (_metadata("labels", "theirs", "1"), ALL),
    "their annotation": (_metadata("annotations", "theirs", "1"), ALL),
    "the same value applied by another": (_agree, ALL),
    "status": (_status, ("Service", "Deployment", "HorizontalPodAutoscaler")),
}
EDITS = {**OURS, **THEIRS}


def state(kit: Kit) -> dict[str, Manifest]:
    """Return the namespace's objects without what can't be equal in two namespaces: names of the server's
    choice, times, and our keyed hash.
    """
    found = {}
    for name, manifest in objects(kit.namespace).items():
        live = kit.get(path_of(manifest))
        if live is None:
            continue
        metadata = live["metadata"]
        for key in ("uid", "resourceVersion", "creationTimestamp", "namespace", "generation"):
            metadata.pop(key, None)
        metadata.get("annotations", {}).pop(HASH, None)
        metadata.get("labels", {}).pop(PART_OF, None)
        for entry in metadata["managedFields"]:
            entry.pop("time", None)
        metadata["managedFields"].sort(key=str)
        for key in ("clusterIP", "clusterIPs"):
            live.get("spec", {}).pop(key, None)
        found[name] = live
    return found
