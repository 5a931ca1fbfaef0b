"""Objects for the tests of readiness, and the check of what is said about them."""

from __future__ import annotations

from typing import Any

from cp_ingress_core.kube.readiness import State, assess
from cp_ingress_core.kube.readiness.assess import RULES

READY, PROGRESSING, FAILED = State.READY, State.PROGRESSING, State.FAILED


def obj(kind: str, spec: Any = None, status: Any = None, **metadata: Any) -> dict[str, Any]:
    """An object of one of the kinds that have a rule."""
    group = next((group for group, name in RULES if name == kind), "example.org")
    api_version = f"{group}/v1" if group else "v1"
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "x", **metadata},
        "spec": spec or {},
        "status": status or {},
    }


def conditions(**states: str) -> list[dict[str, str]]:
    """Conditions as ``Type="Status"`` or ``Type="Status Reason message"``."""
    return [
        {"type": kind, **dict(zip(("status", "reason", "message"), said.split(" ", 2), strict=False))}
        for kind, said in states.items()
    ]


def check(subject: dict[str, Any], state: State, words: str) -> None:
    """The state is as expected and the reason has the words."""
    found = assess(subject)
    assert (found.state, words in found.reason) == (state, True), found
