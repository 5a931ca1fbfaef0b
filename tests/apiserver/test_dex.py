"""The sandbox's Dex: its configuration file, and its two storages."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.lighttier import LightApiserver
from tests.lighttier.processes import Spawner, end, free_ports
from tests.sandbox.build import binary
from tests.sandbox.build.cache import Store
from tests.sandbox.build.golang import Go
from tests.sandbox.sso.storage import GROUP, KINDS, custom_resource_definitions

START_SECONDS = 30


@pytest.fixture
def spawner() -> Iterator[Spawner]:
    spawner = Spawner()
    yield spawner
    spawner.close()


@pytest.fixture
def config(tmp_path: Path) -> dict[str, Any]:
    """A configuration of Dex on a free loopback port, with memory storage."""
    (port,) = free_ports(1)
    return {
        "issuer": f"http://127.0.0.1:{port}/oidc",
        "storage": {"type": "memory"},
        "web": {"http": f"127.0.0.1:{port}"},
        "frontend": {"dir": str(Go(Store()).sources("dex", "github.com/dexidp/dex") / "web")},
        "expiry": {"idTokens": "10m"},
        "staticClients": [{"id": "console", "secret": "s3cret", "redirectURIs": ["https://console.test/"]}],
        "enablePasswordDB": True,
    }


@contextlib.contextmanager
def running_dex(spawner: Spawner, config: dict[str, Any], folder: Path) -> Iterator[None]:
    """Run Dex with `config` until the block ends."""
    path, log = folder / "dex.yaml", folder / "dex.log"
    path.write_text(json.dumps(config))
    process = spawner.start([str(binary("dex")), "serve", str(path)], log)
    try:
        wait_until_it_answers(process, f"{config['issuer']}/healthz", log)
        yield
    finally:
        end(process)


def wait_until_it_answers(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            fetch(url)
            return
        except requests.ConnectionError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)


def wait_until_served(apiserver: LightApiserver) -> None:
    """Wait until Dex's kinds can be listed, which is a moment after they are established."""
    deadline = time.monotonic() + START_SECONDS
    for plural in KINDS.values():
        path = f"/apis/{GROUP}/v1/namespaces/default/{plural}"
        while (answer := apiserver.request("GET", path))[0] != 200:
            assert time.monotonic() < deadline, answer
            time.sleep(0.05)


def fetch(url: str) -> requests.Response:
    """GET `url`, past any proxy of the environment."""
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(url, timeout=5)
    answer.raise_for_status()
    return answer


def key_ids(config: dict[str, Any]) -> set[str]:
    return {key["kid"] for key in fetch(f"{config['issuer']}/keys").json()["keys"]}


def test_it_serves_the_issuer_of_its_file(spawner: Spawner, config: dict[str, Any], tmp_path: Path) -> None:
    with running_dex(spawner, config, tmp_path):
        document = fetch(f"{config['issuer']}/.well-known/openid-configuration").json()
        assert document["issuer"] == config["issuer"]
        assert document["jwks_uri"] == f"{config['issuer']}/keys"
        query = "client_id=console&response_type=code&scope=openid&redirect_uri=https://console.test/"
        assert 'type="password"' in fetch(f"{config['issuer']}/auth?{query}").text


def test_memory_forgets_its_keys(spawner: Spawner, config: dict[str, Any], tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        with running_dex(spawner, config, tmp_path):
            seen.append(key_ids(config))
    assert seen[0].isdisjoint(seen[1])


def test_kubernetes_keeps_its_keys(
    apiserver: LightApiserver, spawner: Spawner, config: dict[str, Any], tmp_path: Path
) -> None:
    definitions = {"apiVersion": "v1", "kind": "List", "items": custom_resource_definitions()}
    apiserver.kubectl("apply", "-f", "-", stdin=json.dumps(definitions))
    wait_until_served(apiserver)
    storage = {"type": "kubernetes", "config": {"kubeConfigFile": str(apiserver.kubeconfig)}}
    seen = []
    try:
        for _ in range(2):
            with running_dex(spawner, config | {"storage": storage}, tmp_path):
                seen.append(key_ids(config))
    finally:
        apiserver.kubectl("delete", "-f", "-", stdin=json.dumps(definitions))
    assert seen[0] == seen[1] != set()


def test_an_unknown_storage_is_refused(spawner: Spawner, config: dict[str, Any], tmp_path: Path) -> None:
    path, log = tmp_path / "dex.yaml", tmp_path / "dex.log"
    path.write_text(json.dumps(config | {"storage": {"type": "etcd"}}))
    process = spawner.start([str(binary("dex")), "serve", str(path)], log)
    assert process.wait(START_SECONDS) == 1
    assert 'storage.type is "etcd", want memory or kubernetes' in log.read_text()
