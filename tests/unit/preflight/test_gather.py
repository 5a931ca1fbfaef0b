"""What is made of the Services and the record before the checks see them."""

from __future__ import annotations

from typing import Any

import pytest

from cp_ingress_core.endpoint import Endpoint, Mode
from cp_ingress_core.preflight import gather
from cp_ingress_core.preflight.facts import Basic
from cp_ingress_core.record import Record
from cp_ingress_core.settings import Settings
from tests.unit.preflight.objects import IP, NAMESPACE, node, service


def settings(mode: str = "metallb") -> Settings:
    control_plane = {
        "cidr": ["10.200.0.0/24"],
        "metalLB": {"enabled": mode == "metallb"},
        "ingress": {"ip": IP},
    }
    return Settings.from_pillar({"networks": {"controlPlane": control_plane}})


EXTERNAL, METALLB = Endpoint("external", IP, 8443), Endpoint("metallb", IP, 8443)
OTHER = Endpoint("external", "10.200.0.60", 8443)


def served(endpoint: Endpoint, **spec: Any) -> dict[str, Any]:
    return service(endpoint.service_name, NAMESPACE, port=endpoint.port, **spec)


@pytest.mark.parametrize(
    ("services", "record", "mode"),
    [
        pytest.param([], None, None, id="nobody, before the first run"),
        pytest.param([service(externalIPs=[IP])], None, None, id="a Service of somebody else"),
        pytest.param([served(EXTERNAL)], None, "external", id="the user, by our Service"),
        pytest.param([served(METALLB), served(EXTERNAL)], None, "metallb", id="MetalLB, when both are there"),
        pytest.param([served(OTHER)], Record(current=OTHER), None, id="another IP"),
        pytest.param(
            [], Record(current=METALLB, target=EXTERNAL, phase="widening"), "external", id="by the record"
        ),
    ],
)
def test_who_has_moved_the_ip_so_far(services: list[Any], record: Record | None, mode: Mode | None) -> None:
    assert gather.earlier(settings(), Basic(services=services, record=record)) == mode


def test_the_urls_of_other_endpoints_are_those_of_our_other_services() -> None:
    found = [
        served(METALLB, held=IP),
        served(OTHER, externalIPs=["10.200.0.60", "10.200.0.11"]),
        service(externalIPs=["10.200.0.61"]),
        service("internal", NAMESPACE),
    ]
    urls = ["https://10.200.0.11:8443", "https://10.200.0.60:8443"]
    assert gather.other_urls(settings(), found) == urls


def test_the_ip_may_be_a_nodes() -> None:
    assert gather.node_address(settings(), Basic(nodes=[node("a", IP)]))
    assert not gather.node_address(settings(), Basic(nodes=[node("a", "10.200.0.11")]))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param(None, "", id="no kubeadm"),
        pytest.param("controlPlaneEndpoint: api.example:6443", "api.example:6443", id="set"),
        pytest.param("kubernetesVersion: v1.36.3", "", id="not set"),
        pytest.param("a: [", "", id="no YAML"),
    ],
)
def test_kubeadms_endpoint(text: str | None, wanted: str) -> None:
    config_map = None if text is None else {"data": {"ClusterConfiguration": text}}
    assert gather.control_plane_endpoint(config_map) == wanted


@pytest.mark.parametrize(
    ("owner", "belongs"),
    [(None, False), ("Node", False), ("DaemonSet", True), ("ReplicaSet", True)],
    ids=["nobody", "its node: a static pod", "a DaemonSet", "a Deployment"],
)
def test_pods_of_workloads_are_left_out(owner: str | None, belongs: bool) -> None:
    owners = [{"kind": owner, "name": "x"}] if owner else []
    assert gather.of_workload({"metadata": {"name": "p", "ownerReferences": owners}}) is belongs
