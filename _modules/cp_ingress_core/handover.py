"""The hand-over of an IP between MetalLB and the user: the next holder waits until the last one is silent."""

from __future__ import annotations

import time
from collections.abc import Callable

from cp_ingress_core import arp
from cp_ingress_core.errors import WaitTimeout

PAUSE = 0.1
TELL_EVERY = 5.0


def wait_silent(
    ip: str,
    *,
    timeout: float,
    report: Callable[[str], None],
    holder: Callable[[str], str] | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> float:
    """Wait until nobody in the segment answers for `ip`, this machine included; return the seconds it took.

    timeout
        Seconds after which WaitTimeout is raised, naming who still has the IP.
    report
        Is told at once, and every few seconds, who has it.
    holder
        Says who has the IP, "" when nobody; the network is asked when it is left out.
    """
    holder = holder or held_by
    started = clock()
    told = float("-inf")
    while found := holder(ip):
        passed = clock() - started
        if passed > timeout:
            raise WaitTimeout(
                f"{ip} is still in use after {timeout:.0f} s: {found}. Remedy: take it off there (stop"
                " keepalived, or remove the address), and run this again",
                pending={ip: found},
            )
        if clock() - told >= TELL_EVERY:
            told = clock()
            report(f"waiting for {ip} to be given up: {found}")
        sleep(PAUSE)
    return clock() - started


def held_by(ip: str) -> str:
    """Say who has `ip` right now, in words; an empty text when nobody has.

    Raises ArpUnavailable where this machine cannot ask.
    """
    if arp.local_holder(ip):
        return "this machine has it on an interface of its own"
    answering = sorted(arp.answering(ip, wait=0.3))
    return f"{' and '.join(answering)} answers for it" if answering else ""
