"""The objects that carry the endpoint."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from cp_ingress_core import endpoint
from cp_ingress_core.settings import Settings


def settings(ip: str = "10.200.0.50", *, metallb: bool = True, **tuning: Any) -> Settings:
    cidr = "fd00::/64" if ":" in ip else "10.200.0.0/24"
    control_plane = {"cidr": [cidr], "metalLB": {"enabled": metallb}, "ingress": {"ip": ip}}
    return Settings.from_pillar({"networks": {"controlPlane": control_plane}, "cp_ingress": tuning})


SERVICES = {
    "metallb": (
        settings(),
        """
        metadata:
          name: cp-metallb-10-200-0-50
          namespace: cp-ingress
          labels: {app.kubernetes.io/managed-by: Salt, app.kubernetes.io/part-of: cp-ingress}
          annotations: {metallb.io/loadBalancerIPs: 10.200.0.50}
        spec:
          type: LoadBalancer
          externalTrafficPolicy: Local
          allocateLoadBalancerNodePorts: false
          ipFamilies: [IPv4]
          ipFamilyPolicy: SingleStack
          ports: [{name: https, port: 8443, protocol: TCP, targetPort: https}]
        """,
    ),
    "external": (
        settings("10.200.0.11", metallb=False, port=443),
        """
        metadata:
          name: cp-external-10-200-0-11
          namespace: cp-ingress
          labels: {app.kubernetes.io/managed-by: Salt, app.kubernetes.io/part-of: cp-ingress}
        spec:
          type: ClusterIP
          externalIPs: [10.200.0.11]
          externalTrafficPolicy: Cluster
          ipFamilies: [IPv4]
          ipFamilyPolicy: SingleStack
          ports: [{name: https, port: 443, protocol: TCP, targetPort: https}]
        """,
    ),
    "IPv6": (
        settings("fd00::50"),
        """
        metadata:
          name: cp-metallb-fd00-0000-0000-0000-0000-0000-0000-0050
          namespace: cp-ingress
          labels: {app.kubernetes.io/managed-by: Salt, app.kubernetes.io/part-of: cp-ingress}
          annotations: {metallb.io/loadBalancerIPs: fd00::50}
        spec:
          type: LoadBalancer
          externalTrafficPolicy: Local
          allocateLoadBalancerNodePorts: false
          ipFamilies: [IPv6]
          ipFamilyPolicy: SingleStack
          ports: [{name: https, port: 8443, protocol: TCP, targetPort: https}]
        """,
    ),
}


@pytest.mark.parametrize(("wanted", "expected"), SERVICES.values(), ids=SERVICES)
def test_service(wanted: Settings, expected: str) -> None:
    service = endpoint.service(wanted)
    assert (service.pop("apiVersion"), service.pop("kind")) == ("v1", "Service")
    assert service["spec"].pop("selector") == endpoint.NGINX_PODS
    assert service == yaml.safe_load(expected)


@pytest.mark.parametrize(("ip", "cidr"), [("10.200.0.50", "10.200.0.50/32"), ("fd00::50", "fd00::50/128")])
def test_pool(ip: str, cidr: str) -> None:
    pool, announcement = endpoint.pool(settings(ip))
    assert {item["apiVersion"] for item in (pool, announcement)} == {"metallb.io/v1beta1"}
    assert (pool["kind"], announcement["kind"]) == ("IPAddressPool", "L2Advertisement")
    for item in (pool, announcement):
        assert (item["metadata"]["name"], item["metadata"]["namespace"]) == (
            "control-plane-ingress-ip",
            "metallb-system",
        )
    assert pool["spec"] == {"addresses": [cidr], "autoAssign": False}
    assert announcement["spec"] == {"ipAddressPools": ["control-plane-ingress-ip"]}
    # Nothing shared: what is written into one object must not show in the other.
    assert pool["metadata"] is not announcement["metadata"]


def test_namespaces() -> None:
    levels = {
        mode: {
            item["metadata"]["name"]: {
                name.rpartition("/")[2]: value
                for name, value in item["metadata"]["labels"].items()
                if name.startswith("pod-security.kubernetes.io/")
            }
            for item in endpoint.namespaces(settings(metallb=mode == "metallb"))
        }
        for mode in ("metallb", "external")
    }
    uses = ("enforce", "audit", "warn")
    nginx = {"cp-ingress": dict.fromkeys(uses, "restricted")}
    assert levels["external"] == nginx
    assert levels["metallb"] == nginx | {"metallb-system": dict.fromkeys(uses, "privileged")}


def test_tls_secret_round_trip() -> None:
    secret = endpoint.tls_secret("the certificate\n", "the key\n", settings())
    assert secret["type"] == "kubernetes.io/tls"
    assert (secret["metadata"]["namespace"], secret["metadata"]["name"]) == ("cp-ingress", "cp-ingress-tls")
    assert endpoint.secret_texts(secret) == {"tls.crt": "the certificate\n", "tls.key": "the key\n"}


def test_secret_values_that_are_no_text_are_left_out() -> None:
    data = {"good": "eA==", "binary": "/w==", "broken": "not base64!"}
    assert endpoint.secret_texts({"data": data}) == {"good": "x"}
    assert endpoint.secret_texts({}) == {}
    assert endpoint.secret_texts({"data": None}) == {}
