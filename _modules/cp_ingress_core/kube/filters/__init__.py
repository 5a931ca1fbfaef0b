"""Why an object that left the set is not deleted: one reason per module, asked in this order."""

from __future__ import annotations

from cp_ingress_core.kube.filters import (
    applied,
    content,
    keep,
    membership,
    namespace_in_use,
    on_request,
    owned,
    parent,
    protected,
    terminating,
)
from cp_ingress_core.kube.filters.model import Context, Filter, Member, Verdict

__all__ = ["FILTERS", "Context", "Member", "Verdict", "verdict"]

FILTERS: tuple[Filter, ...] = (
    membership.check,
    applied.check,
    parent.check,
    terminating.check,
    owned.check,
    keep.check,
    protected.check,
    namespace_in_use.check,
    on_request.check,
    content.check,
)


def verdict(member: Member, context: Context) -> Verdict | None:
    """Return the first reason for which `member` stays, or None when it may be deleted."""
    return next(filter(None, (check(member, context) for check in FILTERS)), None)
