"""What `cp_ingress.plan` answers before each kind of change: golden files, and how they come about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.apiserver.transitions.world import Wish, World

HERE = Path(__file__).resolve().parent

A, C = Wish("10.200.0.50", True), Wish("10.200.0.70", False)

# The endpoint that is there, and the one that is wanted.
PLANS: dict[str, tuple[Wish | None, Wish]] = {
    "fresh": (None, A),
    "ip": (A, Wish("10.200.0.60", True)),
    "metallb-to-external": (A, Wish(A.ip, False)),
    "metallb-to-external-and-ip": (A, C),
    "external-to-metallb": (C, Wish(C.ip, True)),
    "external-to-metallb-and-ip": (C, A),
    "nothing": (C, C),
}


def golden(name: str) -> Path:
    """Return the file that holds a plan."""
    return HERE / f"{name}.txt"


def texts(there: World) -> Iterator[tuple[str, str]]:
    """Yield each plan's name and its text, with the cluster in the state that it starts from."""
    current: Wish | None = None
    for name, (before, wanted) in PLANS.items():
        if before is not None and before != current:
            there.wish(before)
            there.apply()
            current = before
        there.wish(wanted)
        yield name, _text(there)


def _text(there: World) -> str:
    plan = there.call("cp_ingress.plan")
    assert isinstance(plan, dict), plan
    lines = []
    for step, done in plan.items():
        lines += [f"{step}:", *(f"  {line}" for line in done)]
    text = "\n".join(lines or ["nothing to do"]) + "\n"
    return text.replace(str(there.pki), "PKI")
