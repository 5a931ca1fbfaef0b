"""How soon the ingress IP is back after a power loss, beside keepalived; and how often it moves for nothing.

On the sandbox's three masters, with a client that asks ten times a second. `--runs` power losses of the node
that has the IP, in metallb mode and then with keepalived in external mode; between them, `--minutes` in which
all processors are busy and 5 % of the speakers' packets are lost: whoever holds the IP should keep it.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Callable, Sequence

from tests.bench.cluster import running
from tests.e2e import failover, ingress
from tests.sandbox import faults, vip, watch
from tests.sandbox.build import BuildError
from tests.sandbox.cluster import Sandbox
from tests.sandbox.errors import SandboxError
from tests.sandbox.progress import Progress, figure

NODE = "n1"
IP = ingress.VIP
KEEPALIVED_IP = "10.200.0.60"
LOSS_PERCENT = 5
BARS = {"median": 2.0, "p95": 3.0}
"""Seconds of the power loss in metallb mode."""


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark; returns 1 when a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench failover", description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="power losses of each kind (default: 10)")
    parser.add_argument(
        "--minutes", type=float, default=10, help="how long to wait for false failovers (default: 10)"
    )
    parser.add_argument(
        "--only", choices=PARTS, help="one part alone: power losses, false failovers, or keepalived's"
    )
    options = parser.parse_args(arguments)
    progress = Progress()
    parts = [options.only] if options.only else list(PARTS)
    try:
        with running() as sandbox:
            return max(PARTS[name](sandbox, progress, options) for name in parts)
    except (SandboxError, BuildError) as error:
        progress.say(f"failover: {error}")
        return 1


def metallb(sandbox: Sandbox, progress: Progress, options: argparse.Namespace) -> int:
    """Power losses of the announcing node."""
    ca = deploy(sandbox, IP, metallb=True)
    losses = []
    for number in range(1, options.runs + 1):
        failover.hold(sandbox, NODE, IP)
        losses.append(
            failover.lose_and_return(sandbox, NODE, IP, ca, wait_for_replica=number == options.runs)
        )
        progress.say(f"power loss {number} of {options.runs}: {losses[-1]}")
    gaps = [loss.gap for loss in losses]
    found = {"median": statistics.median(gaps), "p95": failover.percentile(gaps, 95)}
    for name, seconds in found.items():
        figure(f"failover_bootstrap_gap_{name}", round(seconds, 2), "s")
    figure("failover_return_gap", round(max(loss.return_gap for loss in losses), 2), "s")
    figure("second_replica_restored", round(losses[-1].restored or 0, 1), "s")
    return missed(progress, {name: (seconds, BARS[name]) for name, seconds in found.items()})


def false_failovers(sandbox: Sandbox, progress: Progress, options: argparse.Namespace) -> int:
    """Whether the IP moves while nothing is wrong but that everybody is busy and packets get lost."""
    ca = deploy(sandbox, IP, metallb=True)
    failover.hold(sandbox, NODE, IP)
    with (
        faults.speaker_loss(sandbox, LOSS_PERCENT),
        watch.endpoints([failover.url(IP)], ca, ips=[IP]) as seen,
    ):
        failover.wait_for_service(seen, IP, time.monotonic())
        with faults.busy_cores():
            time.sleep(options.minutes * 60)
        lost = sum(faults.dropped(sandbox, node.name) for node in sandbox.running)
        failover.wait_for_service(seen, IP, time.monotonic())
    progress.say(f"{lost} packets of speakers lost\n{seen.seen.summary()}")
    moves = changes_of_holder(seen.seen)
    figure("false_failovers", moves, "count")
    return missed(progress, {"false failovers": (moves, 0)})


def keepalived(sandbox: Sandbox, progress: Progress, options: argparse.Namespace) -> int:
    """The same power losses with the shipped keepalived.conf in external mode."""
    vip.give(sandbox, NODE, KEEPALIVED_IP)
    ca = deploy(sandbox, KEEPALIVED_IP, metallb=False)
    vip.take(sandbox, NODE, KEEPALIVED_IP)
    text = vip.example(KEEPALIVED_IP)
    gaps = []
    with vip.keepalived(sandbox, text):
        for number in range(1, options.runs + 1):
            gaps.append(_keepalived_gap(sandbox, ca, text))
            progress.say(f"power loss {number} of {options.runs}: gap {gaps[-1]:.2f} s")
    figure("keepalived_gap_median", round(statistics.median(gaps), 2), "s")
    figure("keepalived_gap_p95", round(failover.percentile(gaps, 95), 2), "s")
    return 0


def _keepalived_gap(sandbox: Sandbox, ca: str, text: str) -> float:
    """Cut the power of the node that has the IP, and switch it on again."""
    ip = KEEPALIVED_IP
    holder = vip.settled(sandbox, ip)
    with watch.endpoints([failover.url(ip)], ca, every=failover.EVERY, kept=False) as watching:
        failover.wait_for_service(watching, ip, time.monotonic())
        off = time.monotonic()
        sandbox.power_off(holder)
        failover.wait_for_service(watching, ip, off)
    sandbox.power_on(holder)
    vip.start(sandbox, text, [holder])
    return watching.seen.between(off - 1).longest_gap(failover.url(ip))


def deploy(sandbox: Sandbox, ip: str, *, metallb: bool) -> str:
    """Apply the formula; returns the path of the CA's certificate."""
    sandbox.bootstrap_file(ingress.bootstrap_file(ip, metallb=metallb))
    ingress.apply(sandbox)
    ca = ingress.ca_certificate(sandbox)
    ingress.wait_for_https(sandbox, ip, ca)
    return ca


def changes_of_holder(seen: watch.Seen) -> int:
    """How often another MAC than before answered for the IP."""
    holders = [mac for sample in seen.holders for mac in sorted(sample.macs)]
    return sum(one != other for one, other in itertools.pairwise(holders))


def missed(progress: Progress, found: dict[str, tuple[float, float]]) -> int:
    """Say which values exceed their bar; returns 1 when one does."""
    over = {name: pair for name, pair in found.items() if pair[0] > pair[1]}
    for name, (value, bar) in over.items():
        progress.say(f"{name}: {value:g}, the bar is {bar:g}")
    return int(bool(over))


PARTS: dict[str, Callable[[Sandbox, Progress, argparse.Namespace], int]] = {
    "metallb": metallb,
    "false-failovers": false_failovers,
    "keepalived": keepalived,
}
