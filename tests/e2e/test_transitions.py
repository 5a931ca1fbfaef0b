"""Changes of IP and mode by editing the Bootstrap file and applying, watched by a client: one story.

Covered: no request fails across old and new, one MAC for each IP while it is meant to answer, none after,
nothing stale, a second run without changes, a run broken off at a random moment. Every single moment of
breaking off is tested on the light tier (tests/apiserver/transitions).
"""

import pytest

from tests.e2e import ingress, transitions
from tests.e2e.transitions import Wish
from tests.sandbox.progress import figure

pytestmark = pytest.mark.e2e

FIRST = Wish("10.200.0.50")
SECOND = Wish("10.200.0.60")
USERS = Wish("10.200.0.70", metallb=False, holder="n2")
LONGEST_OVERLAP = 1.0  # seconds for which two MACs may answer while the announcement moves


@pytest.fixture(scope="module")
def cluster(sandbox_of):
    sandbox = sandbox_of(3)
    transitions.write(sandbox, FIRST)
    ingress.apply(sandbox)
    return sandbox


@pytest.fixture(scope="module")
def ca(cluster):
    found = ingress.ca_certificate(cluster)
    ingress.wait_for_https(cluster, FIRST.ip, found)
    return found


@pytest.fixture(scope="module")
def fresh_metallb(cluster, ca):
    """The objects of a fresh deployment in metallb mode."""
    return set(ingress.ours(cluster))


@pytest.fixture(scope="module")
def moved(cluster, ca, fresh_metallb):
    return transitions.change(cluster, FIRST, SECOND, ca, transitions.by_the_page)


def held_by_one(change, old, new):
    for wish in (old, new):
        assert change.seen.several_holders(wish.ip) <= LONGEST_OVERLAP, change.seen.summary()
    assert change.seen.macs(old.ip, after=change.settled + 0.5) == set(), change.seen.summary()
    assert len(change.seen.macs(new.ip, after=change.settled)) == 1, change.seen.summary()


def no_failure(change, old, new):
    assert change.seen.failed_moments(old.url, new.url) == [], change.seen.summary()
    assert change.seen.first_answer(new.url) is not None


def test_ip_change_no_request_fails_across_old_and_new(moved):
    transitions.report("ip_change_failed_requests", moved, FIRST, SECOND)
    no_failure(moved, FIRST, SECOND)
    held_by_one(moved, FIRST, SECOND)


def test_ip_change_nginx_never_restarts(cluster, moved):
    assert "cp_ingress-endpoint-service-applied cp_ingress_endpoint" in moved.run.changes
    assert "cp_ingress-nginx-chart-deployed cp_ingress_endpoint" not in moved.run.changes


def test_ip_change_nothing_stale_is_left_and_a_second_run_changes_nothing(cluster, moved, fresh_metallb):
    renamed = {name.replace("10-200-0-60", "10-200-0-50") for name in ingress.ours(cluster)}
    stale = renamed ^ fresh_metallb
    figure("stale_objects_after_transitions", len(stale), "count")
    assert stale == set()
    assert ingress.apply(cluster).changes == {}
    assert transitions.settled_at(cluster) == SECOND.ip


@pytest.fixture(scope="module")
def external(cluster, ca, moved):
    return transitions.change(cluster, SECOND, USERS, ca)


def test_to_external_no_request_fails_across_old_and_new(external):
    transitions.report("switch_to_external_failed_requests", external, SECOND, USERS)
    no_failure(external, SECOND, USERS)
    held_by_one(external, SECOND, USERS)


def test_to_external_metallb_and_the_deployment_are_gone(cluster, external):
    assert ingress.nginx_nodes(cluster) == ["n1", "n2", "n3"]
    names = {item["metadata"]["name"] for item in ingress.listed(cluster, "namespaces")}
    assert "metallb-system" not in names
    # Its definitions stay until they are asked for: others may have objects of these kinds.
    left = {name for name in ingress.ours(cluster) if "metallb" in name}
    assert {name.split()[0].rsplit("/", 1)[1] for name in left} <= {"CustomResourceDefinition", "Secret"}
    assert ingress.apply(cluster).changes == {}


@pytest.fixture(scope="module")
def back(cluster, ca, external):
    return transitions.change(cluster, USERS, FIRST, ca)


def test_to_metallb_no_request_fails_across_old_and_new(back):
    transitions.report("switch_to_metallb_failed_requests", back, USERS, FIRST)
    no_failure(back, USERS, FIRST)


def test_to_metallb_everything_is_as_in_a_fresh_deployment(cluster, back, fresh_metallb):
    assert set(ingress.ours(cluster)) == fresh_metallb
    assert len(set(ingress.nginx_nodes(cluster))) == 2
    assert ingress.apply(cluster).changes == {}


def test_a_change_broken_off_at_a_random_moment_is_finished_by_the_next_run(cluster, ca, back, fresh_metallb):
    seed = transitions.seed()
    print(f"broken off in phase {transitions.broken_off(cluster, FIRST, SECOND, seed)}")
    assert ingress.wait_for_https(cluster, FIRST.ip, ca) or ingress.wait_for_https(cluster, SECOND.ip, ca)
    ingress.apply(cluster)
    assert transitions.settled_at(cluster) == SECOND.ip
    assert ingress.apply(cluster).changes == {}
    # And one that is set back half-way.
    transitions.broken_off(cluster, SECOND, FIRST, seed)
    transitions.write(cluster, SECOND)
    ingress.apply(cluster)
    assert transitions.settled_at(cluster) == SECOND.ip
    assert {name.replace("10-200-0-60", "10-200-0-50") for name in ingress.ours(cluster)} == fresh_metallb
    assert cluster.announcers(FIRST.ip) == {}


@pytest.mark.parametrize(
    "metallb", [pytest.param(False, id="from MetalLB to the user"), pytest.param(True, id="and back")]
)
def test_the_same_ip_changes_hands_and_never_two_hold_it(cluster, ca, back, metallb):
    found = transitions.taken_over(cluster, SECOND.ip, ca, metallb=metallb, holder="n3")
    figure("same_ip_switch_gap", round(found.seen.longest_gap(SECOND.url), 2), "s")
    print(found.seen.summary())
    assert found.seen.several_holders(SECOND.ip) == 0, found.seen.summary()
    assert len(found.seen.macs(SECOND.ip, after=found.settled)) == 1
    assert ingress.apply(cluster).changes == {}
