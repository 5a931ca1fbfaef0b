"""Kinds whose deletion takes other objects, or data, along: deleted only where the caller names the kind."""

from __future__ import annotations

from cp_ingress_core.kube.filters.model import Context, Member, Verdict

ON_REQUEST = frozenset(
    {
        ("", "Namespace"),
        ("", "PersistentVolume"),
        ("", "PersistentVolumeClaim"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
    }
)


def check(member: Member, context: Context) -> Verdict | None:
    """Keep definitions, namespaces and volumes unless their kind was asked for."""
    if (member.key.group, member.key.kind) in ON_REQUEST and member.key.kind not in context.kinds:
        return Verdict(f"deleting it deletes what it holds; allow it with prune_kinds: [{member.key.kind}]")
    return None
