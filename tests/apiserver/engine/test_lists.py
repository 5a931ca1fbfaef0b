"""How often a run that changes many members reads them, and that it reads no Secret ahead."""

from __future__ import annotations

import base64
import dataclasses
from pathlib import Path
from typing import Any

import pytest

from cp_ingress_core.errors import CpIngressError
from cp_ingress_core.kube import prefetch
from cp_ingress_core.kube.cluster import Cluster
from tests.apiserver.engine.kit import Kit
from tests.apiserver.engine.objects import config_map, secret
from tests.lighttier.faults import FaultProxy, Recorder, on

MANY = prefetch.MANY


def _config_maps(kit: Kit, changed: int = 0) -> list[dict[str, Any]]:
    """One more than many; so many of them with another value."""
    return [
        config_map(f"c{number}", kit.namespace, a="new" if number < changed else "old")
        for number in range(MANY + 1)
    ]


def _reads(kit: Kit) -> dict[str, int]:
    verbs = kit.verbs("configmaps")
    return {verb: verbs.count(verb) for verb in ("list", "get")}


def _forget_hashes(kit: Kit) -> None:
    """Turn the ledger into one of an earlier version: two columns."""
    live = kit.core("secrets", "set")
    assert live is not None
    lines = base64.b64decode(live["data"]["members"]).decode().splitlines()
    text = "".join(" ".join(line.split()[:2]) + "\n" for line in lines)
    data = {"members": base64.b64encode(text.encode()).decode()}
    kit.merge_patch(
        f"/api/v1/namespaces/{kit.namespace}/secrets/set", {"data": data}, "salt-cp-ingress-applyset"
    )


@pytest.mark.parametrize(
    ("changed", "reads"),
    [
        pytest.param(0, {"list": 1, "get": 0}, id="none"),
        pytest.param(MANY - 1, {"list": 1, "get": MANY - 1}, id="few are read one by one"),
        pytest.param(MANY, {"list": 1, "get": 0}, id="many are read by the first LIST"),
    ],
)
@pytest.mark.parametrize("test", [False, True], ids=["run", "test"])
def test_members_are_listed_once(kit: Kit, changed: int, reads: dict[str, int], test: bool) -> None:
    kit.apply(_config_maps(kit))

    report = kit.apply(_config_maps(kit, changed), test=test)

    assert (len(report["changes"]), _reads(kit)) == (changed, reads)
    assert all(list(change["diff"]) == ["data.a"] for change in report["changes"].values())


def test_the_first_change_after_an_earlier_version_lists_twice(kit: Kit) -> None:
    kit.apply(_config_maps(kit))
    _forget_hashes(kit)
    assert (kit.apply(_config_maps(kit))["changes"], kit.writes()) == ({}, [])

    kit.apply(_config_maps(kit, MANY))
    assert _reads(kit) == {"list": 2, "get": 0}
    kit.apply(_config_maps(kit, 0))
    assert _reads(kit) == {"list": 1, "get": 0}


def test_what_others_changed_is_seen_and_shown_all_the_same(kit: Kit) -> None:
    kit.apply(_config_maps(kit))
    kit.merge_patch(f"/api/v1/namespaces/{kit.namespace}/configmaps/c{MANY}", {"data": {"a": "theirs"}})

    report = kit.apply(_config_maps(kit, MANY), force_conflicts=True)

    assert len(report["changes"]) == MANY + 1
    assert report["changes"][f"v1/ConfigMap {kit.namespace}/c{MANY}"]["diff"] == {
        "data.a": {"old": "theirs", "new": "old"}
    }


def test_secrets_that_a_failed_run_applied_are_proven_without_reading_them(kit: Kit, tmp_path: Path) -> None:
    """To the ledger they have all changed; they carry the new hash already."""

    def secrets(value: str) -> list[dict[str, Any]]:
        return [secret(f"s{number}", kit.namespace, key=value) for number in range(MANY + 1)]

    kit.apply(secrets("old"))
    with FaultProxy(kit.server, tmp_path) as proxy:
        broken = dataclasses.replace(kit, cluster=Cluster.connect(str(proxy.kubeconfig)).patient(0.1))
        proxy.add(on("PATCH", "/secrets/set?"), times=100, refuse=True)
        with pytest.raises(CpIngressError):
            broken.apply(secrets("hunter2"))

    with Recorder(kit.server, tmp_path) as recorder:
        watched = dataclasses.replace(kit, cluster=Cluster.connect(str(recorder.kubeconfig)))
        assert watched.apply(secrets("hunter2"))["changes"] == {}

    assert recorder.count("GET", "/secrets?") == 1
    value = base64.b64encode(b"hunter2")
    assert [answer for answer in recorder.answers if value in answer] == []
