"""An endpoint in IPv6, on a cluster of both families: deployed, its IP and its mode changed.

Not covered: who answers neighbour solicitations (tests/unit/test_arp.py asks real ones).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

import pytest

from tests.apiserver.transitions.world import Wish, World, world

A, B = Wish("fd00:200::50", True), Wish("fd00:200::60", True)
C = Wish("fd00:200::70", False)
MASTERS = {"master-1": "fd00:200::11", "master-2": "fd00:200::12", "master-3": "fd00:200::13"}


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A cluster whose Services can have either family; its masters' addresses are IPv6."""
    families = "--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112"
    with world(tmp_path_factory.mktemp("world"), families, masters=MASTERS) as found:
        yield found


@pytest.mark.parametrize(
    "wish", [A, B, C, A], ids=["a first deployment", "another IP", "external mode", "and back"]
)
def test_an_endpoint_in_ipv6(there: World, wish: Wish) -> None:
    there.wish(wish)
    there.apply()
    assert there.services() == [wish.service]
    spec = there.service(wish)["spec"]
    assert (spec["ipFamilies"], spec["ipFamilyPolicy"]) == (["IPv6"], "SingleStack")
    assert spec.get("externalIPs") == (None if wish.metallb else [wish.ip])
    assert there.pool() == ([f"{wish.ip}/128"] if wish.metallb else [])
    (name,) = there.certificate_names()
    assert ipaddress.ip_address(name) == ipaddress.ip_address(wish.ip)
    url = f"https://[{wish.ip}]:8443"
    assert there.record()["current"] == f"{url} ({'metallb' if wish.metallb else 'external'})"
    found = there.call("cp_ingress_change.transition")
    assert (found["issuers"], found["changing"]) == ([f"{url}/oidc"], False)
    again = there.apply()
    assert {name: result["changes"] for name, result in again.items() if result["changes"]} == {}
