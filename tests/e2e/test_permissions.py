"""A user with the permissions of docs/rbac.yaml alone runs the formula on a real cluster, in both modes.

That each permission is used is tested elsewhere; here the real controllers are beside it, and salt-call reads
the user's kubeconfig. Everything is logged, and no key is in the logs.
"""

import base64

import pytest
import yaml

from tests import permissions
from tests.e2e import ingress

pytestmark = pytest.mark.e2e

KUBECONFIG = "/etc/cp-ingress/kubeconfig"
KEYS = ("/etc/cp-ingress/pki/server.key", "/etc/cp-ingress/pki/ca.key")
NODE_IP = "10.200.0.11"


@pytest.fixture(scope="module")
def cluster(sandbox_of):
    """One bare master whose pillar names the user's kubeconfig."""
    sandbox = sandbox_of(1)
    kubeconfig = permissions.granted_kubeconfig(
        lambda command, text: sandbox.run("n1", command, stdin=text).stdout
    )
    sandbox.run("n1", ["install", "--mode=0600", "/dev/stdin", KUBECONFIG], stdin=kubeconfig)
    pillar = sandbox.pillar / "sandbox.sls"
    tuned = yaml.safe_load(pillar.read_text())
    tuned["cp_ingress"]["kubeconfig"] = KUBECONFIG
    pillar.write_text(yaml.safe_dump(tuned))
    return sandbox


@pytest.fixture(scope="module")
def ran(cluster):
    """Each mode predicted and applied, all log levels on: the runs, what was printed, the user's requests."""
    mark = cluster.audit_mark()
    printed = []
    for metallb, ip in ((True, ingress.VIP), (False, NODE_IP)):
        cluster.bootstrap_file(ingress.bootstrap_file(ip, metallb=metallb))
        predicted = ingress.apply(cluster, test=True)
        loud = cluster.salt_call("n1", "--log-level=all", "state.apply", "cp_ingress")
        done = ingress.run_of(loud)
        printed += [predicted.text, done.text]
        ingress.wait_for_https(cluster, ip, ingress.ca_certificate(cluster))
    printed.append(cluster.salt_call("n1", "cp_ingress.status").stdout)
    events = [
        event
        for event in cluster.audit_events(mark)
        if str(event.get("userAgent", "")).startswith(ingress.USER_AGENT)
    ]
    return printed, events


def test_every_request_was_that_users(ran):
    _, events = ran
    assert {event["user"]["username"] for event in events} == {permissions.USER}
    assert any(event["verb"] == "delete" for event in events), "MetalLB went with its mode"


def test_no_request_was_refused(ran):
    _, events = ran
    refused = [event for event in events if event.get("responseStatus", {}).get("code") == 403]
    assert [f"{event['verb']} {event['requestURI']}" for event in refused] == []


def test_a_second_run_changes_nothing(cluster, ran):
    assert ingress.apply(cluster).changes == {}


def test_no_key_was_printed_or_logged(cluster, ran):
    printed, _ = ran
    everything = "\n".join(printed)
    assert "[TRACE" in everything
    for path in KEYS:
        key = cluster.run("n1", ["cat", path]).stdout
        secret = key.splitlines()[1]
        for form in (secret, base64.b64encode(key.encode()).decode()[40:80]):
            assert form not in everything, f"a part of {path}"
