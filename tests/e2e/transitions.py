"""Changes of the endpoint on the real cluster, watched by a client that asks for old and new all along."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.e2e import ingress, pages
from tests.sandbox import salt, vip, watch
from tests.sandbox.cluster import Sandbox
from tests.sandbox.process import kill_group, wait_for
from tests.sandbox.progress import figure

RECORD = "cp-ingress-endpoint"


@dataclass(frozen=True)
class Wish:
    """An endpoint as the Bootstrap file asks for it; `holder` is the node to which the user gives the IP."""

    ip: str
    metallb: bool = True
    holder: str = ""

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"https://{self.ip}:{ingress.PORT}/"


@dataclass(frozen=True)
class Change:
    """What came of a change: the run, and what the client saw from its beginning to its end."""

    run: ingress.Run
    seen: watch.Seen
    settled: float


def write(cluster: Sandbox, wish: Wish) -> None:
    """Write the Bootstrap file."""
    cluster.bootstrap_file(ingress.bootstrap_file(wish.ip, metallb=wish.metallb))


def hold(cluster: Sandbox, wish: Wish) -> None:
    """Give the IP to its node, as a user who manages it would."""
    if wish.holder:
        vip.give(cluster, wish.holder, wish.ip)


def give_up(cluster: Sandbox, wish: Wish) -> None:
    """Take the IP off its node."""
    if wish.holder:
        vip.take(cluster, wish.holder, wish.ip)


def forget(cluster: Sandbox, *wishes: Wish) -> None:
    """Have the nodes forget who asked for these IPs while nobody served them.

    A node remembers such an attempt for two minutes, without a pod that it would lead to. The client, which
    asks twenty times a second for an address that is gone, comes back with the same port within that time.
    """
    for node in cluster.running:
        for wish in wishes:
            node.run(["conntrack", "--delete", "--orig-dst", wish.ip], check=False)


def by_the_page(cluster: Sandbox) -> ingress.Run:
    """Run the commands of the documented procedure on the bootstrap node, in their order; return the run."""
    procedure = pages.commands("changing.md", "salt-call")[:4]
    assert [words[0] for words in procedure] == [
        "bootstrap_config.check",
        "cp_ingress.plan",
        "state.apply",
        "cp_ingress.status",
    ]
    done = [cluster.salt_call("n1", *words) for words in procedure]
    assert (done[0].rc, done[0].data["errors"]) == (0, []), done[0].stdout
    assert "endpoint-service-applied" in done[1].data, done[1].stdout
    assert done[3].data["agrees"] is True, done[3].stdout
    return ingress.run_of(done[2])


def change(
    cluster: Sandbox, old: Wish, new: Wish, ca: str, apply: Callable[[Sandbox], ingress.Run] = ingress.apply
) -> Change:
    """Edit the Bootstrap file and apply, while the client asks for both addresses every 50 ms."""
    forget(cluster, old, new)
    hold(cluster, new)
    write(cluster, new)
    with watch.endpoints([old.url, new.url], ca, ips=[old.ip, new.ip]) as watching:
        run = apply(cluster)
        settled = time.monotonic()
        wait_for(lambda: time.monotonic() > settled + 2, timeout=10, what="two seconds more of watching")
    give_up(cluster, old)
    return Change(run, watching.seen, settled)


def report(name: str, found: Change, old: Wish, new: Wish) -> None:
    """Print what the client saw."""
    figure(name, len(found.seen.failed_moments(old.url, new.url)), "count")
    print(found.seen.summary())


def broken_off(cluster: Sandbox, old: Wish, new: Wish, seed: int) -> str:
    """Begin a change and kill the run after a random time; return the phase in which that left it."""
    hold(cluster, new)
    write(cluster, new)
    process = cluster.salt_call_popen("n1", "state.apply", "cp_ingress")
    after = random.Random(seed).uniform(1.5, 9.0)  # noqa: S311  nothing secret
    deadline = time.monotonic() + after
    wait_for(
        lambda: process.poll() is not None or time.monotonic() > deadline,
        timeout=after + 5,
        interval=0.05,
        what="the moment to break the run off",
    )
    if process.poll() is None:
        kill_group(process)
    else:
        process.communicate()
    return str(record(cluster)["data"]["phase"])


def record(cluster: Sandbox) -> dict[str, dict[str, str]]:
    """Return the record as it is stored."""
    found = cluster.kubectl("get", "configmap", RECORD, "--namespace=cp-ingress", "--output=json").stdout
    return dict(json.loads(found))


def settled_at(cluster: Sandbox) -> str:
    """Return the IP that the record says is in force; an empty text while a change is under way."""
    data = record(cluster)["data"]
    return str(json.loads(data["current"])["ip"]) if data["phase"] == "settled" else ""


def seed() -> int:
    """Return a seed that is printed, so that a failure can be played again."""
    chosen = random.SystemRandom().randrange(10**6)
    print(f"seed {chosen}")
    return chosen


def taken_over(cluster: Sandbox, ip: str, ca: str, *, metallb: bool, holder: str) -> Change:
    """Change the mode on the same IP while the client asks for it; play the user's part in the hand-over.

    From MetalLB to the user: once nobody answers for the IP, give it to `holder`. The other way round: take
    it off there once the run says that it waits.
    """
    wish = Wish(ip, metallb=metallb, holder=holder)
    write(cluster, wish)
    with watch.endpoints([wish.url], ca, ips=[ip]) as watching:
        process = cluster.salt_call_popen("n1", "state.apply", "cp_ingress")
        if metallb:
            assert process.stderr is not None
            wait_for(
                lambda: "to be given up" in process.stderr.readline(), timeout=240, what="the run waiting"
            )
            give_up(cluster, wish)
        else:
            wait_for(
                lambda: not cluster.announcers(ip, wait=0.15), timeout=240, interval=0.01, what="silence"
            )
            hold(cluster, wish)
        out, err = process.communicate(timeout=300)
        settled = time.monotonic()
        wait_for(lambda: time.monotonic() > settled + 2, timeout=10, what="two seconds more of watching")
    data = salt.parse_json(out)
    run = ingress.run_of(salt.SaltResult(process.returncode, out, err, data["local"] if data else None))
    return Change(run, watching.seen, settled)
