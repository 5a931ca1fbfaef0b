"""What a client sees of every change of the endpoint on the real cluster, several times, and broken off.

Brings a three-master cluster up and takes it away again. Each round changes the IP, switches to external
mode and back, and hands the same IP over both ways; a client asks for old and new every 50 ms. After each
change the objects of ours are compared with those of a fresh deployment. Takes some minutes a round.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.bench.cluster import running
from tests.e2e import ingress, transitions
from tests.e2e.transitions import Wish
from tests.sandbox.build import BuildError
from tests.sandbox.cluster import Sandbox
from tests.sandbox.errors import SandboxError
from tests.sandbox.progress import Progress, figure

FIRST, SECOND = Wish("10.200.0.50"), Wish("10.200.0.60")
USERS = Wish("10.200.0.70", metallb=False, holder="n2")
HOLDER = "n3"  # of the IP that is handed over

CHANGES = {
    "ip_change": (FIRST, SECOND),
    "switch_to_external": (SECOND, USERS),
    "switch_to_metallb": (USERS, FIRST),
}
# Definitions stay until they are asked for, and with them the parent of their set.
STAYS = ("CustomResourceDefinition", "Secret cp-ingress/cp-ingress-metallb")
GAP_BAR = 3.0  # seconds


@dataclass
class Results:
    """Failed requests by change, the gaps of handed-over IPs, and stale objects."""

    failed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CHANGES, 0))
    gaps: list[float] = field(default_factory=list)
    stale: set[str] = field(default_factory=set)

    def missed(self) -> list[str]:
        """Return the bars that were missed."""
        found = [f"{name}: {count} failed requests" for name, count in self.failed.items() if count]
        found += [f"same_ip_switch_gap: {gap:.2f} s" for gap in self.gaps if gap > GAP_BAR]
        return found + [f"stale: {name}" for name in sorted(self.stale)]


class Bench:
    """The cluster, what fresh deployments on it looked like, and what was measured."""

    def __init__(self, cluster: Sandbox, progress: Progress) -> None:
        self._cluster, self._progress = cluster, progress
        self.results = Results()
        self._fresh = {False: self._deploy(USERS)}
        ingress.apply(cluster, "cp_ingress.clean")
        transitions.give_up(cluster, USERS)
        self._fresh[True] = self._deploy(FIRST)
        self._ca = ingress.ca_certificate(cluster)
        ingress.wait_for_https(cluster, FIRST.ip, self._ca)

    def round(self) -> None:
        """Make every change once; ends where it began."""
        for name, (old, new) in CHANGES.items():
            self._progress.say(name)
            found = transitions.change(self._cluster, old, new, self._ca)
            self.results.failed[name] += len(found.seen.failed_moments(old.url, new.url))
            print(f"{name}\n{found.seen.summary()}", flush=True)
            self._compare(new)
        for metallb in (False, True):
            self._progress.say(f"{FIRST.ip} handed over to {'MetalLB' if metallb else 'the user'}")
            found = transitions.taken_over(self._cluster, FIRST.ip, self._ca, metallb=metallb, holder=HOLDER)
            self.results.gaps.append(found.seen.longest_gap(FIRST.url))
            print(found.seen.summary(), flush=True)
            self._compare(Wish(FIRST.ip, metallb=metallb))

    def break_off(self, seed: int) -> None:
        """Break each change off once at a random moment, and finish it."""
        for number, (name, (old, new)) in enumerate(CHANGES.items()):
            phase = transitions.broken_off(self._cluster, old, new, seed + number)
            self._progress.say(f"{name} broken off in phase {phase}, seed {seed + number}")
            ingress.apply(self._cluster)
            transitions.give_up(self._cluster, old)
            ingress.wait_for_https(self._cluster, new.ip, self._ca)
            self._compare(new)

    def _deploy(self, wish: Wish) -> set[str]:
        self._progress.say(f"a fresh deployment on {wish.ip}, {'metallb' if wish.metallb else 'external'}")
        transitions.hold(self._cluster, wish)
        transitions.write(self._cluster, wish)
        ingress.apply(self._cluster)
        return self._objects(wish)

    def _objects(self, wish: Wish) -> set[str]:
        return {name.replace(wish.ip.replace(".", "-"), "IP") for name in ingress.ours(self._cluster)}

    def _compare(self, wish: Wish) -> None:
        differing = self._objects(wish) ^ self._fresh[wish.metallb]
        stays = () if wish.metallb else STAYS
        self.results.stale |= {name for name in differing if not any(part in name for part in stays)}


def parser() -> argparse.ArgumentParser:
    """The parser of the options."""
    top = argparse.ArgumentParser(prog="python -m tests.bench transitions", description=__doc__)
    top.add_argument("--rounds", type=int, default=3, help="how often every change is made (default: 3)")
    top.add_argument(
        "--break-offs", type=int, default=5, help="how often every change is broken off (default: 5)"
    )
    top.add_argument("--seed", type=int, help="of the random moments (default: a new one, which is printed)")
    top.add_argument("--strict", action="store_true", help="exit with 1 when a bar is missed")
    return top


def main(arguments: Sequence[str]) -> int:
    """Measure, print figures and missed bars; return the exit code."""
    options = parser().parse_args(arguments)
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    progress = Progress()
    try:
        found = _measure(options, seed, progress)
    except (SandboxError, BuildError) as error:
        progress.say(f"transitions: {error}")
        return 1
    for name, count in found.failed.items():
        figure(f"{name}_failed_requests", count, "count")
    if found.gaps:
        figure("same_ip_switch_gap", round(max(found.gaps), 2), "s")
    figure("stale_objects_after_transitions", len(found.stale), "count")
    missed = found.missed()
    for line in missed:
        print(f"bar missed: {line}", flush=True)
    return 1 if missed and options.strict else 0


def _measure(options: argparse.Namespace, seed: int, progress: Progress) -> Results:
    with running() as cluster:
        bench = Bench(cluster, progress)
        for number in range(options.rounds):
            progress.say(f"round {number + 1} of {options.rounds}")
            bench.round()
        for number in range(options.break_offs):
            bench.break_off(seed + number * len(CHANGES))
    return bench.results
