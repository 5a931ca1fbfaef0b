"""The ClusterRole in docs is enough for all kinds of the product, and holds no verb that is not needed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from cp_ingress_core.errors import CpIngressError
from tests.apiserver.engine.kit import Kit
from tests.apiserver.engine.objects import (
    annotated,
    config_map,
    custom,
    daemon_set,
    definition,
    deployment,
    namespace,
    role_binding,
    secret,
    service_account,
)

ROLES = Path(__file__).resolve().parents[3] / "docs" / "rbac.yaml"
RBAC = "rbac.authorization.k8s.io"


def _roles() -> dict[str, list[dict[str, Any]]]:
    return {role["metadata"]["name"]: role["rules"] for role in yaml.safe_load_all(ROLES.read_text())}


def _granted(rules: list[dict[str, Any]], *, managed: bool) -> set[tuple[str, str]]:
    return {
        (resource, verb)
        for rule in rules
        if ("patch" in rule["verbs"]) is managed
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def _other(api_version: str, kind: str, name: str, space: str = "", **rest: Any) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": space} if space else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest}


def _one_of_each(kit: Kit, space: str) -> list[dict[str, Any]]:
    name = kit.namespace
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    reference = {"apiGroup": RBAC, "kind": "ClusterRole", "name": name}
    port = {"ports": [{"port": 80}]}
    return [
        namespace(space),
        config_map(name, space),
        secret(name, space, a="b"),
        service_account(name, space),
        _other("v1", "Service", name, space, spec=port),
        deployment(name, space),
        daemon_set(name, space),
        _other("policy/v1", "PodDisruptionBudget", name, space, spec={"minAvailable": 1}),
        _other("networking.k8s.io/v1", "IngressClass", name, spec={"controller": "example.com/x"}),
        _other("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", name),
        _other(f"{RBAC}/v1", "ClusterRole", name, rules=rules),
        _other(f"{RBAC}/v1", "Role", name, space, rules=rules),
        _other(f"{RBAC}/v1", "ClusterRoleBinding", name, roleRef=reference),
        role_binding(name, space, name),
        definition("IPAddressPool", "metallb.io"),
        definition("L2Advertisement", "metallb.io"),
        custom("IPAddressPool", "metallb.io", name, space),
        custom("L2Advertisement", "metallb.io", name, space),
    ]


@pytest.fixture
def scenario(kit: Kit) -> set[tuple[str, str]]:
    """Create, change and delete one object of each kind with the two roles alone; return what was asked
    for.
    """
    roles = _roles()
    user = kit.as_user("product", [*roles["cp-ingress"], *roles["cp-ingress-clean"]])
    space = f"{kit.namespace}-product"
    objects = _one_of_each(kit, space)
    mark = kit.server.mark()
    asked = frozenset({"Namespace", "CustomResourceDefinition"})
    user.apply(objects)
    user.apply([annotated(obj, {"touched": "yes"}) for obj in objects])
    user.absent(prune_kinds=asked)
    events = [event for event in kit.server.since(mark) if event.user == f"{kit.namespace}-product"]
    assert [event.code for event in events if event.code == 403] == []
    return {(event.resource, event.verb) for event in events if event.resource}


def test_enough_and_not_more(scenario: set[tuple[str, str]]) -> None:
    managed = _granted(_roles()["cp-ingress"], managed=True)

    # The audit log shows a PATCH that creates as a patch; handing out rights is asked by the server itself.
    implied = {(resource, verb) for resource, verb in managed if verb in ("create", "escalate", "bind")}
    assert managed - scenario == implied


def test_without_it_the_charts_roles_are_refused(kit: Kit) -> None:
    rules = [rule for rule in _roles()["cp-ingress"] if "escalate" not in rule["verbs"]]
    weak = [{"apiGroups": [RBAC], "resources": ["clusterroles"], "verbs": ["get", "list", "create", "patch"]}]
    user = kit.as_user("weak", [*rules, *weak])
    role = _other(
        f"{RBAC}/v1",
        "ClusterRole",
        kit.namespace,
        rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["delete"]}],
    )

    with pytest.raises(CpIngressError, match="attempting to grant") as caught:
        user.apply([role])

    assert caught.value.info["reason"] == "Forbidden"
    assert json.dumps(caught.value.info)
