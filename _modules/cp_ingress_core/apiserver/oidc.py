"""Is an issuer fit for an apiserver, seen from this node? And a token that makes an apiserver prove that it
thinks so too.
"""

from __future__ import annotations

import base64
import json
import os
import ssl
import time
import uuid
from typing import Any

from cp_ingress_core.apiserver.probe import Answer, fetch, trusting
from cp_ingress_core.apiserver.wanted import Claims, Issuer
from cp_ingress_core.errors import ApiserverError, IssuerError

IN_A_ROW = 3
PAUSE_SECONDS = 0.1
TOKEN_SECONDS = 600
PATIENCE_SECONDS = 15.0


def probe(
    issuer: Issuer, ca_pem: str, *, times: int = IN_A_ROW, patience: float = 0.0, timeout: float = 5.0
) -> str:
    """Fetch an issuer's discovery document and keys as an apiserver would, several times in a row.

    One good answer may come from a replica that is about to go, a few in a row on new connections do not. A
    bad one may come from a replica that has just begun.

    issuer
        Where; its document must name exactly its URL.
    ca_pem
        The CA to trust; "" trusts the system's.
    times
        How often in a row.
    patience
        Seconds after which the next bad answer is final.
    timeout
        Seconds for each connection and read.

    Returns the URL of its keys. Raises IssuerError, whose ``info`` has ``reason`` (IssuerUnreachable,
    CertificateRefused, IssuerMismatch, InvalidDiscovery, InvalidKeys) and ``issuer``.
    """
    tls = trusting(ca_pem)
    end = time.monotonic() + patience
    good = 0
    while True:
        try:
            keys_url = _look(issuer, tls, timeout)
            good += 1
        except IssuerError:
            if time.monotonic() >= end:
                raise
            good = 0
        if good >= times:
            return keys_url
        time.sleep(PAUSE_SECONDS)


def _look(issuer: Issuer, tls: ssl.SSLContext, timeout: float) -> str:
    """Fetch document and keys once; return the keys' URL."""
    document = _json(issuer, issuer.discovery, fetch(issuer.discovery, tls, timeout=timeout))
    keys_url = keys_of(document, issuer)
    check_keys(_json(issuer, keys_url, fetch(keys_url, tls, timeout=timeout)), issuer, keys_url)
    return keys_url


def keys_of(document: Any, issuer: Issuer) -> str:
    """Return the URL of the keys that a discovery document names, when it is that of the issuer."""
    named = document.get("issuer") if isinstance(document, dict) else None
    if named != issuer.url:
        raise _error(
            issuer, "IssuerMismatch", f"{issuer.discovery} names the issuer {named!r}: the two must be equal"
        )
    keys = document.get("jwks_uri")
    if not isinstance(keys, str) or not keys.startswith("https://"):
        raise _error(issuer, "InvalidDiscovery", f"{issuer.discovery} names no https:// jwks_uri")
    return keys


def check_keys(document: Any, issuer: Issuer, where: str) -> None:
    """Refuse a set of keys without a key to verify signatures with."""
    keys = document.get("keys") if isinstance(document, dict) else None
    usable = [
        key
        for key in (keys if isinstance(keys, list) else [])
        if isinstance(key, dict) and key.get("kty") in ("RSA", "EC", "OKP") and key.get("use", "sig") == "sig"
    ]
    if not usable:
        raise _error(issuer, "InvalidKeys", f"{where} holds no key to verify signatures with")


def forged_token(issuer: str, claims: Claims, now: float) -> str:
    """Return a token with the right issuer and audience, a key nobody has and a signature that fits nothing.

    An apiserver refuses it, but only after it looked for that key at the issuer; each call makes another
    token, so that none is refused out of a cache.
    """
    header = {"alg": "RS256", "typ": "JWT", "kid": f"cp-ingress-proof-{uuid.uuid4()}"}
    payload = {
        "iss": issuer,
        "aud": claims.audiences[0],
        "sub": "cp-ingress-proof",
        "iat": int(now),
        "exp": int(now) + TOKEN_SECONDS,
        "jti": str(uuid.uuid4()),
    }
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in (header, payload)]
    return ".".join(
        base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in [*parts, os.urandom(256)]
    )


def _json(issuer: Issuer, where: str, answer: Answer) -> Any:
    if answer.distrusted:
        raise _error(
            issuer,
            "CertificateRefused",
            f"{where}: {answer.problem}: its certificate must name that host and come from the CA given",
        )
    if answer.status != 200:
        why = answer.problem or f"HTTP status {answer.status}"
        raise _error(issuer, "IssuerUnreachable", f"{where} does not answer this node: {why}")
    try:
        return json.loads(answer.body)
    except ValueError:
        raise _error(issuer, "InvalidDiscovery", f"{where} answers something that is not JSON") from None


def _error(issuer: Issuer, reason: str, message: str) -> IssuerError:
    return IssuerError(message, reason=reason, issuer=issuer.url)


def certificates_of(text: str, where: str) -> str:
    """Return the certificates of a PEM text, and nothing else of it; raises ApiserverError without any."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        found = x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        raise ApiserverError(f"{where} holds no PEM certificate", reason="InvalidCa") from None
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in found)
