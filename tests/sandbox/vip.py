"""An IP that the user moves: the plainest way, by hand, and keepalived on every node."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from tests.sandbox.access import Access
from tests.sandbox.addresses import LAN_CIDR
from tests.sandbox.build import debian
from tests.sandbox.errors import SandboxError
from tests.sandbox.node import Node
from tests.sandbox.process import wait_for

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
DIRECTORY = "/etc/keepalived"
CONFIGURATION = f"{DIRECTORY}/keepalived.conf"
CHECK = f"{DIRECTORY}/check-ingress.sh"
PID_FILE = "/run/keepalived.pid"

SUCCEEDED = "VRRP_Script(ingress) succeeded"
TAKEN_AFTER = 2.0
"""Seconds; three advertisements of the example and a part of one are 1.8 s."""


def give(sandbox: Access, node: str, ip: str) -> None:
    """Add the IP to a node's network card and tell the LAN by gratuitous ARP."""
    sandbox.run(node, ["ip", "address", "replace", f"{ip}/32", "dev", "eth0"])
    sandbox.run(node, ["arping", "-q", "-U", "-c", "1", "-I", "eth0", ip], timeout=10)


def take(sandbox: Access, node: str, ip: str) -> None:
    """Remove the IP from a node's network card; nothing happens where it is not."""
    if ip in held(sandbox, node):
        sandbox.run(node, ["ip", "address", "del", f"{ip}/32", "dev", "eth0"])


def held(sandbox: Access, node: str) -> set[str]:
    """IPv4 addresses that a node has beside its own; none when it is switched off."""
    found = sandbox.node(node)
    if found.pid is None:
        return set()
    listed = found.run(["ip", "-4", "-oneline", "address", "show", "dev", "eth0"]).stdout
    return {line.split()[3].split("/")[0] for line in listed.splitlines()} - {found.ip}


def holders(sandbox: Access, ip: str) -> list[str]:
    """Nodes that have the IP on their network card."""
    return [node.name for node in sandbox.running if ip in held(sandbox, node.name)]


def example(ip: str) -> str:
    """The shipped keepalived.conf for this IP and the sandbox's nodes, which have the example's names."""
    text = (EXAMPLES / "keepalived.conf").read_text()
    if "192.0.2." not in text:
        raise SandboxError(f"{EXAMPLES / 'keepalived.conf'}: has none of the addresses 192.0.2.*")
    network = LAN_CIDR.rsplit(".", 1)[0]
    return text.replace("192.0.2.50", ip).replace("192.0.2.", f"{network}.")


def start(sandbox: Access, text: str, nodes: Sequence[str] = ()) -> None:
    """Start keepalived with this configuration, and the shipped check script, on nodes (all that are on).

    It ends with the node's power and is not started again by itself. Returns when each has chosen a role;
    raises SandboxError with its log otherwise.
    """
    debian.install("vip")
    chosen = _nodes(sandbox, nodes)
    for node in chosen:
        stop(sandbox, [node.name])
        node.run(["mkdir", "-p", DIRECTORY])
        node.run(["tee", CONFIGURATION], stdin=text)
        node.run(["tee", CHECK], stdin=(EXAMPLES / "check-ingress.sh").read_text())
        node.run(["chmod", "755", CHECK])
        log(node).unlink(missing_ok=True)
        node.popen(
            ["keepalived", "--dont-fork", "--log-console", "--log-detail", "--vrrp", f"--pid={PID_FILE}"],
            log=log(node),
        )
    for node in chosen:
        try:
            wait_for(partial(_has_role, node), timeout=30, what="keepalived's role")
        except SandboxError as error:
            raise SandboxError(f"{node.name}: {error}\n{node.log_tail('keepalived')}") from error


def settled(sandbox: Access, ip: str) -> str:
    """The node that keeps the IP: returns once keepalived's check succeeds everywhere and one node has had
    the IP for longer than another one would wait before taking it.

    Until all have the same to offer, the IP goes to whoever has more.
    """
    kept = ("", 0.0)  # by whom, since when

    def keeps() -> str | None:
        nonlocal kept
        equal = all(SUCCEEDED in log(node).read_text() for node in sandbox.running)
        names = holders(sandbox, ip) if equal else []
        only = names[0] if len(names) == 1 else ""
        if only != kept[0]:
            kept = (only, time.monotonic())
        return only if only and time.monotonic() - kept[1] > TAKEN_AFTER else None

    return wait_for(keeps, timeout=120, what=f"one node keeping {ip}")


def stop(sandbox: Access, nodes: Sequence[str] = ()) -> None:
    """End keepalived on nodes (all that are on), as a service manager does: it gives the IP up."""
    for node in _nodes(sandbox, nodes):
        pid = node.run(["cat", PID_FILE], check=False).stdout.strip()
        if not pid:
            continue
        node.run(["kill", f"-{signal.SIGTERM}", pid], check=False)
        wait_for(partial(_is_gone, node, pid), timeout=20, what=f"keepalived on {node.name} ending")
        node.run(["rm", "-f", PID_FILE])


@contextlib.contextmanager
def keepalived(sandbox: Access, text: str) -> Iterator[None]:
    """Run keepalived on all nodes that are on, until the block ends."""
    start(sandbox, text)
    try:
        yield
    finally:
        stop(sandbox)


def log(node: Node) -> Path:
    """What a node's keepalived said."""
    return node.directory / "log" / "keepalived.log"


def _has_role(node: Node) -> bool:
    return "STATE" in log(node).read_text()


def _is_gone(node: Node, pid: str) -> bool:
    return node.run(["test", "-d", f"/proc/{pid}"], check=False).returncode != 0


def _nodes(sandbox: Access, names: Sequence[str]) -> list[Node]:
    return [node for node in sandbox.running if not names or node.name in names]
