"""The set's own parent is never a member to delete; it goes after everything else."""

from __future__ import annotations

from cp_ingress_core.kube.filters.model import Context, Member, Verdict


def check(member: Member, context: Context) -> Verdict | None:
    """Keep the parent."""
    if context.parent is not None and member.key == context.parent:
        return Verdict("is the parent of the set", silent=True)
    return None
