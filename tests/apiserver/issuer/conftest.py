"""A node, an ingress at an old and a new address, and Dex behind both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.apiserver.engine.salt_runner import SaltRunner
from tests.apiserver.issuer.kit import Dex, Ingress, Node, log_in
from tests.lighttier.credentials import Authority


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    node = Node(tmp_path_factory.mktemp("node"))
    try:
        node.open()
        yield node
    finally:
        node.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The CA of the ingress."""
    return Authority(tmp_path_factory.mktemp("ingress"))


@pytest.fixture(scope="module")
def dex(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dex]:
    dex = Dex(tmp_path_factory.mktemp("dex"), {"type": "memory"})
    try:
        yield dex
    finally:
        dex.close()


@pytest.fixture(scope="module")
def old(authority: Authority, dex: Dex) -> Iterator[Ingress]:
    """The endpoint that Dex's issuer has at first."""
    ingress = Ingress(authority, dex.port)
    dex.start(ingress.issuer)
    yield ingress
    ingress.close()


@pytest.fixture(scope="module")
def new(authority: Authority, dex: Dex) -> Iterator[Ingress]:
    """Another endpoint, with the same Dex behind it."""
    ingress = Ingress(authority, dex.port)
    yield ingress
    ingress.close()


class Issuer:
    """The state under test, on one node."""

    def __init__(self, salt: SaltRunner, node: Node, ca: Path) -> None:
        self.salt, self.node, self.ca = salt, node, ca

    def __call__(self, *issuers: str | dict[str, Any], test: bool = False, **more: Any) -> dict[str, Any]:
        given = [{"url": each} if isinstance(each, str) else each for each in issuers]
        arguments = {"client_id": "console", "ca_file": str(self.ca), **self.node.arguments, **more}
        return self.salt.state("kube_apiserver.oidc_issuer", test=test, issuers=given, **arguments)


@pytest.fixture
def issuer(salt: SaltRunner, node: Node, authority: Authority) -> Issuer:
    return Issuer(salt, node, authority.certificate)


@pytest.fixture(scope="module")
def salt(node: Node, tmp_path_factory: pytest.TempPathFactory) -> SaltRunner:
    return SaltRunner(tmp_path_factory.mktemp("salt"), node.apiserver.kubeconfig)


@pytest.fixture(scope="module")
def token(old: Ingress, authority: Authority) -> str:
    """A real token of the old issuer."""
    return log_in(old.issuer, authority.certificate)
