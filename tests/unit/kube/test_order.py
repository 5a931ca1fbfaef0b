from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cp_ingress_core.kube.order import APPLY_ORDER, Stage, is_custom, rank, stages

GROUPS = {
    "CustomResourceDefinition": "apiextensions.k8s.io/v1",
    "APIService": "apiregistration.k8s.io/v1",
    "Deployment": "apps/v1",
}


def _obj(kind: str, api_version: str | None = None, name: str = "x") -> dict[str, Any]:
    return {"apiVersion": api_version or GROUPS.get(kind, "v1"), "kind": kind, "metadata": {"name": name}}


def _kinds(objects: list[dict[str, Any]], *, deleting: bool = False) -> list[str]:
    found = stages(objects, lambda obj: obj, deleting=deleting)
    return [obj["kind"] for _, items in found for obj in items]


KINDS = [kind for kind, _ in APPLY_ORDER]


@given(st.permutations(KINDS))
def test_kind_order(shuffled: list[str]) -> None:
    """One of each kind, shuffled, comes out in the order of the table."""
    assert _kinds([_obj(kind) for kind in shuffled]) == KINDS


@given(st.permutations(KINDS))
def test_deleting_is_the_opposite(shuffled: list[str]) -> None:
    assert _kinds([_obj(kind) for kind in shuffled], deleting=True) == KINDS[::-1]


def test_unknown_kinds_come_after_known_ones_of_their_stage_by_name_and_stable() -> None:
    objects = [_obj("Zebra", name="1"), _obj("Ant", name="2"), _obj("Pod"), _obj("Ant", name="1")]

    ((stage, items),) = stages(objects, lambda obj: obj)

    assert stage is Stage.WORKLOAD
    assert [(obj["kind"], obj["metadata"]["name"]) for obj in items] == [
        ("Pod", "x"),
        ("Ant", "2"),
        ("Ant", "1"),
        ("Zebra", "1"),
    ]


def test_prerequisites_come_before_workloads_and_services_do_not_block() -> None:
    """Secrets, ConfigMaps and RBAC in stages before Deployments; a Service in the same stage."""
    before = ["Secret", "ConfigMap", "ServiceAccount", "ClusterRole", "RoleBinding", "PersistentVolumeClaim"]
    deployment = rank(_obj("Deployment"))[0]

    assert all(rank(_obj(kind))[0] < deployment for kind in before)
    assert rank(_obj("Service"))[0] == deployment
    assert rank(_obj("Role"))[0] < rank(_obj("RoleBinding"))[0]


def test_custom_resources_come_late_and_webhook_configurations_last() -> None:
    objects = [
        _obj("ValidatingWebhookConfiguration", "admissionregistration.k8s.io/v1"),
        _obj("IPAddressPool", "metallb.io/v1beta1"),
        _obj("Deployment"),
        _obj("CustomResourceDefinition"),
        _obj("GatewayClass", "gateway.networking.k8s.io/v1"),
    ]

    assert _kinds(objects) == [
        "CustomResourceDefinition",
        "GatewayClass",
        "Deployment",
        "IPAddressPool",
        "ValidatingWebhookConfiguration",
    ]
    assert _kinds(objects, deleting=True)[-1] == "CustomResourceDefinition"


def test_which_groups_are_custom() -> None:
    custom = ["metallb.io/v1beta1", "gateway.networking.k8s.io/v1", "snapshot.storage.k8s.io/v1"]
    built_in = ["v1", "apps/v1", "networking.k8s.io/v1", "rbac.authorization.k8s.io/v1"]

    assert [is_custom(version) for version in custom] == [True] * 3
    assert [is_custom(version) for version in built_in] == [False] * 4
