"""Who uses a MetalLB besides us."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cp_ingress_core import objects
from cp_ingress_core.endpoint import Endpoint
from cp_ingress_core.errors import ApiError, DiscoveryError
from cp_ingress_core.metallb import KINDS, foreign_users

OURS = Endpoint("metallb", "10.200.0.50", 8443)


def item(name: str, namespace: str = "metallb-system") -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace}}


def service(name: str, *, address: str = "", kind: str = "LoadBalancer", **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "web", "annotations": more.pop("annotations", None)}
    status = {"loadBalancer": {"ingress": [{"ip": address}]} if address else {}}
    return {"metadata": metadata, "spec": {"type": kind, **more}, "status": status}


POOL = {
    "IPAddressPool": [item("control-plane-ingress-ip")],
    "L2Advertisement": [item("control-plane-ingress-ip")],
}
USERS: dict[str, tuple[Mapping[str, list[dict[str, Any]]], list[str]]] = {
    "nobody": ({}, []),
    "our own pool and Services": (
        {
            **POOL,
            "Service": [
                objects.service(OURS, "cp-ingress"),
                objects.service(Endpoint("external", "10.200.0.11", 8443), "cp-ingress", exposure="status"),
            ],
        },
        [],
    ),
    "another pool": ({"IPAddressPool": [item("web")]}, ["IPAddressPool metallb-system/web"]),
    "a pool of our name in another namespace": (
        {"IPAddressPool": [item("control-plane-ingress-ip", "lb")]},
        ["IPAddressPool lb/control-plane-ingress-ip"],
    ),
    "advertisements and peers": (
        {"BGPAdvertisement": [item("a")], "BGPPeer": [item("b")], "L2Advertisement": [item("c")]},
        [
            "L2Advertisement metallb-system/c",
            "BGPAdvertisement metallb-system/a",
            "BGPPeer metallb-system/b",
        ],
    ),
    "a Service that has an address": (
        {"Service": [service("shop", address="10.200.0.70")]},
        ["Service web/shop"],
    ),
    "a Service that asks MetalLB for one": (
        {"Service": [service("shop", annotations={"metallb.io/address-pool": "web"})]},
        ["Service web/shop"],
    ),
    "a Service that asks for one in the words of earlier versions": (
        {"Service": [service("shop", annotations={"metallb.universe.tf/address-pool": "web"})]},
        ["Service web/shop"],
    ),
    "a Service that nobody gives an address": ({"Service": [service("shop")]}, []),
    "a Service of another load balancer": (
        {"Service": [service("shop", address="192.0.2.7", loadBalancerClass="example.com/cloud")]},
        [],
    ),
    "Services inside the cluster": (
        {"Service": [service("db", kind="ClusterIP"), {**item("dns", "web")}]},
        [],
    ),
}


@pytest.mark.parametrize(("cluster", "expected"), USERS.values(), ids=USERS)
def test_users(cluster: Mapping[str, list[dict[str, Any]]], expected: list[str]) -> None:
    assert foreign_users(lambda _, kind: cluster.get(kind, []), "metallb-system") == expected


def test_a_kind_that_this_metallb_does_not_know_is_used_by_nobody() -> None:
    def read(api_version: str, kind: str) -> list[dict[str, Any]]:
        if (api_version, kind) in KINDS and kind != "IPAddressPool":
            raise DiscoveryError(f"no {kind}")
        return [item("web")] if kind == "IPAddressPool" else []

    assert foreign_users(read, "metallb-system") == ["IPAddressPool metallb-system/web"]


def test_what_may_not_be_asked_is_not_taken_for_nobody() -> None:
    def read(_: str, kind: str) -> list[dict[str, Any]]:
        raise ApiError(f"{kind} is forbidden", status=403)

    with pytest.raises(ApiError):
        foreign_users(read, "metallb-system")
