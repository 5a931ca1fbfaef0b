"""The whole change on three masters: certificates, Dex, a console, every apiserver follow the IP.

The commands are those of docs/changing.md, run from the real Salt master. Watched all the while: HTTPS at old
and new address, each apiserver twenty times a second, a token of the old issuer at each, and whole logins.
"""

import time

import pytest

from tests.e2e import following as story
from tests.e2e import issuers, transitions
from tests.e2e.transitions import Wish
from tests.sandbox import browser as chromium
from tests.sandbox import watch
from tests.sandbox.progress import figure
from tests.sandbox.sso import CONSOLE, KUBERNETES, USER, LoginError, console, dex, login

pytestmark = pytest.mark.e2e

OLD, NEW = Wish("10.200.0.50"), Wish("10.200.0.60")
EVERYWHERE = dict.fromkeys(story.MASTERS, (201, story.USERNAME))
"""A token is this user at every master's apiserver."""


@pytest.fixture(scope="module")
def cluster(sandbox_of):
    return sandbox_of(3)


@pytest.fixture(scope="module")
def ca(cluster):
    return story.deploy(cluster, OLD)


@pytest.fixture(scope="module")
def following(cluster, ca):
    """The apiservers accept Dex's tokens: the first run from the master, after the pillar asked for it."""
    story.follow(cluster)
    return story.orchestrate(cluster)


def test_a_first_run_has_every_apiserver_accept_the_issuer(cluster, ca, following):
    assert story.accepted(cluster) == {name: [dex.issuer(OLD.ip)] for name in story.MASTERS}
    token = story.log_in(OLD.ip, ca)
    assert issuers.users(cluster, token) == EVERYWHERE


def test_a_second_run_changes_nothing(cluster, following):
    assert story.changes(following.data), "the first run changed something"
    assert story.changes(story.orchestrate(cluster).data) == []
    assert transitions.settled_at(cluster) == OLD.ip


@pytest.fixture(scope="module")
def token(cluster, ca, following):
    return story.log_in(OLD.ip, ca)


@pytest.fixture(scope="module")
def tab(cluster, ca, following):
    """A browser that is logged in at the console through the old address."""
    with chromium.opened(cluster, ca) as driver:
        chromium.wait_for_form(driver, console.url(OLD.ip))
        chromium.log_in(driver, console.url(OLD.ip))
        assert chromium.shown(driver, "email") == USER.email
        assert chromium.shown(driver, "user") == story.USERNAME
        yield driver


@pytest.fixture(scope="module")
def changed(cluster, ca, token, tab):
    story.tune(cluster, change={"keep_old_for": story.KEPT})
    return story.change(cluster, OLD, NEW, ca, token)


def test_no_request_and_no_valid_token_is_refused_on_the_way(changed):
    figure("ip_change_total_median", round(changed.seconds, 1), "s")
    figure("ip_change_failed_requests", len(changed.seen.failed_moments(OLD.url, NEW.url)), "count")
    failed = [request for node in story.MASTERS for request in changed.seen.failed(node)]
    figure("ip_change_apiserver_failed_requests", len(failed), "count")
    refused = changed.seen.refused()
    figure("valid_tokens_refused", len(refused), "count")
    print(changed.seen.summary())
    assert changed.seen.failed_moments(OLD.url, NEW.url) == []
    assert failed == []
    assert refused == []


def test_progress_is_told_as_events(changed):
    told = [tag for tag in (event.split("\t")[0] for event in changed.events) if "cp_ingress/" in tag]
    assert any("cp_ingress/widening/endpoint-service-applied" in tag for tag in told), told
    assert any("cp_ingress/moved/" in tag for tag in told), told


def test_no_secret_comes_over_the_event_bus(changed):
    """The run rewrote Dex's Secret, in which its clients' and users' secrets are."""
    assert any(event.startswith("salt/job/") and dex.NAMESPACE in event for event in changed.events)
    secrets = [KUBERNETES.secret, CONSOLE.secret, USER.password_hash, "PRIVATE KEY"]
    assert [secret for secret in secrets if any(secret in event for event in changed.events)] == []


def test_people_can_log_in_at_the_old_or_the_new_address_all_along(changed):
    bases = [dex.issuer(OLD.ip), dex.issuer(NEW.ip)]
    figure("ip_change_login_gap_median", round(changed.logins.longest_gap(*bases), 2), "s")
    print(changed.logins.summary())
    assert changed.logins.first_answer(bases[1]) is not None


def test_old_and_new_tokens_are_the_same_user_while_the_old_address_is_kept(cluster, ca, token, changed):
    assert story.accepted(cluster) == {
        name: [dex.issuer(OLD.ip), dex.issuer(NEW.ip)] for name in story.MASTERS
    }
    new = story.log_in(NEW.ip, ca)
    assert issuers.users(cluster, new) == EVERYWHERE
    assert issuers.users(cluster, token) == EVERYWHERE


def test_the_old_tab_logs_in_once_more_at_the_new_address(cluster, ca, tab, changed):
    # The redirect leads to the console at the new address, which knows no session of this browser yet.
    url = chromium.log_in(tab, console.url(OLD.ip))
    figure("relogins_after_change", 1, "count")
    assert url == console.url(NEW.ip)
    assert chromium.shown(tab, "user") == story.USERNAME
    tab.get(console.url(NEW.ip))
    assert chromium.shown(tab, "email") == USER.email


def test_the_old_redirect_uri_is_refused(ca, changed):
    with pytest.raises(LoginError):
        login(dex.issuer(NEW.ip), ca, client=CONSOLE, redirect_uri=CONSOLE.redirect_uri(dex.base(OLD.ip)))


def test_once_it_need_not_be_kept_the_old_address_goes(cluster, ca, changed):
    story.tune(cluster, change={"keep_old_for": 0})
    story.orchestrate(cluster)
    assert transitions.settled_at(cluster) == NEW.ip
    assert story.accepted(cluster) == {name: [dex.issuer(NEW.ip)] for name in story.MASTERS}
    assert cluster.announcers(OLD.ip) == {}
    status = cluster.salt_call("n1", "cp_ingress.check")
    assert (status.rc, status.data) == (0, [])


def test_a_master_that_cannot_reach_the_new_issuer_stops_the_change_and_a_second_run_finishes_it(cluster, ca):
    transitions.write(cluster, OLD)
    cluster.run("n2", ["ip", "route", "add", "unreachable", OLD.ip])
    try:
        stopped = story.orchestrate(cluster, check=False)
    finally:
        cluster.run("n2", ["ip", "route", "delete", "unreachable", OLD.ip])
    new, old = dex.issuer(OLD.ip), dex.issuer(NEW.ip)
    assert stopped.rc != 0
    assert [text for text in story.failures(stopped.data) if f"{OLD.url}cp-ingress/issuers/" in text]
    assert "Run failed on minions: n2" in story.failures(stopped.data)
    accepted = story.accepted(cluster)
    assert (accepted["n1"], accepted["n2"]) == ([old, new], [old])
    assert story.log_in(NEW.ip, ca)
    story.orchestrate(cluster)
    assert transitions.settled_at(cluster) == OLD.ip
    assert story.accepted(cluster) == {name: [new] for name in story.MASTERS}


def test_a_minion_that_is_down_stops_the_change_before_harm_and_a_second_run_finishes_it(cluster, ca):
    transitions.write(cluster, NEW)
    before = transitions.record(cluster)["data"]
    story.stop_minion(cluster, "n3")
    try:
        stopped = story.orchestrate(cluster, check=False)
    finally:
        cluster.start_salt()
    assert stopped.rc != 0
    told = story.failures(stopped.data)
    assert [text for text in told if "n3" in text], told
    assert transitions.record(cluster)["data"] == before
    assert story.accepted(cluster) == {name: [dex.issuer(OLD.ip)] for name in story.MASTERS}
    assert story.log_in(OLD.ip, ca)
    story.orchestrate(cluster)
    assert transitions.settled_at(cluster) == NEW.ip
    assert story.accepted(cluster) == {name: [dex.issuer(NEW.ip)] for name in story.MASTERS}


def test_with_flags_the_masters_follow_one_at_a_time(cluster, ca):
    """Each apiserver restarts, which takes its turn however many minions are told at once."""
    story.tune(cluster, apiserver={"client_id": "kubernetes", "method": "flags"})
    transitions.write(cluster, OLD)
    with watch.apiservers(cluster, "/readyz") as watching:
        began = time.monotonic()
        story.orchestrate(cluster)
        figure("flags_change_total", round(time.monotonic() - began, 1), "s")
    print(watching.seen.summary())
    assert issuers.down_at_once(watching.seen, story.MASTERS) == []
    assert transitions.settled_at(cluster) == OLD.ip
    issuer = dex.issuer(OLD.ip)
    assert story.accepted(cluster) == {name: [issuer] for name in story.MASTERS}
    for name in story.MASTERS:
        assert f"--oidc-issuer-url={issuer}" in issuers.flags(cluster, name)
    assert issuers.users(cluster, story.log_in(OLD.ip, ca)) == EVERYWHERE
