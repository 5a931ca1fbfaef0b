"""Which kinds live in a namespace: a table for Kubernetes' own, the render's own CRDs for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_CLUSTER = {
    "": "Namespace Node PersistentVolume ComponentStatus",
    "admissionregistration.k8s.io": "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding "
    "MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding "
    "ValidatingWebhookConfiguration",
    "apiextensions.k8s.io": "CustomResourceDefinition",
    "apiregistration.k8s.io": "APIService",
    "authentication.k8s.io": "SelfSubjectReview TokenReview",
    "authorization.k8s.io": "SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview",
    "certificates.k8s.io": "CertificateSigningRequest ClusterTrustBundle",
    "flowcontrol.apiserver.k8s.io": "FlowSchema PriorityLevelConfiguration",
    "networking.k8s.io": "IPAddress IngressClass ServiceCIDR",
    "node.k8s.io": "RuntimeClass",
    "policy": "PodSecurityPolicy",
    "rbac.authorization.k8s.io": "ClusterRole ClusterRoleBinding",
    "resource.k8s.io": "DeviceClass DeviceTaintRule ResourceSlice",
    "scheduling.k8s.io": "PriorityClass",
    "storage.k8s.io": "CSIDriver CSINode StorageClass VolumeAttachment VolumeAttributesClass",
}
_NAMESPACED = {
    "": "ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod PodTemplate ReplicationController "
    "ResourceQuota Secret Service ServiceAccount",
    "apps": "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
    "authorization.k8s.io": "LocalSubjectAccessReview",
    "autoscaling": "HorizontalPodAutoscaler",
    "batch": "CronJob Job",
    "coordination.k8s.io": "Lease LeaseCandidate",
    "discovery.k8s.io": "EndpointSlice",
    "events.k8s.io": "Event",
    "networking.k8s.io": "Ingress NetworkPolicy",
    "policy": "PodDisruptionBudget",
    "rbac.authorization.k8s.io": "Role RoleBinding",
    "resource.k8s.io": "ResourceClaim ResourceClaimTemplate",
    "storage.k8s.io": "CSIStorageCapacity",
}

Scopes = Mapping[tuple[str, str], bool]
"""(API group, kind) -> whether objects of that kind live in a namespace."""


def group_of(obj: Mapping[str, Any]) -> str:
    """API group of an object ("" for the core group)."""
    api_version = str(obj.get("apiVersion", ""))
    return api_version.rpartition("/")[0]


def scopes(objects: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], bool]:
    """Return the scope of every known kind: Kubernetes' own, and those that ``objects`` define by CRD."""
    known = dict(_BUILT_IN)
    for obj in objects:
        if (group_of(obj), obj.get("kind")) != ("apiextensions.k8s.io", "CustomResourceDefinition"):
            continue
        spec = obj.get("spec") or {}
        known[(spec.get("group", ""), (spec.get("names") or {}).get("kind", ""))] = (
            spec.get("scope") == "Namespaced"
        )
    return known


def _built_in() -> dict[tuple[str, str], bool]:
    return {
        (group, kind): namespaced
        for table, namespaced in ((_CLUSTER, False), (_NAMESPACED, True))
        for group, kinds in table.items()
        for kind in kinds.split()
    }


_BUILT_IN = _built_in()
