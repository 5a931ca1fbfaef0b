"""Where the API is reached: not at the ingress IP, and not at one master alone."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from cp_ingress_core.preflight import kubeconfigs
from tests.unit.preflight.objects import IP

MASTERS = {"a": ["10.200.0.11"], "b": ["10.200.0.12"]}
HERE = frozenset({"10.200.0.11"})


@pytest.mark.parametrize(
    ("mode", "what", "server", "wanted"),
    [
        pytest.param("metallb", "kubelet", "https://10.200.0.5:6443", None, id="an address of the API's own"),
        pytest.param("metallb", "kubelet", "https://api.example:6443", None, id="a name tells nothing"),
        pytest.param("metallb", "kubelet", "", None, id="unknown"),
        pytest.param(
            "metallb", "kubelet", f"https://{IP}:6443", ("kubelet-on-ingress-ip", "error"), id="circular"
        ),
        pytest.param(
            "external",
            "kubelet",
            f"https://{IP}:6443",
            ("kubelet-on-ingress-ip", "warning"),
            id="with the user's own VIP it works, but doesn't follow a change",
        ),
        pytest.param(
            "metallb",
            "kube-proxy",
            f"https://{IP}:6443",
            ("kube-proxy-on-ingress-ip", "error"),
            id="kube-proxy",
        ),
        pytest.param(
            "external",
            "control-plane-endpoint",
            f"{IP}:6443",
            ("control-plane-endpoint-on-ingress-ip", "warning"),
            id="kubeadm's endpoint",
        ),
        pytest.param(
            "metallb", "kubelet", "https://10.200.0.11:6443", None, id="a kubelet with its own apiserver"
        ),
        pytest.param(
            "metallb",
            "kubelet",
            "https://10.200.0.12:6443",
            ("kubelet-on-single-master", "warning"),
            id="with another's",
        ),
        pytest.param(
            "metallb",
            "kube-proxy",
            "https://10.200.0.11:6443",
            ("kube-proxy-on-single-master", "warning"),
            id="every kube-proxy with one master, as kubeadm does without an endpoint",
        ),
        pytest.param(
            "external",
            "control-plane-endpoint",
            "10.200.0.11:6443",
            ("control-plane-endpoint-on-single-master", "warning"),
            id="kubeadm's endpoint is one master",
        ),
        pytest.param("external", "kubelet", "https://[bad", None, id="no URL"),
    ],
)
def test_ways_to_the_api(mode: str, what: str, server: str, wanted: tuple[str, str] | None) -> None:
    found = kubeconfigs.check(mode, ip_address(IP), {what: server}, MASTERS, HERE)
    assert [(finding.id, finding.level) for finding in found] == ([wanted] if wanted else [])


def test_with_one_master_there_is_no_other_way() -> None:
    servers = {"kube-proxy": "https://10.200.0.11:6443", "kubelet": "https://10.200.0.11:6443"}
    assert kubeconfigs.check("metallb", ip_address(IP), servers, {"a": ["10.200.0.11"]}, HERE) == []
