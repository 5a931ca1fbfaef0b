"""Making fields ours that another tool left behind: kubectl apply, create or replace, helm, a plain PUT.

The server keeps, per manager, which fields it set. A field that a manifest no longer has goes away only
when nobody else owns it, so what an earlier tool owned would stay forever. Moving its entries into ours
hands the fields over; the next apply then drops what is not wanted. Pure.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from cp_ingress_core.kube import fields
from cp_ingress_core.kube.operations import FIELD_MANAGER

# Tools of people, never controllers: what they own was meant as the whole object.
MANAGERS = frozenset(
    {"before-first-apply", "helm", "kubectl-client-side-apply", "kubectl-create", "kubectl-replace"}
)
# Every program on the Kubernetes client for Python, controllers included: only where an object is adopted.
ON_ADOPTION = frozenset({"OpenAPI-Generator", "Swagger-Codegen"})

Entry = Mapping[str, Any]


def managed_fields(obj: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return an object's managedFields, empty where it has none."""
    return list((obj.get("metadata") or {}).get("managedFields") or [])


def to_take(obj: Mapping[str, Any], managers: Collection[str]) -> list[Entry]:
    """Return the managedFields entries of `managers`; those for a subresource (status, scale) stay theirs."""
    return [
        entry
        for entry in managed_fields(obj)
        if entry.get("manager") in managers
        and entry.get("manager") != FIELD_MANAGER
        and not entry.get("subresource")
    ]


def migrated(obj: Mapping[str, Any], managers: Collection[str]) -> list[dict[str, Any]] | None:
    """Return the object's managedFields with the entries of `managers` moved into ours, or None if there
    are none.

    Only entries of the same apiVersion are merged: the server could not read fields of another version's
    schema in ours. The others are dropped, so that their fields belong to nobody.
    """
    taken = to_take(obj, managers)
    if not taken:
        return None
    current = managed_fields(obj)
    ours = fields.owned(current, FIELD_MANAGER)
    base = ours or max(taken, key=lambda entry: str(entry.get("time", "")))
    same = [entry for entry in taken if entry.get("apiVersion") == base.get("apiVersion")]
    merged = {
        **copy.deepcopy(dict(base)),
        "manager": FIELD_MANAGER,
        "operation": "Apply",
        "fieldsV1": fields.union(entry.get("fieldsV1") or {} for entry in [base, *same]),
    }
    rest = [entry for entry in current if entry not in taken and entry is not ours and entry != ours]
    return [merged, *rest]


def without_left_behind(after: Mapping[str, Any], managers: Collection[str]) -> dict[str, Any]:
    """Return a dry run's answer without the fields that only `managers` own: what taking over would
    remove.
    """
    taken = fields.union(entry.get("fieldsV1") or {} for entry in to_take(after, managers))
    others = fields.union(
        entry.get("fieldsV1") or {}
        for entry in managed_fields(after)
        if entry not in to_take(after, managers)
    )
    result = fields.remove(after, taken, others)
    return dict(result or after)


def names(entries: Iterable[Entry]) -> list[str]:
    """Return the managers of the entries, sorted."""
    return sorted({str(entry.get("manager")) for entry in entries})
