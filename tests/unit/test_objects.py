"""The objects that carry the endpoint."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from cp_ingress_core import objects, record
from cp_ingress_core.endpoint import Endpoint
from cp_ingress_core.record import Record
from cp_ingress_core.settings import Settings

METALLB = Endpoint("metallb", "10.200.0.50", 8443)
EXTERNAL = Endpoint("external", "10.200.0.11", 443)
IPV6 = Endpoint("metallb", "fd00::50", 8443)


def settings(*, metallb: bool = True) -> Settings:
    control_plane = {
        "cidr": ["10.200.0.0/24"],
        "metalLB": {"enabled": metallb},
        "ingress": {"ip": "10.200.0.50"},
    }
    return Settings.from_pillar({"networks": {"controlPlane": control_plane}})


SERVICES: dict[str, tuple[Endpoint, dict[str, Any], str]] = {
    "metallb": (
        METALLB,
        {},
        """
        metadata:
          name: cp-metallb-10-200-0-50
          annotations: {cp-ingress.io/endpoint: metallb 10.200.0.50, metallb.io/loadBalancerIPs: 10.200.0.50}
        spec:
          type: LoadBalancer
          externalTrafficPolicy: Local
          allocateLoadBalancerNodePorts: false
          ipFamilies: [IPv4]
          ports: [{name: https, port: 8443, protocol: TCP, nodePort: 0, targetPort: https}]
        """,
    ),
    "metallb: what external mode is told does not matter": (
        METALLB,
        {"exposure": "status", "also": ["10.200.0.11"]},
        """
        metadata:
          name: cp-metallb-10-200-0-50
          annotations: {cp-ingress.io/endpoint: metallb 10.200.0.50, metallb.io/loadBalancerIPs: 10.200.0.50}
        spec:
          type: LoadBalancer
          externalTrafficPolicy: Local
          allocateLoadBalancerNodePorts: false
          ipFamilies: [IPv4]
          ports: [{name: https, port: 8443, protocol: TCP, nodePort: 0, targetPort: https}]
        """,
    ),
    "external": (
        EXTERNAL,
        {},
        """
        metadata:
          name: cp-external-10-200-0-11
          annotations: {cp-ingress.io/endpoint: external 10.200.0.11}
        spec:
          type: ClusterIP
          externalIPs: [10.200.0.11]
          externalTrafficPolicy: Cluster
          ipFamilies: [IPv4]
          ports: [{name: https, port: 443, protocol: TCP, targetPort: https}]
        """,
    ),
    "external, on every master's own address too": (
        EXTERNAL,
        {"also": ["10.200.0.12", "10.200.0.9", "10.200.0.11", "fd00::12"]},
        """
        metadata:
          name: cp-external-10-200-0-11
          annotations: {cp-ingress.io/endpoint: external 10.200.0.11}
        spec:
          type: ClusterIP
          externalIPs: [10.200.0.9, 10.200.0.11, 10.200.0.12]
          externalTrafficPolicy: Cluster
          ipFamilies: [IPv4]
          ports: [{name: https, port: 443, protocol: TCP, targetPort: https}]
        """,
    ),
    "external, each node to its own pod": (
        EXTERNAL,
        {"same_node": True},
        """
        metadata:
          name: cp-external-10-200-0-11
          annotations: {cp-ingress.io/endpoint: external 10.200.0.11}
        spec:
          type: ClusterIP
          externalIPs: [10.200.0.11]
          externalTrafficPolicy: Cluster
          trafficDistribution: PreferSameNode
          ipFamilies: [IPv4]
          ports: [{name: https, port: 443, protocol: TCP, targetPort: https}]
        """,
    ),
    "external, where externalIPs are refused": (
        EXTERNAL,
        {"exposure": "status", "also": ["10.200.0.12"]},
        """
        metadata:
          name: cp-external-10-200-0-11
          annotations: {cp-ingress.io/endpoint: external 10.200.0.11}
        spec:
          type: LoadBalancer
          loadBalancerClass: cp-ingress/external
          allocateLoadBalancerNodePorts: false
          externalTrafficPolicy: Cluster
          ipFamilies: [IPv4]
          ports: [{name: https, port: 443, protocol: TCP, nodePort: 0, targetPort: https}]
        """,
    ),
    "IPv6": (
        IPV6,
        {},
        """
        metadata:
          name: cp-metallb-fd00-0000-0000-0000-0000-0000-0000-0050
          annotations: {cp-ingress.io/endpoint: "metallb fd00::50", metallb.io/loadBalancerIPs: "fd00::50"}
        spec:
          type: LoadBalancer
          externalTrafficPolicy: Local
          allocateLoadBalancerNodePorts: false
          ipFamilies: [IPv6]
          ports: [{name: https, port: 8443, protocol: TCP, nodePort: 0, targetPort: https}]
        """,
    ),
}
LABELS = {"app.kubernetes.io/managed-by": "Salt", "app.kubernetes.io/part-of": "cp-ingress"}


@pytest.mark.parametrize(("endpoint", "options", "expected"), SERVICES.values(), ids=SERVICES)
def test_service(endpoint: Endpoint, options: dict[str, Any], expected: str) -> None:
    service = objects.service(endpoint, "cp-ingress", **options)
    assert (service.pop("apiVersion"), service.pop("kind")) == ("v1", "Service")
    assert service["metadata"].pop("namespace") == "cp-ingress"
    assert service["metadata"].pop("labels") == LABELS
    assert service["spec"].pop("selector") == objects.NGINX_PODS
    assert service["spec"].pop("ipFamilyPolicy") == "SingleStack"
    assert service == yaml.safe_load(expected)


@pytest.mark.parametrize(
    ("endpoint", "also", "addresses"),
    [
        pytest.param(EXTERNAL, [], ["10.200.0.11"], id="the IP alone"),
        pytest.param(EXTERNAL, ["10.200.0.9"], ["10.200.0.9", "10.200.0.11"], id="by number, not by text"),
        pytest.param(EXTERNAL, ["fd00::1", "no IP"], ["10.200.0.11"], id="the other family is left out"),
        pytest.param(
            Endpoint("external", "fd00::50", 443), ["fd00:0::51"], ["fd00::50", "fd00::51"], id="IPv6"
        ),
    ],
)
def test_status(endpoint: Endpoint, also: list[str], addresses: list[str]) -> None:
    found = objects.status(endpoint, "cp-ingress", also)
    assert (found["metadata"]["name"], found["metadata"]["namespace"]) == (
        endpoint.service_name,
        "cp-ingress",
    )
    assert found["status"] == {
        "loadBalancer": {"ingress": [{"ip": address, "ipMode": "VIP"} for address in addresses]}
    }
    # Applied to the subresource: a spec, or a label, would have no effect there.
    assert set(found) == {"apiVersion", "kind", "metadata", "status"}


POOLS = {
    "one": ([METALLB], ["10.200.0.50/32"]),
    "IPv6": ([IPV6], ["fd00::50/128"]),
    "old and new, in the same order whichever is which": (
        [Endpoint("metallb", "10.200.0.60", 8443), METALLB],
        ["10.200.0.50/32", "10.200.0.60/32"],
    ),
    "one address with two ports": ([METALLB, Endpoint("metallb", METALLB.ip, 443)], ["10.200.0.50/32"]),
}


@pytest.mark.parametrize(("endpoints", "addresses"), POOLS.values(), ids=POOLS)
def test_pool(endpoints: list[Endpoint], addresses: list[str]) -> None:
    pool, announcement = objects.pool(endpoints, "metallb-system")
    assert {item["apiVersion"] for item in (pool, announcement)} == {"metallb.io/v1beta1"}
    assert (pool["kind"], announcement["kind"]) == ("IPAddressPool", "L2Advertisement")
    for item in (pool, announcement):
        assert (item["metadata"]["name"], item["metadata"]["namespace"]) == (
            "control-plane-ingress-ip",
            "metallb-system",
        )
    assert pool["spec"] == {"addresses": addresses, "autoAssign": False}
    assert announcement["spec"] == {"ipAddressPools": ["control-plane-ingress-ip"]}
    # Nothing shared: what is written into one object must not show in the other.
    assert pool["metadata"] is not announcement["metadata"]


def test_record() -> None:
    data = Record(current=METALLB).to_data()
    found = objects.record(data, "cp-ingress")
    assert (found["kind"], found["metadata"]["name"]) == ("ConfigMap", record.NAME)
    assert found["metadata"]["labels"] == LABELS
    assert found["data"] == data


def test_a_masters_entry_is_a_part_of_the_record_with_one_key() -> None:
    found = objects.issuers_entry("master-1", ["https://10.200.0.50:8443/oidc"], "cp-ingress")
    assert found["metadata"] == {"name": record.NAME, "namespace": "cp-ingress"}
    assert found["data"] == {"issuers.master-1": '["https://10.200.0.50:8443/oidc"]'}


def test_nginx_gets_our_keys_and_nothing_else() -> None:
    found = objects.nginx_fragment({"http-snippet": "x"}, "cp-ingress")
    assert found["metadata"] == {"name": "ingress-nginx-controller", "namespace": "cp-ingress"}
    assert found["data"] == {"http-snippet": "x"}


def entry(manager: str, field: str = "f:spec", **more: Any) -> dict[str, Any]:
    return {"manager": manager, "operation": "Update", "fieldsV1": {field: {}}, **more}


@pytest.mark.parametrize(
    ("entries", "managers"),
    [
        pytest.param(None, [], id="no record of managers"),
        pytest.param([entry("salt-cp-ingress")], [], id="we ourselves"),
        pytest.param([entry("controller", subresource="status"), entry("controller")], [], id="MetalLB"),
        pytest.param([entry("kubectl-edit")], ["kubectl-edit"], id="somebody's edit"),
        pytest.param([entry("kubectl-label", "f:metadata")], [], id="a label of somebody's"),
        pytest.param([entry("other", subresource="status")], [], id="a status"),
        pytest.param([{"manager": "empty"}], [], id="nothing owned"),
        pytest.param([entry("b"), entry("a"), entry("b")], ["a", "b"], id="each once, sorted"),
    ],
)
def test_foreign_managers(entries: Any, managers: list[str]) -> None:
    assert objects.foreign_managers({"metadata": {"managedFields": entries}}) == managers


def test_a_service_that_is_not_there_has_no_managers() -> None:
    assert objects.foreign_managers(None) == []


def test_namespaces() -> None:
    levels = {
        mode: {
            item["metadata"]["name"]: {
                name.rpartition("/")[2]: value
                for name, value in item["metadata"]["labels"].items()
                if name.startswith("pod-security.kubernetes.io/")
            }
            for item in objects.namespaces(settings(metallb=mode == "metallb"))
        }
        for mode in ("metallb", "external")
    }
    uses = ("enforce", "audit", "warn")
    nginx = {"cp-ingress": dict.fromkeys(uses, "restricted")}
    assert levels["external"] == nginx
    assert levels["metallb"] == nginx | {"metallb-system": dict.fromkeys(uses, "privileged")}


def test_tls_secret_round_trip() -> None:
    secret = objects.tls_secret("the certificate\n", "the key\n", settings())
    assert secret["type"] == "kubernetes.io/tls"
    assert (secret["metadata"]["namespace"], secret["metadata"]["name"]) == ("cp-ingress", "cp-ingress-tls")
    assert objects.secret_texts(secret) == {"tls.crt": "the certificate\n", "tls.key": "the key\n"}


def test_secret_values_that_are_no_text_are_left_out() -> None:
    data = {"good": "eA==", "binary": "/w==", "broken": "not base64!"}
    assert objects.secret_texts({"data": data}) == {"good": "x"}
    assert objects.secret_texts({}) == {}
    assert objects.secret_texts({"data": None}) == {}
