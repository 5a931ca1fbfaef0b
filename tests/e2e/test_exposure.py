"""external mode where kube-proxy serves no externalIPs, beside a MetalLB that others use: one story.

Not covered: externalIPs that the apiserver refuses (tests/apiserver/test_exposure.py), a switch of exposure
(tests/apiserver/transitions).
"""

import json

import pytest

from tests.e2e import ingress, transitions
from tests.e2e.transitions import Wish
from tests.sandbox.process import wait_for

pytestmark = pytest.mark.e2e

METALLB = Wish("10.200.0.50")
USERS = Wish("10.200.0.70", metallb=False, holder="n1")
SERVICE = "cp-external-10-200-0-70"
THEIR_IP = "10.200.0.79"
# Their pool holds our IP too, by mistake.
POOL = [f"{USERS.ip}-{THEIR_IP}"]


def manifests(kind, spec, *, api_version="metallb.io/v1beta1", namespace="metallb-system"):
    """Return an object of somebody else's."""
    metadata = {"name": "theirs", "namespace": namespace}
    return json.dumps({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec})


@pytest.fixture(scope="module")
def cluster(sandbox_of):
    sandbox = sandbox_of(1, external_ips="unserved")
    transitions.write(sandbox, METALLB)
    ingress.apply(sandbox)
    for kind, spec in {
        "IPAddressPool": {"addresses": ["10.200.0.200/32"]},
        "L2Advertisement": {"ipAddressPools": ["theirs"]},
    }.items():
        sandbox.kubectl("create", "--filename=-", stdin=manifests(kind, spec))
    return sandbox


@pytest.fixture(scope="module")
def switched(cluster):
    transitions.hold(cluster, USERS)
    transitions.write(cluster, USERS)
    return ingress.apply(cluster), ingress.ca_certificate(cluster)


def service(cluster, name=SERVICE, namespace="cp-ingress"):
    found = cluster.kubectl("get", "service", name, f"--namespace={namespace}", "--output=json").stdout
    return json.loads(found)


def addresses(found):
    return [entry["ip"] for entry in found["status"]["loadBalancer"].get("ingress", [])]


def answers(cluster, ca):
    try:
        return cluster.https(f"https://{USERS.ip}:{ingress.PORT}/", ca, timeout=2).status == 404
    except OSError:
        return False


def test_https_answers_through_the_status_where_kube_proxy_serves_no_external_ips(cluster, switched):
    ingress.wait_for_https(cluster, USERS.ip, switched[1])
    found = service(cluster)
    assert found["spec"].get("externalIPs") is None
    assert found["spec"]["loadBalancerClass"] == "cp-ingress/external"
    assert addresses(found) == [USERS.ip]
    assert ingress.apply(cluster).changes == {}


def test_metallb_is_kept_for_the_others_and_they_are_named(cluster, switched):
    state = switched[0].states["cp_ingress-narrow-metallb-absent cp_ingress_endpoint"]
    assert "MetalLB is kept for IPAddressPool metallb-system/theirs" in state["warnings"]
    assert cluster.announcers(METALLB.ip) == {}


def test_a_metallb_of_others_neither_takes_our_status_nor_announces_our_ip(cluster, switched):
    patch = json.dumps({"spec": {"addresses": POOL}})
    pool = ("ipaddresspool", "theirs", "--namespace=metallb-system")
    cluster.kubectl("patch", *pool, "--type=merge", f"--patch={patch}")
    cluster.kubectl(
        "create",
        "--filename=-",
        stdin=manifests(
            "Service",
            {"type": "LoadBalancer", "loadBalancerIP": THEIR_IP, "ports": [{"port": 80}]},
            api_version="v1",
            namespace="default",
        ),
    )
    # That it serves them says that it has looked at every Service with the new pool.
    wait_for(
        lambda: addresses(service(cluster, "theirs", "default")) == [THEIR_IP],
        timeout=60,
        what="MetalLB serving the others",
    )
    assert addresses(service(cluster)) == [USERS.ip]
    transitions.give_up(cluster, USERS)
    try:
        assert cluster.announcers(USERS.ip) == {}
    finally:
        transitions.hold(cluster, USERS)
    assert ingress.apply(cluster).changes == {}


def test_a_status_that_somebody_cleared_is_put_back_by_the_next_run(cluster, switched):
    patch = json.dumps({"status": {"loadBalancer": {"ingress": None}}})
    options = ("--subresource=status", "--type=merge", f"--patch={patch}")
    cluster.kubectl("patch", "service", SERVICE, "--namespace=cp-ingress", *options)
    wait_for(lambda: not answers(cluster, switched[1]), timeout=30, what="the endpoint falling silent")
    assert list(ingress.apply(cluster).changes) == ["cp_ingress-endpoint-exposed cp_ingress_endpoint"]
    ingress.wait_for_https(cluster, USERS.ip, switched[1])
