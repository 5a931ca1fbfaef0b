"""Container images of the nodes: unpacked once, then shared by hard links.

Importing takes seconds and hundreds of megabytes per node, so one containerd imports all images into a
directory of the build cache. A node's containerd starts on hard links to its contents: layers and blobs are
never written again, only the two databases are copied.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.sandbox.errors import SandboxError
from tests.sandbox.process import execute, kill_group, wait_for
from tests.sandbox.state import ANCHOR

NAMESPACE = "k8s.io"
DATABASES = (
    "io.containerd.metadata.v1.bolt/meta.db",
    "io.containerd.snapshotter.v1.overlayfs/metadata.db",
)
FORMAT = "1"
"""Part of the cache key; raised when the way of unpacking changes."""


def seed_key(archives: Sequence[Path]) -> str:
    """Hash over names, sizes and times of the archives, which are never changed in place."""
    digest = hashlib.sha256(FORMAT.encode())
    for archive in sorted(archives):
        stat = archive.stat()
        digest.update(f"{archive}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode())
    return digest.hexdigest()[:16]


def ensure_seed(archives: Sequence[Path], cache: Path, path: str, runtime: Path = ANCHOR) -> Path:
    """Directory with all archives imported, made if it isn't there yet.

    Parameters: the image archives; `cache` the directory for such things; `path` the PATH with containerd;
    `runtime` a directory with a short name for its socket.
    """
    seed = cache / f"images-{seed_key(archives)}"
    if seed.is_dir():
        return seed
    cache.mkdir(parents=True, exist_ok=True)
    for old in cache.glob("images-*"):
        shutil.rmtree(old)
    for unfinished in cache.glob(".images-*"):
        shutil.rmtree(unfinished)
    root = Path(tempfile.mkdtemp(prefix=".images-", dir=cache))
    with tempfile.TemporaryDirectory(prefix="import-", dir=runtime) as work:
        _import(archives, root, Path(work), path)
    root.rename(seed)
    return seed


def place(seed: Path, target: Path) -> None:
    """Give a node the images: links where its disk is on the seed's file system, else copies."""
    target.mkdir(parents=True, exist_ok=True)
    same = os.stat(seed).st_dev == os.stat(target).st_dev
    execute(["cp", "-a", *(["--link"] if same else []), f"{seed}/.", str(target)], timeout=120)
    for database in DATABASES:
        (target / database).unlink()
        shutil.copy2(seed / database, target / database)


def names(seed: Path) -> list[str]:
    """Names of the images in a seed."""
    return (seed / "images.txt").read_text().split()


def _import(archives: Sequence[Path], root: Path, work: Path, path: str) -> None:
    socket = work / "containerd.sock"
    configuration = work / "config.toml"
    configuration.write_text(
        f'version = 3\nroot = "{root}"\nstate = "{work}/state"\n'
        f'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", '
        f'"io.containerd.cri.v1.runtime", "io.containerd.nri.v1.nri"]\n'
        f'[grpc]\n  address = "{socket}"\n[ttrpc]\n  address = "{socket}.ttrpc"\n'
    )
    with (work / "log").open("w") as log:
        # Ends with this process, in mounts of its own: an interrupted import leaves nothing running
        # or mounted.
        alone = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child"]
        daemon = subprocess.Popen(
            [*alone, "containerd", "--config", str(configuration)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            text=True,
            env={"PATH": path},
            start_new_session=True,
        )
    ctr = ["ctr", "--address", str(socket), "--namespace", NAMESPACE, "images"]
    environment = {"PATH": path}
    try:
        wait_for(
            lambda: execute([*ctr, "ls", "-q"], check=False, env=environment).returncode == 0,
            timeout=30,
            what="containerd for importing images answering",
        )
        for archive in archives:
            execute([*ctr, "import", str(archive)], timeout=300, env=environment)
        listed = execute([*ctr, "ls", "-q"], env=environment).stdout
        (root / "images.txt").write_text("\n".join(n for n in listed.split() if "@" not in n) + "\n")
    except SandboxError as error:
        raise SandboxError(f"{error}\n{(work / 'log').read_text()[-2000:]}") from error
    finally:
        kill_group(daemon)
