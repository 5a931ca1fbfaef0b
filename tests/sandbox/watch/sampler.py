"""The process that samples: `python -m tests.sandbox.watch.sampler RECORD` in the client's network namespace.

Probes arrive on standard input, one JSON list a line, at any time; the process ends when that is closed, so
it never outlives the one who started it. Each sample is a JSON list, one a line, in the file RECORD:

    ["begun", TIME]
    ["request", PROBE, TICK, START, END, STATUS, ERROR, KEPT, FRESH]
    ["arp", IP, START, [MAC, ...]]
    ["ended", TIME, CPU SECONDS]
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import sys
import time
from collections.abc import AsyncIterator
from typing import IO, Any

from tests.sandbox import arp
from tests.sandbox.addresses import Peer
from tests.sandbox.watch.exchange import Connection, Stage, Target, UnansweredError

PRIORITY = -10
"""What is measured shall be the cluster, not how long the sampler had to wait for a processor."""

LIMIT_SECONDS = 3600


class Watcher(Peer):
    """Who asks by ARP: nobody's address, so that answers change neither the client's nor a node's table."""

    @property
    def mac(self) -> str:
        """A hardware address that no machine has: the client's kernel passes over the answers to it."""
        return "02:cf:ff:ff:ff:ff"


NOBODY = Watcher("watcher", "0.0.0.0")  # noqa: S104 - no address to listen on


class Record:
    """The file that samples go to."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def line(self, *values: Any) -> None:
        """Write one sample."""
        self._stream.write(json.dumps(values) + "\n")


async def ticks(every: float) -> AsyncIterator[int]:
    """Number of each interval since the machine's start, at its beginning; missed ones are left out."""
    number = int(time.monotonic() / every)
    while True:
        number = max(number + 1, int(time.monotonic() / every))
        await asyncio.sleep(number * every - time.monotonic())
        yield number


class Requests:
    """A probe that asks a target, on new connections or one that is kept."""

    def __init__(self, record: Record, probe: dict[str, Any]) -> None:
        self.record = record
        self.name: str = probe["name"]
        self.every: float = probe["every"]
        self.timeout: float = probe["timeout"]
        self.kept: bool = probe["kept"]
        self.target = Target(**probe["target"])
        self.context = self.target.context()
        self.payload = self.target.request(keep=self.kept)
        self.connection: Connection | None = None
        self.under_way: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Sample until cancelled: a request at each tick, or as soon as the kept connection is free."""
        async for tick in ticks(self.every):
            if self.kept and self.under_way:
                continue
            task = asyncio.create_task(self.sample(tick))
            self.under_way.add(task)
            task.add_done_callback(self.under_way.discard)

    async def sample(self, tick: int) -> None:
        """One request, with its time limit, into the record."""
        start = time.monotonic()
        status, error, fresh, stage = 0, "", True, Stage()
        try:
            async with asyncio.timeout(self.timeout):
                status, fresh = await (self._on_kept(stage) if self.kept else self._on_new(stage))
        except TimeoutError:
            error = f"no {stage.awaits} answer within {self.timeout:g} s"
        except (OSError, ValueError) as failure:
            error = f"{type(failure).__name__}: {failure}"
        if error:
            self._drop()
        end = time.monotonic()
        self.record.line("request", self.name, tick, start, end, status, error, self.kept, fresh)

    async def _on_new(self, stage: Stage) -> tuple[int, bool]:
        connection = await Connection.to(self.target, self.context, stage)
        try:
            return await connection.ask(self.payload), True
        finally:
            connection.close()

    async def _on_kept(self, stage: Stage) -> tuple[int, bool]:
        """Ask on the kept connection; one that the server has ended meanwhile is replaced, as browsers do."""
        if self.connection and self.connection.open:
            try:
                return await self.connection.ask(self.payload), False
            except UnansweredError:
                self._drop()
        self._drop()
        self.connection = await Connection.to(self.target, self.context, stage)
        return await self.connection.ask(self.payload), True

    def _drop(self) -> None:
        if self.connection:
            self.connection.close()
        self.connection = None


class Arp:
    """A probe that asks who has an IP, and notes everybody who answers until it asks again."""

    def __init__(self, record: Record, probe: dict[str, Any]) -> None:
        self.record = record
        self.ip: str = probe["ip"]
        self.every: float = probe["every"]
        self.answers: set[str] = set()
        self.under_way: set[asyncio.Task[None]] = set()
        self.card = arp.raw_socket()
        self.card.setblocking(False)

    async def run(self) -> None:
        """Sample until cancelled."""
        asyncio.get_running_loop().add_reader(self.card, self._receive)
        frame = arp.request(NOBODY, self.ip)
        start: float | None = None
        async for _ in ticks(self.every):
            self._receive()
            if start is not None:
                self.record.line("arp", self.ip, start, sorted(self.answers))
            self.answers.clear()
            start = time.monotonic()
            with contextlib.suppress(OSError):  # nobody can answer a question that could not be sent
                self.card.send(frame)

    def _receive(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                if mac := arp.answer(self.card.recv(2048), self.ip):
                    self.answers.add(mac)


async def sample(record: Record) -> float:
    """Run the probes that arrive on standard input until it is closed; returns when that was."""
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader(limit=2**24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    probes: list[Requests | Arp] = []
    running: list[asyncio.Task[None]] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LIMIT_SECONDS):
            while line := await orders.readline():
                for order in json.loads(line):
                    probe = (Arp if order["kind"] == "arp" else Requests)(record, order)
                    probes.append(probe)
                    running.append(asyncio.create_task(probe.run()))
                record.line("begun", time.monotonic())
    ended = time.monotonic()
    for task in running:
        task.cancel()
    # What was asked before the end counts, answered or not.
    await asyncio.gather(*(task for probe in probes for task in probe.under_way))
    return ended


def main(path: str) -> None:
    """Sample into the file at `path`."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
    with open(path, "w", encoding="utf-8", buffering=1) as stream:
        record = Record(stream)
        ended = asyncio.run(sample(record))
        used = resource.getrusage(resource.RUSAGE_SELF)
        record.line("ended", ended, used.ru_utime + used.ru_stime)


if __name__ == "__main__":
    main(sys.argv[1])
