"""Members as the filters see them."""

from __future__ import annotations

from typing import Any

from cp_ingress_core.kube.discovery import Resource
from cp_ingress_core.kube.filters import Member
from cp_ingress_core.kube.identity import ObjectKey

NAMESPACE = ("", "Namespace")
CONFIG_MAP = ("", "ConfigMap")


def member(group_kind: tuple[str, str] = CONFIG_MAP, name: str = "a", /, **metadata: Any) -> Member:
    group, kind = group_kind
    resource = Resource(group, "v1", kind, f"{kind.lower()}s", namespaced=kind != "Namespace")
    key = ObjectKey(group, kind, "n" if resource.namespaced else "", name)
    return Member(key, resource, {"metadata": {"name": name, "uid": "uid-1", **metadata}})
