"""Each finding whose evidence is in the cluster, provoked on a real API server.

Not covered here: what a table of objects shows as well (tests/unit/preflight), the network itself
(tests/unit/test_arp.py), a real kube-proxy.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cp_ingress_core import preflight
from cp_ingress_core.kube import apiservers
from cp_ingress_core.kube.cluster import Cluster
from cp_ingress_core.nodes import EXCLUDE_LABEL
from cp_ingress_core.settings import Settings
from tests.apiserver.test_cp_ingress_states import tuning
from tests.apiserver.world import IP, World, service, settings, workload
from tests.conftest import Figure
from tests.formula.goldens.cases import CASES
from tests.formula.salt_caller import Masterless, masterless
from tests.lighttier import LightApiserver
from tests.unit.bootstrap_files import GOOD
from tests.unit.pki import make_ca, make_server
from tests.unit.preflight import objects

SYSTEM = "kube-system"


def ask(world: World, settings: Settings, root: Path, *, full: bool = True) -> list[dict[str, str]]:
    """Return the findings."""
    sources = preflight.Sources(world.cluster, str(root / "bootstrap.yaml"), list, root=root)
    return [finding.to_dict() for finding in preflight.run(settings, sources, full=full)]


@pytest.fixture(scope="module")
def server() -> Iterator[LightApiserver]:
    """An apiserver of this module's own, with MetalLB's definitions and our namespaces."""
    server = LightApiserver("--enable-admission-plugins=DenyServiceExternalIPs")
    try:
        server.open()
        for name in ("cp-ingress", "metallb-system"):
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            assert server.request("POST", "/api/v1/namespaces", body)[0] == 201
        yield server
    finally:
        server.close()


@pytest.fixture(scope="module")
def definitions(server: LightApiserver, tmp_path_factory: pytest.TempPathFactory) -> None:
    """MetalLB's IPAddressPools, as the chart defines them."""
    (found,) = (
        item
        for item in CASES["metallb"].render(tmp_path_factory.mktemp("renders"))
        if item["kind"] == "CustomResourceDefinition" and item["spec"]["names"]["kind"] == "IPAddressPool"
    )
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    status, answer = server.request("POST", path, found)
    assert status == 201, answer
    server.kubectl("wait", "--for=condition=Established", "--timeout=30s", f"crd/{found['metadata']['name']}")


@pytest.fixture
def world(server: LightApiserver) -> Iterator[World]:
    world = World(server)
    try:
        for number in (11, 12):
            world.add(objects.node(f"master-{number}", f"10.200.0.{number}"))
        yield world
    finally:
        world.clear()


def config(name: str, **data: str) -> dict[str, Any]:
    return {"kind": "ConfigMap", "metadata": {"name": name, "namespace": SYSTEM}, "data": data}


def kubeconfig(server: str) -> str:
    return f"clusters: [{{name: c, cluster: {{server: '{server}'}}}}]"


def proxy(text: str, server: str = "https://10.200.0.5:6443") -> dict[str, Any]:
    return config("kube-proxy", **{"config.conf": text, "kubeconfig.conf": kubeconfig(server)})


def kubeadm(endpoint: str) -> dict[str, Any]:
    return config("kubeadm-config", ClusterConfiguration=f"controlPlaneEndpoint: '{endpoint}'")


RELEASE = {"meta.helm.sh/release-name": "ingress-nginx", "meta.helm.sh/release-namespace": "web"}
EXCLUDED = objects.node("master-13", "10.200.0.13")
EXCLUDED["metadata"]["labels"][EXCLUDE_LABEL] = ""
BOTH = ["kube-apiserver", "--oidc-issuer-url=https://x", "--authentication-config=/a.yaml"]
APISERVER = workload("kube-apiserver-a", SYSTEM, kind="Pod", host_network=True, command=BOTH)
APISERVER["spec"]["containers"][0]["name"] = "kube-apiserver"
HOST_PORT = workload("proxy", "default", host_network=True, ports=[{"containerPort": 8443, "hostPort": 8443}])
EXTERNAL = "external"
METALLB = "metallb"

PROVOKED = [
    ("ip-used-by-service", METALLB, service(type="LoadBalancer", loadBalancerIP=IP)),
    ("load-balancer-at-risk", METALLB, service(type="LoadBalancer", held="192.0.2.7")),
    ("metallb-of-others", METALLB, workload("c", "default", kind="Deployment", image="metallb/controller:1")),
    ("foreign-load-balancer", METALLB, workload("ccm", SYSTEM, image="x/cloud-controller-manager:1")),
    ("helm-release-owns", METALLB, workload("x", "metallb-system", annotations=RELEASE)),
    (
        "helm-release-owns",
        EXTERNAL,
        {"kind": "ClusterRole", "metadata": {"name": "ingress-nginx", "annotations": RELEASE}},
    ),
    ("ipvs-without-strict-arp", METALLB, proxy("mode: ipvs")),
    ("kube-proxy-on-ingress-ip", METALLB, proxy("mode: nftables", f"https://{IP}:6443")),
    ("kube-proxy-on-single-master", METALLB, proxy("mode: nftables", "https://10.200.0.11:6443")),
    ("control-plane-endpoint-on-ingress-ip", EXTERNAL, kubeadm(f"{IP}:6443")),
    ("control-plane-endpoint-on-single-master", EXTERNAL, kubeadm("10.200.0.12:6443")),
    ("oidc-flags-and-file", METALLB, APISERVER),
    ("port-taken", EXTERNAL, HOST_PORT),
    ("exposure-unknown", EXTERNAL, None),
    ("master-not-ready", METALLB, objects.node("master-13", "10.200.0.13", ready="Unknown")),
    ("master-outside-cidr", METALLB, objects.node("master-13", "10.201.0.13")),
    ("ipvs-node-address", EXTERNAL, [proxy("mode: ipvs"), objects.node("holder", IP, master=False)]),
    ("address-conflict", METALLB, objects.node("holder", IP, master=False)),
    (
        "node-port-taken",
        EXTERNAL,
        [
            objects.node("holder", IP, master=False),
            service(type="NodePort", ports=[{"port": 443, "nodePort": 30443}]),
        ],
    ),
]


@pytest.mark.parametrize(("identifier", "mode", "added"), PROVOKED, ids=[f"{row[0]}" for row in PROVOKED])
def test_a_finding_is_provoked(world: World, tmp_path: Path, identifier: str, mode: str, added: Any) -> None:
    wanted = settings(mode, **({"port": 30443} if identifier == "node-port-taken" else {}))
    before = {finding["id"] for finding in ask(world, wanted, tmp_path)}
    for item in added if isinstance(added, list) else [added] * bool(added):
        world.add(item)
    after = {finding["id"] for finding in ask(world, wanted, tmp_path)}
    assert identifier in after
    assert added is None or identifier not in before


@pytest.mark.usefixtures("definitions")
def test_an_overlapping_pool_is_found(world: World, tmp_path: Path) -> None:
    pool = objects.pool("theirs", "10.200.0.40-10.200.0.60")
    world.add({**pool, "apiVersion": "metallb.io/v1beta1"})
    assert "pools-overlap" in {finding["id"] for finding in ask(world, settings(), tmp_path)}


def test_speakers_that_honour_the_exclude_label_are_found(world: World, tmp_path: Path) -> None:
    world.add(EXCLUDED)
    world.add(workload("speaker", "default", image="metallb/speaker:1"))
    assert "speakers-excluded" in {finding["id"] for finding in ask(world, settings(), tmp_path)}


def test_a_cluster_without_masters_is_refused(server: LightApiserver, tmp_path: Path) -> None:
    assert "no-masters" in {finding["id"] for finding in ask(World(server), settings(), tmp_path)}


def test_external_ips_that_are_insisted_on_and_refused_are_found(world: World, tmp_path: Path) -> None:
    wanted = settings("external", external={"exposure": "externalIPs"})
    (found,) = (one for one in ask(world, wanted, tmp_path) if one["id"] == "external-ips-unavailable")
    assert "DenyServiceExternalIPs" in found["evidence"]


def test_every_apiserver_is_asked_itself(world: World) -> None:
    """The API server's certificate is for 127.0.0.1: at 127.0.0.2 it is somebody who can't prove it."""
    transport = world.cluster.client.transport
    port = transport.route.port
    found = [apiservers.ask(transport, host, port) for host in ("127.0.0.1", "127.0.0.2")]
    assert found[0].version.startswith("v1.")
    assert abs(found[0].ahead) < 2
    assert found[0].problem == ""
    assert found[1].problem
    late = apiservers.ask(transport, "127.0.0.1", port, clock=lambda: time.time() - 100)
    assert 98 < late.ahead < 102
    gone = apiservers.ask(transport, "127.0.0.1", 1)
    assert "refused" in gone.problem.lower()


def test_an_apiserver_that_left_is_found(world: World, tmp_path: Path) -> None:
    world.add(
        {
            "kind": "EndpointSlice",
            "addressType": "IPv4",
            "metadata": {"name": "kubernetes", "namespace": "default"},
            "endpoints": [{"addresses": ["10.200.0.11"]}],
            "ports": [{"name": "https", "port": 1, "protocol": "TCP"}],
        }
    )
    findings = [one for one in ask(world, settings(), tmp_path) if one["id"] == "apiserver-unreachable"]
    assert any("master-12" in one["evidence"] for one in findings), findings
    assert any("10.200.0.11" in one["evidence"] for one in findings), findings


@pytest.mark.parametrize(
    ("pem", "identifier"),
    [
        pytest.param(None, "tls-secret-missing", id="no Secret"),
        pytest.param(make_server(make_ca(), ["10.9.9.9"]), "tls-secret-unfit", id="another IP"),
        pytest.param(make_server(make_ca(), [IP], days=3), "tls-secret-expires", id="soon to expire"),
    ],
)
def test_the_users_certificate_is_looked_at(world: World, tmp_path: Path, pem: Any, identifier: str) -> None:
    if pem is not None:
        texts = {"tls.crt": pem.certificate_pem, "tls.key": pem.key_pem}
        world.add(
            {
                "kind": "Secret",
                "metadata": {"name": "mine", "namespace": "cp-ingress"},
                "type": "kubernetes.io/tls",
                "stringData": texts,
            }
        )
    wanted = settings(certificate={"kind": "secret", "secret": "mine"})
    assert identifier in {finding["id"] for finding in ask(world, wanted, tmp_path)}


def test_another_file_than_the_pillar_was_made_from_is_refused(world: World, tmp_path: Path) -> None:
    (tmp_path / "bootstrap.yaml").write_text(GOOD.replace(IP, "10.200.0.51"))
    found = {finding["id"] for finding in ask(world, settings(), tmp_path, full=False)}
    assert "stale-pillar" in found
    (tmp_path / "bootstrap.yaml").write_text(GOOD)
    assert "stale-pillar" not in {finding["id"] for finding in ask(world, settings(), tmp_path, full=False)}
    (tmp_path / "bootstrap.yaml").write_text("a: [")
    assert "bootstrap-refused" in {finding["id"] for finding in ask(world, settings(), tmp_path, full=False)}


def test_a_change_that_was_broken_off_is_told(world: World, tmp_path: Path) -> None:
    data = {"target": json.dumps({"mode": "metallb", "ip": "10.200.0.51", "port": 8443}), "phase": "widened"}
    metadata = {"name": "cp-ingress-endpoint", "namespace": "cp-ingress"}
    world.add({"kind": "ConfigMap", "metadata": metadata, "data": data})
    assert "change-unfinished" in {finding["id"] for finding in ask(world, settings(), tmp_path, full=False)}


def test_other_endpoints_are_told_to_what_follows_them(world: World, tmp_path: Path) -> None:
    old = {"name": "cp-metallb-10-200-0-51", "namespace": "cp-ingress", "held": "10.200.0.51", "port": 8443}
    world.add(service(type="LoadBalancer", **old))
    given: list[list[str]] = []

    def components(urls: list[str]) -> list[preflight.Finding]:
        given.append(urls)
        return []

    sources = preflight.Sources(world.cluster, str(tmp_path / "none"), list, components, tmp_path)
    preflight.run(settings(), sources)
    assert given == [["https://10.200.0.51:8443"]]


def test_what_may_not_be_read_is_a_warning(world: World, tmp_path: Path) -> None:
    world.cluster = Cluster.connect(str(world.server.kubeconfig_for("somebody")))
    found = ask(world, settings(), tmp_path)
    unread = [finding for finding in found if finding["id"] == "unreadable"]
    assert len(unread) > 5
    assert {finding["level"] for finding in unread} == {"warning"}


STANDING = service(
    name="cp-metallb-10-200-0-50",
    namespace="cp-ingress",
    type="LoadBalancer",
    held=IP,
    port=8443,
    labels=objects.OURS,
)


def test_a_run_that_changes_nothing_asks_little(world: World, tmp_path: Path, figure: Figure) -> None:
    counts = []
    ask(world, settings(), tmp_path)
    for added in ([], [STANDING]):
        for item in added:
            world.add(item)
        mark = world.server.mark()
        ask(world, settings(), tmp_path, full=False)
        events = world.server.since(mark)
        assert [event.uri for event in events if event.is_write] == []
        counts.append(len(events))
    figure("preflight_requests_before_a_change", counts[0], "requests")
    figure("preflight_requests_unchanged", counts[1], "requests")
    assert counts[0] <= 17
    assert counts[1] <= 5


@pytest.fixture
def minion(tmp_path: Path, server: LightApiserver) -> Callable[..., Masterless]:
    """Make a masterless minion with some settings."""

    def make(**changed: Any) -> Masterless:
        found = masterless(tmp_path / "salt")
        found.write(GOOD, {**tuning(server, tmp_path / "pki"), **changed})
        return found

    return make


def test_the_function_returns_what_is_found_errors_first(
    world: World, minion: Callable[..., Masterless]
) -> None:
    world.add(workload("c", "default", kind="Deployment", image="metallb/controller:1"))
    world.add(objects.node("master-13", "10.200.0.13", ready="Unknown"))
    (found,) = minion().call(["cp_ingress.preflight"])
    levels = [finding["level"] for finding in found]
    assert levels == sorted(levels)
    assert {"metallb-of-others", "master-not-ready"} <= {finding["id"] for finding in found}
    assert {*found[0]} == {"id", "level", "evidence", "remedy"}


@pytest.mark.parametrize(
    ("changed", "identifier"),
    [
        pytest.param({"helm": "/nowhere/helm"}, "helm-missing", id="no helm"),
        pytest.param({"helm": "/bin/true"}, "helm-unsupported", id="a program that is not helm"),
        pytest.param({"charts": {"metallb": {"sha256": "0" * 64}}}, "chart-digest", id="another archive"),
        pytest.param(
            {"charts": {"metallb": {"directory": "/nowhere"}}}, "chart-unavailable", id="no archive there"
        ),
    ],
)
def test_helm_and_archives_are_looked_at(
    world: World,
    server: LightApiserver,
    tmp_path: Path,
    minion: Callable[..., Masterless],
    changed: dict[str, Any],
    identifier: str,
) -> None:
    tuned = tuning(server, tmp_path / "pki")
    if "charts" in changed:
        tuned["charts"]["metallb"] |= changed["charts"]["metallb"]
        tuned["charts"]["metallb"]["version"] = "9.9.9" if identifier == "chart-unavailable" else "0.16.2"
        changed = {"charts": tuned["charts"]}
    (found,) = minion(**changed).call(["cp_ingress.preflight"])
    assert identifier in {finding["id"] for finding in found}, found
