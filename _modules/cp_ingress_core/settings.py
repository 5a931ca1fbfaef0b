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
``metallb:failover``                   ``fast``              ``fast``, ``default`` (MetalLB's own timings)
``metallb:remove_crds``                false                 let MetalLB's definitions go with it
``timeouts:wait``                      300                   seconds until objects are ready
``timeouts:verify``                    60                    seconds until the endpoint answers
``external:exposure``                  ``auto``              ``externalIPs``, ``status``, ``auto``
``external:node_addresses``            false                 also serve every master's own address
``change:keep_old_for``                0                     seconds that the old address is kept
``change:handover_timeout``            300                   seconds to wait for an IP to change hands
``verify:connect_to``                  the ingress IP        where this machine reaches the endpoint
``orchestrate:bootstrap``              none                  minion ID of the bootstrap node
``orchestrate:masters``                none                  minion IDs of all control-plane nodes
``components:NAME:preset``             none                  ready-made: ``dex``, ``grafana``, ...
``components:NAME:kind``               the preset's          ``fragment``, ``document``, ``objects``
``components:NAME:order``              100, ``dex`` 10       place among the components, low first
``components:NAME:namespace``          the preset's          where its objects are
``components:NAME:custom_resources``   the preset's          API group of what its pods read when they start
``components:NAME:restart``            the preset's          workloads to restart: ``Deployment/NAME``
``components:NAME:timeout``            ``timeouts``          seconds to wait, and to verify
``components:NAME:verify:url``         the preset's          what must answer behind the endpoint
``components:NAME:verify:status``      200                   with which HTTP status
``components:NAME:verify:json``        ``{}``                path -> value of the answer
``components:NAME:part``               none                  fragment: the fields to own
``components:NAME:workload``           the preset's          fragment: instead, whose variables
``components:NAME:container``          the preset's          fragment: in which container
``components:NAME:env``                the preset's          fragment: name -> value
``components:NAME:force_conflicts``    false                 fragment: overwrite other managers
``components:NAME:configmap``          none                  document: what holds it
``components:NAME:secret``             the preset's          document: or the Secret that does
``components:NAME:key``                the preset's          document: under which key
``components:NAME:format``             ``yaml``              document: ``yaml``, ``json``, ``ini``
``components:NAME:set``                the preset's          document: path -> value
``components:NAME:move``               the preset's          document: paths whose URLs move along
``components:NAME:template``           none                  objects: ``salt://`` URL, or manifests
``apiserver:method``                   ``auto``              ``structured`` or ``flags``
``apiserver:client_id``                what is there         the client whose tokens are accepted
``apiserver:audiences``                what is there         instead, a list of them
``apiserver:username_claim``           ``email``             what is there wins, here and below
``apiserver:username_prefix``          ``oidc:``             before the user's name
``apiserver:groups_claim``             ``groups``            an empty one takes none
``apiserver:groups_prefix``            ``oidc:``             before the groups' names
``apiserver:manage_manifest``          true                  false where it is no static pod
``apiserver:manifest``                 kubeadm's             path of the static pod
``apiserver:container``                ``kube-apiserver``    its container
``apiserver:config_dir``               see ``CONFIG_DIR``    folder of the structured file
``apiserver:backup_dir``               see ``BACKUP_DIR``    folder of what was there before
``apiserver:server``                   from the manifest     URL of a node's own apiserver
``apiserver:timeout``                  180                   seconds for each wait
``apiserver:token_file``               none                  an ID token that must be accepted
=====================================  ====================  ===========================================

NAME is ``metallb`` or ``ingress-nginx``, of a component a name of the user's choice. Without ``apiserver``
no apiserver is touched. The pillar itself writes ``errors`` and ``notes``. All other keys are refused, and so
are keys that do nothing beside the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from cp_ingress_core.addresses import parse_address, parse_network, within
from cp_ingress_core.endpoint import Endpoint, Mode
from cp_ingress_core.errors import ConfigError
from cp_ingress_core.findings import Findings
from cp_ingress_core.ingress_ip import INGRESS_IP, conflicts
from cp_ingress_core.networks import Networks, parse_networks
from cp_ingress_core.tuning import Tuning, read_tuning

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
    def endpoint(self) -> Endpoint:
        """The endpoint that is asked for."""
        return Endpoint(self.mode, self.ip, self.port)

    def control_plane(self, addresses: Sequence[str]) -> list[str]:
        """Return those of a machine's `addresses` that lie in the control-plane networks."""
        networks = [parse_network(cidr) for cidr in self.networks.cidrs]
        return [
            text
            for text in addresses
            if (address := parse_address(text)) is not None
            and any(network is not None and within(address, network) for network in networks)
        ]

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
        data["orchestrate_masters"] = list(self.orchestrate_masters)
        for name in _DERIVED:
            data[name] = getattr(self, name)
        for name in _OF_THE_ENDPOINT:
            data[name] = getattr(self.endpoint, name)
        return data


_REMEDY = "have pillar/top.sls assign cp_ingress, which reads the Bootstrap file"

_DERIVED = (
    "mode",
    "namespace",
    "metallb_namespace",
    "ca_key",
    "ca_certificate",
    "server_key",
    "server_certificate",
    "ca_file",
)


_OF_THE_ENDPOINT = ("host", "url", "issuer", "pool_cidr", "service_name")


def _texts(found: Any) -> list[str]:
    """Return a list of texts, whatever shape the pillar gave it."""
    if found is None:
        return []
    return [str(text) for text in found] if isinstance(found, (list, tuple)) else [str(found)]
