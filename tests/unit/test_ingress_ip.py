"""The ingress IP beside this machine's addresses and beside a live cluster."""

from __future__ import annotations

import pytest

from cp_ingress_core.errors import ConfigError
from cp_ingress_core.ingress_ip import conflicts
from cp_ingress_core.networks import Networks, with_default_ip

NODES = {"n1": ["10.200.0.11", "n1"], "n2": ["10.200.0.12", "fd00::12"], "n3": []}
PODS = ["10.244.0.0/24", "10.244.1.0/24", "fd01::/64", "no CIDR"]
SERVICES = ["10.96.0.0/16"]

CONFLICTS = {
    "a free address": (True, "10.200.0.50", []),
    "a node's address with MetalLB": (True, "10.200.0.11", ["node n1 has this address"]),
    "a node's IPv6 address with MetalLB, in another form": (True, "fd00:0::12", ["node n2 has this address"]),
    "a node's address in external mode": (False, "10.200.0.11", []),
    "a pod's address": (False, "10.244.1.7", ["it is inside the pod network 10.244.1.0/24"]),
    "a Service's address": (True, "10.96.255.255", ["it is inside the Service network 10.96.0.0/16"]),
    "no address": (True, "ingress", ["this is not an IP address"]),
}


@pytest.mark.parametrize(("metallb", "ip", "expected"), CONFLICTS.values(), ids=CONFLICTS)
def test_conflicts(metallb: bool, ip: str, expected: list[str]) -> None:
    found = conflicts(metallb, ip, NODES, PODS, SERVICES)
    assert len(found) == len(expected)
    for text, why in zip(found, expected, strict=True):
        assert text.startswith(f"networks.controlPlane.ingress.ip: found {ip!r}: {why}. Allowed: ")
        assert ". Remedy: " in text


def test_every_conflict_is_named() -> None:
    nodes = {"n2": ["10.200.0.11"], "n1": ["10.200.0.11"]}
    found = conflicts(True, "10.200.0.11", nodes, ["10.200.0.0/16"], ["10.0.0.0/8"])
    assert [text.split(": ")[2].split(". ")[0] for text in found] == [
        "node n1 has this address",
        "node n2 has this address",
        "it is inside the pod network 10.200.0.0/16",
        "it is inside the Service network 10.0.0.0/8",
    ]


def external(*cidrs: str, pods: tuple[str, ...] = (), ip: str | None = None) -> Networks:
    return Networks(cidrs=cidrs, metallb=False, ip=ip, pods=pods, notes=("kept",))


DEFAULTS = {
    "the one address inside": (["192.0.2.1", "10.200.0.11", "fe80::1"], "10.200.0.11"),
    "reported twice": (["10.200.0.11", "10.200.0.11"], "10.200.0.11"),
    "IPv6": (["fd00:0::11", "10.9.9.9"], "fd00::11"),
    "what is no address is skipped": (["lo", "10.200.0.11"], "10.200.0.11"),
}


@pytest.mark.parametrize(("addresses", "expected"), DEFAULTS.values(), ids=DEFAULTS)
def test_default_ip(addresses: list[str], expected: str) -> None:
    networks = with_default_ip(external("fd00::/64" if ":" in expected else "10.200.0.0/24"), addresses)
    assert networks.ip == expected
    assert networks.notes == ("kept",)


def test_a_named_ip_stays() -> None:
    named = external("10.200.0.0/24", ip="10.200.0.50")
    assert with_default_ip(named, ["10.200.0.11"]) is named


NO_DEFAULT = {
    "no address inside": (["192.0.2.1"], "found nothing: without it", "this machine has none"),
    "several inside": (
        ["10.200.0.11", "10.201.0.11", "192.0.2.1"],
        "found nothing: without it",
        "this machine has 10.200.0.11, 10.201.0.11",
    ),
    "the one inside is a pod's": (
        ["10.200.0.200"],
        "found '10.200.0.200'",
        "it is inside networks.pods, 10.200.0.128/25",
    ),
}


@pytest.mark.parametrize(("addresses", "found", "why"), NO_DEFAULT.values(), ids=NO_DEFAULT)
def test_no_default_ip(addresses: list[str], found: str, why: str) -> None:
    networks = external("10.200.0.0/24", "10.201.0.0/24", pods=("10.200.0.128/25",))
    with pytest.raises(ConfigError) as caught:
        with_default_ip(networks, addresses)
    (error,) = caught.value.info["errors"]
    assert error.startswith(f"networks.controlPlane.ingress.ip: {found}")
    assert why in error
    assert ". Remedy: " in error
