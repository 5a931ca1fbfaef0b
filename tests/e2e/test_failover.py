"""metallb mode while nodes come and go: rollouts, a drain, a split, power losses of the announcing node.

The announcing node is n1, which is also the bootstrap node. Times are printed; what is held to are the facts:
who holds the IP, where the replicas run, that service came back.
"""

import statistics
import time

import pytest
import yaml

from tests.e2e import failover, ingress, transitions
from tests.e2e.transitions import Wish
from tests.sandbox import faults
from tests.sandbox.process import wait_for
from tests.sandbox.progress import figure

pytestmark = pytest.mark.e2e

LOSSES = 5
NODE = "n1"
IP = ingress.VIP
OURS = Wish(IP)
EXTERNAL_IP = "10.200.0.70"


@pytest.fixture(scope="module")
def cluster(sandbox_of):
    sandbox = sandbox_of(3)
    sandbox.bootstrap_file(ingress.bootstrap_file(IP, metallb=True))
    ingress.apply(sandbox)
    return sandbox


@pytest.fixture(scope="module")
def ca(cluster):
    ca = ingress.ca_certificate(cluster)
    ingress.wait_for_https(cluster, IP, ca)
    return ca


@pytest.fixture(scope="module")
def losses(cluster, ca):
    """The node that holds the IP loses its power several times."""
    failover.hold(cluster, NODE, IP)
    found = []
    for number in range(1, LOSSES + 1):
        found.append(failover.lose_and_return(cluster, NODE, IP, ca))
        print(f"power loss {number}: {found[-1]}\n{found[-1].seen.summary()}")
    return found


def test_a_rollout_of_nginx_disturbs_nobody_and_leaves_the_ip_where_it_is(cluster, ca):
    failover.hold(cluster, NODE, IP)
    before = ingress.nginx_nodes(cluster)
    seen = failover.undisturbed(cluster, IP, ca, lambda: failover.restart_nginx(cluster))
    print(seen.summary())
    figure("rollout_failed_requests", len(seen.failed()), "count")
    assert ingress.nginx_nodes(cluster) == before
    assert seen.macs(IP) == {cluster.node(NODE).address.mac}


def test_a_drain_of_the_announcing_node_moves_the_ip(cluster, ca):
    failover.hold(cluster, NODE, IP)
    try:
        seen = failover.undisturbed(cluster, IP, ca, lambda: failover.drain(cluster, NODE))
    finally:
        cluster.kubectl("uncordon", NODE)
    print(seen.summary())
    figure("drain_failed_requests", len(seen.failed()), "count")
    assert ingress.nginx_nodes(cluster) == ["n2", "n3"]
    assert NODE not in cluster.announcers(IP, wait=2).values()


def test_a_split_between_the_speakers_is_told_by_status_as_two_holders(cluster, ca):
    failover.hold(cluster, NODE, IP)
    (other,) = set(ingress.nginx_nodes(cluster)) - {NODE}
    # A node does not hear its own speaker: asked is the one that holds nothing.
    (third,) = {"n1", "n2", "n3"} - {NODE, other}
    cluster.bootstrap_file(ingress.bootstrap_file(IP, metallb=True), node=third)
    with faults.speakers_apart(cluster, NODE, other), faults.speakers_apart(cluster, NODE, third):
        wait_for(
            lambda: set(cluster.announcers(IP, wait=1).values()) == {NODE, other},
            timeout=60,
            what="two MACs for the IP",
        )
        status = cluster.salt_call(third, "cp_ingress.status").data
    assert status["agrees"] is False
    assert [text for text in status["disagreements"] if text.startswith("two holders: ")], status
    # Speakers that lost each other look for each other once a minute.
    wait_for(lambda: len(cluster.announcers(IP, wait=2)) == 1, timeout=120, what="one MAC again")


def test_after_a_power_loss_another_node_takes_over(losses):
    gaps = [loss.gap for loss in losses]
    figure("failover_bootstrap_gap_median", round(statistics.median(gaps), 2), "s")
    figure("failover_bootstrap_gap_p95", round(failover.percentile(gaps, 95), 2), "s")
    assert all(loss.seen.failed() != loss.seen.of() for loss in losses)


def test_when_the_node_returns_one_mac_answers(losses):
    figure("failover_return_gap", round(max(loss.return_gap for loss in losses), 2), "s")
    assert [len(loss.holders) for loss in losses] == [1] * LOSSES


def switch_there_and_back(cluster, ca):
    """To a user-managed IP and back to MetalLB's; nobody is refused meanwhile."""
    theirs = Wish(EXTERNAL_IP, metallb=False, holder=NODE)
    for old, new in ((OURS, theirs), (theirs, OURS)):
        seen = transitions.change(cluster, old, new, ca).seen
        assert transitions.settled_at(cluster) == new.ip
        assert seen.failed_moments(old.url, new.url) == [], seen.summary()


@pytest.fixture
def two_masters(cluster, ca):
    """n3 is no master any more, as far as its labels say."""
    label = "node-role.kubernetes.io/control-plane"
    cluster.kubectl("label", "node", "n3", f"{label}-")
    yield
    cluster.kubectl("label", "node", "n3", f"{label}=")


def test_two_masters_have_a_replica_each_through_a_rollout_and_switches_of_the_mode(cluster, ca, two_masters):
    ingress.apply(cluster)
    failover.restart_nginx(cluster)
    assert ingress.nginx_nodes(cluster) == ["n1", "n2"]
    assert not failover.share_a_node(cluster)
    switch_there_and_back(cluster, ca)
    assert ingress.nginx_nodes(cluster) == ["n1", "n2"]


@pytest.fixture(scope="module")
def down(cluster, ca):
    """A master that loses its power with a replica on it, and stays off until it is taken for lost."""
    failover.hold(cluster, NODE, IP)
    (name,) = set(ingress.nginx_nodes(cluster)) - {NODE}
    off = time.monotonic()
    cluster.power_off(name)
    try:
        wait_for(lambda: failover.lost_nodes(cluster) == {name}, timeout=120, what=f"{name} taken for lost")
        failover.wait_for_replicas_beside(cluster, name)
        figure("second_replica_restored", round(time.monotonic() - off, 1), "s")
        yield name
    finally:
        cluster.power_on(name)


def test_a_lost_replica_runs_elsewhere_and_the_two_share_no_node(cluster, down):
    assert ingress.nginx_nodes(cluster) == sorted({"n1", "n2", "n3"} - {down})
    assert not failover.share_a_node(cluster)


def test_with_one_of_three_masters_down_the_mode_is_switched_and_back(cluster, ca, down):
    switch_there_and_back(cluster, ca)
    assert ingress.nginx_nodes(cluster) == sorted({"n1", "n2", "n3"} - {down})


def test_with_one_of_three_masters_down_a_run_ends_and_rolls_everything_out(cluster, ca, down):
    pillar = cluster.pillar / "sandbox.sls"
    before = pillar.read_text()
    changed = yaml.safe_load(before)
    changed["cp_ingress"]["metallb"] = {"failover": "default"}
    values = changed["cp_ingress"]["charts"]["ingress-nginx"].setdefault("values", {})
    values.setdefault("controller", {})["podAnnotations"] = {"test/revision": "2"}
    try:
        pillar.write_text(yaml.safe_dump(changed))
        rolled = {name.split()[0] for name in ingress.apply(cluster).changes}
        assert rolled >= {"cp_ingress-metallb-chart-deployed", "cp_ingress-nginx-chart-deployed"}
        assert not failover.share_a_node(cluster)
        ingress.wait_for_https(cluster, IP, ca)
    finally:
        pillar.write_text(before)
