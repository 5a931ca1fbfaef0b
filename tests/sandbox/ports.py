"""The ports that the client asks from: each comes back only after minutes.

A node remembers an attempt at an address that nobody served for two minutes, without a pod that it would lead
to, and takes another attempt from the same port for that one. Left alone, the kernel looks for a port at
another random place every ten seconds (`secure_ipv4_port_ephemeral`), so a client that asks twenty times a
second soon comes back with one of those.
"""

from __future__ import annotations

import errno
import itertools
import time
from collections.abc import Callable

PER_SECOND = 40
"""At most so many attempts at one address: a port comes back after len(ports) / PER_SECOND seconds."""

FOR_WATCHES = range(2_000, 32_000)
FOR_REQUESTS = range(32_000, 50_000)
BY_THE_KERNEL = range(50_000, 65_536)

TRIES = 20
"""So many ports in a row may be taken by somebody else."""


class Ports:
    """Source ports, one after the other.

    Where it begins is told by the clock: a process that is started after another one does not begin with the
    ports which that one had just used.
    """

    def __init__(self, ports: range, clock: Callable[[], float] = time.monotonic) -> None:
        self._ports = ports
        self._next = itertools.count(int(clock() * PER_SECOND))

    def next(self) -> int:
        """Return the next port."""
        return self._ports[next(self._next) % len(self._ports)]


def taken(error: BaseException) -> bool:
    """Whether an attempt failed because somebody else has its port."""
    return isinstance(error, OSError) and error.errno in (errno.EADDRINUSE, errno.EADDRNOTAVAIL)
