"""Faults of the API on the way: what is tried again, within which bound, and what is not."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cp_ingress_core.errors import ApiError, KubeconfigError
from cp_ingress_core.kube.cluster import Cluster
from tests.apiserver.engine.kit import Kit
from tests.apiserver.engine.objects import config_map, custom, definition
from tests.lighttier import LightApiserver
from tests.lighttier.faults import FaultProxy, on

WEBHOOK = {
    "reason": "InternalError",
    "message": 'Internal error occurred: failed calling webhook "v.example.com": connection refused',
}
QUOTA = {
    "reason": "Conflict",
    "message": 'Operation cannot be fulfilled on resourcequotas "q": the object has been modified',
    "details": {"name": "q", "kind": "resourcequotas"},
}


@pytest.fixture
def proxy(apiserver: LightApiserver, tmp_path: Path) -> Iterator[FaultProxy]:
    with FaultProxy(apiserver, tmp_path) as found:
        yield found


@pytest.fixture
def faulty(kit: Kit, proxy: FaultProxy) -> Kit:
    """The kit, going through the proxy, with a retry deadline of 3 s."""
    return dataclasses.replace(kit, cluster=Cluster.connect(str(proxy.kubeconfig)).patient(3.0))


PASSING: dict[str, dict[str, Any]] = {
    "429 with Retry-After": {"status": 429, "headers": {"Retry-After": "1"}},
    "429 without": {"status": 429},
    "502": {"status": 502},
    "503": {"status": 503, "status_object": {"reason": "ServiceUnavailable"}},
    "504": {"status": 504, "status_object": {"reason": "Timeout"}},
    "webhook_not_ready": {"status": 500, "status_object": WEBHOOK},
    "conversion webhook not ready": {
        "status": 500,
        "status_object": {"message": "conversion webhook for a.example.com/v1 failed: Post: refused"},
    },
    "etcd timeout": {"status": 500, "status_object": {"message": "etcdserver: request timed out"}},
    "etcd leader changed, as 422": {
        "status": 422,
        "status_object": {"message": "etcdserver: leader changed"},
    },
    "quota_conflict_retried": {"status": 409, "status_object": QUOTA},
    "carried out, and answered 504": {"status": 504, "after": True},
    "connection refused": {"refuse": True},
    "connection broken mid-body": {"cut": True},
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_passing_faults_are_tried_again(
    kit: Kit, faulty: Kit, proxy: FaultProxy, fault: dict[str, Any], method: str
) -> None:
    if method == "GET" and fault.get("status") in (409, 422):
        fault = {"status": 503}
    added = proxy.add(on(method, "/configmaps/one"), times=2, **fault)

    report = faulty.apply([config_map("one", kit.namespace, a="1")])

    assert added.seen == 2
    # A request whose answer broke off may have been carried out: what counts is the end.
    assert list(report["changes"]) == [f"v1/ConfigMap {kit.namespace}/one"]
    assert (kit.apply([config_map("one", kit.namespace, a="1")])["changes"], kit.writes()) == ({}, [])


LASTING: dict[str, tuple[dict[str, Any], int]] = {
    "ssa_unsupported": ({"status": 415, "status_object": {"reason": "UnsupportedMediaType"}}, 1),
    "400": ({"status": 400, "status_object": {"reason": "BadRequest"}}, 1),
    "403": ({"status": 403, "status_object": {"reason": "Forbidden"}}, 1),
    "500 of another kind": ({"status": 500, "status_object": {"message": "panic"}}, 1),
    "501": ({"status": 501}, 1),
}


@pytest.mark.parametrize(("fault", "tries"), LASTING.values(), ids=LASTING)
def test_lasting_faults_are_not_tried_again(
    kit: Kit, faulty: Kit, proxy: FaultProxy, fault: dict[str, Any], tries: int
) -> None:
    proxy.add(on("PATCH", "/configmaps/one"), times=99, **fault)

    with pytest.raises(ApiError) as caught:
        faulty.apply([config_map("one", kit.namespace)])

    assert caught.value.info["status"] == fault["status"]
    assert f"v1/ConfigMap {kit.namespace}/one" in str(caught.value)
    assert proxy.count("PATCH", "/configmaps/one") == tries


def test_retries_end_at_the_deadline(kit: Kit, faulty: Kit, proxy: FaultProxy) -> None:
    added = proxy.add(on("PATCH", "/configmaps/one"), times=99, status=409, status_object=QUOTA)

    with pytest.raises(ApiError) as caught:
        faulty.apply([config_map("one", kit.namespace)])

    assert added.seen > 2
    assert caught.value.info["reason"] == "Conflict"


def test_retries_are_told(kit: Kit, faulty: Kit, proxy: FaultProxy, caplog: pytest.LogCaptureFixture) -> None:
    proxy.add(on("PATCH", "/configmaps/one"), status=503)

    faulty.apply([config_map("one", kit.namespace)])

    lines = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert any(f"v1/ConfigMap {kit.namespace}/one" in line and "trying again" in line for line in lines)


def test_webhooks_of_custom_resources_get_the_whole_timeout(kit: Kit, faulty: Kit, proxy: FaultProxy) -> None:
    group = f"{kit.namespace}.example.com"
    added = proxy.add(on("PATCH", "/things/one"), times=6, status=500, status_object=WEBHOOK)

    faulty.apply([definition("Thing", group), custom("Thing", group, "one", kit.namespace)], timeout=30)

    assert added.seen == 6


@pytest.mark.parametrize(
    "fault", [{"cut": True}, {"refuse": True}, {"status": 503}, {"status": 503, "after": True}], ids=str
)
def test_a_delete_whose_answer_is_lost_is_done(
    kit: Kit, faulty: Kit, proxy: FaultProxy, fault: dict[str, Any]
) -> None:
    kit.apply([config_map("one", kit.namespace)])
    proxy.add(on("DELETE", "/configmaps/one"), **fault)

    report = faulty.apply([])

    assert kit.core("configmaps", "one") is None
    assert report["changes"] == {f"v1/ConfigMap {kit.namespace}/one": {"action": "deleted"}}


def test_csa_takeover_survives_a_conflict(kit: Kit, faulty: Kit, proxy: FaultProxy) -> None:
    """The migration is guarded by the resourceVersion: refused once, it is made anew."""
    kit.kubectl("apply", "-f", "-", stdin=config_map("one", kit.namespace, old="1"))
    proxy.add(on("PATCH", "/configmaps/one"), status=409, status_object={"reason": "Conflict"})

    faulty.apply([config_map("one", kit.namespace, new="1")])

    assert proxy.count("PATCH", "/configmaps/one") == 3
    live = kit.core("configmaps", "one")
    assert live is not None
    assert live["data"] == {"new": "1"}


def test_a_broken_list_prunes_nothing(kit: Kit, faulty: Kit, proxy: FaultProxy) -> None:
    kit.apply([config_map("one", kit.namespace)])
    proxy.add(on("GET", "/configmaps?"), times=99, status=503)

    with pytest.raises(ApiError):
        faulty.apply([])

    assert proxy.count("DELETE", "") == 0


def test_stages_stop_when_the_api_is_away(kit: Kit, faulty: Kit, proxy: FaultProxy) -> None:
    proxy.add(on("PATCH", "/configmaps/"), times=99, refuse=True)

    with pytest.raises(ApiError) as caught:
        faulty.apply(
            [
                config_map("one", kit.namespace),
                {
                    "apiVersion": "v1",
                    "kind": "Service",
                    "metadata": {"name": "web", "namespace": kit.namespace},
                    "spec": {"ports": [{"port": 80}]},
                },
            ]
        )

    assert caught.value.info["reason"] == "Unreachable"
    assert proxy.count("PATCH", "/services/") == 0


def test_the_api_goes_away_and_comes_back(kit: Kit) -> None:
    """The run waits, and finishes; its own apiserver, so that no other test sees it gone."""
    server = LightApiserver()
    try:
        server.open()
        server.request("POST", "/api/v1/namespaces", {"metadata": {"name": "demo"}})
        own = Kit(server, Cluster.connect(str(server.kubeconfig)), "demo")
        own.apply([config_map("one", "demo")])
        server.stop()
        back = threading.Timer(4.0, server.start)
        back.start()
        started = time.monotonic()
        changes = [config_map("one", "demo", a="1"), config_map("two", "demo")]
        # The audit log is the server's own: it is not asked while the server is away.
        report = own.apply(changes)
        back.join()
        assert len(report["changes"]) == 2
        assert time.monotonic() - started > 3.0
    finally:
        server.close()


def test_nobody_listens(tmp_path: Path, kit: Kit) -> None:
    text = kit.server.kubeconfig.read_text().replace(kit.server.url, "https://127.0.0.1:1")
    (tmp_path / "nobody.conf").write_text(text)
    cluster = Cluster.connect(str(tmp_path / "nobody.conf")).patient(0.5)

    with pytest.raises(ApiError, match=r"https://127\.0\.0\.1:1 does not answer") as caught:
        cluster.client.request("GET", "/version")

    assert "\n" not in str(caught.value)


def test_another_ca_is_refused_at_once(tmp_path: Path, kit: Kit) -> None:
    import base64

    from tests.lighttier.credentials import Authority

    (tmp_path / "ca").mkdir()
    other = base64.b64encode(Authority(tmp_path / "ca").certificate.read_bytes()).decode()
    import yaml

    content = yaml.safe_load(kit.server.kubeconfig.read_text())
    entry = content["clusters"][0]["cluster"]
    entry.pop("certificate-authority", None)
    entry["certificate-authority-data"] = other
    (tmp_path / "other.conf").write_text(yaml.safe_dump(content))

    with pytest.raises(ApiError, match="TLS"):
        Cluster.connect(str(tmp_path / "other.conf")).client.request("GET", "/version")


def test_unknown_credentials(tmp_path: Path, kit: Kit) -> None:
    import yaml

    content = yaml.safe_load(kit.server.kubeconfig.read_text())
    content["users"][0]["user"] = {"token": "nobody-knows-me"}
    (tmp_path / "token.conf").write_text(yaml.safe_dump(content))

    with pytest.raises(KubeconfigError, match="401 Unauthorized") as caught:
        Cluster.connect(str(tmp_path / "token.conf")).client.request("GET", "/version")

    assert "nobody-knows-me" not in str(caught.value)
