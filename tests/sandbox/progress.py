"""Progress on stderr with the seconds since the start; figures on stdout."""

from __future__ import annotations

import sys
import time


class Progress:
    """Says what is being done and how long it has taken so far."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._start = time.monotonic()
        self._quiet = quiet

    @property
    def elapsed(self) -> float:
        """Seconds since this object was made."""
        return time.monotonic() - self._start

    def say(self, text: str) -> None:
        """One line on stderr."""
        if not self._quiet:
            print(f"[{self.elapsed:6.1f} s] {text}", file=sys.stderr, flush=True)


def figure(name: str, value: float, unit: str) -> None:
    """Print a measured value on a line of its own, so that figures can be collected from any log."""
    print(f"figure {name} {value:g} {unit}", flush=True)
