"""Each state of a change on its own, through Salt's own loader, in both modes, on a real API server.

The record, the Services and what else a state finds are put there first. Not covered here: whole changes, and
what their steps predict of each other (tests/apiserver/transitions), an apiserver that follows
(tests/apiserver/issuer), the answer of the endpoint (the tests on the real cluster).
"""

from __future__ import annotations

import datetime
import ipaddress
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from cp_ingress_core import arp, certificates, interfaces, objects
from cp_ingress_core.endpoint import Endpoint
from cp_ingress_core.record import Record
from tests.formula.goldens.cases import CASES
from tests.formula.salt_caller import Masterless, masterless
from tests.lighttier import LightApiserver
from tests.lighttier.controllers import Controllers
from tests.sandbox.build import binary, charts
from tests.unit.pki import make_ca

BOOTSTRAP = """\
apiVersion: cp-ingress/v1
kind: BootstrapConfiguration
networks:
  controlPlane: {{cidr: {cidr}, metalLB: {{enabled: {metallb}}}, ingress: {{ip: {ip}}}}}
"""
A = Endpoint("metallb", "10.200.0.50", 8443)
B = Endpoint("metallb", "10.200.0.60", 8443)
C = Endpoint("external", "10.200.0.70", 8443)
HANDED = Endpoint("external", A.ip, 8443)

CORE = "/api/v1/namespaces/cp-ingress"
RECORD = f"{CORE}/configmaps/cp-ingress-endpoint"
APISERVER = {"method": "structured"}
NGINX = f"{CORE}/configmaps/ingress-nginx-controller"
POOLS = "/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools"
# What a test leaves; the definitions and what the document of the API itself holds stay.
LEFT = [
    *(f"{CORE}/{kind}" for kind in ("services", "configmaps", "secrets", "serviceaccounts")),
    *(f"/apis/apps/v1/namespaces/cp-ingress/{kind}" for kind in ("deployments", "daemonsets")),
    *(f"/apis/rbac.authorization.k8s.io/v1/{kind}" for kind in ("clusterroles", "clusterrolebindings")),
    "/api/v1/namespaces/web/services",
    POOLS,
    "/apis/metallb.io/v1beta1/namespaces/metallb-system/l2advertisements",
]


def minutes_ago(minutes: float) -> str:
    """Return a time of the record."""
    then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=minutes)
    return then.isoformat(timespec="seconds")


MOVED = Record(A, target=B, phase="moved", moved_at=minutes_ago(1))


@dataclass
class Place:
    """The apiserver, the minion on the bootstrap node, and what a test puts there."""

    server: LightApiserver
    minion: Masterless
    tuning: dict[str, Any]

    def wish(self, endpoint: Endpoint, cidr: str = "10.200.0.0/24", **tuning: Any) -> None:
        """Write the Bootstrap file and the pillar."""
        metallb = str(endpoint.mode == "metallb").lower()
        text = BOOTSTRAP.format(cidr=cidr, metallb=metallb, ip=endpoint.ip)
        self.minion.write(text, {**self.tuning, **tuning})

    def put(self, manifest: dict[str, Any], manager: str = "salt-cp-ingress") -> None:
        """Apply an object."""
        self.server.kubectl(
            "apply", "--server-side", f"--field-manager={manager}", "-f", "-", stdin=json.dumps(manifest)
        )

    def stand(self, record: Record) -> None:
        """Put the record there, with each master's own entry."""
        self.put(objects.record(record.to_data(), "cp-ingress"))
        for node, urls in record.issuers.items():
            self.put(objects.issuers_entry(node, urls, "cp-ingress"), f"salt-cp-ingress-{node}")

    def record(self) -> Record:
        """Return the record that is there."""
        status, found = self.server.request("GET", RECORD)
        return Record.from_object(found if status == 200 else None)

    def members(self, applyset: str, *manifests: dict[str, Any]) -> None:
        """Make objects the members of a set."""
        (result,) = self.run({"state": "kube_objects.applied", "applyset": applyset, "objects": manifests})
        assert result["result"] is True, result

    def run(self, *states: dict[str, Any]) -> list[dict[str, Any]]:
        """Run states one after the other, each as a run of its own, and return their results."""
        calls = []
        for given in states:
            state = dict(given)
            function, name = state.pop("state"), state.pop("name", "it")
            calls.append(["state.single", function, name, {"__kwarg__": True, **state}])
        answers = self.minion.call(*calls)
        assert all(isinstance(answer, dict) for answer in answers), answers
        return [next(iter(answer.values())) for answer in answers]

    def check(self, state: dict[str, Any], *, test: bool, changes: list[str], writes: bool = True) -> str:
        """Run a state; return its comment.

        `changes` are the objects, or the keys, that it tells of, predicted or done; without any it writes
        nothing. In test mode it never writes; for real, when it has been done, it isn't done again.
        """
        mark = self.server.mark()
        (result,) = self.run({**state, "test": test})
        wanted = None if test and changes else True
        assert (result["result"], sorted(result["changes"])) == (wanted, sorted(changes)), result
        assert bool(self.writes(mark)) == (bool(changes) and not test and writes), self.writes(mark)
        if changes and not test:
            mark = self.server.mark()
            (again,) = self.run(state)
            assert (again["result"], again["changes"]) == (True, {}), again
            assert self.writes(mark) == []
        return str(result["comment"])

    def writes(self, mark: int) -> list[str]:
        """Return the requests of Salt since `mark` that change something."""
        found = self.server.since(mark, "salt-cp-ingress")
        return [f"{event.verb} {event.uri}" for event in found if event.is_write]

    def names(self, path: str) -> list[str]:
        """Return the names of the objects in a collection."""
        status, answer = self.server.request("GET", path)
        return sorted(item["metadata"]["name"] for item in answer["items"]) if status == 200 else []

    def get(self, path: str) -> dict[str, Any]:
        """Return an object."""
        status, answer = self.server.request("GET", path)
        assert status == 200, answer
        return dict(answer)


def add_node(server: LightApiserver, name: str, ip: str, labels: dict[str, str]) -> None:
    """Add a node, as an object only."""
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}
    status, answer = server.request("POST", "/api/v1/nodes", node)
    assert status == 201, answer
    answer["status"]["addresses"] = [{"type": "InternalIP", "address": ip}]
    assert server.request("PUT", f"/api/v1/nodes/{name}/status", answer)[0] == 200


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LightApiserver]:
    """An apiserver of this module's own with our namespaces, a master, and MetalLB's definitions."""
    server = LightApiserver()
    try:
        server.open()
        for name in ("cp-ingress", "metallb-system", "web"):
            server.kubectl("create", "namespace", name)
        add_node(server, "master-1", "192.0.2.11", {"node-role.kubernetes.io/control-plane": ""})
        # This very machine, a node that is no master.
        add_node(server, "worker-1", "127.0.0.1", {})
        rendered = CASES["metallb"].render(tmp_path_factory.mktemp("renders"))
        kinds = [item for item in rendered if item["kind"] == "CustomResourceDefinition"]
        listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": kinds})
        server.kubectl("apply", "--server-side", "-f", "-", stdin=listed)
        server.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
        with Controllers(server) as controllers:
            yield server
        assert not controllers.problems
    finally:
        server.close()


@pytest.fixture
def place(server: LightApiserver, tmp_path: Path) -> Iterator[Place]:
    """A minion that asks for endpoint A in a cluster without any."""
    chart = charts()["ingress-nginx"]
    pin = {"source": "directory", "directory": str(chart.path.parent)}
    pin |= {"version": chart.version, "sha256": chart.sha256}
    tuning = {
        "kubeconfig": str(server.kubeconfig),
        "helm": str(binary("helm")),
        "charts": {"ingress-nginx": pin},
        "certificate": {"pki_dir": str(tmp_path / "pki")},
    }
    found = Place(server, masterless(tmp_path / "salt"), tuning)
    found.wish(A)
    yield found
    for path in LEFT:
        selector = "?labelSelector=app.kubernetes.io%2Fmanaged-by%3DSalt" if "rbac" in path else ""
        assert server.request("DELETE", path + selector)[0] in (200, 404), path


BEGUN = {
    "a first deployment": (Record(), [], A, ""),
    "an IP": (Record(A, issuers={"master-1": (A.issuer,)}), [], B, str(A)),
    "an IP of which only the Service tells": (Record(), [A], B, str(A)),
    "a change that is set back half-way": (Record(A, target=B, phase="widened"), [], A, str(B)),
}


@pytest.mark.parametrize(("before", "services", "wanted", "old"), BEGUN.values(), ids=BEGUN)
def test_the_beginning_of_a_change_is_recorded(
    place: Place, before: Record, services: list[Endpoint], wanted: Endpoint, old: str, testmode: bool
) -> None:
    if before != Record():
        place.stand(before)
    for endpoint in services:
        place.put(objects.service(endpoint, "cp-ingress"))
    place.wish(wanted)
    comment = place.check({"state": "cp_ingress_change.begun"}, test=testmode, changes=["endpoint"])
    assert str(wanted) in comment
    assert old in comment
    after = place.record()
    if testmode:
        assert after == before
    else:
        assert (after.target, after.phase, after.issuers) == (wanted, "widening", before.issuers)


def test_where_nothing_changes_nothing_begins(place: Place, testmode: bool) -> None:
    place.stand(Record(A))
    place.check({"state": "cp_ingress_change.begun"}, test=testmode, changes=[])


def test_an_unreadable_record_ends_the_run(place: Place, testmode: bool) -> None:
    place.put(objects.record({"phase": "narrowing"}, "cp-ingress"))
    mark = place.server.mark()
    for state in ("cp_ingress_change.begun", "cp_ingress_change.reached"):
        more = {"phase": "moved"} if state.endswith("reached") else {}
        (result,) = place.run({"state": state, "test": testmode, **more})
        assert result["result"] is False
        assert "cp-ingress-endpoint: it cannot be read" in result["comment"]
    assert place.writes(mark) == []


@pytest.mark.parametrize(
    ("before", "phase"),
    [
        (Record(A, target=B, phase="widening"), "widened"),
        (Record(A, target=B, phase="widened"), "moved"),
        (MOVED, "settled"),
    ],
    ids=["both answer", "all has followed", "the end"],
)
def test_a_phase_is_recorded(place: Place, before: Record, phase: str, testmode: bool) -> None:
    place.stand(before)
    place.wish(B)
    state = {"state": "cp_ingress_change.recorded", "phase": phase}
    comment = place.check(state, test=testmode, changes=["phase"])
    assert comment == f"The endpoint is {phase}"
    assert place.record().phase == (before.phase if testmode else phase)


def test_a_change_does_not_settle_while_the_old_address_is_kept(place: Place, testmode: bool) -> None:
    place.stand(MOVED)
    place.wish(B, change={"keep_old_for": 3600})
    state = {"state": "cp_ingress_change.recorded", "phase": "settled"}
    assert "The old address is kept until 20" in place.check(state, test=testmode, changes=[])


@pytest.mark.parametrize(
    ("record", "passes"),
    [
        (Record(B, A), True),
        (MOVED, True),
        (Record(A, target=B, phase="widened"), False),
        (Record(A), False),
        (Record(A, target=C, phase="moved", moved_at=minutes_ago(1)), False),
    ],
    ids=["settled", "moved", "widened", "not begun", "another change has moved"],
)
def test_narrowing_needs_all_to_have_followed(
    place: Place, record: Record, passes: bool, testmode: bool
) -> None:
    place.stand(record)
    place.wish(B)
    mark = place.server.mark()
    state = {"state": "cp_ingress_change.reached", "phase": "moved", "test": testmode}
    (result,) = place.run(state)
    assert (result["result"], result["changes"]) == (passes, {}), result
    assert passes or f"The change to {B} is wid" in result["comment"]
    assert place.writes(mark) == []


@pytest.fixture
def issuing(place: Place, tmp_path: Path) -> dict[str, Any]:
    """The state that keeps the server certificate, with its CA."""
    folder = tmp_path / "pki"
    folder.mkdir()
    ca, own = make_ca(), make_ca()
    for name, pair in {"ca": ca, "server": own}.items():
        (folder / f"{name}.key").write_text(pair.key_pem)
    (folder / "ca.crt").write_text(ca.certificate_pem)
    return {
        "state": "cp_ingress_endpoint.certificate_managed",
        "name": str(folder / "server.crt"),
        "private_key": str(folder / "server.key"),
        "signing_private_key": str(folder / "ca.key"),
        "signing_cert": str(folder / "ca.crt"),
        "CN": "cp-ingress",
        "days_valid": 5,
        "days_remaining": 1,
    }


def names_in(path: str) -> list[str]:
    return sorted(certificates.parse(Path(path).read_text(encoding="ascii")).names)


def test_the_certificate_names_old_and_new_and_then_the_new(
    place: Place, issuing: dict[str, Any], testmode: bool
) -> None:
    place.stand(MOVED)
    place.wish(B)
    (widened,) = place.run({**issuing, "test": testmode})
    assert widened["result"] is (None if testmode else True), widened
    assert widened["changes"]
    assert Path(issuing["name"]).exists() != testmode
    place.run(issuing)
    assert names_in(issuing["name"]) == [A.ip, B.ip]
    (narrowed,) = place.run({**issuing, "narrowed": True, "test": testmode})
    assert narrowed["result"] is (None if testmode else True), narrowed
    assert narrowed["changes"]
    assert names_in(issuing["name"]) == ([A.ip, B.ip] if testmode else [B.ip])


@pytest.mark.parametrize(
    ("record", "keep"), [(Record(B, A), 0), (MOVED, 3600)], ids=["nothing is old", "the old one is kept"]
)
def test_the_certificate_is_not_narrowed(
    place: Place, issuing: dict[str, Any], record: Record, keep: int, testmode: bool
) -> None:
    place.stand(record)
    place.wish(B, change={"keep_old_for": keep})
    (result,) = place.run({**issuing, "narrowed": True, "test": testmode})
    assert (result["result"], result["changes"]) == (True, {}), result
    assert not Path(issuing["name"]).exists()


POOL = ["metallb.io/v1beta1/IPAddressPool metallb-system/control-plane-ingress-ip"]
POOL_APPLIED = {"state": "cp_ingress_endpoint.pool_applied", "applyset": "cp-ingress-pool"}


def test_the_pool_has_old_and_new_and_then_the_new(place: Place, testmode: bool) -> None:
    place.members("cp-ingress-pool", *objects.pool([A], "metallb-system"))
    place.stand(MOVED)
    place.wish(B)
    place.check(POOL_APPLIED, test=testmode, changes=POOL)
    own = f"{POOLS}/control-plane-ingress-ip"
    both = ["10.200.0.50/32", "10.200.0.60/32"]
    assert place.get(own)["spec"]["addresses"] == (both[:1] if testmode else both)
    place.run(POOL_APPLIED)
    place.check({**POOL_APPLIED, "narrowed": True}, test=testmode, changes=POOL)
    assert place.get(own)["spec"]["addresses"] == (both if testmode else both[1:])


def test_a_pool_with_one_address_is_not_narrowed(place: Place, testmode: bool) -> None:
    place.stand(Record(C, target=B, phase="moved", moved_at=minutes_ago(1)))
    place.wish(B)
    place.check({**POOL_APPLIED, "narrowed": True}, test=testmode, changes=[])


RELEASED = {"state": "cp_ingress_endpoint.released", "timeout": 1}


@pytest.mark.parametrize(
    ("record", "wanted"),
    [(Record(A), B), (Record(A), A), (Record(A, target=HANDED, phase="widened"), HANDED)],
    ids=["another IP", "nothing changes", "from MetalLB to the user, who has it"],
)
def test_where_no_ip_changes_hands_nobody_is_waited_for(
    place: Place, record: Record, wanted: Endpoint, testmode: bool
) -> None:
    place.stand(record)
    place.wish(wanted)
    assert place.check(RELEASED, test=testmode, changes=[]) == "No IP changes hands"


def own_address() -> ipaddress.IPv4Interface:
    """Return an address that this machine has in a network that can be asked."""
    for interface in interfaces.read():
        for held in interface.addresses:
            if interface.resolves and isinstance(held, ipaddress.IPv4Interface):
                return held
    pytest.skip("this machine has no address in an Ethernet network")


def taken_over(place: Place, ip: Any, network: Any) -> None:
    """Let an IP pass from the user to MetalLB."""
    place.stand(Record(Endpoint("external", str(ip), 8443)))
    place.wish(Endpoint("metallb", str(ip), 8443), cidr=str(network))


def test_an_ip_that_the_user_has_still_is_waited_for(place: Place, testmode: bool) -> None:
    held = own_address()
    taken_over(place, held.ip, held.network)
    (result,) = place.run({**RELEASED, "test": testmode})
    # In test mode somebody would have to act, though nothing of ours changes.
    assert (result["result"], result["changes"]) == (None if testmode else False, {}), result
    words = "would have to fall silent within 1 s" if testmode else "is still in use after 1 s: this machine"
    assert f"{held.ip} {words}" in result["comment"]


@pytest.mark.skipif(os.geteuid() != 0, reason="asking who has an address needs root")
def test_an_ip_that_nobody_has_any_longer_is_free(place: Place, testmode: bool) -> None:
    held = own_address()
    candidates = (ip for ip in reversed([*held.network.hosts()][-9:]) if ip != held.ip)
    free = next((ip for ip in candidates if not arp.answering(str(ip), wait=0.2)), None)
    if free is None:
        pytest.skip("every address asked for in this machine's network is somebody's")
    taken_over(place, free, held.network)
    (result,) = place.run({**RELEASED, "test": testmode})
    assert (result["result"], result["changes"]) == (None if testmode else True, {}), result
    assert (f"{free} would have to" if testmode else f"{free} is free") in result["comment"]


def test_an_ip_that_a_killed_run_withdrew_is_waited_for(place: Place, testmode: bool) -> None:
    """MetalLB may answer for it still; whoever does so after some seconds is the user."""
    held = own_address()
    old, new = (Endpoint(mode, str(held.ip), 8443) for mode in ("metallb", "external"))
    place.stand(Record(old, target=new, phase="widening"))
    place.wish(new, cidr=str(held.network))
    (result,) = place.run({**RELEASED, "test": testmode})
    assert (result["result"], result["changes"]) == (None if testmode else True, {}), result
    words = "would have to fall silent" if testmode else "is free"
    assert f"{held.ip} {words}" in result["comment"]


def test_an_ip_that_metallb_announces_already_is_not_waited_for(place: Place, testmode: bool) -> None:
    place.stand(Record(HANDED, target=A, phase="widening"))
    place.put(objects.service(A, "cp-ingress"))
    assert place.check(RELEASED, test=testmode, changes=[]) == "No IP changes hands"


APPLIED = {"state": "cp_ingress_endpoint.services_applied", "applyset": "cp-ingress-endpoint", "timeout": 30}
EXPOSED = {"state": "cp_ingress_endpoint.exposed"}
STATUS = {"exposure": "status"}


def service_change(endpoint: Endpoint) -> str:
    return f"v1/Service cp-ingress/{endpoint.service_name}"


def test_a_service_is_added_and_the_old_one_stands(place: Place, testmode: bool) -> None:
    place.members("cp-ingress-endpoint", objects.service(A, "cp-ingress"))
    place.stand(Record(A, target=B, phase="widening"))
    place.wish(B)
    place.check(APPLIED, test=testmode, changes=[service_change(B)])
    assert place.names(f"{CORE}/services") == [A.service_name, *([] if testmode else [B.service_name])]


def test_what_somebody_else_set_in_our_service_vanishes(place: Place, testmode: bool) -> None:
    """MetalLB refuses a Service that asks for its IP in two ways."""
    place.members("cp-ingress-endpoint", objects.service(A, "cp-ingress"))
    edited = {**objects.service(A, "cp-ingress"), "spec": {"loadBalancerIP": "10.200.0.99"}}
    del edited["metadata"]["labels"], edited["metadata"]["annotations"]
    place.put(edited, "somebody")
    place.stand(Record(A))
    place.check(APPLIED, test=testmode, changes=[service_change(A)])
    live = place.get(f"{CORE}/services/{A.service_name}")
    assert ("loadBalancerIP" in live["spec"]) == testmode


def test_a_node_port_that_is_open_on_our_service_is_closed(place: Place, testmode: bool) -> None:
    """It would lead to the UIs on every address of every node, the workload plane's included."""
    place.members("cp-ingress-endpoint", objects.service(A, "cp-ingress"))
    opened = json.dumps({"spec": {"ports": [{"port": 8443, "nodePort": 30443}]}})
    place.server.kubectl("patch", "service", A.service_name, "--namespace=cp-ingress", f"--patch={opened}")
    place.stand(Record(A))
    place.check(APPLIED, test=testmode, changes=[service_change(A)])
    (port,) = place.get(f"{CORE}/services/{A.service_name}")["spec"]["ports"]
    assert ("nodePort" in port) == testmode


def test_external_ips_need_no_status(place: Place, testmode: bool) -> None:
    place.wish(C, external={"exposure": "externalIPs"})
    place.run(APPLIED)
    assert place.check(EXPOSED, test=testmode, changes=[]) == "Nothing to do"
    assert place.get(f"{CORE}/services/{C.service_name}")["spec"]["externalIPs"] == [C.ip]


def test_where_there_are_no_external_ips_the_status_has_the_addresses(place: Place, testmode: bool) -> None:
    place.wish(C, external=STATUS)
    changed = [f"{service_change(C)} status"]
    if testmode:
        # As in a run whose earlier step would have made the Service.
        place.check(EXPOSED, test=True, changes=changed)
    place.run(APPLIED)
    place.check(EXPOSED, test=testmode, changes=changed)
    live = place.get(f"{CORE}/services/{C.service_name}")
    ingress = [{"ip": C.ip, "ipMode": "VIP"}]
    assert live["status"]["loadBalancer"] == ({} if testmode else {"ingress": ingress})
    assert (live["spec"]["type"], live["spec"]["loadBalancerClass"]) == (
        "LoadBalancer",
        objects.EXTERNAL_CLASS,
    )


@pytest.mark.parametrize(
    "wrong",
    [None, [{"ip": "192.0.2.9", "ipMode": "VIP"}]],
    ids=["somebody cleared it", "somebody wrote another address"],
)
def test_a_status_that_was_changed_is_put_back(place: Place, wrong: Any, testmode: bool) -> None:
    place.wish(C, external=STATUS)
    place.run(APPLIED, EXPOSED)
    path = f"{CORE}/services/{C.service_name}/status"
    body = {"status": {"loadBalancer": {"ingress": wrong}}}
    merge = {"Content-Type": "application/merge-patch+json"}
    assert place.server.request("PATCH", path, body, **merge)[0] == 200
    place.check(EXPOSED, test=testmode, changes=[f"{service_change(C)} status"])
    found = place.get(f"{CORE}/services/{C.service_name}")["status"]["loadBalancer"].get("ingress")
    assert found == (wrong if testmode else [{"ip": C.ip, "ipMode": "VIP"}])


def test_a_status_without_its_service_is_an_error(place: Place) -> None:
    place.wish(C, external=STATUS)
    (result,) = place.run(EXPOSED)
    assert result["result"] is False
    assert C.service_name in result["comment"]


PRUNED = {"state": "cp_ingress_endpoint.services_pruned", "applyset": "cp-ingress-endpoint"}


def both_services(place: Place, old: Endpoint, wanted: Endpoint) -> None:
    place.wish(wanted)
    place.members(
        "cp-ingress-endpoint", objects.service(old, "cp-ingress"), objects.service(wanted, "cp-ingress")
    )


def test_services_of_old_endpoints_go(place: Place, testmode: bool) -> None:
    both_services(place, A, B)
    place.stand(MOVED)
    place.check(PRUNED, test=testmode, changes=[service_change(A)])
    assert place.names(f"{CORE}/services") == [*([A.service_name] if testmode else []), B.service_name]


def test_services_of_old_endpoints_are_kept_for_as_long_as_the_pillar_says(
    place: Place, testmode: bool
) -> None:
    both_services(place, A, B)
    place.stand(MOVED)
    place.wish(B, change={"keep_old_for": 3600})
    assert "kept until" in place.check(PRUNED, test=testmode, changes=[])


def test_an_ip_that_passes_from_metallb_is_withdrawn_ahead_of_the_others(
    place: Place, testmode: bool
) -> None:
    both_services(place, A, HANDED)
    place.members("cp-ingress-other", objects.service(B, "cp-ingress"))
    place.stand(Record(A, target=HANDED, abandoned=(B,), phase="widening"))
    place.check({**PRUNED, "withdrawn": True}, test=testmode, changes=[service_change(A)])
    left = {A.service_name, B.service_name, HANDED.service_name}
    assert set(place.names(f"{CORE}/services")) == (left if testmode else left - {A.service_name})


def test_an_ip_that_stays_or_goes_is_not_withdrawn(place: Place, testmode: bool) -> None:
    both_services(place, A, C)
    place.stand(Record(A, target=C, phase="widening"))
    state = {**PRUNED, "withdrawn": True}
    assert "No IP passes" in place.check(state, test=testmode, changes=[])


CONFIGURED = {"state": "cp_ingress_endpoint.ingress_configured"}
CHART_MADE = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "ingress-nginx-controller", "namespace": "cp-ingress"},
    "data": {"ssl-protocols": "TLSv1.3"},
}


def test_the_old_address_leads_to_the_new_one_until_the_end(place: Place, testmode: bool) -> None:
    place.put(CHART_MADE)
    place.stand(MOVED)
    place.wish(B)
    change = ["v1/ConfigMap cp-ingress/ingress-nginx-controller"]
    place.check(CONFIGURED, test=testmode, changes=change)
    live = place.get(NGINX)["data"]
    assert live["ssl-protocols"] == "TLSv1.3"
    assert ("http-snippet" in live) != testmode
    place.run(CONFIGURED)
    place.stand(Record(B, A))
    place.check(CONFIGURED, test=testmode, changes=change)
    left = {"ssl-protocols", "http-snippet", "server-snippet"} if testmode else {"ssl-protocols"}
    assert set(place.get(NGINX)["data"]) == left


def test_nothing_to_serve_is_nothing_to_do(place: Place, testmode: bool) -> None:
    place.stand(Record(A))
    place.check(CONFIGURED, test=testmode, changes=[])


CHART = {
    "name": "ingress-nginx",
    "chart": "salt://charts/ingress-nginx",
    "namespace": "cp-ingress",
    "applyset": "cp-ingress-nginx",
    "timeout": 60,
}
DEPLOYED = {"state": "cp_ingress_endpoint.workload_deployed", **CHART}
DEPLOYMENT = "apps/v1/Deployment cp-ingress/ingress-nginx-controller"
DAEMON_SET = "apps/v1/DaemonSet cp-ingress/ingress-nginx-controller"


def workloads(place: Place) -> list[str]:
    kinds = ("deployments", "daemonsets")
    return [kind for kind in kinds if place.names(f"/apis/apps/v1/namespaces/cp-ingress/{kind}")]


@pytest.mark.parametrize("narrow", ["cp_ingress_endpoint.workload_pruned", "cp_ingress.chart_pruned"])
def test_the_workload_of_the_other_mode_stays_until_it_is_pruned(
    place: Place, narrow: str, testmode: bool
) -> None:
    place.stand(Record(A))
    (first,) = place.run({**DEPLOYED, "options": "options-metallb.yaml.j2"})
    assert first["result"] is True, first
    place.stand(Record(A, target=C, phase="moved", moved_at=minutes_ago(1)))
    place.wish(C)
    other = {"options": "options-external.yaml.j2"}
    (second,) = place.run({**DEPLOYED, **other, "test": testmode})
    assert second["result"] is (None if testmode else True), second
    assert (DAEMON_SET in second["changes"], DEPLOYMENT in second["changes"]) == (True, False)
    assert workloads(place) == ["deployments", *([] if testmode else ["daemonsets"])]
    place.run({**DEPLOYED, **other})
    (pruned,) = place.run({"state": narrow, **CHART, **other, "test": testmode})
    assert pruned["result"] is (None if testmode else True), pruned
    assert DEPLOYMENT in pruned["changes"]
    assert DAEMON_SET not in pruned["changes"]
    assert workloads(place) == [*(["deployments"] if testmode else []), "daemonsets"]


@pytest.mark.parametrize(
    ("record", "keep", "says"),
    [
        (Record(B, A), 0, "Nothing of an old endpoint is left"),
        (MOVED, 0, "The mode stays"),
        (Record(C, target=B, phase="moved", moved_at=minutes_ago(1)), 3600, "kept until"),
    ],
    ids=["nothing is old", "another IP of the same mode", "the old one is kept"],
)
def test_no_workload_is_pruned(place: Place, record: Record, keep: int, says: str, testmode: bool) -> None:
    place.stand(record)
    place.wish(B, change={"keep_old_for": keep})
    state = {"state": "cp_ingress_endpoint.workload_pruned", **CHART, "options": "options-metallb.yaml.j2"}
    assert says in place.check(state, test=testmode, changes=[])


def test_a_chart_that_cannot_be_rendered_prunes_nothing(place: Place, testmode: bool) -> None:
    place.wish(A, helm="/nowhere/helm")
    state = {"state": "cp_ingress.chart_pruned", **CHART, "options": "options-metallb.yaml.j2"}
    mark = place.server.mark()
    (result,) = place.run({**state, "test": testmode})
    assert result["result"] is False
    assert "helm" in result["comment"]
    assert place.writes(mark) == []


GONE = {"state": "cp_ingress_endpoint.metallb_absent", "applyset": "cp-ingress-metallb", "timeout": 30}
SPEAKER = {
    "apiVersion": "v1",
    "kind": "ServiceAccount",
    "metadata": {"name": "metallb-speaker", "namespace": "cp-ingress"},
}
FOREIGN_POOL = {
    "apiVersion": "metallb.io/v1beta1",
    "kind": "IPAddressPool",
    "metadata": {"name": "web", "namespace": "metallb-system"},
    "spec": {"addresses": ["10.200.0.90/32"]},
}
FOREIGN_SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {
        "name": "shop",
        "namespace": "web",
        "annotations": {"metallb.io/loadBalancerIPs": "10.200.0.90"},
    },
    "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
}


def switched(place: Place, **tuning: Any) -> None:
    """Let everything have followed from MetalLB to the user's IP."""
    place.stand(Record(A, target=C, phase="moved", moved_at=minutes_ago(1)))
    place.wish(C, **tuning)


def test_metallb_goes_when_nobody_uses_it(place: Place, testmode: bool) -> None:
    place.members("cp-ingress-metallb", SPEAKER)
    switched(place)
    gone = ["v1/Secret cp-ingress/cp-ingress-metallb", "v1/ServiceAccount cp-ingress/metallb-speaker"]
    place.check(GONE, test=testmode, changes=gone)
    assert ("metallb-speaker" in place.names(f"{CORE}/serviceaccounts")) == testmode


@pytest.mark.parametrize(
    ("user", "named"),
    [(FOREIGN_POOL, "IPAddressPool metallb-system/web"), (FOREIGN_SERVICE, "Service web/shop")],
    ids=["another pool", "a Service"],
)
def test_metallb_stays_while_others_use_it(
    place: Place, user: dict[str, Any], named: str, testmode: bool
) -> None:
    place.members("cp-ingress-metallb", SPEAKER)
    place.put(user, "somebody")
    switched(place)
    (result,) = place.run({**GONE, "test": testmode})
    assert (result["result"], result["changes"]) == (True, {}), result
    assert result["warnings"] == [f"MetalLB is kept for {named}"]
    assert "metallb-speaker" in place.names(f"{CORE}/serviceaccounts")


def test_without_a_metallb_of_ours_nobody_is_asked(place: Place, testmode: bool) -> None:
    place.put(FOREIGN_POOL, "somebody")
    switched(place)
    assert place.check(GONE, test=testmode, changes=[]) == "MetalLB of ours is not there"


@pytest.mark.parametrize("remove", [False, True], ids=["they stay", "they go where the pillar says so"])
def test_metallbs_definitions(place: Place, remove: bool, testmode: bool) -> None:
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "beds.garden.example"},
        "spec": {
            "group": "garden.example",
            "names": {"kind": "Bed", "plural": "beds"},
            "scope": "Namespaced",
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object"}},
                }
            ],
        },
    }
    place.members("cp-ingress-metallb", SPEAKER, definition)
    switched(place, metallb={"remove_crds": remove})
    place.run({**GONE, "test": testmode})
    definitions = place.names("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
    assert ("beds.garden.example" in definitions) == (testmode or not remove)
    place.server.kubectl("delete", "crd", "beds.garden.example", "--ignore-not-found")


NARROWED = [
    pytest.param(GONE, id="MetalLB"),
    pytest.param({"state": "cp_ingress_endpoint.set_absent", "applyset": "cp-ingress-metallb"}, id="a set"),
    pytest.param(
        {
            "state": "cp_ingress_endpoint.namespaces_pruned",
            "applyset": "cp-ingress-metallb",
            "metallb": ["cp-ingress-pool", "cp-ingress-metallb"],
        },
        id="namespaces",
    ),
]


@pytest.mark.parametrize("state", NARROWED)
def test_what_only_metallb_mode_needs_stays_while_the_old_address_is_kept(
    place: Place, state: dict[str, Any], testmode: bool
) -> None:
    place.members("cp-ingress-metallb", SPEAKER)
    switched(place, change={"keep_old_for": 3600})
    assert "kept until" in place.check(state, test=testmode, changes=[])


def test_a_set_that_external_mode_has_no_use_for_goes(place: Place, testmode: bool) -> None:
    place.members("cp-ingress-pool", *objects.pool([A], "metallb-system"))
    switched(place)
    state = {"state": "cp_ingress_endpoint.set_absent", "applyset": "cp-ingress-pool"}
    announcement = POOL[0].replace("IPAddressPool", "L2Advertisement")
    gone = [*POOL, announcement, "v1/Secret cp-ingress/cp-ingress-pool"]
    place.check(state, test=testmode, changes=gone)
    assert place.names(POOLS) == (["control-plane-ingress-ip"] if testmode else [])


@pytest.mark.parametrize("used", [False, True], ids=["nobody is left in it", "others have a pool in it"])
def test_metallbs_namespace_goes_unless_others_need_it(place: Place, used: bool, testmode: bool) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "metallb-system"}}
    place.members("cp-ingress-namespaces", namespace)
    if used:
        place.members("cp-ingress-metallb", SPEAKER)
        place.put(FOREIGN_POOL, "somebody")
    switched(place)
    state = {
        "state": "cp_ingress_endpoint.namespaces_pruned",
        "applyset": "cp-ingress-namespaces",
        "metallb": ["cp-ingress-pool", "cp-ingress-metallb"],
        "timeout": 30,
        "test": testmode,
    }
    (result,) = place.run(state)
    assert result["result"] is (None if testmode and not used else True), result
    assert list(result["changes"]) == ([] if used else ["v1/Namespace metallb-system"])
    assert ("metallb-system" in place.names("/api/v1/namespaces")) == (used or testmode)
    deadline = time.monotonic() + 30
    while place.server.request("POST", "/api/v1/namespaces", namespace)[0] not in (201, 409):
        assert time.monotonic() < deadline


@pytest.mark.parametrize("test", [False, True], ids=["for real", "test mode"])
def test_a_masters_issuers_are_recorded_in_its_own_entry(place: Place, test: bool) -> None:
    before = Record(A, target=B, phase="widened", issuers={"master-2": (A.issuer,)})
    place.stand(before)
    place.wish(B)
    issuers = [A.issuer, B.issuer]
    call = ["cp_ingress_change.record_issuers", "master-1", issuers, {"__kwarg__": True, "test": test}]
    mark = place.server.mark()
    assert place.minion.call(call, call) == ([True, True] if test else [True, False])
    assert len(place.writes(mark)) == (0 if test else 1)
    own = {} if test else {"master-1": tuple(issuers)}
    assert place.record().issuers == {**own, **before.issuers}
    # The record's other fields are written by another field manager, which takes nothing of this away.
    place.run({"state": "cp_ingress_change.recorded", "phase": "moved"})
    assert place.record().issuers == {**own, **before.issuers}


def test_masters_whose_apiservers_are_left_alone_are_never_behind(place: Place, testmode: bool) -> None:
    place.stand(MOVED)
    place.wish(B)
    state = {"state": "cp_ingress_change.masters_follow"}
    assert place.check(state, test=testmode, changes=[]) == "No master is behind"


@pytest.mark.parametrize(
    ("issuers", "behind"),
    [
        ({}, "master-1 accepts no issuer of ours"),
        ({"master-1": (A.issuer,)}, f"master-1 accepts {A.issuer}"),
        ({"master-1": (B.issuer,)}, ""),
    ],
    ids=["none yet", "the old issuer", "the new issuer"],
)
def test_a_run_stops_for_masters_that_do_not_accept_the_new_issuer(
    place: Place, issuers: dict[str, tuple[str, ...]], behind: str, testmode: bool
) -> None:
    place.stand(replace(MOVED, issuers=issuers))
    place.wish(B, apiserver=APISERVER)
    mark = place.server.mark()
    (result,) = place.run({"state": "cp_ingress_change.masters_follow", "test": testmode})
    assert (result["result"], result["changes"]) == (testmode or not behind, {}), result
    if behind:
        told = " ".join(result.get("warnings", [])) if testmode else result["comment"]
        assert behind in told
        assert "Apply cp_ingress.apiserver on master-1" in told
    assert place.writes(mark) == []


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (Record(A, target=B, phase="widened"), "In this phase the apiserver stays as it is"),
        (MOVED, "runs no apiserver"),
    ],
    ids=["before the components have followed, where no master has an issuer", "this node is no master"],
)
def test_an_apiserver_that_does_not_have_to_follow_is_left_as_it_is(
    place: Place, record: Record, says: str, testmode: bool
) -> None:
    place.stand(record)
    place.wish(B, apiserver=APISERVER)
    assert says in place.check({"state": "cp_ingress_change.apiserver_follows"}, test=testmode, changes=[])


@pytest.fixture
def on_master(server: LightApiserver) -> Iterator[None]:
    """This very machine is a master for the while."""
    label = "node-role.kubernetes.io/control-plane"
    server.kubectl("label", "node", "worker-1", f"{label}=")
    yield
    server.kubectl("label", "node", "worker-1", f"{label}-")


@pytest.mark.usefixtures("on_master")
@pytest.mark.parametrize(
    ("accepted", "left"),
    [((B.issuer,), True), ((A.issuer, B.issuer), False), ((), False)],
    ids=["just the new issuer", "the old one too", "none by the record"],
)
def test_an_apiserver_that_proved_its_issuers_before_is_left_alone_where_once_is_enough(
    place: Place, accepted: tuple[str, ...], left: bool, testmode: bool
) -> None:
    place.stand(replace(MOVED, issuers={"worker-1": accepted} if accepted else {}))
    place.wish(B, apiserver={**APISERVER, "manifest": "/nowhere/kube-apiserver.yaml"})
    mark = place.server.mark()
    state = {"state": "cp_ingress_change.apiserver_follows", "test": testmode}
    always, once = place.run(state, {**state, "once": True})
    assert "there is no /nowhere/kube-apiserver.yaml" in always["comment"]
    assert once["result"] is left, once
    assert ("follows already" if left else "there is no /nowhere") in once["comment"]
    assert place.writes(mark) == []
