"""What is being deleted already is not deleted again: some servers answer a second DELETE with a conflict."""

from __future__ import annotations

from cp_ingress_core.kube.filters.model import Context, Member, Verdict


def check(member: Member, context: Context) -> Verdict | None:
    """Keep what has a deletion timestamp."""
    del context
    if member.metadata.get("deletionTimestamp"):
        return Verdict("is being deleted already", silent=True)
    return None
