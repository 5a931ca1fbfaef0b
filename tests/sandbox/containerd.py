"""Configuration of each node's containerd and of its pods' network."""

from __future__ import annotations

import json

from tests.sandbox.addresses import NodeAddress

PAUSE_IMAGE = "registry.k8s.io/pause:3.10.2"
CNI_PLUGINS = "/usr/lib/cni"
"""Where Debian's containernetworking-plugins are."""


def configuration() -> str:
    """The text of containerd's configuration file."""
    # Without restrict_oom_score_adj every pod fails where the machine withholds CAP_SYS_RESOURCE.
    return f"""version = 3
root = "/var/lib/containerd"
state = "/run/containerd"

[grpc]
  address = "/run/containerd/containerd.sock"

[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "{PAUSE_IMAGE}"

[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
    SystemdCgroup = false

[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["{CNI_PLUGINS}"]
  conf_dir = "/etc/cni/net.d"
"""


def pod_network(node: NodeAddress) -> str:
    """The text of a node's CNI configuration: a bridge whose pods the other nodes reach by static routes."""
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "ipMasq": False,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": node.pod_cidr}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return json.dumps({"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge, ports]}, indent=1) + "\n"
