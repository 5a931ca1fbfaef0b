"""What else has the ingress IP, or its port."""

from __future__ import annotations

from typing import Any

import pytest

from cp_ingress_core.preflight import addresses
from tests.unit.preflight.objects import IP, NAMESPACE, service


def test_conflicts_become_errors() -> None:
    (finding,) = addresses.check_conflicts(["10.0.0.1 is node a"])
    assert (finding.id, finding.level, finding.evidence) == (
        "address-conflict",
        "error",
        "10.0.0.1 is node a",
    )


@pytest.mark.parametrize(
    ("mode", "found", "place"),
    [
        pytest.param("metallb", service(), None, id="a Service that has nothing to do with it"),
        pytest.param("metallb", service(externalIPs=[IP]), "spec.externalIPs", id="as external IP"),
        pytest.param(
            "external", service(externalIPs=[IP]), None, id="several share it outside by their ports"
        ),
        pytest.param(
            "external", service(externalIPs=[IP], port=8443), "spec.externalIPs", id="not by the same port"
        ),
        pytest.param(
            "metallb", service(loadBalancerIP=IP), "spec.loadBalancerIP", id="asked for, the old way"
        ),
        pytest.param("metallb", service(held=IP), "its status", id="given by another controller"),
        pytest.param("metallb", service(clusterIP=IP), "spec.clusterIPs", id="as cluster IP"),
        pytest.param(
            "metallb",
            service(annotations={"metallb.universe.tf/loadBalancerIPs": f"10.9.9.9, {IP}"}),
            "an annotation",
            id="asked of MetalLB, under its old name",
        ),
        pytest.param(
            "metallb",
            service(annotations={"kube-vip.io/loadbalancerIPs": IP}),
            "an annotation",
            id="asked of kube-vip",
        ),
        pytest.param("metallb", service(namespace=NAMESPACE, held=IP), None, id="our own"),
        pytest.param("metallb", {**service(), "status": {}}, None, id="no status yet"),
    ],
)
def test_services_with_the_ip(mode: str, found: dict[str, Any], place: str | None) -> None:
    findings = addresses.check_services(mode, IP, 8443, NAMESPACE, [found])
    assert [(finding.id, finding.level) for finding in findings] == (
        [("ip-used-by-service", "error")] if place else []
    )
    assert all(
        place and place in finding.evidence and "default/other" in finding.evidence for finding in findings
    )


def test_an_ipv6_address_is_found_however_it_is_written() -> None:
    found = service(externalIPs=["fd00:0:0::50"])
    assert addresses.check_services("metallb", "fd00::50", 8443, NAMESPACE, [found])


NODES = {"a": [IP], "b": ["10.200.0.12"]}


@pytest.mark.parametrize(
    ("mode", "ip", "port", "ids"),
    [
        pytest.param("external", IP, 30443, ["node-port-taken"], id="a node's own IP with a node port"),
        pytest.param("external", IP, 8443, [], id="another port"),
        pytest.param("external", "10.200.0.60", 30443, [], id="an IP that no node has"),
        pytest.param("metallb", IP, 30443, [], id="MetalLB's IP is no node's"),
    ],
)
def test_node_ports(mode: str, ip: str, port: int, ids: list[str]) -> None:
    taken = service(ports=[{"port": 443, "nodePort": 30443}])
    found = addresses.check_node_ports(mode, ip, port, NODES, [taken, service()])
    assert [finding.id for finding in found] == ids
