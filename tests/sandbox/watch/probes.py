"""What to sample: endpoints, who holds an IP, apiservers, tokens."""

from __future__ import annotations

import base64
import os
import urllib.parse
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

import yaml

from tests.sandbox.access import Access
from tests.sandbox.addresses import API_PORT
from tests.sandbox.watch.exchange import Target
from tests.sandbox.watch.running import Probe, Watching

EVERY = 0.05
ARP_EVERY = 0.1
TIMEOUT = 5.0


def endpoints(
    urls: Iterable[str],
    ca: Path | str | None,
    *,
    every: float = EVERY,
    timeout: float = TIMEOUT,
    kept: bool = True,
    ips: Iterable[str] = (),
) -> Watching:
    """Watch HTTPS URLs from the client: a new TCP and TLS connection `every` so many seconds each.

    Several requests to one URL may be under way; those to different URLs are sent at the same moments.
    `kept`: also one connection per URL that is kept. `ca` is a PEM file; None accepts any certificate.
    `ips`: also who holds these, see `macs`. Results are named by URL.
    """
    probes = [probe for url in urls for probe in url_probes(url, ca, every=every, timeout=timeout, kept=kept)]
    return Watching([*probes, *(arp_probe(ip) for ip in ips)])


def macs(ips: Iterable[str], *, every: float = ARP_EVERY) -> Watching:
    """Watch who answers ARP requests for IPs; read with `several_holders`, `macs` and `silent`.

    The requests come from nobody's address, so they don't refresh the client's table, nor anybody else's.
    """
    return Watching([arp_probe(ip, every=every) for ip in ips])


def apiservers(
    sandbox: Access,
    path: str = "/api/v1/namespaces/default/configmaps?limit=1",
    *,
    every: float = EVERY,
    timeout: float = TIMEOUT,
    kept: bool = False,
) -> Watching:
    """Watch each master's apiserver as the cluster's administrator; results are named by node.

    `kept`: on one connection each instead of a new one for every request.
    """
    return Watching(apiserver_probes(sandbox, path, every=every, timeout=timeout, kept=kept))


def tokens(
    sandbox: Access, bearer: Mapping[str, str], *, every: float = 0.2, timeout: float = TIMEOUT
) -> Watching:
    """Present bearer tokens (by name) to each master's apiserver; results are named `NAME@NODE`.

    Read with `refused`. More can be added in the block: `watching.add(token_probes(sandbox, {...}))`.
    """
    return Watching(token_probes(sandbox, bearer, every=every, timeout=timeout))


def both(*watchings: Watching) -> Watching:
    """One watch that samples what these would: one process instead of several."""
    return Watching([probe for watching in watchings for probe in watching.probes])


def url_probes(
    url: str, ca: Path | str | None, *, every: float = EVERY, timeout: float = TIMEOUT, kept: bool = True
) -> list[Probe]:
    """Probes of one URL, for `Watching.add`."""
    parts = urllib.parse.urlsplit(url)
    path = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
    target = Target(parts.hostname or "", parts.port or 443, path, ca=str(ca) if ca else None)
    modes = (False, True) if kept else (False,)
    return [_requests(url, target, every, timeout, kept=mode) for mode in modes]


def arp_probe(ip: str, *, every: float = ARP_EVERY) -> Probe:
    """The probe of who holds one IP, for `Watching.add`."""
    return {"kind": "arp", "ip": ip, "every": every}


def apiserver_probes(
    sandbox: Access, path: str, *, every: float = EVERY, timeout: float = TIMEOUT, kept: bool = False
) -> list[Probe]:
    """Probes of every master's apiserver, for `Watching.add`."""
    ca, certificate = administrator(sandbox)
    return [
        _requests(
            node.name,
            Target(node.ip, API_PORT, path, ca=str(ca), certificate=str(certificate)),
            every,
            timeout,
            kept=kept,
        )
        for node in sandbox.addresses
    ]


def token_probes(
    sandbox: Access, bearer: Mapping[str, str], *, every: float = 0.2, timeout: float = TIMEOUT
) -> list[Probe]:
    """Probes of tokens at every master's apiserver, for `Watching.add`."""
    ca, _ = administrator(sandbox)
    return [
        _requests(
            f"{name}@{node.name}",
            Target(node.ip, API_PORT, "/api", {"Authorization": f"Bearer {token}"}, ca=str(ca)),
            every,
            timeout,
            kept=True,
        )
        for name, token in bearer.items()
        for node in sandbox.addresses
    ]


def administrator(sandbox: Access) -> tuple[Path, Path]:
    """Files of the cluster's CA, and of the administrator's certificate and key in one."""
    folder = sandbox.directory / "client"
    document = yaml.safe_load(sandbox.kubeconfig.read_text())
    user, cluster = document["users"][0]["user"], document["clusters"][0]["cluster"]
    ca, certificate = folder / "cluster-ca.crt", folder / "admin.pem"
    ca.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    pair = b"".join(base64.b64decode(user[f"client-{part}-data"]) for part in ("certificate", "key"))
    with open(os.open(certificate, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(pair)
    return ca, certificate


def _requests(name: str, target: Target, every: float, timeout: float, *, kept: bool) -> Probe:
    return {
        "kind": "requests",
        "name": name,
        "target": asdict(target),
        "every": every,
        "timeout": timeout,
        "kept": kept,
    }
