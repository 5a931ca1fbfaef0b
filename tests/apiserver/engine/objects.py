"""Small manifests for the tests."""

from __future__ import annotations

from typing import Any

Manifest = dict[str, Any]


def config_map(name: str, namespace: str, /, **data: str) -> Manifest:
    return _object("v1", "ConfigMap", name, namespace, data=data)


def secret(name: str, namespace: str, /, **plain: str) -> Manifest:
    return _object("v1", "Secret", name, namespace, stringData=plain)


def namespace(name: str) -> Manifest:
    return _object("v1", "Namespace", name)


def service_account(name: str, namespace: str) -> Manifest:
    return _object("v1", "ServiceAccount", name, namespace)


def deployment(name: str, namespace: str, *, image: str = "a:1", replicas: int | None = 1) -> Manifest:
    spec: dict[str, Any] = {
        "selector": {"matchLabels": {"app": name}},
        "template": {
            "metadata": {"labels": {"app": name}},
            "spec": {"containers": [{"name": "main", "image": image}]},
        },
    }
    if replicas is not None:
        spec["replicas"] = replicas
    return _object("apps/v1", "Deployment", name, namespace, spec=spec)


def daemon_set(name: str, namespace: str) -> Manifest:
    manifest = deployment(name, namespace, replicas=None)
    return {**manifest, "kind": "DaemonSet"}


def job(name: str, namespace: str, *, image: str = "a:1") -> Manifest:
    pod = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": image}]}}
    return _object("batch/v1", "Job", name, namespace, spec={"template": pod})


def role_binding(name: str, namespace: str, role: str) -> Manifest:
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
    return _object("rbac.authorization.k8s.io/v1", "RoleBinding", name, namespace, roleRef=reference)


def definition(kind: str, group: str, *, scope: str = "Namespaced") -> Manifest:
    """A CustomResourceDefinition that accepts anything."""
    plural = f"{kind.lower()}s"
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
    }
    spec = {
        "group": group,
        "scope": scope,
        "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"},
        "versions": [version],
    }
    name = f"{plural}.{group}"
    return _object("apiextensions.k8s.io/v1", "CustomResourceDefinition", name, spec=spec)


def custom(kind: str, group: str, name: str, namespace: str = "", **spec: Any) -> Manifest:
    return _object(f"{group}/v1", kind, name, namespace, spec=spec)


def labelled(manifest: Manifest, **labels: str) -> Manifest:
    return _with(manifest, "labels", labels)


def annotated(manifest: Manifest, annotations: dict[str, str]) -> Manifest:
    return _with(manifest, "annotations", annotations)


def _with(manifest: Manifest, section: str, values: dict[str, str]) -> Manifest:
    metadata = manifest["metadata"]
    return {**manifest, "metadata": {**metadata, section: {**metadata.get(section, {}), **values}}}


def _object(api_version: str, kind: str, name: str, namespace: str = "", **rest: Any) -> Manifest:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest}
