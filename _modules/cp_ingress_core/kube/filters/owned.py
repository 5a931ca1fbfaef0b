"""An object with an owner is its owner's to delete."""

from __future__ import annotations

from cp_ingress_core.kube.filters.model import Context, Member, Verdict


def check(member: Member, context: Context) -> Verdict | None:
    """Keep what has ownerReferences."""
    del context
    owners = [
        f"{owner.get('kind')} {owner.get('name')}" for owner in member.metadata.get("ownerReferences") or []
    ]
    if owners:
        return Verdict(f"is owned by {', '.join(owners)} and goes with its owner", warn=True)
    return None
