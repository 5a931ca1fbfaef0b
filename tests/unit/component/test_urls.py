"""URLs at an earlier endpoint move to the new one, others stay as they are."""

from __future__ import annotations

from typing import Any

import pytest

from cp_ingress_core.component.urls import Origin, moved, origin_of

NEW = "https://10.200.0.60:8443"
FORMER = [Origin("https", "10.200.0.50", 8443), Origin("https", "fd00::50", 443)]


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://10.200.0.50:8443/oidc", ("https", "10.200.0.50", 8443)),
        ("https://Dex.Example", ("https", "dex.example", 443)),
        ("http://a/b", ("http", "a", 80)),
        ("https://[FD00:0:0::50]/x", ("https", "fd00::50", 443)),
        ('"https://a:1/"', ("https", "a", 1)),
        ("urn:ietf:wg:oauth:2.0:oob", None),
        ("/oidc", None),
        ("https://user:pw@a/", None),
        (5, None),
    ],
)
def test_origin(text: Any, origin: Any) -> None:
    assert origin_of(text) == origin


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("https://10.200.0.50:8443/a?b#c", f"{NEW}/a?b#c", id="path and query stay"),
        pytest.param("https://10.200.0.50:8443", NEW, id="the origin alone"),
        pytest.param("https://[fd00::50]/x", f"{NEW}/x", id="IPv6, default port"),
        pytest.param('"https://10.200.0.50:8443/x"', f'"{NEW}/x"', id="in quotes"),
        pytest.param("https://10.200.0.50:8444/a", "https://10.200.0.50:8444/a", id="another port"),
        pytest.param("https://10.200.0.501:8443/a", "https://10.200.0.501:8443/a", id="another host"),
        pytest.param("see https://10.200.0.50:8443/", "see https://10.200.0.50:8443/", id="in a sentence"),
        pytest.param("urn:ietf:wg:oauth:2.0:oob", "urn:ietf:wg:oauth:2.0:oob", id="no URL of ours"),
        pytest.param(
            {"https://10.200.0.50:8443/": {"en": "x"}, "b": 1},
            {f"{NEW}/": {"en": "x"}, "b": 1},
            id="a key, in its place",
        ),
        pytest.param(
            {"https://10.200.0.50:8443/": "old", f"{NEW}/": "new"}, {f"{NEW}/": "new"}, id="a key that exists"
        ),
        pytest.param([["https://10.200.0.50:8443/"]], [[f"{NEW}/"]], id="deep in lists"),
    ],
)
def test_moved(value: Any, expected: Any) -> None:
    result = moved(value, FORMER, NEW)
    assert result == expected
    if isinstance(expected, dict):
        assert list(result) == list(expected)
    assert moved(result, FORMER, NEW) == expected
