"""A real kube-proxy's own words, in a network namespace of its own with a real API server (root)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cp_ingress_core import kube_proxy
from tests.lighttier import LightApiserver
from tests.lighttier.processes import Spawner
from tests.sandbox.build import bin_dir

PROJECT = Path(__file__).resolve().parents[2]
NODE = "10.200.0.11"
NETWORK = (
    "ip link set lo up && ip link add eth0 type veth peer name lan && ip link set lan up"
    f" && ip addr add {NODE}/24 dev eth0 && ip link set eth0 up && ip route add default dev eth0"
    ' && exec "$0" -m tests.apiserver.test_kube_proxy "$1" "$2"'
)
CONFIGURATION = """\
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clusterCIDR: 10.1.0.0/16
clientConnection: {{kubeconfig: {kubeconfig}}}
conntrack: {{maxPerCore: 0, min: 0}}
{gates}
"""
SECONDS = 60.0


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root")
@pytest.mark.parametrize(
    ("gates", "gate"),
    [
        pytest.param(f"featureGates: {{{kube_proxy.GATE}: false}}", False, id="external IPs switched off"),
        pytest.param("", True, id="by default"),
    ],
)
def test_kube_proxy_says_how_it_runs(tmp_path: Path, gates: str, gate: bool) -> None:
    done = subprocess.run(
        ["unshare", "--net", "sh", "-ec", NETWORK, sys.executable, str(tmp_path), gates],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": f"{PROJECT}:{PROJECT / '_modules'}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == str(kube_proxy.Answer("nftables", gate))


def main(folder: Path, gates: str) -> None:
    """Start an API server with one node, and kube-proxy beside it; print what kube-proxy says."""
    server, spawner = LightApiserver(), Spawner()
    try:
        server.open()
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}}
        assert server.request("POST", "/api/v1/nodes", node)[0] == 201
        _, live = server.request("GET", "/api/v1/nodes/n1")
        live["status"]["addresses"] = [{"type": "InternalIP", "address": NODE}]
        assert server.request("PUT", "/api/v1/nodes/n1/status", live)[0] == 200
        configuration = folder / "config.yaml"
        configuration.write_text(CONFIGURATION.format(kubeconfig=server.kubeconfig, gates=gates))
        program = bin_dir("kube-node") / "kube-proxy"
        command = [str(program), f"--config={configuration}", "--hostname-override=n1"]
        log = folder / "kube-proxy.log"
        spawner.start(command, log)
        deadline = time.monotonic() + SECONDS
        while not (answer := kube_proxy.ask()).mode:
            assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
            time.sleep(0.2)
        print(answer)
    finally:
        spawner.close()
        server.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
