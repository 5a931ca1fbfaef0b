"""TLS as clients of the sandbox speak it."""

from __future__ import annotations

import ssl


def context(authorities: str | None) -> ssl.SSLContext:
    """A context that trusts the certificates of a PEM text and checks names; with None it accepts anybody.

    The latter reads no authorities: those of a system take longer to read than a request takes.
    """
    if authorities is not None:
        return ssl.create_default_context(cadata=authorities)
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    found.check_hostname = False
    found.verify_mode = ssl.CERT_NONE
    return found
