"""What a server certificate says, and whether it serves the endpoint."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass

from cp_ingress_core.errors import ConfigError


@dataclass(frozen=True)
class Certificate:
    """The facts of a certificate that decide whether clients accept it."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime.datetime
    not_after: datetime.datetime
    public_key: bytes

    def covers(self, host: str) -> bool:
        """Say whether `host` (an IP address or a DNS name) is among the subject alternative names."""
        return _canonical(host) in self.names


def _canonical(host: str) -> str:
    try:
        return ipaddress.ip_address(host).compressed
    except ValueError:
        return host.lower()


def parse(pem: str) -> Certificate:
    """Read the first certificate of a PEM text.

    pem
        PEM text; the server's own certificate comes first, its chain may follow.

    Raises ConfigError when it is not a PEM certificate.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    try:
        found = x509.load_pem_x509_certificate(pem.encode())
    except ValueError as err:
        raise ConfigError(
            ["not a PEM certificate: it should begin with -----BEGIN CERTIFICATE-----"]
        ) from err
    try:
        extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        addresses = [str(address) for address in extension.get_values_for_type(x509.IPAddress)]
        names = [name.lower() for name in extension.get_values_for_type(x509.DNSName)]
    except x509.ExtensionNotFound:
        addresses, names = [], []
    return Certificate(
        subject=found.subject.rfc4514_string(),
        issuer=found.issuer.rfc4514_string(),
        names=tuple(sorted(addresses) + sorted(names)),
        not_before=found.not_valid_before_utc,
        not_after=found.not_valid_after_utc,
        public_key=found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    )


def key_matches(certificate: Certificate, private_key_pem: str) -> bool:
    """Say whether the PEM private key belongs to `certificate`; a key that cannot be read does not."""
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        load_pem_private_key,
    )

    try:
        key = load_pem_private_key(private_key_pem.encode(), password=None)
    except (ValueError, TypeError):
        return False
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return public == certificate.public_key


def problems(certificate: Certificate, host: str, now: datetime.datetime) -> list[str]:
    """Return why clients would not accept `certificate` for `host` at `now` (an aware datetime)."""
    found = []
    if not certificate.covers(host):
        names = ", ".join(certificate.names) or "none"
        found.append(f"its subject alternative names ({names}) lack {host}")
    if now < certificate.not_before:
        found.append(f"it is not valid before {certificate.not_before:%Y-%m-%d %H:%M} UTC")
    if now > certificate.not_after:
        found.append(f"it expired on {certificate.not_after:%Y-%m-%d %H:%M} UTC")
    return found
