"""Kernel settings that belong to the whole machine: saved before the kubelets change them, put back after."""

from __future__ import annotations

from pathlib import Path

PROC_SYS = Path("/proc/sys")

CHANGED_BY_KUBELET = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)

NEEDED = {"fs/inotify/max_user_instances": 1024, "fs/inotify/max_user_watches": 524288}
"""At least this much: three kubelets, three containerds and their watchers share one machine."""


def save(root: Path = PROC_SYS) -> dict[str, str]:
    """Current values of every setting that a running sandbox changes, by name."""
    names = (*CHANGED_BY_KUBELET, *NEEDED)
    return {name: (root / name).read_text().strip() for name in names if (root / name).exists()}


def raise_limits(root: Path = PROC_SYS) -> None:
    """Raise what is below the sandbox's needs."""
    for name, least in NEEDED.items():
        path = root / name
        if path.exists() and int(path.read_text()) < least:
            path.write_text(str(least))


def restore(saved: dict[str, str], root: Path = PROC_SYS) -> None:
    """Put saved values back, where they differ."""
    for name, value in saved.items():
        path = root / name
        if path.exists() and path.read_text().strip() != value:
            path.write_text(value)
