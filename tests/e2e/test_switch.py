"""A switch of mode by editing the Bootstrap file and applying: there, back, and nothing stale.

Covered: what is there afterwards equals a fresh deployment of that mode, and the endpoint answers. Not
covered: what a client sees while the switch is under way.
"""

import pytest

from tests.e2e import ingress

pytestmark = pytest.mark.e2e

EXTERNAL_IP = "10.200.0.11"


@pytest.fixture(scope="module")
def cluster(sandbox_of):
    return sandbox_of(3)


def switch(cluster, *, metallb):
    """Edit the Bootstrap file and apply; the objects of ours afterwards."""
    ip = ingress.VIP if metallb else EXTERNAL_IP
    cluster.bootstrap_file(ingress.bootstrap_file(ip, metallb=metallb))
    predicted = ingress.apply(cluster, test=True)
    done = ingress.apply(cluster)
    assert set(ingress.object_changes(predicted)) == set(ingress.object_changes(done))
    ingress.wait_for_https(cluster, ip, ingress.ca_certificate(cluster))
    return set(ingress.ours(cluster))


@pytest.fixture(scope="module")
def fresh_metallb(cluster):
    return switch(cluster, metallb=True)


@pytest.fixture(scope="module")
def switched(cluster, fresh_metallb):
    return switch(cluster, metallb=False)


def test_to_external_the_daemonset_replaces_the_deployment(cluster, switched):
    assert ingress.nginx_nodes(cluster) == ["n1", "n2", "n3"]
    assert "apps/v1/Deployment cp-ingress/ingress-nginx-controller" not in switched


def test_to_external_metallb_is_gone_and_nobody_answers_for_its_ip(cluster, switched):
    names = {item["metadata"]["name"] for item in ingress.listed(cluster, "namespaces")}
    assert "metallb-system" not in names
    assert cluster.announcers(ingress.VIP) == {}
    # Its definitions stay until they are asked for: others may have objects of these kinds.
    left = {name for name in switched if "metallb" in name}
    assert {name.split()[0].rsplit("/", 1)[1] for name in left} <= {"CustomResourceDefinition", "Secret"}


def test_to_external_a_second_run_changes_nothing(cluster, switched):
    assert ingress.apply(cluster).changes == {}


def test_back_to_metallb_everything_is_as_in_a_fresh_deployment(cluster, fresh_metallb, switched):
    assert switch(cluster, metallb=True) == fresh_metallb
    daemon_sets = ingress.listed(cluster, "daemonsets.apps")
    assert "cp-ingress" not in {item["metadata"]["namespace"] for item in daemon_sets}
    assert len(set(ingress.nginx_nodes(cluster))) == 2
    assert ingress.apply(cluster).changes == {}
