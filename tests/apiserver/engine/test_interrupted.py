"""A run that breaks off after any of its writes is finished by running it again, and leaks nothing."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from cp_ingress_core.errors import CpIngressError
from cp_ingress_core.kube.cluster import Cluster
from tests.apiserver.engine.kit import Kit
from tests.apiserver.engine.objects import config_map, custom, definition, deployment, secret, service_account
from tests.lighttier.faults import FaultProxy

WRITES = ("PATCH", "DELETE", "PUT", "POST")


class _BreaksAfter:
    """Matches every request from the write after `writes` on."""

    def __init__(self, writes: int) -> None:
        self.left = writes

    def __call__(self, method: str, path: str) -> bool:
        if method in WRITES and "dryRun" not in path:
            self.left -= 1
        return self.left < 0


def _first(kit: Kit) -> list[dict[str, Any]]:
    return [
        config_map("changed", kit.namespace, a="1"),
        config_map("dropped", kit.namespace),
        service_account("dropped", kit.namespace),
        secret("same", kit.namespace, a="1"),
    ]


def _second(kit: Kit) -> list[dict[str, Any]]:
    group = f"{kit.namespace}.example.com"
    return [
        config_map("changed", kit.namespace, a="2"),
        secret("same", kit.namespace, a="1"),
        definition("Thing", group),
        custom("Thing", group, "new", kit.namespace),
        deployment("new", kit.namespace),
    ]


@pytest.mark.parametrize("writes", range(8))
def test_broken_off_after_any_write(kit: Kit, tmp_path: Path, writes: int) -> None:
    kit.apply(_first(kit))
    with FaultProxy(kit.server, tmp_path) as proxy:
        proxy.add(_BreaksAfter(writes), times=10_000, refuse=True)
        broken = dataclasses.replace(kit, cluster=Cluster.connect(str(proxy.kubeconfig)).patient(0.1))
        try:
            broken.apply(_second(kit))
            finished = True
        except CpIngressError as err:
            finished = False
            assert "changes" in err.info
    # Widened, four objects (the Secret is unchanged), two deleted, narrowed: the run has eight writes.
    assert not finished

    kit.apply(_second(kit))

    assert kit.names() == ["changed"]
    assert kit.names("serviceaccounts") == []
    kinds = kit.annotations()["contains-group-kinds"].split(",")
    group = f"{kit.namespace}.example.com"
    assert set(kinds) == {
        "ConfigMap",
        "CustomResourceDefinition.apiextensions.k8s.io",
        "Deployment.apps",
        "Secret",
        f"Thing.{group}",
    }
    assert (kit.apply(_second(kit))["changes"], kit.writes()) == ({}, [])
