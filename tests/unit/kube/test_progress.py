"""What is said of long work, how often, and how loudly."""

from __future__ import annotations

import logging

import pytest

from cp_ingress_core.kube.progress import Progress


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _levels(caplog: pytest.LogCaptureFixture) -> list[int]:
    return [record.levelno for record in caplog.records]


def test_every_half_minute_a_line_is_shown_by_default(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    progress = Progress(clock)

    with caplog.at_level(logging.INFO):
        for _ in range(13):
            clock.now += 5
            progress.say("waiting")

    shown = [number for number, level in enumerate(_levels(caplog), 1) if level == logging.WARNING]
    assert (len(caplog.records), shown) == (13, [6, 12])


def test_calls_are_counted_and_told_every_few_seconds(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()

    def work(item: int) -> int:
        clock.now += 1
        return item * 2

    counted = Progress(clock).counting(work, "applying:", 12)
    with caplog.at_level(logging.INFO):
        assert [counted(item) for item in range(12)] == [item * 2 for item in range(12)]

    assert caplog.messages == [
        "applying: 5 of 12 objects, 5 s so far",
        "applying: 10 of 12 objects, 10 s so far",
    ]


def test_short_work_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    counted = Progress().counting(str, "applying:", 3)

    with caplog.at_level(logging.DEBUG):
        assert [counted(item) for item in range(3)] == ["0", "1", "2"]

    assert caplog.messages == []


def test_calls_that_fail_count_too(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()

    def work(item: int) -> int:
        clock.now += 6
        raise ValueError(item)

    counted = Progress(clock).counting(work, "deleting:", 2)
    with caplog.at_level(logging.INFO), pytest.raises(ValueError, match="1"):
        counted(1)

    assert caplog.messages == ["deleting: 1 of 2 objects, 6 s so far"]
