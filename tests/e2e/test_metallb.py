"""metallb mode on three masters: the story of one cluster, told in order.

Covered: prediction, deployment, second run, test mode after it, a returned node, a Salt master, clean, a run
that was killed, an API server that went away. Changing mode or IP is not covered here.
"""

import os
import random
import threading
import time

import pytest

from tests.e2e import ingress
from tests.sandbox.process import kill_group, wait_for
from tests.sandbox.progress import figure

pytestmark = pytest.mark.e2e

MASTERS = ["n1", "n2", "n3"]


@pytest.fixture(scope="module")
def cluster(sandbox_of):
    """Three bare masters and a Bootstrap file that asks for MetalLB."""
    sandbox = sandbox_of(3)
    sandbox.bootstrap_file(ingress.bootstrap_file(ingress.VIP, metallb=True))
    return sandbox


@pytest.fixture(scope="module")
def predicted(cluster):
    """What test mode says on the bare cluster, and what it wrote there."""
    mark = cluster.audit_mark()
    run = ingress.apply(cluster, test=True)
    return run, ingress.our_writes(cluster, mark)


@pytest.fixture(scope="module")
def deployed(cluster, predicted):
    """The first run and the CA certificate; the time until the VIP answered the client is printed."""
    started = time.monotonic()
    run = ingress.apply(cluster)
    ca = ingress.ca_certificate(cluster)
    ingress.wait_for_https(cluster, ingress.VIP, ca)
    seconds = time.monotonic() - started
    figure("deploy_to_vip", round(seconds, 1), "s")
    return run, ca


def ca_bundles(cluster):
    """Return the caBundle of each of MetalLB's webhooks, conversion included; "" where there is none yet."""
    kinds = (
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        "customresourcedefinitions.apiextensions.k8s.io",
    )
    objects = [item for kind in kinds for item in ingress.listed(cluster, kind)]
    clients = [
        client
        for item in objects
        for client in (
            *(hook["clientConfig"] for hook in item.get("webhooks", [])),
            item.get("spec", {}).get("conversion", {}).get("webhook", {}).get("clientConfig"),
        )
        if client
    ]
    return [client.get("caBundle", "") for client in clients]


def test_test_mode_on_a_bare_cluster_writes_nothing_and_predicts_changes(predicted):
    run, writes = predicted
    assert writes == []
    assert run.changes


def test_from_a_bare_cluster_one_run_makes_https_answer_on_the_vip(cluster, deployed):
    assert cluster.https(f"https://{ingress.VIP}:{ingress.PORT}/", deployed[1]).status == 404


def test_what_test_mode_predicted_is_what_the_run_did(predicted, deployed):
    assert ingress.object_changes(deployed[0]) == ingress.object_changes(predicted[0])
    # Salt's own states word a change differently in test mode; that there is one is the same.
    assert set(deployed[0].changes) == set(predicted[0].changes)


def test_the_certificate_is_valid_for_the_vip_under_our_ca_only(cluster, deployed):
    url = f"https://{ingress.VIP}:{ingress.PORT}/"
    # The client verifies chain and name; NGINX has no Ingress yet and answers 404.
    assert cluster.https(url, deployed[1]).status == 404
    with pytest.raises(OSError, match="certificate verify failed"):
        cluster.https(url, "/etc/ssl/certs/ca-certificates.crt")


def test_exactly_one_mac_answers_for_the_vip(cluster, deployed):
    announcers = cluster.announcers(ingress.VIP, wait=2)
    assert len(announcers) == 1
    assert set(announcers.values()) <= set(MASTERS)


def test_two_replicas_run_on_two_nodes(cluster, deployed):
    nodes = ingress.nginx_nodes(cluster)
    assert len(nodes) == 2
    assert len(set(nodes)) == 2
    # The masters carry kubeadm's label that hides them from load balancers, and the VIP answers all the same.
    labels = [node["metadata"]["labels"] for node in ingress.listed(cluster, "nodes")]
    assert all("node.kubernetes.io/exclude-from-external-load-balancers" in found for found in labels)


def test_status_says_that_everything_agrees(cluster, deployed):
    status = cluster.salt_call("n1", "cp_ingress.status").data
    assert status["agrees"] is True, status
    assert status["announced_by"] == list(cluster.announcers(ingress.VIP).values())


def test_key_files_are_for_root_only(cluster, deployed):
    found = cluster.run(
        "n1", ["find", "/etc/cp-ingress/pki", "-name", "*.key", "-printf", "%m %u %f\n"]
    ).stdout
    assert sorted(found.splitlines()) == ["600 root ca.key", "600 root server.key"]


def test_a_second_run_changes_nothing_and_moves_no_resource_version(cluster, deployed):
    # MetalLB's rotator writes into its webhooks on its own time: that is to be over, and no drift.
    wait_for(lambda: all(ca_bundles(cluster)), timeout=60, what="MetalLB's caBundle in all its webhooks")
    before = ingress.ours(cluster)
    mark = cluster.audit_mark()
    run = ingress.apply(cluster)
    figure("second_run_changes", len(run.changes), "count")
    assert run.changes == {}
    assert ingress.our_writes(cluster, mark) == []
    assert ingress.ours(cluster) == before


def test_test_mode_after_the_run_predicts_nothing_and_writes_nothing(cluster, deployed):
    mark = cluster.audit_mark()
    run = ingress.apply(cluster, test=True)
    writes = ingress.our_writes(cluster, mark)
    figure("test_mode_write_requests", len(writes), "count")
    assert (run.changes, writes) == ({}, [])


def test_a_salt_master_applies_the_same_states_and_finds_nothing_to_do(cluster, deployed):
    cluster.start_salt()
    result = cluster.salt("n1", "state.apply", "cp_ingress", "--timeout=120")
    result = type(result)(result.rc, result.stdout, result.stderr, (result.data or {}).get("n1"))
    assert ingress.run_of(result).changes == {}


def test_a_returned_node_serves_and_needs_no_run(cluster, deployed):
    (announcing,) = cluster.announcers(ingress.VIP).values()
    cluster.power_off(announcing)
    ingress.wait_for_https(cluster, ingress.VIP, deployed[1], timeout=60)
    cluster.power_on(announcing)
    ingress.wait_for_https(cluster, ingress.VIP, deployed[1])
    wait_for(
        lambda: len(set(ingress.nginx_nodes(cluster))) == 2,
        timeout=120,
        what="two replicas on two nodes",
    )
    wait_for(lambda: len(cluster.announcers(ingress.VIP)) == 1, timeout=30, what="one MAC for the VIP")
    assert ingress.apply(cluster).changes == {}


def test_clean_removes_everything_it_made_as_predicted(cluster, deployed):
    predicted = ingress.apply(cluster, "cp_ingress.clean", test=True)
    done = ingress.apply(cluster, "cp_ingress.clean")
    assert ingress.object_changes(done) == ingress.object_changes(predicted)
    assert ingress.ours(cluster) == {}
    names = {item["metadata"]["name"] for item in ingress.listed(cluster, "namespaces")}
    assert not names & {"cp-ingress", "metallb-system"}
    leftovers = ingress.listed(cluster, "customresourcedefinitions.apiextensions.k8s.io")
    assert not [item for item in leftovers if item["spec"]["group"] == "metallb.io"]
    assert cluster.announcers(ingress.VIP) == {}
    assert cluster.run("n1", ["test", "-e", "/etc/cp-ingress/pki"], check=False).returncode == 1
    assert ingress.apply(cluster, "cp_ingress.clean").changes == {}


def test_a_killed_run_is_finished_by_the_next(cluster, deployed):
    seed = int(os.environ.get("CP_INGRESS_SEED", random.randrange(10**6)))  # noqa: S311
    after = random.Random(seed).uniform(1, 15)  # noqa: S311
    print(f"killed after {after:.1f} s (CP_INGRESS_SEED={seed})")
    ingress.apply(cluster, "cp_ingress.clean")
    process = cluster.salt_call_popen("n1", "state.apply", "cp_ingress")
    timer = threading.Timer(after, kill_group, [process])
    timer.start()
    timer.join()
    ingress.apply(cluster)
    ingress.wait_for_https(cluster, ingress.VIP, ingress.ca_certificate(cluster))
    assert ingress.apply(cluster).changes == {}


def test_an_api_server_that_goes_away_for_ten_seconds_is_waited_for(cluster, deployed):
    ingress.apply(cluster, "cp_ingress.clean")
    rule = ["OUTPUT", "-p", "tcp", "--dport", "6443", "-j", "REJECT", "--reject-with", "tcp-reset"]
    process = cluster.salt_call_popen("n1", "state.apply", "cp_ingress")
    mark = cluster.audit_mark()
    wait_for(lambda: ingress.our_writes(cluster, mark), timeout=60, what="the run's first write")
    cluster.run("n1", ["iptables", "-I", *rule])
    try:
        # The fault itself lasts this long; there is nothing to wait for.
        time.sleep(10)
    finally:
        cluster.run("n1", ["iptables", "-D", *rule])
    out, err = process.communicate(timeout=300)
    assert process.returncode in (0, 2), out + err
    ingress.wait_for_https(cluster, ingress.VIP, ingress.ca_certificate(cluster))
    assert ingress.apply(cluster).changes == {}
