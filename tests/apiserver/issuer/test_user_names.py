"""Whichever claim makes the user's name: it is the same with the old issuer's token and with the new one's.

The identity provider is the test's own key: tokens with a `preferred_username` are not what every Dex gives.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.apiserver.issuer.conftest import Issuer
from tests.apiserver.issuer.kit import CLIENT, Ingress, Node
from tests.lighttier.credentials import Authority

USER = {"sub": "CgJ1MRIFbG9jYWw", "email": "admin@example.test", "preferred_username": "admin"}


def coded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class Provider:
    """An identity provider that moves from one address to another, with its key."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(65537, 2048)

    def serve_at(self, ingress: Ingress) -> str:
        """Publish discovery and key under an address; return the issuer there."""
        numbers = self._key.public_key().public_numbers()
        parts = {
            name: coded(value.to_bytes((value.bit_length() + 7) // 8, "big"))
            for name, value in (("n", numbers.n), ("e", numbers.e))
        }
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1", **parts}
        keys = ingress.publish("/oidc/keys", {"keys": [key]})
        ingress.publish(
            "/oidc/.well-known/openid-configuration", {"issuer": ingress.issuer, "jwks_uri": keys}
        )
        return ingress.issuer

    def token(self, issuer: str) -> str:
        """A token of the user, valid for an hour."""
        now = int(time.time())
        said: dict[str, Any] = {"iss": issuer, "aud": CLIENT, "iat": now, "exp": now + 3600, **USER}
        signed = ".".join(coded(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": "1"}, said))
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{coded(signature)}"


@pytest.fixture(scope="module")
def provider() -> Provider:
    return Provider()


@pytest.fixture(scope="module")
def issuers(provider: Provider, authority: Authority) -> Iterator[list[str]]:
    """The issuer at its old and at its new address; no other server is behind either."""
    addresses = [Ingress(authority, backend=1) for _ in range(2)]
    yield [provider.serve_at(address) for address in addresses]
    for address in addresses:
        address.close()


@pytest.mark.parametrize("claim", USER)
def test_a_user_has_one_name_with_both_issuers(
    node: Node, issuer: Issuer, provider: Provider, issuers: list[str], claim: str
) -> None:
    widened = issuer(*issuers, username_claim=claim)
    assert widened["result"] is True, widened
    names = [node.whoami(provider.token(each)) for each in issuers]
    assert names == [(201, f"oidc:{USER[claim]}")] * 2


def test_the_name_of_the_last_claim_stays_when_the_old_issuer_goes(
    node: Node, issuer: Issuer, provider: Provider, issuers: list[str]
) -> None:
    old, new = issuers
    before = node.whoami(provider.token(new))
    narrowed = issuer(new)
    assert narrowed["result"] is True, narrowed
    assert node.whoami(provider.token(new)) == before == (201, "oidc:admin")
    assert node.whoami(provider.token(old))[0] == 401
