"""Taking the sandbox away completely, however little is known about how it came to be."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

from tests.sandbox import cgroups, network, sysctl
from tests.sandbox.addresses import NODE_COUNTS, node_addresses
from tests.sandbox.errors import SandboxError
from tests.sandbox.state import ANCHOR, State

ALL_NODES = tuple(node.name for node in node_addresses(max(NODE_COUNTS)))
END_WITHIN = 20.0


def tear_down(state: State | None, directory: Path) -> None:
    """End every process, then remove cgroups, namespaces and files, and put kernel settings back.

    Parameters: the recorded state, if there is one, and the data directory to remove.
    """
    found = cgroups.find(ALL_NODES, state.cgroups if state else ())
    cgroups.kill(found)
    kill_in_namespaces()
    cgroups.remove(found)
    network.remove_all()
    _remove_directory(directory)
    if state:
        sysctl.restore(state.sysctls)
    _empty_anchor()


def kill_in_namespaces() -> None:
    """End what still runs in the sandbox's network namespaces, such as commands of the client."""
    inodes = _namespace_inodes()
    deadline = time.monotonic() + END_WITHIN
    while left := _processes_in(inodes):
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        if time.monotonic() > deadline:
            raise SandboxError(f"processes {left} in the sandbox's namespaces do not end")
        time.sleep(0.05)


def _namespace_inodes() -> set[int]:
    if not network.NETNS_DIR.is_dir():
        return set()
    return {path.stat().st_ino for path in network.NETNS_DIR.iterdir() if os.path.ismount(path)}


def _processes_in(inodes: set[int]) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if (entry / "ns/net").stat().st_ino in inodes:
                found.append(int(entry.name))
        except OSError:
            continue  # ended meanwhile
    return found


def _empty_anchor() -> None:
    """Remove everything beside the lock, which its holder removes when it lets go."""
    for entry in ANCHOR.iterdir() if ANCHOR.is_dir() else ():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != "lock":
            entry.unlink()


def _remove_directory(directory: Path) -> None:
    """Remove the data directory, unless something is mounted in it that removing would reach into."""
    below = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    mounted = [point for point in below if Path(point).is_relative_to(directory)]
    if mounted:
        raise SandboxError(
            f"{', '.join(mounted)} is mounted inside {directory}: unmount it and run down again"
        )
    for _ in range(5):
        shutil.rmtree(directory, ignore_errors=True)
        if not directory.exists():
            return
        time.sleep(0.2)
    raise SandboxError(f"{directory}: can't be removed")
