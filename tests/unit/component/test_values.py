"""The endpoint as components see it, and the values that name it."""

from __future__ import annotations

from typing import Any

import pytest

from cp_ingress_core.component.values import Endpoint, filled, unknown_names
from cp_ingress_core.errors import ConfigError

ENDPOINT = Endpoint.of("https://10.200.0.50:8443")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("{url}/grafana/", "https://10.200.0.50:8443/grafana/", id="the URL"),
        pytest.param("{issuer}", "https://10.200.0.50:8443/oidc", id="the issuer"),
        pytest.param("{ip} {host} {port}", "10.200.0.50 10.200.0.50 8443", id="the parts"),
        pytest.param("a {{b}} {{url}}", "a {b} {url}", id="doubled braces are braces"),
        pytest.param({"a": ["{port}", 1, None]}, {"a": ["8443", 1, None]}, id="inside of mappings and lists"),
        pytest.param("plain", "plain", id="nothing to fill in"),
    ],
)
def test_filled(value: Any, expected: Any) -> None:
    assert unknown_names(value) == []
    assert filled(value, ENDPOINT) == expected


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        pytest.param("{uri}", ["{uri}"], id="another name"),
        pytest.param("{}", ["{}"], id="no name"),
        pytest.param("{url.__class__}", ["{url.__class__}"], id="an attribute"),
        pytest.param("{url!r}", ["{url!r}"], id="a conversion"),
        pytest.param("a { b", ["{"], id="a brace alone"),
        pytest.param({"x": ["}"]}, ["}"], id="inside"),
    ],
)
def test_unknown_names(value: Any, wrong: list[str]) -> None:
    assert unknown_names(value) == wrong


def test_the_endpoint_of_an_ipv6_url() -> None:
    endpoint = Endpoint.of("https://[fd00::50]:8443/", "https://idp.example/x")
    assert (endpoint.url, endpoint.ip, endpoint.host) == ("https://[fd00::50]:8443", "fd00::50", "[fd00::50]")
    assert (endpoint.port, endpoint.issuer) == ("8443", "https://idp.example/x")


@pytest.mark.parametrize(
    "url", ["http://10.200.0.50:8443", "10.200.0.50", "https://10.200.0.50:8443/x", "", None], ids=str
)
def test_what_is_no_endpoint_is_refused(url: Any) -> None:
    with pytest.raises(ConfigError, match="this is not an endpoint"):
        Endpoint.of(url)
