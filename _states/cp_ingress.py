"""States particular to the control-plane ingress; everything general is in kube_objects and kube_chart."""

import logging

from salt.exceptions import CommandExecutionError

log = logging.getLogger(__name__)

__virtualname__ = "cp_ingress"


def __virtual__():
    return __virtualname__


def _failed(name, err):
    info = getattr(err, "info", None) or {}
    changes = info.get("changes", {}) if isinstance(info, dict) else {}
    return {"name": name, "result": False, "changes": changes, "comment": str(err)}


def preflight_passed(name):
    """
    Stop here when something stands in the way of the deployment, before anything is written.

    name
        Only a label.

    Warnings are shown and the run goes on. Where the endpoint stands as it is wanted already, checks that
    only matter before a change are left out: ``cp_ingress.preflight`` makes all of them.

    RBAC: as ``cp_ingress.preflight``.

    .. code-block:: yaml

        cp_ingress-preflight:
          cp_ingress.preflight_passed:
            - failhard: True
    """
    try:
        findings = __salt__["cp_ingress.preflight"](full=False)
    except CommandExecutionError as err:
        return _failed(name, err)
    lines = {"error": [], "warning": []}
    for finding in findings:
        lines[finding["level"]].append(f"[{finding['id']}] {finding['evidence']}: {finding['remedy']}")
    ret = {"name": name, "result": not lines["error"], "changes": {}, "comment": "Nothing stands in the way"}
    if lines["error"]:
        ret["comment"] = "\n".join(lines["error"])
    if lines["warning"]:
        ret["warnings"] = lines["warning"]
    return ret


def chart_deployed(name, chart, namespace, options, **kwargs):
    """
    Deploy one of the shipped charts with what the pillar says about it.

    name
        The Helm release name.

    chart
        ``salt://`` URL of the chart's folder (its pin and its option files).

    namespace
        Where its namespaced objects go.

    options
        Name of the option file in that folder.

    Everything else is handed to ``kube_chart.deployed``. Version, digest, source and values overrides come
    from the pillar ``cp_ingress:charts``. Returns what ``kube_chart.deployed`` returns.

    .. code-block:: yaml

        cp_ingress-metallb-chart-deployed:
          cp_ingress.chart_deployed:
            - name: metallb
            - chart: salt://charts/metallb
            - namespace: metallb-system
            - options: options.yaml.j2
    """
    tuned, failed = _tuned(name, chart)
    if failed:
        return failed
    return __states__["kube_chart.deployed"](
        name, chart=chart, namespace=namespace, options=options, **tuned, **kwargs
    )


def chart_pruned(name, chart, namespace, options, applyset, timeout=300):
    """
    Delete what left one of the shipped charts, and apply nothing: for what ``chart_deployed`` left in place.

    name, chart, namespace, options
        As for ``chart_deployed``.

    applyset
        The ApplySet that the chart's objects belong to.

    timeout
        Seconds to wait at most.

    RBAC: as ``kube_objects.pruned`` for the chart's kinds.

    .. code-block:: yaml

        cp_ingress-narrow-workload-pruned:
          cp_ingress.chart_pruned:
            - name: ingress-nginx
            - chart: salt://charts/ingress-nginx
            - namespace: cp-ingress
            - options: options-metallb.yaml.j2
            - applyset: cp-ingress-nginx
    """
    tuned, failed = _tuned(name, chart)
    if failed:
        return failed
    try:
        keep = __salt__["kube_chart.render"](
            name, chart, namespace, options=options, saltenv=__env__ or "base", **tuned
        )
    except CommandExecutionError as err:
        return _failed(name, err)
    return __states__["kube_objects.pruned"](name, keep=keep, applyset=applyset, timeout=timeout)


def _tuned(name, chart):
    """Return what the pillar says about a chart, or the failed state that says why it can't be read."""
    settings = __salt__["cp_ingress.settings"]()
    if settings["errors"]:
        comment = "\n".join(settings["errors"])
        return None, {"name": name, "result": False, "changes": {}, "comment": comment}
    try:
        context = __salt__["cp_ingress.chart_context"]()
    except CommandExecutionError as err:
        return None, _failed(name, err)
    own = settings["charts"][chart.rstrip("/").rpartition("/")[2]]
    return {"context": context, "helm": settings["helm"], **own}, None


def tls_secret_applied(name, certificate, private_key, applyset):
    """
    Keep NGINX's TLS Secret equal to a certificate and its key on this node.

    name
        Only a label.

    certificate, private_key
        Paths of the PEM files on this node.

    applyset
        The ApplySet that the Secret belongs to.

    To see in test mode that the certificate would be issued again, let it ``watch`` the certificate's state.
    Before the files exist, the Secret is predicted from empty ones: created where there is none, changed
    where there is one. Its values are never shown. RBAC: as ``kube_objects.applied`` for Secrets.

    .. code-block:: yaml

        cp_ingress-certs-secret-applied:
          cp_ingress.tls_secret_applied:
            - certificate: /etc/cp-ingress/pki/server.crt
            - private_key: /etc/cp-ingress/pki/server.key
            - applyset: cp-ingress-certs
    """
    try:
        secret = __salt__["cp_ingress.tls_secret"](certificate, private_key)
    except CommandExecutionError as err:
        if not __opts__["test"]:
            return _failed(name, err)
        secret = __salt__["cp_ingress.empty_tls_secret"]()
    return __states__["kube_objects.applied"](name, objects=[secret], applyset=applyset)


def mod_watch(name, certificate, private_key, applyset, **_):
    """
    Predict what ``tls_secret_applied`` will do when the certificate that it watches would be issued again.

    Salt calls it where the state changed nothing while what it watches did change. That is so in test mode,
    when the file still holds the earlier certificate: the prediction is made with an empty one.

    name, certificate, private_key, applyset
        As for ``tls_secret_applied``.

    .. code-block:: yaml

        cp_ingress-certs-secret-applied:
          cp_ingress.tls_secret_applied:
            - watch:
              - x509: cp_ingress-certs-server-certificate
    """
    try:
        secret = __salt__["cp_ingress.tls_secret"](certificate, private_key)
    except CommandExecutionError as err:
        return _failed(name, err)
    if __opts__["test"]:
        secret["data"]["tls.crt"] = ""
    return __states__["kube_objects.applied"](name, objects=[secret], applyset=applyset)


def serving(name, timeout=60, handover_timeout=300):
    """
    Wait until the endpoint answers HTTPS with a certificate that its CA vouches for.

    name
        Only a label.

    timeout
        Seconds to wait at most.

    handover_timeout
        Seconds to wait at most where the IP has just passed from MetalLB to the user, who brings it up now.

    While the endpoint changes, each NGINX replica has to serve a certificate for it as well. Changes nothing;
    in test mode nobody is asked. RBAC: as ``cp_ingress_endpoint.replicas_serve``.

    .. code-block:: yaml

        cp_ingress-verify-serving:
          cp_ingress.serving:
            - timeout: 60
    """
    ret = {"name": name, "result": True, "changes": {}, "comment": ""}
    if __opts__["test"]:
        ret["comment"] = f"The endpoint would be asked for up to {timeout} s"
        return ret
    try:
        asked = __salt__["cp_ingress_endpoint.replicas_serve"](timeout=timeout)
        patience = __salt__["cp_ingress_endpoint.patience"](timeout, handover_timeout)
        found = __salt__["cp_ingress.serving"](timeout=patience)
    except CommandExecutionError as err:
        return _failed(name, err)
    ret["comment"] = f"{found['url']} answers (after {found['seconds']} s)"
    if asked["silent"]:
        ret["warnings"] = [
            f"could not be asked from here for their certificate: {', '.join(asked['silent'])}"
        ]
    return ret
