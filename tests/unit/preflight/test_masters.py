"""What is said about the control-plane nodes."""

from __future__ import annotations

from typing import Any

import pytest

from cp_ingress_core import nodes
from cp_ingress_core.preflight import masters
from tests.unit.preflight.objects import node

CIDRS = ["10.200.0.0/24"]


def test_masters_are_the_labelled_nodes_by_name_without_their_host_names() -> None:
    found = [
        node("b", "10.0.0.2"),
        node("worker", "10.0.0.9", master=False),
        node("a", "10.0.0.1", "fd00::1"),
    ]
    assert nodes.masters(found) == {"a": ["10.0.0.1", "fd00::1"], "b": ["10.0.0.2"]}
    assert list(nodes.masters(found)) == ["a", "b"]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param(
            {"podCIDRs": ["10.1.0.0/24", "fd00::/64"]}, ["10.1.0.0/24", "fd00::/64"], id="dual stack"
        ),
        pytest.param({"podCIDR": "10.1.0.0/24"}, ["10.1.0.0/24"], id="the old single field"),
        pytest.param({}, [], id="none given, the network plug-in allocates"),
    ],
)
def test_pod_cidrs(spec: dict[str, Any], expected: list[str]) -> None:
    assert nodes.pod_cidrs([node("a", "10.0.0.1", **spec)] * 2) == expected


def test_service_cidrs() -> None:
    assert nodes.service_cidrs([{"spec": {"cidrs": ["10.96.0.0/16"]}}, {}]) == ["10.96.0.0/16"]


TWO = [node("a", "10.200.0.11"), node("b", "10.200.0.12")]
WORKER = node("w", "10.9.0.1", master=False, ready="False")


@pytest.mark.parametrize(
    ("mode", "found", "wanted"),
    [
        pytest.param("metallb", [*TWO, WORKER], [], id="two masters; workers are not looked at"),
        pytest.param("metallb", [WORKER], [("no-masters", "error")], id="no master at all"),
        pytest.param("metallb", TWO[:1], [("single-master", "warning")], id="MetalLB with one master"),
        pytest.param("external", TWO[:1], [], id="an IP of the user's own is the user's matter"),
        pytest.param(
            "external",
            [TWO[0], node("b", "10.200.0.12", ready="Unknown")],
            [("master-not-ready", "warning")],
            id="a master that is down",
        ),
        pytest.param(
            "metallb",
            [*TWO, node("c", "10.201.0.13", "fd00::13")],
            [("master-outside-cidr", "warning")],
            id="a master in another network can't announce the IP",
        ),
        pytest.param("external", [*TWO, node("c", "10.201.0.13")], [], id="which is no matter outside"),
        pytest.param("metallb", [*TWO, node("c")], [], id="a node without addresses yet"),
    ],
)
def test_masters(mode: str, found: list[Any], wanted: list[tuple[str, str]]) -> None:
    findings = masters.check(mode, CIDRS, found)
    assert [(finding.id, finding.level) for finding in findings] == wanted


def test_the_label_to_set_is_named() -> None:
    (finding,) = masters.check("metallb", CIDRS, [])
    assert "kubectl label node" in finding.remedy
