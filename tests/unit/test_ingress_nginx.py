"""What NGINX is told to serve for a change: the issuers' documents, and where browsers are sent.

The snippets are read as NGINX reads them, see tests/unit/nginx.py. Not covered here: NGINX itself (the tests
on the real cluster).
"""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_ingress_core import ingress_nginx
from cp_ingress_core.endpoint import Endpoint
from tests.unit import nginx

OLD = Endpoint("metallb", "10.200.0.50", 8443)
NEW = Endpoint("metallb", "10.200.0.60", 8443)
OLD6 = Endpoint("metallb", "fd00::50", 8443)
NEW6 = Endpoint("external", "fd00:50::", 443)
HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def server(old: list[Endpoint], new: Endpoint, issuers: tuple[str, ...] = ()) -> nginx.Server:
    documents = ingress_nginx.documents(issuers, new)
    return nginx.Server.of(ingress_nginx.snippets(documents, old, new))


def test_each_issuers_document_is_found_where_the_apiserver_is_sent() -> None:
    issuers = (OLD.issuer, NEW.issuer)
    found = ingress_nginx.discovery(issuers, NEW)
    assert [entry["url"] for entry in found] == list(issuers)
    asked = server([OLD], NEW, issuers)
    for entry in found:
        url, _, path = entry["discovery_url"].partition("/cp-ingress/")
        assert url == NEW.url
        status, text = asked.ask("GET", "10.200.0.60:8443", f"/cp-ingress/{path}")
        document = json.loads(text)
        assert (status, document["issuer"]) == (200, entry["url"])
        # One Dex with one set of keys answers under either issuer's host.
        assert document["jwks_uri"] == f"{NEW.issuer}/keys"
        assert document["id_token_signing_alg_values_supported"] == ["RS256"]


def test_a_document_is_served_as_json() -> None:
    (location,) = nginx.parse(
        ingress_nginx.snippets(ingress_nginx.documents([NEW.issuer], NEW), [], NEW)["server-snippet"]
    )
    assert (location.name, location.arguments[0]) == ("location", "=")
    assert ("default_type", ("application/json",)) in [
        (inner.name, inner.arguments) for inner in location.inner or ()
    ]


def test_the_path_of_a_document_says_whose_it_is() -> None:
    (path,) = ingress_nginx.documents([OLD.issuer], NEW)
    assert path == "/cp-ingress/issuers/10-200-0-50-8443-oidc/.well-known/openid-configuration"


def test_issuers_that_differ_by_colons_alone_have_documents_of_their_own() -> None:
    """fd00::50 and fd00:50:: shared one, so that tokens of one of them could not be verified."""
    near = [OLD6.issuer, Endpoint("metallb", "fd00:50::", 8443).issuer]
    assert len(ingress_nginx.documents(near, NEW)) == 2


def test_nothing_to_serve_needs_no_snippet() -> None:
    assert ingress_nginx.snippets({}, [], NEW) == {}
    assert ingress_nginx.snippets({}, [NEW], NEW) == {}


def test_another_port_or_mode_on_the_same_host_redirects_nothing() -> None:
    """NGINX knows hosts without their ports: what leads to the same host would go round in circles."""
    for old in (Endpoint("metallb", NEW.ip, 443), Endpoint("external", NEW.ip, 8443)):
        assert ingress_nginx.snippets({}, [old], NEW) == {}


# The request, and where it leads; None where it is served as if nothing changed.
REQUESTS = [
    pytest.param("GET", "10.200.0.50:8443", "/", HTML, "/", id="a browser on the old front page"),
    pytest.param("HEAD", "10.200.0.50:8443", "/", HTML, "/", id="a browser that asks for the head alone"),
    pytest.param(
        "GET", "10.200.0.50", "/ui/a%20b?x=1&y=%2F", HTML, "/ui/a%20b?x=1&y=%2F", id="path and query"
    ),
    pytest.param("GET", "10.200.0.50:8443", "//other.example/", HTML, "//other.example/", id="two slashes"),
    pytest.param("GET", "10.200.0.50:8443", "/oidcs", HTML, "/oidcs", id="beside the issuer's paths"),
    pytest.param("GET", "10.200.0.60:8443", "/", HTML, None, id="the new host"),
    pytest.param("GET", "10x200x0x50:8443", "/", HTML, None, id="a host that only looks like the old one"),
    pytest.param("GET", "10.200.0.5", "/", HTML, None, id="the beginning of the old host"),
    pytest.param("GET", "10.200.0.500", "/", HTML, None, id="more than the old host"),
    pytest.param("GET", "110.200.0.50", "/", HTML, None, id="the end of another host"),
    pytest.param("POST", "10.200.0.50:8443", "/", HTML, None, id="a form"),
    pytest.param("DELETE", "10.200.0.50:8443", "/x", HTML, None, id="a deletion"),
    pytest.param("OPTIONS", "10.200.0.50:8443", "/", HTML, None, id="a preflight of CORS"),
    pytest.param("get", "10.200.0.50:8443", "/", HTML, None, id="a method that is none"),
    pytest.param("GET", "10.200.0.50:8443", "/api", "application/json", None, id="an API call"),
    pytest.param("GET", "10.200.0.50:8443", "/api", "*/*", None, id="curl"),
    pytest.param("GET", "10.200.0.50:8443", "/api", "", None, id="no Accept at all"),
    pytest.param("GET", "10.200.0.50:8443", "/oidc", HTML, None, id="the issuer"),
    pytest.param("GET", "10.200.0.50:8443", "/oidc/auth?client_id=ui", HTML, None, id="a login"),
    pytest.param("GET", "10.200.0.50:8443", "/oidc/callback/ldap?code=1", HTML, None, id="a login's return"),
    pytest.param("GET", "10.200.0.50:8443", "/cp-ingress/x", HTML, None, id="the static documents' paths"),
]


@pytest.mark.parametrize(("method", "host", "uri", "accept", "leads_to"), REQUESTS)
def test_only_navigations_on_an_old_host_are_redirected(
    method: str, host: str, uri: str, accept: str, leads_to: str | None
) -> None:
    other = Endpoint("external", "192.0.2.7", 443)
    answer = server([OLD, other], NEW, (OLD.issuer, NEW.issuer)).ask(method, host, uri, accept)
    assert answer == ((302, f"{NEW.url}{leads_to}") if leads_to else (0, ""))


def test_a_browser_on_the_old_host_can_read_a_static_document() -> None:
    (entry, _) = ingress_nginx.discovery((OLD.issuer, NEW.issuer), NEW)
    path = entry["discovery_url"].removeprefix(NEW.url)
    status, _ = server([OLD], NEW, (OLD.issuer, NEW.issuer)).ask("GET", "10.200.0.50:8443", path, HTML)
    assert status == 200


@pytest.mark.parametrize(
    ("host", "redirected"),
    [("[fd00::50]:8443", True), ("[FD00::50]", True), ("[fd00:50::]:443", False), ("[fd00::5]:8443", False)],
)
def test_ipv6_hosts_are_in_brackets(host: str, redirected: bool) -> None:
    answer = server([OLD6], NEW6).ask("GET", host, "/ui", HTML)
    assert answer == ((302, "https://[fd00:50::]:443/ui") if redirected else (0, ""))


ENDPOINTS = st.builds(
    Endpoint,
    st.sampled_from(["metallb", "external"]),
    st.ip_addresses().map(str),
    st.integers(1, 65535),
)


@given(old=st.lists(ENDPOINTS, max_size=4), new=ENDPOINTS)
def test_any_endpoints_make_a_configuration_that_nginx_reads(old: list[Endpoint], new: Endpoint) -> None:
    issuers = tuple(dict.fromkeys(endpoint.issuer for endpoint in (*old, new)))
    documents = ingress_nginx.documents(issuers, new)
    assert len(documents) == len(issuers)
    found = ingress_nginx.snippets(documents, old, new)
    # A dollar sign in a document would be taken for a variable, a quote would end it.
    assert not any({"$", "'"} & {*text} for text in documents.values())
    asked = nginx.Server.of(found)
    for path, text in documents.items():
        assert asked.ask("GET", new.host, path) == (200, text)
    for endpoint in old:
        redirected = asked.ask("GET", endpoint.host, "/", HTML)
        assert redirected == ((0, "") if endpoint.host == new.host else (302, f"{new.url}/"))
    assert asked.ask("GET", new.host, "/", HTML) == (0, "")
