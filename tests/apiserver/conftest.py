"""Fixtures of the tests that need an API and no node."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from salt._logging import shutdown_temp_handler

from cp_ingress_core.kube.cluster import Cluster
from tests.apiserver.engine.kit import Kit
from tests.apiserver.engine.salt_runner import SaltRunner
from tests.lighttier import LightApiserver

HERE = Path(__file__).parent
_numbers = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.apiserver)


@pytest.fixture(scope="session")
def apiserver() -> Iterator[LightApiserver]:
    """A light-tier apiserver, shared by all tests of the session."""
    server = LightApiserver()
    try:
        server.open()
        yield server
    finally:
        server.close()


@pytest.fixture
def namespace(apiserver: LightApiserver) -> Iterator[str]:
    """The name of a namespace that this test alone uses; its workloads are gone afterwards."""
    name = f"test-{next(_numbers)}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    status, answer = apiserver.request("POST", "/api/v1/namespaces", body)
    assert status == 201, answer
    yield name
    # What preflight finds in the whole cluster must not be another test's.
    for kind in ("deployments", "daemonsets"):
        apiserver.request("DELETE", f"/apis/apps/v1/namespaces/{name}/{kind}")


@pytest.fixture(scope="session", autouse=True)
def no_second_log() -> None:
    """Salt keeps every warning of a process to print them at its end, when pytest has closed the streams."""
    shutdown_temp_handler()


@pytest.fixture(scope="session")
def cluster(apiserver: LightApiserver) -> Cluster:
    """A connection as cluster administrator."""
    return Cluster.connect(str(apiserver.kubeconfig))


@pytest.fixture
def kit(apiserver: LightApiserver, cluster: Cluster, namespace: str) -> Kit:
    """A namespace and a set of the test's own."""
    return Kit(apiserver, cluster, namespace)


@pytest.fixture(scope="session")
def salt(apiserver: LightApiserver, tmp_path_factory: pytest.TempPathFactory) -> SaltRunner:
    """Salt, masterless, with this repository's modules."""
    folder: Path = tmp_path_factory.mktemp("salt")
    return SaltRunner(folder, apiserver.kubeconfig)
