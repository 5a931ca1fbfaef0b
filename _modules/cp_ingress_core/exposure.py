"""How external mode brings the ingress IP to NGINX: ``spec.externalIPs``, or a LoadBalancer's status of ours.

Kubernetes takes ``externalIPs`` away: kube-proxy's gate can be switched off from 1.36, is off from 1.40, and
the admission plug-in DenyServiceExternalIPs refuses them in any version. Pure functions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from cp_ingress_core.kube_proxy import GATE

Kind = Literal["externalIPs", "status"]

SETTINGS = ("auto", "externalIPs", "status")

_OFF_BY_DEFAULT = (1, 40)
# trafficDistribution: PreferSameNode (KEP-3015) is there for good since then.
_SAME_NODE = (1, 35)


@dataclass(frozen=True)
class Facts:
    """What is known of the cluster; None where it isn't.

    gate
        kube-proxy's gate, by its own words on this node.
    configured_gate
        The same gate in kube-proxy's configuration.
    denied
        Whether the apiserver refuses a Service with ``externalIPs``.
    current
        What carries the endpoint now.
    """

    version: str
    gate: bool | None = None
    configured_gate: bool | None = None
    denied: bool | None = None
    current: Kind | None = None


@dataclass(frozen=True)
class Exposure:
    """The way that was chosen, and why in one sentence."""

    kind: Kind
    reason: str


def decide(setting: str, facts: Facts) -> Exposure:
    """Choose the way.

    setting
        ``cp_ingress:external:exposure``: ``auto``, or one of the ways, which then is taken unseen.
    facts
        What ``auto`` goes by: nothing that works is changed, and ``externalIPs`` is preferred, which every
        kube-proxy of today serves.
    """
    if setting == "externalIPs":
        return Exposure("externalIPs", "the pillar asks for externalIPs")
    if setting == "status":
        return Exposure("status", "the pillar asks for status")
    obstacle = external_ips_obstacle(facts)
    if obstacle:
        return Exposure("status", obstacle)
    if facts.current:
        return Exposure(facts.current, f"{facts.current} carries the endpoint already")
    return Exposure("externalIPs", "nothing in the cluster speaks against externalIPs")


def external_ips_obstacle(facts: Facts) -> str:
    """Say why ``externalIPs`` would not work; empty when nothing is known to be in the way."""
    if facts.denied:
        return "the apiserver refuses Services with externalIPs (admission plug-in DenyServiceExternalIPs)"
    if facts.gate is False:
        return f"kube-proxy on this node runs with {GATE} off"
    if facts.configured_gate is False:
        return f"kube-proxy's configuration switches {GATE} off"
    known_on = facts.gate or facts.configured_gate or facts.current == "externalIPs"
    if not known_on and version_of(facts.version) >= _OFF_BY_DEFAULT:
        return f"in Kubernetes {facts.version} kube-proxy's {GATE} is off unless somebody switches it on"
    return ""


def knows_same_node(version: str) -> bool:
    """Whether Services of a Kubernetes version may prefer the pods on the node that a connection came to."""
    return version_of(version) >= _SAME_NODE


def version_of(text: str) -> tuple[int, int]:
    """Return major and minor of a version such as ``v1.36.3``; (0, 0) for what is none."""
    found = re.match(r"v?(\d+)\.(\d+)", text)
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)
