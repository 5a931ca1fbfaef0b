"""Who else serves LoadBalancer Services."""

from __future__ import annotations

from typing import Any

import pytest

from cp_ingress_core.preflight import controllers
from tests.unit.preflight.objects import NAMESPACE, OURS, SPACES, service, workload

SVCLB = workload("svclb-traefik-1", "kube-system", labels={"svccontroller.k3s.cattle.io/svcname": "traefik"})
VIP_SERVICES = [{"name": "svc_enable", "value": "true"}, {"name": "cp_enable", "value": "true"}]


@pytest.mark.parametrize(
    ("mode", "found", "wanted"),
    [
        pytest.param("metallb", workload("coredns"), [], id="something else"),
        pytest.param("metallb", SVCLB, ["error"], id="k3s' ServiceLB"),
        pytest.param("external", SVCLB, [], id="which is no matter outside"),
        pytest.param(
            "metallb",
            workload("kube-vip", kind="Pod", image="ghcr.io/kube-vip/kube-vip:v1", env=VIP_SERVICES),
            ["warning"],
            id="kube-vip that serves Services",
        ),
        pytest.param(
            "metallb",
            workload("kube-vip", kind="Pod", image="ghcr.io/kube-vip/kube-vip:v1", env=VIP_SERVICES[1:]),
            [],
            id="kube-vip for the API alone",
        ),
        pytest.param(
            "metallb",
            workload("ccm", image="registry.example/openstack-cloud-controller-manager:v1.30"),
            ["warning"],
            id="a cloud's controller",
        ),
        pytest.param("metallb", workload("x", NAMESPACE, image="purelb/a:1", labels=OURS), [], id="ours"),
    ],
)
def test_controllers(mode: str, found: dict[str, Any], wanted: list[str]) -> None:
    pods, workloads = ([found], []) if found["kind"] == "Pod" else ([], [found])
    findings = controllers.check_controllers(mode, SPACES, workloads, pods)
    assert [(finding.id, finding.level) for finding in findings] == [
        ("foreign-load-balancer", level) for level in wanted
    ]


THEIRS = service(type="LoadBalancer", held="192.0.2.7")


@pytest.mark.parametrize(
    ("mode", "found", "deployed", "risk"),
    [
        pytest.param("metallb", THEIRS, False, True, id="MetalLB would clear its status"),
        pytest.param("metallb", THEIRS, True, False, id="MetalLB is there already"),
        pytest.param("external", THEIRS, False, False, id="no MetalLB comes"),
        pytest.param(
            "metallb",
            service(type="LoadBalancer", held="192.0.2.7", loadBalancerClass="theirs"),
            False,
            False,
            id="one with a class is left alone",
        ),
        pytest.param("metallb", service(type="LoadBalancer"), False, False, id="one without an address"),
        pytest.param("metallb", service(held="192.0.2.7"), False, False, id="no LoadBalancer any more"),
        pytest.param(
            "metallb",
            service(namespace=NAMESPACE, type="LoadBalancer", held="192.0.2.7"),
            False,
            False,
            id="our own",
        ),
    ],
)
def test_services_of_other_controllers(mode: str, found: dict[str, Any], deployed: bool, risk: bool) -> None:
    findings = controllers.check_served(mode, NAMESPACE, [found], deployed=deployed)
    assert [(finding.id, finding.level) for finding in findings] == [
        ("load-balancer-at-risk", "error")
    ] * risk
