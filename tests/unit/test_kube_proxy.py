"""What kube-proxy's configuration and its own words are understood as."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest

from cp_ingress_core import kube_proxy
from cp_ingress_core.kube_proxy import Answer, Configuration

KUBECONFIG = """
apiVersion: v1
kind: Config
clusters:
- name: default
  cluster: {certificate-authority: /var/run/secrets/ca.crt, server: "https://10.200.0.11:6443"}
"""


def config_map(config: str, **more: str) -> dict[str, Any]:
    return {"data": {"config.conf": f"apiVersion: kubeproxy.config.k8s.io/v1alpha1\n{config}", **more}}


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        pytest.param(None, None, id="no ConfigMap: another distribution, or no kube-proxy"),
        pytest.param({}, None, id="a ConfigMap without anything"),
        pytest.param({"data": {"config.conf": "a: [b"}}, None, id="no YAML"),
        pytest.param({"data": {"config.conf": "text"}}, None, id="no mapping"),
        pytest.param(
            config_map('mode: ""', **{"kubeconfig.conf": KUBECONFIG}),
            Configuration("iptables", server="https://10.200.0.11:6443"),
            id="as kubeadm makes it",
        ),
        pytest.param(
            config_map("mode: ipvs\nipvs: {strictARP: true}"),
            Configuration("ipvs", strict_arp=True),
            id="IPVS",
        ),
        pytest.param(
            config_map("mode: nftables\nipvs: null\nfeatureGates: {AllowServiceExternalIPs: false}"),
            Configuration("nftables", gate=False),
            id="externalIPs switched off",
        ),
        pytest.param(
            config_map("featureGates: {AllowServiceExternalIPs: true, Other: false}"),
            Configuration("iptables", gate=True),
            id="switched on",
        ),
        pytest.param(
            config_map("metricsBindAddress: 0.0.0.0:10250"), Configuration("iptables", port=10250), id="port"
        ),
        pytest.param(
            config_map('metricsBindAddress: ""', **{"kubeconfig.conf": "clusters: []"}),
            Configuration("iptables"),
            id="without a server",
        ),
    ],
)
def test_configuration(found: dict[str, Any] | None, wanted: Configuration | None) -> None:
    assert kube_proxy.configuration(found) == wanted


class Spoken(BaseHTTPRequestHandler):
    """Answers as kube-proxy does, with what `pages` holds."""

    pages: ClassVar[dict[str, str]] = {}

    def do_GET(self) -> None:
        text = self.pages.get(self.path)
        self.send_response(404 if text is None else 200)
        self.end_headers()
        self.wfile.write((text or "").encode())

    def log_message(self, format: str, *arguments: Any) -> None:
        """Keep quiet."""


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Spoken) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


METRICS = """\
# HELP kubernetes_feature_enabled [BETA] The stage and enablement of a feature.
# TYPE kubernetes_feature_enabled gauge
kubernetes_feature_enabled{name="AllAlpha",stage="ALPHA"} 0
kubernetes_feature_enabled{name="AllowServiceExternalIPs",stage="DEPRECATED"} %s
"""


@pytest.mark.parametrize(
    ("pages", "wanted"),
    [
        pytest.param({"/proxyMode": "iptables", "/metrics": METRICS % 1}, Answer("iptables", True), id="on"),
        pytest.param(
            {"/proxyMode": "nftables", "/metrics": METRICS % 0}, Answer("nftables", False), id="off"
        ),
        pytest.param({"/proxyMode": "ipvs", "/metrics": "x 1\n"}, Answer("ipvs"), id="older than the gate"),
        pytest.param({}, Answer(), id="something else listens there"),
    ],
)
def test_what_kube_proxy_says(port: int, pages: dict[str, str], wanted: Answer) -> None:
    Spoken.pages = pages
    assert kube_proxy.ask(port) == wanted


def test_a_node_without_kube_proxy_says_nothing() -> None:
    assert kube_proxy.ask(1) == Answer()
