"""The real cluster of a benchmark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.sandbox.cluster import Sandbox


@contextmanager
def running() -> Iterator[Sandbox]:
    """A three-master cluster of the benchmark's own, taken away in the end."""
    cluster = Sandbox(owner="test")
    cluster.hold()
    try:
        cluster.down()
        cluster.up(3)
        yield cluster
    finally:
        cluster.down()
        cluster.lock.release()
