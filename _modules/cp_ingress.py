"""The control-plane ingress as this node's pillar describes it: settings, objects, preflight, status.

Thin: what is decided is decided in ``cp_ingress_core``; what is asked of the cluster goes through
``kube_objects``.
"""

import datetime
import logging
import pathlib
from dataclasses import asdict

from salt.utils.secret import expose

from cp_ingress_core import bootstrap, certificates, failover, nodes, objects, status
from cp_ingress_core import plan as plans
from cp_ingress_core import preflight as checks
from cp_ingress_core import serving as probe
from cp_ingress_core.errors import ChartError, ConfigError, CpIngressError
from cp_ingress_core.kube import connections, lost_nodes
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
    return nodes.masters(__salt__["kube_objects.list"]("v1", "Node"))


def chart_context():
    """
    Return what the charts' option files are rendered with.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress.chart_context

    Returns ``mode``, ``ip``, ``port``, ``namespace``, ``tls_secret``, ``ingress_class``, ``timings`` (tells
    one set of the speakers' timings from another), ``masters`` (how many), ``masters_down`` (how many of
    them are not Ready) and ``replicas`` (of NGINX in metallb mode: two, or one where there is one master, so
    that a rollout never waits for a second).

    RBAC: list nodes.
    """
    wanted = _settings()
    listed = __salt__["kube_objects.list"]("v1", "Node")
    found = nodes.masters(listed)
    return {
        "mode": wanted.mode,
        "ip": wanted.ip,
        "port": wanted.port,
        "namespace": wanted.namespace,
        "tls_secret": f"{wanted.namespace}/{wanted.tls_secret}",
        "ingress_class": objects.INGRESS_CLASS,
        "masters": len(found),
        "masters_down": len(lost_nodes.lost(listed) & set(found)),
        "timings": failover.timings_id(wanted),
        "replicas": min(2, max(1, len(found))),
    }


def namespaces():
    """
    Return the Namespace objects that the chosen mode needs.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress.namespaces

    RBAC: none, the cluster is not asked.
    """
    return objects.namespaces(_settings())


def memberlist_config():
    """
    Return the ConfigMap with the timings by which MetalLB's speakers find a lost node, as a list.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress.memberlist_config

    An empty list with ``cp_ingress:metallb:failover: default``.

    RBAC: none, the cluster is not asked.
    """
    return failover.memberlist_config(_settings())


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
    return objects.tls_secret(texts[certificate], texts[private_key], _settings())


def empty_tls_secret():
    """
    Return the TLS Secret without its values: what test mode predicts with before the certificate is issued.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress.empty_tls_secret

    RBAC: none, the cluster is not asked.
    """
    return objects.tls_secret("", "", _settings())


def preflight_(full=True):
    """
    Check what must hold before anything is written, and report every finding, errors first.

    full : True
        False leaves out, where the endpoint stands as it is wanted already, what only matters before a
        change: a run that changes nothing shall stay quick.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress.preflight

    Returns a list of ``{"id", "level": "error"|"warning", "evidence", "remedy"}``; an empty one when all is
    well. docs/preflight.md explains each id. Nothing is written, but the charts' archives are fetched into
    the cache.

    RBAC: list nodes, servicecidrs, services, ipaddresspools, daemonsets and deployments; in ``kube-system``
    list pods, get the ConfigMaps ``kube-proxy`` and ``kubeadm-config``; get the EndpointSlice
    ``default/kubernetes``, and the charts' own ClusterRoles and IngressClass; get the TLS Secret where
    ``certificate:kind`` is ``secret``; as ``kube_component.findings``. What may not be read is a warning.
    """
    wanted = _settings()
    sources = checks.Sources(_cluster(), _bootstrap_path(), lambda: _troubles(wanted), _components)
    return [finding.to_dict() for finding in checks.run(wanted, sources, full=bool(full))]


def _bootstrap_path():
    return str(__opts__.get(bootstrap.PATH_OPTION) or bootstrap.default_path())


def _cluster():
    """Return the connection that kube_objects uses too."""
    section = expose(__pillar__.get("cp_ingress")) or {}
    return connections.shared(__context__, section.get("kubeconfig"), None)


def _components(urls):
    """Return what a change means for the pillar's components; `urls` are those of other endpoints."""
    return [checks.Finding(**found) for found in __salt__["kube_component.findings"](previous=urls)]


def _troubles(wanted):
    """Get helm and the charts' archives ready, and return what went wrong."""
    calls = [("kube_chart.helm", {"helm": wanted.helm})]
    for name in ("ingress-nginx", *(["metallb"] if wanted.mode == "metallb" else [])):
        tuned = {key: value for key, value in asdict(wanted.charts[name]).items() if key != "values"}
        calls.append(("kube_chart.fetch", {"chart": f"salt://charts/{name}", **tuned}))
    found = []
    for function, arguments in calls:
        try:
            __salt__[function](**arguments)
        except ChartError as err:
            found.append(checks.Trouble.of(err))
    return found


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
        wanted.ip,
        wanted.port,
        wanted.ca_file,
        timeout=float(timeout),
        report=log.info,
        through=wanted.connect_to,
    )
    return {"url": wanted.endpoint.url, "seconds": round(seconds, 1)}


def status_():
    """
    Show where the ingress stands: the endpoint according to every place that knows of it, side by side.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress.status

    Returns ``agrees``, which is true when all of it fits together, and ``disagreements``, a sentence for
    each thing that doesn't; ``wanted`` (mode, ip, url); ``endpoint`` according to the Bootstrap file of this
    machine, the pillar and the record; ``services``, ``pool``, ``announced_by`` (nodes; two are a split),
    ``answering`` (who answers ARP for the IP), ``workload`` (kind, ready and wanted pods), ``certificate``
    (names, expiry), ``answers`` (HTTP status or the problem), ``dex`` (its issuer), ``apiservers`` (by
    master: version, or why it doesn't answer, and the issuers it accepts).

    What can't be read is told among the disagreements, and fails nothing; every wait is bounded.

    RBAC: list nodes, services, daemonsets, deployments, ipaddresspools and servicel2statuses; get the
    ConfigMap ``cp-ingress-endpoint`` and the EndpointSlice ``default/kubernetes``.
    """
    wanted = _settings()
    return status.show(
        wanted, status.read(wanted, _cluster, _bootstrap_path()), datetime.datetime.now(datetime.UTC)
    )


def plan():
    """
    Return what a run would do, step by step, short enough to read: the whole change as test mode sees it.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress.plan

    Returns ``{step: ["created v1/Service cp-ingress/cp-metallb-10-200-0-50", ...]}`` in the order of the run;
    a step that would fail, or wait for somebody to act, says so. Empty when nothing is to do. Nothing is
    written.

    RBAC: as the formula itself: a dry run needs the permissions of the real one.
    """
    results = __salt__["state.apply"]("cp_ingress", test=True)
    if not isinstance(results, dict):
        raise CpIngressError("\n".join(map(str, results)), reason="RenderFailed")
    return plans.condense(results)


def rollback(apply=True, test=False):
    """
    Set the endpoint back: to the one in force when a change is under way, else to the one before it.

    apply : True
        Apply the formula too; with False only the Bootstrap file is written.

    test : False
        Say what would be done, and write nothing.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress.rollback test=True

    The Bootstrap file gets the earlier mode and IP; its own earlier content is kept beside it. Setting back
    is a change like any other: nothing is down meanwhile. Returns ``endpoint``, ``file`` and, unless only the
    file was written, ``done`` (or, in test mode, nothing more, since the file decides what a run does). Where
    a master renders the pillar, run it on the master's own minion with ``apply=False``, then orchestrate.

    Raises an error when the record knows no other endpoint; exits with 1 when the run failed.

    RBAC: get the ConfigMap ``cp-ingress-endpoint``; as the formula itself.
    """
    target = __salt__["cp_ingress_change.back_to"]()
    if target is None:
        raise CpIngressError(
            "there is no earlier endpoint to go back to; write the wanted one into the Bootstrap file",
            reason="NothingToRollBack",
        )
    file = __salt__["bootstrap_config.set_endpoint"](target["mode"], target["ip"], test=test)
    answer = {"endpoint": target, "file": file}
    if not apply or test:
        return answer
    results = __salt__["state.apply"]("cp_ingress")
    if not isinstance(results, dict) or any(state["result"] is False for state in results.values()):
        __context__["retcode"] = 1
    done = plans.condense(results) if isinstance(results, dict) else {"FAILS": list(map(str, results))}
    return {**answer, "done": done}


def check():
    """
    Say what does not agree about the endpoint; the exit code is 1 when something doesn't.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress.check

    Returns a list of sentences, the ``disagreements`` of ``cp_ingress.status``; an empty one when all is
    well.

    RBAC: as ``cp_ingress.status``.
    """
    found = status_()["disagreements"]
    if found:
        __context__["retcode"] = 1
    return found
