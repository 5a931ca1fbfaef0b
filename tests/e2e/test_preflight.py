"""Preflight and status on three real masters whose kube-proxy ignores externalIPs: one story, told in order.

Covered: what only a machine, a network and a kube-proxy show, and status with a master and then the API gone.
Not covered: findings about objects (tests/apiserver/test_preflight.py).
"""

import sys
import time
from pathlib import Path

import pytest

from tests.e2e import ingress
from tests.sandbox import vip
from tests.sandbox.process import kill_group, wait_for
from tests.sandbox.progress import figure

pytestmark = pytest.mark.e2e

VIP = ingress.VIP
N1 = "10.200.0.11"
LIBRARY = str(Path(__file__).resolve().parents[2] / "_modules")


@pytest.fixture(scope="module")
def cluster(sandbox_of):
    return sandbox_of(3, external_ips="unserved")


def asked(cluster, ip, *, metallb):
    """Return the findings for an endpoint, by id."""
    cluster.bootstrap_file(ingress.bootstrap_file(ip, metallb=metallb))
    found = cluster.salt_call("n1", "cp_ingress.preflight").data
    assert isinstance(found, list), found
    return {finding["id"]: finding for finding in found}


def test_nothing_stands_in_the_way_on_a_bare_cluster(cluster):
    started = time.monotonic()
    found = asked(cluster, VIP, metallb=True)
    figure("preflight_on_a_bare_cluster", round(time.monotonic() - started, 1), "s")
    assert [finding for finding in found.values() if finding["level"] == "error"] == []
    # The masters carry the label that hides them from load balancers: no matter to our speakers.
    assert not {"speakers-excluded", "ip-not-probed", "unreadable", "clock-skew"} & set(found), found
    # kubeadm's own set-up, which is so on the sandbox as on many clusters.
    assert set(found) <= {"kube-proxy-on-single-master", "control-plane-endpoint-on-single-master"}, found


def test_a_machine_that_has_the_ip_is_found_by_its_hardware_address(cluster):
    vip.give(cluster, "n2", VIP)
    try:
        (mac,) = cluster.announcers(VIP)
        found = asked(cluster, VIP, metallb=True)["ip-taken"]
        assert found["level"] == "error"
        assert mac in found["evidence"]
        assert "ip-silent" not in asked(cluster, VIP, metallb=False)
        vip.give(cluster, "n1", VIP)
        assert "this machine and " + mac in asked(cluster, VIP, metallb=False)["two-holders"]["evidence"]
    finally:
        for node in ("n1", "n2"):
            vip.take(cluster, node, VIP)
    assert "ip-silent" in asked(cluster, VIP, metallb=False)


def test_kube_proxys_own_words_are_understood(cluster):
    code = "from cp_ingress_core import kube_proxy; print(kube_proxy.ask())"
    said = cluster.run("n1", [sys.executable, "-c", code], env={"PYTHONPATH": LIBRARY}).stdout
    assert said.strip() == "Answer(mode='iptables', gate=False)"


def test_a_program_on_the_endpoints_port_is_found(cluster):
    listening = cluster.popen("n1", [sys.executable, "-m", "http.server", "8443"])
    try:
        wait_for(lambda: "port-taken" in asked(cluster, N1, metallb=False), timeout=20, what="port-taken")
        assert asked(cluster, N1, metallb=False)["port-taken"]["level"] == "error"
    finally:
        kill_group(listening)


def test_a_note_in_the_manifests_folder_is_found(cluster):
    note = "/etc/kubernetes/manifests/note.txt"
    cluster.run("n1", ["sh", "-c", f"echo remember > {note}"])
    try:
        assert note in asked(cluster, VIP, metallb=True)["foreign-manifest"]["evidence"]
    finally:
        cluster.run("n1", ["rm", note])


def test_after_a_run_everything_agrees(cluster):
    cluster.bootstrap_file(ingress.bootstrap_file(VIP, metallb=True))
    ingress.apply(cluster)
    checked = cluster.salt_call("n1", "cp_ingress.check")
    assert (checked.rc, checked.data) == (0, []), checked.data
    status = cluster.salt_call("n1", "cp_ingress.status").data
    assert [entry["answers"][:3] for entry in status["apiservers"].values()] == ["v1."] * 3, status
    holders = {*status["answering"], *status["announced_by"]}
    assert holders, status


def test_another_file_than_the_cluster_has_is_told(cluster):
    cluster.bootstrap_file(ingress.bootstrap_file("10.200.0.51", metallb=True))
    checked = cluster.salt_call("n1", "cp_ingress.check")
    assert checked.rc == 1
    assert any("cp-metallb-10-200-0-51" in text for text in checked.data), checked.data
    cluster.bootstrap_file(ingress.bootstrap_file(VIP, metallb=True))


def test_a_master_that_is_gone_is_told(cluster):
    cluster.power_off("n2")
    found = cluster.salt_call("n1", "cp_ingress.check").data
    assert any("apiserver of n2" in text for text in found), found


def test_with_the_api_gone_status_still_answers(cluster):
    """Of three masters the one that is left has no quorum."""
    cluster.power_off("n3")
    started = time.monotonic()
    checked = cluster.salt_call("n1", "cp_ingress.check")
    figure("check_with_the_api_gone", round(time.monotonic() - started, 1), "s")
    assert checked.rc == 1
    assert any("could not be read" in text for text in checked.data), checked.data
