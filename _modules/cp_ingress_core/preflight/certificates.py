"""Certificates: the user's own in its Secret, and those that are issued here."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cp_ingress_core import certificates
from cp_ingress_core.certificates import Certificate
from cp_ingress_core.errors import ConfigError
from cp_ingress_core.preflight.model import Finding, error, warning


@dataclass(frozen=True)
class Issued:
    """The certificates on this machine; None for a file that does not exist."""

    ca: Certificate | None = None
    ca_key: bool = False
    server: Certificate | None = None
    ca_path: str = ""
    server_path: str = ""
    unreadable: tuple[str, ...] = ()


def check_tls_secret(
    secret: Mapping[str, Any] | None, name: str, host: str, now: datetime.datetime, renew_before_days: int
) -> list[Finding]:
    """Check the user's own TLS Secret.

    secret
        ``{"tls.crt": PEM}``, or None when there is no such Secret.
    name
        Its ``namespace/name``, for the messages.
    host
        The ingress IP that it must serve.
    now
        The time to judge by, aware.
    renew_before_days
        From how many days before expiry to warn.
    """
    remedy = f"put a certificate for {host} and its key into the TLS Secret {name}"
    if secret is None:
        return [error("tls-secret-missing", f"there is no Secret {name}", remedy)]
    try:
        certificate = certificates.parse(secret.get("tls.crt", ""))
    except ConfigError as err:
        return [error("tls-secret-unreadable", f"tls.crt of Secret {name} is {err}", remedy)]
    found = [
        error("tls-secret-unfit", f"Secret {name}: {problem}", remedy)
        for problem in certificates.problems(certificate, host, now)
    ]
    left = certificate.not_after - now
    if not found and left < datetime.timedelta(days=renew_before_days):
        found.append(
            warning("tls-secret-expires", f"the certificate in {name} expires in {left.days} days", remedy)
        )
    return found


def check_issued(
    issued: Issued, host: str, now: datetime.datetime, renew_before_days: int, *, serves: bool
) -> list[Finding]:
    """Check the managed CA and server certificate on this machine.

    host
        The ingress IP.
    serves
        Whether the endpoint stands: then clients meet this certificate now. During a change of the IP it is
        about to be issued again.
    """
    findings = [
        error(
            "certificate-unreadable", text, "restore the file from its backup, or remove it to have it issued"
        )
        for text in issued.unreadable
    ]
    if issued.ca is not None:
        findings += _check_ca(issued, issued.ca, now, renew_before_days)
    if serves and issued.server is not None:
        findings += [
            warning(
                "server-certificate-unfit",
                f"{issued.server_path}: {problem}",
                "this run issues it again; until then clients refuse it",
            )
            for problem in certificates.problems(issued.server, host, now)
        ]
    return findings


def _check_ca(issued: Issued, ca: Certificate, now: datetime.datetime, margin: int) -> list[Finding]:
    findings = []
    if not issued.ca_key:
        findings.append(
            error(
                "ca-key-missing",
                f"{issued.ca_path} is there and its key is not: a new CA would be made, which no client"
                " trusts",
                "restore the key from its backup; or remove the certificate too, and have every client trust"
                " the"
                " new CA",
            )
        )
    left = ca.not_after - now
    remedy = (
        "plan the change of the CA: remove its key and certificate, apply cp_ingress.certs, and have every"
        " client"
        " trust the new one"
    )
    if left < datetime.timedelta(0):
        findings.append(error("ca-expired", f"{issued.ca_path} expired on {ca.not_after:%Y-%m-%d}", remedy))
    elif left < datetime.timedelta(days=margin):
        findings.append(warning("ca-expires", f"{issued.ca_path} expires in {left.days} days", remedy))
    return findings
