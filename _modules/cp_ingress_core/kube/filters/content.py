"""A namespace or definition that holds objects of others stays: deleting it would delete them."""

from __future__ import annotations

from cp_ingress_core.kube.filters.model import Context, Member, Verdict

_NAMED = 5


def check(member: Member, context: Context) -> Verdict | None:
    """Keep what holds objects that are not the set's, naming the first few."""
    held = context.contents.get(member.uid)
    if not held:
        return None
    more = f" and {len(held) - _NAMED} more" if len(held) > _NAMED else ""
    return Verdict(f"still holds {', '.join(held[:_NAMED])}{more}, which are not of this set", warn=True)
