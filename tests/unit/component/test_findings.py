"""What a change of the endpoint means for the components, told before it."""

from __future__ import annotations

from typing import Any

import pytest

from cp_ingress_core.component import findings
from cp_ingress_core.component.reading import read_component
from cp_ingress_core.component.urls import Origin
from cp_ingress_core.component.values import Endpoint
from cp_ingress_core.findings import Findings
from cp_ingress_core.preflight import Finding

OLD, NEW = Endpoint.of("https://10.200.0.50:8443"), Endpoint.of("https://10.200.0.60:8443")
FORMER = [Origin("https", "10.200.0.50", 8443)]
TWO: dict[str, Any] = {"kind": "Deployment", "metadata": {"name": "dex"}, "spec": {"replicas": 2}}


def config(**more: Any) -> dict[str, Any]:
    return {"issuer": OLD.issuer, "storage": {"type": "kubernetes"}, **more}


def connector(**settings: Any) -> dict[str, Any]:
    return {"id": "corp", "type": "oidc", "config": {"redirectURI": f"{OLD.issuer}/callback", **settings}}


def webauthn(**settings: Any) -> dict[str, Any]:
    return {"authenticators": [{"id": "keys", "type": "WebAuthn", "config": settings}, {"type": "TOTP"}]}


@pytest.mark.parametrize(
    ("settings", "workload", "ids"),
    [
        pytest.param({}, TWO, [], id="nothing to tell"),
        pytest.param({"storage": {"type": "memory"}}, TWO, ["dex-memory-storage"], id="storage in memory"),
        pytest.param({}, {**TWO, "spec": {}}, ["dex-single-replica"], id="one replica by default"),
        pytest.param({}, {**TWO, "spec": {"replicas": 1}}, ["dex-single-replica"], id="one replica"),
        pytest.param({"connectors": [connector()]}, TWO, ["dex-connector-redirect"], id="a connector"),
        pytest.param(
            {"connectors": [{"id": "l", "type": "ldap"}]}, TWO, [], id="a connector without redirect"
        ),
        pytest.param({"mfa": webauthn()}, TWO, ["dex-webauthn"], id="keys bound to the issuer's host"),
        pytest.param({"mfa": webauthn(rpID="10.200.0.50")}, TWO, ["dex-webauthn"], id="keys bound by name"),
        pytest.param(
            {"mfa": webauthn(rpID="sso.corp.example")}, TWO, [], id="keys bound to a name that stays"
        ),
        pytest.param({"sessions": {"a": 1}}, TWO, ["dex-logout-hint"], id="sessions"),
        pytest.param(
            {"staticClients": [{"id": "ui", "postLogoutRedirectURIs": ["x"]}]},
            TWO,
            ["dex-logout-hint"],
            id="a client that logs out",
        ),
        pytest.param({"connectors": None, "mfa": [], "staticClients": "x"}, None, [], id="odd shapes"),
    ],
)
def test_dex(settings: dict[str, Any], workload: Any, ids: list[str]) -> None:
    found = findings.check_dex(config(**settings), workload, NEW, FORMER)
    assert [finding.id for finding in found] == ids
    assert {finding.level for finding in found} <= {"warning"}


def test_without_a_change_only_what_is_always_so_is_told() -> None:
    risky = config(connectors=[connector()], mfa=webauthn(), storage={"type": "memory"})
    assert [finding.id for finding in findings.check_dex(risky, TWO, OLD, [])] == ["dex-memory-storage"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param(connector(issuer="https://login.corp.example/x"), "at login.corp.example", id="issuer"),
        pytest.param(connector(hostName="git.corp.example"), "at git.corp.example", id="a host name"),
        pytest.param(connector(), "at the provider (oidc)", id="unknown"),
        pytest.param({**connector(), "type": "saml"}, "assertion consumer service URLs", id="SAML"),
    ],
)
def test_a_connectors_warning_says_what_to_do_where(given: dict[str, Any], words: str) -> None:
    (finding,) = findings.check_dex_connectors(config(connectors=[given]), NEW, FORMER)
    assert "'corp'" in finding.evidence and "https://10.200.0.50:8443/oidc/callback" in finding.evidence
    assert words in finding.remedy
    assert "https://10.200.0.60:8443/oidc/callback" in finding.remedy


def test_a_document_that_still_names_the_old_address_is_told_by_its_paths() -> None:
    data = config(frontend={"logoURL": f"{OLD.url}/logo-hunter2.svg"}, list=[{OLD.url: "x"}])
    refusals = Findings()
    component = read_component("dex", {"preset": "dex"}, "x", refusals)
    assert component is not None
    former = findings.earlier(component, data, [], NEW)
    assert former == set(FORMER)
    (finding,) = findings.check_document(component, data, NEW, former)
    assert "frontend.logoURL, list[0].https://10.200.0.50:8443" in finding.evidence
    assert "hunter2" not in str(finding)


def test_a_path_that_leads_nowhere_is_told() -> None:
    component = read_component("ui", {"preset": "metalk8s-ui"}, "x", Findings())
    assert component is not None
    (finding,) = findings.check_document(component, {"options": {}}, NEW, FORMER)
    assert (finding.id, "oidc.redirectUrl" in finding.evidence) == ("component-path", True)


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        (["--oidc-issuer-url=https://old/oidc"], ["oauth2-proxy-flag"]),
        (["--oidc-issuer-url", "https://old/oidc", "--redirect-url=x"], ["oauth2-proxy-flag"] * 2),
        (["--http-address=0.0.0.0:4180", "--oidc-issuer-urls=x"], []),
    ],
    ids=["one flag", "both flags", "neither"],
)
def test_flags_that_win_over_our_variables_are_told(arguments: list[str], ids: list[str]) -> None:
    component = read_component("proxy", {"preset": "oauth2-proxy"}, "x", Findings())
    assert component is not None
    containers = [{"name": "oauth2-proxy", "args": arguments}, {"name": "other"}]
    workload = {"kind": "Deployment", "spec": {"template": {"spec": {"containers": containers}}}}
    found: list[Finding] = findings.check_flags(component, workload)
    assert [finding.id for finding in found] == ids
    assert findings.check_flags(component, None) == []
