"""Taking the sandbox away completely, however little is known about how it came to be."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

from tests.sandbox import cgroups, datadir, network, sysctl
from tests.sandbox.addresses import NODE_COUNTS, node_addresses
from tests.sandbox.errors import SandboxError
from tests.sandbox.state import ANCHOR, State

ALL_NODES = tuple(node.name for node in node_addresses(max(NODE_COUNTS)))
END_WITHIN = 20.0


def tear_down(state: State | None, directory: Path) -> None:
    """End every process, then remove cgroups, namespaces and files, and put kernel settings back.

    Parameters: the recorded state, if there is one, and the data directory, which is removed if it is one.
    """
    found = cgroups.find(ALL_NODES, state.cgroups if state else ())
    cgroups.kill(found)
    kill_in_namespaces()
    cgroups.remove(found)
    network.remove_all()
    datadir.remove(directory)
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
