"""Fixtures of the tests that need an API and no node."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

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
def namespace(apiserver: LightApiserver) -> str:
    """The name of a namespace that this test alone uses."""
    name = f"test-{next(_numbers)}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    status, answer = apiserver.request("POST", "/api/v1/namespaces", body)
    assert status == 201, answer
    return name
