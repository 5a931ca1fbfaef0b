"""Whether people can log in while something happens: whole logins, again and again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.sandbox.addresses import API_PORT, NodeAddress
from tests.sandbox.client import https
from tests.sandbox.errors import SandboxError
from tests.sandbox.sso.flow import KUBERNETES, Client, login
from tests.sandbox.watch.records import UNAUTHORIZED, Request, Seen

EVERY = 1.0
"""A login costs Dex a twentieth of a second of processor time, on purpose: not too often."""

TIMEOUT = 5.0
AT_ONCE = 16


class Logins:
    """Logs in at each address `every` so many seconds, however long that takes; used like `Watching`.

    Results are named by address: `seen.longest_gap(old, new)` is the longest time without a possible login at
    either. A login counts when it gave a token and none of the apiservers of `accepted_by` refused that.
    """

    def __init__(
        self,
        bases: Iterable[str],
        ca: Path | str | None,
        *,
        client: Client = KUBERNETES,
        accepted_by: Sequence[NodeAddress] = (),
        every: float = EVERY,
        timeout: float = TIMEOUT,
    ) -> None:
        self._bases = list(bases)
        self._ca, self._client, self._accepted_by = ca, client, accepted_by
        self._every, self._timeout = every, timeout
        self._over = threading.Event()
        self._requests: list[Request] = []
        self._begun = self._ended = 0.0

    def __enter__(self) -> Logins:
        self._begun = time.monotonic()
        self._pool = ThreadPoolExecutor(AT_ONCE * len(self._bases), thread_name_prefix="login")
        self._clock = threading.Thread(target=self._run, daemon=True)
        self._clock.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = time.monotonic()
        self._over.set()
        self._clock.join()
        # Each step of a login has its time limit: this ends.
        self._pool.shutdown()

    @property
    def so_far(self) -> Seen:
        """What has been tried until now."""
        return Seen(self._begun, self._ended or time.monotonic(), tuple(self._requests))

    @property
    def seen(self) -> Seen:
        """What was tried in the block. Raises SandboxError before its end."""
        if not self._ended:
            raise SandboxError("the watch is not over: use `so_far` within the block")
        return self.so_far

    def _run(self) -> None:
        tick = 0
        while not self._over.wait(max(0.0, self._begun + tick * self._every - time.monotonic())):
            for base in self._bases:
                self._pool.submit(self._sample, base, tick)
            tick += 1

    def _sample(self, base: str, tick: int) -> None:
        start = time.monotonic()
        status, error = self._try(base)
        request = Request(base, tick, start, time.monotonic(), status, error, kept=False, fresh=True)
        self._requests.append(request)

    def _try(self, base: str) -> tuple[int, str]:
        """One login; returns a status and what went wrong."""
        try:
            token = login(base, self._ca, client=self._client, timeout=self._timeout).id_token
            for node in self._accepted_by:
                header = {"Authorization": f"Bearer {token}"}
                url = f"https://{node.ip}:{API_PORT}/api"
                if https(url, None, timeout=self._timeout, headers=header).status == UNAUTHORIZED:
                    return UNAUTHORIZED, f"the token is refused by {node.name}"
        except (SandboxError, OSError, ValueError, KeyError) as failure:
            return 0, f"{type(failure).__name__}: {failure}"
        return 200, ""
