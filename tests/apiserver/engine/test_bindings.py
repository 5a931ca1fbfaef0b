"""Roles and their bindings, made by a user who may hand on no more than that user's own rights."""

from __future__ import annotations

from typing import Any

import pytest

from cp_ingress_core.errors import CpIngressError
from tests.apiserver.engine.kit import Kit, rule

RBAC = "rbac.authorization.k8s.io"
VERBS = "get list create patch delete"


def role(name: str, namespace: str, verb: str) -> dict[str, Any]:
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "Role",
        "metadata": {"name": name, "namespace": namespace},
        "rules": [rule(verb, "pods")],
    }


def binding(name: str, namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name, "namespace": namespace},
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": "somebody", "namespace": namespace}],
    }


@pytest.fixture
def user(kit: Kit) -> Kit:
    """A user who may make roles, and has one right to hand on: to get pods."""
    rules = [
        rule(VERBS, "secrets"),
        rule(VERBS, "roles", "rolebindings", groups=[RBAC]),
        rule("get", "pods"),
    ]
    return kit.as_user("maker", rules)


def test_a_new_role_and_its_binding_are_predicted_and_made(user: Kit) -> None:
    objects = [binding("reader", user.namespace), role("reader", user.namespace, "get")]
    foretold = user.apply(objects, test=True)
    done = user.apply(objects)
    assert {change["action"] for change in done["changes"].values()} == {"created"}
    assert set(foretold["changes"]) == set(done["changes"])
    assert user.apply(objects)["changes"] == {}


def test_many_new_roles_are_known_before_their_bindings_need_them(user: Kit) -> None:
    names = [f"reader-{number}" for number in range(20)]
    objects = [make for name in names for make in (binding(name, user.namespace),)]
    objects += [role(name, user.namespace, "get") for name in names]
    done = user.apply(objects)
    assert len(done["changes"]) == 2 * len(names)


@pytest.mark.parametrize("test", [False, True], ids=["run", "test"])
def test_a_right_that_the_user_lacks_is_refused_by_name(user: Kit, test: bool) -> None:
    with pytest.raises(CpIngressError, match="attempting to grant") as caught:
        user.apply([role("killer", user.namespace, "delete")], test=test)
    assert caught.value.info["reason"] == "Forbidden"
    assert f"{RBAC}/v1/Role {user.namespace}/killer" in str(caught.value)


def test_a_binding_of_a_role_that_nobody_makes_fails_at_once(user: Kit) -> None:
    with pytest.raises(CpIngressError, match="not found") as caught:
        user.apply([binding("none", user.namespace)])
    assert caught.value.info["status"] == 404
