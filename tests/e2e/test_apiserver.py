"""Every master's real kubelet and apiserver follow the issuer of the real Dex behind the ingress.

The tests go on from each other, in their order: flags, then the structured file, then what may go wrong.
Not covered here: old and new issuer side by side, which the change of the IP is tested with.
"""

from __future__ import annotations

import time

import pytest
import yaml

from tests.e2e import ingress, issuers
from tests.sandbox import vip, watch
from tests.sandbox.process import kill_group, wait_for
from tests.sandbox.progress import figure
from tests.sandbox.sso import USER, dex, login

pytestmark = pytest.mark.e2e

IP = "10.200.0.60"
NAMES = ["n1", "n2", "n3"]
STATIC_PODS = {"etcd.yaml", "kube-apiserver.yaml", "kube-controller-manager.yaml", "kube-scheduler.yaml"}
OURS = f"oidc:{USER.email}"


@pytest.fixture(scope="module")
def cluster(sandbox_of):
    sandbox = sandbox_of(3)
    for name in NAMES:
        sandbox.bootstrap_file(ingress.bootstrap_file(IP, metallb=False), name)
    return sandbox


@pytest.fixture(scope="module")
def ca(cluster):
    vip.give(cluster, "n1", IP)
    ingress.apply(cluster)
    return ingress.ca_certificate(cluster)


@pytest.fixture(scope="module")
def issuer(cluster, ca):
    """Dex behind the ingress; only then are the apiservers asked to follow, and the CA published for them."""
    found = dex.deploy(cluster, IP, ca)
    tuning = cluster.pillar / "sandbox.sls"
    pillar = yaml.safe_load(tuning.read_text())
    pillar["cp_ingress"]["apiserver"] = {"client_id": "kubernetes"}
    tuning.write_text(yaml.safe_dump(pillar))
    ingress.apply(cluster, "cp_ingress.certs")
    return found


@pytest.fixture(scope="module")
def token(issuer, ca):
    return login(issuer, ca).id_token


def test_every_master_finds_the_ca_and_its_own_name(cluster, issuer):
    for name in NAMES:
        found = cluster.salt_call(name, "kube_apiserver.probe", issuer, "patience=30")
        assert found.data == {"issuer": issuer, "keys": f"{issuer}/keys"}, found.stderr
        assert cluster.salt_call(name, "kube_apiserver.node_name").data == name


def test_test_mode_writes_nothing(cluster, issuer, token):
    before = issuers.identities(cluster)
    for name in NAMES:
        result = issuers.accept(cluster, name, issuer, test=True)
        assert result["result"] is None, result
        assert "kube-system/kubeadm-config" in result["changes"]
    assert issuers.identities(cluster) == before
    assert {status for status, _ in issuers.users(cluster, token).values()} == {401}


def test_flags_roll_over_the_masters_one_at_a_time(cluster, issuer, token):
    spans = {}
    with issuers.ManifestNames(cluster) as names, watch.apiservers(cluster, "/readyz") as watching:
        began = time.monotonic()
        for name in NAMES:
            start = time.monotonic()
            result = issuers.accept(cluster, name, issuer, method="flags")
            spans[name] = (start, time.monotonic())
            assert result["result"] is True, result
            assert "keys fetched" in result["comment"]
            assert issuers.whoami(cluster, name, token) == (201, OURS)
        total = time.monotonic() - began
    seen = watching.seen
    print(seen.summary())
    figure("flags_roll_total", total, "s")
    failed = [
        request
        for name, span in spans.items()
        for request in seen.between(*span).failed(*(other for other in NAMES if other != name))
    ]
    figure("flags_roll_failed_requests", len(failed), "count")
    for name, (start, end) in spans.items():
        figure(f"flags_roll_{name}", end - start, "s")
    assert failed == []
    assert names.visible == STATIC_PODS


def test_what_flags_say_moves_to_the_file_on_every_master(cluster, issuer, token):
    """Started on all of them at once: their restarts wait for each other."""
    began = time.monotonic()
    with watch.apiservers(cluster, "/readyz") as watching:
        results = issuers.accept_at_once(cluster, NAMES, issuer)
    assert [result["result"] for result in results] == [True] * 3, results
    print(watching.seen.summary())
    figure("structured_first_total", time.monotonic() - began, "s")
    assert issuers.down_at_once(watching.seen, NAMES) == []
    assert issuers.users(cluster, token) == dict.fromkeys(NAMES, (201, OURS))
    for name in NAMES:
        assert issuers.flags(cluster, name) == [f"--authentication-config=/{issuers.STRUCTURED}"]


def test_a_second_run_changes_nothing_anywhere(cluster, issuer):
    before = issuers.identities(cluster)
    processes = [issuers.process(cluster, name) for name in NAMES]
    mark = cluster.audit_mark()
    results = issuers.accept_at_once(cluster, NAMES, issuer)
    assert [(result["result"], result["changes"]) for result in results] == [(True, {})] * 3, results
    assert issuers.identities(cluster) == before
    assert [issuers.process(cluster, name) for name in NAMES] == processes
    assert ingress.our_writes(cluster, mark) == []


def test_a_change_is_read_again_without_a_restart_by_one_and_then_by_the_others(cluster, issuer, token):
    processes = [issuers.process(cluster, name) for name in NAMES]
    with watch.apiservers(cluster, "/readyz") as watching:
        began = time.monotonic()
        first = issuers.accept(cluster, "n1", issuer, username_prefix="dex:")
        alone = time.monotonic() - began
        others = issuers.accept_at_once(cluster, ["n2", "n3"], issuer, username_prefix="dex:")
        total = time.monotonic() - began
    assert [result["result"] for result in (first, *others)] == [True] * 3, (first, others)
    print(watching.seen.summary())
    figure("structured_reload_first_master", alone, "s")
    figure("structured_reload_total", total, "s")
    figure("structured_reload_failed_requests", len(watching.seen.failed(*NAMES)), "count")
    assert watching.seen.failed(*NAMES) == []
    assert issuers.users(cluster, token) == dict.fromkeys(NAMES, (201, f"dex:{USER.email}"))
    assert [issuers.process(cluster, name) for name in NAMES] == processes
    back = issuers.accept_at_once(cluster, NAMES, issuer, username_prefix="oidc:")
    assert [result["result"] for result in back] == [True] * 3


def test_what_runs_is_read_back(cluster, issuer):
    for name in NAMES:
        live = cluster.salt_call(name, "kube_apiserver.live").data
        assert (live["ready"], live["uses_file"], live["uses_flags"]) == (True, True, True), live
        configured = cluster.salt_call(name, "kube_apiserver.configured").data
        assert (configured["method"], configured["ours"]) == ("structured", [issuer])


UPGRADES = {
    "init phase control-plane apiserver": "n2",
    "upgrade node": "n3",
}


@pytest.mark.parametrize(("command", "name"), UPGRADES.items(), ids=UPGRADES)
def test_kubeadm_writes_the_manifest_anew_and_keeps_the_issuer(cluster, issuer, token, command, name):
    manifest = issuers.file(cluster, name, issuers.MANIFEST)
    text, process = manifest.read_text(), issuers.process(cluster, name)
    before = yaml.safe_load(text)
    words = command.split()
    if words[0] == "init":
        found = cluster.kubectl(
            "get",
            "configmap",
            "kubeadm-config",
            "--namespace=kube-system",
            "--output=jsonpath={.data.ClusterConfiguration}",
        ).stdout
        init = {
            "apiVersion": yaml.safe_load(found)["apiVersion"],
            "kind": "InitConfiguration",
            "localAPIEndpoint": {"advertiseAddress": cluster.node(name).ip},
            "nodeRegistration": {"name": name},
        }
        issuers.file(cluster, name, "etc/kubernetes/init.yaml").write_text(
            f"{yaml.safe_dump(init)}---\n{found}"
        )
        words += ["--config=/etc/kubernetes/init.yaml"]
    else:
        words += ["--ignore-preflight-errors=all", "--certificate-renewal=false"]
    done = cluster.run(name, ["kubeadm", *words], timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    after = yaml.safe_load(manifest.read_text())
    assert issuers.flags(cluster, name) == [f"--authentication-config=/{issuers.STRUCTURED}"]
    for pod in (before, after):
        pod["spec"]["volumes"].sort(key=lambda volume: volume["name"])
        (container,) = pod["spec"]["containers"]
        container["volumeMounts"].sort(key=lambda mount: mount["name"])
        container["command"].sort()
    assert after == before
    if manifest.read_text() != text:
        # Another order of flags and volumes is another pod to the kubelet.
        wait_for(
            lambda: issuers.process(cluster, name) not in ("", process),
            timeout=120,
            what="the apiserver of kubeadm's manifest",
        )
    wait_for(lambda: issuers.whoami(cluster, name, token)[0] == 201, timeout=120, what="the token accepted")
    result = issuers.accept(cluster, name, issuer)
    assert (result["result"], result["changes"]) == (True, {}), result


def test_a_master_that_cannot_reach_the_issuer_stops_alone_and_a_second_run_finishes(cluster, issuer, token):
    before = issuers.file(cluster, "n2", issuers.STRUCTURED).read_text()
    assert issuers.accept(cluster, "n1", issuer, groups_prefix="dex:")["result"] is True
    cluster.run("n2", ["ip", "route", "add", "unreachable", IP])
    try:
        stopped = issuers.accept(cluster, "n2", issuer, groups_prefix="dex:")
    finally:
        cluster.run("n2", ["ip", "route", "delete", "unreachable", IP])
    assert (stopped["result"], stopped["changes"]) == (False, {})
    assert issuer in stopped["comment"]
    assert issuers.file(cluster, "n2", issuers.STRUCTURED).read_text() == before
    assert issuers.users(cluster, token) == dict.fromkeys(NAMES, (201, OURS))
    results = issuers.accept_at_once(cluster, NAMES, issuer, groups_prefix="dex:")
    assert [bool(result["changes"]) for result in results] == [False, True, True], results


def test_a_run_killed_in_the_middle_is_finished_by_the_next(cluster, issuer, token):
    """The power of salt-call goes when the kubelet has just taken the new manifest."""
    manifest = issuers.file(cluster, "n3", issuers.MANIFEST)
    before = manifest.read_text()
    call = cluster.salt_call_popen("n3", *issuers.call(issuer, method="flags"))
    try:
        wait_for(
            lambda: manifest.read_text() != before, timeout=60, what="the manifest written", interval=0.01
        )
    finally:
        kill_group(call)
        call.wait(timeout=10)
    finished = issuers.accept(cluster, "n3", issuer, method="flags")
    assert finished["result"] is True, finished
    assert issuers.whoami(cluster, "n3", token) == (201, OURS)
    assert [path.name for path in manifest.parent.iterdir() if path.name.startswith(".")] == []


def test_an_apiserver_that_does_not_start_gives_way_to_the_one_before(cluster, issuer, token):
    """An expression in its structured file does not compile: the process ends at once, again and again."""
    manifest = issuers.file(cluster, "n3", issuers.MANIFEST)
    structured = issuers.file(cluster, "n3", issuers.STRUCTURED)
    before, good = manifest.read_text(), structured.read_text()
    document = yaml.safe_load(good)
    document["jwt"][0]["userValidationRules"] = [{"expression": "user.username =="}]
    head = "".join(f"{line}\n" for line in good.splitlines() if line.startswith("#"))
    structured.write_text(head + yaml.safe_dump(document))
    others = ["n1", "n2"]
    with watch.apiservers(cluster, "/readyz") as watching:
        result = issuers.accept(cluster, "n3", issuer, timeout=60)
    assert result["result"] is False
    assert "Put back as before" in result["comment"]
    assert manifest.read_text() == before
    assert watching.seen.failed_moments(*others) == []
    wait_for(
        lambda: issuers.whoami(cluster, "n3", token) == (201, OURS), timeout=120, what="the token at n3 again"
    )
    structured.write_text(good)
    assert issuers.accept(cluster, "n3", issuer)["result"] is True


def test_no_kubelet_ever_ran_a_second_apiserver(cluster):
    pods = cluster.kubectl(
        "get", "pods", "--namespace=kube-system", "--selector=component=kube-apiserver", "--output=name"
    ).stdout.split()
    assert sorted(pods) == [f"pod/kube-apiserver-{name}" for name in NAMES]
