"""external mode on three bare masters: the bootstrap node's own IP, without naming it."""

import pytest

from tests.e2e import ingress
from tests.sandbox.progress import figure

pytestmark = pytest.mark.e2e

BOOTSTRAP_IP = "10.200.0.11"


@pytest.fixture(scope="module")
def cluster(sandbox_of):
    sandbox = sandbox_of(3)
    sandbox.bootstrap_file(ingress.bootstrap_file(None, metallb=False))
    return sandbox


@pytest.fixture(scope="module")
def predicted(cluster):
    mark = cluster.audit_mark()
    run = ingress.apply(cluster, test=True)
    return run, ingress.our_writes(cluster, mark)


@pytest.fixture(scope="module")
def deployed(cluster, predicted):
    return ingress.apply(cluster), ingress.ca_certificate(cluster)


def test_test_mode_writes_nothing_and_predicts_the_run(predicted, deployed):
    run, writes = predicted
    assert writes == []
    assert ingress.object_changes(deployed[0]) == ingress.object_changes(run)


def test_https_answers_on_the_bootstrap_nodes_ip_under_our_ca(cluster, deployed):
    assert ingress.wait_for_https(cluster, BOOTSTRAP_IP, deployed[1]) == 404


def test_a_daemonset_runs_on_every_master(cluster, deployed):
    assert ingress.nginx_nodes(cluster) == ["n1", "n2", "n3"]
    kinds = {item["kind"] for item in ingress.listed(cluster, "deployments.apps,daemonsets.apps")}
    assert "Deployment" not in kinds


def test_nothing_of_metallb_is_there(cluster, deployed):
    names = {item["metadata"]["name"] for item in ingress.listed(cluster, "namespaces")}
    assert "metallb-system" not in names


def test_status_says_that_everything_agrees(cluster, deployed):
    status = cluster.salt_call("n1", "cp_ingress.status").data
    assert status["agrees"] is True, status


def test_a_second_run_and_test_mode_find_nothing_to_do(cluster, deployed):
    before = ingress.ours(cluster)
    mark = cluster.audit_mark()
    second = ingress.apply(cluster)
    figure("second_run_changes", len(second.changes), "count")
    assert second.changes == {}
    assert ingress.apply(cluster, test=True).changes == {}
    assert ingress.our_writes(cluster, mark) == []
    assert ingress.ours(cluster) == before


def test_clean_removes_everything_it_made(cluster, deployed):
    ingress.apply(cluster, "cp_ingress.clean")
    assert ingress.ours(cluster) == {}
    assert "cp-ingress" not in {item["metadata"]["name"] for item in ingress.listed(cluster, "namespaces")}
