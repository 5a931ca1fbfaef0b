"""How soon MetalLB's speakers take a silent one for lost: the ConfigMap that times their failure detector.

The speakers watch each other with memberlist (SWIM). A member that misses a probe, directly and by way of
others, is suspected; one that has not refuted the suspicion in time is lost, and another node announces the
IP. With up to ten speakers the time from a power loss to that moment is

    the wait for the next probe (at most 3 intervals)
    + ProbeInterval + SuspicionMult * ProbeInterval

With three speakers or more that holds for a node that a second one suspects too; one speaker's word alone
counts after SuspicionMaxTimeoutMult times as long.

MetalLB reads the timings when a speaker starts, and refuses a file that lacks a field.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cp_ingress_core.settings import Settings

CONFIG_MAP = "metallb-memberlist-config"
"""The name that MetalLB's chart mounts."""

FILE = "config.json"

FAST: dict[str, Any] = {
    # Shorter ones find a lost node no sooner than a few tenths of a second, and suspect every busy one.
    "ProbeInterval": "350ms",
    "ProbeTimeout": "300ms",
    # A second's time to refute; four, as long as a single speaker suspects: it may be late itself.
    "SuspicionMult": 3,
    "SuspicionMaxTimeoutMult": 4,
    # A node that suspects others because it is late itself slows down to twice the interval, no further.
    "AwarenessMaxMultiplier": 2,
    # More copies of each suspicion and refutation: they must get through where packets are lost.
    "RetransmitMult": 8,
    "GossipInterval": "100ms",
    "GossipNodes": 3,
    "GossipToTheDeadTime": "15s",
    "IndirectChecks": 3,
    "DisableTcpPings": False,
    "TCPTimeout": "1s",
    # Speakers that lost each other find together again sooner.
    "PushPullInterval": "15s",
    # The messages are too small to gain from it.
    "EnableCompression": False,
    # The rest is memberlist's own.
    "GossipVerifyIncoming": True,
    "GossipVerifyOutgoing": True,
    "HandoffQueueDepth": 1024,
    "UDPBufferSize": 1400,
    "QueueCheckInterval": "30s",
}


def memberlist_config(settings: Settings) -> list[dict[str, Any]]:
    """Return the ConfigMap that MetalLB's speakers take their timings from.

    Parameters
    ----------
    settings
        ``failover: fast`` has our timings, ``default`` those that MetalLB is built with.

    Returns
    -------
    list of dict
        One ConfigMap in MetalLB's namespace; none with ``default``.
    """
    if settings.failover == "default":
        return []
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": CONFIG_MAP,
                "namespace": settings.metallb_namespace,
                "labels": {
                    "app.kubernetes.io/managed-by": "Salt",
                    "app.kubernetes.io/part-of": "cp-ingress",
                },
            },
            "data": {FILE: json.dumps(FAST, indent=2, sort_keys=True) + "\n"},
        }
    ]


def timings_id(settings: Settings) -> str:
    """Return what tells one set of timings from another: speakers restart when it changes."""
    data = [item["data"] for item in memberlist_config(settings)]
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16] if data else "default"
