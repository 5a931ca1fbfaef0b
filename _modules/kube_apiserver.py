"""The OIDC issuers of this node's kube-apiserver: set, proven, and read back.

Works on the files of the node it runs on (the static pod's manifest, the structured
AuthenticationConfiguration) and on the apiserver of that node alone, by its own address.
"""

import dataclasses
import logging

from salt.utils import secret

from cp_ingress_core.apiserver import change, files, kubeadm, node, oidc, plan
from cp_ingress_core.apiserver import options as choices
from cp_ingress_core.apiserver import present as files_of
from cp_ingress_core.apiserver import wanted as wishes
from cp_ingress_core.apiserver.server import Server, version_of
from cp_ingress_core.errors import ApiError, ApiserverError
from cp_ingress_core.kube import connections, credentials
from cp_ingress_core.kube import turn as turns
from cp_ingress_core.kube.progress import Progress

log = logging.getLogger(__name__)

__virtualname__ = "kube_apiserver"

RESTART_LEASE = "cp-ingress-apiserver-restart"
CA_NAMESPACE, CA_CONFIG_MAP, CA_KEY = "cp-ingress", "cp-ingress-ca", "ca.crt"


def __virtual__():
    return __virtualname__


def ensure(  # noqa: PLR0913, PLR0917  every choice is a keyword in SLS files and on the command line
    issuers,
    method=None,
    client_id=None,
    audiences=None,
    username_claim=None,
    username_prefix=None,
    groups_claim=None,
    groups_prefix=None,
    ca_pem=None,
    ca_file=None,
    manifest=None,
    container=None,
    manage_manifest=None,
    config_dir=None,
    backup_dir=None,
    server=None,
    timeout=None,
    token_file=None,
    kubeconfig=None,
    context=None,
    test=False,
):
    """
    Have this node's apiserver accept exactly these issuers besides those of others, and prove that it does.

    CLI Example:

    .. code-block:: bash

        salt-call kube_apiserver.ensure '[{url: "https://10.200.0.50:8443/oidc"}]' client_id=console test=True

    issuers
        A list of ``{"url": ..., "discovery_url": ... or None}``. Entries that an earlier run made and that
        are not in the list are removed; entries of others stay. Flags take one issuer only: the last.

    method : auto
        ``structured`` (an AuthenticationConfiguration file, read again without a restart), ``flags``
        (``--oidc-*``, a restart for each change) or ``auto``: structured from Kubernetes 1.30 on. What flags
        say is moved to the file with all its parameters; what has no equivalent is refused by name.

    client_id, audiences
        The client that tokens are made for, or a list of them. Default: what the apiserver has now.

    username_claim, username_prefix, groups_claim, groups_prefix
        How a token becomes a user. Default: what the apiserver has now, so that its users keep their names;
        for an apiserver without an issuer ``email``, ``oidc:``, ``groups``, ``oidc:``. An empty prefix is
        none, an empty ``groups_claim`` takes no groups.

    ca_pem, ca_file
        The CA of the issuers, as text or as a file of this node. Default: the ConfigMap
        ``cp-ingress/cp-ingress-ca``, then the CA in use, then the system's.

    manifest : /etc/kubernetes/manifests/kube-apiserver.yaml
        The static pod.

    container : kube-apiserver
        The container in it.

    manage_manifest : True
        False where the apiserver is no static pod (k3s, RKE2): only the structured file is kept, and the
        apiserver has to be started once with ``--authentication-config=CONFIG_DIR/authentication.yaml``.

    config_dir : /etc/kubernetes/cp-ingress
        Folder of the structured file and of the CA, mounted into the apiserver as a folder.

    backup_dir : /var/lib/cp-ingress/apiserver
        Where the files' earlier content is kept.

    server
        URL of this node's apiserver. Default: what the manifest says, else https://127.0.0.1:6443.

    timeout : 180
        Seconds for each wait: a restart, a reload (10 s at least), the proof.

    token_file
        A file with a real ID token, which must be accepted as well.

    kubeconfig, context
        Whose credentials to use; its server is not. Default: as for ``kube_objects.apply``.

    test : False
        Say what would change; no issuer is asked, nothing is written.

    Before anything is written, discovery document and keys of each issuer are fetched from this node with
    that CA. Afterwards the apiserver must be ready, use the file (1.34 and later tell its digest), refuse a
    forged token of the issuer, and have fetched its keys to do so (1.35 and later tell when). Otherwise the
    files hold again what they held before.

    What is not given comes from the pillar section ``cp_ingress:apiserver``, then from the defaults.

    While the apiserver restarts, the Lease ``kube-system/cp-ingress-apiserver-restart`` is held, so that no
    two masters' do at the same time, however many runs there are.

    Returns ``changes``, ``method``, ``seen`` (the proof, by issuer), ``warnings``. Raises
    CommandExecutionError; ``info`` has ``reason`` and, where files were put back, ``restored``.

    RBAC: get on the non-resource URLs ``/metrics``, ``/readyz`` and ``/version``; get and patch on the
    ConfigMap ``kube-system/kubeadm-config`` of a kubeadm cluster; get on the ConfigMap
    ``cp-ingress/cp-ingress-ca``; create, get and delete on that Lease.
    """
    options = _options(
        method=method,
        manifest=manifest,
        container=container,
        manage_manifest=manage_manifest,
        config_dir=config_dir,
        backup_dir=backup_dir,
        server=server,
        timeout=timeout,
        token_file=token_file,
    )
    # A client given here is not joined with audiences of the pillar.
    clients = {"client_id": client_id, "audiences": audiences}
    if client_id is None and audiences is None:
        clients = _tuned(clients)
    claims = {
        "username_claim": username_claim,
        "username_prefix": username_prefix,
        "groups_claim": groups_claim,
        "groups_prefix": groups_prefix,
    }
    authority = _ca(ca_pem, ca_file, kubeconfig, context)
    wanted = wishes.parse(secret.expose(issuers), ca_pem=authority, **clients, **_tuned(claims))
    say = Progress().say
    return node.ensure(
        wanted,
        options,
        _connect(kubeconfig, context),
        _cluster(options, kubeconfig, context, say),
        test=bool(test),
        report=say,
    )


def probe(
    issuer,
    discovery_url=None,
    ca_pem=None,
    ca_file=None,
    times=3,
    patience=0,
    kubeconfig=None,
    context=None,
):
    """
    Fetch an issuer's discovery document and keys from this node, as its apiserver would.

    CLI Example:

    .. code-block:: bash

        salt-call kube_apiserver.probe https://10.200.0.50:8443/oidc

    issuer, discovery_url
        Its URL, and that of its discovery document where it is not at the usual place.

    ca_pem, ca_file, kubeconfig, context
        As for ``kube_apiserver.ensure``.

    times : 3
        How often in a row, on new connections.

    patience : 0
        Seconds after which a bad answer is final.

    Returns ``issuer`` and ``keys``, the URL of its keys. Raises CommandExecutionError whose
    ``info["reason"]`` is IssuerUnreachable, CertificateRefused, IssuerMismatch, InvalidDiscovery or
    InvalidKeys.

    RBAC: get on the ConfigMap ``cp-ingress/cp-ingress-ca`` where no CA is given.
    """
    wanted = wishes.parse([{"url": issuer, "discovery_url": discovery_url}])
    ca = _ca(ca_pem, ca_file, kubeconfig, context)
    found = oidc.probe(wanted.issuers[0], ca, times=int(times), patience=float(patience))
    return {"issuer": issuer, "keys": found}


def configured(manifest=None, container=None, manage_manifest=None, config_dir=None):
    """
    Return the issuers that this node's files name.

    CLI Example:

    .. code-block:: bash

        salt-call kube_apiserver.configured

    manifest, container, manage_manifest, config_dir
        As for ``kube_apiserver.ensure``; default: pillar ``cp_ingress:apiserver``.

    Returns ``method`` (``structured``, ``flags`` or ``none``), ``issuers`` (all), ``ours`` (those kept by
    us), ``flags`` (of authentication alone), ``manifest`` and ``config_file``. Raises CommandExecutionError
    when the files contradict each other, or another tool manages them.

    RBAC: none, only files are read.
    """
    options = _options(
        manifest=manifest, container=container, manage_manifest=manage_manifest, config_dir=config_dir
    )
    return files_of.read(options).to_dict()


def live(
    manifest=None,
    container=None,
    manage_manifest=None,
    config_dir=None,
    server=None,
    kubeconfig=None,
    context=None,
):
    """
    Return what this node's running apiserver says of its issuers.

    CLI Example:

    .. code-block:: bash

        salt-call kube_apiserver.live

    manifest, container, manage_manifest, config_dir, server, kubeconfig, context
        As for ``kube_apiserver.ensure``; default: pillar ``cp_ingress:apiserver``.

    Returns ``server``, ``ready``, ``version``, ``flags`` (of authentication, from the process itself; None
    where it is not visible), ``uses_flags`` (whether these are the manifest's), ``config_hash`` and
    ``uses_file`` (whether the structured file is the one in use; None before 1.34), ``keys_fetched`` (by
    issuer, in seconds since 1970; None before the first token, and before 1.35).

    RBAC: get on the non-resource URLs ``/metrics``, ``/readyz`` and ``/version``.
    """
    options = _options(
        manifest=manifest,
        container=container,
        manage_manifest=manage_manifest,
        config_dir=config_dir,
        server=server,
    )
    return node.live_view(options, _connect(kubeconfig, context))


def restore(
    kind="pending", manifest=None, container=None, manage_manifest=None, config_dir=None, backup_dir=None
):
    """
    Put this node's files back as they were, without asking the cluster: for when no apiserver answers.

    CLI Example:

    .. code-block:: bash

        salt-call kube_apiserver.restore

    kind : pending
        ``pending``: what a change replaced that was interrupted. ``previous``: what the last change replaced.

    manifest, container, manage_manifest, config_dir, backup_dir
        As for ``kube_apiserver.ensure``; default: pillar ``cp_ingress:apiserver``.

    Returns the files that were put back, an empty list when there were none. The kubelet then starts the
    apiserver anew.

    RBAC: none, only files are written.
    """
    if kind not in {"pending", "previous"}:
        raise ApiserverError(f"kind: found {kind!r}. Allowed: pending or previous. Remedy: leave it out.")
    options = _options(
        manifest=manifest,
        container=container,
        manage_manifest=manage_manifest,
        config_dir=config_dir,
        backup_dir=backup_dir,
    )
    return change.restore(options, kind)


def ca_config_map(ca_file):
    """
    Return the ConfigMap that carries the issuers' CA certificate to every master.

    CLI Example:

    .. code-block:: bash

        salt-call kube_apiserver.ca_config_map /etc/cp-ingress/pki/ca.crt

    ca_file
        The PEM file on this node. Only certificates are taken from it.

    Raises CommandExecutionError when there is no such file, or no certificate in it.

    RBAC: none, the cluster is not asked.
    """
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": CA_CONFIG_MAP, "namespace": CA_NAMESPACE},
        "data": {CA_KEY: oidc.certificates_of(_read(ca_file), ca_file)},
    }


def node_name():
    """
    Return the name that this node has in the cluster.

    CLI Example:

    .. code-block:: bash

        salt-call kube_apiserver.node_name

    It is the Node whose internal address this machine has. Raises CommandExecutionError when there is none.

    RBAC: list nodes.
    """
    own = {*__grains__.get("ipv4", ()), *__grains__.get("ipv6", ())}
    for found in __salt__["kube_objects.list"]("v1", "Node"):
        addresses = (found.get("status") or {}).get("addresses") or []
        if any(each["type"] == "InternalIP" and each["address"] in own for each in addresses):
            return found["metadata"]["name"]
    raise ApiserverError(
        f"no Node of the cluster has an internal address of this machine ({', '.join(sorted(own))}):"
        " run this on a master",
        reason="NoNode",
    )


def method(kubeconfig=None, context=None):
    """
    Return how the apiservers of this cluster are given their issuers, as the pillar and their version say.

    CLI Example:

    .. code-block:: bash

        salt-call kube_apiserver.method

    kubeconfig, context
        As for ``kube_apiserver.ensure``.

    Returns ``structured`` or ``flags``. Raises CommandExecutionError when the pillar asks for what the
    version does not have.

    RBAC: none beyond what every authenticated user may.
    """
    options = _options()
    version = version_of(__salt__["kube_objects.server_version"](kubeconfig=kubeconfig, context=context))
    return plan.choose(options.method, version, options)


def _pillar():
    section = secret.expose(__pillar__.get("cp_ingress")) or {}
    return section if isinstance(section, dict) else {}


def _tuned(given):
    """Return arguments: those given, else those of the pillar section ``cp_ingress:apiserver``."""
    section = _pillar().get("apiserver") or {}
    return {name: section.get(name) if value is None else value for name, value in given.items()}


def _options(**given):
    """Return the options: those given, else those of the pillar, else the defaults."""
    unset = dict.fromkeys(each.name for each in dataclasses.fields(choices.Options))
    return choices.parse(**_tuned({**unset, **given}))


def _connect(kubeconfig, context):
    access = credentials.read(_kubeconfig(kubeconfig), context)
    return lambda url: Server(url, access.tls, access.authorization)


def _kubeconfig(kubeconfig):
    return kubeconfig or _pillar().get("kubeconfig") or connections.DEFAULT_KUBECONFIG


def _cluster(options, kubeconfig, context, say):
    cluster = {"kubeconfig": kubeconfig, "context": context}

    def read():
        found = __salt__["kube_objects.get"]("v1", "ConfigMap", kubeadm.NAME, kubeadm.NAMESPACE, **cluster)
        return ((found or {}).get("data") or {}).get(kubeadm.KEY)

    def write(text):
        # kubeadm owns that one field and gets it back at its next upgrade.
        __salt__["kube_objects.apply"](
            [kubeadm.config_map(text)], force_conflicts=True, adopt="all", wait=False, **cluster
        )

    def turn():
        client = connections.shared(__context__, _kubeconfig(kubeconfig), context).client
        return turns.held(
            client,
            RESTART_LEASE,
            __grains__["id"],
            # A restart, the way back, and what the API takes meanwhile.
            seconds=3 * options.timeout,
            patience=10 * options.timeout,
            report=say,
        )

    return node.Cluster(read, write, turn)


def _ca(ca_pem, ca_file, kubeconfig, context):
    """Return the CA given, else the published one, else "" (what is in use, or the system's)."""
    if ca_pem:
        return secret.expose(ca_pem)
    if ca_file:
        return _read(ca_file)
    try:
        found = __salt__["kube_objects.get"](
            "v1", "ConfigMap", CA_CONFIG_MAP, CA_NAMESPACE, kubeconfig=kubeconfig, context=context
        )
    except ApiError as err:
        if err.info["status"]:
            raise
        # Nobody answers: a run that goes back to the files of before must not need an apiserver.
        log.warning("taking the CA in use: %s", err)
        return ""
    return ((found or {}).get("data") or {}).get(CA_KEY, "")


def _read(path):
    text = files.read(path)
    if text is None:
        raise ApiserverError(f"there is no {path}: apply cp_ingress.certs on the bootstrap node first")
    return text
