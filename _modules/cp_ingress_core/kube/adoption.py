"""Whether an object that exists already, and is not a member of the set, may become one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from cp_ingress_core.errors import ObjectError
from cp_ingress_core.kube import fields
from cp_ingress_core.kube.identity import describe
from cp_ingress_core.kube.normalize import PART_OF
from cp_ingress_core.kube.operations import FIELD_MANAGER
from cp_ingress_core.kube.takeover import managed_fields

Adopt = Literal["never", "unowned", "all"]
POLICIES: tuple[Adopt, ...] = ("never", "unowned", "all")

_HELM_RELEASE = "meta.helm.sh/release-name"
_HELM_NAMESPACE = "meta.helm.sh/release-namespace"


def owner_of(live: Mapping[str, Any], set_id: str = "") -> str | None:
    """Return who owns an object, in words, or None: another ApplySet, a Helm release, a controller.

    `set_id` is the set that asks; its own members have no other owner.
    """
    metadata = live["metadata"]
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    if labels.get(PART_OF, set_id) != set_id:
        return f"it is a member of another ApplySet ({labels[PART_OF]})"
    if labels.get("app.kubernetes.io/managed-by") == "Helm" and annotations.get(_HELM_RELEASE):
        return f"Helm release {annotations.get(_HELM_NAMESPACE, '?')}/{annotations[_HELM_RELEASE]} owns it"
    for owner in metadata.get("ownerReferences") or []:
        if owner.get("controller"):
            return f"{owner.get('kind')} {owner.get('name')} controls it"
    return None


def check(live: Mapping[str, Any], policy: Adopt, set_id: str = "") -> None:
    """Raise ObjectError when `policy` does not let us adopt the live object."""
    if policy == "all":
        return
    owner = owner_of(live, set_id)
    if owner is None and policy == "never" and fields.owned(managed_fields(live), FIELD_MANAGER) is None:
        owner = "it exists already and was not made by this tool"
    if owner is not None:
        raise ObjectError(
            f"{describe(live)}: {owner}; remove it there first, or allow taking it with adopt: all",
            reason="OwnedByOther",
            obj=describe(live),
        )
