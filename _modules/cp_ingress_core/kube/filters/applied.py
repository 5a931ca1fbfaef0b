"""One object may be served by two API groups: what was just applied under one is not stale under the
other.
"""

from __future__ import annotations

from cp_ingress_core.kube.filters.model import Context, Member, Verdict


def check(member: Member, context: Context) -> Verdict | None:
    """Keep what this run applied, by UID."""
    if member.uid in context.applied_uids:
        return Verdict("was just applied under another API group", silent=True)
    return None
