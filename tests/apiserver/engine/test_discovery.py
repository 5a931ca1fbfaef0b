"""What the server serves, when part of it is away, and definitions that come and go."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cp_ingress_core.errors import DiscoveryError
from cp_ingress_core.kube.cluster import Cluster
from tests.apiserver.engine.kit import Kit
from tests.apiserver.engine.objects import config_map, custom, definition
from tests.lighttier import LightApiserver

GROUP = "broken.example.com"


@pytest.fixture
def broken_api(apiserver: LightApiserver) -> Iterator[str]:
    """An aggregated API whose server is away."""
    service = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"v1.{GROUP}"},
        "spec": {
            "group": GROUP,
            "version": "v1",
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
            "service": {"name": "nobody", "namespace": "default"},
        },
    }
    path = "/apis/apiregistration.k8s.io/v1/apiservices"
    status, answer = apiserver.request("POST", path, service)
    assert status == 201, answer
    yield GROUP
    apiserver.request("DELETE", f"{path}/v1.{GROUP}")


def test_two_requests_tell_everything(kit: Kit) -> None:
    cluster = Cluster(kit.cluster.client, type(kit.cluster.discovery)(kit.cluster.client))
    kit.mark = kit.server.mark()

    for api_version, kind in (
        ("v1", "Secret"),
        ("apps/v1", "Deployment"),
        ("rbac.authorization.k8s.io/v1", "Role"),
    ):
        assert cluster.discovery.resource(api_version, kind).kind == kind

    assert sorted(event.uri for event in kit.requests()) == ["/api", "/apis"]


def test_broken_apiservice(kit: Kit, broken_api: str) -> None:
    """Kinds of others don't matter; of its own kinds nobody knows, so a run that needs them stops."""
    kit.cluster.discovery.forget()

    assert kit.apply([config_map("one", kit.namespace)])["changes"]
    with pytest.raises(DiscoveryError, match=f"{broken_api} does not answer"):
        kit.apply([config_map("one", kit.namespace), custom("Thing", broken_api, "x", kit.namespace)])
    assert kit.writes() == []


def test_a_broken_group_that_holds_members_stops_the_prune(kit: Kit, broken_api: str) -> None:
    kit.apply([config_map("one", kit.namespace)])
    kinds = {"applyset.kubernetes.io/contains-group-kinds": f"ConfigMap,Thing.{broken_api}"}
    kit.merge_patch(
        f"/api/v1/namespaces/{kit.namespace}/secrets/set",
        {"metadata": {"annotations": kinds}},
        manager="salt-cp-ingress-applyset",
    )

    with pytest.raises(DiscoveryError):
        kit.apply([])

    assert kit.names() == ["one"]


def test_a_definition_made_by_others_is_noticed(kit: Kit) -> None:
    group = f"{kit.namespace}.example.com"
    kit.cluster.discovery.refresh()
    kit.kubectl("create", "-f", "-", stdin=definition("Thing", group))
    kit.kubectl("wait", "--for=condition=Established", f"crd/things.{group}", "--timeout=20s")

    report = kit.apply([custom("Thing", group, "one", kit.namespace)])

    assert [change["action"] for change in report["changes"].values()] == ["created"]


def test_a_definition_and_its_objects_come_and_go_in_one_process(kit: Kit) -> None:
    group = f"{kit.namespace}.example.com"
    objects = [definition("Thing", group), custom("Thing", group, "one", kit.namespace)]
    for _ in range(2):
        assert len(kit.apply(objects)["changes"]) == 2
        kit.absent(prune_kinds=frozenset({"CustomResourceDefinition"}), wait=True)
