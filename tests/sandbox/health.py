"""When a node counts as working, asked of the node itself and of the API."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from tests.sandbox.addresses import API_PORT, SERVICE_API_IP
from tests.sandbox.errors import SandboxError
from tests.sandbox.node import Node
from tests.sandbox.process import wait_for

CA = "/etc/kubernetes/pki/ca.crt"


def wait_until_ready(node: Node, since: datetime, *, timeout: float = 120) -> None:
    """Return when a node that was started at `since` really works.

    The API goes on calling a node Ready for most of a minute after its death, and a returned one before its
    Services work. So: its own apiserver is ready, its lease was renewed after `since`, its condition says
    Ready, and the Service address of the API answers from it.
    """
    wait_for(
        lambda: _answers(node, f"https://{node.ip}:{API_PORT}/readyz"),
        timeout=timeout,
        what=f"apiserver of {node.name}",
    )
    wait_for(
        lambda: _lease_renewed(node, since),
        timeout=timeout,
        what=f"kubelet of {node.name} renewing its lease",
    )
    wait_for(lambda: is_ready(node), timeout=timeout, what=f"node {node.name} Ready")
    wait_for(
        lambda: _answers(node, f"https://{SERVICE_API_IP}/readyz"),
        timeout=timeout,
        what=f"https://{SERVICE_API_IP} answering on {node.name}",
    )


def is_ready(node: Node) -> bool:
    """Whether the API, asked from that node, calls it Ready."""
    conditions = _get(node, "node", node.name)["status"].get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _answers(node: Node, url: str) -> bool:
    argv = ["curl", "--silent", "--fail", "--max-time", "2", "--cacert", CA, "--output", "/dev/null", url]
    return node.run(argv, check=False, timeout=10).returncode == 0


def _lease_renewed(node: Node, since: datetime) -> bool:
    renewed = _get(node, "lease", node.name, "--namespace=kube-node-lease")["spec"].get("renewTime")
    return renewed is not None and datetime.fromisoformat(renewed) > since.astimezone(UTC)


def _get(node: Node, *what: str) -> dict[str, Any]:
    # Ask the node's own apiserver: the one that has to work.
    server = f"--server=https://{node.ip}:{API_PORT}"
    done = node.run(
        ["kubectl", server, "--request-timeout=5s", "get", *what, "--output=json"], check=False, timeout=15
    )
    if done.returncode != 0:
        raise SandboxError(done.stderr.strip())
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
