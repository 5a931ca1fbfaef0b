"""What the apiservers were asked: their audit logs, read from the nodes' disks."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.sandbox import client
from tests.sandbox.addresses import API_PORT
from tests.sandbox.errors import SandboxError
from tests.sandbox.kubeadm import AUDIT_DIR
from tests.sandbox.node import Node
from tests.sandbox.process import wait_for

Event = dict[str, Any]
WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})


@dataclass(frozen=True)
class Mark:
    """A point in every node's audit log: bytes read so far, by node."""

    offsets: Mapping[str, int]


def log_file(node: Node) -> Path:
    """The audit log of the apiserver on that node."""
    return node.disk / AUDIT_DIR.lstrip("/") / "audit.log"


def mark(nodes: Iterable[Node]) -> Mark:
    """Everything answered so far comes before the mark; everything asked from now on after it."""
    nodes = list(nodes)
    for node in nodes:
        _flush(node)
    return Mark({node.name: _size(log_file(node)) for node in nodes})


def events(nodes: Iterable[Node], since: Mark | None = None) -> list[Event]:
    """Events of all nodes after the mark (all there are without one), in the order of the requests' arrival.

    Requests that were answered before this call are among them; the marker requests of this module are not.
    """
    found: list[Event] = []
    for node in nodes:
        _flush(node)
        found += read(log_file(node), since.offsets.get(node.name, 0) if since else 0)
    ordered = sorted(found, key=lambda event: str(event["requestReceivedTimestamp"]))
    return [event for event in ordered if not _is_marker(event)]


def read(path: Path, offset: int = 0) -> list[Event]:
    """Events of one file from a byte offset on; a last line that is still being written is left out."""
    if not path.exists():
        return []
    with path.open("rb") as stream:
        stream.seek(offset)
        data = stream.read()
    complete = data[: data.rfind(b"\n") + 1]
    return [json.loads(line) for line in complete.splitlines() if line.strip()]


def is_write(event: Event) -> bool:
    """Whether a request could change something: a writing verb that was not a dry run."""
    return event["verb"] in WRITES and "dryRun=All" not in event.get("requestURI", "")


MARKER = "/version?sandbox-marker="


def _is_marker(event: Event) -> bool:
    return str(event.get("requestURI", "")).startswith(MARKER)


def _flush(node: Node) -> None:
    """Wait until the log holds what the node's apiserver has answered, if it is there to be asked.

    Events are written after the answer: one more request, found in the log, comes after those before it.
    """
    path, uri = log_file(node), f"{MARKER}{uuid.uuid4()}"
    offset = _size(path)
    if node.pid is None:
        return
    try:
        client.https(f"https://{node.ip}:{API_PORT}{uri}", None, timeout=3)
    except OSError:
        return  # the apiserver is down: it writes no more
    try:
        wait_for(
            lambda: any(event.get("requestURI") == uri for event in read(path, offset)),
            timeout=10,
            interval=0.02,
            what=f"audit log of {node.name} being written",
        )
    except SandboxError as error:
        raise SandboxError(f"{error}; see {path}") from error


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
