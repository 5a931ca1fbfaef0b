"""In which order objects are applied and deleted.

Objects of one stage don't need each other and go out in parallel; a stage begins when the one before has
ended. Definitions and namespaces come first, then classes and what workloads refer to, then what runs, then
custom resources (their webhooks run by now), and webhook configurations last, so that no webhook stands in
the way of what it needs itself.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from cp_ingress_core.kube.identity import split_api_version


class Stage(enum.IntEnum):
    """The stages in the order of applying; deleting goes the other way round."""

    FOUNDATION = 0
    CLASS = 1
    PREREQUISITE = 2
    BINDING = 3
    WORKLOAD = 4
    CUSTOM = 5
    WEBHOOK = 6


# The order Helm users know, with CustomResourceDefinition, Namespace and the classes drawn to the front.
APPLY_ORDER: tuple[tuple[str, Stage], ...] = (
    ("CustomResourceDefinition", Stage.FOUNDATION),
    ("Namespace", Stage.FOUNDATION),
    ("PriorityClass", Stage.CLASS),
    ("RuntimeClass", Stage.CLASS),
    ("StorageClass", Stage.CLASS),
    ("IngressClass", Stage.CLASS),
    ("NetworkPolicy", Stage.PREREQUISITE),
    ("ResourceQuota", Stage.PREREQUISITE),
    ("LimitRange", Stage.PREREQUISITE),
    ("PodDisruptionBudget", Stage.PREREQUISITE),
    ("ServiceAccount", Stage.PREREQUISITE),
    ("Secret", Stage.PREREQUISITE),
    ("ConfigMap", Stage.PREREQUISITE),
    ("PersistentVolume", Stage.PREREQUISITE),
    ("PersistentVolumeClaim", Stage.PREREQUISITE),
    ("ClusterRole", Stage.PREREQUISITE),
    ("Role", Stage.PREREQUISITE),
    ("ClusterRoleBinding", Stage.BINDING),
    ("RoleBinding", Stage.BINDING),
    ("Service", Stage.WORKLOAD),
    ("DaemonSet", Stage.WORKLOAD),
    ("Pod", Stage.WORKLOAD),
    ("ReplicationController", Stage.WORKLOAD),
    ("ReplicaSet", Stage.WORKLOAD),
    ("Deployment", Stage.WORKLOAD),
    ("HorizontalPodAutoscaler", Stage.WORKLOAD),
    ("StatefulSet", Stage.WORKLOAD),
    ("Job", Stage.WORKLOAD),
    ("CronJob", Stage.WORKLOAD),
    ("Ingress", Stage.WORKLOAD),
    ("APIService", Stage.WORKLOAD),
)
_RANK = {kind: (stage, rank) for rank, (kind, stage) in enumerate(APPLY_ORDER)}
_UNKNOWN_RANK = len(APPLY_ORDER)
_WEBHOOKS = frozenset({"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"})

Item = TypeVar("Item")


def is_custom(api_version: str) -> bool:
    """Tell whether an apiVersion belongs to a custom resource: Kubernetes' own groups have no dot or end in
    k8s.io.

    The ``k8s.io`` groups of add-ons (``gateway.networking.k8s.io``, ``snapshot.storage.k8s.io``) are custom
    too.
    """
    group = split_api_version(api_version)[0]
    return "." in group and group not in _BUILT_IN


_BUILT_IN = frozenset(
    f"{name}.k8s.io"
    for name in (
        "admissionregistration",
        "apiextensions",
        "apiregistration",
        "authentication",
        "authorization",
        "certificates",
        "coordination",
        "discovery",
        "events",
        "flowcontrol.apiserver",
        "internal.apiserver",
        "networking",
        "node",
        "rbac.authorization",
        "resource",
        "scheduling",
        "storage",
        "storagemigration",
    )
)


def rank(obj: Mapping[str, Any]) -> tuple[Stage, int, str]:
    """Return the sort key of an object: its stage, its kind's place in the order, and the kind's name."""
    kind = str(obj["kind"])
    if is_custom(str(obj["apiVersion"])):
        # A custom class is what other custom resources refer to.
        return (Stage.CLASS if kind.endswith("Class") else Stage.CUSTOM), _UNKNOWN_RANK, kind
    if kind in _WEBHOOKS:
        return Stage.WEBHOOK, _UNKNOWN_RANK, kind
    stage, place = _RANK.get(kind, (None, _UNKNOWN_RANK))
    if stage is None:
        stage = Stage.CLASS if kind.endswith("Class") else Stage.WORKLOAD
    return stage, place, kind


def stages(
    items: Iterable[Item], obj_of: Callable[[Item], Mapping[str, Any]], *, deleting: bool = False
) -> list[tuple[Stage, list[Item]]]:
    """Return the stages that occur, each with its items in order; the sort is stable.

    With `deleting` stages and items come in the opposite order: custom resources before what serves them,
    definitions and namespaces last.
    """
    ordered = sorted(items, key=lambda item: rank(obj_of(item)))
    if deleting:
        ordered.reverse()
    found: dict[Stage, list[Item]] = {}
    for item in ordered:
        found.setdefault(rank(obj_of(item))[0], []).append(item)
    return list(found.items())
