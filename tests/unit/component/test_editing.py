"""What changes inside a document when the endpoint changes."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from cp_ingress_core.component.editing import edited, formerly
from cp_ingress_core.component.paths import PathError
from cp_ingress_core.component.presets import PRESETS
from cp_ingress_core.component.urls import Origin
from cp_ingress_core.component.values import Endpoint

NEW = Endpoint.of("https://10.200.0.60:8443")
OLD = "https://10.200.0.50:8443"
DEX = PRESETS["dex"]["document"]
CONFIG: dict[str, Any] = {
    "issuer": f"{OLD}/oidc",
    "connectors": [{"id": "corp", "config": {"redirectURI": f"{OLD}/oidc/callback"}}, {"id": "ldap"}],
    "staticClients": [
        {"id": "ui", "redirectURIs": [f"{OLD}/", "https://10.0.0.11:8443/", "urn:ietf:wg:oauth:2.0:oob"]},
        {"id": "cli", "redirectURIs": ["http://localhost:8000"], "secret": f"{OLD}/no-redirect"},
        {"id": "public", "public": True},
    ],
}


def dex(config: dict[str, Any], *previous: Origin) -> Any:
    return edited(config, DEX["set"], DEX["move"], NEW, previous)


def test_dex_moves_issuer_and_redirects_of_the_endpoint_it_had() -> None:
    before = copy.deepcopy(CONFIG)
    after = dex(CONFIG)
    assert before == CONFIG
    assert after["issuer"] == "https://10.200.0.60:8443/oidc"
    assert after["connectors"][0]["config"]["redirectURI"] == "https://10.200.0.60:8443/oidc/callback"
    assert after["staticClients"][0]["redirectURIs"] == [
        "https://10.200.0.60:8443/",
        "https://10.0.0.11:8443/",
        "urn:ietf:wg:oauth:2.0:oob",
    ]
    assert after["staticClients"][1:] == CONFIG["staticClients"][1:]
    assert dex(after) == after


def test_previous_endpoints_move_too() -> None:
    after = dex(CONFIG, Origin("https", "10.0.0.11", 8443))
    assert after["staticClients"][0]["redirectURIs"][1] == "https://10.200.0.60:8443/"


def test_where_the_values_pointed_is_where_the_endpoint_was() -> None:
    sets = {"issuer": "{issuer}", "name": "Corp", "port": "{port}"}
    data = {"issuer": f"{OLD}/oidc", "name": "https://elsewhere/", "port": "8443"}
    assert formerly(data, sets) == {Origin("https", "10.200.0.50", 8443)}
    assert formerly({"u": f'"{OLD}/"'}, {"u": '"{url}/"'}) == {Origin("https", "10.200.0.50", 8443)}


@pytest.mark.parametrize(
    ("data", "sets", "after"),
    [
        pytest.param({}, {"a": "{port}"}, {"a": "8443"}, id="a new key"),
        pytest.param({"a": "8443"}, {"a": 8443}, {"a": "8443"}, id="the same, spelled as it is"),
        pytest.param({"a": "true"}, {"a": True}, {"a": "true"}, id="a boolean in YAML's spelling"),
        pytest.param({"a": None}, {"a": "x"}, {"a": "x"}, id="an empty value"),
        pytest.param(
            {"l": [{"n": "x"}, {"n": "y"}]},
            {"l[n=y].v": "{ip}"},
            {"l": [{"n": "x"}, {"n": "y", "v": "10.200.0.60"}]},
            id="in one item of a list",
        ),
    ],
)
def test_values_are_set(data: Any, sets: dict[str, Any], after: Any) -> None:
    assert edited(data, sets, [], NEW) == after


@pytest.mark.parametrize("path", ["oidc.redirectUrl", "clients[id=x].uri"])
def test_a_value_without_a_place_is_refused(path: str) -> None:
    with pytest.raises(PathError, match="what it lies in is not there"):
        edited({"clients": []}, {path: "x"}, [], NEW)
