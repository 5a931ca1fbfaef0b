"""From nothing to a cluster whose nodes are ready."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from tests.sandbox import build, cgroups, health, images, kubeadm, network, salt, sysctl
from tests.sandbox.addresses import node_addresses
from tests.sandbox.build import debian
from tests.sandbox.build.cache import cache_root
from tests.sandbox.errors import SandboxError
from tests.sandbox.node import Node, search_path
from tests.sandbox.options import Options
from tests.sandbox.process import execute
from tests.sandbox.progress import Progress
from tests.sandbox.state import State

PARTS = ("etcd", "kube-light", "helm", "kube-node", "containerd")
"""Builds whose programs are used on the nodes or the client; what runs in pods is in images."""


def check_machine() -> None:
    """Install the Debian packages that are missing; find out early what else the machine lacks.

    Raises SandboxError (or the builder's BuildError) naming it.
    """
    debian.install("node", "client")
    # Built in or loaded already on most machines: a failure shows in what follows.
    execute(["modprobe", "--all", "--quiet", "overlay", "br_netfilter"], check=False)
    if "overlay" not in Path("/proc/filesystems").read_text().split():
        raise SandboxError("the kernel lacks overlayfs, which the nodes' disks need")
    cgroups.hierarchies()


@cache
def programs() -> Path:
    """Directory with the programs that the nodes use, built if need be."""
    return build.bin_dir(*PARTS)


def image_seed(directory: Path) -> Path:
    """All images, unpacked for the nodes."""
    return images.ensure_seed(build.images(), cache_root() / "seed", search_path([directory]))


def prepare(progress: Progress) -> tuple[Path, Path]:
    """Build what is missing; returns the programs' directory and the unpacked images."""
    progress.say("programs and images (built when missing)")
    directory = programs()
    return directory, image_seed(directory)


def bring_up(state: State, directory: Path, seed: Path, progress: Progress) -> None:
    """Network, nodes, kubeadm: returns when every node works."""
    root = Path(state.directory)
    addresses = node_addresses(state.nodes)
    nodes = [Node(address, addresses, root, search_path([directory])) for address in addresses]
    sysctl.raise_limits()
    progress.say(f"network and {len(nodes)} node(s)")
    network.create(addresses)
    write_pillar(root / "pillar")
    for node in nodes:
        node.prepare()
        images.place(seed, node.disk / "var/lib/containerd")
        state.cgroups += map(str, node.start())
        state.save()
    for node in nodes:
        node.wait_for_containerd()
    _make_cluster(nodes, state.options, progress)


def write_pillar(directory: Path) -> None:
    """The sandbox's pillar: the packaged charts, pinned by digest, and the built helm."""
    directory.mkdir(parents=True, exist_ok=True)
    charts = {
        name: {"version": chart.version, "sha256": chart.sha256, "directory": str(chart.path.parent)}
        for name, chart in build.charts().items()
    }
    for name, text in salt.pillar_files(charts, build.binary("helm")).items():
        (directory / name).write_text(text)


def _make_cluster(nodes: list[Node], options: Options, progress: Progress) -> None:
    since = datetime.now(UTC)
    keys = kubeadm.Secrets.generate()
    progress.say(f"kubeadm init on {nodes[0].name}")
    ca_hash = kubeadm.init(nodes[0], options, keys)
    for node in nodes[1:]:
        # One at a time: etcd takes one learner, and a second new member could cost the quorum.
        progress.say(f"kubeadm join on {node.name}")
        kubeadm.join(node, keys, ca_hash)
    progress.say("waiting until every node works")
    with ThreadPoolExecutor(len(nodes)) as pool:
        list(pool.map(lambda node: health.wait_until_ready(node, since), nodes))
    progress.say(f"{len(nodes)} node(s) ready")
