"""The Bootstrap file's content: what is accepted and what comes of it, what is refused and with which words.

Not covered here: files that are not YAML or cannot be read (test_bootstrap_file.py), anything at all as input
(test_bootstrap_properties.py), the pillar through Salt (tests/formula/test_pillar*.py).
"""

from __future__ import annotations

import pytest

from tests.unit.bootstrap_files import FILE, GOOD, HEADER, METALK8S, control_plane, errors_of, parse

IP_KEY = "networks.controlPlane.ingress.ip"
CIDR_KEY = "networks.controlPlane.cidr"

ACCEPTED = {
    "MetalLB with an IP inside the CIDR": (GOOD, (("10.200.0.0/24",), True, "10.200.0.50")),
    "external mode is the default": (
        control_plane("cidr: 10.200.0.0/24\ningress: {ip: 10.200.0.11}"),
        (("10.200.0.0/24",), False, "10.200.0.11"),
    ),
    "no ingress IP in external mode": (
        control_plane("cidr: 10.200.0.0/24"),
        (("10.200.0.0/24",), False, None),
    ),
    "empty sections": (
        control_plane("cidr: 10.200.0.0/24\nmetalLB:\ningress:"),
        (("10.200.0.0/24",), False, None),
    ),
    "an empty value is no value": (
        control_plane("cidr: 10.200.0.0/24\nmetalLB: {enabled: }\ningress: {ip: ~}"),
        (("10.200.0.0/24",), False, None),
    ),
    "several CIDRs in external mode, each once": (
        control_plane("cidr: [10.200.0.0/24, 10.201.0.0/24, 10.200.0.0/24]\ningress: {ip: 10.201.0.5}"),
        (("10.200.0.0/24", "10.201.0.0/24"), False, "10.201.0.5"),
    ),
    "a list of one CIDR with MetalLB": (
        control_plane("cidr: [10.200.0.0/24]\nmetalLB: {enabled: true}\ningress: {ip: 10.200.0.50}"),
        (("10.200.0.0/24",), True, "10.200.0.50"),
    ),
    "IPv6, brought into its short form": (
        control_plane("cidr: 'fd00:0::/64'\nmetalLB: {enabled: true}\ningress: {ip: 'FD00:0:0::50'}"),
        (("fd00::/64",), True, "fd00::50"),
    ),
    "YAML 1.1's yes is a boolean": (
        control_plane("cidr: 10.200.0.0/24\nmetalLB: {enabled: yes}\ningress: {ip: 10.200.0.50}"),
        (("10.200.0.0/24",), True, "10.200.0.50"),
    ),
    "both addresses of a /31": (
        control_plane("cidr: 10.200.0.0/31\nmetalLB: {enabled: true}\ningress: {ip: 10.200.0.0}"),
        (("10.200.0.0/31",), True, "10.200.0.0"),
    ),
    "a byte order mark": ("\ufeff" + GOOD, (("10.200.0.0/24",), True, "10.200.0.50")),
    "MetalK8s v1alpha2: the control plane is a CIDR": (
        METALK8S.replace("alpha3", "alpha2")
        + "networks: {controlPlane: 10.200.0.0/16, workloadPlane: 10.1.0.0/16}",
        (("10.200.0.0/16",), False, None),
    ),
    "MetalK8s with all its other sections": (
        control_plane(
            "cidr: 10.200.0.0/24\nmetalLB: {enabled: true}\ningress: {ip: 10.200.0.50}",
            METALK8S
            + "ca: {minion: one}\narchives: [/srv/metalk8s.iso]\nproxies: !custom {http: 2026-13-45}\n",
            "workloadPlane: {cidr: 10.1.0.0/24, mtu: 1500}\npods: 10.233.0.0/16\nservices: 10.96.0.0/12\n"
            "portmap: {cidr: [10.1.0.0/24]}",
        ),
        (("10.200.0.0/24",), True, "10.200.0.50"),
    ),
    "a merge key and an alias in MetalK8s' own sections": (
        control_plane("cidr: &cp 10.200.0.0/24", METALK8S, "workloadPlane: {<<: {mtu: 1}, cidr: *cp}"),
        (("10.200.0.0/24",), False, None),
    ),
}


@pytest.mark.parametrize(("text", "expected"), ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(text: str, expected: tuple[tuple[str, ...], bool, str | None]) -> None:
    networks = parse(text)
    assert (networks.cidrs, networks.metallb, networks.ip) == expected


def test_pod_and_service_networks_come_in_every_form() -> None:
    for written in ("10.96.0.0/12,fd01::/108", "[10.96.0.0/12, 'fd01::/108']", "'10.96.0.0/12, fd01::/108'"):
        networks = parse(
            control_plane("cidr: 10.200.0.0/24", after=f"services: {written}\npods: 10.233.0.0/16")
        )
        assert networks.services == ("10.96.0.0/12", "fd01::/108")
        assert networks.pods == ("10.233.0.0/16",)


NOTED = {
    "an external IP outside the CIDR": (
        control_plane("cidr: 10.200.0.0/24\ningress: {ip: 192.0.2.7}"),
        "networks.controlPlane.ingress.ip: found '192.0.2.7': it is outside 10.200.0.0/24",
    ),
    "a pod network that is none": (
        control_plane("cidr: 10.200.0.0/24", after="pods: everything"),
        "networks.pods: found 'everything': this is not a CIDR",
    ),
    "MetalK8s' tuning of its own controller": (
        control_plane("cidr: 10.200.0.0/24\ningress: {controller: {replicas: 3}}", METALK8S),
        "networks.controlPlane.ingress.controller: found a mapping: it is not read here",
    ),
}


@pytest.mark.parametrize(("text", "expected"), NOTED.values(), ids=NOTED)
def test_noted(text: str, expected: str) -> None:
    (note,) = parse(text).notes
    assert note.startswith(f"{FILE}: {expected}")


METALLB = "metalLB: {enabled: true}"


def with_ip(ip: str, mode: str = METALLB, cidr: str = "10.200.0.0/24", after: str = "") -> str:
    return control_plane(f"cidr: {cidr}\n{mode}\ningress: {{ip: {ip}}}", after=after)


# The file, then the key, the value found and the reason, each as it is written in the one error.
REFUSED = {
    "MetalLB without an ingress IP": (
        control_plane(f"cidr: 10.200.0.0/24\n{METALLB}"),
        (IP_KEY, "nothing", "MetalLB needs to know which IP to announce"),
    ),
    "several CIDRs with MetalLB": (
        with_ip("10.200.0.50", cidr="[10.200.0.0/24, 10.201.0.0/24]"),
        (CIDR_KEY, "'10.200.0.0/24, 10.201.0.0/24'", "layer 2 needs all masters in one network"),
    ),
    "with MetalLB an IP outside the CIDR": (
        with_ip("10.200.1.50"),
        (IP_KEY, "'10.200.1.50'", "it is outside 10.200.0.0/24"),
    ),
    "the network address": (
        with_ip("10.200.0.0"),
        (IP_KEY, "'10.200.0.0'", "it is the network address of 10.200.0.0/24"),
    ),
    "the broadcast address": (
        with_ip("10.200.0.255"),
        (IP_KEY, "'10.200.0.255'", "it is the broadcast address of 10.200.0.0/24"),
    ),
    "the broadcast address in external mode": (
        with_ip("10.200.0.255", mode="metalLB: {enabled: false}"),
        (IP_KEY, "'10.200.0.255'", "it is the broadcast address of 10.200.0.0/24"),
    ),
    "the routers' address in IPv6": (
        with_ip("'fd00::'", cidr="'fd00::/64'"),
        (IP_KEY, "'fd00::'", "it is the network address of fd00::/64"),
    ),
    "an IP with a mask": (
        with_ip("10.200.0.50/24"),
        (IP_KEY, "'10.200.0.50/24'", "an address has no mask"),
    ),
    "an IPv6 address in an IPv4 network": (
        with_ip("'fd00::50'"),
        (IP_KEY, "'fd00::50'", "IPv4 and IPv6 are mixed: networks.controlPlane.cidr is 10.200.0.0/24"),
    ),
    "an IPv4 address in an IPv6 network, in external mode too": (
        with_ip("10.200.0.50", mode="metalLB:", cidr="'fd00::/64'"),
        (IP_KEY, "'10.200.0.50'", "IPv4 and IPv6 are mixed"),
    ),
    "CIDRs of both families": (
        control_plane("cidr: [10.200.0.0/24, 'fd00::/64']"),
        (CIDR_KEY, "'10.200.0.0/24, fd00::/64'", "IPv4 and IPv6 are mixed"),
    ),
    "an IPv6 address with IPv4 Services": (
        with_ip("'fd00::50'", cidr="'fd00::/64'", after="services: 10.96.0.0/12"),
        (IP_KEY, "'fd00::50'", "IPv4 and IPv6 are mixed: networks.services is 10.96.0.0/12"),
    ),
    "an IPv4 address in IPv6 notation": (
        with_ip("'::ffff:10.200.0.50'"),
        (IP_KEY, "'::ffff:10.200.0.50'", "this is an IPv4 address in IPv6 notation"),
    ),
    "a loopback address": (with_ip("127.0.0.1"), (IP_KEY, "'127.0.0.1'", "this is a loopback address")),
    "IPv6's loopback address": (with_ip("'::1'"), (IP_KEY, "'::1'", "this is a loopback address")),
    "a multicast address": (with_ip("224.0.0.18"), (IP_KEY, "'224.0.0.18'", "this is a multicast address")),
    "the unspecified address": (with_ip("0.0.0.0"), (IP_KEY, "'0.0.0.0'", "this is the unspecified address")),  # noqa: S104
    "an address of this network": (
        with_ip("0.0.0.9"),
        (IP_KEY, "'0.0.0.9'", "this is the unspecified address"),
    ),
    "a link-local address": (
        with_ip("169.254.9.9"),
        (IP_KEY, "'169.254.9.9'", "this is a link-local address"),
    ),
    "the limited broadcast address": (
        with_ip("255.255.255.255"),
        (IP_KEY, "'255.255.255.255'", "this is a reserved address"),
    ),
    "an address with a zone": (
        with_ip("'fe80::1%eth0'"),
        (IP_KEY, "'fe80::1%eth0'", "this is not an IP address"),
    ),
    "an address with leading zeros": (
        with_ip("10.200.0.050"),
        (IP_KEY, "'10.200.0.050'", "this is not an IP address"),
    ),
    "a number": (with_ip("10.200"), (IP_KEY, "'10.200'", "this is not an IP address")),
    "a host name": (with_ip("ingress.local"), (IP_KEY, "'ingress.local'", "this is not an IP address")),
    "a list of IPs": (with_ip("[10.200.0.50]"), (IP_KEY, "['10.200.0.50']", "this is not an IP address")),
    "a pod's address": (
        with_ip("10.200.0.50", after="pods: 10.200.0.0/25"),
        (IP_KEY, "'10.200.0.50'", "it is inside networks.pods, 10.200.0.0/25"),
    ),
    "a Service's address": (
        with_ip("10.96.0.50", mode="metalLB:", after="services: [10.96.0.0/16]"),
        (IP_KEY, "'10.96.0.50'", "it is inside networks.services, 10.96.0.0/16"),
    ),
    "no CIDR": (
        control_plane("metalLB: {enabled: false}"),
        (CIDR_KEY, "nothing", "the control-plane network"),
    ),
    "an empty list of CIDRs": (control_plane("cidr: []"), (CIDR_KEY, "nothing", "the control-plane network")),
    "a CIDR with host bits": (
        control_plane("cidr: 10.200.0.11/24"),
        (CIDR_KEY, "'10.200.0.11/24'", "this is an address inside a network, not a network"),
    ),
    "a CIDR without a mask": (
        control_plane("cidr: 10.200.0.0"),
        (CIDR_KEY, "'10.200.0.0'", "the mask is missing"),
    ),
    "a CIDR that is none": (
        control_plane("cidr: 10.200.0/24"),
        (CIDR_KEY, "'10.200.0/24'", "this is not a CIDR"),
    ),
    "a boolean in quotes": (
        control_plane("cidr: 10.200.0.0/24\nmetalLB: {enabled: 'yes'}"),
        ("networks.controlPlane.metalLB.enabled", "'yes'", "this is not a boolean"),
    ),
    "a number for a boolean": (
        control_plane("cidr: 10.200.0.0/24\nmetalLB: {enabled: 1}"),
        ("networks.controlPlane.metalLB.enabled", "'1'", "this is not a boolean"),
    ),
    "a section that is no mapping": (
        control_plane("cidr: 10.200.0.0/24\nmetalLB: true"),
        ("networks.controlPlane.metalLB", "true", "this is not a mapping"),
    ),
    "an unknown key in the control plane": (
        control_plane("cidr: 10.200.0.0/24\nmetallb: {enabled: true}"),
        ("networks.controlPlane.metallb", "a mapping", "there is no such key"),
    ),
    "an unknown key in the ingress section": (
        control_plane("cidr: 10.200.0.0/24\ningress: {ipp: 10.200.0.50}"),
        ("networks.controlPlane.ingress.ipp", "'10.200.0.50'", "there is no such key"),
    ),
    "MetalK8s' controller key in a file of our own": (
        control_plane("cidr: 10.200.0.0/24\ningress: {controller: {}}"),
        ("networks.controlPlane.ingress.controller", "an empty mapping", "there is no such key"),
    ),
    "an unknown network": (
        control_plane("cidr: 10.200.0.0/24", after="service: 10.96.0.0/12"),
        ("networks.service", "'10.96.0.0/12'", "there is no such key"),
    ),
    "an unknown key at the top": (
        control_plane("cidr: 10.200.0.0/24", HEADER + "network: {}\n"),
        ("network", "an empty mapping", "there is no such key"),
    ),
    "the control plane as a plain CIDR in a file of our own": (
        HEADER + "networks: {controlPlane: 10.200.0.0/24}",
        ("networks.controlPlane", "'10.200.0.0/24'", "this is not a mapping"),
    ),
    "a control plane in another spelling": (
        METALK8S + "networks: {control_plane: {cidr: 10.200.0.0/24}}",
        ("networks.controlPlane", "nothing", "the control-plane network is needed"),
    ),
    "no networks": (METALK8S + "ca: {}", ("networks", "nothing", "this is not a mapping")),
    "the wrong kind": (
        GOOD.replace("BootstrapConfiguration", "ClusterConfiguration"),
        ("kind", "'ClusterConfiguration'", "this is not the header of a Bootstrap file"),
    ),
    "an unknown version": (
        METALK8S.replace("alpha3", "alpha1") + "networks: {controlPlane: {cidr: 10.200.0.0/24}}",
        ("apiVersion", "'metalk8s.scality.com/v1alpha1'", "this is not the header of a Bootstrap file"),
    ),
    "a merge key where keys are read": (
        METALK8S + "networks: {<<: {pods: 10.0.0.0/8}, controlPlane: {cidr: 10.200.0.0/24}}",
        ("networks.<<", "a mapping", "merge keys are not read here"),
    ),
    "a key twice": (
        control_plane("cidr: 10.200.0.0/24\ncidr: 10.201.0.0/24"),
        (CIDR_KEY, "in line 6", "it is in line 5 already"),
    ),
    "a key twice in another's section": (
        control_plane("cidr: 10.200.0.0/24", METALK8S, "workloadPlane: {mtu: 1, mtu: 2}"),
        ("networks.workloadPlane.mtu", "in line 6", "it is in line 6 already"),
    ),
    "data that refers to itself": (
        METALK8S + "loop: &loop [*loop]\nnetworks: {controlPlane: 10.200.0.0/24}",
        ("loop", "in line 3", "this refers to itself"),
    ),
}


@pytest.mark.parametrize(("text", "expected"), REFUSED.values(), ids=REFUSED)
def test_refused(text: str, expected: tuple[str, str, str]) -> None:
    key, found, why = expected
    (error,) = errors_of(text)
    assert error.startswith(f"{FILE}: {key}: found {found}: {why}")
    assert ". Allowed: " in error
    assert ". Remedy: " in error
    assert error.endswith(".")


def test_everything_wrong_is_said_at_once() -> None:
    text = "apiVersion: v1\nkind: Pod\nnetworks:\n  controlPlane:\n"
    text += "    cidr: [10.0.0.0, 10.1.0.1/24]\n    cidr: x\n"
    text += "    metalLB: {enabled: 'no', mode: l2}\n    ingres: {}\n    ingress: {ip: 10.0.0.1/8}\n"
    keys = [error.split(": ")[1] for error in errors_of(text)]
    base = "networks.controlPlane"
    assert sorted(keys) == sorted(
        [
            "apiVersion",
            "kind",
            CIDR_KEY,
            CIDR_KEY,
            f"{base}.metalLB.enabled",
            f"{base}.metalLB.mode",
            f"{base}.ingres",
            IP_KEY,
        ]
    )


def test_a_close_key_is_proposed() -> None:
    (error,) = errors_of(control_plane("cidr: 10.200.0.0/24\nMetallb: {enabled: true}"))
    assert error.endswith("Remedy: write metalLB, if that is meant.")
