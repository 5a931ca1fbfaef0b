"""The settings of the control-plane ingress: typed, frozen, the only place where defaults live.

They are read from the pillar: ``networks``, which comes from the Bootstrap file, and ``cp_ingress``, where a
user tunes:

=====================================  ====================  ===========================================
key under ``cp_ingress``               default               meaning
=====================================  ====================  ===========================================
``kubeconfig``                         see ``KUBECONFIG``    credentials for the cluster, a path
``helm``                               found on ``PATH``     path of the helm binary
``port``                               8443                  TCP port of the endpoint
``charts:NAME:source``                 ``upstream``          ``upstream``, ``mirror``, ``directory``
``charts:NAME:mirror``                 none                  base URL, with ``source: mirror``
``charts:NAME:directory``              none                  a path, with ``source: directory``
``charts:NAME:version``                the shipped pin       another version; needs ``sha256``
``charts:NAME:sha256``                 the shipped pin       its digest; needs ``version``
``charts:NAME:values``                 ``{}``                Helm values that win over ours
``certificate:kind``                   ``managed``           ``managed`` (issued here), ``secret``
``certificate:secret``                 none                  the user's TLS Secret
``certificate:ca_file``                the system's CAs      CA to verify the user's Secret with
``certificate:days``                   365                   validity in days
``certificate:renew_before_days``      30                    days before expiry to renew or warn
``certificate:ca_days``                3650                  validity of the CA in days
``certificate:pki_dir``                see ``PKI_DIR``       folder of keys and certificates
``timeouts:wait``                      300                   seconds until objects are ready
``timeouts:verify``                    60                    seconds until the endpoint answers
=====================================  ====================  ===========================================

NAME is ``metallb`` or ``ingress-nginx``. ``errors`` and ``notes`` are written by the pillar itself. All other
keys are refused, and so are keys that do nothing beside the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from cp_ingress_core.addresses import IPAddress, parse_address
from cp_ingress_core.errors import ConfigError
from cp_ingress_core.findings import Findings
from cp_ingress_core.ingress_ip import INGRESS_IP, conflicts
from cp_ingress_core.networks import Networks, parse_networks
from cp_ingress_core.tuning import Tuning, read_tuning

Mode = Literal["metallb", "external"]

NAMESPACE = "cp-ingress"
METALLB_NAMESPACE = "metallb-system"


@dataclass(frozen=True, kw_only=True)
class Settings(Tuning):
    """What the user wants, checked, and the endpoint derived from it."""

    networks: Networks
    ip: str
    notes: tuple[str, ...] = ()

    @classmethod
    def from_pillar(cls, pillar: Mapping[str, Any]) -> Settings:
        """Read and check the pillar.

        Parameters
        ----------
        pillar
            The whole pillar, unmasked (``salt.utils.secret.expose``).

        Returns
        -------
        Settings
            The settings.

        Raises
        ------
        ConfigError
            With every error found. Errors that the pillar carries in ``cp_ingress:errors`` come alone, since
            what else is missing follows from them.
        """
        section = pillar.get("cp_ingress")
        mapping = section if isinstance(section, Mapping) else {}
        if mapping.get("errors"):
            raise ConfigError(_texts(mapping["errors"]))
        findings = Findings()
        networks = parse_networks(pillar.get("networks"), findings)
        tuning = read_tuning(section, findings)
        findings.raise_errors()
        if networks is None or networks.ip is None:
            raise ConfigError([f"{INGRESS_IP}: the pillar has none. Remedy: {_REMEDY}."])
        return cls(
            **{item.name: getattr(tuning, item.name) for item in fields(tuning)},
            networks=networks,
            ip=networks.ip,
            notes=tuple(dict.fromkeys([*_texts(mapping.get("notes")), *networks.notes])),
        )

    @property
    def mode(self) -> Mode:
        """Who moves the IP: MetalLB (``metallb``) or the user (``external``)."""
        return "metallb" if self.networks.metallb else "external"

    @property
    def address(self) -> IPAddress:
        """The ingress IP as an address."""
        address = parse_address(self.ip)
        if address is None:
            raise ConfigError([f"{INGRESS_IP}: found {self.ip!r}: this is not an IP address"])
        return address

    @property
    def host(self) -> str:
        """The ingress IP as a URL's host: in brackets when it is IPv6."""
        return f"[{self.ip}]" if self.address.version == 6 else self.ip

    @property
    def url(self) -> str:
        """The endpoint's URL, without a slash at its end."""
        return f"https://{self.host}:{self.port}"

    @property
    def issuer(self) -> str:
        """The OIDC issuer behind the endpoint."""
        return f"{self.url}/oidc"

    @property
    def pool_cidr(self) -> str:
        """The ingress IP as the only address of a MetalLB pool."""
        return f"{self.ip}/{self.address.max_prefixlen}"

    @property
    def sans(self) -> tuple[str, ...]:
        """The server certificate's alternative names in OpenSSL's form, sorted."""
        return (f"IP:{self.ip}",)

    @property
    def service_name(self) -> str:
        """Name of the endpoint's Service: one for each pair of mode and IP, a DNS label."""
        # The long form of IPv6: "::" could end the name with a dash.
        return f"cp-{self.mode}-" + self.address.exploded.replace(".", "-").replace(":", "-")

    @property
    def namespace(self) -> str:
        """The namespace of NGINX, of the endpoint's Services and of our records."""
        return NAMESPACE

    @property
    def metallb_namespace(self) -> str:
        """The namespace of MetalLB and its pool."""
        return METALLB_NAMESPACE

    @property
    def ca_key(self) -> str:
        """Path of the managed CA's key."""
        return f"{self.pki_dir}/ca.key"

    @property
    def ca_certificate(self) -> str:
        """Path of the managed CA's certificate."""
        return f"{self.pki_dir}/ca.crt"

    @property
    def server_key(self) -> str:
        """Path of the managed server certificate's key."""
        return f"{self.pki_dir}/server.key"

    @property
    def server_certificate(self) -> str:
        """Path of the managed server certificate."""
        return f"{self.pki_dir}/server.crt"

    @property
    def ca_file(self) -> str | None:
        """Path of the CA certificate that the endpoint is verified with; None for the system's CAs."""
        return self.ca_certificate if self.certificate_kind == "managed" else self.certificate_ca_file

    def conflicts(
        self,
        nodes: Mapping[str, Sequence[str]],
        pod_cidrs: Sequence[str],
        service_cidrs: Sequence[str],
    ) -> list[str]:
        """Say what in a live cluster contradicts the ingress IP, as :func:`ingress_ip.conflicts` does."""
        return conflicts(self.networks.metallb, self.ip, nodes, pod_cidrs, service_cidrs)

    def to_dict(self) -> dict[str, Any]:
        """Return every setting and what is derived from it, as plain data."""
        data = asdict(self)
        data["charts"] = {name: asdict(chart) for name, chart in self.charts.items()}
        data["networks"] = self.networks.to_pillar()
        data["notes"] = list(self.notes)
        data["sans"] = list(self.sans)
        for name in _DERIVED:
            data[name] = getattr(self, name)
        return data


_REMEDY = "have pillar/top.sls assign cp_ingress, which reads the Bootstrap file"

_DERIVED = (
    "mode",
    "host",
    "url",
    "issuer",
    "pool_cidr",
    "service_name",
    "namespace",
    "metallb_namespace",
    "ca_key",
    "ca_certificate",
    "server_key",
    "server_certificate",
    "ca_file",
)


def _texts(found: Any) -> list[str]:
    """Return a list of texts, whatever shape the pillar gave it."""
    if found is None:
        return []
    return [str(text) for text in found] if isinstance(found, (list, tuple)) else [str(found)]
