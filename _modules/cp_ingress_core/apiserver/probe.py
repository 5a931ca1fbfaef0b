"""HTTPS requests to an issuer and to this node's apiserver: one at a time, past any proxy."""

from __future__ import annotations

import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

LIMIT = 8 * 2**20


@dataclass(frozen=True)
class Answer:
    """What a request got: HTTP status and body, or with status 0 why there was none.

    ``distrusted`` says that the server's certificate was refused.
    """

    status: int
    body: bytes = b""
    problem: str = ""
    distrusted: bool = False


def trusting(ca_pem: str) -> ssl.SSLContext:
    """Return TLS that trusts the CAs of a PEM text alone; with "" the system's."""
    return ssl.create_default_context(cadata=ca_pem or None)


def anonymous(tls: ssl.SSLContext) -> ssl.SSLContext:
    """Return TLS that trusts the same CAs and shows no client certificate."""
    authorities = b"".join(tls.get_ca_certs(binary_form=True))
    # The system's CAs are looked up when they are needed, and not listed before.
    if not authorities:
        return ssl.create_default_context()
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    bare.load_verify_locations(cadata=authorities)
    return bare


def fetch(
    url: str,
    tls: ssl.SSLContext,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    lines: tuple[bytes, ...] = (),
    timeout: float = 5.0,
) -> Answer:
    """Send a GET, or with a `body` a POST, on a new connection; redirects are followed.

    url
        An https:// URL.
    tls
        What is trusted, and the client's certificate.
    lines
        Only lines that begin so are kept of the answer, which then may have any length.
    timeout
        Seconds for connecting and for each read.
    """
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=tls)
    )
    request = urllib.request.Request(url, data=body, headers={"User-Agent": "cp-ingress", **(headers or {})})  # noqa: S310
    try:
        with opener.open(request, timeout=timeout) as response:
            if lines:
                return Answer(response.status, b"".join(line for line in response if line.startswith(lines)))
            return Answer(response.status, response.read(LIMIT))
    except urllib.error.HTTPError as err:
        with err:
            return Answer(err.code, err.read(LIMIT))
    except urllib.error.URLError as err:
        if isinstance(err.reason, ssl.SSLCertVerificationError):
            return Answer(0, problem=f"certificate refused: {err.reason.verify_message}", distrusted=True)
        return Answer(0, problem=str(err.reason))
    except (OSError, http.client.HTTPException) as err:
        return Answer(0, problem=str(err) or type(err).__name__)
