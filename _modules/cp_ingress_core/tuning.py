"""What a user tunes in the pillar under ``cp_ingress``: defaults and checks, as pure functions.

The table of keys is in ``settings``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from cp_ingress_core.component.model import Component
from cp_ingress_core.component.reading import read_components
from cp_ingress_core.findings import Findings
from cp_ingress_core.sections import Section
from cp_ingress_core.tuning_apiserver import KEYS as APISERVER_KEYS
from cp_ingress_core.tuning_apiserver import ApiserverSettings, read_apiserver
from cp_ingress_core.tuning_change import SECTIONS as CHANGE_SECTIONS
from cp_ingress_core.tuning_change import read_change
from cp_ingress_core.tuning_metallb import METALLB_KEYS, read_metallb

PATH = "cp_ingress"
CHARTS = ("metallb", "ingress-nginx")
SOURCES = ("upstream", "mirror", "directory")
CERTIFICATE_KINDS = ("managed", "secret")

KUBECONFIG = "/etc/kubernetes/admin.conf"
PKI_DIR = "/etc/cp-ingress/pki"
PORT = 8443
MANAGED_TLS_SECRET = "cp-ingress-tls"  # noqa: S105 -- a name

KEYS = (
    "kubeconfig",
    "helm",
    "port",
    "charts",
    "certificate",
    "metallb",
    "timeouts",
    "components",
    "apiserver",
    *CHANGE_SECTIONS,
)
CHART_KEYS = ("source", "mirror", "directory", "version", "sha256", "values")
CERTIFICATE_KEYS = ("kind", "secret", "ca_file", "days", "renew_before_days", "ca_days", "pki_dir")
TIMEOUT_KEYS = ("wait", "verify")

# In external mode the endpoint's port is taken over on the ingress IP, which may be a master's own address.
RESERVED_PORTS = {
    22: "SSH",
    2379: "etcd",
    2380: "etcd",
    4505: "the Salt master",
    4506: "the Salt master",
    6443: "the apiserver",
    7946: "MetalLB's speakers",
    10250: "the kubelet",
    10256: "kube-proxy",
    10257: "the controller manager",
    10259: "the scheduler",
}

_DNS_NAME = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*"
_VERSION = r"v?[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?"


@dataclass(frozen=True)
class ChartSettings:
    """Where a chart comes from, and the values that win over the shipped option file.

    ``version`` and ``sha256`` are None for the shipped pin.
    """

    source: str = "upstream"
    mirror: str | None = None
    directory: str | None = None
    version: str | None = None
    sha256: str | None = None
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Tuning:
    """Everything under ``cp_ingress``, with the defaults filled in. Timeouts are in seconds."""

    kubeconfig: str = KUBECONFIG
    helm: str | None = None
    port: int = PORT
    charts: Mapping[str, ChartSettings] = field(
        default_factory=lambda: {name: ChartSettings() for name in CHARTS}
    )
    certificate_kind: str = "managed"
    tls_secret: str = MANAGED_TLS_SECRET
    certificate_ca_file: str | None = None
    certificate_days: int = 365
    certificate_renew_before_days: int = 30
    certificate_ca_days: int = 3650
    pki_dir: str = PKI_DIR
    failover: str = "fast"
    remove_crds: bool = False
    timeout_wait: int = 300
    timeout_verify: int = 60
    exposure: str = "auto"
    node_addresses: bool = False
    keep_old_for: int = 0
    handover_timeout: int = 300
    connect_to: tuple[str, int] | None = None
    orchestrate_bootstrap: str | None = None
    orchestrate_masters: tuple[str, ...] = ()
    components: Mapping[str, Component] = field(default_factory=dict)
    apiserver: ApiserverSettings | None = None


def read_tuning(data: Any, findings: Findings) -> Tuning:
    """Read the pillar's ``cp_ingress`` section.

    Parameters
    ----------
    data
        The section, None where the pillar has none.
    findings
        Where refusals go; a refused value reads as its default.

    Returns
    -------
    Tuning
        The values, defaults filled in.
    """
    section = Section(data, PATH, (*KEYS, "errors", "notes"), findings)
    charts = section.section("charts", CHARTS)
    timeouts = section.section("timeouts", TIMEOUT_KEYS)
    return Tuning(
        kubeconfig=section.absolute_path("kubeconfig") or KUBECONFIG,
        helm=section.absolute_path("helm"),
        port=_port(section),
        charts={name: _chart(charts.section(name, CHART_KEYS)) for name in CHARTS},
        timeout_wait=timeouts.integer("wait", 300, 1, 3600, "seconds"),
        timeout_verify=timeouts.integer("verify", 60, 1, 3600, "seconds"),
        components=read_components(section.raw("components"), f"{PATH}:components", findings),
        apiserver=read_apiserver(section.section("apiserver", APISERVER_KEYS))
        if section.has("apiserver")
        else None,
        **read_metallb(section.section("metallb", METALLB_KEYS)),
        **read_change(section),
        **_certificate(section.section("certificate", CERTIFICATE_KEYS)),
    )


def _port(section: Section) -> int:
    port = section.integer("port", PORT, 1, 65535, "a TCP port")
    if port in RESERVED_PORTS:
        section.refuse(
            "port",
            f"masters need this port for {RESERVED_PORTS[port]}",
            allowed="a TCP port that no service of a master listens on",
            remedy=f"leave it out for {PORT}",
        )
    return port


def _chart(section: Section) -> ChartSettings:
    source = section.choice("source", "upstream", SOURCES)
    for key in ("mirror", "directory"):
        if source == key and not section.has(key):
            section.refuse(
                key,
                f"source: {key} needs it",
                allowed="a URL" if key == "mirror" else "an absolute path",
                remedy=f"say where the charts are, or leave source out for {SOURCES[0]}",
            )
        elif source != key:
            section.useless(
                (key,), f"it does nothing with source: {source}", f"set source: {key}, or remove it"
            )
    version = section.text(
        "version",
        _VERSION,
        allowed="a chart's version, as text (0.16.1)",
        remedy="write all three numbers; in quotes where YAML takes them for a number",
    )
    sha256 = section.text(
        "sha256",
        r"[0-9a-fA-F]{64}",
        allowed="64 hexadecimal digits, as text",
        remedy="write what sha256sum prints for the archive",
    )
    for key, other in (("version", "sha256"), ("sha256", "version")):
        if section.has(other) and not section.has(key):
            section.refuse(
                key,
                f"{other} is set and names another archive than the shipped one",
                allowed="version and sha256, both or neither",
                remedy=f"add {key}, or remove {other}",
            )
    return ChartSettings(
        source=source,
        mirror=_mirror(section),
        directory=section.absolute_path("directory"),
        version=version,
        sha256=sha256.lower() if sha256 else None,
        values=section.mapping("values"),
    )


def _mirror(section: Section) -> str | None:
    """Return the mirror's base URL without a slash at its end."""
    url = section.text(
        "mirror",
        r"https?://[!-~]+",
        allowed="an http:// or https:// URL",
        remedy="write the URL of the folder that holds the archives",
    )
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or "@" in parts.netloc:
        section.refuse(
            "mirror",
            "this is not the base URL of a mirror",
            allowed="scheme, host, port and path; no user, query or fragment",
            remedy="write the URL of the folder that holds the archives",
        )
        return None
    return url.rstrip("/")


def _certificate(section: Section) -> dict[str, Any]:
    """Return the fields of :class:`Tuning` that say where the server certificate comes from."""
    kind = section.choice("kind", "managed", CERTIFICATE_KINDS)
    found: dict[str, Any] = {"certificate_kind": kind}
    renew = section.integer("renew_before_days", 30, 1, 3650, "days")
    found["certificate_renew_before_days"] = renew
    if kind == "secret":
        section.useless(
            ("days", "ca_days", "pki_dir"),
            "it does nothing with kind: secret",
            "remove it, or set kind: managed",
        )
        found["tls_secret"] = _user_secret(section) or MANAGED_TLS_SECRET
        found["certificate_ca_file"] = section.absolute_path("ca_file")
        return found
    section.useless(
        ("secret", "ca_file"), "it does nothing with kind: managed", "set kind: secret, or remove it"
    )
    days = section.integer("days", 365, 2, 3650, "days")
    ca_days = section.integer("ca_days", 3650, 2, 36500, "days")
    if renew >= days:
        section.refuse(
            "renew_before_days",
            f"a certificate valid for {days} days would be issued anew in every run",
            allowed="fewer days than certificate:days",
            remedy=f"write at most {days - 1}",
        )
    if days > ca_days - renew:
        section.refuse(
            "ca_days",
            f"a server certificate valid for {days} days would outlive its CA",
            allowed="at least days and renew_before_days together",
            remedy=f"write at least {days + renew}",
        )
    return {
        **found,
        "certificate_days": days,
        "certificate_ca_days": ca_days,
        "pki_dir": (section.absolute_path("pki_dir") or PKI_DIR).rstrip("/") or "/",
    }


def _user_secret(section: Section) -> str | None:
    name = section.text(
        "secret",
        rf"(?=.{{1,253}}\Z){_DNS_NAME}",
        allowed="the name of a Secret of type kubernetes.io/tls in namespace cp-ingress",
        remedy="write the Secret's name alone, without its namespace",
    )
    if not section.has("secret"):
        section.refuse(
            "secret",
            "kind: secret needs it",
            allowed="the name of a Secret of type kubernetes.io/tls in namespace cp-ingress",
            remedy="name the Secret, or leave kind out for managed",
        )
    elif name == MANAGED_TLS_SECRET:
        section.refuse(
            "secret",
            "this name belongs to the managed certificate, and the Secret would be removed with it",
            allowed=f"any other name than {MANAGED_TLS_SECRET}",
            remedy="copy the Secret to a name of its own",
        )
    return name
