"""Pods are started again for a configuration that they have not read, and for nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apiserver.component import shapes
from tests.apiserver.component.conftest import Place
from tests.apiserver.component.shapes import NEW, OLD
from tests.lighttier import LightApiserver
from tests.lighttier.faults import Fault, FaultProxy

DEX = {"preset": "dex"}


@pytest.fixture
def proxy(apiserver: LightApiserver, tmp_path: Path) -> Iterator[FaultProxy]:
    with FaultProxy(apiserver, tmp_path) as running:
        yield running


@pytest.fixture
def dex(place: Place) -> str:
    """Dex, at the old endpoint; its Deployment's name."""
    place.install(*shapes.dex(place.namespace))
    return "dex"


def _writes(plural: str) -> Fault:
    """A refusal of the next write to a kind, dry runs left out."""
    status = {"kind": "Status", "status": "Failure", "message": "not now", "reason": "Forbidden"}
    return Fault(
        lambda method, path: method == "PATCH" and f"/{plural}/" in path and "dryRun" not in path,
        status=403,
        status_object=status,
    )


def test_a_run_that_broke_off_is_finished_by_the_next(place: Place, dex: str, proxy: FaultProxy) -> None:
    before = place.pods(dex)
    proxy.faults.append(_writes("deployments"))

    broken = place.configured(DEX, kubeconfig=str(proxy.kubeconfig))

    assert broken["result"] is False
    assert list(broken["changes"]) == [f"v1/Secret {place.namespace}/dex"]
    assert place.pods(dex) == before

    predicted = place.configured(DEX, test=True)
    finished = place.configured(DEX)
    # Dex's storages are opened before its pods are replaced, whichever run replaces them.
    assert any("endpointslices/kubernetes" in event.uri for event in place.kit.requests())
    restarted = {f"apps/v1/Deployment {place.namespace}/dex": {"action": "restarted"}}
    assert predicted["changes"] == finished["changes"] == restarted
    assert place.pods(dex) != before
    assert place.configured(DEX)["changes"] == {}


def test_nothing_is_started_again_for_a_document_that_was_right(place: Place, dex: str) -> None:
    before = place.pods(dex)

    ret = place.configured(DEX, endpoint=OLD)

    assert (ret["result"], ret["changes"], place.kit.writes()) == (True, {}, [])
    assert place.pods(dex) == before


def test_what_others_put_back_is_corrected_and_read_again(place: Place, dex: str) -> None:
    place.configured(DEX)
    seen = place.pods(dex)
    before = shapes.dex(place.namespace)[0]
    place.kit.kubectl("replace", "--field-manager=helm", "-f", "-", stdin=before)

    ret = place.configured(DEX)

    assert {change["action"] for change in ret["changes"].values()} == {"changed", "restarted"}
    assert place.pods(dex) != seen
    assert f"issuer: {NEW}/oidc" in place.text("Secret", "dex", "config.yaml")


def test_a_write_onto_a_version_that_has_passed_is_made_again(
    place: Place, dex: str, proxy: FaultProxy
) -> None:
    fault = _writes("secrets")
    fault.status = 409
    fault.status_object = {"kind": "Status", "message": "the object has been modified", "reason": "Conflict"}
    proxy.faults.append(fault)

    ret = place.configured(DEX, kubeconfig=str(proxy.kubeconfig))

    assert ret["result"] is True, ret
    assert fault.seen == 1
    assert f"issuer: {NEW}/oidc" in place.text("Secret", "dex", "config.yaml")


def test_a_workload_that_is_not_there_is_told_before_it_is_needed(
    place: Place, dex: str, testmode: bool
) -> None:
    ret = place.configured({**DEX, "restart": ["StatefulSet/dex"]}, endpoint=OLD, test=testmode)

    assert (ret["result"], ret["changes"]) == (False, {})
    assert f"apps/v1/StatefulSet {place.namespace}/dex: there is no such object" in ret["comment"]


def test_pods_that_do_not_become_ready_fail_the_state(place: Place, dex: str) -> None:
    workload = shapes.deployment("stuck", place.namespace)
    place.install({**workload, "kind": "StatefulSet"})  # nothing makes those ready here

    ret = place.configured({**DEX, "restart": ["StatefulSet/stuck"]}, timeout=1)

    assert ret["result"] is False
    assert f"apps/v1/StatefulSet {place.namespace}/stuck" in ret["comment"]
    assert {change["action"] for change in ret["changes"].values()} == {"changed", "restarted"}


def test_a_fragment_elsewhere_may_restart_workloads_too(place: Place, testmode: bool) -> None:
    place.install(*shapes.oauth2_proxy(place.namespace))
    part = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "oauth2-proxy"}}
    entry = {
        "kind": "fragment",
        "part": {**part, "data": {"address": "{ip}"}},
        "restart": ["Deployment/oauth2-proxy"],
    }
    before = place.pods("oauth2-proxy")

    ret = place.configured(entry, test=testmode)

    assert ret["changes"] == {
        f"v1/ConfigMap {place.namespace}/oauth2-proxy": {
            "action": "changed",
            "diff": {"data.address": {"old": None, "new": "10.200.0.60"}},
        },
        f"apps/v1/Deployment {place.namespace}/oauth2-proxy": {"action": "restarted"},
    }
    assert (place.pods("oauth2-proxy") == before) is testmode
    if not testmode:
        again = place.configured(entry)
        assert (again["changes"], place.kit.writes()) == ({}, [])
