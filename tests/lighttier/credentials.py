"""Certificates, keys and kubeconfigs of a light-tier apiserver."""

from __future__ import annotations

import datetime
import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = datetime.timedelta(days=1)
# Within what is valid before now; long enough for any clock.
EXPIRED = datetime.timedelta(minutes=2)


@dataclass(frozen=True)
class KeyPair:
    """The files of a certificate and its private key."""

    certificate: Path
    key: Path


class Authority:
    """A CA whose files, and those of the certificates it issues, lie in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("light-tier-ca", [])
        builder = _builder(self._name, self._name, self._key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.certificate = folder / "ca.crt"
        self.certificate.write_bytes(_pem(builder.sign(self._key, hashes.SHA256())))

    def server(self, hosts: Sequence[str]) -> KeyPair:
        """Issue a server certificate for `hosts`, names and IP addresses."""
        names = [_general_name(host) for host in hosts]
        return self._issue(
            "server",
            _name(hosts[0], []),
            ExtendedKeyUsageOID.SERVER_AUTH,
            x509.SubjectAlternativeName(names),
        )

    def client(self, user: str, groups: Sequence[str], *, expired: bool = False) -> KeyPair:
        """Issue a client certificate that the apiserver reads as `user` in `groups`."""
        until = datetime.datetime.now(datetime.UTC) + (-EXPIRED if expired else LIFETIME)
        return self._issue(
            f"client-{file_name(user)}", _name(user, groups), ExtendedKeyUsageOID.CLIENT_AUTH, None, until
        )

    def _issue(
        self,
        file: str,
        subject: x509.Name,
        usage: x509.ObjectIdentifier,
        names: x509.SubjectAlternativeName | None,
        until: datetime.datetime | None = None,
    ) -> KeyPair:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(subject, self._name, key.public_key(), until)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        pair = KeyPair(self.folder / f"{file}.crt", self.folder / f"{file}.key")
        pair.certificate.write_bytes(_pem(builder.sign(self._key, hashes.SHA256())))
        write_key(pair.key, key)
        return pair


def write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    """Write `key` in PEM to `path`, readable by its owner only."""
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )


def write_kubeconfig(path: Path, url: str, ca: Path, client: KeyPair) -> None:
    """Write a kubeconfig for the server at `url` whose credentials are the files of `client`."""
    cluster = {"server": url, "certificate-authority": str(ca)}
    user = {"client-certificate": str(client.certificate), "client-key": str(client.key)}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "light", "cluster": cluster}],
        "users": [{"name": "light", "user": user}],
        "contexts": [{"name": "light", "context": {"cluster": "light", "user": "light"}}],
        "current-context": "light",
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(document), encoding="utf-8")


def file_name(text: str) -> str:
    """Return `text` with all but letters, digits, dot and dash replaced by an underscore."""
    return re.sub(r"[^A-Za-z0-9.-]", "_", text)


def _name(common_name: str, organizations: Sequence[str]) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, value) for value in organizations]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    until: datetime.datetime | None = None,
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=key,
        serial_number=x509.random_serial_number(),
        not_valid_before=now - datetime.timedelta(minutes=5),
        not_valid_after=until or now + LIFETIME,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
