"""What a real API server says about externalIPs, with DenyServiceExternalIPs on and off.

Not covered here: a real kube-proxy's own words (the tests on the real cluster).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cp_ingress_core import exposure_facts, kube_proxy
from cp_ingress_core.kube.cluster import Cluster
from tests.lighttier import LightApiserver

IP = "10.200.0.60"
CONFIG_MAPS = "/api/v1/namespaces/kube-system/configmaps"


@pytest.fixture(scope="module")
def denying() -> Iterator[LightApiserver]:
    """An apiserver that refuses externalIPs."""
    server = LightApiserver("--enable-admission-plugins=DenyServiceExternalIPs")
    try:
        server.open()
        yield server
    finally:
        server.close()


@pytest.fixture
def gate_off(apiserver: LightApiserver) -> Iterator[None]:
    """kube-proxy's ConfigMap, as kubeadm names it, with externalIPs switched off."""
    config = f"mode: nftables\nmetricsBindAddress: 127.0.0.1:1\nfeatureGates: {{{kube_proxy.GATE}: false}}\n"
    body = {"metadata": {"name": "kube-proxy"}, "data": {"config.conf": config}}
    status, answer = apiserver.request("POST", CONFIG_MAPS, body)
    assert status == 201, answer
    yield
    apiserver.request("DELETE", f"{CONFIG_MAPS}/kube-proxy")


def cluster_of(server: LightApiserver) -> Cluster:
    return Cluster.connect(str(server.kubeconfig))


def service(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "cp-external"}, "spec": spec}


def test_a_plain_cluster_takes_external_ips_and_nothing_is_written(apiserver: LightApiserver) -> None:
    mark = apiserver.mark()
    chosen = exposure_facts.choose(cluster_of(apiserver), "auto", IP, [])
    assert chosen.kind == "externalIPs", chosen
    probes = [event for event in apiserver.since(mark) if "cp-ingress-probe" in event.uri]
    assert probes
    assert all("dryRun=All" in event.uri for event in probes)
    assert apiserver.request("GET", "/api/v1/namespaces/default/services/cp-ingress-probe")[0] == 404


def test_where_the_apiserver_refuses_external_ips_the_status_is_used(denying: LightApiserver) -> None:
    cluster = cluster_of(denying)
    assert exposure_facts.denied(cluster, IP) is True
    chosen = exposure_facts.choose(cluster, "auto", IP, [])
    assert chosen.kind == "status", chosen
    assert "DenyServiceExternalIPs" in chosen.reason


@pytest.mark.usefixtures("gate_off")
def test_where_kube_proxy_ignores_external_ips_the_status_is_used(apiserver: LightApiserver) -> None:
    chosen = exposure_facts.choose(cluster_of(apiserver), "auto", IP, [])
    assert chosen.kind == "status", chosen
    assert "configuration" in chosen.reason


def test_an_ip_that_is_carried_already_costs_no_dry_run(denying: LightApiserver) -> None:
    mark = denying.mark()
    chosen = exposure_facts.choose(cluster_of(denying), "auto", IP, [service(externalIPs=[IP])])
    assert chosen.kind == "externalIPs"
    assert [event.uri for event in denying.since(mark) if event.is_write] == []


def test_a_new_ip_is_tried_though_the_old_one_is_carried(denying: LightApiserver) -> None:
    chosen = exposure_facts.choose(cluster_of(denying), "auto", IP, [service(externalIPs=["10.200.0.11"])])
    assert chosen.kind == "status", chosen


def test_a_status_in_place_stays(apiserver: LightApiserver) -> None:
    carried = service(type="LoadBalancer", loadBalancerClass=exposure_facts.CLASS)
    assert exposure_facts.choose(cluster_of(apiserver), "auto", IP, [carried]).kind == "status"


def test_a_fixed_setting_asks_nobody(tmp_path: Path, apiserver: LightApiserver) -> None:
    mark = apiserver.mark()
    assert exposure_facts.choose(cluster_of(apiserver), "status", IP, []).kind == "status"
    assert [event.uri for event in apiserver.since(mark)] == []


def test_credentials_that_may_not_try_leave_it_unknown(apiserver: LightApiserver) -> None:
    nobody = Cluster.connect(str(apiserver.kubeconfig_for("nobody-at-all")))
    assert exposure_facts.denied(nobody, IP) is None
    assert exposure_facts.read(nobody, IP, []).denied is None
