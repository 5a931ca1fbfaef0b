"""Waiting until the last holder of an IP is silent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cp_ingress_core import handover
from cp_ingress_core.arp import ArpUnavailable
from cp_ingress_core.errors import WaitTimeout

IP = "10.200.0.50"
HELD = "02:00:00:00:00:01 answers for it"


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def wait(holders: Iterator[str], told: list[str], timeout: float = 60.0) -> float:
    clock = Clock()

    def holder(ip: str) -> str:
        assert ip == IP
        return next(holders)

    return handover.wait_silent(
        IP, timeout=timeout, report=told.append, holder=holder, clock=clock, sleep=clock.sleep
    )


def forever() -> Iterator[str]:
    while True:
        yield HELD


def test_an_ip_that_nobody_has_is_not_waited_for() -> None:
    told: list[str] = []
    assert wait(iter([""]), told) == 0
    assert told == []


def test_the_wait_ends_with_silence() -> None:
    told: list[str] = []
    seconds = wait(iter([HELD, HELD, HELD, ""]), told)
    assert seconds == pytest.approx(3 * handover.PAUSE)
    assert told == [f"waiting for {IP} to be given up: {HELD}"]


def test_it_tells_at_once_and_again_every_few_seconds() -> None:
    told: list[str] = []
    number = int(2.5 * handover.TELL_EVERY / handover.PAUSE)
    wait(iter([*[HELD] * number, ""]), told)
    assert len(told) == 3


def test_the_deadline_says_who_still_has_it_and_what_to_do() -> None:
    with pytest.raises(WaitTimeout, match=f"{IP} is still in use after 7 s: {HELD}. Remedy: ") as caught:
        wait(forever(), [], timeout=7)
    assert caught.value.info["pending"] == {IP: HELD}


def test_no_time_to_wait_is_one_look() -> None:
    assert wait(iter([""]), [], timeout=0) == 0
    with pytest.raises(WaitTimeout):
        wait(forever(), [], timeout=0)


def test_an_address_of_this_machine_counts() -> None:
    assert "this machine" in handover.held_by("127.0.0.1")


def test_where_nobody_can_be_asked_it_says_so() -> None:
    """Not silence: MetalLB would announce an IP that its old holder still has."""
    with pytest.raises(ArpUnavailable, match="is not an IP address"):
        handover.held_by("10.200.0.500")
