"""Before pods that read custom resources are replaced, every apiserver is made ready to answer for those."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from cp_ingress_core.kube import storages
from cp_ingress_core.kube.cluster import Cluster
from tests.apiserver.component import shapes
from tests.apiserver.component.conftest import Place
from tests.apiserver.test_dex import wait_until_served
from tests.lighttier import LightApiserver
from tests.sandbox.sso.storage import GROUP, custom_resource_definitions


@pytest.fixture
def definitions(apiserver: LightApiserver) -> Iterator[int]:
    """Dex's own kinds; how many there are."""
    found = custom_resource_definitions()
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": found})
    apiserver.kubectl("apply", "-f", "-", stdin=text)
    wait_until_served(apiserver)
    yield len(found)
    apiserver.kubectl("delete", "-f", "-", stdin=text)


@pytest.fixture
def cluster(apiserver: LightApiserver) -> Cluster:
    return Cluster.connect(str(apiserver.kubeconfig))


def test_each_apiserver_is_asked_for_each_kind_and_one_that_is_away_holds_nothing_up(
    cluster: Cluster, place: Place, definitions: int
) -> None:
    here = (cluster.client.transport.route.host, cluster.client.transport.route.port)
    place.kit.mark = place.kit.server.mark()
    assert storages.open_at(cluster, [here, ("127.0.0.1", 1)], GROUP, place.namespace) == definitions
    asked = {event.uri.partition("?")[0] for event in place.kit.requests() if GROUP in event.uri}
    assert len(asked) == definitions
    assert all(f"/namespaces/{place.namespace}/" in uri for uri in asked)


def test_a_user_who_may_not_list_them_goes_on_without(
    apiserver: LightApiserver, place: Place, definitions: int
) -> None:
    other = Cluster.connect(str(apiserver.kubeconfig_for("somebody")))
    here = (other.client.transport.route.host, other.client.transport.route.port)
    assert storages.open_at(other, [here], GROUP, place.namespace) == 0


def test_where_nobody_serves_such_kinds_nothing_is_asked(cluster: Cluster, place: Place) -> None:
    here = (cluster.client.transport.route.host, cluster.client.transport.route.port)
    place.kit.mark = place.kit.server.mark()
    assert storages.open_at(cluster, [here], "nobody.example.com", place.namespace) == 0
    assert [event.uri for event in place.kit.requests() if "nobody" in event.uri] == []


def test_the_apiservers_are_looked_up_only_when_pods_are_about_to_be_replaced(
    place: Place, testmode: bool
) -> None:
    place.install(*shapes.dex(place.namespace))
    entry = {"preset": "dex"}

    def lookups() -> list[str]:
        return [event.verb for event in place.kit.requests() if "endpointslices/kubernetes" in event.uri]

    assert place.configured(entry, test=testmode)["changes"] != {}
    assert lookups() == ([] if testmode else ["get"])
    if not testmode:
        assert place.configured(entry)["changes"] == {}
        assert lookups() == []
