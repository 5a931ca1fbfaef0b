"""What goes wrong with MetalLB and Services elsewhere when an IP or a mode changes, held to on a whole run.

Not covered: what needs nodes, such as who answers ARP (the tests on the real cluster).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.apiserver.transitions import history
from tests.apiserver.transitions.world import MASTERS, Wish, World
from tests.lighttier.faults import FaultProxy, on
from tests.sandbox.process import wait_for

A, B = Wish("10.200.0.50", True), Wish("10.200.0.60", True)
C = Wish("10.200.0.70", False)

CORE = "/api/v1/namespaces/cp-ingress"
POOL = "ipaddresspools/control-plane-ingress-ip"
REFUSED = {
    "reason": "InternalError",
    "message": "Internal error occurred: failed calling webhook"
    ' "ipaddresspoolvalidationwebhook.metallb.io": connection refused',
}


def arrive(there: World, wish: Wish, **tuning: Any) -> dict[str, Any]:
    """Bring the endpoint about, from wherever the cluster is."""
    there.wish(wish, **tuning)
    return there.apply()


def changed(results: dict[str, Any]) -> list[str]:
    """Return the states that changed something."""
    return [name for name, result in results.items() if result["changes"]]


def test_a_webhook_that_does_not_answer_yet_is_waited_for(there: World, tmp_path: Path) -> None:
    """As long as MetalLB's controller may take to start: a minute."""
    timeouts = {**there.tuning["timeouts"], "wait": 120}
    there.wish(A, kubeconfig=str(tmp_path / "proxy.conf"), timeouts=timeouts)
    with FaultProxy(there.server, tmp_path) as proxy:
        fault = proxy.add(on("PATCH", POOL), times=1000, seconds=60, status=500, status_object=REFUSED)
        there.apply()
    assert 5 <= fault.seen <= 120, "asked again, and not all the time"
    assert there.pool() == ["10.200.0.50/32"]


def test_a_webhook_that_never_answers_ends_the_run_with_one_error(there: World, tmp_path: Path) -> None:
    arrive(there, A)
    timeouts = {**there.tuning["timeouts"], "wait": 4}
    there.wish(B, kubeconfig=str(tmp_path / "proxy.conf"), timeouts=timeouts)
    with FaultProxy(there.server, tmp_path) as proxy:
        proxy.add(on("PATCH", POOL), times=1000, status=500, status_object=REFUSED)
        results = there.apply(check=False)
    failed = {name: result for name, result in results.items() if result["result"] is False}
    own = [name for name, result in failed.items() if "requisite failed" not in result["comment"]]
    assert "cp_ingress-metallb-pool-applied" in own
    comment = failed["cp_ingress-metallb-pool-applied"]["comment"]
    assert "IPAddressPool metallb-system/control-plane-ingress-ip" in comment
    assert comment.count("failed calling webhook") == 1
    # What comes after it is not tried, and the old endpoint stands.
    assert there.services() == [A.service]
    arrive(there, B)
    assert (there.services(), there.pool()) == ([B.service], ["10.200.0.60/32"])


def test_pool_and_service_are_never_apart_there_and_back_twice(there: World) -> None:
    arrive(there, A)
    for wish, old in ((B, A), (A, B), (B, A), (A, B)):
        first = history.now(there.server)
        arrive(there, wish)
        moments = list(history.between(there.server, first, history.now(there.server)))
        for moment in moments:
            assert moment.asked <= moment.pooled <= {old.ip, wish.ip}
            assert moment.asked
        assert {moment.asked for moment in moments} >= {
            frozenset({old.ip}),
            frozenset({old.ip, wish.ip}),
            frozenset({wish.ip}),
        }
        assert (moments[-1].asked, moments[-1].pooled) == ({wish.ip}, {wish.ip})
        assert there.record()["phase"] == "settled"


def test_a_pool_of_another_name_with_the_same_ip_is_refused_before_any_write(there: World) -> None:
    arrive(there, A)
    pool = foreign_pool(f"{B.ip}/32")
    create(there, pool)
    try:
        there.wish(B)
        mark = there.server.mark()
        results = there.apply(check=False)
        failed = [result for result in results.values() if result["result"] is False]
        assert "IPAddressPool metallb-system/theirs holds 10.200.0.60 too" in failed[0]["comment"]
        assert [e.uri for e in there.server.since(mark, "salt-cp-ingress") if e.is_write] == []
    finally:
        remove(there, pool)


def foreign_pool(address: str) -> dict[str, Any]:
    """Return a pool of somebody else's."""
    return {
        "apiVersion": "metallb.io/v1beta1",
        "kind": "IPAddressPool",
        "metadata": {"name": "theirs", "namespace": "metallb-system"},
        "spec": {"addresses": [address]},
    }


def create(there: World, manifest: dict[str, Any]) -> None:
    """Make an object of somebody else's."""
    there.server.kubectl("create", "-f", "-", stdin=json.dumps(manifest))


def remove(there: World, manifest: dict[str, Any]) -> None:
    """Delete it."""
    there.server.kubectl("delete", "--wait=false", "-f", "-", stdin=json.dumps(manifest))


def kept(service: dict[str, Any], *fields: str) -> dict[str, Any]:
    """Return what the server gave a Service once."""
    return {field: service["spec"].get(field) for field in ("clusterIP", *fields)}


def test_what_others_set_in_our_service_vanishes_and_what_the_server_gave_it_stays(there: World) -> None:
    arrive(there, A)
    before = there.service(A)
    given = kept(before, "healthCheckNodePort")
    assert all(given.values())
    manifest = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": A.service, "namespace": "cp-ingress"},
        "spec": {"loadBalancerIP": "10.200.0.99"},
    }
    options = ("--server-side", "--field-manager=somebody", "-f", "-")
    there.server.kubectl("apply", *options, stdin=json.dumps(manifest))
    patch = json.dumps({"spec": {"externalIPs": ["10.200.0.98"]}})
    there.server.kubectl("patch", "service", A.service, "--namespace=cp-ingress", f"--patch={patch}")
    assert changed(there.apply()) == ["cp_ingress-endpoint-service-applied"]
    assert there.service(A)["spec"] == before["spec"]
    assert changed(there.apply()) == []
    assert kept(there.service(A), "healthCheckNodePort") == given


def by_other_means() -> dict[str, Any]:
    """Return our Service as somebody else would have made it, with node ports and an IP in another field."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": A.service, "namespace": "cp-ingress"},
        "spec": {
            "type": "LoadBalancer",
            "externalTrafficPolicy": "Local",
            "loadBalancerIP": A.ip,
            "selector": {"app": "old"},
            "ports": [{"name": "https", "port": 8443, "targetPort": 443}],
        },
    }


@pytest.mark.parametrize("means", ["create", "apply", "replace"])
def test_a_service_that_was_made_by_other_means_converges(there: World, means: str) -> None:
    arrive(there, A)
    wanted = there.service(A)
    there.server.request("DELETE", f"{CORE}/services/{A.service}")
    manifest = by_other_means()
    if means == "replace":
        create(there, {**manifest, "spec": {**manifest["spec"], "selector": {"app": "older"}}})
        # kubectl reads, then writes what must not have changed meanwhile: it had got its IP by then.
        wait_for(lambda: there.service(A)["status"]["loadBalancer"], timeout=30, what="the status")
    there.server.kubectl(means, "-f", "-", stdin=json.dumps(manifest))
    given = kept(there.service(A), "healthCheckNodePort")
    there.apply()
    live = there.service(A)
    assert kept(live, "healthCheckNodePort") == given
    own = ("clusterIP", "clusterIPs", "healthCheckNodePort")
    assert {key: value for key, value in live["spec"].items() if key not in own} == {
        key: value for key, value in wanted["spec"].items() if key not in own
    }
    assert changed(there.apply()) == []


def test_another_port_replaces_the_one_of_before(there: World) -> None:
    arrive(there, A)
    for port in (9443, 8443):
        arrive(there, A, port=port)
        found = [(entry["name"], entry["port"]) for entry in there.service(A)["spec"]["ports"]]
        assert found == [("https", port)]
        assert f":{port} " in there.record()["current"]


def test_another_exposure_and_back_keeps_the_cluster_ip(there: World) -> None:
    arrive(there, C, external={"exposure": "externalIPs"})
    given = kept(there.service(C))
    for way in ("status", "externalIPs") * 2:
        arrive(there, C, external={"exposure": way})
        live = there.service(C)
        spec, status = live["spec"], live["status"]["loadBalancer"]
        assert kept(live) == given
        assert "nodePort" not in spec["ports"][0]
        if way == "status":
            assert (spec["type"], spec["loadBalancerClass"]) == ("LoadBalancer", "cp-ingress/external")
            assert (spec.get("externalIPs"), status) == (None, {"ingress": [{"ip": C.ip, "ipMode": "VIP"}]})
        else:
            assert (spec["type"], spec.get("loadBalancerClass")) == ("ClusterIP", None)
            assert (spec["externalIPs"], status) == ([C.ip], {})
        assert changed(there.apply()) == []


def test_masters_that_join_or_leave_are_followed_by_the_addresses(there: World) -> None:
    wish = Wish(MASTERS["master-1"], False)
    everybody = {"exposure": "externalIPs", "node_addresses": True}
    arrive(there, wish, external=everybody)
    own = ["10.200.0.11", "10.200.0.12", "10.200.0.13"]
    assert there.service(wish)["spec"]["externalIPs"] == own
    there.join("master-0", "10.200.0.9")
    there.apply()
    assert there.service(wish)["spec"]["externalIPs"] == ["10.200.0.9", *own]
    there.leave("master-0")
    there.apply()
    assert there.service(wish)["spec"]["externalIPs"] == own


# Somebody else's, in the namespace of the ingress and without our label.
NEIGHBOURS = [
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs", "namespace": "cp-ingress"}},
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "theirs", "namespace": "cp-ingress"},
        "spec": {
            "selector": {"matchLabels": {"app.kubernetes.io/name": "ingress-nginx"}},
            "template": {
                "metadata": {"labels": {"app.kubernetes.io/name": "ingress-nginx"}},
                "spec": {"containers": [{"name": "main", "image": "theirs:1"}]},
            },
        },
    },
]


def deleted(there: World, mark: int) -> list[str]:
    """Return what was deleted since `mark`, as plural and name."""
    events = there.server.since(mark, "salt-cp-ingress")
    return sorted(f"{e.resource}/{e.name}" for e in events if e.verb == "delete" and e.is_write)


def test_a_switch_deletes_what_is_stale_of_ours_and_metallb_stays_for_the_pool_of_others(
    there: World,
) -> None:
    arrive(there, A)
    pool = foreign_pool("10.200.0.200/32")
    for manifest in (*NEIGHBOURS, pool):
        create(there, manifest)
    mark = there.server.mark()
    results = arrive(there, C, external={"exposure": "status"})
    assert deleted(there, mark) == [
        "deployments/ingress-nginx-controller",
        "ipaddresspools/control-plane-ingress-ip",
        "l2advertisements/control-plane-ingress-ip",
        "poddisruptionbudgets/ingress-nginx-controller",
        "secrets/cp-ingress-pool",
        f"services/{A.service}",
    ]
    kept_for = results["cp_ingress-narrow-metallb-absent"]
    assert kept_for["warnings"] == ["MetalLB is kept for IPAddressPool metallb-system/theirs"]
    assert there.pool() == ["10.200.0.200/32"]
    # The MetalLB that stays has no say in our Service.
    assert there.service(C)["spec"]["loadBalancerClass"] == "cp-ingress/external"
    assert there.service(C)["status"]["loadBalancer"]["ingress"] == [{"ip": C.ip, "ipMode": "VIP"}]
    assert changed(there.apply()) == []
    for manifest in (*NEIGHBOURS, pool):
        remove(there, manifest)
    mark = there.server.mark()
    there.apply()
    assert "daemonsets/metallb-speaker" in deleted(there, mark)
    assert "metallb-system" not in there.names("/api/v1/namespaces")


def test_metallb_stays_for_the_service_of_others_alone_and_goes_when_that_is_gone(there: World) -> None:
    arrive(there, A)
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "theirs",
            "namespace": "default",
            "annotations": {"metallb.io/loadBalancerIPs": "10.200.0.200"},
        },
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
    }
    create(there, service)
    mark = there.server.mark()
    results = arrive(there, C)
    assert "daemonsets/metallb-speaker" not in deleted(there, mark)
    warned = results["cp_ingress-narrow-metallb-absent"]["warnings"]
    assert warned == ["MetalLB is kept for Service default/theirs"]
    remove(there, service)
    mark = there.server.mark()
    there.apply()
    assert "daemonsets/metallb-speaker" in deleted(there, mark)
