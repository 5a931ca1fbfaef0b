"""Status on a real API server: everything side by side, and what it does when things are down.

Not covered here: an endpoint that answers, Dex, and ARP (the tests on the real cluster).
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from cp_ingress_core import status
from cp_ingress_core.kube.cluster import Cluster
from tests.apiserver.test_cp_ingress_states import tuning
from tests.apiserver.world import IP, World, service, settings
from tests.conftest import Figure
from tests.formula.salt_caller import PROJECT, masterless, minion_config
from tests.lighttier import LightApiserver
from tests.unit.bootstrap_files import GOOD
from tests.unit.preflight import objects

RECORD = {
    "kind": "ConfigMap",
    "metadata": {"name": "cp-ingress-endpoint", "namespace": "cp-ingress"},
    "data": {
        "current": json.dumps({"mode": "metallb", "ip": IP, "port": 8443}),
        "target": json.dumps({"mode": "metallb", "ip": "10.200.0.51", "port": 8443}),
        "phase": "widening",
        "issuers.master-11": json.dumps([f"https://{IP}:8443/oidc"]),
    },
}


@pytest.fixture(scope="module")
def server() -> Iterator[LightApiserver]:
    """An apiserver of this module's own: it is stopped and started again."""
    server = LightApiserver()
    try:
        server.open()
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "cp-ingress"}}
        assert server.request("POST", "/api/v1/namespaces", body)[0] == 201
        yield server
    finally:
        server.close()


@pytest.fixture
def world(server: LightApiserver) -> Iterator[World]:
    world = World(server)
    try:
        for number in (11, 12):
            world.add(objects.node(f"master-{number}", f"10.200.0.{number}"))
        yield world
    finally:
        world.clear()


def read(world: World, folder: Path) -> status.Facts:
    return status.read(settings(), lambda: world.cluster, str(folder / "bootstrap.yaml"))


def test_what_is_there_is_read(world: World, tmp_path: Path) -> None:
    (tmp_path / "bootstrap.yaml").write_text(GOOD)
    world.add(RECORD)
    world.add(service(name="cp-metallb-10-200-0-50", namespace="cp-ingress", type="LoadBalancer", held=IP))
    found = read(world, tmp_path)
    assert found.file == f"https://{IP}:8443 (metallb)"
    assert found.record is not None
    assert (str(found.record.target), found.record.phase) == (
        "https://10.200.0.51:8443 (metallb)",
        "widening",
    )
    assert found.record.issuers == {"master-11": (f"https://{IP}:8443/oidc",)}
    assert [one["addresses"] for one in found.services] == [[IP]]
    assert list(found.masters) == ["master-11", "master-12"]
    assert found.unread == ()
    assert isinstance(found.answer, str)


def test_a_record_that_is_none_is_said(world: World, tmp_path: Path) -> None:
    world.add({**RECORD, "data": {"phase": "edited"}})
    found = read(world, tmp_path)
    assert found.record is None
    assert ["it cannot be read" in text for text in found.unread] == [True]


def test_with_the_api_down_it_says_so_in_bounded_time(world: World, tmp_path: Path, figure: Figure) -> None:
    (tmp_path / "bootstrap.yaml").write_text(GOOD)
    cluster = Cluster.connect(str(world.server.kubeconfig))
    world.server.stop()
    started = time.monotonic()
    try:
        found = status.read(settings(), lambda: cluster, str(tmp_path / "bootstrap.yaml"))
    finally:
        figure("status_with_the_api_down", time.monotonic() - started, "s")
        world.server.start()
    assert (found.cluster_read, found.file) == (False, f"https://{IP}:8443 (metallb)")
    assert len(found.unread) == 1


def test_what_may_not_be_read_is_said(world: World, tmp_path: Path) -> None:
    world.cluster = Cluster.connect(str(world.server.kubeconfig_for("somebody")))
    found = read(world, tmp_path)
    assert len(found.unread) > 4
    assert all("forbidden" in text for text in found.unread)


def test_check_ends_with_an_exit_code(world: World, tmp_path: Path, server: LightApiserver) -> None:
    minion = masterless(tmp_path / "salt")
    minion.write(GOOD, tuning(server, tmp_path / "pki"))
    config = minion_config(minion.root, minion.bootstrap_file, minion.pillar_root)
    (tmp_path / "minion").write_text(yaml.safe_dump({**config, "user": "root"}))
    command = [str(Path(sys.executable).with_name("salt-call")), "--local", f"--config-dir={tmp_path}"]
    done = subprocess.run(
        [*command, "cp_ingress.check", "--out=json"],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)["local"]
    assert any("there is no Service cp-metallb-10-200-0-50" in text for text in found), found
