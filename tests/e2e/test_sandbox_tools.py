"""What the sandbox has for tests of the way in: samplers, an IP of the user's, faults, Dex, a browser.

One cluster with the ingress in external mode, looked at and disturbed in order.
"""

from __future__ import annotations

import socket
import time

import pytest

from tests.e2e import ingress
from tests.sandbox import browser as chromium
from tests.sandbox import faults, vip, watch
from tests.sandbox.process import kill_group, wait_for
from tests.sandbox.progress import figure
from tests.sandbox.sso import CONSOLE, USER, LoginError, claims, console, dex, login

pytestmark = pytest.mark.e2e

IP = "10.200.0.60"
URL = f"https://{IP}:{ingress.PORT}/"


@pytest.fixture(scope="module")
def cluster(sandbox_of):
    return sandbox_of(3)


@pytest.fixture(scope="module")
def ca(cluster):
    """The ingress deployed on an IP that n1 was given by hand; the CA's certificate."""
    cluster.bootstrap_file(ingress.bootstrap_file(IP, metallb=False))
    vip.give(cluster, "n1", IP)
    ingress.apply(cluster)
    return ingress.ca_certificate(cluster)


@pytest.fixture(scope="module")
def issuer(cluster, ca):
    return dex.deploy(cluster, IP, ca)


def test_an_ip_that_two_nodes_have_is_seen_as_such(cluster):
    free = "10.200.0.61"
    with watch.macs([free]) as watching:
        vip.give(cluster, "n1", free)
        vip.give(cluster, "n2", free)
        wait_for(lambda: watching.so_far.several_holders(free) > 0.3, timeout=10, what="two holders")
        vip.take(cluster, "n1", free)
        taken = time.monotonic()
        wait_for(lambda: watching.so_far.ended > taken + 1, timeout=10, what="a second of samples")
    assert vip.holders(cluster, free) == ["n2"]
    assert len(watching.seen.macs(free)) == 2
    assert watching.seen.macs(free, after=taken) == {cluster.node("n2").address.mac}
    vip.take(cluster, "n2", free)
    assert vip.holders(cluster, free) == []


def test_speakers_packets_are_dropped_while_asked_for(cluster):
    speak = f"import socket; socket.create_connection(('10.200.0.12', {faults.SPEAKER_PORT}), 1).close()"

    def heard(node):
        return cluster.run(node, ["python3", "-c", speak], check=False).returncode == 0

    hear = ["python3", "-m", "http.server", str(faults.SPEAKER_PORT)]
    listener = cluster.popen("n2", hear, log=cluster.node("n2").directory / "log" / "hear.log")
    try:
        wait_for(lambda: heard("n1"), timeout=20, what="n2 hearing n1")
        with faults.speakers_apart(cluster, "n1", "n2"):
            assert (heard("n1"), heard("n3")) == (False, True)
            assert faults.dropped(cluster, "n2") > 0
        assert heard("n1")
        with faults.speaker_loss(cluster, 50):
            wait_for(
                lambda: heard("n1") and faults.dropped(cluster, "n2") > 0,
                timeout=30,
                what="some packets lost",
            )
        assert faults.dropped(cluster, "n2") == 0
    finally:
        kill_group(listener)


def test_dex_logs_people_in_and_keeps_its_keys_when_its_pods_are_replaced(cluster, ca, issuer):
    def keys():
        return cluster.https(f"{issuer}/keys", ca).body

    said = claims(login(issuer, ca).id_token)
    assert (said["iss"], said["aud"], said["email"]) == (issuer, "kubernetes", USER.email)
    both = claims(login(issuer, ca, client=CONSOLE).id_token)
    assert both["aud"] == ["kubernetes", "console"]
    assert both["sub"] == said["sub"]
    before = keys()
    with watch.Logins([issuer], ca) as logins:
        cluster.kubectl("rollout", "restart", "deployment/dex", "--namespace=dex")
        dex.rolled_out(cluster, "dex", "dex")
        now = time.monotonic()
        wait_for(lambda: logins.so_far.between(now).first_answer(), timeout=20, what="a login after it")
    print(logins.seen.summary())
    figure("dex_restart_login_gap", logins.seen.longest_gap(issuer), "s")
    assert keys() == before


def test_dex_refuses_a_wrong_password_and_another_redirect_uri(ca, issuer):
    wrong = type(USER)(USER.email, "wrong", USER.name, USER.uid, USER.password_hash)
    with pytest.raises(LoginError, match="a redirect was expected"):
        login(issuer, ca, user=wrong)
    with pytest.raises(LoginError, match="status 400"):
        login(issuer, ca, client=CONSOLE, redirect_uri="https://10.200.0.99:8443/console/callback")


def test_a_browser_logs_in_at_the_console(cluster, ca, issuer, browser):
    url = console.deploy(cluster, IP, ca)
    driver = browser(ca)
    assert chromium.log_in(driver, url) == url
    assert chromium.shown(driver, "email") == USER.email
    assert chromium.shown(driver, "issuer") == issuer
    # The apiservers of this cluster know no issuer.
    assert chromium.shown(driver, "error") == "the API server answers 401 Unauthorized"
    driver.get(url)
    assert chromium.shown(driver, "email") == USER.email


def test_a_browser_is_on_the_client_alone(cluster, ca, browser):
    with socket.create_server(("127.0.0.1", 0)) as here:
        driver = browser(ca)
        with pytest.raises(Exception, match="ERR_CONNECTION_REFUSED"):
            driver.get(f"http://127.0.0.1:{here.getsockname()[1]}/")


def test_keepalived_moves_the_ip_off_a_lost_node_while_all_is_watched(cluster, ca):
    good = cluster.kubectl("create", "token", "default", "--duration=10m").stdout.strip()
    tokens = {"good": good, "bad": "not.a.token"}
    vip.take(cluster, "n1", IP)
    with vip.keepalived(cluster, vip.example(IP)):
        ingress.wait_for_https(cluster, IP, ca)
        holder = vip.settled(cluster, IP)
        watching = watch.both(
            watch.endpoints([URL], ca, ips=[IP], every=0.1),
            watch.apiservers(cluster),
            watch.tokens(cluster, tokens),
        )
        with watching:
            wait_for(lambda: len(watching.so_far.of(URL)) > 10, timeout=10, what="samples")
            cluster.power_off(holder)
            off = time.monotonic()
            wait_for(
                lambda: watching.so_far.between(off + 1).first_answer(URL),
                timeout=30,
                what="answers after it",
            )
        seen = watching.seen
        print(seen.summary())
        figure("keepalived_gap", seen.longest_gap(URL), "s")
        figure("watch_cpu", 100 * seen.cpu / (seen.ended - seen.begun), "%")
        assert seen.between(end=off - 1).failed() == []
        assert seen.failed(holder)
        assert {request.name for request in seen.refused()} == {f"bad@{node}" for node in ("n1", "n2", "n3")}
        now = vip.holders(cluster, IP)
        assert now not in ([], [holder])
        returned(cluster, holder)
        assert vip.holders(cluster, IP) == now


def returned(cluster, holder):
    """Switch a node on again, and return when its keepalived thinks that it could serve."""
    cluster.power_on(holder)
    vip.start(cluster, vip.example(IP), [holder])
    log = vip.log(cluster.node(holder))
    wait_for(lambda: vip.SUCCEEDED in log.read_text(), timeout=20, what="the check succeeding")
