"""The light tier itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.conftest import Figure
from tests.lighttier import LightApiserver
from tests.lighttier.audit import writes
from tests.sandbox.errors import SandboxError

PROJECT = Path(__file__).parents[2]
LIVES = """
from tests.lighttier import LightApiserver
server = LightApiserver()
server.open()
print(server._etcd.pid, server._apiserver.pid, server.folder, flush=True)
input()
"""


def config_map(name: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"key": "value"}}


def test_it_becomes_ready_and_says_how_long_that_took(figure: Figure) -> None:
    server = LightApiserver()
    try:
        started = time.monotonic()
        server.open()
        figure("light_tier_ready", time.monotonic() - started, "s")
        assert server.request("GET", "/version")[1]["gitVersion"] == "v1.36.3"
    finally:
        server.close()
    assert not server.folder.exists()


def test_a_durable_one_has_its_data_on_a_disk_and_waits_for_it() -> None:
    server = LightApiserver(durable=True)
    try:
        server.open()
        assert server._etcd is not None
        command = Path("/proc", str(server._etcd.pid), "cmdline").read_text(encoding="utf-8")
        assert "--unsafe-no-fsync" not in command
        assert not server.folder.is_relative_to("/dev/shm")  # noqa: S108
    finally:
        server.close()
    assert not server.folder.exists()


def test_the_administrator_writes_and_reads_objects(apiserver: LightApiserver, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    assert apiserver.request("POST", path, config_map("one"))[0] == 201
    assert (
        apiserver.kubectl("get", "configmap", "one", "-n", namespace, "-o", "jsonpath={.data.key}") == "value"
    )


def test_the_audit_log_tells_writes_from_reads_and_from_dry_runs(
    apiserver: LightApiserver, namespace: str
) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    mark = apiserver.mark()
    agent = {"User-Agent": "audited/1"}
    apiserver.request("GET", path, None, **agent)
    apiserver.request("POST", f"{path}?dryRun=All", config_map("dry"), **agent)
    apiserver.request("POST", path, config_map("real"), **agent)
    apiserver.request("GET", path, None, **{"User-Agent": "somebody-else/1"})
    events = apiserver.since(mark, user_agent="audited/")
    assert [(event.verb, event.code) for event in events] == [("list", 200), ("create", 201), ("create", 201)]
    assert [event.uri for event in writes(events)] == [path]
    assert {event.namespace for event in events} == {namespace}
    assert len(apiserver.since(mark)) == 4


def test_each_answered_request_is_in_the_audit_log_at_once(apiserver: LightApiserver) -> None:
    for number in range(50):
        mark = apiserver.mark()
        apiserver.request("GET", f"/api/v1/namespaces/default/pods/none-{number}")
        assert [event.code for event in apiserver.since(mark)] == [404]


def test_rbac_decides_what_another_user_may_do(apiserver: LightApiserver, namespace: str) -> None:
    kubeconfig = apiserver.kubeconfig_for("reader", ["readers"])

    def refusal() -> str:
        try:
            apiserver.kubectl("get", "configmaps", "-n", namespace, f"--kubeconfig={kubeconfig}")
        except SandboxError as error:
            return str(error)
        return ""

    assert 'User "reader" cannot list resource "configmaps"' in refusal()
    apiserver.kubectl("create", "role", "reader", "-n", namespace, "--verb=list", "--resource=configmaps")
    apiserver.kubectl("create", "rolebinding", "reader", "-n", namespace, "--role=reader", "--group=readers")
    # The authorizer hears of the binding by a watch.
    deadline = time.monotonic() + 10
    while refused := refusal():
        assert time.monotonic() < deadline, refused


def test_the_api_goes_away_and_comes_back_with_its_data(apiserver: LightApiserver, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    apiserver.request("POST", path, config_map("kept"))
    apiserver.stop()
    try:
        with pytest.raises(ConnectionRefusedError):
            apiserver.request("GET", path)
    finally:
        # From a thread that ends, as a test does that brings the API back in the background.
        thread = threading.Thread(target=apiserver.start)
        thread.start()
        thread.join()
    assert apiserver.request("GET", f"{path}/kept")[0] == 200


def test_nothing_outlives_a_killed_owner() -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", LIVES], cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert owner.stdout is not None
        *pids, folder = owner.stdout.readline().split()
        assert all(os.path.exists(f"/proc/{pid}") for pid in pids)
    finally:
        owner.send_signal(signal.SIGKILL)
        owner.communicate()
    deadline = time.monotonic() + 10
    while any(os.path.exists(f"/proc/{pid}") for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert Path(folder).exists()
    LightApiserver().close()
    assert not Path(folder).exists(), "the next one removes what a killed one left"
