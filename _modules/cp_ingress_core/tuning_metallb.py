"""The pillar's ``cp_ingress:metallb``: how MetalLB works where it holds the ingress IP."""

from __future__ import annotations

from typing import Any

from cp_ingress_core.sections import Section

METALLB_KEYS = ("failover", "remove_crds")
FAILOVERS = ("fast", "default")


def read_metallb(section: Section) -> dict[str, Any]:
    """Return the fields of :class:`tuning.Tuning` that the section gives."""
    return {
        "failover": section.choice("failover", "fast", FAILOVERS),
        "remove_crds": section.boolean("remove_crds", False),
    }
