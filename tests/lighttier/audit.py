"""The audit log of a light-tier apiserver: who asked it for what."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
rules:
  # What the server asks itself is no concern of a test.
  - {level: None, users: ["system:apiserver", "system:anonymous"]}
  - {level: Metadata}
"""
WRITE_VERBS = frozenset({"create", "update", "patch", "delete", "deletecollection"})
SETTLE_SECONDS = 5.0
POLL_SECONDS = 0.02


@dataclass(frozen=True)
class AuditEvent:
    """One answered request (for a watch: one that was accepted).

    `verb` is Kubernetes' word for it ("list", "patch"), `uri` path and query, `resource` the plural or "",
    `code` the HTTP status; `raw` is the whole event.
    """

    verb: str
    uri: str
    user: str
    user_agent: str
    resource: str
    namespace: str
    name: str
    code: int
    raw: dict[str, Any]

    @property
    def is_write(self) -> bool:
        """Whether the request asked for a change, and not for a dry run."""
        return self.verb in WRITE_VERBS and "dryRun=" not in self.uri


class AuditLog:
    """Reads the JSON lines that an apiserver appends to `path`, in the order in which requests came in."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def mark(self) -> int:
        """Return the place in the log that requests from now on come after."""
        return self.path.stat().st_size

    def since(self, mark: int = 0, user_agent: str | None = None) -> list[AuditEvent]:
        """Return the requests answered after `mark`, those whose User-Agent starts with `user_agent`.

        The server logs a request before it handles it, and its answer a moment after it was sent: this waits,
        within a bound, until every request that came in has its answer logged.
        """
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            received, answered = self._read(mark, user_agent or "")
            if received <= answered.keys():
                return list(answered.values())
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"requests without an answer after {SETTLE_SECONDS:.0f} s: {received - answered.keys()}"
                )
            time.sleep(POLL_SECONDS)

    def _read(self, mark: int, user_agent: str) -> tuple[set[str], dict[str, AuditEvent]]:
        with self.path.open("rb") as file:
            file.seek(mark)
            lines = file.read().split(b"\n")[:-1]  # what follows the last newline is not complete yet
        received: dict[str, None] = {}
        answered: dict[str, AuditEvent] = {}
        for raw in (json.loads(line) for line in lines):
            if not raw.get("userAgent", "").startswith(user_agent):
                continue
            if raw["stage"] == "RequestReceived":
                received[raw["auditID"]] = None
            elif raw["stage"] == "ResponseComplete" or raw["verb"] == "watch":
                answered[raw["auditID"]] = _event(raw)
        ordered = {audit_id: answered[audit_id] for audit_id in received if audit_id in answered}
        return set(received), ordered


def writes(events: Iterable[AuditEvent]) -> list[AuditEvent]:
    """Return the events that asked for a change."""
    return [event for event in events if event.is_write]


def _event(raw: dict[str, Any]) -> AuditEvent:
    target = raw.get("objectRef", {})
    return AuditEvent(
        verb=raw["verb"],
        uri=raw["requestURI"],
        user=raw["user"]["username"],
        user_agent=raw.get("userAgent", ""),
        resource=target.get("resource", ""),
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        code=raw.get("responseStatus", {}).get("code", 0),
        raw=raw,
    )
