"""What of a sandbox could be left on the machine, as a value to compare."""

from __future__ import annotations

import os
from pathlib import Path

from tests.sandbox import sysctl
from tests.sandbox.addresses import PREFIX
from tests.sandbox.datadir import data_directory
from tests.sandbox.state import ANCHOR

# Written by a kubelet, a container runtime, kubeadm or the formula on a machine of their own.
PLACES = (
    "/etc/kubernetes",
    "/etc/cni",
    "/etc/cp-ingress",
    "/etc/containerd",
    "/opt/cni",
    "/run",
    "/run/netns",
    "/run/containerd",
    "/run/flannel",
    "/usr/libexec/kubernetes",
    "/var/lib/cni",
    "/var/lib/containerd",
    "/var/lib/etcd",
    "/var/lib/kubelet",
    "/var/log/containers",
    "/var/log/kubernetes",
    "/var/log/pods",
    "/var/tmp",  # noqa: S108 - only listed
    str(ANCHOR),
    str(data_directory(None)),
)

SIGNS = (f"/{PREFIX}-", str(ANCHOR), str(data_directory(None)))


def snapshot() -> dict[str, object]:
    """Mounts, namespaces, cgroups, processes, files and kernel settings that a sandbox could have left."""
    return {
        "mounts": sorted(Path("/proc/self/mounts").read_text().splitlines()),
        "links": sorted(os.listdir("/sys/class/net")),
        "cgroups": [path for path, _, _ in os.walk("/sys/fs/cgroup") if f"/{PREFIX}-" in path],
        "processes": _sandboxed_processes(),
        "files": {place: sorted(os.listdir(place)) for place in PLACES if os.path.isdir(place)},
        "settings": sysctl.save(),
    }


def _sandboxed_processes() -> dict[int, str]:
    """Names of the processes in a sandbox's cgroup, or with its files or namespaces among their mounts."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            view = (entry / "cgroup").read_text() + (entry / "mountinfo").read_text()
            if any(sign in view for sign in SIGNS):
                found[int(entry.name)] = (entry / "comm").read_text().strip()
        except OSError:
            continue  # ended meanwhile
    return found
