"""What role a binding hands out.

The API server looks the role up when the user who binds it may not bind any: until it knows the role, it
answers 404 for the binding. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cp_ingress_core.kube.identity import ObjectKey

GROUP = "rbac.authorization.k8s.io"
_BINDINGS = frozenset({"ClusterRoleBinding", "RoleBinding"})


def role_of(key: ObjectKey, manifest: Mapping[str, Any]) -> ObjectKey | None:
    """Return the identity of the role that a binding refers to, None for other objects."""
    role = manifest.get("roleRef")
    if key.group != GROUP or key.kind not in _BINDINGS or not isinstance(role, Mapping):
        return None
    kind = str(role.get("kind", ""))
    return ObjectKey(GROUP, kind, key.namespace if kind == "Role" else "", str(role.get("name", "")))
