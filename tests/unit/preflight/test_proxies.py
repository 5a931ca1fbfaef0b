"""What is said about kube-proxy."""

from __future__ import annotations

import pytest

from cp_ingress_core.exposure import Facts
from cp_ingress_core.kube_proxy import Answer, Configuration
from cp_ingress_core.preflight import proxies
from tests.unit.preflight.objects import IP

LAX, STRICT = Configuration("ipvs"), Configuration("ipvs", strict_arp=True)


@pytest.mark.parametrize(
    ("mode", "configured", "live", "node_address", "wanted"),
    [
        pytest.param("metallb", Configuration("iptables"), "iptables", False, [], id="iptables"),
        pytest.param(
            "metallb",
            LAX,
            "ipvs",
            False,
            [("ipvs-without-strict-arp", "error")],
            id="every node would answer",
        ),
        pytest.param(
            "metallb", LAX, "", False, [("ipvs-without-strict-arp", "error")], id="by configuration alone"
        ),
        pytest.param("metallb", STRICT, "ipvs", False, [], id="strict ARP"),
        pytest.param("metallb", LAX, "nftables", False, [], id="what runs counts, not what is written"),
        pytest.param("external", LAX, "ipvs", False, [], id="an address of its own"),
        pytest.param(
            "external", STRICT, "ipvs", True, [("ipvs-node-address", "warning")], id="a node's address"
        ),
        pytest.param("metallb", None, "", False, [], id="nothing is known"),
    ],
)
def test_mode(
    mode: str, configured: Configuration | None, live: str, node_address: bool, wanted: list[tuple[str, str]]
) -> None:
    found = proxies.check_mode(mode, configured, Answer(live), ip=IP, node_address=node_address)
    assert [(finding.id, finding.level) for finding in found] == wanted


@pytest.mark.parametrize(
    ("setting", "facts", "answers", "wanted"),
    [
        pytest.param("auto", Facts("v1.36.3"), True, [], id="nothing is in the way"),
        pytest.param("auto", Facts("v1.36.3", denied=True), True, [], id="auto goes another way"),
        pytest.param("status", Facts("v1.40.0"), False, [], id="status needs none of it"),
        pytest.param(
            "externalIPs",
            Facts("v1.36.3", denied=True),
            True,
            [("external-ips-unavailable", "error")],
            id="the apiserver refuses what is insisted on",
        ),
        pytest.param(
            "externalIPs",
            Facts("v1.36.3", gate=False),
            True,
            [("external-ips-unavailable", "error")],
            id="kube-proxy ignores it",
        ),
        pytest.param(
            "auto", Facts("v1.36.3"), False, [("exposure-unknown", "warning")], id="nobody can be asked"
        ),
    ],
)
def test_exposure(setting: str, facts: Facts, answers: bool, wanted: list[tuple[str, str]]) -> None:
    found = proxies.check_exposure(setting, facts, answers=answers)
    assert [(finding.id, finding.level) for finding in found] == wanted
