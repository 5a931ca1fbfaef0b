"""A namespace that still holds members of the set, or its parent, stays, and stays a member."""

from __future__ import annotations

from cp_ingress_core.kube.filters.model import Context, Member, Verdict


def check(member: Member, context: Context) -> Verdict | None:
    """Keep a namespace in which objects of this set stay."""
    if (member.key.group, member.key.kind) == (
        "",
        "Namespace",
    ) and member.key.name in context.used_namespaces:
        return Verdict("still holds objects of this set")
    return None
