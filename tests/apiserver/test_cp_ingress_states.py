"""The states of cp_ingress through Salt's own loader, in both modes, on a real API server.

Not covered here: an endpoint that answers (the tests on the real cluster), each finding of preflight
(test_preflight.py, tests/unit/preflight), each option of the charts (test_chart_deployed.py and the goldens).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.formula.salt_caller import Masterless, masterless
from tests.lighttier import LightApiserver
from tests.sandbox.build import binary, charts
from tests.unit.bootstrap_files import GOOD
from tests.unit.pki import Pair, make_ca, make_server

IP = "10.200.0.50"
SECRET = "/api/v1/namespaces/cp-ingress/secrets/cp-ingress-tls"


@pytest.fixture
def minion(tmp_path: Path, apiserver: LightApiserver) -> Masterless:
    """A masterless minion whose pillar names this API server, the packaged chart and its own PKI folder."""
    found = masterless(tmp_path / "salt")
    found.write(GOOD, tuning(apiserver, tmp_path / "pki"))
    return found


def tuning(apiserver: LightApiserver, pki: Path) -> dict[str, Any]:
    """Return a user's pillar for this API server, with the packaged charts."""
    pins = {
        name: {
            "source": "directory",
            "directory": str(chart.path.parent),
            "version": chart.version,
            "sha256": chart.sha256,
        }
        for name, chart in charts().items()
    }
    return {
        "kubeconfig": str(apiserver.kubeconfig),
        "helm": str(binary("helm")),
        "charts": pins,
        "certificate": {"pki_dir": str(pki)},
    }


def single(minion: Masterless, *runs: dict[str, Any]) -> list[dict[str, Any]]:
    """Run states one after the other in one Salt process and return their results."""
    functions = [["state.single", run.pop("state"), "it", {"__kwarg__": True, **run}] for run in runs]
    return [next(iter(result.values())) for result in minion.call(*functions)]


def writes(apiserver: LightApiserver, mark: int) -> list[str]:
    """Return the requests since `mark` that change something."""
    return [event.uri for event in apiserver.since(mark) if event.is_write]


def create(apiserver: LightApiserver, path: str, body: dict[str, Any]) -> None:
    status, answer = apiserver.request("POST", path, body)
    assert status in (201, 409), answer


@pytest.fixture
def own_namespace(apiserver: LightApiserver) -> Iterator[None]:
    """The namespace cp-ingress, emptied of the TLS Secret and its set afterwards."""
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "cp-ingress"}}
    create(apiserver, "/api/v1/namespaces", body)
    yield
    apiserver.request("DELETE", "/api/v1/namespaces/cp-ingress/secrets")


@pytest.fixture
def masters(apiserver: LightApiserver) -> Iterator[list[str]]:
    """Two control-plane nodes, as objects only."""
    names = ["master-1", "master-2"]
    for number, name in enumerate(names, 11):
        labels = {"node-role.kubernetes.io/control-plane": ""}
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}
        create(apiserver, "/api/v1/nodes", node)
        address(apiserver, name, f"10.200.0.{number}")
    yield names
    for name in names:
        apiserver.request("DELETE", f"/api/v1/nodes/{name}")


def address(apiserver: LightApiserver, node: str, ip: str) -> None:
    """Give a node its address, as its kubelet would."""
    _, live = apiserver.request("GET", f"/api/v1/nodes/{node}")
    live["status"]["addresses"] = [{"type": "InternalIP", "address": ip}]
    status, answer = apiserver.request("PUT", f"/api/v1/nodes/{node}/status", live)
    assert status == 200, answer


def test_preflight_passes_on_a_sound_cluster(
    minion: Masterless, masters: list[str], apiserver: LightApiserver, testmode: bool
) -> None:
    mark = apiserver.mark()
    (passed,) = single(minion, {"state": "cp_ingress.preflight_passed", "test": testmode})
    assert (passed["result"], passed["changes"]) == (True, {}), passed
    assert writes(apiserver, mark) == []


def test_preflight_stops_at_the_address_of_a_node(
    minion: Masterless, masters: list[str], apiserver: LightApiserver, testmode: bool
) -> None:
    address(apiserver, masters[0], IP)
    (stopped,) = single(minion, {"state": "cp_ingress.preflight_passed", "test": testmode})
    assert stopped["result"] is False, stopped
    assert IP in stopped["comment"]
    assert masters[0] in stopped["comment"]


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Pair, dict[str, Any]]:
    """A server certificate, and the state that keeps the Secret equal to its files."""
    issued = make_server(make_ca(), [IP])
    paths = {"certificate": tmp_path / "server.crt", "private_key": tmp_path / "server.key"}
    paths["certificate"].write_text(issued.certificate_pem)
    paths["private_key"].write_text(issued.key_pem)
    arguments = {name: str(path) for name, path in paths.items()}
    return issued, {"state": "cp_ingress.tls_secret_applied", "applyset": "cp-ingress-certs", **arguments}


@pytest.mark.usefixtures("own_namespace")
def test_the_tls_secret_follows_the_files(
    minion: Masterless, apiserver: LightApiserver, pair: tuple[Pair, dict[str, Any]], testmode: bool
) -> None:
    issued, state = pair
    mark = apiserver.mark()
    (result,) = single(minion, {**state, "test": testmode})
    assert result["result"] is (None if testmode else True), result
    assert list(result["changes"]) == ["v1/Secret cp-ingress/cp-ingress-tls"]
    assert issued.key_pem.splitlines()[1] not in str(result)
    status, live = apiserver.request("GET", SECRET)
    assert (status == 404) == testmode, live
    assert (writes(apiserver, mark) == []) == testmode


@pytest.mark.usefixtures("own_namespace")
def test_the_tls_secret_applied_twice_is_written_once(
    minion: Masterless, apiserver: LightApiserver, pair: tuple[Pair, dict[str, Any]]
) -> None:
    _, state = pair
    (first,) = single(minion, dict(state))
    mark = apiserver.mark()
    for again in single(minion, {**state, "test": True}, dict(state)):
        assert (again["result"], again["changes"]) == (True, {}), again
    assert first["changes"]
    assert writes(apiserver, mark) == []


@pytest.mark.usefixtures("own_namespace")
def test_without_certificate_files_only_test_mode_goes_on(
    minion: Masterless, apiserver: LightApiserver, pair: tuple[Pair, dict[str, Any]], testmode: bool
) -> None:
    _, state = pair
    Path(state["certificate"]).unlink()
    mark = apiserver.mark()
    (result,) = single(minion, {**state, "test": testmode})
    assert result["result"] is (None if testmode else False), result
    assert testmode or state["certificate"] in result["comment"]
    assert writes(apiserver, mark) == []


def test_an_endpoint_that_cannot_be_checked_fails_outside_test_mode(
    minion: Masterless, testmode: bool
) -> None:
    # The CA has not been issued, so the endpoint is never reached.
    (result,) = single(minion, {"state": "cp_ingress.serving", "timeout": 1, "test": testmode})
    assert (result["result"], result["changes"]) == (testmode, {}), result
    assert testmode or f"https://{IP}:8443/ does not answer" in result["comment"]


def test_the_shipped_chart_is_deployed_as_the_pillar_says(
    minion: Masterless, masters: list[str], apiserver: LightApiserver, namespace: str, testmode: bool
) -> None:
    state = {
        "state": "cp_ingress.chart_deployed",
        "chart": "salt://charts/ingress-nginx",
        "namespace": namespace,
        "options": "options-metallb.yaml.j2",
        "applyset": "shipped",
        "applyset_namespace": namespace,
        "wait": False,  # nothing runs pods here
    }
    mark = apiserver.mark()
    clean = {
        "state": "kube_objects.absent",
        "applyset": "shipped",
        "applyset_namespace": namespace,
        "wait": False,
    }
    result, cleaned = single(minion, {**state, "test": testmode}, clean)
    assert result["result"] is (None if testmode else True), result
    assert f"apps/v1/Deployment {namespace}/it-ingress-nginx-controller" in result["changes"]
    assert (writes(apiserver, mark) == []) == testmode
    assert cleaned["result"] is True, cleaned


def test_a_chart_of_a_refused_configuration_is_not_deployed(
    minion: Masterless, apiserver: LightApiserver, testmode: bool
) -> None:
    minion.write(GOOD, {"prt": 8443})
    mark = apiserver.mark()
    state = {"state": "cp_ingress.chart_deployed", "chart": "salt://charts/ingress-nginx", "test": testmode}
    (refused,) = single(minion, {**state, "namespace": "cp-ingress", "options": "options-metallb.yaml.j2"})
    assert refused["result"] is False
    assert "cp_ingress:prt" in refused["comment"]
    assert writes(apiserver, mark) == []


@pytest.mark.usefixtures("own_namespace")
def test_a_certificate_about_to_be_issued_again_is_predicted(
    minion: Masterless, apiserver: LightApiserver, pair: tuple[Pair, dict[str, Any]], testmode: bool
) -> None:
    """A change of the IP predicted a new certificate, and no change of the Secret that holds it."""
    _, state = pair
    watched = {**state, "state": "cp_ingress.mod_watch", "test": testmode}
    applied, result = single(minion, dict(state), watched)
    assert applied["result"] is True, applied
    change = {
        "action": "changed",
        "diff": {"data['tls.crt']": {"old": "*** (before)", "new": "*** (after)"}},
    }
    assert result["result"] is (None if testmode else True), result
    assert result["changes"] == ({"v1/Secret cp-ingress/cp-ingress-tls": change} if testmode else {})
