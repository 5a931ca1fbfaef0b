"""Single sign-on in the sandbox: its objects, and logging in at a Dex that behaves as told."""

from __future__ import annotations

import base64
import json
import urllib.parse

import pytest
import yaml

from tests.sandbox.client import Response
from tests.sandbox.sso import LoginError, claims, console, dex, flow, login

BASE = "https://10.200.0.50:8443/oidc"


def by_kind(items):
    return {item["kind"]: item for item in items}


def test_dexs_configuration_names_the_ip_in_issuer_and_redirect_uri_only():
    found = by_kind(dex.manifests("10.200.0.50"))
    text = base64.b64decode(found["Secret"]["data"]["config.yaml"]).decode()
    config = yaml.safe_load(text)
    assert config["issuer"] == BASE
    clients = {client["id"]: client for client in config["staticClients"]}
    assert clients["console"]["redirectURIs"] == ["https://10.200.0.50:8443/console/callback"]
    assert clients["kubernetes"]["trustedPeers"] == ["console"]
    assert text.count("10.200.0.50") == 2
    assert "10.200.0.50" not in json.dumps({kind: found[kind] for kind in found if kind != "Secret"})


def test_dex_keeps_its_state_in_the_cluster_and_runs_twice_on_two_nodes():
    spec = by_kind(dex.manifests("10.200.0.50"))["Deployment"]["spec"]
    assert spec["replicas"] == 2
    affinity = spec["template"]["spec"]["affinity"]["podAntiAffinity"]
    assert "requiredDuringSchedulingIgnoredDuringExecution" in affinity
    assert dex.configuration("10.200.0.50")["storage"] == {
        "type": "kubernetes",
        "config": {"inCluster": True},
    }


def test_an_ipv6_endpoint_has_brackets():
    assert dex.issuer("fd00:c8::50") == "https://[fd00:c8::50]:8443/oidc"
    assert console.url("fd00:c8::50") == "https://[fd00:c8::50]:8443/console/"


def test_two_variables_of_the_console_follow_the_endpoint():
    deployment = by_kind(console.manifests("10.200.0.50", "PEM"))["Deployment"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    moving = {item["name"] for item in container["env"] if "10.200.0.50" in item.get("value", "")}
    assert moving == {"ISSUER", "REDIRECT_URL"}


class Dex:
    """Answers as Dex does, with one thing of it changed: the real one is asked on the real cluster."""

    def __init__(self, **changed):
        self.changed = changed

    def __call__(self, url, ca, *, timeout, method, headers, body):
        path = urllib.parse.urlsplit(url).path
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
        if path == "/oidc/auth":
            self.state, self.callback = query["state"], query["redirect_uri"]
            return self.answer("auth", 302, location="/oidc/auth/local?req=r1")
        if path == "/oidc/auth/local" and method == "GET":
            return self.answer("form", 200, b'<form method="post" action="/oidc/auth/local?req=r1&amp;x=1">')
        if path == "/oidc/auth/local":
            return self.answer("login", 303, location="/oidc/approval?req=r1")
        if path == "/oidc/approval":
            state = self.changed.get("state", self.state)
            return self.answer("approval", 303, location=f"{self.callback}?code=c1&state={state}")
        return self.answer("token", 200, json.dumps({"id_token": "a.b.c", "access_token": "d"}).encode())

    def answer(self, step, status, body=b"", **headers):
        status, body = self.changed.get(step, (status, body))
        return Response(status, headers if status in (302, 303) else {}, body, b"")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        pytest.param({"auth": (400, b"")}, "oidc/auth: status 400", id="the request is refused"),
        pytest.param({"form": (200, b"down")}, "no form to log in with", id="another page than the form"),
        pytest.param({"login": (200, b"")}, "a redirect was expected", id="a wrong password"),
        pytest.param({"state": "other"}, "without a code", id="the state of another login"),
        pytest.param({"token": (401, b"")}, "oidc/token: status 401", id="the client's secret is wrong"),
    ],
)
def test_a_login_that_fails_says_where(monkeypatch, changed, message):
    monkeypatch.setattr(flow, "https", Dex(**changed))
    with pytest.raises(LoginError, match=message):
        login(BASE, None)


def test_a_tokens_claims_are_read_whatever_their_length():
    for text in ("", "x", "xx", "xxx"):
        payload = base64.urlsafe_b64encode(json.dumps({"sub": text}).encode()).decode().rstrip("=")
        assert claims(f"h.{payload}.s") == {"sub": text}
