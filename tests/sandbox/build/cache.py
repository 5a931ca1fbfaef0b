"""A content-addressed store of finished builds, outside the work tree.

A build lies in ``<cache>/builds/<part>-<key>``, where the key is a hash of everything that went into it. It
is written under a temporary name, flushed and renamed at the end: a folder under its final name is complete,
whatever interrupted an earlier attempt.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.sandbox.build.progress import say

UNFINISHED = ".unfinished-"


def cache_root() -> Path:
    """Return the cache folder: ``$CP_INGRESS_CACHE``, else ``cp-ingress`` in the user's cache folder."""
    if own := os.environ.get("CP_INGRESS_CACHE"):
        return Path(own).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cp-ingress"


class Store:
    """The finished builds under one cache folder."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or cache_root()
        self.builds = self.root / "builds"

    def path(self, name: str, key: str) -> Path:
        """Return where the build of `name` with `key` lies, built or not."""
        return self.builds / f"{name}-{key}"

    def has(self, name: str, key: str) -> bool:
        """Return whether that build is finished."""
        return self.path(name, key).is_dir()

    @contextlib.contextmanager
    def making(self, name: str, key: str) -> Iterator[Path]:
        """Yield an empty folder; keep it as the finished build unless the block raises."""
        self.builds.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{UNFINISHED}{name}-", dir=self.builds))
        try:
            yield folder
            folder.chmod(0o755)
            flush(folder)
            folder.rename(self.path(name, key))
            flush_folder(self.builds)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the store's lock; wait, with a message, while another process has it.

        Whoever holds it owns all unfinished builds, so what an interrupted process left is removed first.
        """
        self.builds.mkdir(parents=True, exist_ok=True)
        with open(self.root / "build.lock", "a+", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                say(f"waiting for another build on this cache (process {lock.read().strip() or 'unknown'})")
                fcntl.flock(lock, fcntl.LOCK_EX)
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            for leftover in self.builds.glob(f"{UNFINISHED}*"):
                shutil.rmtree(leftover, ignore_errors=True)
            yield

    def remove(self, path: Path) -> None:
        """Remove a finished build; interrupted, it no longer looks finished."""
        doomed = path.with_name(f"{UNFINISHED}{path.name}")
        path.rename(doomed)
        shutil.rmtree(doomed)

    def finished(self) -> list[Path]:
        """Return the folders of all finished builds."""
        return sorted(path for path in self.builds.glob("*") if not path.name.startswith(UNFINISHED))


def flush(folder: Path) -> None:
    """Flush every file and folder below `folder` to disk."""
    for parent, _, files in os.walk(folder):
        for name in files:
            path = Path(parent, name)
            if not path.is_symlink():
                with path.open("rb") as file:
                    os.fsync(file.fileno())
        flush_folder(Path(parent))


def flush_folder(folder: Path) -> None:
    """Flush the entries of `folder` itself to disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
