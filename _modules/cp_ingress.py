"""The control-plane ingress as this node's pillar describes it: settings, objects, preflight, status.

Thin: what is decided is decided in ``cp_ingress_core``; what is asked of the cluster goes through
``kube_objects``.
"""

import datetime
import logging
import pathlib

from salt.utils.secret import expose

from cp_ingress_core import certificates, endpoint
from cp_ingress_core import preflight as checks
from cp_ingress_core import serving as probe
from cp_ingress_core import status as report
from cp_ingress_core.errors import ConfigError, CpIngressError, DiscoveryError
from cp_ingress_core.settings import Settings

log = logging.getLogger(__name__)

__virtualname__ = "cp_ingress"

__func_alias__ = {"preflight_": "preflight", "status_": "status"}


def __virtual__():
    return __virtualname__


def _settings():
    """Return the typed settings; ConfigError with every finding when the configuration is refused."""
    return Settings.from_pillar(expose(__pillar__))


def settings():
    """
    Return the settings that the pillar gives, defaults filled in, or the reasons why they are refused.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress.settings

    Returns a dictionary with every setting and what is derived from it (``mode``, ``ip``, ``port``,
    ``url``, ``issuer``,
    ...) and ``errors``, a list that is empty when the configuration is accepted. When it is refused,
    ``errors`` is the only key.

    RBAC: none, the cluster is not asked.
    """
    try:
        return {**_settings().to_dict(), "errors": []}
    except ConfigError as err:
        return {"errors": err.info["errors"]}


def masters():
    """
    Return the control-plane nodes and their own addresses.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress.masters

    Returns ``{name: [address, ...]}``, by name.

    RBAC: list nodes.
    """
    return checks.masters(__salt__["kube_objects.list"]("v1", "Node"))


def chart_context():
    """
    Return what the charts' option files are rendered with.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress.chart_context

    Returns ``mode``, ``ip``, ``port``, ``namespace``, ``tls_secret``, ``ingress_class``, ``masters`` (how
    many) and ``replicas`` (of NGINX in metallb mode: two, or one where there is one master, so that a
    rollout never waits for a second).

    RBAC: list nodes.
    """
    wanted = _settings()
    count = len(masters())
    return {
        "mode": wanted.mode,
        "ip": wanted.ip,
        "port": wanted.port,
        "namespace": wanted.namespace,
        "tls_secret": f"{wanted.namespace}/{wanted.tls_secret}",
        "ingress_class": endpoint.INGRESS_CLASS,
        "masters": count,
        "replicas": min(2, max(1, count)),
    }


def namespaces():
    """
    Return the Namespace objects that the chosen mode needs.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress.namespaces

    RBAC: none, the cluster is not asked.
    """
    return endpoint.namespaces(_settings())


def pool():
    """
    Return MetalLB's IPAddressPool and L2Advertisement for the ingress IP.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress.pool

    RBAC: none, the cluster is not asked.
    """
    return endpoint.pool(_settings())


def services():
    """
    Return the Service objects that carry the endpoint.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress.services

    RBAC: none, the cluster is not asked.
    """
    return [endpoint.service(_settings())]


def tls_secret(certificate, private_key):
    """
    Return the TLS Secret that NGINX serves by default, from a certificate and its key on this node.

    certificate
        Path of the PEM certificate; its chain may follow in the same file.

    private_key
        Path of its PEM key.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress.tls_secret /etc/cp-ingress/pki/server.crt /etc/cp-ingress/pki/server.key

    Raises an error naming the file that is missing, or when the key belongs to another certificate. The key
    is in what is returned: don't log it.

    RBAC: none, the cluster is not asked.
    """
    texts = {}
    for path in (certificate, private_key):
        try:
            texts[path] = pathlib.Path(path).read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as err:
            reason = getattr(err, "strerror", None) or "not ASCII"
            raise CpIngressError(
                f"cannot read {path}: {reason}; apply cp_ingress.certs first", reason="Unreadable"
            ) from err
    if not certificates.key_matches(certificates.parse(texts[certificate]), texts[private_key]):
        raise CpIngressError(
            f"{private_key} is not the key of {certificate}; apply cp_ingress.certs to issue it again",
            reason="KeyMismatch",
        )
    return endpoint.tls_secret(texts[certificate], texts[private_key], _settings())


def empty_tls_secret():
    """
    Return the TLS Secret without its values: what test mode predicts with before the certificate is issued.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress.empty_tls_secret

    RBAC: none, the cluster is not asked.
    """
    return endpoint.tls_secret("", "", _settings())


def preflight_():
    """
    Check what must hold before anything is written, and report every finding.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress.preflight

    Returns a list of ``{"id", "level": "error"|"warning", "evidence", "remedy"}``; an empty one when all is
    well.

    RBAC: list nodes and servicecidrs; get the TLS Secret where ``certificate:kind`` is ``secret``.
    """
    wanted = _settings()
    nodes = __salt__["kube_objects.list"]("v1", "Node")
    found = checks.masters(nodes)
    addresses = {node["metadata"]["name"]: checks.addresses(node) for node in nodes}
    # Kubernetes before 1.33 has no ServiceCIDR: its range is then unknown here, and the check is left out.
    ranges = checks.service_cidrs(_listed("networking.k8s.io/v1", "ServiceCIDR"))
    conflicts = wanted.conflicts(addresses, checks.pod_cidrs(nodes), ranges)
    findings = checks.check_masters(found) + checks.check_conflicts(conflicts)
    findings += checks.check_redundancy(wanted.mode, found) + _tls_secret_findings(wanted)
    return [finding.to_dict() for finding in findings]


def _tls_secret_findings(wanted):
    if wanted.certificate_kind != "secret":
        return []
    found = __salt__["kube_objects.get"]("v1", "Secret", wanted.tls_secret, wanted.namespace)
    texts = endpoint.secret_texts(found) if found else None
    now = datetime.datetime.now(datetime.UTC)
    name = f"{wanted.namespace}/{wanted.tls_secret}"
    return checks.check_tls_secret(texts, name, wanted.ip, now, wanted.certificate_renew_before_days)


def serving(timeout=60):
    """
    Wait until the endpoint answers HTTPS with a certificate that its CA vouches for.

    timeout
        Seconds to wait at most.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress.serving timeout=5

    Returns ``{"url": ..., "seconds": how long it took}``. Raises an error with the last problem at the
    deadline.

    RBAC: none, the endpoint itself is asked.
    """
    wanted = _settings()
    seconds = probe.wait_until_serving(
        wanted.ip, wanted.port, wanted.ca_file, timeout=float(timeout), report=log.info
    )
    return {"url": wanted.url, "seconds": round(seconds, 1)}


def status_():
    """
    Show where the ingress stands: what the pillar asks for beside what the cluster has.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress.status

    Returns ``wanted`` (mode, ip, url), ``service``, ``pool``, ``announced_by`` (nodes), ``workload`` (kind,
    ready and wanted pods), ``certificate`` (names, expiry), ``answers`` (HTTP status or the problem) and
    ``agrees``, which is true when all of it fits together.

    RBAC: list services, daemonsets, deployments, ipaddresspools and servicel2statuses.
    """
    wanted = _settings()
    return report.assemble(
        wanted,
        services=_listed("v1", "Service", wanted.namespace),
        pools=_listed("metallb.io/v1beta1", "IPAddressPool", wanted.metallb_namespace),
        announcements=_listed("metallb.io/v1beta1", "ServiceL2Status", wanted.metallb_namespace),
        workloads=[
            *_listed("apps/v1", "Deployment", wanted.namespace),
            *_listed("apps/v1", "DaemonSet", wanted.namespace),
        ],
        certificate=_served_certificate(wanted),
        answer=probe.ask(wanted.ip, wanted.port, wanted.ca_file),
    )


def _listed(api_version, kind, namespace=None):
    """List objects of a kind; none where the cluster does not serve the kind (MetalLB not installed)."""
    try:
        return __salt__["kube_objects.list"](api_version, kind, namespace)
    except DiscoveryError as err:
        if err.info["reason"] != DiscoveryError.reason:
            raise
        log.debug("taken for none: %s", err)
        return []


def _served_certificate(wanted):
    """Read the server certificate on this node; None where it is the user's own or not made yet."""
    path = pathlib.Path(wanted.server_certificate)
    if wanted.certificate_kind != "managed" or not path.exists():
        return None
    return certificates.parse(path.read_text(encoding="ascii"))
