"""Of rendered objects, what our option files decide or rely on; the charts' own text stays out."""

from __future__ import annotations

from typing import Any

_POD = "spec.template.spec"
_WORKLOAD = (
    "metadata.labels",
    "spec.replicas",
    "spec.strategy",
    "spec.updateStrategy",
    "spec.selector",
    "spec.template.metadata.annotations",
    "spec.template.metadata.labels",
    *(
        f"{_POD}.{key}"
        for key in (
            "affinity",
            "hostNetwork",
            "nodeSelector",
            "priorityClassName",
            "serviceAccountName",
            "terminationGracePeriodSeconds",
            "tolerations",
        )
    ),
)
_CONTAINER = ("image", "args", "lifecycle", "livenessProbe", "ports", "readinessProbe", "resources")
_PATHS = {
    "ClusterRoleBinding": ("roleRef.name", "subjects"),
    "CustomResourceDefinition": ("spec.scope", "spec.conversion.webhook.clientConfig"),
    "DaemonSet": _WORKLOAD,
    "Deployment": _WORKLOAD,
    "IngressClass": ("spec.controller",),
    "PodDisruptionBudget": ("spec",),
    "RoleBinding": ("roleRef.name", "subjects"),
    "Service": ("spec",),
}
# They change with every version of a chart and say nothing about our options.
_VERSION_LABELS = ("app.kubernetes.io/version", "helm.sh/chart")


def summary(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """Return ``{"apiVersion/kind namespace/name": {path: value}}``, sorted by name."""
    return dict(sorted((_title(item), _facts(item)) for item in objects))


def _title(item: dict[str, Any]) -> str:
    metadata = item["metadata"]
    place = "/".join(part for part in (metadata.get("namespace"), metadata["name"]) if part)
    return f"{item['apiVersion']}/{item['kind']} {place}"


def _facts(item: dict[str, Any]) -> dict[str, Any]:
    facts = {path: value for path in _PATHS.get(item["kind"], ()) if (value := _at(item, path)) is not None}
    for container in _at(item, f"{_POD}.containers") or []:
        facts |= {
            f"container {container['name']}: {key}": container[key] for key in _CONTAINER if key in container
        }
    if item["kind"] == "Role":
        facts["leases"] = [rule["resourceNames"] for rule in item["rules"] if rule.get("resourceNames")]
    return {path: _plain(value) for path, value in facts.items()}


def _at(item: Any, path: str) -> Any:
    for key in path.split("."):
        item = item.get(key) if isinstance(item, dict) else None
    return item


def _plain(value: Any) -> Any:
    """Leave out what follows the version: labels that name it, and image digests."""
    if isinstance(value, dict):
        return {key: _plain(below) for key, below in value.items() if key not in _VERSION_LABELS}
    if isinstance(value, list):
        return [_plain(below) for below in value]
    return value.partition("@sha256:")[0] if isinstance(value, str) else value
