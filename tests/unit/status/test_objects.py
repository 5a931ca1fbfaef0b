"""What objects of the cluster are understood as."""

from __future__ import annotations

from cp_ingress_core.status import objects
from tests.unit.preflight.objects import IP, pool, service


def test_services_of_the_endpoint_are_those_with_its_names() -> None:
    found = objects.service_facts(
        [
            service("cp-metallb-10-200-0-50", "cp-ingress", type="LoadBalancer", held=IP),
            service("cp-external-10-200-0-60", "cp-ingress", type="ClusterIP", externalIPs=["10.200.0.60"]),
            service("something", "cp-ingress", type="ClusterIP"),
        ]
    )
    assert found == [
        {"name": "cp-external-10-200-0-60", "type": "ClusterIP", "addresses": ["10.200.0.60"]},
        {"name": "cp-metallb-10-200-0-50", "type": "LoadBalancer", "addresses": [IP]},
    ]


def test_announcing_nodes_are_those_of_the_service() -> None:
    def item(name: str, node: str) -> dict[str, object]:
        return {"status": {"serviceNamespace": "cp-ingress", "serviceName": name, "node": node}}

    found = [item("cp", "b"), item("cp", "a"), item("other", "c"), {}]
    assert objects.announcing_nodes(found, "cp-ingress", "cp") == ["a", "b"]


def test_workloads_tell_their_pods() -> None:
    daemonset = {
        "kind": "DaemonSet",
        "metadata": {"name": "d"},
        "status": {"desiredNumberScheduled": 3, "numberReady": 2},
    }
    deployment = {"kind": "Deployment", "metadata": {"name": "x"}, "spec": {}, "status": {"readyReplicas": 1}}
    assert objects.workload_facts([deployment, daemonset]) == [
        {"kind": "DaemonSet", "name": "d", "ready": 2, "wanted": 3},
        {"kind": "Deployment", "name": "x", "ready": 1, "wanted": 1},
    ]


def test_pools_tell_their_addresses() -> None:
    assert objects.pool_addresses([pool("b", "2"), pool("a", "1", "3")]) == ["1", "2", "3"]
