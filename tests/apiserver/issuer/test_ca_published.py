"""The issuers' CA in a ConfigMap, for every master."""

from __future__ import annotations

from pathlib import Path

import pytest
from salt.exceptions import CommandExecutionError

from tests.apiserver.issuer.conftest import Issuer
from tests.apiserver.issuer.kit import Ingress, Node
from tests.lighttier.credentials import Authority

CONFIG_MAP = "/api/v1/namespaces/cp-ingress/configmaps/cp-ingress-ca"


@pytest.fixture
def empty(node: Node) -> Node:
    """The node's cluster with the namespace and nothing published."""
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "cp-ingress"}}
    node.apiserver.request("POST", "/api/v1/namespaces", body)
    node.apiserver.request("DELETE", CONFIG_MAP)
    return node


def test_the_certificate_is_published_and_its_key_is_not(
    empty: Node, issuer: Issuer, authority: Authority, tmp_path: Path, testmode: bool
) -> None:
    both, certificate = tmp_path / "ca.pem", authority.certificate.read_text()
    both.write_text(authority.server(["127.0.0.1"]).key.read_text() + certificate)
    result = issuer.salt.state("kube_apiserver.ca_published", ca_file=str(both), test=testmode)
    assert result["result"] is (None if testmode else True), result
    status, found = empty.apiserver.request("GET", CONFIG_MAP)
    assert status == (404 if testmode else 200)
    assert testmode or found["data"] == {"ca.crt": certificate}


def test_a_certificate_that_is_not_made_yet(issuer: Issuer, tmp_path: Path, testmode: bool) -> None:
    result = issuer.salt.state("kube_apiserver.ca_published", ca_file=str(tmp_path / "no"), test=testmode)
    assert result["result"] is (None if testmode else False), result


def test_an_issuer_is_looked_at_with_the_published_certificate(
    empty: Node, issuer: Issuer, old: Ingress, authority: Authority
) -> None:
    kubeconfig = str(empty.apiserver.kubeconfig)
    with pytest.raises(CommandExecutionError) as caught:
        issuer.salt.call("kube_apiserver.probe", old.issuer, kubeconfig=kubeconfig)
    assert caught.value.info["reason"] == "CertificateRefused"
    issuer.salt.state("kube_apiserver.ca_published", ca_file=str(authority.certificate))
    found = issuer.salt.call("kube_apiserver.probe", old.issuer, kubeconfig=kubeconfig)
    assert found == {"issuer": old.issuer, "keys": f"{old.issuer}/keys"}
