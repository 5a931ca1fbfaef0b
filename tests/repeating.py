"""Something that a test does again and again while something else goes on."""

from __future__ import annotations

import threading
from typing import Self


class Repeating:
    """Calls `act` every `every` seconds, in a thread of its own, from the block's beginning to its end."""

    every: float

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def act(self) -> None:
        """What is done each time."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self.every):
            self.act()
