"""Which rule judges which kind, and the checks that hold for every kind."""

from __future__ import annotations

from collections.abc import Callable

from ..lookup import Object, text
from . import api, generic, jobs, network, pods, storage, workloads
from .model import Readiness, ready

Rule = Callable[[Object], Readiness]

# Keyed by group and kind: a version changes the spelling of an object, not what it is.
RULES: dict[tuple[str, str], Rule] = {
    ("apps", "Deployment"): workloads.deployment,
    ("apps", "DaemonSet"): workloads.daemon_set,
    ("apps", "StatefulSet"): workloads.stateful_set,
    ("apps", "ReplicaSet"): workloads.replica_set,
    ("batch", "Job"): jobs.job,
    ("", "Pod"): pods.pod,
    ("", "Service"): network.service,
    ("", "PersistentVolumeClaim"): storage.persistent_volume_claim,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): api.custom_resource_definition,
    ("apiregistration.k8s.io", "APIService"): api.api_service,
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): api.webhook_configuration,
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): api.webhook_configuration,
}

# Plain data: nothing works on these, so they are ready once they are stored.
AT_ONCE = frozenset(
    [
        ("", "ConfigMap"),
        ("", "Endpoints"),
        ("", "Event"),
        ("", "LimitRange"),
        ("", "Secret"),
        ("", "ServiceAccount"),
        ("batch", "CronJob"),
        ("discovery.k8s.io", "EndpointSlice"),
        ("networking.k8s.io", "Ingress"),
        ("networking.k8s.io", "IngressClass"),
        ("networking.k8s.io", "NetworkPolicy"),
        ("node.k8s.io", "RuntimeClass"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("rbac.authorization.k8s.io", "Role"),
        ("rbac.authorization.k8s.io", "RoleBinding"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("storage.k8s.io", "StorageClass"),
    ]
)


def assess(obj: Object) -> Readiness:
    """Say whether an object is ready.

    :param obj: the object as the API returns it, with ``apiVersion`` and ``kind`` (items of a LIST lack them:
        put them back first)
    :return: the state, and a reason that names counts, conditions and messages found in the object's status.
        A kind without a rule of its own is judged by its conditions; without conditions it is ready.
    """
    identity = _group_kind(text(obj, "apiVersion"), text(obj, "kind"))
    early = generic.gate(obj)
    if early is not None:
        return early
    if identity in AT_ONCE:
        return ready()
    return RULES.get(identity, generic.by_conditions)(obj)


def ready_at_once(api_version: str, kind: str) -> bool:
    """Whether objects of this kind are ready as soon as they are stored, so that there is nothing to read."""
    return _group_kind(api_version, kind) in AT_ONCE


def _group_kind(api_version: str, kind: str) -> tuple[str, str]:
    group = api_version.partition("/")[0] if "/" in api_version else ""
    return group, kind
