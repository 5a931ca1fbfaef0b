"""Starting and ending the sampler."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.sandbox import network
from tests.sandbox.addresses import CLIENT
from tests.sandbox.errors import SandboxError
from tests.sandbox.process import kill_group, wait_for
from tests.sandbox.watch.records import Seen, parse

REPOSITORY = Path(__file__).resolve().parents[3]
START_SECONDS = 20
END_SECONDS = 20

Probe = dict[str, Any]


class Watching:
    """A sampler at work, as a context manager: it samples from the beginning of the block to its end.

    `seen` is what it found, once the block has ended (which waits for the last answers, or until their time
    is up); `so_far` what it has found already. `enter` is the prefix of a command that runs it where it shall
    ask from, the client if not given.
    """

    def __init__(self, probes: Sequence[Probe], *, enter: Sequence[str] | None = None) -> None:
        self.probes = list(probes)
        self._enter = network.enter(CLIENT.name) if enter is None else list(enter)
        self._seen: Seen | None = None

    def __enter__(self) -> Watching:
        self._folder = tempfile.TemporaryDirectory(prefix="cp-ingress-watch-")
        self._path = Path(self._folder.name, "record")
        self._log = Path(self._folder.name, "log").open("w+")
        self._process = subprocess.Popen(
            [*self._enter, sys.executable, "-m", "tests.sandbox.watch.sampler", str(self._path)],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            text=True,
            cwd=REPOSITORY,
            start_new_session=True,
        )
        try:
            self.add(self.probes)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def add(self, probes: Sequence[Probe]) -> None:
        """Sample these too, from now on; returns when that has begun."""
        before = self._begun()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(list(probes)) + "\n")
        self._process.stdin.flush()
        wait_for(
            lambda: self._alive() and self._begun() > before,
            timeout=START_SECONDS,
            interval=0.02,
            what="the sampler beginning",
        )

    @property
    def so_far(self) -> Seen:
        """What has been sampled until now."""
        with self._path.open(encoding="utf-8") as stream:
            return parse(stream, time.monotonic())

    @property
    def seen(self) -> Seen:
        """What was sampled in the block. Raises SandboxError before its end."""
        if self._seen is None:
            raise SandboxError("the watch is not over: use `so_far` within the block")
        return self._seen

    def _begun(self) -> int:
        if not self._path.exists():
            return 0
        return self._path.read_text(encoding="utf-8").count('["begun"')

    def _alive(self) -> bool:
        if self._process.poll() is None:
            return True
        self._log.seek(0)
        raise RuntimeError(f"the sampler ended: {self._log.read()[-2000:]}")

    def _end(self) -> None:
        try:
            self._alive()
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait(END_SECONDS)
            self._log.seek(0)
            if self._process.returncode or (said := self._log.read()):
                raise RuntimeError(f"the sampler failed ({self._process.returncode}): {said[-2000:]}")
            self._seen = self.so_far
        finally:
            if self._process.poll() is None:
                self._process.stdin = None
                kill_group(self._process)
            self._log.close()
            self._folder.cleanup()
