"""One cgroup per node, in every hierarchy of the machine: what runs in a node is counted and ended with it.

With cgroup v1 the nodes' cgroups are children of the caller's own ones. Where only v2 is mounted they are
children of its root, because a v2 cgroup that has processes can't have children with controllers.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.sandbox.addresses import PREFIX
from tests.sandbox.errors import SandboxError

V2_CONTROLLERS = ("cpuset", "cpu", "io", "memory", "pids")
V2_PROCESSES = "init"
"""Child of a node's v2 cgroup that holds its processes."""

REMOVE_WITHIN = 20.0


@dataclass(frozen=True)
class Hierarchy:
    """A mounted cgroup hierarchy.

    `options` are its mount options (`cpu,cpuacct`, `name=systemd`), empty for v2; `parent` is the directory
    in which nodes' cgroups are made.
    """

    mount: Path
    options: str
    parent: Path


def hierarchies(
    mountinfo: str | None = None, own: str | None = None, root: Path = Path("/")
) -> tuple[Hierarchy, ...]:
    """Hierarchies that nodes are put into: all of v1 where there are any, else the one of v2.

    Parameters: the text of /proc/self/mountinfo and /proc/self/cgroup (read when not given).
    Raises SandboxError where neither is usable.
    """
    mounts = Path("/proc/self/mountinfo").read_text() if mountinfo is None else mountinfo
    paths = _own_paths(Path("/proc/self/cgroup").read_text() if own is None else own)
    found: list[Hierarchy] = []
    unified: list[Hierarchy] = []
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        mount_root, mount_point = before.split()[3:5]
        kind, _, super_options = after.split(maxsplit=2)
        mount = root / mount_point.lstrip("/")
        if kind == "cgroup2":
            unified.append(Hierarchy(mount, "", mount))
        if kind == "cgroup":
            options = _controllers(super_options)
            relative = os.path.relpath(paths.get(options, "/"), mount_root)
            inside = not relative.startswith("..")
            found.append(Hierarchy(mount, options, mount / relative if inside else mount))
    chosen = tuple(_first_mounts(found) or unified[:1])
    if not chosen:
        raise SandboxError("no cgroup hierarchy is mounted: mount cgroup2 on /sys/fs/cgroup and try again")
    if chosen[0].options == "":
        _check_v2(chosen[0])
    elif not any("memory" in h.options.split(",") for h in chosen):
        raise SandboxError(
            "the memory cgroup (v1) is not mounted: boot with it enabled, or with cgroup v2 only"
        )
    return chosen


def create(name: str, found: Iterable[Hierarchy]) -> list[Path]:
    """Make the cgroup of a node in every hierarchy; returns the directories."""
    made = []
    for hierarchy in found:
        directory = hierarchy.parent / f"{PREFIX}-{name}"
        if hierarchy.options == "":
            _enable_controllers(hierarchy.parent)
        directory.mkdir(exist_ok=True)
        if hierarchy.options == "":
            (directory / V2_PROCESSES).mkdir(exist_ok=True)
        if "cpuset" in hierarchy.options.split(","):
            for key in ("cpuset.cpus", "cpuset.mems"):
                (directory / key).write_text((hierarchy.parent / key).read_text())
        made.append(directory)
    return made


def entrances(directories: Iterable[Path]) -> list[str]:
    """Files that a process writes itself to in order to enter a node's cgroups."""
    return [
        str((directory / V2_PROCESSES if is_v2(directory) else directory) / "cgroup.procs")
        for directory in directories
    ]


def is_v2(directory: Path) -> bool:
    """Whether a cgroup is of version 2."""
    return (directory / "cgroup.controllers").exists()


def find(names: Iterable[str], recorded: Iterable[str] = ()) -> list[Path]:
    """Existing cgroups of nodes: the recorded ones, and any that bear a node's name, whoever made them."""
    wanted = {f"{PREFIX}-{name}" for name in names}
    found = {Path(path) for path in recorded if Path(path).is_dir()}
    for hierarchy in hierarchies():
        for directory, below, _ in os.walk(hierarchy.mount):
            found.update(Path(directory) / name for name in below if name in wanted)
            below[:] = [name for name in below if name not in wanted]
    return sorted(found)


def processes(directory: Path) -> set[int]:
    """Ids of the processes in a cgroup and those below it."""
    found: set[int] = set()
    for path, _, files in os.walk(directory):
        if "cgroup.procs" in files:
            try:
                text = (Path(path) / "cgroup.procs").read_text()
            except OSError:
                continue  # removed meanwhile, or a threaded v2 cgroup
            found.update(int(pid) for pid in text.split())
    return found


def kill(directories: Iterable[Path], *, within: float = REMOVE_WITHIN) -> None:
    """End every process in the cgroups. Raises SandboxError when some are left after `within` seconds."""
    directories = list(directories)
    deadline = time.monotonic() + within
    while left := set().union(*(processes(directory) for directory in directories)) - {os.getpid()}:
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        if time.monotonic() > deadline:
            raise SandboxError(f"processes {sorted(left)} of the sandbox do not end")
        time.sleep(0.05)


def remove(directories: Iterable[Path], *, within: float = REMOVE_WITHIN) -> None:
    """Remove cgroups without processes, children first. Raises SandboxError when one stays busy."""
    deadline = time.monotonic() + within
    for directory in directories:
        while directory.is_dir():
            busy = _remove_once(directory)
            if busy and time.monotonic() > deadline:
                raise SandboxError(f"cgroup {busy}: can't be removed after {within:g} s")
            if busy:
                time.sleep(0.05)


def memory_in_use(directory: Path) -> int:
    """Bytes that a node's memory cgroup holds, without page cache.

    Usage counts anonymous and kernel memory, tmpfs files and page cache; the latter is on the two `file`
    lists and goes away as soon as somebody needs the memory.
    """
    version1 = (directory / "memory.usage_in_bytes").exists()
    usage = int((directory / ("memory.usage_in_bytes" if version1 else "memory.current")).read_text())
    rows = (line.split() for line in (directory / "memory.stat").read_text().splitlines())
    stat = {key: int(value) for key, value in rows}
    prefix = "total_" if version1 else ""
    return max(0, usage - stat[f"{prefix}active_file"] - stat[f"{prefix}inactive_file"])


def memory_directory(directories: Iterable[Path]) -> Path:
    """The one among a node's cgroups that counts memory."""
    for directory in directories:
        if (directory / "memory.stat").exists():
            return directory
    raise SandboxError("none of the node's cgroups counts memory")


def _own_paths(text: str) -> dict[str, str]:
    rows = (line.split(":", 2) for line in text.splitlines() if line.strip())
    return {controllers: path for _, controllers, path in rows}


def _controllers(super_options: str) -> str:
    """Controllers of a v1 mount as /proc/self/cgroup writes them, from its super block's options."""
    skip = {"rw", "ro", "xattr", "noprefix", "clone_children", "cpuset_v2_mode", "none"}
    return ",".join(
        o for o in super_options.split(",") if o not in skip and not o.startswith("release_agent")
    )


def _first_mounts(found: list[Hierarchy]) -> list[Hierarchy]:
    """Each hierarchy once, where it is mounted first."""
    first: dict[str, Hierarchy] = {}
    for hierarchy in found:
        first.setdefault(hierarchy.options, hierarchy)
    return list(first.values())


def _check_v2(hierarchy: Hierarchy) -> None:
    available = (hierarchy.mount / "cgroup.controllers").read_text().split()
    missing = [name for name in V2_CONTROLLERS if name not in available]
    if missing:
        raise SandboxError(
            f"cgroup v2 at {hierarchy.mount} lacks the controllers {', '.join(missing)}: "
            "run on a machine (or in a container) that has them all"
        )


def _enable_controllers(parent: Path) -> None:
    (parent / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in V2_CONTROLLERS))


def _remove_once(directory: Path) -> Path | None:
    """Remove what can be removed; returns a directory that is still busy."""
    busy = None
    for path, _, _ in os.walk(directory, topdown=False):
        try:
            os.rmdir(path)
        except FileNotFoundError:
            continue
        except OSError:
            busy = Path(path)
    return busy
