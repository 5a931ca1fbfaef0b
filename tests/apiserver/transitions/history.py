"""What the cluster held at every single moment of a run, read from the apiserver's history afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.lighttier import LightApiserver

SERVICES = "/api/v1/namespaces/cp-ingress/services"
POOLS = "/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools"


@dataclass(frozen=True)
class Moment:
    """The addresses in MetalLB's pools, and those that Services ask MetalLB for."""

    pooled: frozenset[str]
    asked: frozenset[str]


def now(server: LightApiserver) -> int:
    """Return the revision that the cluster is at."""
    status, answer = server.request("GET", SERVICES)
    assert status == 200, answer
    return int(answer["metadata"]["resourceVersion"])


def between(server: LightApiserver, first: int, last: int) -> Iterator[Moment]:
    """Yield what each write between two revisions left, the first and the last included."""
    for revision in range(first, last + 1):
        exactly = f"?resourceVersion={revision}&resourceVersionMatch=Exact"
        lists = []
        for path in (POOLS, SERVICES):
            status, answer = server.request("GET", path + exactly)
            assert status == 200, answer
            lists.append(answer["items"])
        pools, services = lists
        asked = (
            (item["metadata"].get("annotations") or {}).get("metallb.io/loadBalancerIPs") for item in services
        )
        pooled = (address for item in pools for address in item["spec"]["addresses"])
        yield Moment(
            frozenset(address.partition("/")[0] for address in pooled), frozenset(ip for ip in asked if ip)
        )
