"""metallb mode on one master: a single replica, and no rollout that waits for a second node."""

import pytest
import yaml

from tests.e2e import ingress

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def cluster(sandbox_of):
    sandbox = sandbox_of(1)
    sandbox.bootstrap_file(ingress.bootstrap_file(ingress.VIP, metallb=True))
    return sandbox


@pytest.fixture(scope="module")
def deployed(cluster):
    return ingress.apply(cluster), ingress.ca_certificate(cluster)


def test_one_replica_serves_the_vip(cluster, deployed):
    assert ingress.wait_for_https(cluster, ingress.VIP, deployed[1]) == 404
    assert ingress.nginx_nodes(cluster) == ["n1"]


def test_preflight_says_that_the_ip_has_nowhere_to_go(deployed):
    (state,) = [state for name, state in deployed[0].states.items() if "preflight-passed" in name]
    assert "[single-master]" in "".join(state["warnings"])


def test_a_rollout_does_not_deadlock(cluster, deployed):
    pillar = cluster.pillar / "sandbox.sls"
    before = pillar.read_text()
    changed = yaml.safe_load(before)
    chart = changed["cp_ingress"]["charts"]["ingress-nginx"]
    values = chart.setdefault("values", {})
    values.setdefault("controller", {})["podAnnotations"] = {"test/revision": "2"}
    pillar.write_text(yaml.safe_dump(changed))
    try:
        changes = ingress.object_changes(ingress.apply(cluster))
        assert list(changes) == ["cp_ingress-nginx-chart-deployed cp_ingress_endpoint"]
        assert ingress.nginx_nodes(cluster) == ["n1"]
        ingress.wait_for_https(cluster, ingress.VIP, deployed[1])
    finally:
        pillar.write_text(before)
    ingress.apply(cluster)


def test_a_second_run_changes_nothing(cluster, deployed):
    assert ingress.apply(cluster).changes == {}
