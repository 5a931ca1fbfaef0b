"""Who listens on the endpoint's port."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from cp_ingress_core.preflight import ports
from tests.unit.preflight.objects import IP, NAMESPACE, workload

EVERYWHERE = (ip_address("0.0.0.0"), 8443)  # noqa: S104


@pytest.mark.parametrize(
    ("family", "host"),
    [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"), (socket.AF_INET, "0.0.0.0")],  # noqa: S104
)
def test_the_kernels_tables_are_understood(family: socket.AddressFamily, host: str) -> None:
    with socket.socket(family) as listening, socket.socket(family) as idle:
        for opened in (listening, idle):
            opened.bind((host, 0))
        listening.listen()
        table = Path("/proc/net/tcp6" if family == socket.AF_INET6 else "/proc/net/tcp").read_text("ascii")
        found = ports.listeners(table)
        assert (ip_address(host), listening.getsockname()[1]) in found
        assert (ip_address(host), idle.getsockname()[1]) not in found


PORT = [{"containerPort": 8443}]


@pytest.mark.parametrize(
    ("mode", "listeners", "found", "words"),
    [
        pytest.param("external", [EVERYWHERE], [], ["on this node"], id="a process on every address"),
        pytest.param("external", [(ip_address(IP), 8443)], [], ["on this node"], id="on the IP itself"),
        pytest.param("external", [(ip_address("127.0.0.1"), 8443)], [], [], id="on loopback alone"),
        pytest.param("external", [(EVERYWHERE[0], 6443)], [], [], id="another port"),
        pytest.param("metallb", [EVERYWHERE], [], [], id="MetalLB's IP is no address of a node"),
        pytest.param(
            "external",
            [],
            [workload("proxy", host_network=True, ports=PORT)],
            ["DaemonSet default/proxy"],
            id="a pod on the nodes' network",
        ),
        pytest.param(
            "external",
            [],
            [workload("proxy", kind="Pod", ports=[{"containerPort": 443, "hostPort": 8443}])],
            ["Pod default/proxy"],
            id="a pod with a host port",
        ),
        pytest.param("external", [], [workload("web", ports=PORT)], [], id="a pod in its own network"),
        pytest.param(
            "external",
            [],
            [workload("nginx", NAMESPACE, host_network=True, ports=PORT)],
            [],
            id="our own pods",
        ),
    ],
)
def test_ports(mode: str, listeners: list[Any], found: list[Any], words: list[str]) -> None:
    findings = ports.check(mode, IP, 8443, NAMESPACE, listeners, found, node_address=False)
    assert [(finding.id, finding.level) for finding in findings] == [("port-taken", "warning")] * len(words)
    assert all(word in finding.evidence for word, finding in zip(words, findings, strict=True))


def test_on_a_nodes_own_address_the_process_would_be_cut_off() -> None:
    (finding,) = ports.check("external", IP, 8443, NAMESPACE, [EVERYWHERE], [], node_address=True)
    assert finding.level == "error"
