"""One process at a time changes the sandbox; the others are told which one it is."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sys
import time
from pathlib import Path

from tests.sandbox.errors import SandboxBusyError
from tests.sandbox.state import ANCHOR

ATTEMPTS = 20


class Lock:
    """An exclusive lock on the machine's sandbox, held until `release` or the end of the process."""

    def __init__(self, anchor: Path = ANCHOR) -> None:
        self._path = anchor / "lock"
        self._fd: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object has the lock."""
        return self._fd is not None

    def acquire(self) -> None:
        """Take the lock; does nothing when this object has it.

        Raises SandboxBusyError naming the process that has it.
        """
        if self.held:
            return
        for _ in range(ATTEMPTS):
            self._path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            try:
                fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except FileNotFoundError:
                continue  # `down` removed the directory in between
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = describe(fd)
                os.close(fd)
                raise SandboxBusyError(
                    f"the sandbox is in use by {holder}; wait for it to finish (lock: {self._path})"
                ) from None
            if self._is_current(fd):
                self._write(fd)
                self._fd = fd
                return
            os.close(fd)
        raise SandboxBusyError(f"{self._path}: keeps being removed by others; try again")

    def release(self) -> None:
        """Give the lock back; does nothing when this object hasn't got it.

        Where there is no sandbox, the file and its directory go too.
        """
        if self._fd is None:
            return
        os.ftruncate(self._fd, 0)
        anchor = self._path.parent
        if anchor.is_dir() and [entry.name for entry in anchor.iterdir()] == [self._path.name]:
            self._path.unlink()
            with contextlib.suppress(OSError):  # somebody else is just starting
                anchor.rmdir()
        os.close(self._fd)
        self._fd = None

    def _is_current(self, fd: int) -> bool:
        """Whether the locked file is still the one at the path (`down` removes it)."""
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False
        return (there.st_dev, there.st_ino) == (os.fstat(fd).st_dev, os.fstat(fd).st_ino)

    @staticmethod
    def _write(fd: int) -> None:
        record = {"pid": os.getpid(), "command": " ".join(sys.orig_argv), "since": time.strftime("%H:%M:%S")}
        os.ftruncate(fd, 0)
        os.pwrite(fd, json.dumps(record).encode(), 0)


def describe(fd: int) -> str:
    """Who wrote the lock file: `process 12 (command), since 10:00:00`."""
    try:
        record = json.loads(os.pread(fd, 65536, 0))
        return f"process {record['pid']} ({record['command']}), since {record['since']}"
    except (ValueError, KeyError):
        return "a process that is just starting or stopping"
