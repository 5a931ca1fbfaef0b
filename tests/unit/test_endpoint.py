"""The endpoint: every name that follows from mode, IP and port, and what is no endpoint."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_ingress_core.endpoint import Endpoint
from cp_ingress_core.errors import ConfigError

NAMES = {
    "MetalLB, IPv4": (
        Endpoint("metallb", "10.200.0.50", 8443),
        {
            "host": "10.200.0.50",
            "url": "https://10.200.0.50:8443",
            "issuer": "https://10.200.0.50:8443/oidc",
            "pool_cidr": "10.200.0.50/32",
            "san": "IP:10.200.0.50",
            "slug": "10-200-0-50",
            "service_name": "cp-metallb-10-200-0-50",
        },
    ),
    "external, the port of HTTPS": (
        Endpoint("external", "10.200.0.11", 443),
        {"url": "https://10.200.0.11:443", "service_name": "cp-external-10-200-0-11"},
    ),
    "IPv6": (
        Endpoint("metallb", "fd00::50", 8443),
        {
            "host": "[fd00::50]",
            "url": "https://[fd00::50]:8443",
            "issuer": "https://[fd00::50]:8443/oidc",
            "pool_cidr": "fd00::50/128",
            "san": "IP:fd00::50",
            "slug": "fd00-0000-0000-0000-0000-0000-0000-0050",
            "service_name": "cp-metallb-fd00-0000-0000-0000-0000-0000-0000-0050",
        },
    ),
    "an IPv6 address that ends in colons": (
        Endpoint("external", "fd00::", 8443),
        {"slug": "fd00-0000-0000-0000-0000-0000-0000-0000", "host": "[fd00::]"},
    ),
}


@pytest.mark.parametrize(("endpoint", "expected"), NAMES.values(), ids=NAMES)
def test_names(endpoint: Endpoint, expected: dict[str, str]) -> None:
    assert {name: getattr(endpoint, name) for name in expected} == expected


def test_a_person_reads_url_and_mode() -> None:
    assert str(Endpoint("external", "fd00::50", 8443)) == "https://[fd00::50]:8443 (external)"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"mode": "bgp", "ip": "10.200.0.50", "port": 8443}, id="a mode that there is not"),
        pytest.param({"mode": "metallb", "ip": "10.200.0.500", "port": 8443}, id="no IP"),
        pytest.param({"mode": "metallb", "ip": "10.200.0.50/24", "port": 8443}, id="a mask behind the IP"),
        pytest.param({"mode": "metallb", "ip": 180879410, "port": 8443}, id="an IP as a number"),
        pytest.param({"mode": "metallb", "ip": "fe80::1%eth0", "port": 8443}, id="a zone"),
        pytest.param({"mode": "metallb", "ip": "10.200.0.50"}, id="no port"),
        pytest.param({"mode": "metallb", "ip": "10.200.0.50", "port": "8443"}, id="a port in quotes"),
    ],
)
def test_what_is_no_endpoint_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="this is not an endpoint"):
        Endpoint.from_dict(data)


def test_an_endpoint_that_was_made_of_no_ip_says_so() -> None:
    with pytest.raises(ConfigError, match="'ingress': this is not an IP address"):
        _ = Endpoint("metallb", "ingress", 8443).url


def test_an_endpoint_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Endpoint("metallb", "10.200.0.50", 8443).port = 1  # type: ignore[misc]


ENDPOINTS = st.builds(
    Endpoint,
    st.sampled_from(["metallb", "external"]),
    st.ip_addresses().map(str),
    st.integers(1, 65535),
)


@given(endpoint=ENDPOINTS)
def test_plain_data_is_read_back(endpoint: Endpoint) -> None:
    assert Endpoint.from_dict(endpoint.to_dict()) == endpoint


@given(one=ENDPOINTS, two=ENDPOINTS)
def test_a_service_is_named_after_one_mode_and_ip_by_a_dns_label(one: Endpoint, two: Endpoint) -> None:
    assert re.fullmatch(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])", one.service_name)
    same = (one.mode, one.ip) == (two.mode, two.ip)
    assert (one.service_name == two.service_name) == same
