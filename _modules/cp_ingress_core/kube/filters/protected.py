"""Namespaces that belong to Kubernetes."""

from __future__ import annotations

from cp_ingress_core.kube.filters.model import Context, Member, Verdict

PROTECTED = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})


def check(member: Member, context: Context) -> Verdict | None:
    """Keep, and take out of the set, Kubernetes' own namespaces."""
    del context
    if (member.key.group, member.key.kind) == ("", "Namespace") and member.key.name in PROTECTED:
        return Verdict("is one of Kubernetes' own namespaces", detach=True)
    return None
