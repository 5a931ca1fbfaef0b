"""Discovery documents and keys that an apiserver can use, and the token that it must refuse."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from cp_ingress_core.apiserver import oidc
from cp_ingress_core.apiserver.wanted import Claims, Issuer
from cp_ingress_core.errors import ApiserverError, IssuerError
from tests.unit.pki import make_ca

ISSUER = Issuer("https://a.test/oidc")
GOOD = {"issuer": ISSUER.url, "jwks_uri": "https://a.test/oidc/keys"}

DOCUMENTS = {
    "another issuer": ({**GOOD, "issuer": "https://b.test"}, "IssuerMismatch"),
    "a slash more": ({**GOOD, "issuer": f"{ISSUER.url}/"}, "IssuerMismatch"),
    "no issuer": ({"jwks_uri": GOOD["jwks_uri"]}, "IssuerMismatch"),
    "a list": ([], "IssuerMismatch"),
    "no keys": ({"issuer": ISSUER.url}, "InvalidDiscovery"),
    "keys without TLS": ({**GOOD, "jwks_uri": "http://a.test/keys"}, "InvalidDiscovery"),
}


@pytest.mark.parametrize(("document", "reason"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_document_that_an_apiserver_would_not_take(document: Any, reason: str) -> None:
    with pytest.raises(IssuerError) as caught:
        oidc.keys_of(document, ISSUER)
    assert (caught.value.info["reason"], caught.value.info["issuer"]) == (reason, ISSUER.url)


def test_the_keys_of_a_document() -> None:
    assert oidc.keys_of(GOOD, ISSUER) == GOOD["jwks_uri"]


@pytest.mark.parametrize(
    "document",
    [{}, [], {"keys": []}, {"keys": [{"kty": "oct"}]}, {"keys": [{"kty": "RSA", "use": "enc"}]}],
    ids=["none", "a list", "empty", "a secret", "for encryption"],
)
def test_keys_that_verify_nothing(document: Any) -> None:
    with pytest.raises(IssuerError) as caught:
        oidc.check_keys(document, ISSUER, "https://a.test/keys")
    assert caught.value.info["reason"] == "InvalidKeys"


@pytest.mark.parametrize("key", [{"kty": "RSA"}, {"kty": "EC", "use": "sig"}])
def test_keys_that_verify(key: dict[str, str]) -> None:
    oidc.check_keys({"keys": [{"kty": "oct"}, key]}, ISSUER, "https://a.test/keys")


def test_the_forged_token_is_right_in_all_but_its_key() -> None:
    claims = Claims(("console", "kubectl"), "email", "oidc:", "", "")
    first, second = (oidc.forged_token(ISSUER.url, claims, 1000.5) for _ in range(2))
    assert first != second
    header, payload, signature = first.split(".")
    read = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, payload)]
    assert read[0]["alg"] == "RS256"
    assert (read[1]["iss"], read[1]["aud"], read[1]["exp"]) == (ISSUER.url, "console", 1600)
    assert len(base64.urlsafe_b64decode(signature + "==")) == 256


def test_only_certificates_are_published() -> None:
    ca = make_ca()
    assert oidc.certificates_of(ca.key_pem + ca.certificate_pem, "file") == ca.certificate_pem
    with pytest.raises(ApiserverError, match="holds no PEM certificate"):
        oidc.certificates_of(ca.key_pem, "file")
