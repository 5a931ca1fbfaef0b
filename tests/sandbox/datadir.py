"""The data directory: where the nodes' disks are kept on the host."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from tests.sandbox.errors import SandboxError

DEFAULT_DIR = Path("/var/tmp/cp-ingress-sandbox")  # noqa: S108 - root's own, refused if not
DIR_VARIABLE = "CP_INGRESS_SANDBOX_DIR"
HIDDEN = ("/etc", "/run", "/var/lib", "/var/log", "/proc", "/sys", "/dev")
"""Places that look different from inside a node; the data directory can't be there."""

MARKER = ".cp-ingress-sandbox"
"""File that makes a directory ours to remove."""


def data_directory(chosen: str | None, environment: dict[str, str] | None = None) -> Path:
    """Where the nodes' disks are kept: the parameter, else the environment's, else the default.

    Raises SandboxError for a relative path or one that a node does not see as the host does.
    """
    variables = os.environ if environment is None else environment
    path = Path(chosen or variables.get(DIR_VARIABLE) or DEFAULT_DIR)
    if not path.is_absolute() or path == Path("/"):
        raise SandboxError(
            f"data directory {path}: must be an absolute path; change --dir or ${DIR_VARIABLE}"
        )
    for hidden in HIDDEN:
        if path.is_relative_to(hidden):
            raise SandboxError(
                f"data directory {path}: must not be under {hidden}, which every node has for itself; "
                f"change --dir or ${DIR_VARIABLE} (default {DEFAULT_DIR})"
            )
    return path


def claim(directory: Path) -> None:
    """Make the directory, or take an empty one. Raises SandboxError for one with somebody else's files."""
    if directory.exists() and not is_ours(directory) and any(directory.iterdir()):
        raise SandboxError(
            f"data directory {directory}: has files that are no sandbox's; choose a new one with --dir"
        )
    directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    (directory / MARKER).touch()


def is_ours(directory: Path) -> bool:
    """Whether a sandbox has claimed that directory."""
    return (directory / MARKER).exists()


def remove(directory: Path) -> None:
    """Remove a data directory; one that no sandbox has claimed stays.

    Raises SandboxError when something is mounted in it that removing would reach into.
    """
    if not is_ours(directory):
        return
    below = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    mounted = [point for point in below if Path(point).is_relative_to(directory)]
    if mounted:
        raise SandboxError(f"{', '.join(mounted)} is mounted in {directory}: unmount it and run down again")
    for entry in directory.iterdir():
        if entry.name != MARKER:
            _remove_tree(entry)
    (directory / MARKER).unlink()
    directory.rmdir()


def _remove_tree(path: Path) -> None:
    """Remove a directory that processes which are just ending may still write to."""
    for _ in range(5):
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            return
        time.sleep(0.2)
    raise SandboxError(f"{path}: can't be removed")
