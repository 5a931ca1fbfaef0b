"""The sandbox itself: what kubeadm makes of it, power cycles, what it refuses, that it leaves nothing behind.

The tests run in this order on one cluster: it comes up in the first half and is gone at the end.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.leftovers import snapshot
from tests.sandbox import audit
from tests.sandbox.cluster import Sandbox
from tests.sandbox.errors import SandboxError
from tests.sandbox.process import execute, wait_for
from tests.sandbox.salt import REPOSITORY
from tests.sandbox.state import State

pytestmark = pytest.mark.e2e

COMMAND = [sys.executable, "-m", "tests.sandbox"]
CONTROL_PLANE_TAINT = {"effect": "NoSchedule", "key": "node-role.kubernetes.io/control-plane"}
EXCLUDE_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers"
MEMORY_BAR_MIB = 3072


def command(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the sandbox's command line as a user would."""
    return execute([*COMMAND, *arguments], timeout=300, check=check, cwd=REPOSITORY)


@contextmanager
def unheld(machine: Sandbox) -> Iterator[None]:
    """Let other processes work with the sandbox."""
    machine.lock.release()
    try:
        yield
    finally:
        machine.hold()


@pytest.fixture(scope="module")
def nothing(machine):
    machine.down()
    with unheld(machine):
        return snapshot()


@pytest.fixture(scope="module")
def cluster(machine, nothing):
    machine.up(3)
    return machine


@pytest.fixture(scope="module")
def web(cluster):
    """A web server in a pod on n2, made for the control plane's nodes."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web"},
        "spec": {
            "nodeName": "n2",
            "tolerations": [{"operator": "Exists"}],
            "containers": [{"name": "web", "image": "sandbox/web:1", "imagePullPolicy": "Never"}],
        },
    }
    cluster.kubectl("apply", "--filename=-", stdin=json.dumps(pod))
    wait_for(lambda: web_answer(cluster), timeout=60, what="the pod web answering")
    return "web"


def web_answer(cluster: Sandbox) -> str:
    """What the pod answers, on its own address, to a node it is not on."""
    ip = json.loads(cluster.kubectl("get", "pod", "web", "--output=json").stdout)["status"].get("podIP")
    url = f"http://{ip}:8080/"
    return cluster.run("n1", ["curl", "--silent", "--fail", "--max-time", "2", url], timeout=10).stdout


def kill_half_way(machine: Sandbox) -> None:
    """Let another process bring a node up, and kill it while kubeadm runs there."""
    up = subprocess.Popen([*COMMAND, "up", "--nodes", "1"], cwd=REPOSITORY, stderr=subprocess.PIPE, text=True)
    with up:
        said = ""
        while "kubeadm init" not in said:
            line = up.stderr.readline()
            assert line, f"up ended early:\n{said}"
            said += line
        node = machine.node("n1")
        wait_for(lambda: node.run(["pgrep", "kubeadm"]).stdout, timeout=30, what="kubeadm running")
        up.send_signal(signal.SIGKILL)
    assert State.load().phase == "starting"


def test_down_after_a_killed_up_leaves_nothing(machine, nothing):
    with unheld(machine):
        kill_half_way(machine)
        assert "unfinished" in command("status", check=False).stdout
        command("down")
        assert snapshot() == nothing


def test_up_after_a_killed_up_works_and_prints_its_figures(machine, nothing, capsys):
    with unheld(machine):
        kill_half_way(machine)
    machine.up(3)
    printed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("figure ")]
    print("\n".join(printed))
    figures = {name: value for _, name, value, _ in map(str.split, printed)}
    assert float(figures["sandbox_up"]) > 0
    assert 0 < float(figures["sandbox_memory"]) <= MEMORY_BAR_MIB


def test_up_again_does_nothing(cluster):
    before = (State.load(), [node.pid for node in cluster.nodes])
    with unheld(cluster):
        assert "already" in command("up").stderr
    assert (State.load(), [node.pid for node in cluster.nodes]) == before


def test_another_cluster_beside_it_is_refused(cluster):
    with pytest.raises(SandboxError, match=r"3 node\(s\).* is up, wanted were 1 .*down"):
        cluster.up(1)


@pytest.mark.parametrize("arguments", [("up",), ("down",), ("poweroff", "n1"), ("poweron", "n1")])
def test_commands_side_by_side_are_refused(cluster, arguments):
    refused = command(*arguments, check=False)
    assert refused.returncode == 2
    assert f"in use by process {os.getpid()} (" in refused.stderr
    assert all(node.pid for node in cluster.nodes)


def test_nodes_have_kubeadms_taint_and_label(cluster):
    nodes = json.loads(cluster.kubectl("get", "nodes", "--output=json").stdout)["items"]
    assert [node["metadata"]["name"] for node in nodes] == ["n1", "n2", "n3"]
    for node in nodes:
        assert CONTROL_PLANE_TAINT in node["spec"]["taints"]
        assert EXCLUDE_LABEL in node["metadata"]["labels"]


def test_commands_run_where_they_are_told(cluster):
    with unheld(cluster):
        assert command("exec", "n3", "hostname").stdout == "n3\n"
        assert command("exec", "n3", "--", "sh", "-c", "exit 7", check=False).returncode == 7
        assert "10.200.0.100/24" in command("client", "ip", "address").stdout
        assert "n2  10.200.0.12  Ready" in command("status").stdout


def test_a_write_is_in_the_audit_log_once_and_a_dry_run_is_no_write(cluster):
    mark = cluster.audit_mark()
    cluster.kubectl("create", "configmap", "noted", "--dry-run=server")
    cluster.kubectl("create", "configmap", "noted")
    uris = [
        event["requestURI"]
        for event in cluster.audit_events(mark)
        if audit.is_write(event) and "kubectl" in event.get("userAgent", "")
    ]
    assert len(uris) == 1
    assert uris[0].startswith("/api/v1/namespaces/default/configmaps")


def test_who_announces_an_address_is_seen_from_the_client(cluster):
    assert cluster.announcers("10.200.0.12") == {cluster.node("n2").address.mac: "n2"}
    assert cluster.announcers("10.200.0.60") == {}


def test_https_from_the_client_checks_the_certificate(cluster):
    ca = cluster.node("n1").disk / "etc/kubernetes/pki/ca.crt"
    assert cluster.https("https://10.200.0.13:6443/readyz", ca).body == b"ok"
    other = cluster.node("n1").disk / "etc/kubernetes/pki/etcd/ca.crt"
    with pytest.raises(OSError, match="certificate verify failed"):
        cluster.https("https://10.200.0.13:6443/readyz", other)


def test_salt_runs_in_the_nodes(cluster):
    cluster.bootstrap_file("kind: nothing yet\n", "n2")
    local = cluster.salt_call("n2", "cmd.run", "hostname; cat /etc/cp-ingress/bootstrap.yaml")
    assert (local.rc, local.data) == (0, "n2\nkind: nothing yet")
    assert cluster.salt_call("n1", "file.file_exists", "/etc/cp-ingress/bootstrap.yaml").data is False
    cluster.start_salt()
    assert cluster.salt("*", "test.ping").data == {"n1": True, "n2": True, "n3": True}


def test_a_node_without_power_is_gone_at_once_and_the_api_stays(cluster, web):
    cluster.power_off("n2")
    assert cluster.announcers("10.200.0.12") == {}
    with pytest.raises(SandboxError, match="switched off"):
        cluster.run("n2", ["true"])
    wait_for(lambda: cluster.kubectl("get", "nodes").stdout, timeout=60, what="the API answering without n2")
    with pytest.raises(SandboxError):
        web_answer(cluster)


def test_a_returned_node_reaches_services_and_serves_its_pods(cluster, web):
    assert cluster.power_on("n2") is True
    kubernetes = ["curl", "--silent", "--insecure", "--max-time", "3", "https://10.96.0.1/readyz"]
    assert cluster.run("n2", kubernetes).stdout == "ok"
    assert wait_for(lambda: web_answer(cluster), timeout=120, what="the pod web answering again")
    assert cluster.salt("n2", "test.ping").data == {"n2": True}
    assert cluster.power_on("n2") is False


def test_down_leaves_nothing(cluster, nothing):
    with unheld(cluster):
        command("down")
        assert "no sandbox" in command("status", check=False).stdout
        command("down")
        assert snapshot() == nothing
