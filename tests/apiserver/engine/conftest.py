"""Fixtures of the engine's tests on a real apiserver."""

from __future__ import annotations

from pathlib import Path

import pytest
from salt._logging import shutdown_temp_handler

from cp_ingress_core.kube.cluster import Cluster
from tests.apiserver.engine.kit import Kit
from tests.apiserver.engine.salt_runner import SaltRunner
from tests.lighttier import LightApiserver


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


@pytest.fixture(params=[False, True], ids=["run", "test"])
def testmode(request: pytest.FixtureRequest) -> bool:
    """Both modes of every state."""
    return bool(request.param)
