"""The node that holds the ingress IP is lost and comes back: what a client sees of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.e2e import ingress
from tests.sandbox import watch
from tests.sandbox.cluster import Sandbox
from tests.sandbox.process import wait_for

EVERY = 0.1
"""Ten requests a second, each on a connection of its own; the first fills the client's ARP table."""

STEADY = 10
"""So many answers in a row are service again."""

NGINX = "deployment/ingress-nginx-controller"


@dataclass(frozen=True)
class Loss:
    """One power loss, times in seconds.

    `gap`: longest time without an answer after it; `return_gap`: the same since the power came back;
    `several`: longest time in which more than one MAC answered; `restored`: until both replicas ran
    elsewhere, None where that was not waited for; `holders`: who holds the IP in the end.
    """

    gap: float
    return_gap: float
    several: float
    restored: float | None
    holders: tuple[str, ...]
    seen: watch.Seen

    def __str__(self) -> str:
        restored = "" if self.restored is None else f", replicas elsewhere after {self.restored:.0f} s"
        return (
            f"gap {self.gap:.2f} s, on return {self.return_gap:.2f} s, "
            f"several MACs for {self.several:.2f} s{restored}"
        )


def url(ip: str) -> str:
    """The endpoint on an IP."""
    return f"https://{ip}:{ingress.PORT}/"


def hold(sandbox: Sandbox, node: str, ip: str) -> None:
    """Make a node hold the IP, and a replica run there.

    Of the nodes with a replica MetalLB takes the first one by a hash over node and IP. For ingress.VIP that
    is n1 wherever it has one; so a replica is moved there, and the IP follows.
    """
    nodes = ingress.nginx_nodes(sandbox)
    if node not in nodes:
        (other, *_) = nodes
        sandbox.kubectl("cordon", other)
        try:
            sandbox.kubectl("delete", "--namespace=cp-ingress", "pod", *_replicas_on(sandbox, other))
            wait_for(lambda: node in ingress.nginx_nodes(sandbox), timeout=90, what=f"a replica on {node}")
        finally:
            sandbox.kubectl("uncordon", other)
    wait_for(
        lambda: list(sandbox.announcers(ip).values()) == [node],
        timeout=120,
        what=f"{ip} held by {node} alone",
    )


def lose_and_return(sandbox: Sandbox, node: str, ip: str, ca: str, *, wait_for_replica: bool = False) -> Loss:
    """Cut the power of the node that holds the IP, and switch it on again, while a client goes on asking."""
    with watch.endpoints([url(ip)], ca, every=EVERY, kept=False, ips=[ip]) as watching:
        wait_for_service(watching, ip, time.monotonic())
        off = time.monotonic()
        sandbox.power_off(node)
        wait_for_service(watching, ip, off)
        restored = None
        if wait_for_replica:
            wait_for_replicas_beside(sandbox, node)
            restored = time.monotonic() - off
        on = time.monotonic()
        sandbox.power_on(node)
        wait_for(lambda: speaker_nodes(sandbox) >= {node}, timeout=120, what=f"the speaker on {node}")
        wait_for(lambda: len(set(ingress.nginx_nodes(sandbox))) == 2, timeout=120, what="two replicas")
        wait_for(lambda: len(sandbox.announcers(ip, wait=1)) == 1, timeout=60, what="one MAC for the IP")
        wait_for_service(watching, ip, time.monotonic())
    seen = watching.seen
    return Loss(
        gap=seen.between(off - 1, on).longest_gap(url(ip)),
        return_gap=seen.between(on).longest_gap(url(ip)),
        several=seen.several_holders(ip),
        restored=restored,
        holders=tuple(sandbox.announcers(ip, wait=2).values()),
        seen=seen,
    )


def undisturbed(sandbox: Sandbox, ip: str, ca: str, action: Callable[[], Any]) -> watch.Seen:
    """What a client sees, twenty requests a second, of something that should disturb nobody."""
    with watch.endpoints([url(ip)], ca, ips=[ip]) as watching:
        wait_for_service(watching, ip, time.monotonic())
        action()
        wait_for(lambda: not ending(sandbox), timeout=120, what="the earlier pods gone")
        wait_for_service(watching, ip, time.monotonic())
    return watching.seen


def drain(sandbox: Sandbox, node: str) -> None:
    """Drain a node, as before its upgrade, and wait until both replicas serve elsewhere."""
    sandbox.kubectl(
        "drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=120s", timeout=130
    )
    wait_for_replicas_beside(sandbox, node)


def restart_nginx(sandbox: Sandbox) -> None:
    """Let all NGINX pods be replaced, as for a new version."""
    sandbox.kubectl("rollout", "restart", NGINX, "--namespace=cp-ingress")
    sandbox.kubectl("rollout", "status", NGINX, "--namespace=cp-ingress", "--timeout=240s", timeout=250)


def wait_for_replicas_beside(sandbox: Sandbox, node: str) -> None:
    """Return when two replicas serve on two nodes, and none is needed on this one."""
    wait_for(
        lambda: len(set(ingress.nginx_nodes(sandbox)) - {node}) == 2,
        timeout=240,
        what=f"two replicas beside {node}",
    )


def wait_for_service(watching: watch.Watching, ip: str, since: float) -> None:
    """Return when the IP has answered requests that were sent after a moment."""

    def answered() -> bool:
        asked = [request for request in watching.so_far.of(url(ip)) if request.start > since]
        return sum(request.answered for request in asked[-STEADY - 2 :]) >= STEADY

    wait_for(answered, timeout=120, what=f"{STEADY} answers from {ip}")


def speaker_nodes(sandbox: Sandbox) -> set[str]:
    """Nodes whose MetalLB speaker is ready."""
    return {pod["spec"]["nodeName"] for pod in _pods(sandbox, "metallb-system", "speaker") if _ready(pod)}


def lost_nodes(sandbox: Sandbox) -> set[str]:
    """Nodes that the cluster takes for lost."""
    return {node["metadata"]["name"] for node in ingress.listed(sandbox, "nodes") if not _ready(node)}


def ending(sandbox: Sandbox) -> list[str]:
    """NGINX pods that are about to end."""
    pods = _pods(sandbox, "cp-ingress", "controller")
    return [pod["metadata"]["name"] for pod in pods if "deletionTimestamp" in pod["metadata"]]


def share_a_node(sandbox: Sandbox) -> bool:
    """Whether two replicas that were not told to end are on one node."""
    pods = [pod for pod in _pods(sandbox, "cp-ingress", "controller") if "nodeName" in pod["spec"]]
    nodes = [pod["spec"]["nodeName"] for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    return len(nodes) != len(set(nodes))


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest of the values that so many percent of them do not exceed."""
    ordered = sorted(values)
    rank = -(-percent * len(ordered) // 100)
    return ordered[max(rank, 1) - 1]


def _replicas_on(sandbox: Sandbox, node: str) -> list[str]:
    pods = _pods(sandbox, "cp-ingress", "controller")
    return [pod["metadata"]["name"] for pod in pods if pod["spec"].get("nodeName") == node]


def _pods(sandbox: Sandbox, namespace: str, component: str) -> list[dict[str, Any]]:
    selector = f"--selector=app.kubernetes.io/component={component}"
    found = sandbox.kubectl("get", "pods", f"--namespace={namespace}", selector, "--output=json").stdout
    return list(json.loads(found)["items"])


def _ready(found: dict[str, Any]) -> bool:
    conditions = found["status"].get("conditions", [])
    return any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)
