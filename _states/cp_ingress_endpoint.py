"""What carries the endpoint, made for old and new while it changes, and narrowed to the new one in the end.

Where nothing changes these states do nothing and ask for little. In test mode they go by what the steps
before them in the same run would have recorded.
"""

from salt.exceptions import CommandExecutionError

__virtualname__ = "cp_ingress_endpoint"


def __virtual__():
    return __virtualname__


def certificate_managed(name, narrowed=False, **kwargs):
    """
    Keep the server certificate valid for the endpoint: for old and new while it changes, then for the new.

    name
        Path of the certificate.

    narrowed : False
        For the wanted endpoint alone, once the old one need not be kept any longer.

    Everything else is handed to Salt's ``x509.certificate_managed``, whose result is returned. RBAC: as
    ``cp_ingress_change.transition``.

    .. code-block:: yaml

        cp_ingress-certs-server-certificate:
          cp_ingress_endpoint.certificate_managed:
            - name: /etc/cp-ingress/pki/server.crt
            - private_key: /etc/cp-ingress/pki/server.key
            - signing_private_key: /etc/cp-ingress/pki/ca.key
            - signing_cert: /etc/cp-ingress/pki/ca.crt
    """
    try:
        if narrowed and _nothing_to_narrow():
            return _ret(name, _nothing_to_narrow())
        change = __salt__["cp_ingress_change.transition"]()
    except CommandExecutionError as err:
        return _failed(name, err)
    names = change["narrow_sans"] if narrowed else change["sans"]
    return __states__["x509.certificate_managed"](name, subjectAltName=names, **kwargs)


def pool_applied(name, applyset, narrowed=False, timeout=300):
    """
    Keep MetalLB's pool equal to the addresses it announces: old and new while a change is under way.

    name
        Only a label.

    applyset
        The ApplySet that the pool belongs to.

    narrowed : False
        Only the wanted address, once the old one need not be kept any longer.

    timeout
        Seconds to wait at most, for MetalLB's webhook too.

    RBAC: as ``kube_objects.applied`` for IPAddressPools and L2Advertisements.

    .. code-block:: yaml

        cp_ingress-metallb-pool-applied:
          cp_ingress_endpoint.pool_applied:
            - applyset: cp-ingress-pool
    """

    def apply():
        if narrowed and (_nothing_to_narrow() or not _change()["pool_narrows"]):
            return _ret(name, _nothing_to_narrow() or "The pool has no other address")
        pool = __salt__["cp_ingress_endpoint.pool"](narrowed=narrowed)
        return __states__["kube_objects.applied"](name, objects=pool, applyset=applyset, timeout=timeout)

    return _attempt(name, apply)


def released(name, timeout=300):
    """
    Wait, where the wanted IP changes hands, until its old holder has given it up; never two have it.

    name
        Only a label.

    timeout
        Seconds to wait at most.

    From the user to MetalLB: before the Service that makes MetalLB announce the IP. From MetalLB to the user:
    the old Service is deleted first, and the user may take the IP when this state is done. Progress is logged
    and sent as events ``cp_ingress/widening/handover``. In test mode nothing is waited for. RBAC: as
    ``cp_ingress_endpoint.release``.

    .. code-block:: yaml

        cp_ingress-endpoint-released:
          cp_ingress_endpoint.released:
            - timeout: 300
    """

    def release():
        waits = __salt__["cp_ingress_endpoint.must_fall_silent"]()
        if not waits:
            return _ret(name, "No IP changes hands")
        if __opts__["test"]:
            # No change of ours, and yet more than nothing: somebody has to act.
            comment = f"{waits} would have to fall silent within {timeout} s"
            return {**_ret(name, comment), "result": None}
        seconds = __salt__["cp_ingress_endpoint.release"](timeout=timeout)
        return _ret(name, f"{waits} is free (after {seconds} s)")

    return _attempt(name, release)


def services_applied(name, applyset, timeout=300):
    """
    Keep the Service that carries the wanted endpoint; those of old endpoints stand until ``services_pruned``.

    name
        Only a label.

    applyset
        The ApplySet that the Services belong to.

    timeout
        Seconds to wait at most.

    RBAC: as ``kube_objects.applied`` for Services, and ``cp_ingress_endpoint.services``.

    .. code-block:: yaml

        cp_ingress-endpoint-service-applied:
          cp_ingress_endpoint.services_applied:
            - applyset: cp-ingress-endpoint
    """

    def apply():
        # Where the next state puts the addresses into the status, they can't be waited for here.
        waits = not __salt__["cp_ingress_endpoint.statuses"]()
        return __states__["kube_objects.applied"](
            name,
            objects=__salt__["cp_ingress_endpoint.services"](),
            applyset=applyset,
            prune=False,
            wait=waits,
            timeout=timeout,
            takeover=__salt__["cp_ingress_endpoint.service_managers"](),
        )

    return _attempt(name, apply)


def exposed(name):
    """
    Keep the addresses in the Service's status where the cluster has no ``externalIPs``; see KEP-5707.

    name
        Only a label.

    What clears the status, or writes another, is undone by the next run. RBAC: get services; patch
    services/status.

    .. code-block:: yaml

        cp_ingress-endpoint-exposed:
          cp_ingress_endpoint.exposed: []
    """
    return _reported(name, lambda: __salt__["cp_ingress_endpoint.put_status"](test=__opts__["test"]))


def services_pruned(name, applyset, withdrawn=False):
    """
    Delete the Services of old endpoints.

    name
        Only a label.

    applyset
        The ApplySet that the Services belong to.

    withdrawn : False
        Only the one whose IP passes from MetalLB to the user, ahead of the others: while it stands, MetalLB
        answers for the IP.

    RBAC: as ``kube_objects.pruned`` for Services.

    .. code-block:: yaml

        cp_ingress-narrow-services-pruned:
          cp_ingress_endpoint.services_pruned:
            - applyset: cp-ingress-endpoint
    """

    def prune():
        if withdrawn:
            old = __salt__["cp_ingress_endpoint.withdrawn"]()
            if not old:
                return _ret(name, "No IP passes from MetalLB to you")
            return __states__["kube_objects.absent"](name, objects=old)
        kept = _kept()
        if kept:
            return _ret(name, kept)
        keep = __salt__["cp_ingress_endpoint.services"]()
        if __opts__["test"]:
            # It would be gone by now, so that its end is not told a second time.
            keep += __salt__["cp_ingress_endpoint.withdrawn"]()
        return __states__["kube_objects.pruned"](name, keep=keep, applyset=applyset)

    return _attempt(name, prune)


def ingress_configured(name):
    """
    Keep what NGINX serves for a change: the issuers' documents, and the redirect from old to new address.

    name
        Only a label.

    Only these keys of NGINX's ConfigMap are ours, by a field manager of their own; NGINX reads them again
    without a restart. RBAC: get and patch the ConfigMap ``ingress-nginx-controller``.

    .. code-block:: yaml

        cp_ingress-verify-ingress-configured:
          cp_ingress_endpoint.ingress_configured: []
    """
    return _reported(name, lambda: __salt__["cp_ingress_endpoint.configure_ingress"](test=__opts__["test"]))


def workload_deployed(name, **kwargs):
    """
    Deploy NGINX from its chart; while the mode changes, beside the workload of the other mode.

    name
        The Helm release name.

    Everything else is handed to ``cp_ingress.chart_deployed``, whose result is returned. RBAC: as
    ``kube_chart.deployed``.

    .. code-block:: yaml

        cp_ingress-nginx-chart-deployed:
          cp_ingress_endpoint.workload_deployed:
            - name: ingress-nginx
            - chart: salt://charts/ingress-nginx
            - namespace: cp-ingress
            - options: options-metallb.yaml.j2
            - applyset: cp-ingress-nginx
    """

    def deploy():
        prune = not _change()["mode_changes"]
        return __states__["cp_ingress.chart_deployed"](name, prune=prune, prune_when="ready", **kwargs)

    return _attempt(name, deploy)


def workload_pruned(name, **kwargs):
    """
    Delete the NGINX workload of the other mode once the old endpoints need not be kept any longer.

    name
        The Helm release name.

    Everything else is handed to ``cp_ingress.chart_pruned``, whose result is returned. RBAC: as that.

    .. code-block:: yaml

        cp_ingress-narrow-workload-pruned:
          cp_ingress_endpoint.workload_pruned:
            - name: ingress-nginx
            - chart: salt://charts/ingress-nginx
            - namespace: cp-ingress
            - options: options-metallb.yaml.j2
            - applyset: cp-ingress-nginx
    """

    def prune():
        nothing = _nothing_to_narrow() or ("" if _change()["mode_changes"] else "The mode stays")
        if nothing:
            return _ret(name, nothing)
        return __states__["cp_ingress.chart_pruned"](name, **kwargs)

    return _attempt(name, prune)


def metallb_absent(name, applyset, **kwargs):
    """
    Remove MetalLB after a switch to external mode, unless pools or Services of others use it.

    name
        Only a label.

    applyset
        The ApplySet that MetalLB's objects belong to.

    Everything else is handed to ``kube_objects.absent``. What keeps MetalLB is named in a warning. Its
    definitions go when the pillar ``cp_ingress:metallb:remove_crds`` says so. RBAC: as
    ``kube_objects.absent`` for the chart's kinds; list IPAddressPools, L2Advertisements, BGPAdvertisements,
    BGPPeers and services in all namespaces.

    .. code-block:: yaml

        cp_ingress-narrow-metallb-absent:
          cp_ingress_endpoint.metallb_absent:
            - applyset: cp-ingress-metallb
    """

    def remove():
        kept = _kept()
        if kept:
            return _ret(name, kept)
        found = __salt__["cp_ingress_endpoint.metallb_users"](applyset)
        if not found["deployed"]:
            return _ret(name, "MetalLB of ours is not there")
        if found["users"]:
            ret = _ret(name, "MetalLB stays, since others use it")
            ret["warnings"] = [f"MetalLB is kept for {user}" for user in found["users"]]
            return ret
        return __states__["kube_objects.absent"](name, applyset=applyset, **found["options"], **kwargs)

    return _attempt(name, remove)


def namespaces_pruned(name, applyset, metallb, timeout=300):
    """
    Delete the Namespaces that the wanted mode has no use for, once nothing is left in them.

    name
        Only a label.

    applyset
        The ApplySet that the Namespaces belong to.

    metallb
        ApplySets whose objects are gone by then, unless MetalLB is kept: test mode leaves them out.

    timeout
        Seconds to wait at most.

    RBAC: as ``kube_objects.pruned`` for Namespaces, and ``metallb_absent``.

    .. code-block:: yaml

        cp_ingress-narrow-namespaces-pruned:
          cp_ingress_endpoint.namespaces_pruned:
            - applyset: cp-ingress-namespaces
            - metallb: [cp-ingress-pool, cp-ingress-metallb]
    """

    def prune():
        kept = _kept()
        if kept:
            return _ret(name, kept)
        stays = __salt__["cp_ingress_endpoint.metallb_users"](metallb[-1])["users"]
        return __states__["kube_objects.pruned"](
            name,
            keep=__salt__["cp_ingress.namespaces"](),
            applyset=applyset,
            prune_kinds=["Namespace"],
            gone_before=metallb[:-1] if stays else metallb,
            timeout=timeout,
        )

    return _attempt(name, prune)


def set_absent(name, applyset, **kwargs):
    """
    Remove an ApplySet of ours that external mode has no use for, once the old endpoints need not be kept.

    name
        Only a label.

    applyset
        The ApplySet.

    Everything else is handed to ``kube_objects.absent``. RBAC: as that.

    .. code-block:: yaml

        cp_ingress-narrow-pool-absent:
          cp_ingress_endpoint.set_absent:
            - applyset: cp-ingress-pool
    """

    def remove():
        kept = _kept()
        return (
            _ret(name, kept) if kept else __states__["kube_objects.absent"](name, applyset=applyset, **kwargs)
        )

    return _attempt(name, remove)


def _change():
    return __salt__["cp_ingress_change.transition"]()


def _nothing_to_narrow():
    return "Nothing of an old endpoint is left" if not _change()["old"] else _kept()


def _kept():
    """Say until when the old endpoints are kept; an empty text when they need not be."""
    change = _change()
    if not change["kept"]:
        return ""
    return f"The old address is kept until {change['kept_until']}; apply cp_ingress again after that"


def _ret(name, comment="", changes=None):
    changed = bool(changes) and __opts__["test"]
    return {"name": name, "result": None if changed else True, "changes": changes or {}, "comment": comment}


def _failed(name, err):
    info = getattr(err, "info", None) or {}
    changes = info.get("changes", {}) if isinstance(info, dict) else {}
    return {"name": name, "result": False, "changes": changes, "comment": str(err)}


def _attempt(name, action):
    """Return what `action` returns, an error of the execution modules as a failed state; tell of changes."""
    try:
        ret = action()
        if ret["changes"] and not __opts__["test"]:
            __salt__["cp_ingress_change.tell"](name.removeprefix("cp_ingress-"), ret["comment"])
    except CommandExecutionError as err:
        return _failed(name, err)
    return ret


def _reported(name, action):
    """Turn a report, ``changes`` and a ``comment`` or a text in ``failed``, into a state's result."""

    def run():
        report = action()
        if report.get("failed"):
            return {**_ret(name, report["failed"]), "result": False}
        return _ret(name, report["comment"], report["changes"])

    return _attempt(name, run)
