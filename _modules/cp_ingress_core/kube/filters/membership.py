"""Only what carries the set's label on the live object is the set's: a label removed by hand sets an object
free.
"""

from __future__ import annotations

from cp_ingress_core.kube.filters.model import Context, Member, Verdict
from cp_ingress_core.kube.normalize import PART_OF


def check(member: Member, context: Context) -> Verdict | None:
    """Keep what is not labelled as a member."""
    if context.set_id and (member.metadata.get("labels") or {}).get(PART_OF) != context.set_id:
        return Verdict("no longer carries the set's label", silent=True)
    return None
