"""Annotations with which a person, or a chart, asks for an object to outlive its set."""

from __future__ import annotations

from cp_ingress_core.kube.filters.model import Context, Member, Verdict

# The value counts: any other value asks for nothing.
KEEP = {
    "helm.sh/resource-policy": "keep",
    "cli-utils.sigs.k8s.io/on-remove": "keep",
    "client.lifecycle.config.k8s.io/deletion": "detach",
}


def check(member: Member, context: Context) -> Verdict | None:
    """Keep, and take out of the set, what an annotation wants kept."""
    del context
    annotations = member.metadata.get("annotations") or {}
    for name, value in KEEP.items():
        if annotations.get(name) == value:
            return Verdict(f"its annotation {name} says {value}", detach=True)
    return None
