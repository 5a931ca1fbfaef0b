"""What a long run says in the log while it goes on.

Salt shows warnings where nobody asked for more: a line every few seconds would be too much there, and minutes
of silence too little.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

LOG = logging.getLogger(__name__)

EVERY = 5.0  # seconds between two lines about the same work
WARN_EVERY = 30.0  # seconds between two of them that Salt shows by default

Item = TypeVar("Item")
Result = TypeVar("Result")


class Progress:
    """Tells how one piece of work goes on; may be used from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.RLock()
        self._begun = self._told = self._warned = clock()
        self._ended = 0

    def say(self, line: str) -> None:
        """Log a line: for all to see when the last such line, or the beginning, was half a minute ago."""
        now = self._clock()
        with self._lock:
            remarkable = now - self._warned >= WARN_EVERY
            self._warned = now if remarkable else self._warned
        LOG.log(logging.WARNING if remarkable else logging.INFO, "%s", line)

    def counting(
        self, function: Callable[[Item], Result], doing: str, total: int
    ) -> Callable[[Item], Result]:
        """Return the function, its calls counted: "`doing` 12 of 50 objects" is said every few seconds."""

        def counted(item: Item) -> Result:
            try:
                return function(item)
            finally:
                self._count(doing, total)

        return counted

    def _count(self, doing: str, total: int) -> None:
        now = self._clock()
        with self._lock:
            self._ended += 1
            ended, due = self._ended, now - self._told >= EVERY
            self._told = now if due else self._told
            if due:  # said before another thread counts on: numbers that go backwards would puzzle
                self.say(f"{doing} {ended} of {total} objects, {now - self._begun:.0f} s so far")
