"""Child processes that never outlive the tests."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

STOP_SECONDS = 10.0
LOG_TAIL_LINES = 20
PREFIX = "cp-ingress-light-"


class Spawner:
    """Starts processes that the kernel kills when this process dies.

    The kernel ties that promise to the thread that started the child, so one thread of the spawner's own,
    which lives as long as the spawner, starts them all.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")

    def start(self, command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
        """Start `command` with its output appended to `log`."""
        return self._thread.submit(self._start, command, log).result()

    def close(self) -> None:
        """End the thread, and with it what is still running."""
        self._thread.shutdown()

    @staticmethod
    def _start(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


def end(process: subprocess.Popen[bytes] | None) -> None:
    """Kill `process` and collect it; nothing happens if it is gone."""
    if process is not None and process.poll() is None:
        process.kill()
        process.wait(timeout=STOP_SECONDS)


def private_folder(*, in_memory: bool = True) -> Path:
    """Make a folder of this process's own, in memory where possible unless it is to be on a disk.

    Folders whose process is gone, because it was killed, are removed.
    """
    memory = Path("/dev/shm")  # noqa: S108  (only a private folder is made in it)
    use_memory = in_memory and os.access(memory, os.W_OK)
    parent = memory if use_memory else Path(tempfile.gettempdir())
    for folder in parent.glob(f"{PREFIX}*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        if not Path("/proc", owner).exists():
            shutil.rmtree(folder, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=parent))


def free_ports(count: int) -> list[int]:
    """Return `count` different loopback TCP ports that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def log_tail(log: Path) -> str:
    """Return the last lines of a log."""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_TAIL_LINES:])
