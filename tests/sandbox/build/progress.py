"""Progress messages of the builder, on standard error."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator

HEARTBEAT_SECONDS = 20.0


def say(message: str) -> None:
    """Print one line of progress."""
    print(f"build: {message}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(label: str, status: Callable[[], str] = lambda: "") -> Iterator[None]:
    """Say that `label` starts, every 20 s that it still runs (with `status()`), and how long it took."""
    started = time.monotonic()
    over = threading.Event()

    def beat() -> None:
        while not over.wait(HEARTBEAT_SECONDS):
            say(f"{label}: still at it after {time.monotonic() - started:.0f} s {status()}".rstrip())

    say(f"{label} ...")
    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    say(f"{label}: done in {time.monotonic() - started:.1f} s")
