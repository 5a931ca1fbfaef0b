"""Faults: of the network between nodes, of the machine. Each is undone at the end of its block."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator, Sequence

from tests.sandbox.access import Access
from tests.sandbox.process import kill_group

SPEAKER_PORT = 7946
"""MetalLB's speakers talk to each other on this port, by UDP and by TCP."""

Rule = tuple[str, list[str]]


@contextlib.contextmanager
def speakers_apart(sandbox: Access, one: str, other: str) -> Iterator[None]:
    """Two nodes' speakers hear nothing of each other; everything else goes through."""
    rules = [
        (node, [*match, "--source", sandbox.node(peer).ip, "--jump", "DROP"])
        for node, peer in ((one, other), (other, one))
        for match in _speaker_matches()
    ]
    with _dropping(sandbox, rules):
        yield


@contextlib.contextmanager
def speaker_loss(sandbox: Access, percent: float = 5) -> Iterator[None]:
    """Between any two nodes, so many percent of the speakers' packets are lost at random."""
    chance = ["--match", "statistic", "--mode", "random", "--probability", f"{percent / 100:g}"]
    rules = [
        (node.name, [*match, "--in-interface", "eth0", *chance, "--jump", "DROP"])
        for node in sandbox.running
        for match in _speaker_matches()
    ]
    with _dropping(sandbox, rules):
        yield


@contextlib.contextmanager
def busy_cores() -> Iterator[None]:
    """Every processor of the machine has something else to do, at the usual priority."""
    spin = ["setpriv", "--pdeathsig", "KILL", "sh", "-c", "while :; do :; done"]
    running = [
        subprocess.Popen(spin, stdin=subprocess.DEVNULL, text=True, start_new_session=True)
        for _ in range(os.cpu_count() or 1)
    ]
    try:
        yield
    finally:
        for process in running:
            kill_group(process)


def dropped(sandbox: Access, node: str) -> int:
    """Packets that a node's rules for speakers have dropped until now."""
    listed = sandbox.run(node, ["iptables", "--list", "INPUT", "--verbose", "--numeric", "--exact"]).stdout
    rows = [line.split() for line in listed.splitlines() if f":{SPEAKER_PORT}" in line and "DROP" in line]
    return sum(int(row[0]) for row in rows)


def _speaker_matches() -> Iterator[list[str]]:
    """What tells the speakers' packets: from or to their port."""
    for protocol in ("udp", "tcp"):
        for end in ("--destination-port", "--source-port"):
            yield ["--protocol", protocol, end, str(SPEAKER_PORT)]


@contextlib.contextmanager
def _dropping(sandbox: Access, rules: Sequence[Rule]) -> Iterator[None]:
    """Put rules before all others of the nodes' INPUT chains; those of a node without power went with it."""
    added: list[Rule] = []
    try:
        for node, rule in rules:
            sandbox.run(node, ["iptables", "--wait", "--insert", "INPUT", *rule])
            added.append((node, rule))
        yield
    finally:
        on = {node.name for node in sandbox.running}
        for node, rule in added:
            if node in on:
                # A node that was off and on again has no such rule.
                sandbox.run(node, ["iptables", "--wait", "--delete", "INPUT", *rule], check=False)
